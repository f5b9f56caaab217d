"""Says where AWS answered otherwise than the embedded cloud would have: `python -m tests.contract.compare FILE`.

FILE is what `provision … --target aws --log FILE` wrote; it holds no secrets, and neither does what is said here. It is
held against a life of the sample on an embedded cloud of its own, or against another log:
`python -m tests.contract.compare FILE LOG`.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from provisioner.engine.retry import TABLE
from tests.cloud.refusals import CASES
from tests.contract import calls
from tests.contract.shapes import Difference, differences

SAYS = {
    "surplus": "AWS sends {path}, and the embedded cloud never does",
    "missing": "the embedded cloud always sends {path}, and AWS does not",
    "format": "{path} is otherwise: {detail}",
}


def report(log: Path, reference: Path) -> Iterator[str]:
    """Yield a line for each difference between a log of AWS and one of the embedded cloud, and the sum of them."""
    theirs, ours = calls.logged(log), calls.logged(reference)
    found = [one for name in sorted(theirs.keys() & ours.keys()) for one in differences(name, theirs[name], ours[name])]
    yield from map(_said, found)
    strange = sorted(set(_strange_refusals(log, reference)))
    yield from strange
    if unknown := sorted(theirs.keys() - ours.keys()):
        yield f"not asked of the embedded cloud, so not compared: {', '.join(unknown)}"
    compared = len(theirs.keys() & ours.keys())
    yield f"{compared} operations compared: {len(found)} differences, {len(strange)} refusals that are not known"


def _said(one: Difference) -> str:
    # AWS's formats come first in the detail
    return f"{one.operation}: {SAYS[one.what].format(path=one.path.lstrip('.'), detail=one.detail)}"


def _strange_refusals(log: Path, reference: Path) -> Iterator[str]:
    """Yield the refusals that the embedded cloud is not known to make, and what the tool takes them for."""
    cases = {(case.service, case.operation, case.code) for case in CASES}
    cases |= {(call["service"], call["operation"], call["code"]) for call in calls.calls(reference) if "code" in call}
    for call in calls.calls(log):
        code = call.get("code")
        if code and (call["service"], call["operation"], code) not in cases:
            meaning = _meaning(call["service"], code, call.get("message") or "")
            name = calls.name_of(call)
            yield f"{name}: refused with {code}, which the embedded cloud never does; taken for {meaning}"


def _meaning(service: str, code: str, message: str) -> str:
    rows = (row for row in TABLE if row.service in (service, "*") and re.fullmatch(row.code, code))
    return next((row.verdict for row in rows if re.search(row.message, message)), "an error that stops")


def main(arguments: Sequence[str]) -> int:
    """Print the report; exit code 1 if AWS answered otherwise anywhere, 2 if the arguments are wrong."""
    if len(arguments) not in (1, 2) or not all(Path(argument).is_file() for argument in arguments):
        print(__doc__)
        return 2
    if len(arguments) == 2:
        lines = list(report(Path(arguments[0]), Path(arguments[1])))
    else:
        with tempfile.TemporaryDirectory() as folder:
            lines = list(report(Path(arguments[0]), _life(Path(folder))))
    print("\n".join(lines))
    return int(len(lines) > 1)


def _life(folder: Path) -> Path:
    """Return the log of a life on an embedded cloud that is started for it."""
    from provisioner.cloud import manage
    from tests.cloud.conftest import EmbeddedCloud
    from tests.cloud.project import Project
    from tests.contract.life import live

    os.environ["PROVISION_ENGINE"] = "0"
    cloud = EmbeddedCloud(manage.start(folder / "cloud", "example.com"))
    try:
        return live(Project(cloud, folder / "project"), folder / "calls.log").log
    finally:
        manage.stop(folder / "cloud")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
