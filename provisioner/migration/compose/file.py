"""Translate a Docker Compose file into services and jobs of a `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner.engine.errors import ConfigurationError
from provisioner.migration import addresses, names
from provisioner.migration.compose import image, interpolation, keys, left_out, stores, variables
from provisioner.migration.compose.findings import Gathered, Service, pairs
from provisioner.migration.draft import USUAL_REGION, Cost, Draft, Left, ordered
from provisioner.migration.yaml_tree import Value, read

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""File names, in the order in which Compose looks for them."""
OVERRIDES = (
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
)
ONCE = "service_completed_successfully"
"""The condition of `depends_on` that makes the other service a job."""
STOP = 10
"""Seconds that Compose waits before it kills a container (Compose specification, stop_grace_period)."""


def draft(place: Path, env: str | None = None, project: str | None = None) -> Draft:
    """Return a draft from a Compose file.

    Args:
        place: the file, or its directory.
        env: the own environment of the new file.
        project: the name of the new project; None for that of the file, or of its directory.

    Raises:
        ConfigurationError: there is no file, it cannot be read, or it has no service that can be carried over.
    """
    path = _file(place)
    plain = _dotenv(path.parent)
    known = interpolation.variables(plain)
    file = interpolation.tree(read(path, path.name), known)
    name = file.at("name")
    usual = plain.get("COMPOSE_PROJECT_NAME") or path.resolve().parent.name
    found = Draft("compose", project or names.project((name.text if name else "") or usual), env or "dev")
    gathered = Gathered(found, path.parent, known)
    _sort(gathered, file.at("services") or Value(path.name, 0, {}), plain.get("COMPOSE_PROFILES", ""))
    services = [one for key, value in gathered.kept.items() if (one := _service(gathered, key, value))]
    table = _table(gathered, services)
    own = left_out.tables(gathered)
    _public(table, gathered)
    _rest(gathered, file, path)
    if not table.get("services"):
        reasons = "".join(f"\n{one}" for one in found.left)
        raise ConfigurationError(f"{path}: there is no service that can be carried over: see why below{reasons}")
    _addresses(gathered, table)
    # what is charged for and Compose has not stays off, as in new files of `init`
    mounted: dict[str, Any] = {
        name: {} for one in table.values() for workload in one.values() for name in workload.get("volumes", ())
    }
    whole = {"network": {"egress": "public"}, "logs": {"insights": False}} | ({"volumes": mounted} if mounted else {})
    found.tables[found.own] = (
        whole
        | own
        | {
            kind: {key: ordered(one) for key, one in workloads.items()}
            for kind, workloads in table.items()
            if workloads
        }
    )
    _defaults(gathered, table, path)
    return found


def _file(place: Path) -> Path:
    if not place.is_dir():
        return place
    for name in FILES:
        if (place / name).is_file():
            return place / name
    raise ConfigurationError(f"{place}: has no {FILES[0]}: name the file with `provision init --from compose FILE`")


def _dotenv(directory: Path) -> dict[str, str]:
    """Return the variables of `.env` beside the file; empty if there is none."""
    path = directory / ".env"
    if not path.is_file():
        return {}
    try:
        return interpolation.read(path, {})
    except (OSError, ValueError):
        raise ConfigurationError(f"{path}: cannot be read: correct it, or move it away") from None


def _sort(gathered: Gathered, services: Value, profiles: str) -> None:
    """Sort the services into three: carried over, left out as they hold data, and not run by default."""
    running = {key: one for key, one in services.table.items() if _runs(one, profiles)}
    stores_of = {key: why for key, one in running.items() if (why := _store(gathered, key, one, running))}
    if running.keys() == stores_of.keys():
        # without its profiles the file starts nothing but stores
        running = dict(services.table)
    once, gone = set(), dict[str, str]()
    for key, value in services.table.items():
        own = value.at("profiles")
        if own and not _runs(value, profiles):
            why = f"runs only with a profile ({', '.join(own.texts)}): name it in COMPOSE_PROFILES in .env"
            gathered.found.leave(own, f"services.{key}.profiles", why, cost="nothing")
        if key not in running:
            continue
        new = names.workload(key)
        if why := _store(gathered, key, value, running):
            gone[key] = why
            gathered.gone |= dict.fromkeys(_hosts(key, value), new)
            continue
        gathered.kept[key] = value
        waits = (value.at("depends_on") or Value("", 0, {})).table
        once |= {on for on, one in waits.items() if (one.at("condition") or one).text == ONCE}
    gathered.once = frozenset(once)
    left_out.note(gathered, {key: services.table[key] for key in gone}, gone, _hosts)


