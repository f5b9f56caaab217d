"""Build the documents as a site of two halves, in build/site and build/site/developers: `make docs`.

A link that leaves docs/ leads into the repository, which is not part of the site: only its text stays. A link into the
other half leads to its built page. The builds are strict, and links between the halves are checked here, so that a
broken link or anchor ends the build. The site makes no requests to other hosts: scripts, styles and pictures are its
own, which is checked last.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS, SITE = ROOT / "docs", ROOT / "build" / "site"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
"""A link to a file: its text, the target and the anchor."""
PICTURES = {".png", ".svg"}


@dataclass(frozen=True)
class Half:
    """One half of the documents: its settings, its pages in docs/, and where its source and its site are written."""

    settings: str
    pages: Path
    source: Path
    site: Path


DEVELOPERS = Half("mkdocs-developers.yml", DOCS / "developers", ROOT / "build" / "docs-developers", SITE / "developers")
USERS = Half("mkdocs.yml", DOCS, ROOT / "build" / "docs", SITE)


def half_of(path: Path) -> Half | None:
    """Return the half that a file in docs/ belongs to, or None for a file elsewhere."""
    return next((half for half in (DEVELOPERS, USERS) if path.is_relative_to(half.pages)), None)


def copy(half: Half) -> None:
    """Write the pages and pictures of one half as its site has them."""
    shutil.rmtree(half.source, ignore_errors=True)
    for path in sorted(DOCS.rglob("*")):
        if path.suffix == ".md" and half_of(path) == half:
            text = linked(path, path.read_text(encoding="utf-8"))
            _place(half, path).write_text(text, encoding="utf-8")
        elif path.suffix in PICTURES:
            shutil.copy(path, _place(half, path))


def _place(half: Half, path: Path) -> Path:
    """Return the path of a page or picture in the source of a half, whose directory is there then."""
    inside = path.relative_to(half.pages) if path.is_relative_to(half.pages) else path.relative_to(DOCS)
    (half.source / inside).parent.mkdir(parents=True, exist_ok=True)
    return half.source / inside


def linked(page: Path, text: str) -> str:
    """Return the text of a page in docs/ with its links as the site has them."""
    return LINK.sub(partial(_link, page), text)


def _link(page: Path, found: re.Match[str]) -> str:
    """Return a link as the site has it: unchanged within a half, to a built page in the other, else only its text."""
    target = Path(os.path.normpath(page.parent / found[2]))
    half, other = half_of(page), half_of(target)
    if half is None or other is None:
        return found[1]
    if target.suffix in PICTURES:
        return f"[{found[1]}]({os.path.relpath(_place(half, target), _place(half, page).parent)})"
    if half == other:
        return found[0]
    built = os.path.relpath(_built(target), _built(page).parent)
    return f"[{found[1]}]({built}{found[3] or ''})"


def _built(page: Path) -> Path:
    """Return the path of the built page of a page in docs/."""
    return SITE / page.relative_to(DOCS).with_suffix(".html")


def broken() -> Iterator[str]:
    """Yield each link between the two halves that leads to no page or no anchor."""
    for page in sorted(DOCS.rglob("*.md")):
        for _, target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            path = Path(os.path.normpath(page.parent / target))
            if path.suffix == ".md" and half_of(path) not in {None, half_of(page)} and not _leads(path, anchor):
                yield f"{page.relative_to(ROOT)}: {target}{anchor}"


def _leads(page: Path, anchor: str) -> bool:
    """Return whether the built page of a page is there, with an anchor if there is one."""
    built = _built(page)
    return built.exists() and (not anchor or f'id="{anchor[1:]}"' in built.read_text(encoding="utf-8"))


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
    """Build both halves, and return the exit code."""
    program = Path(sys.executable).with_name("zensical")
    for half in (USERS, DEVELOPERS):
        copy(half)
        command = [str(program), "build", "--clean", "--strict", "-f", half.settings]
        built = subprocess.run(command, cwd=ROOT, check=False)
        if built.returncode:
            return built.returncode
    wrong = [f"leads nowhere: {link}" for link in broken()] + [f"asks others: {request}" for request in outside()]
    said = wrong or [f"{half.site.relative_to(ROOT)}/index.html" for half in (USERS, DEVELOPERS)]
    sys.stdout.write("\n".join(said) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
