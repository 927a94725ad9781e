/*
 * journal.c - what an import has done so far, in a private folder.
 */
#include "cli/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"

#define FORMAT "muster-journal 1"
#define LINE_MAX_OCTETS 8192

struct journal {
	char *path;
	int folder, lock, log;
	int scratch;
	struct journal_facts facts;
};

/* --- the folder ------------------------------------------------------------------------------------------- */

/* Every folder of a path that is not there yet, for nobody but who runs this. */
static int
make_folders(const char *path)
{
	char *copy = strdup(path), *slash;
	int failed = copy == NULL;

	for (slash = copy != NULL ? strchr(copy + 1, '/') : NULL; slash != NULL && !failed; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		failed = mkdir(copy, 0700) != 0 && errno != EEXIST;
		*slash = '/';
	}
	if (!failed)
		failed = mkdir(path, 0700) != 0 && errno != EEXIST;
	free(copy);
	return failed ? ERR_IO : 0;
}

/* Where journals lie: --journal, else as the XDG Base Directory Specification says. */
static char *
state_folder(const struct session *s)
{
	const char *named = s->args.value[OPT_JOURNAL], *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (named != NULL)
		return strdup(named);
	if (state != NULL && *state == '/')
		n = asprintf(&path, "%s/muster", state);
	else if (home != NULL && *home == '/')
		n = asprintf(&path, "%s/.local/state/muster", home);
	return n < 0 ? NULL : path;
}

/* The folder holds names and addresses of people: it must be ours alone. */
static int
open_private(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		say_error("%s: cannot be opened: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		say_error("%s: must be a folder of yours that nobody else can open (chmod 700), or name another with --journal", path);
		close(fd);
		return -1;
	}
	return fd;
}

static int
open_folder(struct session *s, const char *name, struct journal *journal)
{
	char *state = state_folder(s);
	int r;

	if (state == NULL || asprintf(&journal->path, "%s/%s", state, name) < 0) {
		journal->path = NULL;
		free(state);
		say_error("there is no home folder to keep the journal in: name a folder with --journal");
		return EXIT_USAGE;
	}
	r = make_folders(state);
	if (r == 0 && journal->scratch)
		r = mkdtemp(journal->path) != NULL ? 0 : ERR_IO;
	else if (r == 0)
		r = make_folders(journal->path);
	if (r != 0)
		say_error("%s: cannot be made: %s; name another folder with --journal", journal->path, strerror(errno));
	else
		journal->folder = open_private(journal->path);
	free(state);
	return journal->folder >= 0 ? EXIT_DONE : EXIT_FAILED;
}

static FILE *
open_file(const struct journal *journal, const char *name, int flags, const char *mode)
{
	int fd = openat(journal->folder, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, mode) : NULL;

	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

/* --- lines ---------------------------------------------------------------------------------------------------- */

static void
facts_clear(struct journal_facts *facts)
{
	free(facts->organization);
	free(facts->identity);
	free(facts->since);
	memset(facts, 0, sizeof(*facts));
}

static void
take_text(char **text, const char *value)
{
	free(*text);
	*text = strdup(value);
}

/* take_number - what journal_say() says */
static void
take_number(struct journal_facts *facts, const char *what, uint64_t number)
{
	if (strcmp(what, "rows") == 0)
		facts->rows = number;
	else if (strcmp(what, "sent") == 0)
		facts->sent = number;
	else if (strcmp(what, "done") == 0)
		facts->done = number;
	else if (strcmp(what, "undo") == 0)
		facts->undoing = 1;
	else if (strcmp(what, "written") == 0)
		facts->written = 1;
	else if (strcmp(what, "invites") == 0)
		facts->invites = number != 0;
	else if (strcmp(what, "invited") == 0)
		facts->invited = number;
	else if (strcmp(what, "begun") == 0)
		facts->there = 1;
}

static void
take_line(struct journal_facts *facts, char *line)
{
	char *value = strchr(line, ' ');
	int64_t number = 0;

	if (value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(line, "organization") == 0)
		take_text(&facts->organization, value);
	else if (strcmp(line, "identity") == 0)
		take_text(&facts->identity, value);
	else if (strcmp(line, "since") == 0)
		take_text(&facts->since, value);
	else if (strcmp(line, "rate") == 0)
		facts->rate = strtod(value, NULL);
	else if (text_number(value, strlen(value), 0, INT64_MAX, &number) == 0)
		take_number(facts, line, (uint64_t)number);
}

/* A line that was cut off by the end of the machine says nothing. */
static int
read_lines(struct journal *journal)
{
	FILE *file = open_file(journal, "journal", O_RDONLY, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int first = 1, r = 0;

	if (file == NULL)
		return errno == ENOENT ? 0 : ERR_IO;
	while (r == 0 && (n = getline(&line, &size, file)) > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
		if (first && strcmp(line, FORMAT) != 0)
			r = ERR_PROTO;
		if (!first)
			take_line(&journal->facts, line);
		first = 0;
	}
	if (ferror(file))
		r = ERR_IO;
	free(line);
	fclose(file);
	return r;
}

static int
write_text(struct journal *journal, const char *text)
{
	size_t len = strlen(text);

	return write(journal->log, text, len) == (ssize_t)len ? 0 : ERR_IO;
}

int
journal_note(struct journal *journal, const char *what, uint64_t number)
{
	char line[64];
	int r;

	snprintf(line, sizeof(line), "%s %" PRIu64 "\n", what, number);
	r = write_text(journal, line);
	if (r == 0)
		take_number(&journal->facts, what, number);
	return r;
}

int
journal_say(struct journal *journal, const char *what, uint64_t number)
{
	int r = journal_note(journal, what, number);

	return r == 0 && fdatasync(journal->log) != 0 ? ERR_IO : r;
}

/* --- open and close ---------------------------------------------------------------------------------------------- */

static struct journal *
new_journal(void)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL) {
		say_error("out of memory");
		return NULL;
	}
	journal->folder = journal->lock = journal->log = -1;
	return journal;
}

