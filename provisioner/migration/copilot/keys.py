"""Translate the keys of Copilot's manifests that have a counterpart, each by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from provisioner.config import schedules, secret_words
from provisioner.config import validators as values
from provisioner.config.deployment import ERRORS_ALARM
from provisioner.config.secret_values import looks_secret
from provisioner.migration import names
from provisioner.migration.copilot.count import count
from provisioner.migration.copilot.findings import JOB, SHELL, Workload
from provisioner.migration.copilot.messaging import publish, subscribe
from provisioner.migration.yaml_tree import Value, mapped

ENVIRONMENT = "${COPILOT_ENVIRONMENT_NAME}"
"""The place of the environment's name in a manifest."""
FARGATES_OWN, DISKS = 20, range(21, 201)
"""GiB of a task's disk on Fargate by default, and the sizes to ask for (ECS API reference, EphemeralStorage)."""
RECREATE: Mapping[str, int] = {"min_percent": 0, "max_percent": 100}
"""The table that says the same as `deployment = "recreate"`."""


def _command(workload: Workload, value: Value) -> None:
    _words(workload, value, "command")


def _entrypoint(workload: Workload, value: Value) -> None:
    _words(workload, value, "entrypoint")


def _words(workload: Workload, value: Value, key: str) -> None:
    """Write a command line into the table; shell variables in it are for the container, where Copilot leaves them."""
    line = value.words
    if line and secret_words.looks([line] if isinstance(line, str) else line):
        why = "has a word that looks like a secret: write it, and have the program read a variable"
        workload.leave(value, key, why)
    elif line:
        workload.table[key] = line
        workload.gathered.commands.append((workload, key, value))


def _exec(workload: Workload, value: Value) -> None:
    if workload.sort != JOB and value.flag is not None:
        workload.table["exec"] = value.flag


def _platform(workload: Workload, value: Value) -> None:
    processor = value.at("architecture")
    text = processor.text if processor else value.text
    if (text or "").lower().endswith("arm64"):
        workload.table["architecture"] = "arm64"


