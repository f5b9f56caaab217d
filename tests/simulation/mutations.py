"""Deliberate faults, each of which the simulation has to find: `python -m tests.simulation.mutations`.

Each is one edit of the engine or the state, made in a copy of the project; lives are lived there until one breaks a
promise. docs/simulation.md has the list with the number of lives until then.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("provisioner", "state", "steps", "tests")


@dataclass(frozen=True)
class Mutation:
    """One deliberate fault: which simulation has to find it, and the lines that are replaced in a file.

    The lines are compared without their indentation; the new ones are indented as the first old one is.
    """

    name: str
    simulation: str
    path: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Make the fault in a copy of the project; raises `ValueError` if its place is not there just once."""
        file = root / self.path
        lines, wanted = file.read_text(encoding="utf-8").split("\n"), _lines(self.old)
        stripped = [line.strip() for line in lines]
        size = len(wanted)
        places = [n for n in range(len(lines)) if stripped[n : n + size] == [line.strip() for line in wanted]]
        if len(places) != 1:
            raise ValueError(f"{self.name}: {self.path} has its place {len(places)} times")
        at = places[0]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at : at + size] = [indent + line for line in _lines(self.new)]
        file.write_text("\n".join(lines), encoding="utf-8")


def _lines(text: str) -> list[str]:
    return dedent(text).strip("\n").split("\n") if text else []


ENGINE = "engine"
CONVERGE, REMOVE, FIND = "provisioner/engine/converge.py", "provisioner/engine/remove.py", "provisioner/engine/find.py"
WALK, PLAN, RUN = "provisioner/engine/walk.py", "provisioner/engine/plan.py", "provisioner/engine/run.py"
AWS, OPERATE = "provisioner/aws.py", "provisioner/operate.py"

