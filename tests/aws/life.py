"""The steps of the test: up, rerun, deploy, scale out, checks, down, sweep. After any failure it is taken down."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.reads import reads
from tests.aws import sessions
from tests.aws.account import Account, changed, ours
from tests.aws.commands import Presses, Provision, Stopped, say, until
from tests.aws.report import Report, Result, Skipped, Step, Wrong
from tests.aws.stack import APP, FRONTENDS, INSTANCES, NAME, Stack
from tests.cloud.inventory import Inventory
from tests.cloud.project import Ended

PATIENCE = 1200.0
REACH = 300.0
"""Seconds until an existing DNS name resolves, and the load balancer has found healthy tasks."""
RUN = ("--yes", "--json")


@dataclass
class Life:
    """One life of the stack.

    Attributes:
        before: everything in the account before the test, or None for a teardown only.
        every: seconds between two looks.
        patience: seconds for tasks, instances and the web address after a command has ended.
    """

    stack: Stack
    provision: Provision
    account: Account
    presses: Presses
    report: Report
    before: Inventory | None
    every: float = 5.0
    patience: float = PATIENCE
    _failed: bool = field(default=False)

    def run(self) -> None:
        """Run all steps; after a failed step, run only the teardown and the sweep."""
        for name, step in STEPS if self.before is not None else ():
            self._step(name, step, unless=self._failed or self.presses.count > 0)
        self.presses.tearing_down = True
        self._step("down", down, unless=self.presses.count > 1)
        if self.presses.count <= 1 and self.recorded():
            self._step("down, once more", down)
        self._step("sweep", sweep, unless=self.presses.count > 1)

    def _step(self, name: str, step: Callable[[Life], str], *, unless: bool = False) -> None:
        if unless:
            self.report.steps.append(Step(name, "not run", 0.0, ""))
            return
        say(f"== {name}")
        began = time.monotonic()
        result: Result = "ok"
        try:
            seen = step(self)
        except Skipped as reason:
            result, seen = "skipped", str(reason)
        except Stopped:
            result, seen = "failed", "stopped by the user"
        except Wrong as error:
            result, seen = "failed", str(error)
        except Exception as error:  # noqa: BLE001 (after any error, the stack is taken down)
            result, seen = "failed", f"{type(error).__name__}: {error}"
        self._note(Step(name, result, time.monotonic() - began, seen))

    def _note(self, step: Step) -> None:
        self.report.steps.append(step)
        self._failed = self._failed or step.result == "failed"
        say(f"   {step.result} after {step.seconds:.0f} s: {step.seen}")

    def recorded(self) -> list[str]:
        """Return the addresses that the state records."""
        ended = self.provision.run("state", "list", "--json")
        return [thing["address"] for thing in ended.document] if ended.code == 0 else []

    # -- the parts of the steps ------------------------------------------------------------------------------------

    def command(self, *words: str, codes: tuple[int, ...] = (0,)) -> Ended:
        """Run a command; raise `Wrong` unless it ends with one of these exit codes."""
        ended = self.provision.run(*words)
        self.presses.check()
        if ended.code not in codes:
            failed = [f"{e['address']}: {e['error']}" for e in _events(ended) if e["event"] == "failed"]
            said = "\n".join([*failed, *ended.err.strip().splitlines()[-8:]])
            raise Wrong(f"`{self.provision.typed(*words)}` ended with exit code {ended.code}\n{said}".strip())
        return ended

    def calls(self, since: int) -> tuple[int, int]:
        """Return the numbers of reads and writes in the log after so many bytes."""
        with self.stack.log.open("rb") as file:
            file.seek(since)
            lines = [json.loads(line) for line in file if line.endswith(b"\n")]
        named = [line["operation"] for line in lines if line["event"] == "call"]
        of_reads = sum(map(reads, named))
        return of_reads, len(named) - of_reads

    def logged(self) -> int:
        """Return the size of the log in bytes."""
        return self.stack.log.stat().st_size

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Look until the condition holds; raise `Wrong` if it does not in time."""
        if not self.held(condition):
            raise Wrong(f"not within {self.patience:.0f} s: {what}")

    def held(self, condition: Callable[[], bool]) -> bool:
        """Look until the condition holds; return whether it did in time."""
        return until(condition, self.patience, self.every, self.presses)

    def timeline(self, name: str) -> None:
        """Keep the timeline of the newest run."""
        ended = self.provision.run("timeline", "--json")
        self.report.timelines[name] = ended.document if ended.code == 0 else ended.err

    def all_run(self) -> bool:
        """Return whether as many tasks run as are wanted, of both services."""
        found = self.account.services()
        return len(found) == 2 and all(0 < wanted == running for wanted, running in found.values())


# -- the steps -------------------------------------------------------------------------------------------------------


def up(life: Life) -> str:
    """Create everything, and wait until all tasks run."""
    finished = _finished(life.command("up", *RUN))
    life.timeline("up")
    life.wait(life.all_run, "all tasks run")
    reads, writes = life.calls(0)
    created = finished["counts"].get("created", 0)
    return f"{created} created in {finished['seconds']:.0f} s, {reads} reads, {writes} writes"


def again(life: Life) -> str:
    """Run `up` once more, which must write nothing."""
    since = life.logged()
    life.command("up", *RUN)
    reads, writes = life.calls(since)
    if writes:
        raise Wrong(f"{writes} writes, and there was nothing to do")
    return f"0 writes, {reads} reads"


