"""Translate a Copilot workspace, with its manifests, into tables of a `stack.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioner.config import short_names
from provisioner.config import validators as values
from provisioner.config.production import is_production
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.copilot import environment, known, regions, stack, workload
from provisioner.migration.copilot.findings import JOB, Gathered
from provisioner.migration.draft import Draft, Left
from provisioner.migration.yaml_tree import Unreadable, Value, mapped, overlaid, read

FOLDER = "copilot"
INTERPOLATED = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")
ACTING = re.compile(
    r"AWS::(ApplicationAutoScaling|CloudFront|CodeDeploy|ECS|ElasticLoadBalancing\w*|Events|Route53|WAFv2)::"
)
"""Resources of addons that act upon Copilot's own services, load balancer or name, and upon nothing of this stack."""
RESOURCE = re.compile(r"^\s*Type:\s*[\"']?(AWS::\w+::\w+)", re.MULTILINE)
BUCKET = "AWS::S3::Bucket"
STAYS = "stays where it is, in Copilot's stack: let services reach it by security_groups, secrets and policies"


def draft(directory: Path, env: str | None = None, project: str | None = None) -> Draft:
    """Return a draft from the manifests of a workspace.

    Args:
        directory: the directory that holds `copilot/`.
        env: the environment that becomes the file's own; None for the first by name that is not production.
        project: the name of the new project; None for that of the application, which `.workspace` has.

    Raises:
        ConfigurationError: there is no workspace, or neither a service nor a job that can be carried over.
    """
    folder = directory / FOLDER
    application = _application(folder, project)
    found = Draft("copilot", project or application, "", application)
    workloads = _workloads(folder, found)
    environments = {one.parent.name: one for one in sorted(folder.glob("environments/*/manifest.y*ml"))}
    names = sorted({*environments, *(name for one in workloads.values() for name in _overridden(one))})
    found.own = _own(names, env, found)
    named = {*names, env}
    for name in [found.own, *(name for name in names if name != found.own)]:
        gathered = Gathered(found.tables.setdefault(name, {}), found, name if name in named else "", directory)
        if manifest := environments.get(name):
            _environment(gathered, name, manifest)
        _fill(gathered, application, workloads)
    _shorten(found)
    regions.write(found, folder)
    _beside(folder, found)
    if not any(found.workloads.values()):
        reasons = "".join(f"\n{one}" for one in found.left)
        raise ConfigurationError(
            f"{folder}: no service and no job can be carried over: begin with `provision init` instead{reasons}"
        )
    return found


def _shorten(found: Draft) -> None:
    """Shorten a project's name that is too long for the load balancer's; places of secrets keep the application's."""
    env = max(found.tables, key=len)
    public = [
        name for table in found.tables.values() for name, one in table.get("services", {}).items() if "public" in one
    ]
    stack = f"{(project := found.project)}-{env}"
    most = short_names.room(short_names.TARGET_GROUP) if public else short_names.STACK
    longest = max((len(f"{stack}-{name}") for name in [*public, "alb"]), default=0) if public else 0
    room = most - len(f"-{env}")
    if len(stack) > most and (longest > short_names.TARGET_GROUP or not public) and room > short_names.HASH + 2:
        found.project = short_names.shortened(project, room)
        why = f"{project}-{env} is too long for names on AWS: {found.project} is the project here; choose a better one"
        found.note(Left(f"{FOLDER}/.workspace", 0, "application", why, cost="nothing"))


def _application(folder: Path, project: str | None) -> str:
    """Return the name of Copilot's application; without the file that has it, the name of the project."""
    path = folder / ".workspace"
    if not path.is_file():
        if project and folder.is_dir():
            return project
        raise ConfigurationError(
            f"{folder}: is no workspace of Copilot's, which has a file .workspace: name the directory that has "
            f"{FOLDER}/ in it, or the application by --project"
        )
    name = read(path, f"{FOLDER}/.workspace").at("application")
    if name is None or not name.text:
        raise ConfigurationError(f"{path}: names no application: write `application: NAME`")
    return name.text


def _workloads(folder: Path, found: Draft) -> dict[str, Value]:
    """Return the readable manifests of services and jobs, by name; note the others."""
    workloads = {}
    for path in sorted(folder.glob("*/manifest.y*ml")):
        shown = f"{FOLDER}/{path.parent.name}/{path.name}"
        try:
            manifest = read(path, shown)
        except Unreadable as error:
            file, _, why = str(error).partition(": ")
            line = file.rpartition(":")[2]
            number = int(line) if line.isdigit() else 0
            of = f"services.{path.parent.name}"
            found.note(Left(shown, number, "", f"{why}: {path.parent.name} is left out", of, "all"))
            continue
        name = manifest.at("name")
        workloads[name.text if name and name.text else path.parent.name] = manifest
    return workloads


def _overridden(manifest: Value) -> list[str]:
    """Return the environments for which a manifest has overrides."""
    overrides = manifest.at("environments")
    return list(overrides.table) if overrides else []


def _own(names: list[str], env: str | None, found: Draft) -> str:
    if env:
        return env
    if names:
        # the file's own environment is the default of all commands, so it should not be production
        return next((name for name in names if not is_production(name)), names[0])
    why = 'no environment is named in these files: env = "dev" is the default here; write yours, or use --env NAME'
    found.note(Left(f"{FOLDER}/environments", 0, "", why, cost="nothing"))
    return "dev"


