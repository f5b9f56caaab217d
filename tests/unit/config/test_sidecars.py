"""`[services.NAME.sidecars.NAME]`: refusals before any call, inherited settings, and the definitions for ECS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from provisioner.steps import offline
from provisioner.steps.stack import run

WEB = '[services.web]\nimage = "web:1"\nport = 80\npublic = true\ncpu = 512\nmemory = 1024\n'
SIDE = '[services.web.sidecars.side]\nimage = "side:1"\n'
OTHER = '[services.web.sidecars.other]\nimage = "other:1"\n'


def read(directory: Path, text: str) -> Config:
    (directory / "stack.toml").write_text(text)
    return load(directory / "stack.toml")


def refused(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(directory, text)
    return [line.split(": ", 1)[1] for line in str(caught.value).splitlines()]


WRONG: dict[str, tuple[str, str]] = {
    "the name of the service's own container": (
        WEB + SIDE.replace("side]", "web]"),
        "services.web.sidecars.web: is the name of the container of web itself: use another name",
    ),
    "no image": (WEB + "[services.web.sidecars.side]\nport = 1\n", "services.web.sidecars.side: has neither image nor"),
    "too many": (
        WEB + "".join(SIDE.replace("side]", f"s{n}]") for n in range(10)),
        "services.web.sidecars: has 10, and a task has 10 containers with its own: use 9 or fewer",
    ),
    "a port twice": (
        WEB + SIDE + "port = 80\n",
        "services.web.sidecars.side.port: 80 is the port of web too, and the containers of a task share one network",
    ),
    "an unknown container": (
        WEB + 'depends_on = { sidecar = "start" }\n' + SIDE,
        'services.web.depends_on.sidecar: there is no container "sidecar" in the task; did you mean "side"?',
    ),
    "itself": (
        WEB + SIDE + 'depends_on = { side = "start" }\n',
        "services.web.sidecars.side.depends_on.side: a container cannot wait for itself: remove it",
    ),
    "a circle": (
        WEB + 'depends_on = { side = "start" }\n' + SIDE + 'depends_on = { web = "start" }\n',
        "is part of a cycle (",
    ),
    "healthy without a check": (
        WEB + 'depends_on = { side = "healthy" }\n' + SIDE,
        (
            'services.web.depends_on.side: is "healthy", but nothing asks side whether it is: add '
            'sidecars.side.health.command, or write "start"'
        ),
    ),
    "healthy of the service without a check": (
        WEB + SIDE + 'depends_on = { web = "healthy" }\n',
        (
            'services.web.sidecars.side.depends_on.web: is "healthy", but nothing asks web whether it is: add '
            'health.command, or write "start"'
        ),
    ),
    "success of an essential one": (
        WEB + 'depends_on = { side = "success" }\n' + SIDE,
        (
            'services.web.depends_on.side: is "success", but side is essential, and the task ends with it: set '
            "sidecars.side.essential = false"
        ),
    ),
    "complete of the service": (
        WEB + SIDE + 'depends_on = { web = "complete" }\n',
        'services.web.sidecars.side.depends_on.web: is "complete", but web is essential',
    ),
    "no such condition": (
        WEB + 'depends_on = { side = "running" }\n' + SIDE,
        'services.web.depends_on.side: must be "start" or "healthy" or "complete" or "success", not "running"',
    ),
    "memory": (
        WEB + SIDE + "memory = 1000\n" + OTHER + "memory = 20\n",
        (
            "services.web.memory: 1024 is too small: its sidecars take 1020 of it (side 1000, other 20), and its own "
            "container needs 6 or more. Raise it, or lower theirs"
        ),
    ),
    "cpu": (WEB + SIDE + "cpu = 512\n", "services.web.cpu: 512 is too small: its sidecars take 512 of it (side 512)"),
    "no target": (
        WEB + 'target_container = "sides"\n' + SIDE,
        'services.web.target_container: there is no sidecar "sides"; did you mean "side"?',
    ),
    "no sidecars": (
        WEB + 'target_container = "side"\n',
        'services.web.target_container: there is no sidecar "side", and the service has none',
    ),
    "a target without a port": (
        WEB + 'target_container = "side"\n' + SIDE,
        "services.web.sidecars.side.port: is missing, and target_container names this sidecar: add its port",
    ),
    "what a load balancer asks": (
        WEB + SIDE + 'health = { path = "/up" }\n',
        "services.web.sidecars.side.health.path: is for the load balancer, and a sidecar is asked by health.command",
    ),
    "a check without a command": (
        WEB + SIDE + "health = { interval = 20 }\n",
        "services.web.sidecars.side.health: nothing asks a sidecar without health.command: add it, or remove health",
    ),
    "a stop that is too long": (
        WEB + SIDE + "stop_timeout = 130\n",
        "services.web.sidecars.side.stop_timeout: 130 is too long: Fargate allows 2 to 120",
    ),
    "a key of services": (WEB + SIDE + "public = true\n", "services.web.sidecars.side.public: is unknown here"),
    "one variable twice": (
        WEB + SIDE + 'environment = { KEY = "x" }\nsecrets = ["KEY"]\n',
        "services.web.sidecars.side.secrets.KEY: is in environment as well: remove one of the two",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused_before_any_call(tmp_path: Path, name: str) -> None:
    text, words = WRONG[name]
    found = refused(tmp_path, text)
    assert len(found) == 1, found
    assert words in found[0]


def test_what_is_inherited_is_told_once(tmp_path: Path) -> None:
    heir = '[services.worker]\nextends = "web"\n[jobs.task]\nextends = "worker"\n'
    (one,) = refused(tmp_path, WEB + SIDE + 'depends_on = { gone = "start" }\n' + heir)
    assert one.startswith("services.web.sidecars.side.depends_on.gone: ")


def test_sidecars_are_taken_over_and_joined(tmp_path: Path) -> None:
    more = '[services.worker]\nextends = "web"\n[services.worker.sidecars]\nside = false\nmine = { image = "mine:1" }\n'
    waits = 'depends_on = { web = "start" }\n'
    config = read(tmp_path, WEB + SIDE + OTHER + waits + more + '[jobs.task]\nextends = "web"\n')
    assert config.jobs["task"].sidecars["other"].depends_on == {"task": "start"}, "its own container, not web's"
    assert set(config.services["worker"].sidecars) == {"other", "mine"}
    assert set(config.images) == {"web", "web.side", "web.other", "worker.mine"}
    assert config.image_of("worker.other") == config.image_of("task.other") == "web.other"
    # another processor is another image
    arm = '[services.arm]\nextends = "web"\narchitecture = "arm64"\n'
    assert "arm.side" in read(tmp_path, WEB + SIDE + arm).images


def declared(config: Config, name: str = "web") -> Any:
    return run(config, offline.facts(config)).declared[f"task_definition/{name}"].resource.fields()


def test_what_ecs_is_told_of_a_sidecar(tmp_path: Path) -> None:
    keys = (
        "essential = false\ncpu = 64\nmemory = 100\nport = 90\nread_only = true\nuser = '1000'\n"
        "stop_timeout = 5\nhealth = { command = 'true', grace = 7 }\nentrypoint = 'a b'\n"
    )
    config = read(tmp_path, WEB + 'depends_on = { side = "healthy" }\n' + OTHER + SIDE + keys)
    fields = declared(config)
    own, other, side = fields["container_definitions"]
    assert (own["name"], own["cpu"], own["memory"], own["essential"]) == ("web", 448, 924, True)
    assert own["dependsOn"] == [{"containerName": "side", "condition": "HEALTHY"}]
    assert "startTimeout" not in other
    assert {key: side[key] for key in ("name", "essential", "cpu", "memory", "user", "stopTimeout")} == {
        "name": "side",
        "essential": False,
        "cpu": 64,
        "memory": 100,
        "user": "1000",
        "stopTimeout": 5,
    }
    # a wait for an unhealthy sidecar ends
    assert side["startTimeout"] == 120
    assert side["healthCheck"]["startPeriod"] == 7
    assert side["systemControls"]
    # the agent of ECS Exec writes to volumes of its own in each container
    assert {one["sourceVolume"] for one in side["mountPoints"]} == {"side-exec", "side-exec-state", "side-exec-logs"}
    assert {one["name"] for one in fields["volumes"]} == {"side-exec", "side-exec-state", "side-exec-logs"}


def test_the_order_of_tables_is_no_difference(tmp_path: Path) -> None:
    first, second = read(tmp_path, WEB + SIDE + OTHER), read(tmp_path, WEB + OTHER + SIDE)
    assert declared(first) == declared(second)


def test_a_sidecar_in_front_is_what_others_reach(tmp_path: Path) -> None:
    caller = '[services.caller]\nimage = "c:1"\ncalls = ["web"]\n'
    config = read(tmp_path, WEB + 'target_container = "side"\n' + SIDE + "port = 8000\n" + caller)
    stack = run(config, offline.facts(config))
    (target,) = stack.declared["service/web"].resource.fields()["load_balancers"]
    assert (target["containerName"], target["containerPort"]) == ("side", 8000)
    environment = declared(config, "caller")["container_definitions"][0]["environment"]
    assert {"name": "WEB_URL", "value": "http://web.svc.internal:8000"} in environment
    assert config.port_of("web") == 8000
