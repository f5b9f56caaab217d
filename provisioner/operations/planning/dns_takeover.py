"""Take a public name over from the system that has it (`up --take-over`), and recognize it in later runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.aws.errors import explaining
from provisioner.engine.declaration import STEPS, Declared, Dependency, filled, unknown
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.target import as_recorded, step_and_dependencies
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import output_of
from provisioner.engine.words import names
from provisioner.resources.ecs.service import Service
from provisioner.resources.elbv2.balancer import LoadBalancer
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
from provisioner.resources.elbv2.listeners import Listener, ListenerRule
from provisioner.resources.route53.handover import (
    ALIAS_TTL,
    DISPLACES,
    FORMER,
    LEADING,
    RawRecord,
    former_of,
    is_given_back,
    lasts,
    led_to,
    why_not,
)
from provisioner.resources.route53.pages import all_at, normal_name
from provisioner.resources.route53.records import RecordSet
from provisioner.resources.route53.shapes import record_id
from provisioner.resources.route53.zones import is_ours
from provisioner.resources.wafv2 import WebAclAssociation

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

SERVING = (LoadBalancer, WebAclAssociation, Listener, ListenerCertificate, ListenerRule, Service)
"""The types of the resources that must be ready before a name of another system moves to this stack."""


def declare(stack: Stack, records: Mapping[str, Record], take_over: Collection[str]) -> None:
    """Fit the declarations of public names to the names that were taken over or given back.

    A name that comes from another system moves last, when all resources of `SERVING` are ready: its certificate in the
    list of the load balancer too, since clients use the name already, and its rules take its requests. A name that was
    given back is declared as recorded, so that it does not change.
    """
    for address, item in _public_names(stack.declared).items():
        record = records.get(address)
        name = _name(item)
        former = former_of(name, record.outputs) if record else []
        if name in take_over or (former and record and not is_given_back(record.outputs)):
            _move_last(stack, item, comes=not former)
        elif record and former:
            stack.declared[address] = as_recorded(record)
            stack.notice(
                f"{name} was given back and leads to {led_to(former)}, or wherever its owner has let it lead since: it "
                f"is left alone until `provision up --take-over {name}`"
            )


def _move_last(stack: Stack, item: Declared, *, comes: bool) -> None:
    """Let a name move when all that serves it is ready.

    Args:
        comes: whether the name leads elsewhere until then: nobody has requests for it that its rules could take early.
    """
    serving = [one for one in stack.declared.values() if isinstance(one.resource, SERVING)]
    needs = [*item.dependencies, *(Dependency(one.address, ready=True) for one in serving)]
    for one in serving if comes else ():
        rule = one.resource
        if isinstance(rule, ListenerRule) and rule.asks_for(_name(item)):
            stack.declared[one.address] = replace(one, resource=replace(rule, at_once=True))
    # in the step of the last of them, since a run that is limited to a step has no later resources
    step = serving[-1].step if serving else item.step
    del stack.declared[item.address]
    stack.declared[item.address] = replace(item, dependencies=tuple(dict.fromkeys(needs)), step=step)


def _public_names(declared: Mapping[str, Declared]) -> dict[str, Declared]:
    """Return the declared A records by address."""
    return {a: item for a, item in declared.items() if type(item.resource) is RecordSet and item.resource.type == "A"}


def _name(item: Declared) -> str:
    return str(item.resource.fields()["record_name"])


def check(take_over: Collection[str], give_back: Collection[str], options: Collection[str]) -> None:
    """Refuse options that do not go together.

    Args:
        options: the other options of `up` that were given.

    Raises:
        ConfigurationError: two options exclude each other. The message names both.
    """
    if give_back and options:
        option = next(iter(options))
        raise ConfigurationError(f"--give-back: it does only that: leave {option} out, and run `up` again afterwards")
    if give_back and take_over:
        raise ConfigurationError("--give-back, --take-over: leave one of the two out")


def check_taken(aws: Aws, records: Mapping[str, Record], stack: Stack, target_step: str | None) -> list[str]:
    """Refuse names that cannot be taken over. Only reads are made.

    Args:
        target_step: the step that the run is limited to, if it is.

    Returns:
        A sentence for each name: its present target, or that it was taken over already.

    Raises:
        ConfigurationError: a name cannot be taken over. The message gives the reason.
        ApiError: a read was refused.
    """
    with explaining():
        return [_checked(aws, records, stack, name, target_step) for name in aws.take_over]


def _checked(aws: Aws, records: Mapping[str, Record], stack: Stack, name: str, target_step: str | None) -> str:
    option, mine = f"--take-over {name}", {_name(item): item for item in _public_names(stack.declared).values()}
    if name not in mine:
        none = "no service is public: write public = true first"
        has = f"its public name is {names(list(mine))}: write dns.host or hosts first" if mine else none
        raise ConfigurationError(f"{option}: this stack has no record of that name; {has}")
    item = mine[name]
    if target_step and item.step not in step_and_dependencies(STEPS, target_step):
        raise ConfigurationError(
            f"{option}: the name moves in step {item.step}, which --target-step {target_step} leaves out: leave "
            f"--target-step out"
        )
    looking = aws.reading().knowing(KnownResources(records, stack.declared))
    zone = filled(item.resource, lambda a, output: output_of(records.get(a), output)).fields()["hosted_zone_id"]
    there = [] if unknown(zone) else [one for one in all_at(looking, zone, name) if one["Type"] in LEADING]
    for why in filter(None, map(why_not, there)):
        raise ConfigurationError(f"{option}: {why}")
    live = next((one for one in looking.live(RecordSet) if one.id == record_id(zone, name, "A")), None)
    if live and (displaced := live.details.get(DISPLACES)):
        # a certificate in the list is shown before the name moves, the default one only afterwards
        if f"{ListenerCertificate.type_name}/{name}" not in stack.declared:
            _check_certificate(records, name)
        return (
            f"{name} moves to this stack when all that serves it is ready. It leads to {led_to(displaced)} now, for up "
            f"to {lasts(displaced)} s after that, so both must serve meanwhile. Back: `provision up --give-back {name}`"
        )
    if live and live.outputs.get(FORMER):
        # an interrupted run with the same option may have taken it over
        return f"{option}: it was taken over already"
    if live:
        raise ConfigurationError(f"{option}: its record is this stack's already: leave the option out")
    raise ConfigurationError(
        f"{option}: there is no record of that name to take over: `up` creates it without the option"
    )


def _check_certificate(records: Mapping[str, Record], name: str) -> None:
    """Refuse a name that the standing load balancer has no certificate for: it keeps its own until others have moved.

    Raises:
        ConfigurationError: there is no certificate for it. The message says how to move it in two runs.
    """
    listeners = [record for record in records.values() if record.type == Listener.type_name]
    shown = {record.arguments.get("certificate_arn") for record in listeners} - {None}
    for record in records.values():
        names_of = record.arguments.get("subject_alternative_names", ())
        if record.id in shown and not {name, f"*.{name.partition('.')[2]}"} & {*names_of}:
            raise ConfigurationError(
                f"--take-over {name}: the load balancer still shows the certificate of {names(names_of)}, which is not "
                f"valid for it: run `up` with the new dns.domain and another dns.host first, then take it over"
            )


def left_to(records: Mapping[str, Record]) -> list[str]:
    """Return a sentence on each name that was given back: later runs leave it alone."""
    return [
        f"{name} is given back to where it led before ({led_to(former)}), unless somebody has let it lead elsewhere "
        f"since; clients follow within {ALIAS_TTL} s. This stack leaves it alone until "
        f"`provision up --take-over {name}`"
        for name, former in _former(records, given_back=True).items()
    ]


def put_back(going: Mapping[str, Record]) -> list[str]:
    """Return a sentence on each name that leads to its former target again when its record is deleted."""
    return [
        f"{name} was taken over: when its record is deleted, it leads to {led_to(former)} again, if that is still "
        f"there; clients follow within {ALIAS_TTL} s. To have all of them there before anything is deleted, run "
        f"`provision up --give-back {name}` first"
        for name, former in _former(going, given_back=False).items()
    ]


def _former(records: Mapping[str, Record], *, given_back: bool) -> dict[str, list[RawRecord]]:
    """Return the former DNS records by name: of the names given back, or of the names still taken over."""
    named = [(str(record.arguments["record_name"]), record.outputs) for record in recorded_names(records)]
    return {
        name: former
        for name, outputs in named
        if (former := former_of(name, outputs)) and is_given_back(outputs) is given_back
    }


def forgotten(aws: Aws, records: Mapping[str, Record], found: Mapping[str, Record]) -> list[str]:
    """Return the addresses of found names that may have been taken over: only the lost state could tell.

    Args:
        records: the records that the state still has.
    """
    new = recorded_names({address: record for address, record in found.items() if address not in records})
    return [
        record.address
        for record in new
        if record.arguments["type"] == "A" and not is_ours(aws, record.arguments["hosted_zone_id"])
    ]


def adopted(aws: Aws, declared: Mapping[str, Declared], addresses: Collection[str]) -> list[str]:
    """Return a sentence on each name that leads to this stack and is recorded nowhere: it may have been taken over.

    `addresses` are those of the resources that the plan adopts.
    """
    return [
        f"{_name(item)} leads to this stack, and the state has no record of it. If it was taken over from another "
        f"system, the former records are lost: neither `up --give-back` nor `down` can put them back"
        for address, item in _public_names(declared).items()
        if address in addresses
        and not unknown(zone := item.resource.fields()["hosted_zone_id"])
        and not is_ours(aws, zone)
    ]


def recorded_names(records: Mapping[str, Record]) -> Iterator[Record]:
    """Yield the state's records of DNS records that have a name in their arguments."""
    for record in records.values():
        if record.type == RecordSet.type_name and "record_name" in record.arguments:
            yield record


def normal_names(given: Sequence[str]) -> list[str]:
    """Return names in the form of the records, without duplicates."""
    return list(dict.fromkeys(map(normal_name, given)))
