"""botocore's models are the same by each way of reading them."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.hooks import EVENT_ALIASES, EventAliaser, HierarchicalEmitter

from provisioner.aws.event_names import Events
from provisioner.aws.service_models import PlainFiles, read_plainly


def test_models_read_plainly_say_the_same_in_the_same_order() -> None:
    usual, plain = botocore.session.Session(), botocore.session.Session()
    read_plainly(plain)
    assert isinstance(plain.get_component("data_loader").file_loader, PlainFiles)
    for model in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
        one, other = (s.get_component("data_loader").load_service_model("ecr", model) for s in (usual, plain))
        # Texts of megabytes are compared before the assertion, which would look for each difference.
        same = json.dumps(one) == json.dumps(other)
        assert same, model
    one, other = (s.get_data("endpoints") for s in (usual, plain))
    same = json.dumps(one) == json.dumps(other)
    assert same
    assert usual.get_available_services() == plain.get_available_services()


def test_botocores_own_endpoints_stay_in_the_session() -> None:
    used, fresh = botocore.session.Session(), botocore.session.Session()
    for session in (used, fresh):
        read_plainly(session)
    used.set_credentials("key", "secret")
    used.create_client("s3", region_name="us-east-1")
    assert "dnsSuffix" in used.get_data("endpoints")["partitions"][0]["services"]["s3"]["endpoints"]["us-east-1"]
    assert "dnsSuffix" not in fresh.get_data("endpoints")["partitions"][0]["services"]["s3"]["endpoints"]["us-east-1"]


def test_what_a_client_of_s3_writes_into_its_model_stays_there() -> None:
    sessions = botocore.session.Session(), botocore.session.Session()
    for session in sessions:
        read_plainly(session)
    sessions[0].set_credentials("key", "secret")
    client: Any = sessions[0].create_client("s3", region_name="us-east-1")
    client.generate_presigned_url("put_object", Params={"Bucket": "a", "Key": "b"})
    used, fresh = (session.get_service_model("s3").operation_model("PutObject").http for session in sessions)
    assert (used["requestUri"], fresh["requestUri"]) == ("/{Key+}", "/{Bucket}/{Key+}")


def test_a_service_that_is_not_there_is_an_error_as_ever() -> None:
    session = botocore.session.Session()
    read_plainly(session)
    with pytest.raises(UnknownServiceError):
        session.create_client("nothing", region_name="ap-northeast-1")


def test_events_have_the_names_that_botocore_gives_them() -> None:
    parts = (
        *EVENT_ALIASES,
        "ecs",
        "ec2",
        "xlex",
        *(f"x.{name}.y" for name in EVENT_ALIASES),
        "api.ecr",
        "cloudwatch.logs",
    )
    names = [f"{kind}.{part}.Describe" for kind in ("before-call", "needs-retry") for part in parts]
    told = []
    for events in (Events(HierarchicalEmitter()), EventAliaser(HierarchicalEmitter())):
        for kind in ("before-call", "needs-retry"):
            events.register(kind, lambda event_name, **_: event_name)
        told.append([response for name in names for _, response in events.emit(name)])
    assert len(told[0]) == len(names)
    assert told[0] == told[1] != names