def _runs(service: Value, profiles: str) -> bool:
    """Return whether a service runs with the profiles in COMPOSE_PROFILES (Compose specification, Profiles)."""
    own, active = service.at("profiles"), {one.strip() for one in profiles.split(",")}
    return own is None or "*" in active or bool(active.intersection(own.texts))


def _store(gathered: Gathered, key: str, service: Value, running: Mapping[str, Value]) -> str:
    """Return the reason why a service is left out, as it holds data; empty if it is carried over."""
    others = [one for name, one in running.items() if name != key]
    own = set(_hosts(key, service))
    used = any(
        key in [*(on := one.at("depends_on") or Value("", 0, [])).table, *on.texts]
        or any(own.intersection(addresses.hosts((each.text or "") if each else "")) for each in _values(one))
        for one in others
    )
    return stores.why_left_out(service, gathered.directory, others, used=used)


def _values(service: Value) -> Iterable[Value | None]:
    return pairs(service.at("environment")).values()


def _hosts(key: str, value: Value) -> Iterator[str]:
    """Yield the names by which containers find a service in Compose's networks, in small letters."""
    yield key.lower()
    if (name := value.at("container_name")) and name.text:
        yield name.text.lower()
    for network in (value.at("networks") or Value("", 0, {})).table.values():
        yield from (one.lower() for one in (network.at("aliases") or Value("", 0, [])).texts)


def _service(gathered: Gathered, name: str, value: Value) -> Service | None:
    """Return a service with its table; None if it has no usable image."""
    service = Service(name, names.workload(name), gathered, name in gathered.once)
    if not image.fill(service, value):
        return None
    limits = {"cpus": value.at("cpus"), "memory": value.at("mem_limit")}
    for key, one in value.table.items():
        if handler := keys.HANDLERS.get(key):
            handler(service, one)
        elif key in keys.TOLD:
            service.tell(one, key, keys.TOLD[key])
        elif key in limits or key == "mem_limit":
            given = Value(one.file, one.line, {key: part for key, part in limits.items() if part})
            keys.deploy(service, Value(one.file, one.line, {"resources": Value(one.file, one.line, {"limits": given})}))
        elif key not in keys.SILENT and key not in ("depends_on", "links"):
            service.leave(one, key, keys.WHY.get(key, "has no counterpart here"))
    variables.fill(service, value)
    service.table.setdefault("stop_timeout", STOP)
    if service.job:
        service.table["before_deploy"] = True
        return service
    if port := keys.port_of(value) or _asked_at(gathered, name, value):
        service.table["port"] = port
    # a container is not taken away there, as a task on Spot is, and there is one of it
    service.table["on_demand"] = {"percent": 100}
    service.table.setdefault("count", 1)
    return service


def _asked_at(gathered: Gathered, name: str, value: Value) -> int | None:
    """Return the port that all others name in addresses of a service; None if they name none, or several."""
    own = set(_hosts(name, value))
    given = (
        port
        for key, other in gathered.kept.items()
        for one in _values(other)
        for host, port in addresses.hosts((one.text or "") if one else "").items()
        if key != name and host in own and port
    )
    ports = set(given)
    return ports.pop() if len(ports) == 1 else None


def _table(gathered: Gathered, services: list[Service]) -> dict[str, dict[str, Any]]:
    """Return the tables of services and jobs, with the calls that `depends_on` and `links` say."""
    table: dict[str, dict[str, Any]] = {"services": {}, "jobs": {}}
    ports = {one.name: one.table.get("port") for one in services}
    for service in services:
        table["jobs" if service.job else "services"][service.new] = service.table
        for key in ("depends_on", "links"):
            if value := gathered.kept[service.name].at(key):
                _calls(service, key, value, ports)
    return table


