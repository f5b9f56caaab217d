"""A plan in a file: `up --plan` carries out exactly the reviewed plan, or names the changes since and does nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.config.origins import settings
from provisioner.engine.errors import ConfigurationError, PlanChanged
from provisioner.engine.resource import Change
from provisioner.engine.words import names
from provisioner.operations.commands.request import UpOptions
from provisioner.operations.overrides import expiration
from provisioner.operations.planning import run_scope
from provisioner.operations.planning.proposal import Proposal
from provisioner.operations.state_admin.state_transfer import write_file
from provisioner.state.variables import as_held

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.engine.declaration import Declared
    from provisioner.engine.planning.actions import Planned
    from provisioner.operations.context.options import Options
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

FORMAT = 2
"""The version of the file's form."""
VALUES = frozenset({"environment", "build_args"})
"""Members of `stack.toml` whose values are left out of the file: a change shows in the hashes of the declaration."""
MOST = 6
"""The most resources that are named for one kind of change."""


@dataclass(frozen=True)
class Saved:
    """The content of a plan file.

    Attributes:
        wanted: the options of the plan, by their names.
        settings: the settings of `stack.toml`, by dotted key.
        declared: a hash of each declared resource, without values of variables but with their digest, by address.
        records: a hash of each record of the state, by address.
        planned: the planned changes, each as in `plan --json`, with digests in place of the values of variables.
    """

    format: int
    stack: str
    target: str
    account: str
    region: str
    wanted: Mapping[str, Any]
    settings: Mapping[str, Any]
    declared: Mapping[str, str]
    records: Mapping[str, str]
    planned: Sequence[Mapping[str, Any]]

    def asked(self) -> UpOptions:
        """Return the options of the plan."""
        return UpOptions(**self.wanted)


def save(path: Path, options: Options, proposal: Proposal, wanted: UpOptions) -> None:
    """Write a plan to a new file that its owner alone may read.

    Raises:
        ConfigurationError: the file cannot be written, the plan holds a refusal, or it gives a name back.
    """
    if wanted.give_back:
        raise ConfigurationError("--out: a name is given back without a file: leave one of the two out")
    if refused := [item.address for item in proposal.planned if item.action == "refused"]:
        raise ConfigurationError(
            f"--out: no file was written, since changes are refused ({names(refused)}): see the reasons in the plan"
        )
    now = _now(options, proposal.config, proposal.aws, wanted, proposal.declared, proposal.records, proposal.planned)
    write_file(path, json.dumps(asdict(now), indent=1, ensure_ascii=False, default=str).encode() + b"\n")


