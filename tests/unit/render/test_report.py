"""A report as Markdown and as a page: the parts left out, and markup that foreign text must not cause."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.planning.actions import Planned
from provisioner.engine.resource import Change
from provisioner.operations.commands.report import About, Caller, caller
from provisioner.operations.rehearsal.foresight import Foreseen
from provisioner.operations.rehearsal.outage import PredictedOutage
from provisioner.render.redacted import without_values
from provisioner.render.report import content
from provisioner.render.report.content import Outcome, Report, Section
from provisioner.render.report.draft import Draft
from provisioner.render.report.markdown import LONGEST, MANY, MOST, inline, markdown, read
from provisioner.render.report.page import page

VALUE = "value-77d1"
NASTY = "a|b `c` ``` <script>alert(1)</script> @team [x](https://example.com) ![i](y) # \x1b[0m\nnext"


def report(*sections: Section, outcome: Outcome = "changes", headline: str = "plan of shop-dev: 1 to change") -> Report:
    return Report("plan", "shop-dev", outcome, headline, (), sections, [("by", "me on my machine")], "")


def containers(**variables: str) -> list[dict[str, Any]]:
    return [{"name": "web", "environment": [{"name": name, "value": value} for name, value in variables.items()]}]


def test_the_first_line_is_the_summary_and_the_mark_follows() -> None:
    text = markdown(report(Section("Changes", [("network: 1 to create", "  + vpc/main")], 1)))
    assert text.splitlines()[:2] == [
        "### plan of shop-dev: 1 to change",
        "<!-- provision plan of shop-dev: changes -->",
    ]
    assert "```diff\nnetwork: 1 to create\n+ vpc/main\n```" in text
    found = read(text)
    assert (found.command, found.stack, found.outcome, found.counts) == ("plan", "shop-dev", "changes", "1 to change")


@pytest.mark.parametrize("text", ["", "{}", "### A title\n", "### A title\n<!-- provision plan of a: something -->\n"])
def test_what_is_no_report_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no report"):
        read(text)


def test_no_value_of_a_variable_is_in_a_plan_for_many() -> None:
    old, new = containers(SAME=VALUE, OTHER=VALUE), containers(SAME=VALUE, OTHER=f"{VALUE}-2", NEW=f"{VALUE}-3")
    definition = {"container_definitions": Change(old, new), "cpu": Change("256", "512")}
    build = {"build_args": Change({"TOKEN": VALUE}, {"TOKEN": f"{VALUE}-2"})}
    whole = {"container_definitions": Change(None, containers(A=VALUE))}
    found = without_values(
        [
            Planned("task_definition/web", "change", "services", definition, later=definition),
            Planned("image/web", "change", "images", build),
            Planned("task_definition/api", "create", "services", whole),
        ]
    )
    said = str(found)
    assert VALUE not in said
    assert found[0].changes["cpu"] == Change("256", "512")
    for words in ("OTHER", "'changed (hidden)'", "'(hidden)'", "NEW"):
        assert words in said


def test_names_and_notes_cannot_say_anything_of_their_own() -> None:
    sections = [Section("Changes", [tuple(NASTY.split("\n"))], 1), Section("Notes", [(NASTY,)], 2, listed=True)]
    text = markdown(report(*sections, headline=NASTY.replace("\n", " ")))
    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert fences == ["````diff", "````"], "longer than any in it"
    outside = re.sub(r"````diff\n.*?\n````", "", text, flags=re.DOTALL)
    assert "\x1b" not in text
    for words in ("<script>", "@team", "[x](", "![i]", " a|b"):
        assert words not in outside, words
    shown = page(report(*sections, headline=NASTY), None)
    assert "<script" not in shown
    assert "\x1b" not in shown


def test_code_between_ticks_stays_code() -> None:
    assert inline("run `up --yes`, or a*b") == "run `up --yes`, or a\\*b"
    assert inline("one ` alone") == "one \\` alone"


@pytest.mark.parametrize("sign", ["x", "界", "🌈", "`", "*"])
def test_what_matters_least_is_left_out_and_counted(sign: str) -> None:
    """GitHub takes 262,144 bytes: as many characters of four bytes as are taken here."""
    sections = [
        Section("Failures", [("! service/web failed", f"    {sign * 90}")], 0),
        Section("Events", [(f"event {number} {sign * 90}",) for number in range(900)], 4, folded=True),
        Section("Changes", [(f"change {number} {sign * 90}",) for number in range(300)], 1),
        Section("Notes", [(f"note {number} {sign * 90}",) for number in range(100)], 2, listed=True),
    ]
    text = markdown(report(*sections))
    assert len(text) <= MOST
    assert len(text.encode()) <= 262_144
    assert "! service/web failed" in text
    kept = {word: len(re.findall(rf"^(?:- )?{word} \d+ ", text, re.MULTILINE)) for word in ("change", "note", "event")}
    assert kept["change"] == 300
    assert 0 < kept["event"] < 900 or not kept["event"]
    left = dict(re.findall(r"(\d+) of (\w+)", text.rpartition("Left out, since there is no room: ")[2]))
    assert {(int(number), what) for number, what in left.items()} >= {(900 - kept["event"], "events")}
    assert text.count("<details>") == text.count("</details>")


def test_a_line_and_a_block_without_an_end_are_cut() -> None:
    text = markdown(report(Section("Failures", [("y" * 100_000, *["line"] * 500)], 0)))
    assert "y" * LONGEST + "…" in text
    assert f"… and {501 - MANY} more lines" in text
    assert len(text) < 10_000


def test_who_ran_it_is_the_forges_user_on_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "GITHUB_SHA": "4f2a9c", "GITHUB_RUN_ID": "42"}
    for name, value in {**pipeline, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}.items():
        monkeypatch.setenv(name, value)
    assert caller(Path()) == Caller("octocat", "https://github.com/o/r/actions/runs/42", "4f2a9c")


def test_a_page_asks_nobody_for_anything() -> None:
    shown = page(report(Section("Changes", [("  + vpc/main",)], 1)), None)
    assert "default-src 'none'" in shown
    assert [word for word in ("<script", "src=", "@import", "url(", "<link") if word in shown] == []
    assert '<span class="create">  + vpc/main</span>' in shown


def test_an_outage_leads_and_many_are_counted() -> None:
    config = Config.model_validate(
        {"project": "shop", "env": "dev", "services": {"web": {"image": "nginx", "port": 80}}}
    )
    outages = [PredictedOutage(f"web{number}", 1.0, 61.0, "no task `runs`") for number in range(100)]
    draft = Draft("plan", "shop-dev", about=About(config, "123456789012", "eu-west-1", (), {}))
    draft.foreseen = Foreseen(outages, rehearsed=True, seconds=60.0)
    found = content.report(draft)
    assert found.headline.startswith("plan of shop-dev: no changes; web0, web1 and 98 more will be down for a time")
    assert found.warnings[:2] == ["Services that will be down:", "web0 for 1 min 00 s, after 1.0 s (no task `runs`)"]
    assert found.warnings[-1] == "… and 81 more"
    assert len(found.warnings) == 21
    draft.foreseen = Foreseen((), rehearsed=True, seconds=60.0)
    assert content.report(draft).headline.endswith("; nothing is interrupted")
    draft.foreseen = Foreseen(None, ("nobody knows",))
    assert "interrupted" not in content.report(draft).headline
