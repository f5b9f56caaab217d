"""Declarations from a state's records, and the result of a rehearsal."""

from __future__ import annotations

import json
from typing import Any

import pytest

import provisioner.steps  # noqa: F401  (importing the package makes all resource types known)
from provisioner.config.models import Config
from provisioner.engine.declaration import Dependency
from provisioner.engine.records.substitution import with_references
from provisioner.operations.rehearsal import unmanaged
from provisioner.operations.rehearsal.options import RehearsalOptions
from provisioner.operations.rehearsal.outage import PredictedOutage
from provisioner.operations.rehearsal.outcome import Rehearsal, RehearsedRun
from provisioner.operations.rehearsal.redeclaration import declarations
from provisioner.render import rehearsal as show
from provisioner.state.model import Phase, Record

VPC = "vpc-bda3a1bb17d167dfd"
REPOSITORY = {
    "repository_name": "p-e/web", "image_tag_mutability": "MUTABLE", "image_scanning_configuration": {},
    "lifecycle_policy": {},
}  # fmt: skip
CONFIG = Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80}}})


def record(
    address: str, id: str | None, asked: dict[str, Any], *needs: str, phase: Phase = "ready", **outputs: Any
) -> Record:
    return Record(address, address.partition("/")[0], phase, "", id, asked, outputs, [*needs], "network")


def table(*records: Record) -> dict[str, Record]:
    return {one.address: one for one in records}


MAIN = record("vpc/main", VPC, {"cidr_block": "10.0.0.0/16", "enable_dns_support": True, "enable_dns_hostnames": True})


def subnet(vpc: str = VPC, phase: Phase = "ready") -> Record:
    asked = {
        "vpc_id": vpc,
        "availability_zone": "eu-west-1a",
        "cidr_block": "10.0.0.0/20",
        "map_public_ip_on_launch": False,
    }
    return record("subnet/a", "subnet-0123456789abcdef0", asked, "vpc/main", phase=phase)


def test_ids_become_tokens_and_needs() -> None:
    declared, left_out = declarations(table(subnet(), MAIN))
    assert left_out == {}
    # each after its dependencies
    assert [*declared] == ["vpc/main", "subnet/a"]
    assert declared["subnet/a"].resource.fields()["vpc_id"] == "${vpc/main:id!}"
    assert declared["subnet/a"].dependencies == (Dependency("vpc/main", "id", True), Dependency("vpc/main", ready=True))
    assert declared["subnet/a"].step == "network"
    assert declared["vpc/main"].resource.fields() == MAIN.arguments


def test_an_id_that_nobody_recorded_stays() -> None:
    declared, _ = declarations(table(MAIN, subnet("vpc-00000000000000000")))
    assert declared["subnet/a"].resource.fields()["vpc_id"] == "vpc-00000000000000000"


def test_outputs_are_found_in_longer_texts_without_the_last_dot() -> None:
    certificate = record(
        "certificate/app.example.com", "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        {"domain_name": "app.example.com", "subject_alternative_names": ["app.example.com"]},
        validation_name_0="_8a1c.app.example.com.", validation_value_0="_7912.x.acm-validations.aws.",
    )  # fmt: skip
    proof = record(
        "validation_record/app.example.com", "ZONE|_8a1c.app.example.com|CNAME",
        {"hosted_zone_id": "ZFOREIGN", "record_name": "_8a1c.app.example.com", "type": "CNAME", "ttl": 300,
         "resource_records": ["_7912.x.acm-validations.aws."], "alias_target": None},
        "certificate/app.example.com",
    )  # fmt: skip
    declared, _ = declarations(table(proof, certificate))
    fields = declared["validation_record/app.example.com"].resource.fields()
    # not ready, so that this record makes it ready
    assert fields["record_name"] == "${certificate/app.example.com:validation_name_0}"
    assert fields["resource_records"] == ["${certificate/app.example.com:validation_value_0}"]
    assert fields["hosted_zone_id"] == "ZFOREIGN"
    assert not any(need.ready for need in declared["validation_record/app.example.com"].dependencies)


def test_what_follows_from_a_name_stays_but_for_the_registry() -> None:
    profile = {"instance_profile_name": "p-e-task", "role_name": "p-e"}
    role = record("instance_profile/task", "p-e-task", profile, arn="arn:aws:iam::123456789012:instance-profile/p-e")
    repository = record("repository/web", "p-e/web", REPOSITORY, repository_uri="127.0.0.1:4711/p-e/web")
    wanted = record(
        "wanted_image/web",
        "web",
        {"uri": "127.0.0.1:4711/p-e/web:1", "source": "p-e-task"},
        "repository/web",
        "instance_profile/task",
    )
    fields = declarations(table(role, repository, wanted))[0]["wanted_image/web"].resource.fields()
    assert fields == {"uri": "${repository/web:repository_uri!}:1", "source": "p-e-task"}


