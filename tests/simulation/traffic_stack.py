"""Random workers with their gates, pools and signs, and a person's edits. Each has random numbers of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation import stack as stacks
from tests.simulation.engine_life import LET_IN
from tests.simulation.stack import Config, Item, Use
from tests.simulation.traffic_kinds import KINDS

if TYPE_CHECKING:
    from tests.simulation.engine import World
    from tests.simulation.engine_life import Act

__all__ = ("LET_IN", "drawn", "edited", "let_in")
KEYS, FOREIGN = 4, 9
"""The number of keys for workers, and the key of somebody else."""


def drawn(seed: str, config: Config, count: int) -> Config:
    """Return the configuration with so many more workers."""
    chance = random.Random(f"{seed}/traffic/config")
    boxes = [item for item in config if item.kind == "box"]
    uses = (Use(chance.choice(boxes).address),) if boxes and chance.random() < 0.3 else ()
    config = (*config, Item("gate", "main", "network", uses=uses))
    for _ in range(count):
        config = _added(chance, config)
    return config


def edited(seed: str, config: Config, former: Sequence[Config]) -> tuple[Config, str]:
    """Return the configuration after a person's edits, and their names.

    Args:
        former: the configurations before the last edits, which may be taken back.
    """
    chance = random.Random(f"{seed}/traffic/edit")
    if former and chance.random() < 0.2:
        return chance.choice(former[-2:]), "taken back"
    done = []
    if chance.random() < 0.2:
        config, what = stacks.edited(seed, config)
        done.append(what)
    for _ in range(chance.choice((1, 1, 2))):
        edit = chance.choices(list(EDITS), list(EDITS.values()))[0]
        config = _in_order(edit(chance, config))
        done.append(edit.__name__.strip("_"))
    return config, ", ".join(done)


def let_in(world: World, act: Act) -> None:
    """Let another person's key through a gate."""
    gates = [one for one in world.cloud.alive() if one.sort == "gate" and one.maker]
    if gates:
        gate = random.Random(act.seed).choice(gates)
        gate.fields["lets"] = sorted({*gate.fields["lets"], FOREIGN})
        gate.views.clear()
        world.cloud.publish(gate)
        world.truth.foreign.setdefault(gate.id, set()).add(FOREIGN)
        world.truth.forgive()
        world.say(f"by hand: {gate.id} lets {FOREIGN} through")


# -- the parts ---------------------------------------------------------------------------------------------------------


def _of(config: Config, kind: str) -> list[Item]:
    return [item for item in config if item.kind == kind]


def _used(item: Item, how: str) -> list[str]:
    return [use.address for use in item.uses if use.how == how]


def _signs(config: Config, worker: Item) -> list[Item]:
    """Return the signs that lead to a worker's pool."""
    return [sign for sign in _of(config, "sign") if _used(sign, "leads") == _used(worker, "pool") != []]


def _in_order(config: Config) -> Config:
    """Put each worker after its signs, and all items after their dependencies; remove unused items."""
    through = {gate for worker in _of(config, "worker") for gate in _used(worker, "gates")}
    pools = {pool for worker in _of(config, "worker") for pool in _used(worker, "pool")}

    def stays(item: Item) -> bool:
        unused = item.kind == "gate" and item.address not in through and item.name != "main"
        led = item.kind != "sign" or bool({*_used(item, "leads")} & pools)
        return not unused and led and (item.kind != "pool" or item.address in pools)

    kept = tuple(item for item in config if stays(item))
    first = [item for item in kept if item.kind not in KINDS]
    parts = [_tied(kept, item) for kind in KINDS for item in _of(kept, kind)]
    return (*first, *parts)


def _tied(config: Config, item: Item) -> Item:
    if item.kind != "worker":
        return item
    rest = tuple(use for use in item.uses if not use.address.startswith("sign/"))
    return replace(item, uses=(*rest, *(Use(sign.address, how="after") for sign in _signs(config, item))))


def _free(chance: random.Random, config: Config, kind: str) -> str:
    """Return a name that no item of a kind has; it may still be recorded."""
    taken = {item.name for item in config if item.kind == kind}
    return chance.choice([name for name in "abcdefgh" if name not in taken])


# -- editing -----------------------------------------------------------------------------------------------------------


