"""`make test-aws PROFILE=…`: one life of a small stack on AWS, with a report. Costs money: docs/developers/aws.md.

It says what it will make and what that costs, asks, and takes everything down again whatever happens. `--rehearse` does
the same on an embedded cloud of its own, which costs nothing and needs no account.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ecs_emulator import manage
from tests.aws import costs
from tests.aws.account import Account
from tests.aws.commands import ROOT, Presses, Provision, say
from tests.aws.life import PATIENCE, Life
from tests.aws.masks import Masks
from tests.aws.report import Report
from tests.aws.stack import NAME, Stack
from tests.cloud.inventory import Inventory

REFUSED = 4
"""The exit code if nothing was created; 1 if the test failed, 0 if all went well."""
MINUTES = 45
"""The approximate minutes of the test on AWS: see docs/developers/aws.md."""


class Refused(Exception):
    """The test cannot begin; the message has the reason and the remedy."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of the command line."""

    profile: str | None
    region: str
    domain: str
    rehearse: bool
    down: bool
    yes: bool

    @property
    def directory(self) -> Path:
        """The directory of the stack's configuration and state, while it stands."""
        return Path("aws-test-rehearsed" if self.rehearse else "aws-test").absolute()

    @property
    def common(self) -> list[str]:
        """The options of every command."""
        return ["--profile", self.profile] if self.profile and not self.rehearse else []


def parsed(words: Sequence[str]) -> Arguments:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.aws", description=__doc__)
    parser.add_argument("--profile", metavar="NAME", help="the AWS profile to use")
    parser.add_argument("--region", default="ap-northeast-1", help="the Region (ap-northeast-1)")
    parser.add_argument("--domain", default="", help="a public hosted zone of the account")
    parser.add_argument("--rehearse", action="store_true", help="on an embedded cloud of its own instead of AWS")
    parser.add_argument("--down", action="store_true", help="only take down what an earlier run has left")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return Arguments(**vars(parser.parse_args(words)))


def main(words: Sequence[str]) -> int:
    """Run the test; return 0 if all went well, 1 if not, 4 if nothing was created or taken down."""
    try:
        return run(parsed(words))
    except Refused as reason:
        say(f"error: {reason}")
    except KeyboardInterrupt:
        say("stopped: nothing was made")
    return REFUSED


def run(asked: Arguments) -> int:
    """Check, ask, run, report.

    Raises:
        Refused: the test cannot begin.
    """
    if os.environ.get("CI") and not asked.rehearse:
        raise Refused("CI is set, and this test costs money: it is for a person to run")
    left = Stack.found(asked.directory)
    target = "local" if asked.rehearse else "aws"
    stack = left or Stack(asked.directory, asked.region, asked.domain or "example.com", target)
    provision = Provision(stack.directory, stack.log, asked.common, Presses())
    provision.stands = _recorded(provision) if left else set()
    if provision.stands and not asked.down:
        count = len(provision.stands)
        raise Refused(f"{NAME} still stands from an earlier run (things: {count}). Take it down first: {_again(asked)}")
    if asked.down and not provision.stands:
        raise Refused(f"nothing of {NAME} is recorded in {stack.directory}: there is nothing to take down")
    try:
        life = _ready(asked, stack, provision)
    except (Refused, KeyboardInterrupt):
        _clear(asked, provision)
        raise
    life.run()
    return _finish(asked, life)


def _ready(asked: Arguments, stack: Stack, provision: Provision) -> Life:
    """Return the life of the stack after the user has agreed to it.

    Raises:
        Refused: the stack cannot be created, or the user does not agree.
    """
    account = _account(asked, stack.region)
    identity = account.identity()
    say(f"{'account' if asked.rehearse else 'AWS account'} {identity['Account']}, Region {stack.region}")
    if not asked.down:
        stack = Stack(asked.directory, asked.region, asked.domain or "example.com", stack.target)
    estimate = [] if asked.down else _planned(stack, provision)
    confirm(asked.yes)
    before = None if asked.down else _inventory(account)
    presses = provision.presses
    presses.standing = lambda: still_standing(provision, estimate, _again(asked))
    presses.listen()
    report = Report(stack.target, identity["Account"], stack.region, stack.domain, estimate)
    every, patience = (0.5, PATIENCE / 10) if asked.rehearse else (5.0, PATIENCE)
    return Life(stack, provision, account, presses, report, before, every, patience)


def _inventory(account: Account) -> Inventory:
    """Return everything that the account contains before the test.

    Raises:
        Refused: the user may not read all of it.
    """
    try:
        return account.inventory()
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"the account cannot be read, for which ReadOnlyAccess is needed: {error}") from None


def _clear(asked: Arguments, provision: Provision) -> None:
    """End the rehearsal's cloud and remove the directory, unless something stands."""
    if not provision.stands:
        if asked.rehearse:
            manage.stop(asked.directory / ".provision")
        shutil.rmtree(asked.directory, ignore_errors=True)


