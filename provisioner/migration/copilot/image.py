"""Translate the image of a Copilot service or job: a ready image, or a build."""

from __future__ import annotations

import os.path
import posixpath

from provisioner.config import validators as values
from provisioner.migration.copilot.findings import JOB, SHELL, Workload
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
            workload.leave(value, f"image.{key}", "has no counterpart here")
        elif key == "credentials":
            workload.leave(value, "image.credentials", "log in to the registry with docker: its credentials are used")
        elif key not in ("build", "location", "healthcheck", "depends_on"):
            workload.leave(value, f"image.{key}", "is not known here")
    build, location = image.at("build"), image.at("location")
    if location:
        return _location(workload, location)
    if build is None:
        workload.leave(image, "image", f"has neither build nor location: {workload.name} is left out")
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
        workload.leave(location, "image.location", f"{error}: {workload.name} is left out")
        return False
    return True


def _build(workload: Workload, build: Value) -> bool:
    dockerfile = build.text or (build.at("dockerfile") or build).text
    context = build.at("context")
    directory = context.text if context and context.text else posixpath.dirname(dockerfile or "")
    directory = posixpath.normpath(directory or ".")
    dockerfile = posixpath.normpath(dockerfile or posixpath.join(directory, "Dockerfile"))
    path = os.path.relpath(dockerfile, directory)
    try:
        workload.table["build"] = values.inside(directory)
        if path != "Dockerfile":
            workload.table["dockerfile"] = values.dockerfile(path)
    except ValueError as error:
        workload.leave(build, "image.build", f"{error}: {workload.name} is left out")
        return False
    for key, value in build.table.items():
        if key == "target" and value.text:
            workload.table["target"] = value.text
        elif key == "args":
            arguments = {name: one.text for name, one in value.table.items() if one.text is not None}
            if arguments:
                workload.table["build_args"] = arguments
        elif key not in ("dockerfile", "context"):
            workload.leave(value, f"image.build.{key}", "has no counterpart here")
    return True
