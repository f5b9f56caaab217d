"""Translate a Docker Compose file into services of a `stack.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from provisioner.config import validators as values
from provisioner.config.secret_values import looks_secret
from provisioner.config.ulimits import MOST_FILES, Kind
from provisioner.engine.errors import ConfigurationError
from provisioner.migration import names
from provisioner.migration.draft import Draft, Left, ordered
from provisioner.migration.yaml_tree import Value, read

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""File names, in the order in which Compose looks for them."""
STORES = {
    "mysql": "a database",
    "mariadb": "a database",
    "postgres": "a database",
    "postgis": "a database",
    "timescaledb": "a database",
    "mongo": "a database",
    "redis": "a cache",
    "valkey": "a cache",
    "memcached": "a cache",
    "rabbitmq": "a queue",
    "elasticsearch": "a search engine",
    "opensearch": "a search engine",
    "minio": "an object store",
    "localstack": "a stand-in for AWS",
}
"""Images that hold data, or replace AWS on one machine: ECS must not run them, as it may replace a task at any time."""
FILLED_IN = re.compile(r"\$\{?([A-Za-z_]\w*)(?::?[-?+]([^}]*))?\}?")
WHY = {
    "cap_add": "see capabilities: Fargate has Docker's default ones alone",
    "configs": "a task has no files of its own: put them into the image",
    "container_name": "a task's name is ECS's",
    "env_file": "its variables are in a file: write them into environment, and secrets by `provision secret set NAME`",
    "extends": "is not followed: write the other service's keys",
    "networks": "`calls` says which service may connect to another",
    "privileged": "no container of ECS on Fargate is",
    "secrets": "its secrets are files; here they are variables: list their names in secrets",
    "volumes": "a task has no volumes: put lasting data into a database or a bucket",
}
SILENT = frozenset(
    {
        "image",
        "build",
        "restart",
        "init",
        "tty",
        "stdin_open",
        "logging",
        "labels",
        "expose",
        "platform",
        "pull_policy",
        "profiles",
    }
)
"""Keys that are left out without a note: for the run on one machine, or read together with another key."""


def draft(place: Path, env: str | None = None) -> Draft:
    """Return a draft from a Compose file.

    Args:
        place: the file, or its directory.
        env: the own environment of the new file.

    Raises:
        ConfigurationError: there is no file, it cannot be read, or it has no service that can be carried over.
    """
    path = _file(place)
    file = read(path, path.name)
    name = file.at("name")
    found = Draft(
        "compose", names.project(name.text if name and name.text else path.resolve().parent.name), env or "dev"
    )
    services = file.at("services")
    tables = services.table if services else {}
    kept = {key: one for key, one in tables.items() if not _store(key, one, found)}
    table: dict[str, Any] = {}
    for key, one in kept.items():
        if service := _service(key, one, kept, found):
            table[names.workload(key)] = service
    _public(table, kept, found)
    for key, value in file.table.items():
        if key in ("volumes", "secrets", "configs", "networks", "include"):
            why = "holds data: it stays where it is" if key == "volumes" else "has no counterpart here"
            found.leave(value, key, why)
    if not table:
        reasons = "".join(f"\n{one}" for one in found.left)
        raise ConfigurationError(f"{path}: there is no service that can be carried over: see why below{reasons}")
    # a Compose file has no key for the way to the internet, but its containers have one
    found.note(Left(path.name, 0, "", 'its containers reach the internet: write network.egress = "nat" or "public"'))
    found.tables[found.own] = {"services": {key: ordered(one) for key, one in table.items()}}
    return found


def _file(place: Path) -> Path:
    if not place.is_dir():
        return place
    for name in FILES:
        if (place / name).is_file():
            return place / name
    raise ConfigurationError(f"{place}: has no {FILES[0]}: name the file with `provision init --from compose FILE`")


def _store(name: str, service: Value, found: Draft) -> bool:
    """Return whether a service holds data; if so, note that it is not carried over."""
    image = service.at("image")
    if not image or not image.text or service.at("build"):
        return False
    words = re.split(r"[/:@]", image.text)
    kind = next(
        (kind for word in words for one, kind in STORES.items() if word == one or word.startswith(f"{one}-")), ""
    )
    if kind:
        why = f"is {kind}, and holds data that a task would lose: use [database], or AWS's service for it"
        found.leave(service, f"services.{name}", why)
    return bool(kind)


