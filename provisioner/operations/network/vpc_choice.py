"""Choose subnets of an existing VPC for load balancer, tasks and database: first the subnets in use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.config.network import MOST_SUBNETS
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.operations.network.vpc_in_use import InUse
from provisioner.operations.network.vpc_subnets import GATEWAY, OUTPOST, ZONE, Subnet

if TYPE_CHECKING:
    from provisioner.config.models import Config

ZONES = 2
"""The zones that a load balancer and a DB subnet group must have subnets in (ELB, RDS API references)."""
ROOM = 8
"""The free addresses that a load balancer needs in each subnet (Application Load Balancer user guide, subnets)."""


@dataclass(frozen=True)
class Choice:
    """The subnets of a stack, each in the order of the addresses.

    Attributes:
        private: all private subnets that the stack could use.
        way_out: whether the private subnets of tasks have a route to the internet.
        spare: further subnets that a standing stack could use.
    """

    public: Sequence[Subnet]
    private: Sequence[Subnet]
    tasks: Sequence[Subnet]
    database: Sequence[Subnet]
    way_out: bool
    spare: Sequence[Subnet]


def choose(
    config: Config, vpc: str, found: Sequence[Subnet], used: InUse, fargate: Collection[str] | None = None
) -> Choice:
    """Choose the subnets.

    A subnet is public if its default route leads to an internet gateway (VPC user guide, "Subnet types"). Tasks get
    private subnets with a default route if there are any, and the database those without, if they are in two zones.
    What is in use stays as long as it leads where it must; the database leaves no subnet, as RDS refuses that for one
    with an instance (ModifyDBSubnetGroup, SubnetAlreadyInUse).

    Args:
        found: the VPC's subnets.
        fargate: the ids of the zones with Fargate; None if all have it.

    Raises:
        ConfigurationError: `network.subnets` names subnets that cannot be used so.
    """
    named = config.network.subnets
    usable = [one for one in found if one.place == ZONE]
    outside = [one for one in usable if one.leads == GATEWAY]
    inside = [one for one in usable if one.leads != GATEWAY]
    public = _named(config, vpc, found, "public") if named and named.public else _public(outside, used)
    inner = _named(config, vpc, found, "private") if named and named.private else inside
    pool = [one for one in inner if fargate is None or one.zone_id in fargate]
    kept = [] if named and named.private else [one for one in pool if one.id in used.tasks]
    way_out = any(one.leads for one in kept or pool)
    alike = [one for one in pool if bool(one.leads) == way_out]
    if named and named.private:
        tasks: Sequence[Subnet] = alike
    else:
        tasks = _completed([one for one in kept if one in alike], alike) if kept else _spread(alike)
    kept_by_database = [one for one in usable if one.id in used.database]
    places = _database(inner, kept_by_database)
    if named and named.private and kept_by_database:
        places = _ordered({*places, *_without_way(inner)})
    spare = [one for one in (alike if kept and config.network.egress != "public" else ()) if one not in tasks]
    return Choice(public, inner, tasks, places, way_out, spare)


def _public(outside: Sequence[Subnet], used: InUse) -> Sequence[Subnet]:
    """Return a public subnet of each zone: those in use, or else the first with room."""
    kept = [one for one in outside if one.id in (used.balancer or used.tasks)]
    with_room = sorted(outside, key=lambda one: one.free < ROOM)
    return _completed(_one_a_zone(kept), _one_a_zone(with_room)) if kept else _ordered(_one_a_zone(with_room))


def _database(inner: Sequence[Subnet], kept: Sequence[Subnet]) -> Sequence[Subnet]:
    fresh = _without_way(inner)
    return _completed(kept, fresh) if kept else _spread(fresh)


def _without_way(inner: Sequence[Subnet]) -> Sequence[Subnet]:
    """Return the subnets without a way out, which suit a database; all if those are in one zone only."""
    without = [one for one in inner if not one.leads]
    return without if len(zones_of(without)) >= ZONES else inner


def _completed(kept: Sequence[Subnet], others: Sequence[Subnet]) -> Sequence[Subnet]:
    """Return the subnets that are kept; if they are in one zone only, with others in further zones."""
    if len(zones_of(kept)) >= ZONES:
        return _ordered(kept)
    return _ordered([*kept, *(one for one in _one_a_zone(others) if one.zone not in zones_of(kept))])


def _spread(subnets: Sequence[Subnet]) -> Sequence[Subnet]:
    """Return at most as many subnets as ECS takes, from each zone in turn, those with most free addresses first.

    Full ones are left out as long as others are left.
    """
    free = [one for one in subnets if one.free] or subnets
    by_zone = dict[str, list[Subnet]]()
    for one in sorted(free, key=lambda one: -one.free):
        by_zone.setdefault(one.zone, []).append(one)
    turns = [(turn, one) for several in by_zone.values() for turn, one in enumerate(several)]
    return _ordered([one for _, one in sorted(turns, key=lambda pair: pair[0])[:MOST_SUBNETS]])


def _one_a_zone(subnets: Iterable[Subnet]) -> list[Subnet]:
    by_zone: dict[str, Subnet] = {}
    for one in subnets:
        by_zone.setdefault(one.zone, one)
    return list(by_zone.values())


def _ordered(subnets: Iterable[Subnet]) -> Sequence[Subnet]:
    return sorted(subnets, key=lambda one: one.block)


def zones_of(subnets: Iterable[Subnet]) -> set[str]:
    """Return the zones of subnets."""
    return {one.zone for one in subnets}


def _named(config: Config, vpc: str, found: Sequence[Subnet], kind: str) -> Sequence[Subnet]:
    """Return the subnets of `network.subnets`, in the order of the file."""
    key, by_id = f"network.subnets.{kind}", {one.id: one for one in found}
    ids: Sequence[str] = getattr(config.network.subnets, kind)
    if foreign := [one for one in ids if one not in by_id]:
        raise ConfigurationError(f"{key} has {', '.join(foreign)}, which {vpc} does not have: use its own subnets")
    chosen = [by_id[one] for one in ids]
    for one in chosen:
        if one.place != ZONE:
            where = "on an Outpost" if one.place == OUTPOST else f"in {one.zone}, a {one.place.replace('-', ' ')}"
            raise ConfigurationError(
                f"{key} has {one.id} {where}, where Fargate and the database are not: use subnets in Availability Zones"
            )
    if kind == "public":
        _check_public(key, chosen)
    else:
        _check_private(config, key, chosen)
    return chosen


def _check_public(key: str, chosen: Sequence[Subnet]) -> None:
    for one in chosen:
        if one.leads != GATEWAY:
            raise ConfigurationError(
                f"{key} has {one.id}, which has no route to an internet gateway: nobody would reach a load balancer "
                f"in it. Use a public subnet"
            )
    for zone in sorted(zones_of(chosen)):
        if len(several := [one.id for one in chosen if one.zone == zone]) > 1:
            raise ConfigurationError(
                f"{key} has {names(several)}, which are all in {zone}: a load balancer takes one subnet of each zone. "
                f"Name one of them"
            )


def _check_private(config: Config, key: str, chosen: Sequence[Subnet]) -> None:
    if leading := [one.id for one in chosen if one.leads == GATEWAY]:
        instead = "" if config.network.egress == "public" else ', or set network.egress = "public"'
        raise ConfigurationError(
            f"{key} has {names(leading)}, from where the default route leads to an internet gateway, which nothing "
            f"without a public address can use: name private subnets{instead}"
        )
