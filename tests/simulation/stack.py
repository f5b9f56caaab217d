"""Random configurations of resources that depend on each other, and a person's edits between runs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from provisioner.config.facts import Facts
from provisioner.config.models import Config as Settings
from provisioner.engine.declaration import Handle, ready
from provisioner.engine.resource import Resource
from provisioner.steps.stack import Stack
from tests.simulation.resources import SIMULATED, Title
from tests.simulation.traffic_kinds import KINDS, settings

FACTS = Facts("123456789012", "aws", "sim-1", (), "ami-1", None, (), engine=False, local=True)
NEEDED = ("box", "ticket", "title", "tower", "member", "realm", "common")
"""The resource types that others can depend on."""
WEIGHTS = {"box": 4, "ticket": 2, "title": 4, "tower": 2, "member": 1, "piece": 3, "edition": 3, "build": 1,
           "keepsake": 1, "common": 1, "visitors": 1}  # fmt: skip
STEPS = ("network", "data", "services")


@dataclass(frozen=True)
class Use:
    """An edge: the needed address, its output, whether it must be ready, and the way it is declared.

    `how`: in a field that cannot change (`uses`), in one that can (`hints`), or beside the fields (`after`, and the
    orders `start` and `change`). Of a worker: its `gates` and its `pool`; of a sign: the pool to which it `leads`.
    """

    address: str
    output: str = "id"
    ready: bool = False
    how: str = "uses"


@dataclass(frozen=True)
class Item:
    """One declared resource, in plain data."""

    kind: str
    name: str
    step: str
    title: str = ""
    size: int = 0
    shape: int = 0
    uses: tuple[Use, ...] = ()
    whole: str = ""
    slot: int = 0
    guard: bool = False
    key: int = 0

    @property
    def address(self) -> str:
        return f"{self.kind}/{self.name}"

    def needs(self) -> list[str]:
        return [use.address for use in self.uses] + ([self.whole] if self.whole else [])


Config = tuple[Item, ...]


NOTHING = Settings.model_validate({"services": {"web": {"image": "a:1", "port": 80}}})
"""A placeholder for `stack.toml`, which the simulation's steps do not read."""


def declare(config: Config) -> Stack:
    """Return the stack with everything declared, by the real `ensure`."""
    stack = Stack(NOTHING, FACTS)
    handles: dict[str, Handle] = {}
    for item in config:
        stack._step = item.step
        after = [_handle(use, handles) for use in item.uses if use.how == "after"]
        start, change = ([handles[use.address] for use in item.uses if use.how == how] for how in ("start", "change"))
        wanted = _wanted(item, handles, config)
        handles[item.address] = stack.ensure(
            wanted, after=after, start_after=start, change_after={one: one for one in change}
        )
    return stack


def _handle(use: Use, handles: dict[str, Handle]) -> Handle:
    return ready(handles[use.address]) if use.ready else handles[use.address]


def _wanted(item: Item, handles: dict[str, Handle], config: Config) -> Resource:
    kind = SIMULATED[item.kind]
    if item.kind == "visitors":
        return kind(item.name)
    values: dict[str, Any] = {"size": item.size, "shape": item.shape, **settings(item, handles, config)}
    for how in ("uses", "hints"):
        values[how] = [getattr(_handle(use, handles), use.output) for use in item.uses if use.how == how]
    if item.title:
        values["title"] = item.title
    if item.kind == "piece":
        values |= {"whole": handles[item.whole].id, "slot": item.slot}
    if item.guard:
        values["guard"] = True
    return kind(item.name, **values)


def plain(config: Config) -> Config:
    """Return the items except the types whose changes have parts, which are drawn and edited by themselves."""
    return tuple(item for item in config if item.kind not in KINDS)


# -- drawing -----------------------------------------------------------------------------------------------------------


def drawn(seed: str, count: int) -> Config:
    """Return a configuration of about so many resources."""
    chance, first = random.Random(seed), random.Random(f"{seed}/realm")
    # a random stream of its own, so that the other lives stay the same
    config: Config = (Item("realm", "main", "services", "shop-dev-realm"),) if first.random() < 0.2 else ()
    for _ in range(count):
        config = added(chance, config)
    return config


