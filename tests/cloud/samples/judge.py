"""The contract that every type keeps, judged on the life that its sample has lived: each breach in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from provisioner.aws import tagging
from provisioner.engine.resource import Resource
from tests.cloud.samples.life import Leg, Life, result


def breaches(life: Life, resource_type: type[Resource]) -> list[str]:
    """Return the ways in which a resource type broke the contract; empty if it kept it."""
    judges = (_made, _changed, _refused, _found, _gone)
    # what is never mended breaks each leg after it in the same way
    return list(
        dict.fromkeys(text for judge in judges for text in judge(life, resource_type, life.addresses[resource_type]))
    )


def strays(life: Life) -> list[str]:
    """Return the writes and changes that nothing called for, and the differences left in the account."""
    idle = (("a second `up`", life.again.outcome), ("`up` without a state", life.lost.outcome))
    found = [
        f"{what} wrote: {', '.join(run.writes)}"
        for what, run in (*idle, ("a second `down`", life.once_more))
        if run.writes
    ]
    samples = {*life.addresses.values()}
    found += [
        f"{_named(leg.tries)} were changed, and the plan {_plans(*leg.differs(other))} of {other}"
        for leg in life.changes
        for other in leg.planned.keys() - leg.tries.keys() - samples
    ]
    return found + [f"{sort} are not as they were before: {what}" for sort, what in life.left.items()]


def _made(life: Life, resource_type: type[Resource], address: str) -> Iterator[str]:
    """Made once, and then left alone: a field for its creation only is no difference."""
    # what AWS makes, or others have, may be there already
    usual = ("created", "unchanged") if resource_type.created_by_aws or resource_type.retained else ("created",)
    yield from _became("the first `up`", address, life.made.result(address), usual)
    action, fields = life.again.differs(address)
    if action != "none":
        yield f"{address} is made, and a second plan {_plans(action, fields)}"
    yield from _became("the second `up`", address, life.again.result(address), ("unchanged",))
    if beside := life.beside[resource_type.type_name]:
        yield f"{_named(beside)} of {address} is no field: it belongs into `Observed.problems` or `details`"


def _changed(life: Life, resource_type: type[Resource], address: str) -> Iterator[str]:
    """Each difference is planned by just its fields, and mended."""
    mine = {tried for leg in life.changes for tried in leg.tries if tried.partition("/")[0] == resource_type.type_name}
    for one in sorted({address, *mine}):
        for leg in life.changes:
            yield from _mended(leg, one)


def _mended(leg: Leg, address: str) -> Iterator[str]:
    tried, (action, fields) = leg.tries.get(address), leg.differs(address)
    if tried is None:
        if action != "none":
            yield f"{address} was left alone since it was mended, and the plan {_plans(action, fields)}"
        return
    what = _named(tried.fields)
    if why := leg.undone.get(address):
        yield f"{what} of {address} could not be changed by hand: {why}"
    elif action != "change" or fields != tried.fields:
        yield f"{what} of {address} was changed, and the plan {_plans(action, fields)}"
    yield from _became(f"`up` after a change of {what}", address, leg.result(address), ("changed",))


def _refused(life: Life, resource_type: type[Resource], address: str) -> Iterator[str]:
    """A change that AWS cannot make in place is refused in the plan, each field by its name."""
    planned, fixed = life.refused.get(address), life.fixed[address].keys()
    action, fields = (planned.action, {*planned.changes}) if planned else ("none", set[str]())
    if action != ("refused" if fixed else "none") or fields != fixed:
        named = _named(fixed)
        yield f"{named} of {address} cannot change: declared otherwise, the plan {_plans(action, fields)}"
    elif planned and (silent := [name for name in fixed if name not in planned.why]):
        yield f"a plan to change {_named(silent)} of {address} is refused with other words: {planned.why}"


def _found(life: Life, resource_type: type[Resource], address: str) -> Iterator[str]:
    """Found without a state, by its tags if it carries any, and taken as it is."""
    how = life.found.get(address)
    if how is None:
        yield f"{address} is not found by `recover` without a state"
    elif tagging.taggable(resource_type) and not resource_type.has_parent and how != "tag":
        yield f"{address} carries tags, and is found by {how} without a state"
    if tagging.taggable(resource_type) and (wrong := life.tags.get(address, "it is not there")):
        yield f"the tags of {address} cannot be read by themselves: {wrong}"
    usual = ("unchanged",) if resource_type.created_by_aws or resource_type.retained else ("adopted",)
    yield from _became("`up` without a state", address, life.lost.result(address), usual)


def _gone(life: Life, resource_type: type[Resource], address: str) -> Iterator[str]:
    """Removed, with nothing left."""
    # of what AWS makes by itself there may be none
    usual = (
        ("retained",)
        if resource_type.retained
        else ("deleted", "unchanged")
        if resource_type.created_by_aws
        else ("deleted",)
    )
    yield from _became("`down`", address, result(life.down, address), usual)
    for outcome in (life.down, life.once_more):
        yield from (
            f"{left.id} of {address} is left by `down`: {left.why}"
            for left in outcome.summary.leftovers
            if left.type_name == resource_type.type_name
        )


def _became(what: str, address: str, became: str, usual: Collection[str]) -> Iterator[str]:
    if became not in usual:
        yield f"{what} ended with {address} {became}"


def _plans(action: str, fields: Collection[str]) -> str:
    return "leaves it as it is" if action == "none" else f"is to {action} {_named(fields)}"


def _named(fields: Collection[str]) -> str:
    return ", ".join(sorted(fields)) or "nothing"