def _environment(gathered: Gathered, name: str, manifest: Path) -> None:
    """Write the keys of an environment's manifest into its table, or note that it cannot be read."""
    shown = f"{FOLDER}/environments/{name}/{manifest.name}"
    try:
        environment.fill(gathered, known.pruned(read(manifest, shown), known.ENVIRONMENT, gathered.found))
    except Unreadable as error:
        gathered.found.note(Left(shown, 0, "", str(error).removeprefix(f"{shown}: ")))


def _fill(gathered: Gathered, application: str, workloads: Mapping[str, Value]) -> None:
    """Write the services and jobs of an environment into its table."""
    env = gathered.env
    for name, whole in workloads.items():
        base = {key: value for key, value in whole.table.items() if key != "environments"}
        merged = _chosen(Value(whole.file, whole.line, base), whole.at("environments", env))
        if re.fullmatch(values.NAME, name):
            filled = mapped(merged, lambda text: _filled(gathered.found, text, application, env))
            workload.add(gathered, name, _known(gathered, name, filled))
        else:
            why = "is not a name here: use lower-case letters, digits and single hyphens"
            gathered.found.leave(whole, "name", why, f"services.{name}", "all")
    stack.finish(gathered)


def _known(gathered: Gathered, name: str, manifest: Value) -> Value:
    """Return a manifest without the keys that Copilot itself passes over, which are noted."""
    sort = (manifest.at("type") or manifest).text or ""
    kind = "jobs" if sort == JOB else "services"
    return known.pruned(manifest, known.WORKLOADS.get(sort), gathered.found, f"{kind}.{name}")


def _chosen(manifest: Value, over: Value | None) -> Value:
    """Return a manifest with an environment's overrides: `image.build` and `image.location` replace each other."""
    if over is None:
        return manifest
    merged = overlaid(manifest, over)
    image = merged.at("image")
    for mine, other in (("build", "location"), ("location", "build")):
        if image and over.at("image", mine) and not over.at("image", other):
            kept = {key: value for key, value in image.table.items() if key != other}
            merged = Value(merged.file, merged.line, {**merged.table, "image": Value(image.file, image.line, kept)})
    return merged


def _filled(found: Draft, text: str, application: str, env: str) -> str:
    """Return a text with the variables replaced that Copilot itself sets, or takes from this shell.

    Others, and an unknown environment, stay (aws/copilot-cli, internal/pkg/manifest/interpolate.go).
    """
    own = {"COPILOT_APPLICATION_NAME": application, **({"COPILOT_ENVIRONMENT_NAME": env} if env else {})}

    def value(place: re.Match[str]) -> str:
        name = place[1]
        if name in own:
            return own[name]
        if name.startswith("COPILOT_") or name not in os.environ:
            return place[0]
        why = "is filled in from this shell, as Copilot does"
        found.note(Left(FOLDER, 0, place[0], why, cost="nothing"))
        return os.environ[name]

    return INTERPOLATED.sub(value, text)


def _beside(folder: Path, found: Draft) -> None:
    """Note the files beside the manifests: addons, overrides, pipelines."""
    for path in sorted(folder.glob("**/addons/*.y*ml")):
        if path.name.startswith("addons.parameters"):
            continue
        types = sorted(set(RESOURCE.findall(_text(path))))
        acting = [one for one in types if ACTING.match(one)]
        what = f"{', '.join(types)}: {STAYS}" if types else STAYS
        if acting:
            what = f"{', '.join(acting)}: acts upon resources of Copilot, and upon nothing here; the rest {STAYS}"
        if BUCKET in types:
            what = f"{what}; [buckets.NAME] makes a bucket of this stack, empty and under another name"
        # an addon of a service gives it variables with the outputs of the addon's stack
        owner = path.parent.parent.name
        of = next((f"{kind}.{owner}" for kind, names in found.workloads.items() if owner in names), "")
        found.note(Left(_shown(folder, path), 0, "", what, of, "part" if acting else "stays"))
    for path in sorted(folder.glob("**/overrides")):
        _override(found, folder, path)
    for path in _pipelines(folder):
        why = "is a pipeline: `provision ci init` writes one"
        found.note(Left(_shown(folder, path), 0, "", why, cost="nothing"))


def _override(found: Draft, folder: Path, path: Path) -> None:
    """Note changes of Copilot's templates; a change for App Runner alone has no effect here."""
    patches = path / "cfn.patches.yml"
    alone = path.is_dir() and {one.name for one in path.iterdir()} <= {patches.name, "README.md"}
    if alone and patches.is_file() and _of_app_runner(patches):
        why = "changes nothing that is here: it has no patches, or only patches of parts for App Runner"
        found.note(Left(_shown(folder, path), 0, "", why, cost="nothing"))
        return
    owner = path.parent.name
    of = next((f"{kind}.{owner}" for kind, names in found.workloads.items() if owner in names), "")
    found.note(
        Left(_shown(folder, path), 0, "", "changes templates of Copilot: read it, nothing of it is known here", of)
    )


def _of_app_runner(patches: Path) -> bool:
    """Return whether all patches are of an environment's parts for App Runner, which nothing here has."""
    try:
        whole = read(patches, patches.name)
    except Unreadable:
        return False
    places = [(one.at("path") or one).text or "" for one in whole.values]
    return not whole.table and all(re.match(r"/(Resources|Outputs)/AppRunner", one) for one in places)


def _pipelines(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("pipelines/*/manifest.y*ml"))
    yield from sorted(folder.glob("pipeline.y*ml"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _shown(folder: Path, path: Path) -> str:
    return f"{FOLDER}/{path.relative_to(folder).as_posix()}"