def test_nobody_waits_for_what_is_not_recorded() -> None:
    """As `recover` records instances that are left of a launch template."""
    asked = {"launch_template_id": "${launch_template/main:id}", "subnet_ids": ["subnet-0123456789abcdef0"]}
    left = record("instances/p-e", "p-e", asked, "launch_template/main", "subnet/a")
    declared, left_out = declarations(table(MAIN, subnet(), left))
    assert left_out == {}
    assert {one.address for one in declared["instances/p-e"].dependencies} == {"subnet/a"}


def test_what_cannot_be_copied_is_reported_with_what_needs_it() -> None:
    strange = record("dragon/main", "d", {})
    older = record("vpc/old", "vpc-1", {"cidr": "10.0.0.0/16"})
    short = record("vpc/short", "vpc-2", {})
    unfinished = table(record("vpc/main", None, MAIN.arguments, phase="creating"), subnet(), strange, older, short)
    declared, left_out = declarations(unfinished)
    assert declared == {}
    assert left_out == {
        "vpc/main": "is still being created",
        "subnet/a": "depends on vpc/main, which is not copied",
        "dragon/main": "has a resource type that this version does not support (dragon)",
        "vpc/old": "was recorded by another version, with cidr",
        "vpc/short": "was recorded by another version, without cidr_block",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", "${a/b:id}"),
        ("x/abc/y", "x/${a/b:id}/y"),
        ("abc-def", "${a/b:more}"),
        ("abcd", "abcd"),
        ("abc-d", "abc-d"),
        ("1abc", "1abc"),
        ({"abc": ["abc", 3, None]}, {"${a/b:id}": ["${a/b:id}", 3, None]}),
    ],
)
def test_names_are_with_tokens_whole_and_the_longest_first(text: object, expected: object) -> None:
    assert with_references(text, {"abc": "a/b:id", "abc-def": "a/b:more"}) == expected


def test_what_is_unmanaged_and_referred_to() -> None:
    key, acl = (
        "arn:aws:kms:ap-northeast-1:123456789012:key/abc-1",
        "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/n/1",
    )
    config = Config.model_validate(
        {
            "kms_key": "alias/mine",
            "services": {"web": {"image": "nginx:1", "port": 80}},
            "load_balancer": {"waf_acl": acl},
        }
    )
    records = table(
        record("delegation/example.com", "example.com|Z1", {"domain": "example.com", "hosted_zone_id": "Z1"}),
        record("secure_parameter/p", "/p", {"parameter_name": "/p", "key_id": key}),
        record("launch_template/main", "lt-1", {"launch_template_data": {"ImageId": "ami-0123456789abcdef0"}}),
    )
    found, assumed = unmanaged.resources(records, config)
    assert found["zones"] == [{"id": "Z1", "domain": "example.com"}]
    assert (found["keys"], found["aliases"]) == ([key], {"alias/mine": key})
    assert (found["amis"], found["web_acls"]) == (["ami-0123456789abcdef0"], [acl])
    assert assumed == [f"alias/mine is taken as {key}"]


def test_a_zone_of_the_stack_is_not_put_there_before_it() -> None:
    records = table(
        record("hosted_zone/public", "Z1", {"hosted_zone_name": "example.com"}),
        record("delegation/example.com", "example.com|Z1", {"domain": "example.com", "hosted_zone_id": "Z1"}),
    )
    web = {"image": "nginx:1", "port": 80, "public": True}
    named = Config.model_validate({"services": {"web": web}, "dns": {"domain": "example.com"}})
    found, assumed = unmanaged.resources(records, named)
    assert (found["zones"], found["delegated"]) == ([], ["example.com"])
    assert assumed == ["the public hosted zone example.com is in the account, and delegated"]
    assert unmanaged.resources(records, CONFIG)[1] == []


def test_what_a_rehearsal_prints() -> None:
    outages = [
        PredictedOutage("web", 3.0, 44.2, "none of its tasks is running"),
        PredictedOutage("web", 50, None, "no more", "https://a.example.com/*"),
    ]
    usual = RehearsedRun("typical", 192.4, {"changed": 1}, outages=outages, calls=212, writes=31)
    slow = RehearsedRun("slow", 900.0, problems=["service/web: too slow\nmuch"])
    found = Rehearsal(RehearsalOptions(), "p-e", 12, [], ["assumed: nothing"], [usual, slow])
    assert show.lines(found) == [
        "Rehearsal of `up` of p-e: it would succeed.",
        "On AWS: about 3 min 12 s.",
        "No changes.",
        "URLs that will not answer:",
        "  ! https://a.example.com/* permanently, after 50 s (no more)",
        "Services that will be down:",
        "  ! web for 41 s, after 3.0 s (none of its tasks is running)",
        "212 calls, 31 of them writes.",
        "  with slow durations: service/web: too slow.",
        "note: assumed: nothing",
    ]
    assert found.exit_code == 1
    assert json.loads(show.document(found))["runs"][0]["outages"][0]["until"] == 44.2