def _added(chance: random.Random, config: Config) -> Config:
    """Add a worker, mostly with a sign that leads to it."""
    if len(_of(config, "worker")) > 4:
        return config
    name = _free(chance, config, "worker")
    uses = [Use("gate/main", how="gates")] if any(item.address == "gate/main" for item in config) else []
    more: list[Item] = []
    if chance.random() < 0.4:
        gate = Item("gate", _free(chance, config, "gate"), "network")
        more.append(gate)
        uses.append(Use(gate.address, how="gates"))
    if chance.random() < 0.8:
        pool = Item("pool", _free(chance, config, "pool"), "network")
        titles = {item.title for item in config}
        for _ in range(chance.choice((1, 1, 2))):
            title = next(t for n in range(100) if (t := f"sign-{n}") not in titles)
            titles.add(title)
            more.append(Item("sign", title[5:], "network", title, uses=(Use(pool.address, how="leads"),)))
        more.insert(0, pool)
        uses.append(Use(pool.address, how="pool"))
    others = _of(config, "worker")
    slow = [item for item in config if item.kind in {"tower", "realm", "member"}]
    for how, rate in (("start", 0.3), ("change", 0.3)):
        if (found := others + slow) and chance.random() < rate:
            uses.append(Use(chance.choice(found).address, how=how))
    worker = Item("worker", name, "services", uses=tuple(uses), key=chance.randrange(KEYS))
    return _in_order((*config, *more, worker))


def _rekeyed(chance: random.Random, config: Config) -> Config:
    for worker in chance.sample(_of(config, "worker"), min(len(_of(config, "worker")), chance.choice((1, 1, 2)))):
        new = replace(worker, key=chance.randrange(KEYS))
        config = tuple(new if item == worker else item for item in config)
    return config


def _renamed(chance: random.Random, config: Config) -> Config:
    """Rename a worker, with its pool and sometimes its gates: new ones replace the former ones."""
    if not (workers := _of(config, "worker")):
        return config
    worker = chance.choice(workers)
    gates = _used(worker, "gates") if chance.random() < 0.4 else []
    for address in (worker.address, *_used(worker, "pool"), *gates):
        item = next(item for item in config if item.address == address)
        key = chance.choice((item.key, item.key, chance.randrange(KEYS)))
        config = stacks.renamed(config, item, replace(item, name=_free(chance, config, item.kind), key=key))
    return config


def _called(chance: random.Random, config: Config) -> Config:
    """Rename a sign or a gate: the sign keeps its title and stays the same; the gate is a new one."""
    if not (found := _of(config, "sign") + _of(config, "gate")):
        return config
    item = chance.choice(found)
    return stacks.renamed(config, item, replace(item, name=f"{item.name}x"))


def _removed(chance: random.Random, config: Config) -> Config:
    """Remove a worker; its signs are removed too, or lead to another one from then on."""
    if not (workers := _of(config, "worker")):
        return config
    gone = chance.choice(workers)
    heirs = [item for item in workers if item != gone and _signs(config, item)]
    if heirs and chance.random() < 0.6:
        (pool,) = _used(chance.choice(heirs), "pool")
        for sign in _signs(config, gone):
            config = _leading(config, sign, pool)
    return tuple(
        replace(item, uses=tuple(use for use in item.uses if use.address != gone.address))
        for item in config
        if item != gone
    )


def _moved(chance: random.Random, config: Config) -> Config:
    """Let a sign lead to another existing worker, which gives one in return if it was the last."""
    served = [worker for worker in _of(config, "worker") if _signs(config, worker)]
    if len(served) < 2:
        return config
    one, other = chance.sample(served, 2)
    signs, theirs = _signs(config, one), _signs(config, other)
    back = theirs if len(signs) == 1 else []
    config = _leading(config, chance.choice(signs), *_used(other, "pool"))
    return _leading(config, chance.choice(back), *_used(one, "pool")) if back else config


def _leading(config: Config, sign: Item, pool: str) -> Config:
    new = replace(sign, uses=(Use(pool, how="leads"),))
    return tuple(new if item == sign else item for item in config)


EDITS: dict[Callable[[random.Random, Config], Config], float] = {
    _rekeyed: 5,
    _renamed: 4,
    _removed: 2,
    _moved: 3,
    _added: 1.5,
    _called: 1,
}
