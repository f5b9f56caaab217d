"""Resource types of the simulation only: one for each way in which the engine treats a resource."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from provisioner.aws.ownership import ADDRESS_TAG
from provisioner.engine.declaration import unknown
from provisioner.engine.resource import RESOURCE_TYPES, Changes, Observed, Resource
from provisioner.engine.traits import FreesDependenciesEarly, KnownByContent, ListedLate
from tests.simulation.client import Client
from tests.simulation.cloud import Cloud, CloudResource, View, refusal
from tests.simulation.hub import Violation

REAL = dict(RESOURCE_TYPES)
"""The imported resource types of the tool itself, without the simulation's own."""


@dataclass(frozen=True)
class Box(Resource):
    """A type known by its tags only, as a VPC is."""

    size: int = 0
    shape: int = 0
    uses: Sequence[str] = ()
    hints: Sequence[str] = ()

    type_name: ClassVar[str] = "box"
    service: ClassVar[str] = "ec2"
    outputs: ClassVar[Sequence[str]] = ("mark",)
    create_only: ClassVar[frozenset[str]] = frozenset({"shape", "uses"})
    tagged: ClassVar[bool] = True
    in_use: ClassVar[str] = "DependencyViolation"
    """AWS's answer to a delete while something depends on it."""
    singly: ClassVar[bool] = False
    """True if a look reads single resources instead of the whole list."""
    lasts: ClassVar[float] = 0.0
    """Seconds until it works, and until it is gone."""
    unlisted: ClassVar[bool] = False
    """True if lists show it only once it works."""

    @classmethod
    def list(cls, aws: Client, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        named = [tuple(fields[name] for name in cls.identity) for fields in known] if cls.identity else []
        for one, view in aws.ask(f"List {cls.type_name}", lambda: aws.cloud.listed(cls.type_name)):
            owned = cls.is_owned(aws, view)
            if owned or tuple(view.fields[name] for name in cls.identity) in named:
                yield cls.live(aws, one, view, owned=owned)

    @classmethod
    def read_some(
        cls, aws: Client, known: Sequence[Mapping[str, Any]], ids: Collection[str]
    ) -> Iterable[Observed] | None:
        return [live for live in cls.list(aws, known) if live.id in ids] if cls.singly else None

    @classmethod
    def is_owned(cls, aws: Client, view: View) -> bool:
        return aws.owns(view.tags)

    @classmethod
    def live(cls, aws: Client, one: CloudResource, view: View, *, owned: bool) -> Observed:
        works = aws.cloud.now() >= one.ready
        outputs = {"mark": f"mark-{one.id}"} if works or not cls.lasts else {}
        status = "deleting" if view.deleting else "available" if works else "pending"
        address = aws.address_in(view.tags)
        return Observed(one.id, view.fields, outputs, address, owned, status, view.deleting)

    def create(self, aws: Client, token: str) -> Observed:
        made = aws.write(
            "create", self.type_name, self.address, lambda: self.made(aws.cloud, aws.tags(self.address), token)
        )
        return self.live(aws, made, View(dict(made.fields), dict(made.tags)), owned=True)

    def made(self, cloud: Cloud, tags: Mapping[str, str], token: str) -> CloudResource:
        """Carry out the create call."""
        self.acceptable(cloud)
        tags = tags if self.tagged else {}
        more = {"token": token, "delay": self.lasts, "unlisted": self.unlisted}
        return cloud.make(self.new_id(cloud), self.type_name, self.fields(), tags, self.address, **more)

    def acceptable(self, cloud: Cloud) -> None:
        """Refuse settings that AWS would refuse."""
        if unknown(self.fields()):
            raise Violation(f"{self.address} is made although not all that it needs is known: {self.fields()}")
        for needed in (*self.uses, *self.hints):
            cloud.get(needed.removeprefix("mark-"), f"create {self.type_name}")

    def new_id(self, cloud: Cloud) -> str:
        return f"{self.type_name}-{len(cloud.resources)}"

    def update(self, aws: Client, live: Observed, changes: Changes) -> None:
        wanted = {name: change.new for name, change in changes.items()}

        def effect() -> None:
            one = self.changeable(aws.cloud, live.id)
            one.ignored = aws.cloud.ignores()
            if one.ignored:
                return
            one.fields.update(wanted)
            one.ready = max(one.ready, aws.cloud.now() + self.lasts / 2)
            aws.cloud.publish(one)

        aws.write("update", self.type_name, live.id, effect)
        aws.changed(live.id, wanted)

    @classmethod
    def changeable(cls, cloud: Cloud, id: str) -> CloudResource:
        """Return a resource that can be changed now; refuse like AWS if it cannot."""
        one = cloud.get(id, "update")
        if one.gone is not None or (cloud.now() < one.ready and cls.update_when_ready):
            raise refusal("InvalidDBInstanceState" if cls.update_when_ready else "InvalidResource.NotFound", "update")
        return one

    @classmethod
    def delete(cls, aws: Client, live: Observed) -> None:
        aws.write("delete", cls.type_name, live.id, lambda: cls.deleted(aws.cloud, live.id))

    @classmethod
    def deleted(cls, cloud: Cloud, id: str) -> None:
        """Carry out the delete call."""
        one = cloud.get(id, "delete")
        for other in cloud.there():
            if other.sort not in {"edition", "build"} and id in other.needs():
                raise refusal(cls.in_use, "delete")
        if one.fields.get("guard"):
            raise refusal("OperationNotPermitted", "delete")
        cloud.remove(one, cls.lasts)

    @classmethod
    def retag(cls, cloud: Cloud, id: str, tags: Mapping[str, str]) -> None:
        one = cloud.get(id, "tag")
        if one.gone is not None:
            raise refusal("InvalidResource.NotFound", "tag")
        one.tags.update(tags)
        one.maker = tags[ADDRESS_TAG]
        cloud.publish(one)

    @classmethod
    def tagging(cls, cloud: Cloud, id: str) -> Mapping[str, str]:
        """Return the tags of a resource."""
        return cloud.get(id, "read tags").tags

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        return None if live.status == "available" else f"it to be available ({live.status})"


@dataclass(frozen=True)
class Ticket(Box):
    """A type known by its tags, created once a client token, and read once it is created; as a certificate is."""

    type_name: ClassVar[str] = "ticket"
    singly: ClassVar[bool] = True

    def create(self, aws: Client, token: str) -> Observed:
        live = super().create(aws, token)
        aws.ask(f"Describe {self.type_name}", lambda: aws.cloud.get(live.id, "describe"))
        return live

    def made(self, cloud: Cloud, tags: Mapping[str, str], token: str) -> CloudResource:
        same = next((one for one in cloud.there() if one.sort == self.type_name and one.token == token), None)
        return same or super().made(cloud, tags, token)


@dataclass(frozen=True)
class Title(Box):
    """A type known by its name, which AWS keeps unique, as a role is; its id is its name."""

    title: str = ""

    type_name: ClassVar[str] = "title"
    service: ClassVar[str] = "iam"
    identity: ClassVar[Sequence[str]] = ("title",)
    derived: ClassVar[Sequence[str]] = ("id", "mark")
    create_only: ClassVar[frozenset[str]] = frozenset({"title", "shape", "uses"})
    in_use: ClassVar[str] = "DeleteConflict"

    def acceptable(self, cloud: Cloud) -> None:
        super().acceptable(cloud)
        if any(one.sort == self.type_name and one.fields["title"] == self.title for one in cloud.there()):
            raise refusal("EntityAlreadyExists", f"create {self.type_name}")

    def new_id(self, cloud: Cloud) -> str:
        return f"{self.type_name}:{self.title}"

    @classmethod
    def deleted(cls, cloud: Cloud, id: str) -> None:
        if any(one.fields.get("whole") == id for one in cloud.there()):
            raise refusal(cls.in_use, "delete")
        super().deleted(cloud, id)


@dataclass(frozen=True)
class Tower(Title):
    """A slow type: minutes to work and to go, no changes meanwhile, optional protection; as a database is."""

    guard: bool = False

    type_name: ClassVar[str] = "tower"
    service: ClassVar[str] = "rds"
    update_when_ready: ClassVar[bool] = True
    singly: ClassVar[bool] = True
    protection: ClassVar[str] = "guard"
    in_use: ClassVar[str] = "InvalidDBClusterStateFault"
    lasts: ClassVar[float] = 120.0

    @classmethod
    def delete(cls, aws: Client, live: Observed) -> None:
        if live.attributes.get("guard"):
            aws.write("unguard", cls.type_name, live.id, lambda: cls.unguarded(aws.cloud, live.id))
        super().delete(aws, live)

    @classmethod
    def unguarded(cls, cloud: Cloud, id: str) -> None:
        one = cls.changeable(cloud, id)
        one.fields["guard"] = False
        cloud.publish(one)


@dataclass(frozen=True)
class Member(FreesDependenciesEarly, Tower):
    """A slow type with a generated id; its dependencies can go once its removal is accepted; as a database instance."""

    type_name: ClassVar[str] = "member"
    derived: ClassVar[Sequence[str]] = ()
    protection: ClassVar[str] = ""

    def new_id(self, cloud: Cloud) -> str:
        return Box.new_id(self, cloud)


@dataclass(frozen=True)
class Realm(ListedLate, Title):
    """A type created by an operation, with no id and in no list until it ends; as a namespace of Cloud Map is."""

    type_name: ClassVar[str] = "realm"
    derived: ClassVar[Sequence[str]] = ()
    lasts: ClassVar[float] = 70.0
    unlisted: ClassVar[bool] = True
    listed_within: ClassVar[float] = 120.0

    def new_id(self, cloud: Cloud) -> str:
        return Box.new_id(self, cloud)

    def made(self, cloud: Cloud, tags: Mapping[str, str], token: str) -> CloudResource:
        same = next((one for one in cloud.there() if one.sort == self.type_name and one.token == token), None)
        return same or super().made(cloud, tags, token)

    def create(self, aws: Client, token: str) -> Observed:
        return replace(super().create(aws, token), id="", outputs={}, status="creating")


@dataclass(frozen=True)
class Piece(Box):
    """A part of a box without tags of its own, as a listener's rule is: told by the whole and its slot."""

    whole: str = ""
    slot: int = 0

    type_name: ClassVar[str] = "piece"
    identity: ClassVar[Sequence[str]] = ("whole", "slot")
    has_parent: ClassVar[bool] = True
    create_only: ClassVar[frozenset[str]] = frozenset({"shape", "uses", "whole", "slot"})
    tagged: ClassVar[bool] = False

    @classmethod
    def list(cls, aws: Client, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        wholes = {live.id: live.owned for live in aws.live(Box)}
        for one, view in aws.ask(f"List {cls.type_name}", lambda: aws.cloud.listed(cls.type_name)):
            if (whole := view.fields["whole"]) in wholes:
                yield cls.live(aws, one, view, owned=wholes[whole])

    def acceptable(self, cloud: Cloud) -> None:
        super().acceptable(cloud)
        cloud.get(self.whole, f"create {self.type_name}")
        place = (self.whole, self.slot)
        if any(
            one.sort == self.type_name and (one.fields["whole"], one.fields["slot"]) == place for one in cloud.there()
        ):
            raise refusal("RouteAlreadyExists", f"create {self.type_name}")


@dataclass(frozen=True)
class Edition(Title):
    """A type that never changes: other content makes a new revision, and older ones stay; as a task definition."""

    type_name: ClassVar[str] = "edition"
    versioned: ClassVar[bool] = True
    singly: ClassVar[bool] = True
    derived: ClassVar[Sequence[str]] = ("id",)
    create_only: ClassVar[frozenset[str]] = frozenset({"title"})

    @classmethod
    def list(cls, aws: Client, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        names = {fields["title"] for fields in known}
        found: dict[str, Observed] = {}
        for one, view in aws.ask(f"List {cls.type_name}", lambda: aws.cloud.listed(cls.type_name)):
            title = view.fields["title"]
            owned = aws.owns(view.tags)
            if not view.deleting and (owned or (title in names and not (title in found and found[title].owned))):
                live = cls.live(aws, one, view, owned=owned)
                found[title] = Observed(title, live.attributes, {"mark": one.id}, live.address, owned, live.status)
        return found.values()

    def acceptable(self, cloud: Cloud) -> None:
        Box.acceptable(self, cloud)
        mine = [one for one in cloud.alive() if one.sort == self.type_name and one.fields["title"] == self.title]
        if mine and mine[-1].maker == self.address and mine[-1].fields == self.fields() and not mine[-1].tampered:
            raise Violation(f"{self.address}: the same revision is made twice")

    def new_id(self, cloud: Cloud) -> str:
        return f"{self.title}:{len(cloud.resources)}"

    def create(self, aws: Client, token: str) -> Observed:
        made = super().create(aws, token)
        return Observed(self.title, made.attributes, {"mark": made.id}, self.address, status="available")

    @classmethod
    def delete(cls, aws: Client, live: Observed) -> None:
        """Delete all revisions that the lists show, and the found one, one call each."""
        cls.delete_revisions(aws, live, live.id, lambda revision: True)

    @classmethod
    def delete_revisions(cls, aws: Client, live: Observed, title: str, which: Callable[[str], bool]) -> None:
        listed = [
            one.id
            for one, view in aws.ask(f"List {cls.type_name}", lambda: aws.cloud.listed(cls.type_name))
            if view.fields["title"] == title and aws.owns(view.tags) and not view.deleting and which(one.id)
        ]
        for mark in dict.fromkeys([*listed, str(live.outputs["mark"])]):
            aws.write("delete", cls.type_name, mark, partial(cls.deleted, aws.cloud, mark))

    @classmethod
    def tagging(cls, cloud: Cloud, id: str) -> Mapping[str, str]:
        for one in reversed(cloud.there()):
            if one.sort == cls.type_name and one.fields["title"] == id:
                return one.tags
        raise refusal("InvalidResource.NotFound", "read tags")

    @classmethod
    def retag(cls, cloud: Cloud, id: str, tags: Mapping[str, str]) -> None:
        for one in list(cloud.alive()):
            if one.sort == cls.type_name and one.fields["title"] == id and one.maker:
                one.tags.update(tags)
                one.maker = tags[ADDRESS_TAG]
                cloud.publish(one)


@dataclass(frozen=True)
class Build(Edition):
    """A type with revisions, each with an id of its own, of which only the newest is listed; as an image is."""

    type_name: ClassVar[str] = "build"
    derived: ClassVar[Sequence[str]] = ()

    @classmethod
    def list(cls, aws: Client, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        return [replace(live, id=live.outputs["mark"]) for live in super().list(aws, known)]

    def create(self, aws: Client, token: str) -> Observed:
        made = super().create(aws, token)
        return replace(made, id=made.outputs["mark"])

    @classmethod
    def delete(cls, aws: Client, live: Observed) -> None:
        """Delete this revision and the earlier ones."""
        cls.delete_revisions(
            aws, live, live.attributes["title"], lambda revision: _number(revision) <= _number(live.id)
        )

    @classmethod
    def tagging(cls, cloud: Cloud, id: str) -> Mapping[str, str]:
        return cloud.get(id, "read tags").tags

    @classmethod
    def retag(cls, cloud: Cloud, id: str, tags: Mapping[str, str]) -> None:
        super().retag(cloud, cloud.get(id, "tag").fields["title"], tags)


@dataclass(frozen=True)
class Keepsake(Title):
    """A type shared by all stacks, without tags, never removed; as a service-linked role is."""

    type_name: ClassVar[str] = "keepsake"
    retained: ClassVar[bool] = True
    tagged: ClassVar[bool] = False

    @classmethod
    def is_owned(cls, aws: Client, view: View) -> bool:
        return True


@dataclass(frozen=True)
class Common(KnownByContent, Title):
    """A type known by its content, and not deleted while others use it; as a certificate's validation record is."""

    type_name: ClassVar[str] = "common"
    tagged: ClassVar[bool] = False
    foreign: ClassVar[str] = "is another stack's"

    @classmethod
    def is_owned(cls, aws: Client, view: View) -> bool:
        return str(view.fields["title"]).startswith("shop-dev")

    @classmethod
    def shared(cls, aws: Client, live: Observed) -> bool:
        return bool(aws.ask("List users of a common", lambda: _foreign_users(aws.cloud, live.id)))


@dataclass(frozen=True)
class Visitors(Resource):
    """Resources that AWS puts into a title by itself, and that must go before the title; as a cluster's instances."""

    type_name: ClassVar[str] = "visitors"
    service: ClassVar[str] = "iam"
    created_by_aws: ClassVar[bool] = True
    tagged: ClassVar[bool] = False

    @classmethod
    def list(cls, aws: Client, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        ours = {live.id for live in aws.live(Title) if live.owned}
        inside = aws.ask("List visitors", lambda: [one for one in aws.cloud.there() if one.sort == "visitor"])
        for whole in dict.fromkeys(one.fields["whole"] for one in inside):
            if whole in ours:
                yield Observed(whole.partition(":")[2], {}, status="visiting")

    @classmethod
    def delete(cls, aws: Client, live: Observed) -> None:
        def effect() -> None:
            for one in aws.cloud.there():
                if one.sort == "visitor" and one.fields["whole"] == f"title:{live.id}":
                    aws.cloud.remove(one, 0)

        aws.write("delete", cls.type_name, live.id, effect)


def _number(revision: str) -> int:
    return int(revision.rpartition(":")[2])


def _foreign_users(cloud: Cloud, id: str) -> list[CloudResource]:
    return [one for one in cloud.there() if one.sort == "foreign" and id in one.fields["uses"]]


SIMULATED: dict[str, type[Resource]] = {
    name: resource_type for name, resource_type in RESOURCE_TYPES.items() if name not in REAL
}
for _name in SIMULATED:
    del RESOURCE_TYPES[_name]
