"""The base class of resource types: declared fields, and list, create, update, delete and pending as boto3 calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias

from provisioner.engine import own_code
from provisioner.engine.costs import Around, Cost
from provisioner.engine.errors import ConfigurationError
from provisioner.state import variables

if TYPE_CHECKING:
    from provisioner.state.model import Record

DIGEST_OF = variables.PREFIX
"""The prefix of a digest."""
Aws: TypeAlias = Any
"""A run's access to AWS, which the engine passes on to the types: they name the class, `provisioner.aws.client.Aws`.

It is no Protocol, since an override may not require more than the overridden method (PEP 484)."""
RESOURCE_TYPES: dict[str, type[Resource]] = {}
"""The imported resource types by their names; `resource_types.py` finds the others too."""


DATA = "the stored data"
"""The data of a resource of which nothing more is known, in words."""


@dataclass(frozen=True)
class Observed:
    """A resource as AWS shows it now.

    Attributes:
        id: AWS's name for it, which the other calls of its API take.
        attributes: its settings, under the names and in the shape of the resource type's fields, and nothing else. A
            field that AWS never returns is simply not there, and is then not compared.
        outputs: other values that AWS gives and that other resources or the user need.
        address: the address in its tag, if it carries this stack's owner tags.
        owned: whether it belongs to this stack, by its own tags or by its parent's.
        status: AWS's word for its condition, for `pending` and the user.
        deleting: whether AWS is already taking it away.
        owner: the other stack that it belongs to, in words, if that is known.
        asked: the last recorded settings, in the state's form; only for types that compare with them.
        problems: faults beside its settings, by name: missing tags, a failed deployment. The plan shows each as a
            change to nothing, and `update` repairs it.
        reverted: the reason why AWS undid a change that it had accepted, by the name of the field.
        details: further facts for its type or for the user. They are neither compared nor recorded.
        tags: all its tags; None if they were not read. They are not compared here (`StackTags`).
    """

    id: str
    attributes: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None
    owned: bool = True
    status: str = ""
    deleting: bool = False
    owner: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, Any] = field(default_factory=dict)
    reverted: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None

    def updated(self, settings: Mapping[str, Any]) -> Self:
        """Return it with these settings and without problems: as AWS is to show it after an `update`."""
        return replace(self, attributes={**self.attributes, **settings}, problems={})


@dataclass(frozen=True)
class Change:
    """One field or problem that differs: AWS's value, and the wanted one."""

    old: Any
    new: Any


Changes = Mapping[str, Change]
"""The differences, by the name of the field or problem."""


class AnyApi(Protocol):
    """The properties of an API that the engine needs."""

    @property
    def service(self) -> str:
        """The name of its boto3 client."""

    @property
    def signing_name(self) -> str:
        """The name that signs its requests. Its ARNs and IAM actions begin with it as well."""


