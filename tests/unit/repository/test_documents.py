"""The documents: each page has its place, each command and key has its page, and both languages say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import yaml

from provisioner.cli.commands import app
from provisioner.cli.options import COMMON
from provisioner.config import schema
from tools import reference, site

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))

INDEXES = {"index.md", "index.ja.md", "developers/index.md"}
BY_HAND = [(DOCS / page).read_text(encoding="utf-8") for page in PAGES if page not in INDEXES]
TOLD = "\n".join(text for text in BY_HAND if reference.BEGIN not in text)
"""The pages written by hand, without the indexes, which mention everything."""


def listed(nav: object) -> list[str]:
    """Return the pages of a part of the site, and of the parts in it."""
    match nav:
        case str():
            return [nav]
        case dict():
            return [page for one in nav.values() for page in listed(one)]
        case list():
            return [page for one in nav for page in listed(one)]
    raise AssertionError(nav)


def navigation(half: site.Half) -> list[str]:
    """Return the pages in the navigation of a half, as paths in docs/."""
    text = (ROOT / half.settings).read_text(encoding="utf-8")
    settings = yaml.safe_load(re.sub(r"!!python/\S+", "", text))
    assert (ROOT / settings["docs_dir"], ROOT / settings["site_dir"]) == (half.source, half.site)
    return sorted(str((half.pages / page).relative_to(DOCS)) for page in listed(settings["nav"]))


@pytest.mark.parametrize("half", [site.USERS, site.DEVELOPERS], ids=["users", "developers"])
def test_every_page_has_one_place_in_its_half(half: site.Half) -> None:
    assert navigation(half) == [page for page in PAGES if site.half_of(DOCS / page) == half]


def test_the_users_navigation_has_no_page_for_developers() -> None:
    assert [page for page in navigation(site.USERS) if page.startswith("developers/")] == []


@pytest.mark.parametrize("half", [site.USERS, site.DEVELOPERS], ids=["users", "developers"])
def test_the_front_page_leads_to_every_page_of_its_half(half: site.Half) -> None:
    pages = {path.name for path in half.pages.glob("*.md")} - {"index.md"}
    japanese = {page for page in pages if page.endswith(".ja.md")}
    assert pages - japanese - linked(half.pages / "index.md") == set()
    assert japanese - {"index.ja.md"} - linked(DOCS / "index.ja.md") == set()
    assert half == site.DEVELOPERS or "index.ja.md" in linked(half.pages / "index.md")


def linked(page: Path) -> set[str]:
    """Return the pages that a page links to."""
    return set(re.findall(r"\]\(([\w./-]+\.md)", page.read_text(encoding="utf-8")))


def test_both_halves_look_alike() -> None:
    texts = [(ROOT / half.settings).read_text(encoding="utf-8") for half in (site.USERS, site.DEVELOPERS)]
    looks = [text[text.index("use_directory_urls") : text.index("nav:")] for text in texts]
    assert looks[0] == looks[1]


def told(word: str) -> bool:
    """Return whether a page that is written by hand contains a word."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", TOLD) is not None


def test_every_command_and_option_is_on_a_page() -> None:
    commands = dict(reference.leaves("provision", typer.main.get_command(app)))
    assert len(commands) >= 50
    assert [one for one in commands if not told(one) and f"`{one.removeprefix('provision ')}" not in TOLD] == []
    options = {
        (name, option)
        for name, one in commands.items()
        for parameter in one.params
        if parameter.name not in {*COMMON, "help"}
        for option in parameter.opts
        if option.startswith("--")
    }
    assert sorted(one for one in options if not told(one[1])) == []


def test_every_key_is_on_a_page() -> None:
    tables = schema.document()["definitions"]
    keys = {(name, key) for name, table in tables.items() if name != "Environment" for key in table["properties"]}
    assert len(keys) > 100
    assert sorted(key for key in keys if not told(key[1])) == []


@pytest.mark.parametrize("page", ["README", "docs/tutorial", "docs/own-app", "docs/on-aws"])
def test_both_languages_have_the_same_parts_and_commands(page: str) -> None:
    texts = [(ROOT / f"{page}{language}.md").read_text(encoding="utf-8") for language in ("", ".ja")]
    levels = [re.findall(r"^#+ ", text, re.MULTILINE) for text in texts]
    assert levels[0] == levels[1]
    blocks = [re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for text in texts]
    typed = [[re.sub(r"\s*#.*", "", block) for block in one] for one in blocks]
    assert typed[0] == typed[1]
    leads = [{re.sub(r"(\.ja)?\.md", ".md", link) for link in re.findall(r"\]\(([^)#]+)", text)} for text in texts]
    other = {f"{page.rpartition('/')[2]}.md", "index.md", "docs/index.md"}
    assert leads[0] - other == leads[1] - other


def test_the_families_of_errors_are_the_same_in_japanese() -> None:
    texts = [(DOCS / page).read_text(encoding="utf-8") for page in ("errors.md", "errors.ja.md")]
    families = [re.findall(r"^#+ ([a-z-]+)$", text, re.MULTILINE) for text in texts]
    assert families[0] == families[1]


def test_the_readme_is_read_in_two_minutes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 90
    assert len(text.split()) <= 600


HEADING = re.compile(
    r"^(?:  [+~-] )?[a-z_]+(?:, [a-z_]+)*(?: and \d+ more)?(?: \(step (\w+)\))?: \d+ to (?:create|change|delete)\b",
    re.MULTILINE,
)
"""The heading of a step in a plan: its resource types, and its name in parentheses."""


def test_plans_in_documents_have_the_headings_of_plan() -> None:
    found = [step for page in (ROOT / "docs").rglob("*.md") for step in HEADING.findall(page.read_text("utf-8"))]
    assert len(found) > 5
    assert [step for step in found if not (ROOT / "steps" / f"{step or '-'}.py").exists()] == []


@pytest.mark.parametrize("page", ["README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_what_is_beside_the_documents_links_to_what_there_is(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = {link.partition("#")[0] for link in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", text)}
    assert [target for target in sorted(targets) if not (ROOT / target).exists()] == []


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("[a step](../steps/network.py)", "a step"),
        ("[`code`](../steps/network.py#L3)", "`code`"),
        ("[state](state.md#x)", "[state](state.md#x)"),
        ("[here](#x)", "[here](#x)"),
        ("[out](https://example.com/../x)", "[out](https://example.com/../x)"),
        ("[how](developers/crash.md#x)", "[how](developers/crash.html#x)"),
        ("![up](up.svg)", "![up](up.svg)"),
    ],
)
def test_the_site_keeps_the_text_of_links_that_leave_it(link: str, kept: str) -> None:
    assert site.linked(DOCS / "page.md", link) == kept


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("[state](../state.md#x)", "[state](../state.html#x)"),
        ("[one](adr/0001-x.md)", "[one](adr/0001-x.md)"),
        ("![up](../up.svg)", "![up](up.svg)"),
    ],
)
def test_links_of_the_developers_half(link: str, kept: str) -> None:
    assert site.linked(DOCS / "developers" / "page.md", link) == kept


def test_each_link_to_a_page_leads_to_one() -> None:
    links = {
        (page, target)
        for page in PAGES
        for _, target, _ in site.LINK.findall((DOCS / page).read_text(encoding="utf-8"))
        if target.endswith(".md")
    }
    assert sorted(one for one in links if not (DOCS / one[0]).parent.joinpath(one[1]).exists()) == []