def _calls(service: Service, key: str, value: Value, ports: Mapping[str, int | None]) -> None:
    """Write to `calls` the services that this service depends on and that listen on a port."""
    gathered = service.gathered
    for text in value.texts or list(value.table):
        name, _, alias = text.partition(":")
        if name in gathered.once:
            continue
        if alias and key == "links":
            where = addresses.domain_of({}, "")
            service.leave(value, key, f"{name} is not found at {alias} here, but at {names.workload(name)}.{where}")
        if store := gathered.stores.get(name.lower()):
            store.used = service.table[store.kind] = True
        elif lost := gathered.gone.get(name.lower()):
            service.leave(value, key, f"{lost} is left out: its data has to be reached elsewhere")
            gathered.found.miss(lost, service.new)
        elif ports.get(name):
            calls = service.table.setdefault("calls", [])
            if names.workload(name) not in calls:
                calls.append(names.workload(name))
        else:
            service.tell(value, key, f"{name} is no service here that listens on a port")


def _public(table: Mapping[str, dict[str, Any]], gathered: Gathered) -> None:
    """Make a service public if it alone publishes a port; if several do, note that the user has to choose."""
    services = table["services"]
    publish = [name for name, one in gathered.kept.items() if one.at("ports") and names.workload(name) in services]
    if outside := [name for name in publish if not keys.is_local(gathered.kept[name])]:
        for name in publish:
            if name not in outside and (ports := gathered.kept[name].at("ports")):
                why = "are published for the machine itself alone: users do not reach it, here neither"
                gathered.found.leave(
                    ports, f"services.{name}.ports", why, f"services.{names.workload(name)}", "nothing"
                )
        publish = outside
    publish = _at_port_80(gathered, publish)
    for name in publish:
        new, ports = names.workload(name), gathered.kept[name].at("ports")
        if ports is None:
            continue
        if len(publish) > 1 or "port" not in services[new]:
            why = "several services publish one: write public = true and a path for each service that users reach"
            if len(publish) == 1:
                why = "is no port by TCP that could be read: write port and public = true"
            gathered.found.leave(ports, f"services.{name}.ports", why, f"services.{new}", "entrance")
            continue
        services[new]["public"] = True
        services[new]["health"] = _both(gathered, name, services[new].get("health"))
        why = "answers by HTTP under the load balancer's own name, at port 80; for HTTPS write dns.domain"
        gathered.found.leave(ports, f"services.{name}.ports", why, cost="nothing")
        why = "are answered as long as / answers with 200, which the load balancer asks: write health.path and codes"
        gathered.found.leave(ports, f"services.{name}.ports", f"requests {why}", cost="nothing")


def _at_port_80(gathered: Gathered, publish: list[str]) -> list[str]:
    """Return the service alone that users reach at port 80, as of the load balancer, and note those at other ports.

    Without one, or with several, all are returned.
    """
    entrances = {name: gathered.kept[name].at("ports") or Value("", 0, []) for name in publish}
    first = [name for name, ports in entrances.items() if any(keys.published(one) == keys.HTTP for one in ports.values)]
    if len(publish) < 2 or len(first) != 1:
        return publish
    for name, ports in entrances.items():
        if name not in first:
            why = f"{names.workload(first[0])} has port 80: write public = true and a path if users reach this one too"
            gathered.found.leave(ports, f"services.{name}.ports", why, f"services.{names.workload(name)}", "entrance")
    return first


