"""Describe a stack as one document: its resources with settings and state, and the dependencies between them.

Pictures and reports use this document, so they agree. It contains no value of a variable or secret.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from provisioner.config.loader import near
from provisioner.engine.declaration import filled
from provisioner.engine.errors import ConfigurationError, Interrupted, ProvisionError
from provisioner.engine.planning.actions import HIDDEN
from provisioner.engine.planning.plan import masked
from provisioner.engine.records.consistency import type_of
from provisioner.engine.records.lookup import find
from provisioner.engine.records.references import KnownResources
from provisioner.engine.resource import Change, Resource, output_of
from provisioner.engine.resource_types import type_named
from provisioner.engine.scheduling.progress import prefetch
from provisioner.operations.impact import duration
from provisioner.operations.inspection.workload_names import Kind, workload_of, workloads
from provisioner.state.counted import is_counted
from provisioner.state.variables import DIGEST

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.declaration import Declared, Dependency
    from provisioner.engine.resource import Observed
from provisioner.state.model import Record, Run, State

Source = Literal["declared", "recorded", "live"]
"""The source of the settings: the configuration, the state, or AWS."""
ABSENT = "absent"
"""The state of a resource that is declared but not recorded, or recorded but not found on AWS."""


@dataclass(frozen=True)
class Node:
    """A resource.

    Attributes:
        workload: the service or job that it belongs to; empty if it belongs to the whole stack.
        kind: the kind of `workload`.
        state: its phase in the state, or `absent`.
        status: AWS's word for its condition; empty unless AWS was asked and has one.
        problem: the error of the read from AWS; empty if there was none.
        settings: without values of variables; `(known after up)` stands for a value that AWS has yet to provide.
        outputs: values that AWS provided and other resources use.
        created, changed: in seconds since the epoch; null if it is not recorded.
        seconds: the expected duration of creation and deletion on AWS.
        bookkeeping: AWS makes it by itself, or it exists only in the state.
    """

    address: str
    type: str
    name: str
    step: str
    workload: str
    kind: Kind | Literal[""]
    state: str
    id: str | None
    status: str
    problem: str
    settings: Mapping[str, Any]
    outputs: Mapping[str, Any]
    created: float | None
    changed: float | None
    seconds: Mapping[str, float]
    bookkeeping: bool


@dataclass(frozen=True)
class Edge:
    """A dependency of one resource on another.

    Attributes:
        user: the address of the dependent resource.
        needs: the address of the needed resource.
        ready: the needed resource must be ready, not only exist.
        order_only: the needed resource is waited for only while it is new, and need not outlast the dependent one.
    """

    user: str
    needs: str
    ready: bool = False
    order_only: bool = False


@dataclass(frozen=True)
class View:
    """All nodes and edges of a stack."""

    stack: str
    account: str
    region: str
    source: Source
    nodes: list[Node]
    edges: list[Edge]

    @property
    def resources(self) -> int:
        """The number of resources without the bookkeeping ones."""
        return sum(not node.bookkeeping for node in self.nodes)

    def to_dict(self) -> dict[str, Any]:
        """Return the view in its JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class _Around:
    """Data for describing each node: names of services and jobs, records, earlier durations."""

    names: Mapping[str, Kind]
    records: Mapping[str, Record]
    ups: duration.Seen
    downs: duration.Seen

    @classmethod
    def of(cls, config: Config, records: Mapping[str, Record], history: Sequence[Run]) -> _Around:
        seen = (duration.Seen(history, command) for command in ("up", "down"))
        return cls(workloads(config, records), records, *seen)

    def node(
        self,
        address: str,
        resource_type: type[Resource],
        step: str,
        settings: Mapping[str, Any],
        live: Observed | None = None,
        problem: str = "",
    ) -> Node:
        type_name, _, name = address.partition("/")
        record, owner = self.records.get(address), workload_of(address, self.names)
        known = duration.times(resource_type.type_name, settings)
        takes = {
            "create": known.ready if (up := self.ups.seconds(address)) is None else up,
            "delete": known.gone if (down := self.downs.seconds(address)) is None else down,
        }
        return Node(
            address,
            type_name,
            name,
            step,
            owner,
            self.names[owner] if owner else "",
            record.phase if record else ABSENT,
            live.id if live else record.id if record else None,
            live.status if live else "",
            problem,
            visible_settings(resource_type, settings),
            masked(dict(live.outputs if live else record.outputs if record else {})),
            record.created if record else None,
            record.changed if record else None,
            takes,
            not is_counted(address),
        )


def declared(
    config: Config,
    account: str,
    records: Mapping[str, Record],
    history: Sequence[Run],
    resources: Mapping[str, Declared],
) -> View:
    """Return the declared resources with their declared settings, plus the recorded resources without a declaration."""
    around = _Around.of(config, records, history)
    nodes = [_declared_node(around, item) for item in resources.values()]
    rest = {address: record for address, record in records.items() if address not in resources}
    nodes += [_recorded_node(around, record) for record in rest.values()]
    edges = [edge for item in resources.values() for edge in _edges(item.address, item.dependencies)]
    edges += _recorded_edges(rest.values(), {node.address for node in nodes})
    return View(config.name, account, config.region, "declared", nodes, edges)


