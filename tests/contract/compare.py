"""Says where AWS answered otherwise than the embedded cloud would have: `python -m tests.contract.compare FILE`.

FILE is what `provision … --target aws --log FILE` wrote; it holds no secrets, and neither does what is said here. It is
held against a life of the sample on an embedded cloud of its own, or against another log:
`python -m tests.contract.compare FILE LOG`. What is said: members that only one side sends, other formats, refusals
that the embedded cloud does not know, pages of other sizes, waits outside of the table of durations.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ecs_emulator.refusals import REFUSALS
from provisioner.aws.errors import rows_of
from tests.cloud.refusals import CASES
from tests.contract import calls, pages, waits
from tests.contract.recorded import refusals
from tests.contract.shapes import Difference, Seen, differences

SAYS = {
    "surplus": "AWS sends {path}, and the embedded cloud never does",
    "missing": "the embedded cloud always sends {path}, and AWS never does",
    "format": "{path} is otherwise: {detail}",
}
PAGED = re.compile(r"Next\w+|nextToken|Marker|PaginationToken|IsTruncated")
"""Members of an answer that has more pages."""


def report(log: Path, reference: Path) -> Iterator[str]:
    """Yield a line for each difference between a log of AWS and one of the embedded cloud, then notes, then the sum."""
    theirs, ours = calls.logged(log), calls.logged(reference)
    both = sorted(theirs.keys() & ours.keys())
    formats = [one for name in both for one in differences(name, theirs[name], ours[name]) if one.what == "format"]
    found = [*formats, *unknown(theirs, ours), *absent(log, reference)]
    seen_before = [one for one in found if one.what == "surplus" and _known_of(one, calls.recorded())]
    found = sorted(set(found) - set(seen_before))
    yield from map(_said, found)
    strange = sorted(set(_strange_refusals(log, reference)))
    yield from strange
    of_pages = list(pages.differences(log))
    yield from of_pages
    # the embedded cloud takes its durations from the same table
    lasted = [] if calls.target(log) == "local" else list(waits.waited(log))
    yield from waits.said(lasted)
    yield from _notes(log, seen_before, sorted(theirs.keys() - ours.keys()))
    outside = sum(one.outside for one in lasted)
    yield (
        f"{len(both)} operations compared: {len(found)} differences of members and formats, {len(strange)} refusals "
        f"that are not known, {len(of_pages)} differences of pages, {outside} of {len(lasted)} waits outside the range"
    )


def unknown(theirs: Mapping[str, Seen], ours: Mapping[str, Seen]) -> Iterator[Difference]:
    """Yield the members that AWS sends and the embedded cloud never sends in answers with the same structure.

    A resource's members depend on its state, so the answers of one life need not contain all of them.
    """
    ever: dict[tuple[str, str], set[str]] = {}
    for name, seen in ours.items():
        for path, shape in seen.shapes.items():
            ever.setdefault((name.partition(".")[0], shape), set()).update(seen.members[path])
    for name in theirs.keys() & ours.keys():
        for path, shape in theirs[name].shapes.items():
            known = ever.get((name.partition(".")[0], shape))
            for member in sorted(theirs[name].members[path].keys() - known if known is not None else ()):
                if not PAGED.fullmatch(member):
                    yield Difference(name, "surplus", f"{path}.{member}")


def _known_of(one: Difference, recorded: Mapping[str, Seen]) -> bool:
    """Return whether a member is in the recorded answers of AWS."""
    path, _, member = one.path.rpartition(".")
    return one.operation in recorded and member in recorded[one.operation].members.get(path, {})


def absent(log: Path, reference: Path) -> Iterator[Difference]:
    """Yield the members in every answer of the embedded cloud that AWS's answers to the same question never have.

    The same question has the same parameters. A member does not count if it is named like a parameter that only the
    reference's own writes had: AWS was not asked for it.
    """
    theirs, ours = calls.logged_by_question(log), calls.logged_by_question(reference)
    not_asked = calls.given(reference) - calls.given(log)
    for name, question in theirs.keys() & ours.keys():
        found, expected = theirs[name, question], ours[name, question]
        for path in found.structures.keys() & expected.structures.keys():
            for member in expected.always(path) - found.members[path].keys():
                if member.lower() not in not_asked:
                    yield Difference(name, "missing", f"{path}.{member}")


def _said(one: Difference) -> str:
    # AWS's formats come first in the detail
    return f"{one.operation}: {SAYS[one.what].format(path=one.path.lstrip('.'), detail=one.detail)}"


def _strange_refusals(log: Path, reference: Path) -> Iterator[str]:
    """Yield the refusals that the embedded cloud is not known to make, with the tool's reading of them."""
    known = {(case.service, case.operation, case.code) for case in CASES}
    known |= {(row.service, row.operation, row.code) for row in REFUSALS}
    known |= {(one.service, one.operation, one.code) for one in refusals()}
    known |= {(call["service"], call["operation"], call["code"]) for call in calls.calls(reference) if "code" in call}
    for call in calls.calls(log):
        code = call.get("code")
        if code and (call["service"], call["operation"], code) not in known:
            meaning = _meaning(call["service"], code, call.get("message") or "")
            name = calls.name_of(call)
            yield f"{name}: refused with {code}, which the embedded cloud never does; taken for {meaning}"


def _notes(log: Path, seen_before: Sequence[Difference], unknown: Sequence[str]) -> Iterator[str]:
    """Yield the notes on other differences, which are no failures."""
    if seen_before:
        members = ", ".join(f"{one.operation} {one.path.lstrip('.')}" for one in sorted(seen_before))
        yield f"note: AWS sends these as was recorded of it before, and the embedded cloud did not here: {members}"
    repeated = Counter[str]()
    for call in calls.calls(log):
        repeated[calls.name_of(call)] += call.get("retries") or 0
    if sent := [f"{name} ({count})" for name, count in sorted(repeated.items()) if count]:
        yield f"note: sent again, after throttling or a fault of the network: {', '.join(sent)}"
    if unknown:
        yield f"note: not asked of the embedded cloud, so not compared: {', '.join(unknown)}"


def _meaning(service: str, code: str, message: str) -> str:
    rows = (row for row in rows_of(service) if re.fullmatch(row.code, code))
    return next((row.category for row in rows if re.search(row.message, message)), "an error that stops")


def main(arguments: Sequence[str]) -> int:
    """Print the report; return 1 if AWS answered differently anywhere, 2 if the arguments are wrong."""
    if len(arguments) not in (1, 2) or not all(Path(argument).is_file() for argument in arguments):
        print(__doc__)
        return 2
    if len(arguments) == 2:
        lines = list(report(Path(arguments[0]), Path(arguments[1])))
    else:
        with tempfile.TemporaryDirectory() as directory:
            lines = list(report(Path(arguments[0]), _life(Path(directory))))
    print("\n".join(lines))
    return int(any(not line.startswith("note: ") for line in lines[:-1]))


def _life(directory: Path) -> Path:
    """Return the log of a life on an embedded cloud started for it."""
    from ecs_emulator import manage
    from tests.cloud.conftest import EmbeddedCloud
    from tests.cloud.project import Project
    from tests.contract.life import live

    os.environ["PROVISION_ENGINE"] = "0"
    cloud = EmbeddedCloud(manage.start(directory / "cloud", "example.com"))
    # so that ECR is asked for images as well
    shutil.copytree(Path(__file__).parents[2] / "app", directory / "project" / "app")
    try:
        return live(Project(cloud, directory / "project"), directory / "calls.log").log
    finally:
        manage.stop(directory / "cloud")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
