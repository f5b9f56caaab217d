"""Whether each service's image can be built, or is there, for the tasks' platform and within their reach."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws import each
from provisioner.builds import PLATFORM, check_builds
from provisioner.containers import engine
from provisioner.doctor.verdicts import denied, failed, ok, stopped, unknown, warning
from provisioner.engine.retry import code_of
from provisioner.kinds.images import MANIFESTS

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from provisioner.doctor.context import Context
    from provisioner.engine.events import Checked

ECR = re.compile(r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")
"""The name of an account's registry in one Region (ECR user guide, private registry)."""
SECONDS = 10
LARGEST = 4 << 20
"""Bytes of a configuration, which registries keep as small as a manifest."""


def builds(context: Context) -> Sequence[Checked]:
    """Say whether the images that are to be built can be: on AWS `up` is refused without, the embedded cloud does."""
    wanted = [name for name, service in context.config.services.items() if service.build]
    if not wanted:
        return [ok("docker", "nothing is built: every service has a ready image")]
    say = warning if context.config.target == "local" else failed
    skipped = check_builds(context.config, context.declared.facts, context.root)
    found = [say(f"image {name}", *_parts(text, name, local=say is warning)) for name, text in skipped.items()]
    if len(skipped) < len(wanted):
        rest = ", ".join(name for name in wanted if name not in skipped)
        why, _ = context.buildable
        found.insert(0, ok("docker", f"ECR has the images of {rest} already" if why else f"answers, to build {rest}"))
    return found


def _parts(text: str, name: str, *, local: bool) -> tuple[str, str]:
    what, _, note = text.rpartition(": ")
    return what, note if local else f"mend that, or push the image yourself and write services.{name}.image"


def engine_alone(context: Context) -> Sequence[Checked]:
    """Say whether an engine answers, where something is built: that can be told without AWS."""
    if not any(service.build for service in context.config.services.values()):
        return []
    say = warning if context.config.target == "local" else failed
    if not engine.named():
        return [say("docker", "no engine answers here", "start Docker, or say in DOCKER_HOST where it is")]
    try:
        engine.connect().close()
    except engine.EngineError as error:
        what, _, fix = str(error).partition(": ")
        return [say("docker", what, fix)]
    return [ok("docker", "answers")]


def ready(context: Context) -> Sequence[Checked]:
    """Say of each ready image whether it is there, for the platform of the tasks, and can be pulled."""
    wanted = {name: str(s.image) for name, s in context.config.services.items() if s.image}
    return each(lambda item: _ready(context, *item), wanted.items())


def _ready(context: Context, service: str, image: str) -> Checked:
    name = f"image {service}"
    host, _, rest = image.partition("/")
    place = _place(context.aws, host)
    if place is None:
        return ok(name, f"{image} is not in this Region's ECR: `up` copies it there")
    try:
        platforms = _platforms(context, place, *_parsed(rest))
    except ClientError as error:
        if code_of(error) == "RepositoryNotFoundException":
            return failed(name, f"{host} has no repository {_parsed(rest)[0]}", "push the image, or name another")
        if denied(error) and place != context.aws.account:
            return unknown(name, f"{image} is account {place}'s, which lets this caller not look at it")
        return stopped(name, error)
    if platforms is None:
        return failed(name, f"{host} has no image {rest}", "push it, or name another")
    if not platforms:
        return unknown(name, f"{image} is there; what it is built for could not be read")
    if PLATFORM in platforms:
        return ok(name, f"{image} is there, for {PLATFORM}")
    fix = f"build it with `docker build --platform {PLATFORM}`, and push it"
    return failed(name, f"{image} is for {', '.join(sorted(platforms))}, and tasks run on {PLATFORM}", fix)


def _place(aws: Aws, host: str) -> str | None:
    """Return whose registry in this Region a host is; None if it is none of ECR's here."""
    if aws.endpoint and host == aws.endpoint.removeprefix("http://"):
        return aws.account
    found = ECR.fullmatch(host)
    return found[1] if found and found[2] == aws.region else None


def _parsed(rest: str) -> tuple[str, Mapping[str, str]]:
    """Return the repository and how ECR is asked for the image, of a reference without its host."""
    name, _, digest = rest.partition("@")
    repository, _, tag = name.partition(":")
    return repository, {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}


def _platforms(context: Context, account: str, repository: str, image: Mapping[str, str]) -> set[str] | None:
    """Return what an image in ECR is built for, such as linux/amd64; None if there is no such image."""
    ecr = context.aws.client("ecr")
    asked = {"registryId": account, "repositoryName": repository}
    answer = ecr.batch_get_image(**asked, imageIds=[image], acceptedMediaTypes=MANIFESTS)
    if not answer["images"]:
        return None
    manifest = json.loads(answer["images"][0]["imageManifest"])
    if parts := manifest.get("manifests"):
        return {_platform(part.get("platform", {})) for part in parts} - {"", "unknown/unknown"}
    digest = manifest.get("config", {}).get("digest")
    if not digest:
        return set()
    url = ecr.get_download_url_for_layer(**asked, layerDigest=digest)["downloadUrl"]
    return {_platform(_fetched(url, local=context.config.target == "local"))} - {""}


def _platform(said: Mapping[str, Any]) -> str:
    """Return a platform in Docker's words; empty if it is not told."""
    return f"{said['os']}/{said['architecture']}" if said.get("os") and said.get("architecture") else ""


def _fetched(url: str, *, local: bool) -> Mapping[str, Any]:
    """Return an image's configuration from where ECR says it is; nothing if it cannot be read."""
    # the embedded cloud is never gone to by a proxy
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
    try:
        with opener.open(url, timeout=SECONDS) as answer:
            found = json.loads(answer.read(LARGEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
