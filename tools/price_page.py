"""Write the tables of docs/prices.md: the keys of prices, their Regions, and their sources. See `tools.reference`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from provisioner.cost import estimate, table
from provisioner.steps import offline
from provisioner.steps.stack import run

GROUPS = {
    "Network": ("endpoint.hour", "endpoint.gb", "alb.hour", "alb.lcu", "nat.hour", "nat.gb", "out.gb"),
    "Tasks and instances": (
        *("fargate.vcpu", "fargate.gb", "fargate.arm.vcpu", "fargate.arm.gb", "fargate.storage", "ebs.gp3"),
    ),
    "Database": ("aurora.acu", "aurora.storage", "aurora.io", "aurora.backup"),
    "Logs, metrics, images, files": (
        "logs.in",
        "logs.store",
        "metric.month",
        "alarm.month",
        "ecr.gb",
        "s3.gb",
        "efs.gb",
    ),
}
"""The keys whose prices differ by Region, by their heading."""
INSTANCE = "ec2."


def lines(config: Any) -> Iterator[str]:
    """Yield the generated part of the page.

    Args:
        config: the sample's; its sum stands beside each Region.
    """
    shipped = table.shipped()
    yield from _keys(shipped)
    yield from _regions(shipped, config)
    for heading, keys in GROUPS.items():
        yield from ["", f"## {heading}", "", "USD for one unit.", ""]
        yield from _head(["Region", *(f"`{key}`" for key in keys)], ["---", *("--:" for _ in keys)])
        for region in table.regions():
            yield _row([region, *(_amount(shipped["regions"][region].get(key)) for key in keys)])
    yield from _sources(shipped)


def _keys(shipped: Any) -> Iterator[str]:
    yield from ["", "## What has a price", ""]
    yield from _head(["key", "one unit", "of what", "service", "usage type", "which of them", "sources"])
    for key, told in shipped["keys"].items():
        which = ", ".join(filter(None, [told.get("operation", ""), *told.get("attributes", {}).values()]))
        named = [told["service"], f"`{told['usage']}`", which]
        yield _row([f"`{key}`", told["unit"], told["what"], *named, ", ".join(_sources_of(shipped, key))])
    which = f"{table.LINUX['operatingSystem']}, {table.LINUX['tenancy'].lower()}, on demand"
    sources = ", ".join(_sources_of(shipped, INSTANCE))
    yield _row([f"`{INSTANCE}TYPE`", "hour", "an instance of a type", "AmazonEC2", "`BoxUsage:TYPE`", which, sources])
    same = {key: amount for key, (amount, _) in shipped["regions"][table.EVERYWHERE].items()}
    told = ", ".join(f"`{key}` {amount:g}" for key, amount in same.items())
    yield from ["", f"The same in all Regions, in USD: {told}."]


def _regions(shipped: Any, config: Any) -> Iterator[str]:
    """Yield the facts about each Region, with the sum of the sample there."""
    settings = estimate.declared(run(config, offline.facts(config)).declared)
    yield from ["", "## Regions", ""]
    yield from _head(
        ["Region", "keys", "instance types", "the sample, USD a month", "it lacks", "dates of the sources"]
    )
    everywhere = shipped["regions"][table.EVERYWHERE]
    for region in table.regions():
        own = shipped["regions"][region]
        found = estimate.estimate(settings, table.load(region))
        dates = sorted({shipped["sources"][source]["date"] for _, source in own.values()})
        types = [key for key in own if key.startswith(INSTANCE)]
        known = len(shipped["keys"].keys() & {**everywhere, **own}.keys())
        sums = f"{'at least ' if found.missing else ''}{found.sums.usual:.0f}"
        lacks = ", ".join(f"`{key}`" for key in found.missing)
        span = " to ".join(dict.fromkeys((dates[0], dates[-1])))
        yield _row([region, f"{known} of {len(shipped['keys'])}", str(len(types)), sums, lacks, span])


def _sources(shipped: Any) -> Iterator[str]:
    yield from ["", "## Sources", ""]
    yield from _head(["", "date", "what", "prices"])
    used = [source for prices in shipped["regions"].values() for _, source in prices.values()]
    for name, told in sorted(shipped["sources"].items(), key=lambda item: (len(item[0]), item[0])):
        yield _row([name, told["date"], told["what"], str(used.count(name))])


def _sources_of(shipped: Any, key: str) -> list[str]:
    """Return the sources of a key, or of all keys that begin with `INSTANCE`, in the order of the page."""
    found = {
        source
        for prices in shipped["regions"].values()
        for name, (_, source) in prices.items()
        if name == key or (key == INSTANCE and name.startswith(key))
    }
    return sorted(found, key=lambda source: (len(source), source))


def _amount(told: Sequence[Any] | None) -> str:
    return f"{told[0]:.10g}" if told else "—"


def _head(cells: Sequence[str], rules: Sequence[str] = ()) -> Iterator[str]:
    yield _row(cells)
    yield f"|{'|'.join(rules or ['---'] * len(cells))}|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
