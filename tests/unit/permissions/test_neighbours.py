"""For each permission of each printed policy the call just outside: another stack's, another Region's, another owner's.

The calls come from the table itself, so that a new row needs no change here: another stack with the same options needs
the same calls on its own resources, and a stack in another Region there. docs/accounts.md names the calls that AWS
cannot limit; no others may be allowed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from zlib import crc32

import pytest

from ecs_emulator.authorization.policy import VARIABLES, Check, Decision, Statement, decide, read
from provisioner.aws.permissions import Part, Permission
from provisioner.config.models import Config
from provisioner.config.tables import CloudFront, Database
from provisioner.permissions.belonging import NAME_ONLY, PASSING, TELLING
from provisioner.permissions.boundary import boundary
from provisioner.permissions.limits import UNLIMITED, unlimited_reads
from provisioner.permissions.policy import document, documents, statements
from provisioner.permissions.table import needed

ACCOUNT = "111111111111"
OPTIONS: dict[str, Any] = {
    "account": {"trunking": True, "bulk_roles": True},
    "alarms": {"email": ["ops@example.com"]},
    "capacity": {"spot": True},
    "volumes": {"media": {}},
    "queues": {"work": {}},
    "topics": {"orders": {"queues": ["work"]}},
    "logs": {"kms_key": "alias/logs"},
    "network": {"flow_logs": True, "egress": "nat"},
    "database": {"readers": 1, "iam_authentication": True, "logs": ["error"]},
    "redis": {},
    "services": {
        "web": {"build": "app", "port": 80, "public": True, "hosts": ["app", "@"], "scaling": {"cpu": 70}},
        "own": {"image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web:1", "port": 80},
    },
    "jobs": {
        "migrate": {"build": "app", "before_deploy": True},
        "nightly": {"build": "app", "schedule": "rate(1 day)"},
        "repeated": {"build": "app", "schedule": "rate(1 day)", "timeout": 3600, "retries": 2},
    },
}


def _stack(project: str, env: str, letter: str, region: str = "ap-northeast-1") -> Config:
    """Return a stack with all options, whose names are all its own, apart from names that begin with its stack's."""
    key_id, place, own = f"1234abcd-12ab-34cd-56ef-1234567890a{letter}", f"{region}:{ACCOUNT}", f"{letter}-{project}"
    acl = f"arn:aws:wafv2:{place}:regional/webacl/{own}/{key_id}"
    tables = {
        "region": region,
        "kms_key": f"arn:aws:kms:{place}:key/{key_id}",
        "logs": {"kms_key": f"alias/{own}"},
        "load_balancer": {"access_logs": True, "waf_acl": acl},
        "dns": {
            "domain": f"{own}.example.com",
            "private_domain": f"{own}.internal",
        },
        "state": {"bucket": f"{own}-states"},
    }
    whole = Config.model_validate({**OPTIONS, **tables, "project": project, "env": env})
    # a file with both is refused: here the permissions of both are looked at together
    return whole.model_copy(update={"cloudfront": CloudFront()})


OURS, THEIRS, SIBLING = _stack("shop", "dev", "b"), _stack("payments", "prod", "c"), _stack("shop", "dev-eu", "d")
NAMESAKE = _stack("shop-dev", "eu", "e")
"""The sibling's stack name, of another project."""
ELSEWHERE = _stack("shop", "dev", "b", region="eu-west-1")


def _using(config: Config) -> Config:
    """Return a stack with a database of somebody else in place of its own, in a group of that alone."""
    group = f"sg-{crc32(config.dns.private_domain.encode()):08x}"
    password = f"secretsmanager:{config.dns.private_domain}/app#password"
    used = Database.model_validate({"cluster": "shared", "security_group": group, "user": "app", "password": password})
    return config.model_copy(update={"database": used})


Rows = Callable[[Config], Iterable[Permission]]
KINDS: Mapping[str, Rows] = {
    "all that every command needs": lambda config: needed(config, account=ACCOUNT),
    "a database of others": lambda config: needed(_using(config), account=ACCOUNT),
    "read-only": lambda config: needed(config, account=ACCOUNT, read_only=True),
    "import": lambda config: needed(config, account=ACCOUNT, part=Part.IMPORT),
    "run": lambda config: needed(config, account=ACCOUNT, part=Part.RUN),
    "shell": lambda config: needed(config, account=ACCOUNT, part=Part.SHELL),
    "state": lambda config: needed(config, account=ACCOUNT, part=Part.STATE),
    "doctor": lambda config: needed(config, account=ACCOUNT, part=Part.DOCTOR),
    "prices": lambda config: needed(config, account=ACCOUNT, part=Part.PRICES),
    "boundary": lambda config: boundary(config, ACCOUNT),
}
OF_NO_STACK = ("doctor", "prices")
"""Kinds whose calls may concern other stacks too: they read facts that are the same for all."""


STACKS = {OURS.name: OURS, NAMESAKE.name: NAMESAKE}


@cache
def _policies(kind: str, ours: str) -> dict[str, list[Statement]]:
    """Return the statements of a kind, as the embedded cloud reads the printed policies, by their actions."""
    rows = [*KINDS[kind](STACKS[ours])]
    printed = [document(statements(rows))] if kind == "boundary" else documents(rows)
    found = [it for one in printed for it in read(kind, json.dumps(one))]
    return {name: [it for it in found if it.about(name)] for name in {_action(row) for row in rows}}


def _action(row: Permission) -> str:
    return row.name.replace("*", "Anything")