def added(chance: random.Random, config: Config) -> Config:
    """Add a resource that depends on some of the existing ones."""
    names = {item.address for item in config}
    kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    wholes = [item for item in config if item.kind == ("title" if kind == "visitors" else "box")]
    if kind in {"piece", "visitors"} and not wholes:
        kind = "box"
    step = chance.choice(STEPS)
    if kind == "visitors":
        whole = chance.choice(wholes)
        item = Item(kind, whole.title, step, uses=(Use(whole.address, how="after"),))
        return config if item.address in names else (*config, item)
    # a name that is free may still be recorded
    first = chance.choice((0, len(plain(config))))
    name = next(n for n in map(str, range(first, 1000)) if f"{kind}/{n}" not in names)
    titled = issubclass(SIMULATED[kind], Title)
    taken = {other.title for other in config}
    title = next(t for n in range(len(config), 1000) if (t := f"shop-dev-{n}") not in taken)
    item = Item(kind, name, step, title if titled else "", chance.randrange(3))
    candidates = [other for other in config if other.kind in NEEDED]
    for other in chance.sample(candidates, min(len(candidates), chance.choice((0, 1, 1, 2)))):
        resource_type: Any = SIMULATED[other.kind]
        slow = resource_type.lasts > 0
        how = chance.choice(("uses", "uses", "hints", "after"))
        output = "mark" if how == "hints" and slow and chance.random() < 0.5 else "id"
        if kind not in {"keepsake", "common"}:
            item = replace(item, uses=(*item.uses, Use(other.address, output, chance.random() < 0.4, how)))
    if kind == "piece":
        whole = chance.choice(wholes)
        slots = {other.slot for other in config if other.whole == whole.address}
        item = replace(item, whole=whole.address, slot=next(n for n in range(1000) if n not in slots))
    if kind == "tower" and chance.random() < 0.2:
        item = replace(item, guard=True)
    return (*config, item)


# -- editing -----------------------------------------------------------------------------------------------------------


def edited(seed: str, config: Config) -> tuple[Config, str]:
    """Return the configuration after a person's edits, and their names."""
    chance = random.Random(seed)
    done = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        name, edit = chance.choice(list(EDITS.items()))
        config = edit(chance, config)
        done.append(name)
    return config, ", ".join(done)


def _removed(chance: random.Random, config: Config) -> Config:
    """Remove a resource with all its dependents, or remove the references to it."""
    if not plain(config):
        return config
    gone = {chance.choice(plain(config)).address}
    alone = chance.random() < 0.5
    kept: list[Item] = []
    for item in config:
        if item.address in gone or (gone & set(item.needs()) and (not alone or item.whole in gone)):
            gone.add(item.address)
        else:
            kept.append(replace(item, uses=tuple(use for use in item.uses if use.address not in gone)))
    return tuple(kept)


def _renamed(chance: random.Random, config: Config) -> Config:
    """Rename a resource, sometimes to a name that another one had until now."""
    candidates = [item for item in plain(config) if item.kind != "visitors"]
    if not candidates:
        return config
    item = chance.choice(candidates)
    new = replace(item, name=f"{item.name}{chance.choice('xyz')}", size=item.size + (chance.random() < 0.4))
    if chance.random() < 0.3:
        same = [other for other in config if other.kind == item.kind and other != item and not _users(config, other)]
        if same:
            victim = chance.choice(same)
            config = tuple(other for other in config if other != victim)
            new = replace(new, name=victim.name)
    if any(other.address == new.address for other in config):
        return config
    return renamed(config, item, new)


def renamed(config: Config, item: Item, new: Item) -> Config:
    """Return the configuration with a renamed resource, and all references to it updated."""
    return tuple(_pointing(new if other == item else other, item.address, new.address) for other in config)


def _users(config: Config, item: Item) -> list[Item]:
    return [other for other in config if item.address in other.needs()]


def _pointing(item: Item, old: str, new: str) -> Item:
    uses = tuple(replace(use, address=new) if use.address == old else use for use in item.uses)
    return replace(item, uses=uses, whole=new if item.whole == old else item.whole)


def _changing(**changes: Callable[[random.Random, Item], Any]) -> Callable[[random.Random, Config], Config]:
    def edit(chance: random.Random, config: Config) -> Config:
        candidates = [item for item in plain(config) if item.kind not in {"visitors", "keepsake", "common"}]
        if not candidates:
            return config
        item = chance.choice(candidates)
        new = replace(item, **{name: change(chance, item) for name, change in changes.items()})
        return tuple(new if other == item else other for other in config)

    return edit


def _retitled(chance: random.Random, config: Config) -> Config:
    """Give a titled resource another name in the cloud, which AWS cannot change, at another or the same address."""
    candidates = [item for item in plain(config) if item.title and not _users(config, item)]
    if not candidates:
        return config
    item = chance.choice(candidates)
    new = replace(item, title=item.title + "n")
    if chance.random() < 0.7:
        new = replace(new, name=item.name + "n")
    if any(other.address == new.address and other != item for other in config):
        return config
    return tuple(new if other == item else other for other in config)


EDITS: dict[str, Callable[[random.Random, Config], Config]] = {
    "added": added,
    "deleted": _removed,
    "renamed": _renamed,
    "resized": _changing(size=lambda chance, item: item.size + 1),
    "reshaped": _changing(shape=lambda chance, item: chance.choice((item.shape, item.shape, item.shape + 1))),
    "moved": _changing(step=lambda chance, item: chance.choice(STEPS)),
    "retitled": _retitled,
    "unguarded": _changing(guard=lambda chance, item: item.kind == "tower" and chance.random() < 0.3),
}