MUTATIONS = (
    Mutation(
        "what is recorded and not listed is made at once",
        ENGINE,
        CONVERGE,
        """
        if live is None or record.phase == "deleting":
            return live is None or not live.deleting
        """,
        """
        if record.phase == "deleting":
            return live is None or not live.deleting
        """,
    ),
    Mutation(
        "the list of the start is believed",
        ENGINE,
        CONVERGE,
        """
        live = self._find(want, record, fresh=True)
        """,
        "",
    ),
    Mutation(
        "the intent is not recorded",
        ENGINE,
        CONVERGE,
        """
        self.store.put(intent)
        self._tried[want.address] = result
        """,
        """
        self._tried[want.address] = result
        """,
    ),
    Mutation(
        "the id is recorded only when the thing is ready",
        ENGINE,
        CONVERGE,
        """
        self.store.put(
            replace(
                intent, phase="created", id=live.id or None, outputs=dict(live.outputs), created=self.aws.pace.time()
        """,
        """
        (lambda record: record)(
            replace(
                intent, phase="created", id=live.id or None, outputs=dict(live.outputs), created=self.aws.pace.time()
        """,
    ),
    Mutation(
        "a refusal takes the record of the living thing away",
        ENGINE,
        CONVERGE,
        """
        if record:
            self.store.put(record)
        else:
            self.store.drop(address)
        """,
        """
        self.store.drop(address)
        """,
    ),
    Mutation(
        "an intent is taken back although the call may have had its effect",
        ENGINE,
        CONVERGE,
        """
        if not server_error(error) and not self.aws.reads(error.operation_name):
        """,
        """
        if True:
        """,
    ),
    Mutation(
        "each try has a token of its own",
        ENGINE,
        CONVERGE,
        """
        record.token if record and record.phase == "creating" and record.token else self.aws.pace.runtime.token()
        """,
        """
        self.aws.pace.runtime.token()
        """,
    ),
    Mutation(
        "what a killed down was removing counts as alive",
        ENGINE,
        CONVERGE,
        """
        if live is None or record.phase == "deleting":
            return live is None or not live.deleting
        """,
        """
        if live is None:
            return True
        """,
    ),
    Mutation(
        "what is not recorded is adopted at once",
        ENGINE,
        CONVERGE,
        """
        return live is not None and not live.deleting and not want.kept
        """,
        """
        return False
        """,
    ),
    Mutation(
        "nobody waits for ready",
        ENGINE,
        CONVERGE,
        """
        if need.ready and need.address not in done:
            return False
        """,
        "",
    ),
    Mutation(
        "the tag of a renamed thing keeps its old address",
        ENGINE,
        CONVERGE,
        """
        self.aws.tag(type(want), live, want.address)
        """,
        "",
    ),
    Mutation(
        "a change that AWS cannot make is not refused",
        ENGINE,
        CONVERGE,
        """
        refuse_fixed(want, changes)
        """,
        "",
    ),
    Mutation(
        "an orphan that goes on under another address is removed",
        ENGINE,
        REMOVE,
        """
        if (record.kind, live.id) in self._staying or kind.shared(self.aws, live):
        """,
        """
        if kind.shared(self.aws, live):
        """,
    ),
    Mutation(
        "what others use is removed",
        ENGINE,
        REMOVE,
        """
        if (record.kind, live.id) in self._staying or kind.shared(self.aws, live):
        """,
        """
        if (record.kind, live.id) in self._staying:
        """,
    ),
    Mutation(
        "what is not listed is forgotten at once",
        ENGINE,
        REMOVE,
        """
        if live is None and self._may_be_hidden(record):
            return HIDDEN
        if live is None:
            self._drop(record, "removed")
            return None
        # what was found by name or tag may be recorded under another address by now
        """,
        """
        if live is None:
            self._drop(record, "removed")
            return None
        # what was found by name or tag may be recorded under another address by now
        """,
    ),
    Mutation(
        "gone is believed at the first look",
        ENGINE,
        REMOVE,
        """
        if live is None and self._may_be_hidden(record):
            return HIDDEN
        if live is None:
            self._drop(record, "removed")
            return None
        self._lives[address] = live
        """,
        """
        if live is None:
            self._drop(record, "removed")
            return None
        self._lives[address] = live
        """,
    ),
    Mutation(
        "things are removed in any order",
        ENGINE,
        REMOVE,
        """
        return freed or need.address in done
        """,
        """
        return True
        """,
    ),
    Mutation(
        "a record is dropped when its removal is accepted",
        ENGINE,
        REMOVE,
        """
        self._accepted.add(record.address)
        return Wait(_awaited(live), kind.removal_budget, Until.READY, blockers=self._asking(record, kind))
        """,
        """
        self._accepted.add(record.address)
        self._drop(record, "removed")
        return None
        return Wait(_awaited(live), kind.removal_budget, Until.READY, blockers=self._asking(record, kind))
        """,
    ),
    Mutation(
        "what stands under our name is ours",
        ENGINE,
        FIND,
        """
        if not live.owned:
        """,
        """
        if False:
        """,
    ),
    Mutation(
        "one thing may be two addresses'",
        ENGINE,
        FIND,
        """
        return bool(known) and address != (live.address if live.address in known else next(iter(known)))
        """,
        """
        return False and address != (live.address if live.address in known else next(iter(known)))
        """,
    ),
    Mutation(
        "a budget never begins anew",
        ENGINE,
        WALK,
        """
        clocks = self._since[address] = {clock: at for clock, at in clocks.items() if clock[0] >= reason.until}
        """,
        """
        clocks = self._since[address] = {clock: at for clock, at in clocks.items()}
        """,
    ),
    Mutation(
        "Ctrl-C is not looked for",
        ENGINE,
        WALK,
        """
        while not self._pace.stop.is_set() and self._unrecorded is None:
        """,
        """
        while self._unrecorded is None:
        """,
    ),
    Mutation(
        "a lost answer is followed by no new look",
        ENGINE,
        RUN,
        """
        except Unclear as unclear:
            aws.stale(kind)
        """,
        """
        except Unclear as unclear:
        """,
    ),
    Mutation(
        "what was just made is known from the lists only",
        ENGINE,
        AWS,
        """
        things[made] = live
        """,
        """
        pass
        """,
    ),
    Mutation(
        "orphans go before what is declared comes",
        ENGINE,
        OPERATE,
        """
        converge.run()
        remover.look_closely(aws, remove.records.values())
        remove.run()
        """,
        """
        remover.look_closely(aws, remove.records.values())
        remove.run()
        converge.run()
        """,
    ),
    Mutation(
        "the plan removes what goes on under another address",
        ENGINE,
        PLAN,
        """
        return not (stays or on or any(_same_name(want, record) for want in self._wants.values()))
        """,
        """
        return not (stays or any(_same_name(want, record) for want in self._wants.values()))
        """,
    ),
)


def lives_until_found(mutation: Mutation, lives: int, jobs: int) -> int | None:
    """Return after how many lives the simulation finds a fault, or None if it does not within so many."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        root = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        mutation.apply(root)
        command = [sys.executable, "-m", "tests.simulation", mutation.simulation, "--stop", "--seeds", str(lives)]
        ran = subprocess.run(
            [*command, "--jobs", str(jobs)], cwd=root, env=os.environ | {"PYTHONPATH": folder},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    for line in ran.stdout.splitlines():
        if line.startswith("first broken: "):
            return int(line.split()[2])
    if ran.returncode:
        raise RuntimeError(f"{mutation.name}: {ran.stdout}{ran.stderr}")
    return None


def main() -> int:
    """Try each mutation; 1 if one was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutations", description=__doc__)
    parser.add_argument("--lives", type=int, default=10_000, help="how many lives each has to be found within")
    parser.add_argument("--only", default="", metavar="TEXT", help="only those whose name or simulation has this in it")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes")
    chosen = parser.parse_args()
    missed = 0
    for mutation in MUTATIONS:
        if chosen.only not in f"{mutation.simulation}: {mutation.name}":
            continue
        began = time.monotonic()
        count = lives_until_found(mutation, chosen.lives, chosen.jobs)
        missed += count is None
        found = f"after {count}" if count else "NOT FOUND"
        print(f"| {mutation.name} | {mutation.simulation} | {found} | {time.monotonic() - began:.0f} s", flush=True)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