def _env_file(workload: Workload, value: Value) -> None:
    """Write the variables of a file; quotation marks belong to its values (ECS developer guide, environment files)."""
    path, key = value.text or "", "env_file"
    end = "write its variables into environment, and its secrets by `provision secret set NAME`"
    if SHELL.search(path):
        workload.leave(value, key, f"is filled in from the shell that Copilot runs in: {end}")
        return
    try:
        lines = (workload.gathered.directory / path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        workload.leave(value, key, f"{path}: is not there, or cannot be read: {end}")
        return
    found = workload.table.setdefault("environment", {})
    for number, line in enumerate(lines, 1):
        name, equals, text = line.strip().partition("=")
        if equals and not name.startswith("#"):
            _variable(workload, Value(path, number, text, "str"), f"{key}.{name}", name, found)


def _variables(workload: Workload, value: Value) -> None:
    """Write variables to `environment`; they replace a file's variables."""
    found, secrets = workload.table.setdefault("environment", {}), workload.table.get("secrets", {})
    for name, one in value.table.items():
        key = f"variables.{name}"
        found.pop(name, None)
        secrets.pop(name, None)
        if one.text is None and not one.table:
            found[name] = ""
        elif one.text is None:
            why = "is an output of another stack of CloudFormation: write its value"
            workload.imports(one, key, why, "environment", name)
        elif SHELL.search(one.text) and not looks_secret(name, one.text):
            workload.leave(one, key, "is filled in from the shell that Copilot runs in: write its value")
        else:
            _variable(workload, one, key, name, found)
    if not found:
        del workload.table["environment"]


def _variable(workload: Workload, one: Value, key: str, name: str, found: dict[str, str]) -> None:
    """Write one variable, or only its name to `secrets` if it looks like a secret."""
    text = one.text or ""
    if not re.fullmatch(values.VARIABLE, name):
        workload.leave(one, key, "is not the name of a variable")
    elif looks_secret(name, text):
        workload.table.setdefault("secrets", {})[name] = True
        why = "looks like a secret, and everybody who may read task definitions sees it: its name alone is carried over"
        workload.tell(one, key, f"{why}; `provision secret set {name}`")
    else:
        found[name] = text
        workload.gathered.variables[workload.owner or workload.name, name] = one


def _secrets(workload: Workload, value: Value) -> None:
    found: dict[str, str | bool] = workload.table.pop("secrets", {})
    for name, given in value.table.items():
        # an environment that no file names: `{env}` stands for it here as well
        one = mapped(given, lambda text: text.replace(ENVIRONMENT, "{env}"))
        place = _place(one)
        if place is None:
            workload.imports(one, f"secrets.{name}", _unplaced(one), "secrets", name)
        elif name in workload.table.get("environment", {}) or name in found:
            workload.leave(one, f"secrets.{name}", "is in variables as well, of which ECS takes one")
        else:
            found[name] = place
    if found:
        workload.table["secrets"] = found


def _network(workload: Workload, value: Value) -> None:
    for key, one in value.table.items():
        if key == "connect":
            if one.flag is not False:
                _connect(workload, one)
        elif key != "vpc":
            workload.leave(one, f"network.{key}", "is not known here")
        for inner, part in one.table.items() if key == "vpc" else ():
            if inner == "placement":
                _placement(workload, part)
            elif inner == "security_groups":
                _groups(workload, part)
            else:
                workload.leave(part, f"network.vpc.{inner}", "is not known here")


def _connect(workload: Workload, value: Value) -> None:
    """Gather the name that Service Connect gives to a service; addresses with that name are written for here."""
    if (alias := value.at("alias")) and alias.text:
        workload.gathered.aliases[alias.text.lower()] = workload.name
    workload.gathered.connected.append(workload.name)


def _placement(workload: Workload, value: Value) -> None:
    if value.text in ("public", "private"):
        workload.gathered.placements[workload.name] = value.text
    else:
        workload.leave(value, "network.vpc.placement", "tasks are in the stack's own subnets, which network says")


def _groups(workload: Workload, value: Value) -> None:
    groups = value.at("groups") or value
    if deny := value.at("deny_default"):
        # without it a service lets in all others of its environment (Copilot's manual, network.vpc.security_groups)
        same = deny.flag is True
        why = "no service is open to others here but by `calls`"
        key = "network.vpc.security_groups.deny_default"
        workload.leave(deny, key, why, "nothing" if same or deny.flag is False else "part")
    ids = [one for one in groups.texts if re.fullmatch(r"sg-[0-9a-f]+", one)]
    if ids:
        workload.table["security_groups"] = ids
    for one in groups.values:
        if one.text not in ids:
            why = "is an output of another stack of CloudFormation: write the group's id in security_groups"
            workload.imports(one, "network.vpc.security_groups", why, "security_groups")


def _deployment(workload: Workload, value: Value) -> None:
    rolling, alarms = value.at("rolling"), value.at("rollback_alarms")
    if rolling and rolling.text == "recreate":
        workload.table["deployment"] = "recreate"
    if alarms:
        _alarms(workload, alarms)
    for key, one in value.table.items():
        if key not in ("rolling", "rollback_alarms") or (key == "rolling" and one.text not in ("default", "recreate")):
            workload.leave(one, f"deployment.{key}", "has no counterpart here")


def _alarms(workload: Workload, value: Value) -> None:
    """Take over alarms that are given by name; Copilot makes one itself where a threshold is given."""
    names = [name for name in value.texts if name != ERRORS_ALARM]
    if value.table or ERRORS_ALARM in value.texts:
        what = "an alarm that Copilot makes" if value.table else f'"{ERRORS_ALARM}" is an alarm of the stack here'
        workload.leave(value, "deployment.rollback_alarms", f"{what}: make one, and name it in deployment.alarms")
    if names:
        before = RECREATE if workload.table.get("deployment") == "recreate" else {}
        workload.table["deployment"] = {**before, "alarms": names}


def _storage(workload: Workload, value: Value) -> None:
    for key, one in value.table.items():
        if key == "readonly_fs":
            if one.flag:
                workload.table["read_only"] = True
        elif key == "ephemeral" and (size := one.number) and size in DISKS:
            workload.table["ephemeral_storage"] = size
        elif key == "ephemeral":
            if one.number != FARGATES_OWN:
                workload.leave(one, "storage.ephemeral", f"{one.text} GiB: Fargate has {DISKS[0]} to {DISKS[-1]} GiB")
        elif key == "volumes":
            for name, volume in one.table.items():
                _volume(workload, name, volume)
        else:
            workload.leave(one, f"storage.{key}", "is not known here")


def _volume(workload: Workload, name: str, volume: Value) -> None:
    """Write a volume of EFS that Copilot manages; note others: of an account's own, or between containers."""
    path = (volume.at("path") or Value("", 0, "")).text or ""
    system, key = volume.at("efs"), f"storage.volumes.{name}"
    if system is None or system.flag is False:
        workload.leave(volume, key, f"shared at {path or 'no path'}: the containers of a task share no directory here")
        return
    named = system.at("id") or (system if system.flag is None and not system.table else None)
    new = "[volumes.NAME] makes an empty one"
    if named or not path:
        what = f"EFS {named.text}" if named and named.text else "EFS"
        workload.leave(volume, key, f"{what} at {path or 'no path'}: stays where it is; {new}: copy the files")
        return
    owner = {part: one.number for part in ("uid", "gid") if (one := system.at(part)) and one.number is not None}
    volumes = workload.gathered.table.setdefault("volumes", {})
    # each workload has a folder of its own there
    called = names.workload(name)
    called = f"{workload.owner or workload.name}-{called}" if called in volumes else called
    volumes[called] = owner
    written = volume.at("read_only")
    only = written is None or written.flag is not False
    workload.table.setdefault("volumes", {})[called] = {"path": path, "read_only": True} if only else path
    workload.leave(volume, key, f"EFS at {path}: Copilot's stays where it is, and {new}: copy the files", "stays")


def _overrides(workload: Workload, value: Value) -> None:
    """Write the fields of the service's own container that have a key here; that container is the first there."""
    for number, rule in enumerate(value.values):
        path = (rule.at("path") or rule).text or ""
        field, one = path.removeprefix("ContainerDefinitions[0]."), rule.at("value")
        if field == "StopTimeout" and one and one.number:
            workload.table["stop_timeout"] = one.number
        elif field == "ReadonlyRootFilesystem" and one and one.flag is not None:
            workload.table["read_only"] = one.flag
        elif field == "User" and one and one.text:
            workload.table["user"] = one.text
        else:
            workload.leave(rule, f"taskdef_overrides[{number}]", f"{path}: has no key here")


def _count(workload: Workload, value: Value) -> None:
    workload.table |= count(value, workload)


def _logging(workload: Workload, value: Value) -> None:
    for key, one in value.table.items():
        if key == "retention" and one.number:
            workload.gathered.retention.append((workload, one.number, one))
        else:
            workload.leave(one, f"logging.{key}", "logs go to CloudWatch Logs, without FireLens")


def _schedule(workload: Workload, value: Value) -> None:
    schedule = value.at("schedule")
    if not schedule or workload.sort != JOB or schedule.text in (None, "none", ""):
        return
    try:
        workload.table["schedule"] = schedules.expression(schedules.in_aws_form(" ".join(str(schedule.text).split())))
    except ValueError as error:
        workload.leave(schedule, "on.schedule", str(error))


def _place(value: Value) -> str | None:
    """Return the place of a secret in the form of `secrets`; None if `secrets` has no form for it."""
    if manager := value.at("secretsmanager"):
        name, _, rest = (manager.text or "").partition(":")
        key, _, version = rest.partition(":")
        plain = name and not version.strip(":") and not SHELL.search(manager.text or "")
        return f"secretsmanager:{name}" + (f"#{key}" if key else "") if plain else None
    # an ARN in quotation marks of its own is how Copilot's manual writes one (secrets, lb-web-service)
    text = re.sub(r"^'(arn:.*)'$", r"\1", value.text or "")
    if re.fullmatch(r"arn:aws[\w-]*:(ssm|secretsmanager):\S+", text) and not SHELL.search(text):
        return text
    return f"ssm:{text}" if re.fullmatch(r"[\w.-]+|(/([\w.-]|\{env\})+)+", text, re.ASCII) else None


def _unplaced(value: Value) -> str:
    if value.at("from_cfn"):
        return "is an output of another stack of CloudFormation: write the parameter or the secret that it names"
    if value.at("secretsmanager") and not SHELL.search((value.at("secretsmanager") or value).text or ""):
        return "names a version or a stage of a secret, for which secrets has no form: write its place"
    if SHELL.search(value.text or (value.at("secretsmanager") or value).text or ""):
        return "has a part that is filled in from the shell that Copilot runs in: write the whole name"
    return "does not name a parameter or a secret"


HANDLERS: Mapping[str, Callable[[Workload, Value], None]] = {
    "command": _command,
    "count": _count,
    "deployment": _deployment,
    "env_file": _env_file,
    "entrypoint": _entrypoint,
    "exec": _exec,
    "logging": _logging,
    "network": _network,
    "on": _schedule,
    "platform": _platform,
    "publish": publish,
    "secrets": _secrets,
    "storage": _storage,
    "subscribe": subscribe,
    "taskdef_overrides": _overrides,
    "variables": _variables,
}
"""The readers of a manifest's keys."""
ORDER = ("env_file", "variables", "subscribe")
"""Keys that are read before all others, in this order."""


def ordered_keys(manifest: Value) -> list[tuple[str, Value]]:
    """Return the items of a manifest: those first that others are read after."""
    places = {key: place for place, key in enumerate(ORDER)}
    return sorted(manifest.table.items(), key=lambda item: places.get(item[0], len(ORDER)))
