"""Findings of all tools in one form, and the accepted ones: `waivers.toml`, each with its reason."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

WAIVERS = Path(__file__).parent / "waivers.toml"
KEYS = {"check", "place", "reason"}
UNTAGGED = ("acl-", "vol-")
"""Ids of resources that AWS creates with a VPC or an instance, without tags: on that cloud nearly all are the
stack's."""


@dataclass(frozen=True)
class Finding:
    """A tool's finding: the check, and the place (a file, or a resource's address, name or id)."""

    check: str
    place: str
    text: str


@dataclass(frozen=True)
class Waiver:
    """An accepted check at places that match a pattern (`*` stands for anything), and the reason."""

    check: str
    place: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Return whether it accepts a finding."""
        return finding.check == self.check and fnmatchcase(finding.place, self.place)


def waivers(tool: str, path: Path = WAIVERS) -> list[Waiver]:
    """Read the waivers of a tool.

    Raises:
        ValueError: a waiver lacks a part or its reason, has an unknown part, or is there twice.
    """
    found: list[Waiver] = []
    for entry in tomllib.loads(path.read_text()).get(tool, []):
        if entry.keys() != KEYS or not all(isinstance(text, str) and text.strip() for text in entry.values()):
            raise ValueError(f"{path}: a waiver of {tool} has to have {', '.join(sorted(KEYS))}: {entry}")
        waiver = Waiver(**entry)
        if any((one.check, one.place) == (waiver.check, waiver.place) for one in found):
            raise ValueError(f"{path}: {waiver.check} is accepted twice at {waiver.place}")
        found.append(waiver)
    return found


def problems(findings: Sequence[Finding], accepted: Sequence[Waiver]) -> list[str]:
    """Return a line for each finding without a waiver, and for each waiver without a finding."""
    new = [f for f in findings if not any(waiver.covers(f) for waiver in accepted)]
    idle = [waiver for waiver in accepted if not any(map(waiver.covers, findings))]
    return [f"new: {f.check} at {f.place}: {f.text}" for f in new] + [
        f"no longer found: {waiver.check} at {waiver.place}: take its waiver out" for waiver in idle
    ]


def of_bandit(report: str, root: Path) -> list[Finding]:
    """Read bandit's JSON; a place is a file below the root."""
    return [
        Finding(one["test_id"], _below(one["filename"], root), f"line {one['line_number']}: {one['issue_text']}")
        for one in json.loads(report)["results"]
    ]


def _below(name: str, root: Path) -> str:
    path = Path(name)
    return (path.relative_to(root) if path.is_absolute() else path).as_posix().removeprefix("./")


def of_prowler(report: str, stack: Mapping[str, str]) -> tuple[list[Finding], int]:
    """Read the failed checks in Prowler's JSON (OCSF).

    Args:
        stack: the tags of the audited stack.

    Returns:
        The findings at the stack's resources, and the number of the others, which are the account's own.
    """
    entries = json.loads(report)
    marks = {f"{key}:{value}" for key, value in stack.items()}
    ours = [one for one in entries if marks <= set(_resource(one)["labels"])]
    names = {"-".join((stack["Project"], stack["Environment"]))}
    # a resource without tags is the stack's if it has the stack's name, or the name of the stack's instance or VPC
    names |= {name for one in ours if (name := _resource(one)["name"]).startswith(("i-", "vpc-"))}
    failed = [one for one in entries if one["status_code"] == "FAIL"]
    found = list(_found(failed, marks, names))
    return found, len(failed) - len(found)


def _found(failed: Iterable[Mapping[str, Any]], marks: set[str], names: set[str]) -> Iterator[Finding]:
    for one in failed:
        resource = _resource(one)
        labels = set(resource["labels"])
        account = resource["name"] == one["unmapped"]["provider_uid"]
        comes_along = resource["name"].startswith(UNTAGGED)
        told = json.dumps([resource["name"], resource["uid"], resource.get("data")])
        if not account and (marks <= labels or comes_along or any(name in told for name in names)):
            yield Finding(one["metadata"]["event_code"], _address(labels) or resource["name"], one["status_detail"])


def _resource(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    resource: Mapping[str, Any] = entry["resources"][0]
    return resource


def _address(labels: set[str]) -> str:
    key = "provisioner:address:"
    return next((label.removeprefix(key) for label in sorted(labels) if label.startswith(key)), "")
