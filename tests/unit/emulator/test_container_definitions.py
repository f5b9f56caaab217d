"""Rights of containers on the user's machine: none beyond Docker's defaults for every container."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ecs_emulator.containers.authority import BUNDLE, BUNDLE_FOLDER
from ecs_emulator.containers.database_servers import MYSQL, POSTGRESQL, Server
from ecs_emulator.containers.definitions import CannotStart, ContainerSpec, container_specs


def containers(volumes: tuple[dict[str, Any], ...] = (), **more: Any) -> list[ContainerSpec]:
    container = {"name": "web", "image": "web:1", **more}
    shape = {"containerDefinitions": [container], "memory": "512", "volumes": volumes}
    definition = SimpleNamespace(family="web", shape=shape)
    task = SimpleNamespace(id="0" * 32, definition=definition, overrides={}, zone="a", launch_type="FARGATE")
    return container_specs(cast("Any", SimpleNamespace(account="1", region="r")), cast("Any", task), 5555)


@pytest.mark.parametrize(
    "more",
    [
        {"linuxParameters": {"capabilities": {"add": ["ALL"]}}},
        {"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}},
        {"privileged": True},
    ],
)
def test_a_container_that_is_to_have_more_rights_does_not_start(more: dict[str, Any]) -> None:
    with pytest.raises(CannotStart, match="no rights beyond"):
        containers(**more)


def test_a_service_with_the_database_gets_its_authority() -> None:
    (one,) = containers(
        environment=[{"name": "DB_HOST", "value": "cluster.example"}, {"name": "DB_CA_BUNDLE", "value": "/app/rds.pem"}]
    )
    directory, _, name = one.create["environment"]["DB_CA_BUNDLE"].rpartition("/")
    assert (directory, name) == (BUNDLE_FOLDER, BUNDLE)
    assert [mount["Target"] for mount in one.host["mounts"]] == [directory]
    assert one.database
    (other,) = containers()
    assert not other.database
    assert "DB_CA_BUNDLE" not in other.create["environment"]
    assert other.host["mounts"] == []


def test_a_container_gets_no_rights_and_no_place_of_the_machine() -> None:
    (one,) = containers(
        privileged=False,
        linuxParameters={"capabilities": {"drop": ["ALL"]}},
        mountPoints=[{"containerPath": "/data", "sourceVolume": "data"}],
    )
    assert one.host["cap_drop"] == ["ALL"]
    assert one.host["security_opt"] == ["no-new-privileges"]
    assert one.host["pids_limit"] == 1024
    assert not {"cap_add", "privileged", "devices", "pid_mode", "network_mode", "binds"} & one.host.keys()
    assert [mount["Type"] for mount in one.host["mounts"]] == ["volume"]


def of_group(family: str, **parameters: str) -> Any:
    """Return an RDS with one parameter group of a family."""
    wanted = {name.replace("__", "."): {"ParameterValue": value} for name, value in parameters.items()}
    group = SimpleNamespace(parameters=wanted, db_parameter_group_family=family)
    return SimpleNamespace(db_cluster_parameter_groups={"main": group})


@pytest.mark.parametrize(("value", "given"), [("ON", ("--require-secure-transport=ON",)), ("OFF", ()), (None, ())])
def test_the_server_demands_tls_as_the_clusters_parameters_say(value: str | None, given: tuple[str, ...]) -> None:
    rds = of_group("aurora-mysql8.0", **({"require_secure_transport": value} if value else {}))
    assert MYSQL.options(rds, "main") == given
    assert MYSQL.options(rds, "default.aurora-mysql8.0") == ()


def test_postgresql_demands_tls_unless_it_is_told_not_to() -> None:
    demanded, optional = ("-c", "hba_file=/tls/hba-tls"), ("-c", "hba_file=/tls/hba")
    assert POSTGRESQL.options(of_group("aurora-postgresql17"), "main") == demanded
    assert POSTGRESQL.options(of_group("aurora-postgresql17", rds__force_ssl="0"), "main") == optional
    assert POSTGRESQL.options(of_group("aurora-postgresql16"), "default.aurora-postgresql16") == optional
    assert POSTGRESQL.files["hba-tls"].splitlines()[-1].startswith(b"hostssl ")


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (MYSQL, r"/*!80000 SET PASSWORD = 'a\\b%c' */ /*M! SET PASSWORD = PASSWORD('a\\b%c') */"),
        (POSTGRESQL, r"""ALTER ROLE "admin" PASSWORD 'a\b%c'"""),
    ],
)
def test_another_password_is_sent_in_a_variable_only(server: Server, said: str) -> None:
    def variables(password: str) -> dict[str, str]:
        return dict(zip(server.variables, ("shop", "admin", password), strict=True))

    command, given = server.another_password(variables("before"), variables(r"a\b%c"))
    assert (given["SQL"], given[server.variables[2]]) == (said, "before")
    assert not any("before" in word or r"a\b" in word for word in command)


def folder(name: str, file_system: str, directory: str) -> dict[str, Any]:
    return {"name": name, "efsVolumeConfiguration": {"fileSystemId": file_system, "rootDirectory": directory}}


def test_tasks_share_a_volume_for_each_folder_of_efs() -> None:
    points = [{"containerPath": f"/{one}", "sourceVolume": one, "readOnly": one == "b"} for one in "abcde"]
    (one,) = containers(
        (folder("a", "fs-1", "/x"), folder("b", "fs-1", "/x"), folder("c", "fs-1", "/"), folder("d", "fs-2", "/x")),
        mountPoints=points,
    )
    a, b, c, d, e = one.host["mounts"]
    assert a["Source"] == b["Source"]
    assert len({mount["Source"] for mount in (a, b, c, d)}) == 3
    assert [mount["ReadOnly"] for mount in (a, b)] == [False, True]
    assert "Source" not in e  # it is removed with the container