static int
take_lock(struct journal *journal)
{
	journal->lock = openat(journal->folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (journal->lock >= 0 && flock(journal->lock, LOCK_EX | LOCK_NB) == 0)
		return EXIT_DONE;
	if (journal->lock >= 0 && errno == EWOULDBLOCK) {
		say_error("this is under way already on this host, for the same organization (%s)", journal->path);
		return EXIT_IN_USE;
	}
	say_error("%s: cannot be locked: %s", journal->path, strerror(errno));
	return EXIT_FAILED;
}

static int
open_log(struct journal *journal)
{
	int r = read_lines(journal);

	if (r == 0)
		journal->log = openat(journal->folder, "journal", O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r == 0 && journal->log >= 0)
		return EXIT_DONE;
	say_error("%s/journal: %s", journal->path,
	          r == ERR_PROTO ? "was not written by this version of muster" : "cannot be read and written");
	return EXIT_FAILED;
}

int
journal_open(struct session *s, const char *kind, const char *uuid, struct journal **journal_out)
{
	struct journal *journal = new_journal();
	char name[80];
	int status;

	*journal_out = NULL;
	if (journal == NULL)
		return EXIT_FAILED;
	snprintf(name, sizeof(name), "%.20s-%.40s", kind, uuid);
	status = open_folder(s, name, journal);
	if (status == EXIT_DONE)
		status = take_lock(journal);
	if (status == EXIT_DONE)
		status = open_log(journal);
	if (status == EXIT_DONE)
		*journal_out = journal;
	else
		journal_close(&journal);
	return status;
}

int
journal_scratch(struct session *s, struct journal **journal_out)
{
	struct journal *journal = new_journal();
	int status;

	*journal_out = NULL;
	if (journal == NULL)
		return EXIT_FAILED;
	journal->scratch = 1;
	status = open_folder(s, "check-XXXXXX", journal);
	if (status == EXIT_DONE)
		*journal_out = journal;
	else
		journal_close(&journal);
	return status;
}

void
journal_close(struct journal **journal)
{
	struct journal *one = journal != NULL ? *journal : NULL;

	if (one == NULL)
		return;
	if (one->folder >= 0 && one->scratch)
		journal_remove(one);
	if (one->log >= 0)
		close(one->log);
	if (one->lock >= 0)
		close(one->lock);
	if (one->folder >= 0)
		close(one->folder);
	facts_clear(&one->facts);
	free(one->path);
	free(one);
	*journal = NULL;
}

const struct journal_facts *
journal_facts(const struct journal *journal)
{
	return &journal->facts;
}

const char *
journal_folder(const struct journal *journal)
{
	return journal->path;
}

int
journal_nameless(const struct journal *journal)
{
	int fd = openat(journal->folder, "spool", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	(void)unlinkat(journal->folder, "spool", 0);
	return fd;
}

int
journal_rows_new(struct journal *journal, FILE **rows_out)
{
	(void)unlinkat(journal->folder, "rows", 0);
	*rows_out = open_file(journal, "rows", O_RDWR | O_CREAT | O_EXCL, "w+");
	return *rows_out != NULL ? 0 : ERR_IO;
}

int
journal_rows(struct journal *journal, FILE **rows_out)
{
	*rows_out = open_file(journal, "rows", O_RDONLY, "r");
	return *rows_out != NULL ? 0 : ERR_IO;
}

int
journal_begin(struct journal *journal, FILE *rows, const struct journal_facts *facts)
{
	char text[LINE_MAX_OCTETS], when[32];
	time_t now = time(NULL);
	struct tm tm;
	int n, r;

	if (fflush(rows) != 0 || fsync(fileno(rows)) != 0 || fsync(journal->folder) != 0 || ftruncate(journal->log, 0) != 0)
		return ERR_IO;
	when[0] = '\0';
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	n = snprintf(text, sizeof(text), FORMAT "\norganization %s\nidentity %s\nsince %s\nrows %" PRIu64
	             "\ninvites %d\nrate %g\nbegun 1\n",
	             facts->organization, facts->identity, when, facts->rows, facts->invites, facts->rate);
	if (n < 0 || (size_t)n >= sizeof(text))
		return ERR_RANGE;
	r = write_text(journal, text);
	if (r == 0 && fsync(journal->log) != 0)
		r = ERR_IO;
	facts_clear(&journal->facts);
	return r == 0 ? read_lines(journal) : r;
}

void
journal_remove(struct journal *journal)
{
	static const char *const names[] = { "journal", "rows", "lock" };
	size_t i;

	/* The journal first: rows without one are nothing. */
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(journal->folder, names[i], 0);
	(void)rmdir(journal->path);
	facts_clear(&journal->facts);
}
