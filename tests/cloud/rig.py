"""Runs the engine on a few declared resources on the embedded cloud, as the commands do, and returns the writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3

from provisioner.aws.client import Aws
from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.engine.clock import Pace
from provisioner.engine.events import Emit, Event
from provisioner.engine.planning.actions import Planned
from provisioner.engine.planning.refusals import PlanRefused
from provisioner.operations.context.embedded_runtime import EmbeddedRuntime
from provisioner.operations.planning import dry_run
from provisioner.operations.runs import apply, destroy
from provisioner.operations.runs.summary import Summary
from provisioner.state.local import LocalStore, read
from provisioner.state.model import State
from provisioner.steps.stack import Stack
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.ways import Call, calls, way

Declare = Callable[[Stack], Any]

CONFIG = Config.model_validate(
    {"services": {"web": {"image": "nginx:1", "port": 80, "public": True}}, "dns": {"domain": "example.com"}}
)
FACTS = Facts(
    account="123456789012",
    partition="aws",
    region=REGION,
    zones=("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"),
    image_id="ami-1",
    public_zone_id=None,
    allow=("127.0.0.1/32",),
    engine=False,
    local=True,
)


@cache
def _session(region: str, key: str) -> boto3.Session:
    """Return one session for all tests of a process: reading botocore's models is most of a command's start."""
    return boto3.Session(key, "testing", region_name=region)


@dataclass
class Outcome:
    """The outcome of a run: its summary, the operations that wrote (in order), all events, and all calls."""

    summary: Summary
    writes: list[str]
    events: list[Event]
    calls: list[Call] = field(default_factory=list)

    def failures(self) -> dict[str, BaseException]:
        """Return the errors of failed resources, by address."""
        return dict(getattr(self.summary.error, "failures", {}))

    def refused(self) -> dict[str, str]:
        """Return the reasons of the plan's refusals, by address; nothing may be written."""
        assert isinstance(self.summary.error, PlanRefused)
        assert self.writes == []
        return {address: reason.text for reason in self.summary.error.reasons for address in reason.addresses}

    def ok(self) -> Outcome:
        """Fail the test if the run failed; return itself."""
        assert self.summary.error is None, str(self.summary.error) + "".join(
            f"\n  {address}: {error}" for address, error in self.failures().items()
        )
        return self


@dataclass
class Rig:
    """One stack with its state in a directory of the test."""

    cloud: EmbeddedCloud
    directory: Path
    config: Config = CONFIG
    facts: Facts = FACTS
    redeploy: bool = False
    retry_failed: bool = False
    new_ami: bool = False
    take_over: Sequence[str] = ()
    give_back: Sequence[str] = ()
    stand_ins: bool = False
    bulk_roles: bool = False
    heard: Callable[[Event], None] = lambda event: None
    durations: str = "fast"
    """The durations of AWS's operations: as short as possible unless a test says otherwise, which saves many reads."""
    _clock: EmbeddedRuntime | None = None

    def __post_init__(self) -> None:
        self.cloud.last(self.durations)

    def close(self) -> None:
        """Let the clock wait no more for the last way to the cloud."""
        if self._clock:
            self._clock.close()
        self._clock = None

    def aws(self) -> Aws:
        """A fresh way to the cloud, as each command has. The last one, if any, has come to its end."""
        self.cloud.away()
        self._clock = EmbeddedRuntime(self.cloud.process.clock_link())
        self.cloud.away = self.close
        session = _session(self.facts.region, self.cloud.process.key)
        return way(
            session,
            self.config.project,
            self.config.env,
            Pace(self._clock),
            endpoint=self.cloud.endpoint,
            resolver=("127.0.0.1", self.cloud.process.dns_port),
            domains={self.config.fqdn, self.config.dns.domain or ""} - {""},
            account=self.facts.account,
            redeploy=self.redeploy,
            retry_failed=self.retry_failed,
            new_ami=self.new_ami,
            take_over=self.take_over,
            give_back=self.give_back,
            stand_ins=self.stand_ins,
            bulk_roles=self.bulk_roles,
        )

    def declare(self, declare: Declare) -> Stack:
        """Everything that the function declares."""
        stack = Stack(self.config, self.facts)
        # a function of the stack alone, whatever further parameters the test's function has
        stack.run({"step": lambda here: declare(here)})  # noqa: PLW0108
        return stack

    def up(self, declare: Declare, confirmed: Sequence[Planned] | None = None) -> Outcome:
        """Run `up` on the function's resources; `confirmed` is the plan that the user agreed to, if it was shown."""
        stack = self.declare(declare)
        return self._run(lambda aws, store, emit: apply.up(aws, store, stack, emit, confirmed=confirmed))

    def agreed(self, declare: Declare) -> tuple[list[Planned], Outcome]:
        """Plan and run `up` as one command with a question in between; return the planned changes, and the run."""
        stack, planned = self.declare(declare), list[Planned]()

        def work(aws: Aws, store: LocalStore, emit: Emit) -> Summary:
            planned.extend(dry_run.show_plan(aws, store.records, stack))
            return apply.up(aws, store, stack, emit, confirmed=planned)

        outcome = self._run(work)
        return [item for item in planned if item.action != "none"], outcome

    def down(self, *, unprotect: bool = False) -> Outcome:
        """Run `down` on the recorded resources."""
        return self._run(partial(destroy.down, unprotect=unprotect))

    def plan(self, declare: Declare) -> list[Planned]:
        """Return the changes that `up` would make."""
        planned = dry_run.show_plan(self.aws(), self.state().records, self.declare(declare))
        self.close()
        return [item for item in planned if item.action != "none"]

    def state(self) -> State:
        """The state as it stands on the disk."""
        return read(self.directory, self.config.name)

    def _run(self, work: Callable[..., Summary]) -> Outcome:
        aws, events = self.aws(), list[Event]()

        def emit(event: Event) -> None:
            events.append(event)
            self.heard(event)

        with LocalStore(self.directory, self.config.name, "test", "0", runtime=aws.pace.runtime) as store:
            summary = work(aws, store, emit)
        self.close()
        made = calls(aws)
        return Outcome(summary, [call.operation for call in made if not call.read and not call.code], events, made)
