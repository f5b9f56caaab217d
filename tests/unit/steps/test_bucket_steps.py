"""Buckets of services: their settings, the rights of tasks, and the way to S3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NAME = "ecs-sample-dev-123456789012-eu-west-1-uploads"
ARN = f"arn:aws:s3:::{NAME}"


def declared(access: Any, key: str | None = None, **settings: Any) -> Stack:
    web = {"image": "nginx:1", "port": 80, "public": True, "buckets": access}
    tables = {"dns": {"domain": "example.com"}, "services": {"web": web, "other": {"image": "nginx:1"}}}
    config = Config.model_validate({**tables, "buckets": {"uploads": settings}})
    return step_run.declare(config, replace(FACTS, kms_key=key))


def desired(stack: Stack, address: str) -> Any:
    return cast("Any", stack.declared[address].resource)


def statements(stack: Stack, service: str) -> list[dict[str, Any]]:
    policies = desired(stack, f"role/task-{service}").inline_policies
    return [one for name, document in policies.items() if name.startswith("buckets-") for one in document["Statement"]]


def test_a_reader_reads_its_bucket_and_nothing_else() -> None:
    stack = declared({"uploads": "read"})
    assert statements(stack, "web") == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"],
            "Resource": [ARN, f"{ARN}/*"],
        }
    ]
    assert statements(stack, "other") == []


def test_tasks_wait_for_their_bucket_and_learn_its_name() -> None:
    stack = declared(["uploads"])
    own, other = (desired(stack, f"task_definition/{name}").container_definitions[0] for name in ("web", "other"))
    assert {"name": "UPLOADS_BUCKET", "value": "${bucket/uploads:id!}"} in own["environment"]
    assert "UPLOADS_BUCKET" not in str(other)


def test_a_key_encrypts_objects_and_tasks_use_it_by_s3_alone() -> None:
    stack = declared({"uploads": "read"}, KEY)
    bucket = desired(stack, "bucket/uploads")
    assert (bucket.sse_algorithm, bucket.kms_key_id, bucket.bucket_key_enabled) == ("aws:kms", KEY, True)
    *_, decrypt = statements(stack, "web")
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [ARN, f"{ARN}/*"]},
    }


def test_pages_of_the_services_that_use_it_and_listed_origins() -> None:
    (rule,) = desired(declared(["uploads"], cors=True), "bucket/uploads").cors_rules
    assert rule["AllowedOrigins"] == ["https://app.example.com"]
    (rule,) = desired(declared(["uploads"], cors=["http://localhost:3000"]), "bucket/uploads").cors_rules
    assert rule["AllowedOrigins"] == ["http://localhost:3000"]
    assert desired(declared(["uploads"]), "bucket/uploads").cors_rules == []


def test_s3s_gateway_lets_the_rights_through_and_no_more() -> None:
    of_gateway = desired(declared({"uploads": "read"}), "vpc_endpoint/s3").policy_document["Statement"]
    assert of_gateway[1]["Action"] == ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"]
    assert of_gateway[1]["Condition"]["StringEquals"]["aws:ResourceAccount"] == "123456789012"


def test_a_bucket_that_nobody_uses_is_told() -> None:
    assert [text for text in declared([]).notices if "buckets.uploads: no service and no job" in text]
