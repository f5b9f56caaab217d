"""Translate the image of a Compose service: a ready image, or a build."""

from __future__ import annotations

import re

from provisioner.config import validators as values
from provisioner.config.secret_values import looks_secret
from provisioner.docker.context import DOCKERFILE
from provisioner.migration import dockerfiles
from provisioner.migration.compose import interpolation
from provisioner.migration.compose.findings import Service, context_of, pairs
from provisioner.migration.draft import UNSAFE_ARGUMENT
from provisioner.migration.yaml_tree import Value

NEEDED = {
    "additional_contexts": "a build has one directory here: copy its files there",
    "dockerfile_inline": "write it to a Dockerfile in the directory of the build",
    "secrets": "a build has no secrets here: push the image yourself, and name it in image",
    "ssh": "a build has no keys here: push the image yourself, and name it in image",
}
"""Keys of a build without which it fails, or gives another image."""


def fill(service: Service, value: Value) -> bool:
    """Write the image or the build of a service into its table; return False, with a note, if it has none."""
    build, image = value.at("build"), value.at("image")
    if build is not None:
        return _build(service, build)
    if image is None:
        service.leave(value, "image", "there is none, and no build: the service is left out", "all")
        return False
    if service.unfilled(image, "image", image.text or ""):
        # it stays, for the user to complete: the rest of the service is known
        service.table["image"] = interpolation.shown(image.text or "")
        return True
    try:
        service.table["image"] = values.image(image.text or "")
    except ValueError as error:
        service.leave(image, "image", f"{error}: the service is left out", "all")
        return False
    return True


def _build(service: Service, build: Value) -> bool:
    named = [build, *(part for key in ("context", "dockerfile", "target") if (part := build.at(key)))]
    if any(service.unfilled(one, "build", one.text or "") for one in named):
        service.leave(build, "build", "its directory, file or stage is not known: the service is left out", "all")
        return False
    context, dockerfile = context_of(build), (build.at("dockerfile") or Value("", 0, "")).text or DOCKERFILE
    path, why = dockerfiles.spelled(service.gathered.directory / context, dockerfile)
    if why:
        service.tell(build, "build", why)
    try:
        service.table["build"] = values.inside(re.sub(r"^\./|/$", "", context) or ".")
        if path != DOCKERFILE:
            service.table["dockerfile"] = values.dockerfile(path)
    except ValueError as error:
        service.leave(build, "build", f"{error}: the service is left out", "all")
        return False
    for key, one in build.table.items():
        if key == "target" and one.text:
            service.table["target"] = one.text
        elif key == "args":
            _arguments(service, one)
        elif key in NEEDED:
            service.leave(one, f"build.{key}", NEEDED[key])
        elif key not in ("context", "dockerfile"):
            service.tell(one, f"build.{key}", "is not used when an image is built here")
    return True


def _arguments(service: Service, value: Value) -> None:
    """Write build arguments into the table; note arguments without a value, and secrets."""
    arguments: dict[str, str] = {}
    for name, one in pairs(value).items():
        key, text = f"build.args.{name}", (one.text or "") if one else interpolation.hole(name)
        if service.unfilled(one or value, key, text):
            continue
        if looks_secret(name, text):
            service.leave(one or value, key, UNSAFE_ARGUMENT)
        else:
            arguments[name] = text
    if arguments:
        service.table["build_args"] = arguments
