"""The audit: a new finding fails it, and so does a waiver without a finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.audit import packages, programs
from tests.audit.findings import WAIVERS, Finding, Waiver, of_bandit, of_prowler, problems, waivers

FOUND = [Finding("B104", "app/a/settings.py", "binds"), Finding("B104", "app/b/settings.py", "binds")]


def test_what_is_accepted_is_no_problem() -> None:
    assert problems(FOUND, [Waiver("B104", "app/*/settings.py", "why")]) == []


def test_a_finding_without_a_waiver_is_reported_with_its_place() -> None:
    assert problems(FOUND, [Waiver("B104", "app/a/settings.py", "why")]) == ["new: B104 at app/b/settings.py: binds"]
    assert len(problems(FOUND, [Waiver("B105", "*", "another check's")])) == 3


def test_a_waiver_that_accepts_nothing_is_reported() -> None:
    idle = Waiver("B105", "provisioner/gone.py", "why")
    (line,) = problems(FOUND, [Waiver("B104", "*", "why"), idle])
    assert line == "no longer found: B105 at provisioner/gone.py: take its waiver out"


@pytest.mark.parametrize("tool", ["bandit", "prowler", "packages"])
def test_each_waiver_has_its_reason(tool: str) -> None:
    assert all(len(waiver.reason) > 20 for waiver in waivers(tool))


@pytest.mark.parametrize(
    "text",
    [
        '[[bandit]]\ncheck = "B1"\nplace = "a"\n',
        '[[bandit]]\ncheck = "B1"\nplace = "a"\nreason = " "\n',
        '[[bandit]]\ncheck = "B1"\nplace = "a"\nreason = "b"\nuntil = "c"\n',
        '[[bandit]]\ncheck = "B1"\nplace = "a"\nreason = "b"\n' * 2,
    ],
)
def test_a_waiver_that_lacks_something_or_comes_twice_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / WAIVERS.name).write_text(text)
    with pytest.raises(ValueError, match=r"has to have|accepted twice"):
        waivers("bandit", tmp_path / WAIVERS.name)


def test_bandits_places_are_files_of_the_repository(tmp_path: Path) -> None:
    found = {"test_id": "B310", "line_number": 7, "issue_text": "opens"}
    report = {"results": [{**found, "filename": name} for name in (f"{tmp_path}/app/x.py", "./app/x.py", "app/x.py")]}
    assert of_bandit(json.dumps(report), tmp_path) == [Finding("B310", "app/x.py", "line 7: opens")] * 3


def entry(name: str, *, tagged: bool = False, status: str = "FAIL", data: Any = None) -> dict[str, Any]:
    labels = ["Project:shop", "Environment:dev", f"provisioner:address:thing/{name}"] if tagged else []
    return {
        "status_code": status,
        "status_detail": "is not good",
        "metadata": {"event_code": "some_check"},
        "unmapped": {"provider_uid": "123456789012"},
        "resources": [{"name": name, "uid": f"arn:{name}", "labels": labels, "data": data}],
    }


def test_prowlers_findings_count_at_the_stacks_resources_alone() -> None:
    entries = [
        entry("main", tagged=True),
        entry("good", tagged=True, status="PASS"),
        entry("vpc-1", tagged=True, status="PASS"),
        entry("/ecs/shop-dev/web"),
        entry("eni-1", data={"vpc": "vpc-1"}),
        entry("acl-1"),
        entry("123456789012", data={"vpcs": ["vpc-1"]}),
        entry("somebody-elses"),
    ]
    found, others = of_prowler(json.dumps(entries), {"Project": "shop", "Environment": "dev"})
    assert [finding.place for finding in found] == ["thing/main", "/ecs/shop-dev/web", "eni-1", "acl-1"]
    assert others == 2


def test_a_known_flaw_of_a_package_is_a_finding_at_its_lock() -> None:
    """As pip-audit 2.10 writes it."""
    known = {"id": "CVE-1", "fix_versions": ["3.1.7"], "aliases": ["GHSA-1"], "description": "s"}
    report = {
        "dependencies": [
            {"name": "anyio", "version": "4.16.0", "vulns": []},
            {"name": "jinja2", "version": "3.1.6", "vulns": [known, {"id": "CVE-2", "fix_versions": []}]},
            {"name": "odd", "skip_reason": "not found"},
        ],
        "fixes": [],
    }
    assert packages.of_pip_audit(json.dumps(report), "a.lock") == [
        Finding("CVE-1", "a.lock: jinja2", "3.1.6, mended in 3.1.7: GHSA-1"),
        Finding("CVE-2", "a.lock: jinja2", "3.1.6, mended in no version yet"),
        Finding("not looked up", "a.lock: odd", "not found"),
    ]


def test_a_missing_program_is_told_with_the_way_to_it() -> None:
    with pytest.raises(SystemExit, match=r"\.venv-nothing/bin/x is not there: run `make audit`"):
        programs.program("nothing", "x")
