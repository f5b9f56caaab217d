"""Count the services and jobs of a draft that are whole, and name the losses of the others in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.engine.words import count
from provisioner.migration.draft import USUAL_REGION, Draft

KINDS = ("services", "jobs")


@dataclass(frozen=True)
class Verdict:
    """The outcome of a translation, in numbers.

    Attributes:
        whole: services and jobs of which nothing is lost, by kind; not those that are unreached.
        staying: further ones that lack only what stays in the other tool's stacks, by kind.
        stack: losses of the whole stack, by their keys or files.
        all: the number of services and jobs in the source, by kind.
        left_out: services and jobs that are left out.
        not_public: services that users no longer reach.
        unreached: services with a port that are not public, and that nothing calls.
        missed: the services that have lost an address, by the service at that address, which is left out.
        secrets: variables whose values have to be set by `provision secret set`.
        region: whether the Region is known.
        closed: whether only the own address may reach the load balancer.
        errors: the number of errors in the written file.
    """

    whole: Mapping[str, Sequence[str]]
    staying: Mapping[str, Sequence[str]]
    stack: Sequence[str]
    all: Mapping[str, int]
    left_out: Sequence[str]
    not_public: Sequence[str]
    unreached: Sequence[str]
    missed: Mapping[str, Sequence[str]]
    secrets: Sequence[str]
    region: bool
    closed: bool
    errors: int = 0

    def __str__(self) -> str:
        """Return the verdict as one line: the numbers first, then the losses."""
        numbers = [_whole(len(self.whole[kind]), self.all[kind], kind) for kind in KINDS if self.all[kind]]
        return "; ".join([" and ".join(numbers), *self._left(), *self._missing()])

    def _left(self) -> Iterator[str]:
        if staying := [name for kind in KINDS for name in self.staying[kind]]:
            yield f"{_names(staying)} {_are(staying)} whole but for resources in Copilot's stacks"
        if self.stack:
            yield f"the stack lacks {_names(self.stack)}"
        if self.left_out:
            yield f"{_names(self.left_out)} {_are(self.left_out)} left out"

    def _missing(self) -> Iterator[str]:
        for caller in dict.fromkeys(one for callers in self.missed.values() for one in callers):
            callees = [callee for callee, callers in self.missed.items() if caller in callers]
            yield f"{caller} lacks the {'addresses' if len(callees) > 1 else 'address'} of {_names(callees)}"
        if self.not_public:
            yield f"users no longer reach {_names(self.not_public)}"
        if self.unreached:
            yield f"nobody reaches {_names(self.unreached)}"
        if self.secrets:
            yield f"{count(len(self.secrets), 'secret')} to set ({_names(self.secrets)})"
        if not self.region:
            yield f"the Region is not known, and is {USUAL_REGION} until you write it"
        if self.closed:
            yield "only your own address may reach the load balancer"
        if self.errors:
            yield f"the file does not pass yet ({count(self.errors, 'error')})"


def _whole(number: int, of: int, kind: str) -> str:
    what = kind if of > 1 else kind.removesuffix("s")
    return f"{number} of {of} {what} {'is' if 1 in (number, of) else 'are'} whole"


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


def verdict(draft: Draft, errors: int = 0) -> Verdict:
    """Return the outcome of a draft: a service is whole if no environment loses anything of it, or its callers.

    Args:
        errors: the number of errors in the written file.
    """
    carried = {kind: set(names) for kind, names in draft.workloads.items()}
    lossy = {one.of for one in draft.losses if one.of and one.cost != "stays"}
    staying = {one.of for one in draft.losses if one.of and one.cost == "stays"}
    named = {kind: sorted(carried[kind] | set(_of(kind, lossy | staying))) for kind in KINDS}
    out = [name for kind in KINDS for name in named[kind] if name not in carried[kind]]
    entrances = [one.of.partition(".")[2] for one in draft.losses if one.cost == "entrance"]
    tables = list(draft.tables.values())
    public = any(one.get("public") for table in tables for one in table.get("services", {}).values())
    unreached = sorted({name for table in tables for name in _unreached(table)})
    lossy |= {f"services.{name}" for name in unreached}
    return Verdict(
        whole={kind: [one for one in named[kind] if f"{kind}.{one}" not in lossy | staying] for kind in KINDS},
        staying={kind: [one for one in named[kind] if f"{kind}.{one}" in staying - lossy] for kind in KINDS},
        stack=sorted({one.key or one.file for one in draft.losses if not one.of and one.cost != "stays"}),
        all={kind: len(names) for kind, names in named.items()},
        left_out=out,
        not_public=sorted(set(entrances)),
        unreached=[name for name in unreached if name not in entrances],
        missed=draft.missed,
        secrets=sorted({name for table in tables for name in _to_set(table)}),
        region=all("region" in table for table in tables),
        closed=public and not all("allow" in table.get("network", {}) for table in tables),
        errors=errors,
    )


def _of(kind: str, keys: set[str]) -> list[str]:
    return [key.partition(".")[2] for key in keys if key.startswith(f"{kind}.")]


def _unreached(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the services of one environment that listen, but neither for users nor for callers."""
    workloads = [one for kind in KINDS for one in table.get(kind, {}).values()]
    called = {callee for one in workloads for callee in one.get("calls", ())}
    for name, service in table.get("services", {}).items():
        if "port" in service and not service.get("public") and name not in called:
            yield name


def _to_set(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets of one environment that are the stack's own, and have no value yet."""
    for kind in KINDS:
        for workload in table.get(kind, {}).values():
            for one in (workload, *workload.get("sidecars", {}).values()):
                secrets = one.get("secrets", {})
                yield from secrets if isinstance(secrets, list) else (name for name in secrets if secrets[name] is True)
