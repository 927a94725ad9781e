"""The blocks of doc/CONSOLE.md, run as they stand there.

    console = Console(demo)
    console.ldif("P7")            the next LDIF block of that section, with ldapmodify; its Result
    console.sh("P7", answers)     the next command of that section; what it printed. answers: what a person types, after the password
    console.file("P6", "csv")     the path of a file that the section shows
    console.unused()              blocks nobody ran
"""

import base64
import os
import re
import shlex
import subprocess
import tempfile

from .session import changes
from .world import SOURCE

PAGE = os.path.join(SOURCE, "doc", "CONSOLE.md")
ADMIN, ROOT, ANYBODY = "the administrator", "root", "anybody"


class Block:
    def __init__(self, section, kind, who, text):
        self.section, self.kind, self.who, self.text, self.used = section, kind, who, text, False


class Console:
    def __init__(self, demo):
        self.demo = demo
        self.people = {}  # name in the page -> (DN, password, function that makes a code or None)
        self.blocks = list(self._read())

    @staticmethod
    def _read():
        with open(PAGE) as file:
            page = file.read()
        for part in re.split(r"^## ", page, flags=re.M)[1:]:
            section = part.split(":")[0].split("\n")[0]
            for kind, who, text in re.findall(r"^```(ldif|console)\n# as ([^\n]*)\n(.*?)^```$", part, re.M | re.S):
                if kind == "ldif":
                    yield Block(section, kind, who, text)
                    continue
                for line in text.splitlines():
                    if not line.startswith("$ muster "):
                        raise RuntimeError("a console block has lines that begin with '$ muster ': %r" % line)
                    yield Block(section, kind, who, line[len("$ muster "):])

    def _next(self, section, kind):
        for block in self.blocks:
            names = re.findall(r"P\d+", block.section) or [block.section]
            if section in names and block.kind == kind and not block.used:
                block.used = True
                return block
        raise RuntimeError("doc/CONSOLE.md has no more %s blocks in %s" % (kind, section))

    @staticmethod
    def file(section, kind):
        with open(PAGE) as page:
            part = re.search(r"^## [^\n]*\b%s\b.*?(?=^## |\Z)" % section, page.read(), re.M | re.S)[0]
        text = re.search(r"^```%s\n(.*?)^```$" % kind, part, re.M | re.S)[1]
        with tempfile.NamedTemporaryFile("w", suffix="." + kind, delete=False) as file:
            file.write(text)
        return file.name

    def unused(self):
        return ["%s: %s" % (b.section, b.text) for b in self.blocks if not b.used]

    def person(self, name, dn, password, code=None):
        self.people[name] = (dn, password, code)

    def session(self, who):
        """A connection that is bound as who a block says, freshly."""
        demo = self.demo
        if who == ADMIN:
            return demo.bound(demo["ADMIN_DN"], demo["ADMIN_PW"])
        session = demo.session()
        if who == ROOT:
            result = session.sasl("EXTERNAL", "")
        elif who == ANYBODY:
            return session
        else:
            dn, password, code = self.people[who]
            result = session.bind(dn, password + (code() if code else ""))
        if result.code:
            raise RuntimeError("%s does not get in: %d %s" % (who, result.code, result.text))
        return session

    def ldif(self, section, **places):
        """Carry out the next LDIF block; words in capitals are filled in. The Result of the record that failed, else the last one's."""
        block = self._next(section, "ldif")
        text = block.text
        session = self.session(block.who)
        for name, value in places.items():
            value = value() if callable(value) else value
            octets = value if isinstance(value, bytes) else value.encode()
            text = re.sub(r"(?m)^(\w+):: %s$" % name, lambda m: m[1] + ":: " + base64.b64encode(octets).decode(), text)
            text = re.sub(r"(?m)(: ?|=)%s\b" % name, lambda m: m[1] + octets.decode(errors="replace"), text)
        result = None
        for dn, kind, rows in changes(text):
            if kind == "add":
                result = session.add(dn, {name: values for name, values in rows})
            elif kind == "delete":
                result = session.delete(dn)
            else:
                result = session.modify(dn, *[(("add", "delete", "replace")[op], name, values) for op, name, values in rows])
            if result.code:
                break
        session.close()
        return result

    def sh(self, section, answers=(), **places):
        """Run the next command; it is to succeed. What it printed."""
        block = self._next(section, "console")
        words = [places.get(word, word) for word in shlex.split(block.text)]
        own = []
        if block.who == ADMIN:
            words, own = ["-D", self.demo["ADMIN_DN"], *words], [self.demo["ADMIN_PW"]]
        elif block.who == ROOT:
            words = ["-H", self.demo["LDAPI"], "--external", *words]
        elif block.who != ANYBODY:
            dn, password, code = self.people[block.who]
            words, own = ["-D", dn, *words], [password] + ([code()] if code else [])
        if callable(answers):
            return self._dialogue(block, words, own, answers)
        done = self.demo.muster(*words, answers=[*own, *answers])
        if done.returncode:
            raise RuntimeError("muster %s: exit %d\n%s%s" % (block.text, done.returncode, done.stdout.decode(errors="replace"),
                                                             done.stderr.decode(errors="replace")))
        return done.stdout.decode()

    def _dialogue(self, block, words, own, answers):
        """Answers that depend on what the command prints: answers(line) is a list of what is typed after that line."""
        process = subprocess.Popen([os.path.join(self.demo.folder, "bin/muster"), *words], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        process.stdin.write("".join(text + "\n" for text in [*own, *answers(None)]))
        process.stdin.flush()
        seen = ""
        for line in process.stdout:
            seen += line
            process.stdin.write("".join(text + "\n" for text in answers(line)))
            process.stdin.flush()
        process.stdin.close()
        if process.wait():
            raise RuntimeError("muster %s: exit %d\n%s" % (block.text, process.returncode, seen))
        return seen
