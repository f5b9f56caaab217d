"""Complete values in a shell: names of services, steps, addresses and so on, from files on this machine.

It makes no call. A wrong file gives no values here; the command itself reports the error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import typer

from provisioner.config import paths

Given = dict[str, Any]
"""The values of the command line before the word to complete, by the parameter's name."""
Completion = Callable[[typer.Context, str], list[str]]


def completing(command: str, name: str, metavar: str | None) -> Completion | None:
    """Return the completion for a parameter of a command; None if its values are not known beforehand."""
    find = _BY_NAME.get((command, name)) or _BY_NAME.get(("", name)) or _BY_METAVAR.get(metavar or "")
    if find is None:
        return None

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return [one for one in dict.fromkeys(find(context.params)) if one.startswith(incomplete)]
        except Exception:  # noqa: BLE001 (a traceback would appear in the middle of the typed line)
            return []

    return complete


def _environments(given: Given) -> Iterable[str]:
    """Return the environments of the file: its own, and all that have a table."""
    table = _table(given)
    return [str(table.get("env", "dev")), *table.get("environments", {})]


def _file(given: Given) -> Path:
    return Path(given.get("config") or paths.configuration())


def _table(given: Given) -> dict[str, Any]:
    """Return stack.toml as it is written, without checks, which would make completion too slow."""
    import tomllib

    return tomllib.loads(_file(given).read_text(encoding="utf-8"))


def _workloads(given: Given, kinds: Iterable[str] = ("services",), *, secrets: bool = False) -> Iterable[str]:
    """Return the names of services or jobs, or of all their secrets."""
    found = _tables(given, kinds)
    if not secrets:
        return [name for name, _ in found]
    containers = [one for _, workload in found for one in (workload, *workload.get("sidecars", {}).values()) if one]
    return [name for one in containers for name in one.get("secrets", ())]


def _tables(given: Given, kinds: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    table = _table(given)
    overlays = table.get("environments", {}).values()
    return [one for part in (table, *overlays) for kind in kinds for one in part.get(kind, {}).items()]


def _containers(given: Given) -> Iterable[str]:
    """Return the names of services, jobs and their sidecars."""
    found = _tables(given, ("services", "jobs"))
    return [one for name, workload in found for one in (name, *workload.get("sidecars", {}))]


def _steps(given: Given) -> Iterable[str]:  # noqa: ARG001 (the tool's own are the same for every file)
    import provisioner.steps  # noqa: F401 (importing the package registers the steps)
    from provisioner.engine.declaration import STEPS

    return STEPS


def _addresses(given: Given) -> Iterable[str]:
    """Return the addresses in the state on this machine; a state in a bucket is not read."""
    from provisioner.state import local

    table = _table(given)
    env = given.get("env") or table.get("env", "dev")
    overlay = table.get("environments", {}).get(env, {})
    target = given.get("target") or os.environ.get("PROVISION_TARGET") or overlay.get("target") or table.get("target")
    stack = f"{table.get('project', 'ecs-sample')}-{env}"
    directory = Path(given.get("state_dir") or _file(given).parent / paths.STATE)
    return local.read(directory / str(getattr(target, "value", target) or "local") / stack, stack).records


def _outputs(given: Given) -> Iterable[str]:  # noqa: ARG001 (every stack has the same)
    from provisioner.operations.inspection.stack_status import ALWAYS, OUTPUTS

    return ["url", "local_url", *OUTPUTS, *sorted(ALWAYS)]


def _families(given: Given) -> Iterable[str]:  # noqa: ARG001 (the tool's own are the same for every file)
    from provisioner.render.error_families import FAMILIES

    return FAMILIES


def _profiles(given: Given) -> Iterable[str]:  # noqa: ARG001 (they are the machine's)
    """Return the profiles in the AWS CLI's files."""
    home = Path("~/.aws").expanduser()
    files = {
        os.environ.get("AWS_CONFIG_FILE", home / "config"),
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials"),
    }
    texts = [Path(file).read_text(encoding="utf-8") for file in files if Path(file).is_file()]
    return sorted({name for text in texts for name in re.findall(r"^\[(?:profile )?([^\]\s]+)\]", text, re.MULTILINE)})


_SERVICES_AND_JOBS = partial(_workloads, kinds=("services", "jobs"))
_SECRETS = partial(_workloads, kinds=("services", "jobs"), secrets=True)
_BY_NAME: Mapping[tuple[str, str], Callable[[Given], Iterable[str]]] = {
    ("", "env"): _environments,
    ("", "profile"): _profiles,
    ("output", "name"): _outputs,
    ("set", "name"): _SECRETS,
    ("rm", "name"): _SECRETS,
    ("sleep", "names"): _SERVICES_AND_JOBS,
    ("wake", "names"): _SERVICES_AND_JOBS,
    ("pause", "names"): _SERVICES_AND_JOBS,
    ("resume", "names"): _SERVICES_AND_JOBS,
    ("config", "key"): _table,
    ("explain", "codes"): _families,
    ("exec", "container"): _containers,
    ("logs", "container"): _containers,
}
"""Completions by command (empty for all commands) and parameter."""
_BY_METAVAR: Mapping[str, Callable[[Given], Iterable[str]]] = {
    "SERVICE": _workloads,
    "[SERVICE]": _workloads,
    "database|redis|SERVICE": lambda given: ["database", "redis", *_workloads(given)],
    "SERVICE|JOB": _SERVICES_AND_JOBS,
    "JOB|SERVICE": _SERVICES_AND_JOBS,
    "STEP": _steps,
    "ADDRESS": _addresses,
}
