"""Environment variables in a state: in its records, its document, its journal, and a kept older one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.state.journal import checked, encoded, header
from provisioner.state.local import DOCUMENT, JOURNAL, LocalStore
from provisioner.state.migrate import kept
from provisioner.state.model import SCHEMA, Record, State
from provisioner.state.variables import without_values
from tests.schema_1 import as_schema_1, named_as_in_schema_1

CANARY = "canary-7f3d"
GIVEN = {
    "PORT": "8080",
    "DB_PORT": "3306",
    "DB_HOST": "shop.cluster-c1x2.eu-west-1.rds.amazonaws.com",
    "BACKEND_URL": "http://backend.svc.internal:8080",
}
"""The names of the stack's parts, for a rehearsal: they cannot contain secrets."""
OWN = {
    "API_KEY": CANARY,
    "GREETING": f"hello {CANARY}",
    "PORT": CANARY,
    "DB_HOST": f"{CANARY}.example.com",
    "OTHER_URL": f"http://user:{CANARY}@backend.svc.internal:8080",
    "NEXT_URL": f"http://backend.svc.internal:8080/{CANARY}",
    "LAST_URL": f"https://{CANARY}.svc.internal:8080",
}


def arguments(variables: dict[str, str], family: str = "shop-dev-web") -> dict[str, Any]:
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return {"family": family, "container_definitions": [{"name": "web", "image": "web:1", "environment": environment}]}


def record(variables: dict[str, str]) -> Record:
    return Record("task_definition/web", "task_definition", "ready", "0" * 32, "shop-dev-web", arguments(variables))


def variables_of(one: Record) -> list[Any]:
    return list(one.arguments["container_definitions"][0]["environment"])


def test_a_record_has_names_and_one_digest_and_no_value() -> None:
    one = record(GIVEN | OWN)
    digest, *named = variables_of(one)
    assert digest["digest"].startswith("pbkdf2-sha256:")
    assert [variable["name"] for variable in named] == [*(GIVEN | OWN)]
    assert {variable["name"] for variable in named if "value" in variable} == {"DB_PORT", "BACKEND_URL"}
    assert CANARY not in repr(one)
    assert CANARY not in repr(replace(one, arguments=arguments(OWN)))
    assert record(GIVEN).arguments == arguments(GIVEN)


def test_the_same_values_are_known_again_and_no_others() -> None:
    digests = [
        variables_of(record(OWN))[0],
        variables_of(record(OWN | {"API_KEY": "another"}))[0],
        variables_of(record({**OWN, "ONE": "x", "TWO": "y"}))[0],
        variables_of(record({**OWN, "ONE": "y", "TWO": "x"}))[0],
        without_values(arguments(OWN, family="shop-prod-web"))["container_definitions"][0]["environment"][0],
    ]
    assert len({one["digest"] for one in digests}) == len(digests)
    assert variables_of(record(OWN)) == variables_of(record(OWN))
    assert without_values(record(OWN).arguments) == record(OWN).arguments


def test_arguments_of_a_build_are_held_the_same_way() -> None:
    def held(values: dict[str, str]) -> Any:
        return Record("image/web", "image", "ready", "", "web:1", {"tag": "1", "build_args": values}).arguments

    one = held({"BASE": "python:3.13", "NPM_TOKEN": CANARY})
    assert [*one["build_args"]] == ["", "BASE", "NPM_TOKEN"]
    assert CANARY not in repr(one)
    assert held(one["build_args"]) == one == held({"NPM_TOKEN": CANARY, "BASE": "python:3.13"})
    assert held({"BASE": "python:3.13", "NPM_TOKEN": "other"}) != one
    assert held({}) == {"tag": "1", "build_args": {}}


@pytest.mark.parametrize(
    "environment",
    [None, "x", [None], [{}], [{"value": CANARY}], [{"name": "A", "value": {"b": CANARY}}], {"a": CANARY}],
)
def test_whatever_stands_there_instead_is_no_error(environment: Any) -> None:
    for containers in (environment, [environment], [{"environment": environment}]):
        without_values({"container_definitions": containers})


def test_nothing_that_is_written_has_a_value(tmp_path: Path) -> None:
    with LocalStore(tmp_path, "shop-dev", "up", "test") as store:
        store.guard("shop-dev", "123456789012", "eu-west-1")
        store.put(record(OWN))
        assert CANARY not in (tmp_path / JOURNAL).read_text()
        assert "API_KEY" in (tmp_path / JOURNAL).read_text()
        store.swap(State("shop-dev", "123456789012", "eu-west-1", records={"task_definition/web": record(OWN)}), "was")
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert written.count("API_KEY") == 2
    assert CANARY not in written


def test_a_document_and_a_journal_are_read_without_their_values(tmp_path: Path) -> None:
    """As versions before wrote them; the document that is kept beside the new one has no values either."""
    for schema in (1, 2):
        before: dict[str, Any] = {"dependencies": [], "outputs": {}}
        row = {**record(OWN).row(), "arguments": arguments(OWN), **before}
        document = as_schema_1(record({})) | {"schema": schema}
        document["records"] = {"task_definition/web": row if schema == 2 else named_as_in_schema_1(row)}
        content = json.dumps(document).encode()
        assert CANARY in content.decode()
        (tmp_path / DOCUMENT).write_bytes(content)
        later = {**row, "address": "task_definition/later"}
        head = header(7, "line")
        line = encoded({"put": later if schema == 2 else named_as_in_schema_1(later)})
        (tmp_path / JOURNAL).write_bytes(head + checked(line, head))
        with LocalStore(tmp_path, "shop-dev", "up", "test") as store:
            assert store.records["task_definition/web"].arguments == record(OWN).arguments
            assert store.records["task_definition/later"].arguments == record(OWN).arguments
        written = {path.name: path.read_text() for path in tmp_path.iterdir()}
        assert json.loads(written[DOCUMENT])["schema"] == SCHEMA
        assert json.loads(written[f"state.schema-{schema}.json"])["schema"] == schema
        assert [name for name, text in written.items() if CANARY in text] == []


def test_an_older_document_is_otherwise_kept_as_it_was() -> None:
    document = as_schema_1(
        Record("vpc/main", "vpc", "ready", "t", "vpc-1", {"environment": [{"name": "A", "value": "b"}]})
    )
    assert json.loads(kept(document)) == document
