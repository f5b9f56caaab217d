"""Find the Region of each Copilot environment in the files of its workspace, and write it into the draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.migration.draft import USUAL_REGION, Draft, Left

_NAME = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)"
_FORMS = tuple(
    re.compile(form.replace("%", _NAME))
    for form in (
        # CloudFront takes certificates of us-east-1 alone, so that those say nothing of the stack
        r"arn:aws[\w-]*:(?!acm:us-east-1:)[\w-]+:%:",
        r"\baz:\s*[\"']?%[a-f]\b",
        r"[.-]%\.[\w.-]*\bamazonaws\.com\b",
        r"\bAWS_(?:DEFAULT_)?REGION[\"']?\s*[:=]\s*[\"']?%\b",
        r"\bregion[\"']?\s*:\s*[\"']?%\b",
    )
)
"""The forms in which files name a Region, each a part of a line."""
NOTE = ("copilot", "region")
"""The file and the key of the note about the Region, which an account makes needless."""
_SUFFIXES = frozenset({".yml", ".yaml", ".json", ".env", ""})
_LARGEST = 262_144


@dataclass(frozen=True)
class Said:
    """A Region that a file names, with the place."""

    region: str
    path: Path
    line: int


def write(found: Draft, folder: Path) -> None:
    """Write the Region of each environment, if its files, or else all files, name one; note where it stands.

    An environment may be in another Region than the others: its load balancer's certificates count first, then its
    own files.
    """
    said = list(_said(folder))
    everywhere = [one for one in said if "environments" not in one.path.relative_to(folder).parts]
    for env, table in found.tables.items():
        own = [one for one in said if one.path.relative_to(folder).parts[:2] == ("environments", env)]
        named = own or everywhere or said
        regions = list(dict.fromkeys(one.region for one in named))
        if (certified := _certified(table)) and regions != [certified]:
            table["region"] = certified
            why = (
                f"{certified}: that of the certificates, as a load balancer takes certificates of its own Region alone"
            )
            found.note(Left(NOTE[0], 0, NOTE[1], why, cost="nothing"))
            continue
        if len(regions) == 1:
            table["region"] = regions[0]
        if regions:
            places = {one.region: f"{folder.name}/{one.path.relative_to(folder)}:{one.line}" for one in reversed(named)}
            where = ", ".join(f"{region}: named in {places[region]}" for region in regions)
            why = where if len(regions) == 1 else f"{where}: {_unknown()}"
            found.note(Left(NOTE[0], 0, NOTE[1], why, cost="nothing"))
        else:
            found.note(Left(NOTE[0], 0, NOTE[1], f"is in no file: {_unknown()}", cost="nothing"))


def _certified(table: Mapping[str, Any]) -> str:
    """Return the Region of the certificates of an environment's load balancer; empty without any, or with several."""
    given = table.get("dns", {}).get("certificate", [])
    regions = {arn.split(":")[3] for arn in ([given] if isinstance(given, str) else given) if arn.count(":") > 3}
    return regions.pop() if len(regions) == 1 else ""


def _unknown() -> str:
    return f"the stack is in {USUAL_REGION} until you write yours"


def _said(folder: Path) -> Iterator[Said]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file() and path.stat().st_size <= _LARGEST:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                for form in _FORMS:
                    if one := form.search(line.partition(" #")[0]):
                        yield Said(one["region"], path, number)
