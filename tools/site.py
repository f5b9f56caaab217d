"""Build the documents as a site, in build/site: `make docs`.

A link that leaves docs/ leads into the repository, which is not part of the site: only its text stays. The build is
strict, so that a broken link or anchor ends it. The site makes no requests to other hosts: scripts, styles and pictures
are its own, which is checked last.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS, SOURCE, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "build" / "site"
LEAVES = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?:\.\./)+[^)]*\)")
"""A link of a page in docs/, or below, to a file outside of docs/."""


def copy() -> None:
    """Write the pages as the site has them into build/docs."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(DOCS, SOURCE)
    for page in SOURCE.rglob("*.md"):
        page.write_text(linked(page, page.read_text(encoding="utf-8")), encoding="utf-8")


def linked(page: Path, text: str) -> str:
    """Return a page's text without the links that leave the documents."""
    return LEAVES.sub(partial(_inside, page), text)


def _inside(page: Path, found: re.Match[str]) -> str:
    """Return a link unchanged if its target is in the documents, as from docs/adr; else only its text."""
    target = found[0].rpartition("](")[2].rstrip(")").partition("#")[0]
    return found[0] if (page.parent / target).resolve().is_relative_to(SOURCE) else found[1]


class _Requests(HTMLParser):
    """A parser that collects the requests a page makes a browser send by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note each URL that the browser loads by itself, not the links that a reader may click."""
        given = dict(attrs)
        if tag == "link" and "canonical" not in str(given.get("rel")):
            self.found.append(given.get("href") or "")
        elif tag != "a":
            self.found.append(given.get("src") or "")


def outside() -> Iterator[str]:
    """Yield each request of the built site to another host, with its page."""
    for path in sorted(SITE.rglob("*.html")):
        page = _Requests()
        page.feed(path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(SITE)}: {url}" for url in page.found if re.match(r"(\w+:)?//", url))
    for path in sorted(SITE.rglob("*.css")):
        urls = re.findall(r"(?:url\(|@import )[\"']?((?:\w+:)?//[^\"')]+)", path.read_text(encoding="utf-8"))
        yield from (f"{path.relative_to(SITE)}: {url}" for url in urls)


def main() -> int:
    """Build the site, and return the exit code."""
    copy()
    program = Path(sys.executable).with_name("zensical")
    built = subprocess.run([program, "build", "--clean", "--strict"], cwd=ROOT, check=False)
    if built.returncode:
        return built.returncode
    asked = [*outside()]
    said = ["the site would ask others for:", *asked] if asked else [f"{SITE.relative_to(ROOT)}/index.html"]
    sys.stdout.write("\n".join(said) + "\n")
    return 1 if asked else 0


if __name__ == "__main__":
    sys.exit(main())