@dataclass
class Service:
    """A service of the file, and its table in `stack.toml`.

    Attributes:
        kept: the services of the file that are carried over, by their names in the file.
    """

    name: str
    kept: Mapping[str, Value]
    found: Draft
    table: dict[str, Any] = field(default_factory=dict)

    def leave(self, value: Value, key: str, why: str) -> None:
        """Note a key that is not carried over."""
        self.found.leave(value, f"services.{self.name}.{key}", why)


def _service(name: str, value: Value, kept: Mapping[str, Value], found: Draft) -> dict[str, Any] | None:
    """Return the table of a service; None if it has profiles or no usable image."""
    service = Service(name, kept, found)
    if profiles := value.at("profiles"):
        service.leave(profiles, "profiles", "does not run always: add it yourself")
        return None
    if not _image(service, value):
        return None
    for key, one in value.table.items():
        if handler := HANDLERS.get(key):
            handler(service, one)
        elif key not in SILENT:
            service.leave(one, key, WHY.get(key, "has no counterpart here"))
    if port := _listens(value):
        service.table["port"] = port
    return service.table


def _image(service: Service, value: Value) -> bool:
    table = service.table
    build, image = value.at("build"), value.at("image")
    try:
        if build is None:
            if image is None:
                service.leave(value, "image", "there is none, and no build: the service is left out")
                return False
            table["image"] = values.image(_default(image.text or ""))
            return True
        context = build.text if build.text is not None else (build.at("context") or Value("", 0, ".")).text
        directory = re.sub(r"^\./|/$", "", context or ".") or "."
        table["build"] = values.inside(directory)
        if (dockerfile := build.at("dockerfile")) and dockerfile.text:
            table["dockerfile"] = values.dockerfile(dockerfile.text)
    except ValueError as error:
        service.leave(build or image or value, "build" if build else "image", f"{error}: the service is left out")
        return False
    if (target := build.at("target")) and target.text:
        table["target"] = target.text
    if arguments := _pairs(build.at("args")):
        table["build_args"] = {key: one.text for key, one in arguments.items() if one and one.text is not None}
    return True


def _default(text: str) -> str:
    """Return a text with each shell variable replaced by the default that the text names for it."""
    return FILLED_IN.sub(lambda found: found[2] if found[2] is not None else found[0], text)


def _pairs(value: Value | None) -> dict[str, Value | None]:
    """Return the variables of a table or of a list of NAME=VALUE, by name; None for a value from the shell."""
    if value is None:
        return {}
    if value.table:
        return {key: one if one.text is not None else None for key, one in value.table.items()}
    found: dict[str, Value | None] = {}
    for one in value.values:
        name, equals, text = (one.text or "").partition("=")
        found[name] = Value(one.file, one.line, text, "str") if equals else None
    return found


def _command(service: Service, value: Value) -> None:
    if value.words:
        service.table["command"] = value.words


def _entrypoint(service: Service, value: Value) -> None:
    if value.words:
        service.table["entrypoint"] = value.words


def _environment(service: Service, value: Value) -> None:
    """Write variables to `environment`; write the names of secrets, never their values, to `secrets`."""
    plain: dict[str, str] = {}
    secrets: list[str] = []
    for name, one in _pairs(value).items():
        where, key, text = one or value.table.get(name) or value, f"environment.{name}", (one.text or "" if one else "")
        if not re.fullmatch(values.VARIABLE, name):
            service.leave(where, "environment", "has an entry that is not the name of a variable")
        elif looks_secret(name, text or "unknown value"):
            secrets.append(name)
            service.leave(
                where, key, f"looks like a secret: its name alone is carried over; `provision secret set {name}`"
            )
        elif one is None or FILLED_IN.search(_default(text).replace("$$", "")):
            service.leave(where, key, "is filled in from the shell: write its value")
        else:
            plain[name] = _default(text).replace("$$", "$")
    if plain:
        service.table["environment"] = plain
    if secrets:
        service.table["secrets"] = secrets