def plan(life: Life) -> str:
    """Run `plan`, which must find nothing to do."""
    ended = life.command("plan", "--json", codes=(0, 2))
    todo = [
        f"{thing['action']} {thing['address']}" for thing in ended.document["resources"] if thing["action"] != "none"
    ]
    if todo or ended.code:
        raise Wrong(f"exit code {ended.code}: {', '.join(todo)}")
    return f"exit code 0, {len(ended.document['resources'])} resources as declared"


def deployment(life: Life) -> str:
    """Change both services' environment: new revisions run, and the old tasks go."""
    old = life.account.revisions()
    life.stack.deploy()
    life.command("up", *RUN)

    def replaced() -> bool:
        new = life.account.revisions()
        return new.keys() == old.keys() and all(not new[name] & old[name] for name in old) and life.all_run()

    life.wait(replaced, "the new revisions run, and no task of the old ones does")
    new = [arn.rpartition("/")[2] for arns in life.account.revisions().values() for arn in arns]
    return f"{', '.join(sorted(new))} run, and no older one"


def scale_out(life: Life) -> str:
    """Ask for more tasks than fit on one instance."""
    life.stack.scale_out()
    life.command("up", *RUN)

    def grown() -> bool:
        running = life.account.services()["frontend"][1] >= FRONTENDS
        return running and life.account.instances() >= INSTANCES

    life.wait(grown, f"{FRONTENDS} tasks of the frontend run on {INSTANCES} instances")
    return f"{FRONTENDS} tasks of the frontend run, {life.account.instances()} instances have joined"


def web(life: Life) -> str:
    """Request the stack's URL."""
    if life.stack.target == "local":
        raise Skipped("the embedded cloud answers no requests from outside")
    url = life.command("output", "url").out.strip()
    answers: list[str] = []
    reached = until(lambda: answers_well(url, answers), REACH, life.every, life.presses)
    if not reached and answers and answers[-1].startswith("HTTP"):
        raise Wrong(f"{url} answers {answers[-1]}")
    if not reached:
        raise Skipped(f"{url} could not be reached from here: {answers[-1]}")
    return f"{url} answers {answers[-1]}"


def exec_command(life: Life) -> str:
    """Run a command in a task."""
    return sessions.command(life.provision)


def exec_megabyte(life: Life) -> str:
    """Send a megabyte through a command in a task."""
    needs_containers(life)
    return sessions.megabyte(life.provision)


def tunnel(life: Life) -> str:
    """Query the database through a tunnel."""
    needs_containers(life)
    # the embedded cloud's databases have certificates of their own
    authorities = str(APP / "backend" / "rds-ca-bundle.pem") if life.stack.target == "aws" else None
    return sessions.query(life.provision, life.account.parameter(f"/{NAME}/database/password"), authorities)


def needs_containers(life: Life) -> None:
    """Raise `Skipped` where the embedded cloud runs no containers."""
    if life.stack.target == "local" and "nothing was run" in life.provision.run("exec", "backend", "--", "id").out:
        raise Skipped("the embedded cloud runs no containers without Docker")


def down(life: Life) -> str:
    """Delete everything."""
    since = life.logged() if life.stack.log.exists() else 0
    finished = _finished(life.command("down", *RUN))
    life.timeline("down")
    reads, writes = life.calls(since)
    removed = finished["counts"].get("deleted", 0)
    return f"{removed} removed in {finished['seconds']:.0f} s, {reads} reads, {writes} writes"


def sweep(life: Life) -> str:
    """Check everything in the account: nothing of the stack is left, and all else is unchanged."""
    found: list[Inventory] = []

    def clean() -> bool:
        found.append(life.account.inventory())
        return not ours(found[-1]) and not (life.before and changed(life.before, found[-1]))

    # AWS's lists show deleted resources for some minutes
    if not life.held(clean):
        left, others = ours(found[-1]), changed(life.before or {}, found[-1])
        texts = {"left": left, "not as it was, by the test or by somebody else": others}
        raise Wrong("\n".join(f"{text}: {name}" for text, names in texts.items() for name in names))
    sorts = len(found[-1])
    beside = ", and everything else is as it was" if life.before else ""
    return f"nothing of the stack is left in {sorts} sorts of resources{beside}"


STEPS: tuple[tuple[str, Callable[[Life], str]], ...] = (
    ("up", up),
    ("second up", again),
    ("plan", plan),
    # before the scale-out: with more tasks their replacements would need a third instance
    ("deployment", deployment),
    ("scale-out", scale_out),
    ("web address", web),
    ("exec", exec_command),
    ("exec, a megabyte", exec_megabyte),
    ("tunnel", tunnel),
)


def _events(ended: Ended) -> list[dict[str, Any]]:
    return ended.events if ended.out.startswith('{"event"') else []


def _finished(ended: Ended) -> dict[str, Any]:
    return ended.said("run_finished")[-1]


def answers_well(url: str, answers: list[str]) -> bool:
    """Request a URL once, and note the answer or the error; return whether it was HTTP 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            answers.append(f"HTTP {answer.status}")
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        answers.append(f"HTTP {error.code}")
    except OSError as error:
        answers.append(str(error))
    return False
