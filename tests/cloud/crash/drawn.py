"""Small stacks, drawn by a seed from all that a configuration can leave out or put in, and edits of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from provisioner.config.models import Config
from tests.cloud.every_key import REGISTRY

Table = dict[str, Any]
"""A stack.toml as a table."""
IMAGES = tuple(f"image{number}" for number in range(4))
"""Repositories with an image, of which services and jobs have theirs."""
TRIES = 200
"""Draws until one goes together; about one in three does."""


def stack(chance: random.Random) -> Table:
    """Return a stack whose keys go together."""
    for _ in range(TRIES):
        if _goes_together(table := _stack(chance)):
            return table
    raise AssertionError("nothing that goes together was drawn")


def edited(chance: random.Random, table: Table) -> Table:
    """Return another stack, of two to five edits of this one; edits that do not go together are left out."""
    after = table
    for change in chance.choices(EDITS, k=chance.randint(2, 5)):
        tried = copy.deepcopy(after)
        change(chance, tried)
        after = tried if _goes_together(tried) else after
    return after if after != table else edited(chance, table)


def text(table: Mapping[str, Any]) -> str:
    """Return a table as TOML: each of its tables on a line of its own."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def _goes_together(table: Table) -> bool:
    # with scaling the number is that of a new service alone
    if any("count" in one and "scaling" in one for one in table["services"].values()):
        return False
    try:
        Config.model_validate(table)
    except ValidationError:
        return False
    return True


# -- the parts of a stack ------------------------------------------------------------------------------------------

