"""Texts of `provision sleep` and `wake`: outages, costs that go on, and new addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from provisioner.aws import durations
from provisioner.config.records import BALANCER, ENDPOINTS, NAT, PART, PARTS
from provisioner.engine.words import count, names
from provisioner.operations.overrides import sizes
from provisioner.operations.overrides.sleep_parts import going
from provisioner.operations.sizing.sleep_effects import split
from provisioner.resources.autoscaling import AutoScalingGroup
from provisioner.resources.ec2.nat import ElasticIp
from provisioner.resources.elbv2.balancer import LoadBalancer

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record


def stops_database(config: Config) -> bool:
    """Return whether `sleep` has to stop the database, since it does not pause by itself when unused."""
    return config.own_database is not None and not config.own_database.pauses


def question(stack: str, removed: Sequence[str]) -> str:
    """Return the sentence that the user confirms: the whole stack stops, and these resources are deleted.

    Args:
        stack: its name and its account.
        removed: the addresses of the deleted resources.
    """
    deletes = f", and deletes {names(removed)} until it wakes" if removed else ""
    return f"`sleep` stops all of {stack}{deletes}"


def beforehand(config: Config, records: Mapping[str, Record], without: Collection[str]) -> Iterator[str]:
    """Yield the consequences of deleting these parts, or a note that the stack has none."""
    for part, words in PARTS.items():
        if part not in without:
            continue
        if there := going(records, part):
            yield _missed(config, records, part, there)
        elif f"{PART}/{part}" not in records:
            yield f"--{part}: this stack has no {words}"


def _missed(config: Config, records: Mapping[str, Record], part: str, there: Sequence[str]) -> str:
    if part == ENDPOINTS:
        return "without its interface endpoints nothing in the VPC reaches AWS: no task can be started"
    if part == NAT:
        given_back = _public(records[address] for address in there)
        return (
            "without NAT gateways nothing leaves the private subnets; after `wake` they leave by other public "
            f"addresses than {names(given_back)}: firewalls that let these in have to be changed"
        )
    if not config.https:
        return "without its load balancer the stack does not answer, and after `wake` its URL is another one"
    return (
        f"without its load balancer {config.address} leads nowhere, and does not answer; resolvers that were asked "
        "meanwhile may remember that for 15 minutes after `wake`"
    )


def afterwards(
    config: Config, records: Mapping[str, Record], seconds: float, *, without_instances: bool
) -> Iterator[str]:
    """Yield notes on a stack that has just gone to sleep: pending ends, the way to wake it, remaining charges.

    Args:
        seconds: the expected seconds of a wake without the start of the database.
        without_instances: whether the instances have ended already.
    """
    if not without_instances and any(one.type == AutoScalingGroup.type_name for one in records.values()):
        yield "ECS ends the container instances, which have no tasks any more, in some 15 to 20 minutes"
    if config.own_database is not None and stops_database(config):
        yield "the database is stopped: AWS starts it again after 7 days"
        starts = durations.DB_CLUSTER_START if config.own_database.kind.aurora else durations.DB_SINGLE_START
        seconds += starts.aws
    elif config.own_database is not None:
        yield "the database pauses by itself, some minutes after its last connection was closed"
    if config.schedule:
        yield "its schedule is off as well: only `provision wake` starts the stack again"
    yield f"`provision wake` takes about {count(max(1, ceil(seconds / 60)), 'minute')}"
    if kept := split(records, ()).kept:
        yield f"AWS goes on charging by the hour for {names(kept)}"


def awake(config: Config, records: Mapping[str, Record], made: Collection[str], now: float) -> Iterator[str]:
    """Yield notes on a stack that has just woken: its next scheduled sleep, and its changed addresses.

    Args:
        made: the parts that were created again.
        now: seconds since the epoch, on the cloud's clock.
    """
    if wanted := config.schedule:
        at = sizes.moment(wanted.sleep, wanted.timezone, now)
        yield f"the stack sleeps again by schedule{f': {at}' if at else ''}"
    if BALANCER in made:
        name = next(str(one.outputs.get("dns_name")) for one in records.values() if one.type == LoadBalancer.type_name)
        leads = f"{config.address} leads to it" if config.https else f"the URL is http://{name}"
        yield f"the load balancer is a new one, {name}: {leads}, and names that are kept elsewhere have to follow"
    if NAT in made:
        yield f"the private subnets leave by new public addresses: {names(_public(records.values()))}"


def _public(records: Iterable[Record]) -> list[str]:
    return [str(one.outputs.get("public_ip")) for one in records if one.type == ElasticIp.type_name]