@dataclass(frozen=True)
class Resource:
    """Base of all resource types. Properties that only a few types have are in `traits.py`.

    A subclass is a frozen dataclass whose fields are the wanted settings, under AWS's own names in snake_case; an
    instance is one wanted resource. Nested structures stay as AWS spells them.

    Class variables, which a subclass sets without an annotation, since with one they would be fields:
        type_name: the type's name in states, tags and commands. It is durable: it stays when the class is renamed.
        aliases: the type's names in earlier versions. Records and tags with these names are still its own.
        api: the API that it calls, an `Api` of `provisioner/aws/api.py`.
        service: the name of the API's boto3 client; taken from `api` if that is set.
        has_tags: its own tags name its owner.
        arn: the part of its ARN after the account, with its fields in braces; `*` for ids that AWS gives.
        permissions: the IAM permissions that it needs, `Permission` of `provisioner/aws/permissions.py`.
        takes: the operations that take its time, a `Takes` of `provisioner/aws/durations.py`; None if there are none.
        identity: the fields that name it uniquely in account and region, if any.
        outputs: the names of the outputs that others may refer to.
        renewed: the outputs that any change of its settings renews, so that a plan does not know them.
        derived: the outputs, `id` included, that follow from its identity: a recreated resource has the same.
        create_only: fields that AWS cannot change in place; its identity if not set.
        lasting: the create-only fields for which nothing is recreated, each with what the user does instead.
        ignore_changes: fields that are set at creation and never compared (another tool or AWS owns them afterwards).
        unordered: list fields whose order means nothing.
        created_by_aws: AWS creates it, not this tool. The tool records it, and deletes it on `down`.
        has_parent: it has no tags, and its parent's owner counts as its owner, even if somebody else added it.
        retained: `down` does not delete it; `retained_because` says why, to be put behind a colon.
        versioned: a change makes a new resource under a new id (`create` again), and the old one stays.
        update_when_ready: AWS refuses changes until the resource is ready.
        holds_data: data are lost with it, so that `up` keeps it until `--delete`. A type of the user's own holds some
            unless it says that it does not; types of this tool say so by `data`.
        protection: the field that protects it from deletion, if any. `delete` disables it, once the user allows that.
        create_timeout, delete_timeout: seconds that it may take to become ready, or to be gone.
        poll_interval: seconds between two looks at it.
    """

    name: str

    type_name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    api: ClassVar[AnyApi | None] = None
    service: ClassVar[str]
    has_tags: ClassVar[bool] = True
    arn: ClassVar[str] = ""
    takes: ClassVar[Any] = None
    permissions: ClassVar[Sequence[Any]] = ()
    identity: ClassVar[Sequence[str]] = ()
    outputs: ClassVar[Sequence[str]] = ()
    renewed: ClassVar[Sequence[str]] = ()
    derived: ClassVar[Sequence[str]] = ()
    create_only: ClassVar[frozenset[str]] = frozenset()
    lasting: ClassVar[Mapping[str, str]] = {}
    ignore_changes: ClassVar[frozenset[str]] = frozenset()
    unordered: ClassVar[frozenset[str]] = frozenset()
    created_by_aws: ClassVar[bool] = False
    has_parent: ClassVar[bool] = False
    retained: ClassVar[bool] = False
    retained_because: ClassVar[str] = ""
    versioned: ClassVar[bool] = False
    update_when_ready: ClassVar[bool] = False
    holds_data: ClassVar[bool] = False
    protection: ClassVar[str] = ""
    create_timeout: ClassVar[float] = 300
    delete_timeout: ClassVar[float] = 900
    poll_interval: ClassVar[float] = 3

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        if abstract:
            return
        cls.aliases = vars(cls).get("aliases", ())
        own = [one for one in cls.__mro__ if own_code.is_own(one)]
        if own and not any("holds_data" in vars(one) for one in own):
            cls.holds_data = True
        _check_names(cls)
        if cls.api:
            cls.service = cls.api.service
        if "identity" in vars(cls) and "create_only" not in vars(cls):
            cls.create_only = frozenset(cls.identity)
        RESOURCE_TYPES[cls.type_name] = cls

    @property
    def address(self) -> str:
        """The name of this resource in the state, the tags and the commands: `resource type/name`."""
        return f"{self.type_name}/{self.name}"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterable[Observed]:
        """Yield all resources of this type that carry this stack's tags or have a known name.

        Args:
            known: the known fields of this type's declared and recorded resources: the names to look up. Resources
                found by tag or by parent must be listed without them.
        """
        raise NotImplementedError

    @classmethod
    def read_some(cls, aws: Aws, known: Sequence[Mapping[str, Any]], ids: Collection[str]) -> Iterable[Observed] | None:
        """Yield the resources of these ids as `list` would, read one by one; None if `list` is as cheap.

        A run looks at unfinished resources like this, again and again.

        Args:
            known: as `list` takes it.
        """
        return None

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        """Return one resource by its id as AWS shows it now, even if it is not ours; None if there is none."""
        return next((live for live in cls.list(aws, aws.known(cls)) if live.id == id), None)

    def create(self, aws: Aws, token: str) -> Observed:
        """Make the resource by exactly one write, the owner tags in it, and return it as AWS now shows it.

        Args:
            token: this creation's own token (32 hexadecimal digits); the same again if an earlier try was cut off.
        """
        raise NotImplementedError

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        """Bring the live resource to the wanted settings. Every call must be safe to repeat."""
        raise NotImplementedError

    def widened(self, before: Mapping[str, Any], live: Observed) -> Self:
        """Return the settings for the time in which both the former and the wanted ones are in use.

        These are the wanted settings, and the former settings of this stack that AWS still has: foreign additions are
        not kept, and foreign removals are not undone. The same resource if its change removes nothing that may be in
        use. Access that the user takes away ends at once: it is never kept.

        Args:
            before: the last recorded settings; the attributes of `live` if none are recorded.
        """
        return self

    def shifted(self, before: Mapping[str, Any], live: Observed) -> Self:
        """Return the settings for the time in which the wanted target serves and the former one is still drained.

        Only a resource that leads traffic differs here from `widened`: its traffic moves before the former target is
        deleted.
        """
        return self.widened(before, live)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        """Ask AWS to delete the resource. It is called again while it is still listed and not `deleting`."""
        raise NotImplementedError

    def ready_within(self) -> float:
        """Return the seconds that this single resource may take to become ready."""
        return self.create_timeout

    @classmethod
    def pending(cls, live: Observed) -> str | None:
        """Return the reason why the resource is not ready, or None if it is; raise `Failed` with AWS's reason."""
        return None

    @classmethod
    def delays(cls, aws: Aws, live: Observed) -> str:
        """Return the cause that keeps the resource from becoming ready, and since when; empty if unknown."""
        return ""

    @classmethod
    def blockers(cls, aws: Aws, live: Observed) -> str:
        """Return the cause that keeps AWS from removing the resource, for the user; empty if unknown."""
        return ""

    @classmethod
    def obstacles(cls, aws: Aws, live: Observed) -> str:
        """Return the obstacles to its removal that stay until somebody deletes them, in words; empty without any."""
        return ""

    @classmethod
    def protected(cls, settings: Mapping[str, Any]) -> bool:
        """Return whether a resource with these settings (live or recorded) is protected from deletion."""
        return bool(cls.protection and settings.get(cls.protection))

    @classmethod
    def data(cls, settings: Mapping[str, Any]) -> str:
        """Return the data that is lost with a resource of these settings, in words: `the images`; empty if none."""
        return DATA if cls.holds_data else ""

    @classmethod
    def costs(cls, name: str, settings: Mapping[str, Any], around: Around) -> Iterable[Cost]:
        """Return the monthly cost lines of a resource with these settings; none if it has no cost of its own.

        Args:
            around: the other resources of its stack.
        """
        return ()

    @classmethod
    def amount(cls, aws: Aws, ids: Sequence[str]) -> str:
        """Return the amount of data in these resources, in words, by a few reads; empty if that takes more reads."""
        return ""

    def fields(self) -> dict[str, Any]:
        """Return the wanted settings by field name, without the resource's own name."""
        # not `dataclasses.fields`, which goes through all class variables as well
        return {name: value for name, value in vars(self).items() if name != "name"}

    @classmethod
    def held(cls, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return settings as the state holds them: without the values of environment variables."""
        held: Mapping[str, Any] = variables.as_held(cls.type_name, settings)
        return held

    def recorded(self) -> dict[str, Any]:
        """Return the wanted settings as the state records them."""
        return dict(self.held(self.fields()))

    @property
    def ignored(self) -> frozenset[str]:
        """The fields of this single resource that are never compared: by default `ignore_changes` of its type."""
        return self.ignore_changes

    def differences(self, live: Observed) -> dict[str, Change]:
        """Return the fields that differ, in the order in which the resource type declares them, and the problems."""
        changes, ignored = {}, self.ignored
        for name, new in self.fields().items():
            if name in ignored or name not in live.attributes:
                continue
            old = live.attributes[name]
            loose = name in self.unordered
            if canonical(old, loose) != canonical(new, loose):
                changes[name] = Change(old, new)
        return changes | {name: Change(what, type(what)()) for name, what in live.problems.items()}

    @classmethod
    def shown(cls, changes: Changes) -> Changes:
        """Return changes as users may see them: likely secrets are hidden."""
        return changes


def _check_names(resource_type: type[Resource]) -> None:
    """Refuse a type without a name of its own, and a name or alias that another type has.

    Raises:
        ConfigurationError: with the class, or with both classes.
    """
    where = own_code.class_name(resource_type)
    if "type_name" not in vars(resource_type):
        raise ConfigurationError(f'{where} has no type_name: write type_name = "…", a name that no other type has')
    names = {resource_type.type_name, *resource_type.aliases}
    for other in RESOURCE_TYPES.values():
        there = own_code.class_name(other)
        # a module that is read again defines its types again
        if there != where and (shared := sorted(names & {other.type_name, *other.aliases})):
            raise ConfigurationError(
                f"{there} and {where} are both called {shared[0]}: give one of them another type_name or alias"
            )


def output_of(resource: Observed | Record | None, output: str) -> Any:
    """Return an output, or the `id`, of a live or recorded resource; None if it is not known."""
    if resource is None:
        return None
    return (resource.id or None) if output == "id" else resource.outputs.get(output)


def kept(wanted: Sequence[Any], before: Sequence[Any] | None, live: Sequence[Any] | None) -> list[Any]:
    """Return the wanted items, then the formerly wanted items that AWS still has."""
    asked = [canonical(one) for one in before or ()]
    new = [canonical(one) for one in wanted]
    return [*wanted, *(one for one in live or () if canonical(one) in asked and canonical(one) not in new)]


def compare(desired: Resource, live: Observed) -> dict[str, Change]:
    """Return the fields and problems that differ."""
    return desired.differences(live)


def digest_of(text: str, salt: str) -> str:
    """Return the digest that stands in a state for a text that must not be in it; a digest stays as it is."""
    return variables.digest_of(text, salt)


def canonical(value: Any, unordered: bool = False) -> Any:
    """Return the value in a form that compares equal whenever its JSON means the same."""
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [canonical(item) for item in value]
        return sorted(items, key=repr) if unordered or isinstance(value, (set, frozenset)) else items
    return value