DATABASES: tuple[Table, ...] = (
    {},
    {"readers": 1, "logs": ["error"]},
    {"iam_authentication": True},
    {"engine": "aurora-postgresql"},
    {"engine": "postgresql"},
    {"engine": "aurora-postgresql", "iam_authentication": True},
    {"engine": "postgresql", "standby": True},
    {"engine": "mysql", "storage": 30},
)
TABLES: Mapping[str, tuple[Any, ...]] = {
    "protect": (True,),
    "tags": ({"Team": "shop"}, {"Team": "shop", "Cost": "42"}),
    "redis": ({}, {"replicas": 0}, {"evict": True, "node": "cache.t4g.small"}),
    "buckets": ({"uploads": {}}, {"uploads": {"versions": True}, "reports": {}}),
    "volumes": ({"media": {}},),
    "queues": ({"work": {}}, {"work": {"fifo": True}}, {"work": {}, "mail": {}}),
    "topics": ({"orders": {}},),
    "alarms": ({"email": ["ops@example.com"]}, {"email": ["ops@example.com"], "errors": False, "cpu": 80}),
    "logs": ({"insights": False}, {"retention_days": 30}),
    "load_balancer": ({"http": True}, {"idle_timeout": 120}, {"access_logs": True}),
    "capacity": ({"spot": False, "max": 3}, {"max": 5}),
    "schedule": ({"sleep": "cron(0 21 ? * MON-FRI *)", "wake": "cron(0 7 ? * MON-FRI *)"},),
    "cost": ({"budget": 400},),
}
"""The tables that a stack may have, each with some contents."""
NETWORK: Mapping[str, tuple[Any, ...]] = {
    "zones": (2, 3),
    "egress": ("nat", "nat-per-zone", "public"),
    "flow_logs": (True,),
    "connect": ("service-connect",),
}
SERVICE: Mapping[str, tuple[Any, ...]] = {
    "command": ("serve --verbose",),
    "architecture": ("x86_64",),
    "launch": ("ec2",),
    "cpu": (512,),
    "memory": (1024, 2048),
    "count": (0, 2, 3),
    "scaling": (
        {"min": 1, "max": 4},
        {"min": 2, "max": 4, "memory": 60},
        {"min": 0, "schedule": {"day": {"at": "cron(0 8 * * ? *)", "min": 1}}},
    ),
    "health": ("/up", {"command": ["/check"], "interval": 20}, {"grace": 90}),
    "deployment": ("recreate", "canary", "blue-green", {"strategy": "rolling", "alarms": ["errors"]}),
    "environment": ({"GREETING": "hello"}, {"A": "1", "B": "2"}),
    "secrets": ({"DJANGO_KEY": "generate"},),
    "policies": (["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],),
    "sidecars": ({"proxy": {"image": f"{REGISTRY}/image3:1"}},),
    "on_demand": ({"base": 1, "percent": 25}, {"percent": 100}),
    "stop_timeout": (40,),
    "read_only": (True,),
    "user": ("1000:1000",),
    "exec": (False,),
    "sticky": (3600,),
    "deregistration_delay": (60,),
    "task_protection": (True,),
    "circuit_breaker": ({"threshold": 5},),
    "ephemeral_storage": (30,),
    "ulimits": ({"nofile": 65536},),
}
"""Keys of services that name no other parts of the stack."""
OF_JOBS = ("command", "cpu", "memory", "environment", "secrets", "policies", "read_only", "user")
STORES: Mapping[str, tuple[Any, ...]] = {
    "database": (True,),
    "redis": (True,),
    "buckets": (["uploads"], {"uploads": "read"}),
    "volumes": ({"media": "/srv/media"},),
    "queues": (["work"], {"work": "send"}),
    "topics": (["orders"],),
}
"""Keys that name a table of the stack, which it has to have."""


def _stack(chance: random.Random) -> Table:
    table: Table = {"project": "ecs-sample", "env": "dev", "network": {"zones": 2, **_some(chance, NETWORK, 0.25)}}
    if chance.random() < 0.8:
        table["dns"] = {"domain": "example.com"}
    if chance.random() < 0.35:
        table["database"] = chance.choice(DATABASES)
    table |= _some(chance, TABLES, 0.2)
    table["services"] = {}
    for name in ("web", "api", "worker")[: chance.randint(1, 3)]:
        table["services"][name] = _service(chance, table, name)
    if chance.random() < 0.4:
        table["jobs"] = {"task": _job(chance, table)}
    return copy.deepcopy(table)


def _service(chance: random.Random, table: Table, name: str) -> Table:
    made = {"image": f"{REGISTRY}/{chance.choice(IMAGES)}:1", **_some(chance, SERVICE, 0.12), **_stores(chance, table)}
    if "cpu" in made:
        made["memory"] = 1024
    if name == "worker":
        return made
    made["port"] = chance.choice([8080, 9200])
    if chance.random() < (0.8 if name == "web" else 0.3):
        made["public"] = True
        if name == "api":
            made["path"] = chance.choice(["/api/*", ["/api", "/v1/*"]])
    elif name == "api" and "web" in table["services"]:
        table["services"]["web"]["calls"] = ["api"]
    return made


def _job(chance: random.Random, table: Table) -> Table:
    keys = {name: SERVICE[name] for name in OF_JOBS}
    made = {"image": f"{REGISTRY}/{chance.choice(IMAGES)}:1", **_some(chance, keys, 0.12), **_stores(chance, table)}
    when: Table = chance.choice(
        [{}, {"schedule": "cron(30 3 * * ? *)"}, {"schedule": "rate(2 days)"}, {"before_deploy": True}]
    )
    return made | when


def _stores(chance: random.Random, table: Table) -> Table:
    return _some(chance, {name: values for name, values in STORES.items() if name in table}, 0.5)


def _some(chance: random.Random, keys: Mapping[str, tuple[Any, ...]], part: float) -> Table:
    return {name: chance.choice(values) for name, values in keys.items() if chance.random() < part}


# -- edits ---------------------------------------------------------------------------------------------------------


def _table(chance: random.Random, table: Table) -> None:
    """Put a table in, leave it out, or give it other contents."""
    name = _chosen(chance, table, [*TABLES, "database"])
    choices = DATABASES if name == "database" else TABLES[name]
    _toggle(chance, table, name, choices)
    if name not in table:
        for workload in _workloads(table):
            workload.pop(name, None)


def _network(chance: random.Random, table: Table) -> None:
    name = _chosen(chance, table["network"], [*NETWORK])
    _toggle(chance, table["network"], name, NETWORK[name])


def _key(chance: random.Random, table: Table) -> None:
    """Put a key of a service in, leave it out, or give it another value."""
    service = chance.choice([*table["services"].values()])
    name = _chosen(chance, service, [*SERVICE])
    _toggle(chance, service, name, SERVICE[name])


def _chosen(chance: random.Random, inside: Table, names: list[str]) -> str:
    """Choose a name, half the time of a key in the table, so that much is left out or changed as well."""
    there = [name for name in names if name in inside]
    return chance.choice(there if there and chance.random() < 0.5 else names)


def _store(chance: random.Random, table: Table) -> None:
    name = chance.choice([*STORES])
    _toggle(chance, chance.choice(_workloads(table)), name, STORES[name])


def _image(chance: random.Random, table: Table) -> None:
    chance.choice(_workloads(table))["image"] = f"{REGISTRY}/{chance.choice(IMAGES)}:1"


def _more(chance: random.Random, table: Table) -> None:
    name = next((one for one in ("api", "worker", "other") if one not in table["services"]), "")
    if name:
        table["services"][name] = _service(chance, table, name)


def _less(chance: random.Random, table: Table) -> None:
    if len(table["services"]) > 1:
        gone = chance.choice([*table["services"]])
        del table["services"][gone]
        for one in table["services"].values():
            if gone in one.get("calls", ()):
                del one["calls"]


def _jobs(chance: random.Random, table: Table) -> None:
    if "jobs" in table and chance.random() < 0.5:
        del table["jobs"]
    else:
        table["jobs"] = {"task": _job(chance, table)}


def _time(chance: random.Random, table: Table) -> None:
    """Give a job another time."""
    for one in table.get("jobs", {}).values():
        if "schedule" in one:
            one["schedule"] = chance.choice(["cron(0 5 * * ? *)", "rate(12 hours)"])


def _front(chance: random.Random, table: Table) -> None:
    """Let a service be public, or no longer."""
    one = chance.choice([one for name, one in table["services"].items() if "port" in one] or [{}])
    if not one.pop("public", False):
        one["public"] = True


def _workloads(table: Table) -> list[Table]:
    return [*table["services"].values(), *table.get("jobs", {}).values()]


def _toggle(chance: random.Random, inside: Table, name: str, choices: tuple[Any, ...]) -> None:
    other = [one for one in choices if one != inside.get(name)]
    if name in inside and name != "zones" and (not other or chance.random() < 0.5):
        del inside[name]
    elif other:
        inside[name] = copy.deepcopy(chance.choice(other))


EDITS = (*[_table] * 4, *[_network] * 2, *[_key] * 4, _store, _image, _more, _less, _jobs, _time, _front)