def _calls(row: Permission) -> Iterator[Check]:
    """Yield the checks that AWS makes for a permission's call: each of its resources, in the allowed context."""
    region = {"aws:RequestedRegion": ("ap-northeast-1",)}
    for pattern in row.resources:
        arn = pattern
        for variable, key in VARIABLES.items():
            region[key] = ("me",)
            arn = arn.replace(variable, "me")
        said = [(how, key, values) for how, key, values in row.conditions if how != "Null" and "Not" not in how]
        context = {key: _values(how, values) for how, key, values in said}
        yield Check(_action(row), arn.replace("*", "x1") if arn != "*" else "*", {**region, **context})


def _values(how: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return (values[0].replace("*", "x1") if "Like" in how else values[0],)


def _allowed(kind: str, check: Check, ours: Config = OURS) -> bool:
    return decide(_policies(kind, ours.name).get(check.action, ()), check) is Decision.ALLOWED


@pytest.mark.parametrize("kind", KINDS)
def test_each_call_that_a_permission_is_for_is_allowed(kind: str) -> None:
    checks = [check for row in KINDS[kind](OURS) for check in _calls(row)]
    assert len(checks) > (0 if kind == "prices" else 3)
    assert [it for it in checks if not _allowed(kind, it)] == []


def _of_another_stack(kind: str, theirs: Config = THEIRS, ours: Config = OURS) -> set[str]:
    """Return the actions by which another stack's own call would be allowed."""
    return {row.name for row in KINDS[kind](theirs) for check in _calls(row) if _allowed(kind, check, ours)}


def _taking_over(kind: str, another: Config = THEIRS) -> set[str]:
    """Return the actions that could put the stack's tags on foreign resources, and so open other calls to them.

    `import` exists for resources of no stack, so its policy allows these.
    """
    owner = {"ManagedBy": "provisioner", "Project": another.project, "Environment": another.env}
    theirs = {f"aws:ResourceTag/{key}": (value,) for key, value in owner.items()}
    # a resource that has the stack's name and no tags is not another's
    untagged = another is THEIRS and kind != "import"
    found = set()
    for ours, other in zip(KINDS[kind](OURS), KINDS[kind](another), strict=True):
        if "Tag" not in ours.action or not ours.writes:
            continue
        for check, foreign in zip(_calls(ours), _calls(other), strict=True):
            brought = {
                key: value
                for key, value in check.context.items()
                if "CreateAction" not in key and "ResourceTag" not in key
            }
            for tags in [theirs, {}] if untagged else [theirs]:
                if _allowed(kind, Check(check.action, foreign.resource, {**brought, **tags})):
                    found.add(ours.name)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_another_stacks_call_is_denied_where_aws_has_a_limit(kind: str) -> None:
    passed = _of_another_stack(kind)
    assert passed < {row.name for row in KINDS[kind](THEIRS)} or kind in OF_NO_STACK
    assert passed - {*UNLIMITED, *unlimited_reads()} == set(), "limit it, or say in permissions/limits.py why not"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_whose_name_goes_on_is_another_stack(kind: str) -> None:
    passed = _of_another_stack(kind, SIBLING) - {*UNLIMITED, *unlimited_reads()}
    by_name = {row.name for row in KINDS[kind](SIBLING) if not row.writes and row.name not in TELLING}
    # of the names of database users, in the boundary, AWS knows no tags: its database is known after the first `up`
    assert passed - by_name == ({"rds-db:connect"} if kind == "boundary" else set())


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_of_an_equal_name_is_another_stack(kind: str) -> None:
    passed = _of_another_stack(kind, SIBLING, NAMESAKE) - {*UNLIMITED, *unlimited_reads()}
    by_name = {row.name for row in KINDS[kind](SIBLING) if not row.writes and row.name not in TELLING}
    # the group is kept apart by its tags, and the new snapshot by its name alone, for which AWS knows no key
    final = "elasticache:DeleteReplicationGroup"
    assert {name for name in passed - by_name if not name.startswith("s3:")} <= {*NAME_ONLY, PASSING, final}


@pytest.mark.parametrize("another", [THEIRS, SIBLING], ids=lambda config: config.name)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_becomes_the_stack_s_by_a_call_that_tags_it(kind: str, another: Config) -> None:
    assert _taking_over(kind, another) - {*UNLIMITED} == set()


def test_no_more_is_said_to_be_without_a_limit() -> None:
    passed = {name for kind in KINDS for name in _of_another_stack(kind) | _taking_over(kind)}
    assert {*UNLIMITED, *unlimited_reads()} - passed == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_in_another_region_is_denied(kind: str) -> None:
    """But of the services without Regions, and by the agents, whose calls know no resources."""
    passed = {
        row.name
        for row in KINDS[kind](ELSEWHERE)
        for check in _calls(row)
        if row.writes and row.service not in ("cloudfront", "iam", "route53", "s3")
        if _allowed(kind, replace(check, context={**check.context, "aws:RequestedRegion": ("eu-west-1",)}))
    }
    assert {name for name in passed if not UNLIMITED.get(name, ("",))[0].startswith("in the boundary")} == (set())


def test_every_limit_by_a_tag_names_all_tags_of_the_stack() -> None:
    """The table names each of the stack's tags; a policy that left one out would fit another stack's resources."""
    for kind, rows in KINDS.items():
        for row in rows(OURS):
            keys = {key for _, key, _ in row.conditions}
            for sort in ("aws:ResourceTag/", "aws:RequestTag/"):
                own = {key.removeprefix(sort) for key in keys if key.startswith(sort)} - {"GuardDutyManaged"}
                null = any(how == "Null" for how, key, _ in row.conditions if key.startswith(sort))
                # what is the stack's by its name, too, may have no tags yet
                apart = {how for how, key, _ in row.conditions if key.startswith(sort)} == {"StringEqualsIfExists"}
                two = {"Project", "Environment"}
                assert null or own in (set(), two if apart else {*two, "ManagedBy"}), (kind, row.name)
