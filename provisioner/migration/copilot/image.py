"""Translate the image of a Copilot service or job: a ready image, or a build."""

from __future__ import annotations

import os.path
import posixpath

from provisioner.config import validators as values
from provisioner.config.secret_values import looks_secret
from provisioner.migration import dockerfiles
from provisioner.migration.copilot.findings import JOB, SHELL, Workload
from provisioner.migration.draft import UNSAFE_ARGUMENT
from provisioner.migration.yaml_tree import Value


def fill(workload: Workload, image: Value) -> bool:
    """Write the image into the table, and note other keys; return False if there is no usable image."""
    for key, value in image.table.items():
        if key == "port":
            if value.number and workload.sort != JOB:
                workload.table["port"] = value.number
            elif workload.sort != JOB:
                workload.leave(value, "image.port", f"is no number: write services.{workload.name}.port")
        elif key == "labels":
            workload.tell(value, f"image.{key}", "has no counterpart here")
        elif key == "credentials":
            workload.tell(value, "image.credentials", "log in to the registry with docker: its credentials are used")
        elif key not in ("build", "location", "healthcheck", "depends_on"):
            workload.leave(value, f"image.{key}", "is not known here")
    build, location = image.at("build"), image.at("location")
    if location:
        return _location(workload, location)
    if build is None:
        workload.leave(image, "image", f"has neither build nor location: {workload.name} is left out", "all")
        return False
    return _build(workload, build)


def of_sidecar(sidecar: Workload, image: Value) -> bool:
    """Write a sidecar's image into its table: its name, or its build; return False if there is no usable image."""
    return fill(sidecar, image) if image.table else _location(sidecar, image)


def _location(workload: Workload, location: Value) -> bool:
    """Write the name of a ready image into the table; shell variables in it stay, for the user to replace."""
    name = location.text or ""
    if SHELL.search(name):
        workload.leave(location, "image.location", "is filled in from the shell: write which image, with its tag")
        workload.table["image"] = name
        return True
    try:
        workload.table["image"] = values.image(name)
    except ValueError as error:
        workload.leave(location, "image.location", f"{error}: {workload.name} is left out", "all")
        return False
    return True


def _build(workload: Workload, build: Value) -> bool:
    dockerfile = build.text or (build.at("dockerfile") or build).text
    context = build.at("context")
    directory = context.text if context and context.text else posixpath.dirname(dockerfile or "")
    directory = posixpath.normpath(directory or ".")
    dockerfile = posixpath.normpath(dockerfile or posixpath.join(directory, "Dockerfile"))
    path, why = dockerfiles.spelled(workload.gathered.directory / directory, os.path.relpath(dockerfile, directory))
    if why:
        workload.tell(build, "image.build", why)
    try:
        workload.table["build"] = values.inside(directory)
        if path != "Dockerfile":
            workload.table["dockerfile"] = values.dockerfile(path)
    except ValueError as error:
        workload.leave(build, "image.build", f"{error}: {workload.name} is left out", "all")
        return False
    for key, value in build.table.items():
        if key == "target" and value.text:
            workload.table["target"] = value.text
        elif key == "args":
            _arguments(workload, value)
        elif key == "cache_from":
            workload.tell(value, "image.build.cache_from", "has no counterpart here: docker's own cache is used")
        elif key not in ("dockerfile", "context"):
            workload.leave(value, f"image.build.{key}", "has no counterpart here")
    return True


def _arguments(workload: Workload, value: Value) -> None:
    """Write build arguments into the table; note arguments from the shell, and secrets."""
    arguments: dict[str, str] = {}
    for name, one in value.table.items():
        key = f"image.build.args.{name}"
        if SHELL.search(one.text or ""):
            workload.leave(one, key, "is filled in from the shell that Copilot runs in: write its value in build_args")
        elif looks_secret(name, one.text or ""):
            workload.leave(one, key, UNSAFE_ARGUMENT)
        elif one.text is not None:
            arguments[name] = one.text
        else:
            workload.leave(one, key, "is no text")
    if arguments:
        workload.table["build_args"] = arguments