def recorded(config: Config, state: State) -> View:
    """Return the recorded resources with their recorded settings."""
    around, records = _Around.of(config, state.records, state.history), state.records
    nodes = [_recorded_node(around, record) for record in records.values()]
    edges = _recorded_edges(records.values(), records)
    return View(config.name, state.account, state.region, "recorded", nodes, edges)


def live(config: Config, aws: Aws, state: State) -> View:
    """Return the recorded resources with their current settings on AWS."""
    around, records = _Around.of(config, state.records, state.history), state.records
    aws = aws.knowing(KnownResources(records, {}))
    types = {record.address: type_of(record) for record in records.values()}
    prefetch(aws, dict.fromkeys(types.values()))
    nodes = [_live_node(around, aws, record, types[record.address]) for record in records.values()]
    return View(config.name, aws.account, aws.region, "live", nodes, _recorded_edges(records.values(), records))


@dataclass(frozen=True)
class One:
    """One resource, the addresses that it needs, and the addresses that need it."""

    node: Node
    needs: Sequence[str]
    needed_by: Sequence[str]


def one(
    config: Config,
    records: Mapping[str, Record],
    history: Sequence[Run],
    resources: Mapping[str, Declared],
    address: str,
) -> One:
    """Return one resource with its declared settings or, if it is not declared, its recorded settings.

    Raises:
        ConfigurationError: it is neither declared nor recorded.
    """
    around = _Around.of(config, records, history)
    needs = {it.address: [edge.needs for edge in _edges(it.address, it.dependencies)] for it in resources.values()}
    needs |= {a: [*record.dependencies] for a, record in records.items() if a not in resources}
    if address not in needs:
        raise ConfigurationError(f"{address} is neither declared nor recorded{_meant(address, needs)}")
    item = resources.get(address)
    node = _declared_node(around, item) if item else _recorded_node(around, records[address])
    return One(node, needs[address], [user for user, some in needs.items() if address in some])


def _meant(address: str, known: Collection[str]) -> str:
    found = near(address, known)
    return f'; did you mean "{found}"?' if found else ": `provision show` lists all"


def _declared_node(around: _Around, item: Declared) -> Node:
    return around.node(item.address, type(item.resource), item.step, fields_of(item, around.records))


def fields_of(item: Declared, records: Mapping[str, Record]) -> dict[str, Any]:
    """Return a resource's declared settings. Recorded outputs replace its references to other resources, if known."""

    def lookup(address: str, output: str) -> Any:
        record = records.get(address)
        # a versioned type may get a new revision, whose outputs differ from the recorded ones
        return None if record is None or type_of(record).versioned else output_of(record, output)

    return filled(item.resource, lookup).fields()


def _recorded_node(around: _Around, record: Record) -> Node:
    return around.node(record.address, type_named(record.type) or Resource, record.step, record.arguments)


def _live_node(around: _Around, aws: Aws, record: Record, resource_type: type[Resource]) -> Node:
    """Return a recorded resource with its settings on AWS, or with the error of the read."""
    aws.pace.check()
    if resource_type.created_by_aws:
        return _recorded_node(around, record)
    try:
        found = find(aws, resource_type, record.address, record.arguments, record.id)
    except Interrupted:
        raise
    except ProvisionError as error:
        return around.node(record.address, resource_type, record.step, {}, problem=str(error))
    except Exception as error:
        raise aws.errors.explained(error) from error
    node = around.node(record.address, resource_type, record.step, found.attributes if found else {}, found)
    return node if found else _gone(node)


def _gone(node: Node) -> Node:
    return replace(node, state=ABSENT, id=None, outputs={})


def visible_settings(resource_type: type[Resource], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without values of environment variables and without further values that the type hides."""
    shown = resource_type.shown({name: Change(None, value) for name, value in settings.items() if value is not None})
    held = resource_type.held({name: change.new for name, change in shown.items()})
    return {name: masked(_without_digests(value, name)) for name, value in held.items()}


def _without_digests(value: Any, name: str) -> Any:
    """Return a setting of the state without digests. `HIDDEN` stands for each value that the state does not hold.

    Args:
        name: the name of the setting, or of its member.
    """
    if name == "build_args" and isinstance(value, Mapping):
        return {key: HIDDEN for key in value if key}
    if name == "environment" and isinstance(value, list | tuple):
        variables = [one for one in value if not (isinstance(one, Mapping) and DIGEST in one)]
        return [{**one, "value": one.get("value", HIDDEN)} if isinstance(one, Mapping) else one for one in variables]
    if isinstance(value, Mapping):
        return {key: _without_digests(item, str(key)) for key, item in value.items()}
    return [_without_digests(item, "") for item in value] if isinstance(value, list | tuple) else value


def _edges(user: str, dependencies: Iterable[Dependency]) -> list[Edge]:
    found: dict[str, list[Dependency]] = {}
    for one in dependencies:
        found.setdefault(one.address, []).append(one)
    return [
        Edge(user, address, any(one.ready for one in some), all(one.order_only for one in some))
        for address, some in found.items()
    ]


def _recorded_edges(records: Iterable[Record], known: Collection[str]) -> list[Edge]:
    return [Edge(record.address, one) for record in records for one in record.dependencies if one in known]
