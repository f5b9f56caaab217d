"""Unknown types hold data: types of Cloud Control, and the user's own types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from provisioner.engine import own_code
from provisioner.engine.planning.losses import data_of
from provisioner.engine.planning.removal import Removal, going, kept
from provisioner.engine.resource import DATA, RESOURCE_TYPES, Resource
from provisioner.resources.cloudcontrol import schemas
from provisioner.resources.cloudcontrol.data_free import DATA_FREE
from provisioner.resources.cloudcontrol.declare import NEEDED, CloudControl
from provisioner.state.model import Record

TABLE = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}


def recorded(resource: Resource) -> Record:
    """Return the record of a resource after an `up`."""
    return Record(resource.address, resource.type_name, "ready", "", "the-id", resource.recorded())


def own_type(name: str, **more: Any) -> type[Resource]:
    """Return a type as a file of own steps defines it."""
    made = type(name.title(), (Resource,), {"__module__": f"{own_code.PACKAGE}.{name}", "type_name": name, **more})
    return dataclass(frozen=True)(made)


@pytest.mark.parametrize(
    ("type_name", "properties", "said", "data"),
    [
        ("AWS::DynamoDB::Table", TABLE, None, DATA),
        ("AWS::DynamoDB::Table", TABLE, False, ""),
        ("AWS::Logs::ResourcePolicy", {"PolicyName": "a", "PolicyDocument": "{}"}, None, ""),
        ("AWS::Logs::ResourcePolicy", {"PolicyName": "a", "PolicyDocument": "{}"}, True, DATA),
        ("AWS::EFS::FileSystem", {}, None, DATA),
    ],
)
def test_a_type_of_cloud_control(type_name: str, properties: dict[str, Any], said: bool | None, data: str) -> None:
    resource = CloudControl("one", type_name, properties, holds_data=said)
    record = recorded(resource)
    assert data_of(record) == data
    # what AWS is sent has nothing of it
    assert "holds_data" not in resource.fields()
    assert kept({record.address: record}, {}, Removal()) == ([record.address] if data else [])
    assert going({record.address: record}, {}, Removal(frozenset({record.address}))) == [record.address]


def test_a_type_that_this_version_does_not_have_holds_data() -> None:
    assert data_of(Record("AWS::New::Type/one", "AWS::New::Type", "ready", "", "id")) == DATA


def test_own_types_hold_data_unless_they_say_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.engine.own_code.class_name", lambda defined: defined.__qualname__)
    types = [
        own_type("own.plain"),
        own_type("own.free", holds_data=False),
        own_type("own.told", data=classmethod(lambda cls, settings: "the messages")),
    ]
    try:
        found = [data_of(Record(f"{one.type_name}/a", one.type_name, "ready", "", "id")) for one in types]
    finally:
        for one in types:
            del RESOURCE_TYPES[one.type_name]
    assert found == [DATA, "", "the messages"]


def test_the_table_names_types_that_can_be_declared() -> None:
    for name in DATA_FREE:
        schema = schemas.shipped(name)
        assert schema, name
        assert all(schema.serves(handler) for handler in NEEDED), name


STORES = ("Bucket", "Table", "Queue", "Stream", "Cluster", "DBInstance", "FileSystem", "Key", "Secret", "Parameter")


def test_no_store_is_in_the_table() -> None:
    """Stores, users, keys, recordings and backups cannot be declared again."""
    more = ("LogGroup", "UserPool", "User", "Domain", "Repository", "Vault", "Volume", "Snapshot", "HostedZone", "EIP")
    assert [name for name in DATA_FREE if name.rpartition("::")[2] in {*STORES, *more}] == []