def _calls(service: Service, value: Value) -> None:
    """Write to `calls` the services that this service depends on and that listen on a port."""
    calls = []
    for name in value.texts or list(value.table):
        if name in service.kept and _listens(service.kept[name]) is not None:
            calls.append(names.workload(name))
        else:
            service.leave(value, "depends_on", f"{name} is no service here that listens on a port")
    if calls:
        service.table["calls"] = calls


def _user(service: Service, value: Value) -> None:
    if value.text and re.fullmatch(r"[\w.-]+(:[\w.-]+)?", value.text, re.ASCII):
        service.table["user"] = value.text
    else:
        service.leave(value, "user", "is no user of a container")


def _read_only(service: Service, value: Value) -> None:
    service.table["read_only"] = bool(value.flag)


def _stop(service: Service, value: Value) -> None:
    found = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", value.text or "")
    seconds = sum(int(part or 0) * unit for part, unit in zip(found.groups(), (60, 1), strict=True)) if found else 0
    if 2 <= seconds <= 120:
        service.table["stop_timeout"] = seconds
    else:
        service.leave(value, "stop_grace_period", "Fargate allows 2 to 120 seconds: write stop_timeout")


def _ulimits(service: Service, value: Value) -> None:
    for name, one in value.table.items():
        numbers = {key: found.number for key, found in one.table.items()} or {"soft": one.number, "hard": one.number}
        soft, hard = numbers.get("soft"), numbers.get("hard")
        if name not in get_args(Kind) or soft is None or hard is None or not soft <= hard <= MOST_FILES:
            service.leave(one, f"ulimits.{name}", "is no limit that ECS knows: write ulimits")
        else:
            limit = soft if soft == hard else {"soft": soft, "hard": hard}
            service.table.setdefault("ulimits", {})[name] = limit


def _check(service: Service, value: Value) -> None:
    test = value.at("test")
    words = test.texts if test else []
    if test and test.text is not None:
        command: Any = test.text
    elif words[:1] == ["CMD-SHELL"]:
        command = " ".join(words[1:])
    else:
        command = words[1:] if words[:1] == ["CMD"] else []
    if command:
        service.table["health"] = {"command": command}
    for key, one in value.table.items():
        if key != "test" or not command:
            service.leave(one, f"healthcheck.{key}", "see docs/health.md: write health.interval and its like")


def _deploy(service: Service, value: Value) -> None:
    for key, one in value.table.items():
        if key == "replicas" and one.number:
            service.table["count"] = one.number
        else:
            why = "write cpu and memory" if key == "resources" else "has no counterpart here"
            service.leave(one, f"deploy.{key}", why)


def _ports(service: Service, value: Value) -> None:
    for one in value.values[1:]:
        service.leave(one, "ports", "a service has one port here, the first of these")


HANDLERS: Mapping[str, Callable[[Service, Value], None]] = {
    "command": _command,
    "depends_on": _calls,
    "deploy": _deploy,
    "entrypoint": _entrypoint,
    "environment": _environment,
    "healthcheck": _check,
    "ports": _ports,
    "read_only": _read_only,
    "stop_grace_period": _stop,
    "ulimits": _ulimits,
    "user": _user,
}


def _listens(service: Value) -> int | None:
    """Return the container's port: the first published or exposed port."""
    for key in ("ports", "expose"):
        for one in (service.at(key) or Value("", 0, [])).values:
            text = (one.at("target") or one).text or ""
            if found := re.search(r"(?:^|:)(\d+)(?:/tcp)?$", _default(text)):
                return int(found[1])
    return None


def _public(table: dict[str, Any], kept: Mapping[str, Value], found: Draft) -> None:
    """Make a service public if it alone publishes a port; if several do, note that the user has to choose."""
    publish = [name for name, one in kept.items() if one.at("ports") and names.workload(name) in table]
    if len(publish) == 1 and "port" in table[names.workload(publish[0])]:
        service = table[names.workload(publish[0])]
        service["public"] = True
        service["health"] = {"path": "/"} | (service.get("health") or {})
        return
    for name in publish:
        if ports := kept[name].at("ports"):
            why = (
                "several services publish one: write public = true, and a path each, for the services that users reach"
            )
            found.leave(ports, f"services.{name}.ports", why)
