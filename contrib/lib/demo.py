"""Plays the demo's story, or serves its installation, on what the build made."""

import argparse
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from demo_account import AccountStory  # noqa: E402
from demo_serve import serve  # noqa: E402
from demo_site import Site, SiteError  # noqa: E402


def main():
    parser = argparse.ArgumentParser(prog="contrib/demo", description=__doc__)
    parser.add_argument("--build", required=True, help="folder that the build was made in")
    parser.add_argument("--source", required=True, help="the project's folder")
    parser.add_argument("--serve", metavar="DIR", help="set up, write DIR/env and stay until SIGTERM")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    site = Site(options.build, options.source)
    try:
        if options.serve:
            serve(site, os.path.abspath(options.serve))
        else:
            story = AccountStory(site, say=lambda text: print(text, flush=True))
            story.begin("a private installation below " + site.dir)
            story.show(site.set_up(story.show))
            story.play()
        return 0
    except (SiteError, OSError) as error:
        print("demo: " + str(error), file=sys.stderr)
        return 1
    finally:
        site.close()


if __name__ == "__main__":
    sys.exit(main())