def _account(asked: Arguments, region: str) -> Account:
    """Return the access to the account, after checking that it is usable.

    Raises:
        Refused: there is no account, or no domain in it.
    """
    if asked.rehearse:
        cloud = manage.start(asked.directory / ".provision", asked.domain or "example.com")
        return Account(region, cloud=cloud)
    account = Account(region, asked.profile)
    try:
        say(f"as {account.identity()['Arn']}")
        if not asked.domain and not asked.down:
            found = ", ".join(account.zones()) or "none; docs/developers/aws.md says how to get one"
            raise Refused(f"say DOMAIN=…, a public hosted zone of the account (there is: {found})")
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS cannot be asked: {error}") from None
    return account


def _recorded(provision: Provision) -> set[str]:
    """Return the addresses that the state of an earlier run records.

    Raises:
        Refused: the state cannot be read.
    """
    ended = provision.run("state", "list", "--json")
    if ended.code:
        raise Refused(f"the state in {provision.directory} cannot be read: {ended.err.strip()}")
    return {thing["address"] for thing in ended.document}


def _planned(stack: Stack, provision: Provision) -> list[costs.Cost]:
    """Show the resources and their costs before the creation; return the costs.

    Raises:
        Refused: the stack cannot be created, or a resource with its name exists.
    """
    stack.write()
    ended = provision.run("plan", "--json")
    if ended.code not in (0, 2):
        raise Refused(f"it cannot be planned, and nothing was made:\n{ended.err.strip() or ended.out.strip()}")
    things = ended.document["resources"]
    strange = [f"{thing['action']} {thing['address']}" for thing in things if thing["action"] not in ("create", "none")]
    if strange:
        raise Refused(f"something called {NAME} is in the account already: {', '.join(strange)}")
    for line in announced(things, stack.region, ended.document["notes"]):
        say(line)
    return costs.costs(things, stack.region)


def announced(things: Sequence[dict[str, Any]], region: str, notes: Sequence[str] = ()) -> list[str]:
    """Return the lines before the creation: the resources, the costs, the time."""
    kinds: dict[str, int] = {}
    for thing in things:
        if thing["action"] == "create":
            kind = thing["address"].partition("/")[0]
            kinds[kind] = kinds.get(kind, 0) + 1
    found = costs.costs(things, region)
    return [
        f"It will make {sum(kinds.values())} things of {NAME}:",
        f"  {', '.join(f'{count} {kind}' for kind, count in kinds.items())}",
        *(f"  note: {note}" for note in notes),
        "It costs about, in US dollars an hour while all of it stands:",
        *(f"  {cost.hourly:6.3f}  {cost.what}" for cost in found),
        f"  {costs.hourly(found):6.3f}  together; traffic, requests, logs and images come to cents",
        f"  prices of {costs.prices_of(region)[1]}",
        f"It takes about {MINUTES} minutes, and hours begun of load balancer and endpoints count as whole ones.",
        "Everything is taken down at the end, also when something fails.",
    ]


def confirm(yes: bool) -> None:
    """Ask the user to type the stack's name.

    Raises:
        Refused: something else was typed, or there is no terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("there is no terminal to ask on: add ARGS=--yes")
    say(f"Type {NAME} to go on:")
    if sys.stdin.readline().strip() != NAME:
        raise Refused("not confirmed: nothing was made")


def still_standing(provision: Provision, estimate: Sequence[costs.Cost], again: str) -> str:
    """Return the resources that still exist, their cost, and the command that takes them down."""
    standing = costs.standing(estimate, provision.stands)
    lines = [f"things of {NAME} that stand, as far as is known: {len(provision.stands)}"]
    lines += [f"  {cost.hourly:6.3f} USD an hour at most: {cost.what}" for cost in standing]
    return "\n".join([*lines, f"to take them down: {again}"])


def _again(asked: Arguments) -> str:
    profile = [f"PROFILE={asked.profile}"] if asked.profile else []
    arguments = "'--down --rehearse'" if asked.rehearse else "--down"
    return " ".join(["make test-aws", *profile, f"ARGS={arguments}"])


def _finish(asked: Arguments, life: Life) -> int:
    """Compare, write the report, and print the result."""
    report, stack = life.report, life.stack
    say("== comparison with the embedded cloud")
    report.comparison = _compared(stack.log)
    masks = Masks(stack.domain, _zones(life.account))
    directory = Path(f"aws-test-report-{datetime.now(UTC):%Y%m%dT%H%M%SZ}").absolute()
    report.write(directory, masks, stack.log)
    say(f"the report, masked: {directory / 'report.md'}")
    life.provision.stands = set(life.recorded())
    if life.provision.stands:
        say(still_standing(life.provision, report.estimate, _again(asked)))
    elif report.ok or asked.rehearse:
        _clear(asked, life.provision)
    say("all went well" if report.ok else "the test failed")
    return 0 if report.ok else 1


def _compared(log: Path) -> list[str]:
    """Return the lines of the comparison of the log with the embedded cloud."""
    if not log.exists():
        return []
    command = [sys.executable, "-m", "tests.contract.compare", str(log)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.stdout.splitlines() if ended.returncode in (0, 1) else ended.stderr.splitlines()[-5:]


def _zones(account: Account) -> list[str]:
    try:
        return account.zones()
    except (BotoCoreError, ClientError):
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
