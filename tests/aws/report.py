"""The report of a run, for a person and as JSON, masked: its steps, their time, and their findings."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import boto3
import botocore

from provisioner import __version__
from tests.aws.costs import Cost, hourly
from tests.aws.masks import Masks

Result = Literal["ok", "failed", "skipped", "not run"]


class Wrong(Exception):
    """A finding is not as expected."""


class Skipped(Exception):
    """A step does not apply here."""


@dataclass(frozen=True)
class Step:
    """One step: its result, its time, and its finding."""

    name: str
    result: Result
    seconds: float
    seen: str


@dataclass
class Report:
    """The facts about a run so far.

    Attributes:
        target: `aws` or `local`.
        estimate: its hourly costs, at most.
        timelines: the timelines by command, from `provision timeline --json`.
        comparison: the output of `python -m tests.contract.compare` for the log.
    """

    target: str
    account: str
    region: str
    domain: str
    estimate: list[Cost]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: list[Step] = field(default_factory=list)
    timelines: dict[str, Any] = field(default_factory=dict)
    comparison: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True if every step that counts went well."""
        return bool(self.steps) and all(step.result in ("ok", "skipped") for step in self.steps)

    def document(self) -> dict[str, Any]:
        """Return the report for JSON."""
        versions = {
            "provisioner": __version__,
            "python": platform.python_version(),
            "boto3": boto3.__version__,
            "botocore": botocore.__version__,
        }
        return asdict(self) | {"began": self.began.isoformat(timespec="seconds"), "ok": self.ok, "versions": versions}

    def text(self) -> str:
        """Return the report as Markdown."""
        document = self.document()
        versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
        place = "AWS" if self.target == "aws" else "the embedded cloud (a rehearsal)"
        lines = [
            f"# Test on {place}: {'all went well' if self.ok else 'failed'}",
            "",
            f"- began {document['began']}, took {_duration(sum(step.seconds for step in self.steps))}",
            f"- account {self.account}, Region {self.region}, domain {self.domain}",
            f"- {versions}",
            *([f"- about {hourly(self.estimate):.2f} USD an hour at most, by list prices"] if self.estimate else []),
            "",
            "| step | result | time | what was seen |",
            "|---|---|---|---|",
            *(f"| {s.name} | {s.result} | {_duration(s.seconds)} | {_cell(s.seen)} |" for s in self.steps),
            "",
            "## Against the embedded cloud",
            "",
            *(f"- {line}" for line in self.comparison or ["not compared"]),
        ]
        return "\n".join(lines) + "\n"

    def write(self, directory: Path, masks: Masks, log: Path) -> None:
        """Write report.md, report.json, calls.log and comparison.txt, masked, and readable by their owner alone."""
        directory.mkdir(mode=0o700)
        calls = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        masked = masks.log(calls)
        document = masks.value(self.document())
        text, comparison = masks.text(self.text()), masks.text("\n".join(self.comparison))
        note = f"Masked: {masks.said()}. Read it all before you send it: nobody has looked for what is private to you."
        files = {
            "report.md": f"{text}\n{note}\n",
            "report.json": json.dumps(document | {"masked": note}, indent=1),
            "calls.log": "".join(f"{line}\n" for line in masked),
            "comparison.txt": f"{comparison}\n",
        }
        for name, content in files.items():
            (directory / name).write_text(content, encoding="utf-8")
            (directory / name).chmod(0o600)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