def _both(gathered: Gathered, name: str, inside: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the check of a public service: the load balancer's and the container's have one interval and the like."""
    if not inside:
        return {"path": "/"}
    # a load balancer's timeout is below its interval, and it counts two failures (ELB API, CreateTargetGroup)
    limits = {"timeout": min(inside["timeout"], inside["interval"] - 1), "unhealthy": max(inside["unhealthy"], 2)}
    check = gathered.kept[name].at("healthcheck")
    for key, value in limits.items():
        if check and value != inside[key]:
            why = (
                f"{key} is {value} here, and not {inside[key]}: the load balancer's check has the same, and its limits"
            )
            gathered.found.leave(check, f"services.{name}.healthcheck", why, cost="nothing")
    return {"path": "/", **inside, **limits}


def _addresses(gathered: Gathered, table: Mapping[str, dict[str, Any]]) -> None:
    """Write the addresses that services have here into the variables of others, with `calls`; note the rest."""
    found = gathered.found
    known = {
        host: names.workload(key)
        for key, value in gathered.kept.items()
        for host in _hosts(key, value)
        if names.workload(key) in table["services"]
    }
    stack = f"{found.project}-{found.own}"
    for one in addresses.settle(table, known, gathered.gone, stack):
        kind, workload = one.workload
        why, loss = addresses.told(one)
        place = gathered.places.get((workload, one.variable))
        if one.kind in ("gone", "gone-inside"):
            found.miss(one.callee, workload)
        if why and place:
            cost: Cost = "part" if loss else "nothing"
            found.leave(place, f"services.{workload}.environment.{one.variable}", why, f"{kind}.{workload}", cost)
    for key, value in gathered.kept.items():
        for part in ("command", "entrypoint"):
            if line := value.at(part):
                _mentioned(
                    gathered, Service(key, names.workload(key), gathered, key in gathered.once), part, line, known
                )


def _mentioned(gathered: Gathered, service: Service, key: str, line: Value, known: Mapping[str, str]) -> None:
    """Note the addresses in a command line, which is carried over as it is."""
    for host in addresses.mentioned(line.words, [*known, *gathered.gone]):
        if lost := gathered.gone.get(host):
            service.leave(line, key, f"names {host}, and {lost} is left out: write the address of its replacement")
            gathered.found.miss(lost, service.new)
        elif known[host] != service.new:
            service.leave(line, key, f"names {host}: write {known[host]}.{addresses.domain_of({}, '')}, and calls")


def _rest(gathered: Gathered, file: Value, path: Path) -> None:
    """Note the tables of the file beside its services, and the file that Compose reads, too."""
    for key, value in file.table.items():
        if key in ("secrets", "configs", "include") or key not in (
            "services",
            "name",
            "version",
            "volumes",
            "networks",
        ):
            if not key.startswith("x-"):
                gathered.found.leave(value, key, "has no counterpart here")
        elif key == "volumes":
            gathered.found.leave(value, key, "holds data: it stays where it is, and [volumes.NAME] is empty")
        elif key == "networks":
            gathered.found.leave(value, key, "`calls` says which service may connect to another", cost="nothing")
    for name in OVERRIDES:
        if (path.parent / name).is_file():
            gathered.found.note(Left(name, 0, "", "Compose reads it, too, and here it is not read: write its changes"))


def _defaults(gathered: Gathered, table: Mapping[str, dict[str, Any]], path: Path) -> None:
    """Note Compose's defaults that no key here can restore."""

    def tell(key: str, why: str) -> None:
        gathered.found.note(Left(path.name, 0, key, why, cost="nothing"))

    workloads = {name: one for kind in ("services", "jobs") for name, one in table[kind].items()}
    if sizeless := [name for name, one in workloads.items() if "cpu" not in one]:
        tell("cpu", f"{', '.join(sizeless)}: there is no limit there; here a task has 256 CPU units and 512 MiB")
    if undropped := [name for name, one in workloads.items() if "capabilities" not in one]:
        why = "drop none of Docker's capabilities there; here a container keeps fewer: name its capabilities"
        tell("capabilities", f"{', '.join(undropped)}: {why} (docs/images.md)")
    waiting = [
        key for key, one in gathered.kept.items() if (one.at("depends_on") or one).table and one.at("depends_on")
    ]
    if waiting:
        tell("depends_on", f"{', '.join(waiting)}: no service waits for another one here: have the program try again")
    if len(table["services"]) > 1:
        tell("services", addresses.found_at(addresses.domain_of({}, "")))
    if any(one.get("public") for one in table["services"].values()):
        tell("network.allow", "only your own address may reach the load balancer, until you write others")
    tell("region", f"is in no file: the stack is in {USUAL_REGION} until you write yours")
