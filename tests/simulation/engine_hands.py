"""Changes by other people in the simulated cloud, by hand, while no command runs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.simulation.cloud import CloudResource
from tests.simulation.resources import SIMULATED

if TYPE_CHECKING:
    from tests.simulation.engine import World
    from tests.simulation.engine_life import Act


def by_hand(world: World, act: Act) -> None:
    chance = random.Random(act.seed)
    ours = [one for one in world.cloud.alive() if one.maker and one.sort != "keepsake"]
    if act.verb == "squat":
        _squat(world, chance)
        return
    if not ours:
        return
    if act.verb == "hand over":
        _hand_over(world, ours)
        return
    one = chance.choice(ours)
    world.say(f"by hand: {act.verb} {one.id}")
    if act.verb == "delete":
        for other in _with_users(world, one):
            _vanish(world, other)
    elif act.verb == "resize":
        one.fields["size"] += 10
        _show(world, one)
    elif act.verb in {"untag", "readdress"} and one.tags:
        one.tampered = True
        key = "Project" if act.verb == "untag" else "provisioner:address"
        one.tags[key] = "other" if act.verb == "untag" else chance.choice([*world.stack.declared, "box/other"])
        _show(world, one)
    elif act.verb == "share" and one.sort == "common":
        world.cloud.make(f"foreign-{act.seed}", "foreign", {"uses": [one.id]}, {}, "")
    elif act.verb == "visit" and f"visitors/{one.id.partition(':')[2]}" in world.memory.records():
        world.cloud.make(f"visitor-{act.seed}", "visitor", {"whole": one.id}, {}, "")


def _show(world: World, one: CloudResource) -> None:
    """Let lists show another person's change at once: no run made it, so none can know of it."""
    one.views.clear()
    world.cloud.publish(one)


def _vanish(world: World, one: CloudResource) -> None:
    world.cloud.remove(one, 0)
    one.views = [(world.hub.now, world.hub.now, None)]


def _with_users(world: World, one: CloudResource) -> list[CloudResource]:
    users = [other for other in world.cloud.alive() if one.id in other.needs() and other.sort != "foreign"]
    return [found for user in users for found in _with_users(world, user)] + [one]


def _squat(world: World, chance: random.Random) -> None:
    names = [item for item in world.config if item.kind in {"title", "tower"}]
    if names:
        item = chance.choice(names)
        taken = f"{item.kind}:{item.title}"
        if taken not in {one.id for one in world.cloud.there()}:
            fields = {"size": 7, "shape": item.shape, "uses": [], "hints": [], "title": item.title}
            world.cloud.make(taken, item.kind, fields, {"Owner": "somebody"}, "")
            world.say(f"by hand: a foreign {taken}")


def _hand_over(world: World, ours: list[CloudResource]) -> None:
    """Mark all resources as another stack's of the same name; resources without tags show no mark."""
    world.say("by hand: all tags are another stack's")
    for one in ours:
        if one.tags:
            one.tampered = True
            one.tags["Project"] = "other"
            _show(world, one)


def handed_over(world: World) -> bool:
    """Return whether all resources that can show an owner show another stack."""
    records = {(record.type, record.id) for record in world.memory.records().values()}
    tagged = [one for one in world.cloud.there() if one.maker and one.tags]
    named = any("title" in one.fields and (one.sort, one.id) in records for one in tagged)
    return named and all(one.tags["Project"] == "other" for one in tagged)


def undo_tampering(world: World) -> None:
    """Remove foreign resources from our names, restore tags, and remove forgotten resources."""
    for one in list(world.cloud.alive()):
        if not one.maker and one.sort != "visitor" and one.sort in SIMULATED:
            world.cloud.remove(one, 0)
    for one in list(world.cloud.alive()):
        if one.tampered:
            for other in _with_users(world, one):
                _vanish(world, other)