def read(path: Path) -> Saved:
    """Return the plan in a file.

    Raises:
        ConfigurationError: the file cannot be read, is no plan file, or another version wrote it.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ConfigurationError(f"--plan: {path} was written by another version: run `provision plan --out` again")
        saved = Saved(**{one.name: document[one.name] for one in fields(Saved)})
        saved.asked()
    except OSError as error:
        raise ConfigurationError(f"--plan: {path} cannot be read: {error.strerror}: check the path") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"--plan: {path} is no file of `provision plan --out`") from None
    return saved


def check_alone(wanted: UpOptions) -> None:
    """Refuse options of the plan beside `--plan`: the file has them.

    Raises:
        ConfigurationError: such an option is given.
    """
    other = [one.name for one in fields(UpOptions) if one.name != "skip_checks" and getattr(wanted, one.name)]
    if other:
        option = f"--{other[0].replace('_', '-')}"
        raise ConfigurationError(f"--plan: the file has the options of the plan: leave {option} out")


@dataclass(frozen=True)
class ReviewedPlan:
    """A plan from a file, which an `up` carries out if nothing has changed since."""

    saved: Saved
    options: Options

    def check_place(self, config: Config, aws: Aws) -> None:
        """Refuse a plan of another stack, target, account or Region.

        Raises:
            PlanChanged: they differ. The message names both values.
        """
        here = {"stack": config.name, "target": config.target, "account": aws.account, "region": aws.region}
        there = {name: getattr(self.saved, name) for name in here}
        if other := [f"{name} {there[name]}, not {value}" for name, value in here.items() if there[name] != value]:
            raise PlanChanged(
                f"nothing was changed: the plan is for {' and '.join(other)}. Make a new one with `provision plan "
                f"--out`"
            )

    def check_same(
        self, config: Config, aws: Aws, stack: Stack, records: Mapping[str, Record], planned: Sequence[Planned]
    ) -> None:
        """Refuse a plan that differs from the plan of now.

        Raises:
            PlanChanged: the plan has changed. The message lists the changes of configuration, state and AWS.
        """
        wanted = self.saved.asked()
        declared, _ = run_scope.find_scope(records, stack, wanted.target_step)
        now = _now(self.options, config, aws, wanted, declared, records, planned)
        if changed := [*_changed(self.saved, now)]:
            what = "".join(f"\n  {line}" for line in changed)
            raise PlanChanged(
                f"nothing was changed, since the plan differs from the present one:{what}\n"
                "Make a new one with `provision plan --out`, and review it"
            )


def _changed(saved: Saved, now: Saved) -> Iterator[str]:
    """Yield the differences. Changes of the configuration explain the declaration's, and both explain the plan's."""
    for key in dict.fromkeys([*saved.settings, *now.settings]):
        old, new = (json.dumps(one.settings.get(key), ensure_ascii=False) for one in (saved, now))
        if old != new:
            yield f"configuration: {key}: {old} -> {new}"
    known = [*_other(saved.settings, now.settings)]
    if not known and (other := _other(saved.declared, now.declared)):
        yield f"configuration: a hidden value, a file or a recommendation of AWS, of {names(other, MOST)}"
    if other := _other(saved.records, now.records):
        yield f"state: {names(other, MOST)}"
    before, after = ({str(item["address"]): dict(item) for item in one.planned} for one in (saved, now))
    if not known and (other := _other(before, after)):
        for address in other[:MOST]:
            yield f"AWS: {address}: {_action(before.get(address))} -> {_action(after.get(address))}"


def _action(item: Mapping[str, Any] | None) -> str:
    """Return the action on a resource, with the fields that change."""
    if item is None:
        return "nothing"
    return f"{item['action']} ({', '.join(item['changes'])})" if item["action"] == "change" else str(item["action"])


def _other(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]


def _now(
    options: Options,
    config: Config,
    aws: Aws,
    wanted: UpOptions,
    declared: Mapping[str, Declared],
    records: Mapping[str, Record],
    planned: Sequence[Planned],
) -> Saved:
    """Return the content of a plan file that would be written now."""
    found = settings(options.file, config, env=options.env, target=options.target)
    saved = Saved(
        FORMAT,
        config.name,
        config.target,
        aws.account,
        aws.region,
        asdict(wanted) | {"skip_checks": None},
        {one.key: one.value for one in found if not VALUES & {*one.parts}},
        {
            address: _hash(item.resource.recorded())
            for address, item in declared.items()
            if address != expiration.ADDRESS  # the span of `--expires` counts from the `up`
        },
        {address: _hash(record.row()) for address, record in records.items()},
        [without_values(item).to_dict() for item in planned if item.action != "none"],
    )
    # a value that was read from a file has lists instead of tuples
    return Saved(**json.loads(json.dumps(asdict(saved), default=str)))


def without_values(item: Planned) -> Planned:
    """Return a planned change in which variables have no values but one digest of all, as in a state."""
    return replace(item, changes=_held(item.address, item.changes), later=_held(item.address, item.later))


def _held(address: str, changes: Mapping[str, Change]) -> dict[str, Change]:
    # a change has the fields that differ, and the digests are salted with the resource's name
    names = {"family": address, "repository_name": address}
    type_name = address.partition("/")[0]
    old, new = (
        as_held(type_name, {**names, **{name: getattr(one, side) for name, one in changes.items()}})
        for side in ("old", "new")
    )
    return {name: Change(old[name], new[name]) for name in changes}


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
