"""Whether each service's image can be built, or is there, for the tasks' platform and within their reach."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from provisioner.aws import each
from provisioner.builds import PLATFORM, check_builds
from provisioner.containers import credentials, engine
from provisioner.containers.manifests import BadImage, Manifest, platform_of
from provisioner.containers.reference import Reference, parse
from provisioner.containers.registry import Registries
from provisioner.containers.transport import Denied, NotThere, Unreachable
from provisioner.doctor.verdicts import denied, failed, ok, stopped, unknown, warning
from provisioner.engine.retry import code_of
from provisioner.kinds.ecs_task_definition import TaskDefinition
from provisioner.kinds.images import MANIFESTS as ACCEPTED
from provisioner.kinds.images import login

if TYPE_CHECKING:
    from provisioner.aws import Aws
    from provisioner.doctor.context import Context
    from provisioner.engine.events import Checked

ECR = re.compile(r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)")
"""The name of an account's registry in one Region (ECR user guide, private registry)."""


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
    services = {name: context.config.services[name] for name in (w.name for w in context.wanted(TaskDefinition))}
    wanted = {name: str(service.image) for name, service in services.items() if service.image}
    registries = Registries(login=lambda registry: _login(context, registry))
    return each(lambda item: _ready(context, registries, *item), wanted.items())


def _ready(context: Context, registries: Registries, service: str, image: str) -> Checked:
    name = f"image {service}"
    try:
        reference = parse(image)
    except ValueError as error:
        return failed(name, f'"{image}" {error}', "name another")
    account = _account(context.aws, reference)
    try:
        found = (
            _in_ecr(context, registries, reference, account) if account else _outside(context, registries, reference)
        )
    except ClientError as error:
        if code_of(error) == "RepositoryNotFoundException":
            said = f"{reference.registry} has no repository {reference.repository}"
            return failed(name, said, "push the image, or name another")
        if denied(error) and account != context.aws.account:
            return unknown(name, f"{image} is account {account}'s, which does not let this caller look")
        return stopped(name, error)
    except Unreachable as error:
        return unknown(name, str(error))
    except (NotThere, BadImage) as error:
        return failed(name, str(error), "push it, or name another")
    except (Denied, credentials.CredentialsError) as error:
        return failed(name, str(error), f"`docker login {reference.registry}`, or name another")
    if found is None:
        return unknown(name, f"{image} is elsewhere: `up` copies it into ECR. A rehearsal asks nobody outside for it")
    platforms = set(found) - {"/", "unknown/unknown"}
    if PLATFORM not in platforms:
        there = ", ".join(sorted(platforms)) or "no known platform"
        fix = f"build it with `docker build --platform {PLATFORM}`, and push it"
        return failed(name, f"{image} is for {there}, and tasks run on {PLATFORM}", fix)
    return ok(name, f"{image} is there, for {PLATFORM}" + ("" if account else "; `up` copies it into ECR"))


def _account(aws: Aws, reference: Reference) -> str:
    """Return whose registry of ECR in this Region a name is in; empty if it is in none that the endpoints lead to."""
    if aws.endpoint and reference.registry == aws.endpoint.removeprefix("http://"):
        return aws.account
    found = ECR.fullmatch(reference.registry)
    return found[1] if found and found[2] == aws.region else ""


def _in_ecr(context: Context, registries: Registries, reference: Reference, account: str) -> Sequence[str]:
    """Return the platforms of an image in ECR.

    Raises:
        NotThere: there is no such image.
        ClientError: there is no such repository, or ECR refuses to tell.
    """
    image = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
    answer = context.aws.client("ecr").batch_get_image(
        registryId=account, repositoryName=reference.repository, imageIds=[image], acceptedMediaTypes=ACCEPTED
    )
    if not answer["images"]:
        raise NotThere(f"{reference.registry} has no {reference}")
    manifest = Manifest(answer["images"][0]["imageManifest"].encode(), "")
    if parts := manifest.parsed.get("manifests"):
        return [platform_of(part.get("platform") or {}) for part in parts]
    # where the registry of this account answers: its own name, or the embedded cloud's
    host = urlsplit(login(context.aws)["serveraddress"]).netloc if account == context.aws.account else ""
    return [registries.platform(replace(reference, registry=host or reference.registry), manifest)]


def _outside(context: Context, registries: Registries, reference: Reference) -> Sequence[str] | None:
    """Return the platforms of an image in another registry; None if nobody is to be asked."""
    if context.config.target == "local" and not reference.local:
        return None
    return registries.inspect(reference).platforms


def _login(context: Context, registry: str) -> credentials.Login | None:
    """Return the caller's own credentials for ECR, and for other registries those that `docker login` left."""
    if ECR.fullmatch(registry) or (context.config.target == "local" and registry.startswith("127.0.0.1:")):
        access = login(context.aws)
        if urlsplit(access["serveraddress"]).netloc == registry:
            return credentials.Login(access["username"], access["password"])
    return credentials.of_docker(registry)
