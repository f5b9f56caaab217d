"""Container images that are built from the services' directories and pushed to ECR."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound, code_of
from provisioner.aws.redaction import without_secret_values
from provisioner.config.builds import content_tag
from provisioner.config.records import DEPLOYED
from provisioner.docker import build, engine, push
from provisioner.docker.context import DOCKERFILE
from provisioner.docker.reference import parse
from provisioner.engine.declaration import unknown
from provisioner.engine.errors import Failed, NotCreated, OutcomeUnknown
from provisioner.engine.resource import Change, Changes, Observed, Resource
from provisioner.resources.ecr.api import API
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.only_recorded import OnlyRecorded

MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
]
STAND_IN = MANIFESTS[2]
IN_USE = "in-use-"
"""The beginning of the second tag of an image in use; the repositories' lifecycle policy never expires those images."""


class Tagged:
    """The common part of all images that this stack puts into its repositories: each is identified by its tag."""

    identity: ClassVar[Sequence[str]] = ("repository_name", "tag")
    outputs: ClassVar[Sequence[str]] = ("reference",)
    has_parent = True
    versioned = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        """Yield the images in repositories that have the known tags."""
        wanted = {(fields.get("repository_name"), fields.get("tag")) for fields in known}
        for repository, tag, digest in _tags_in(aws, {str(name) for name, _ in wanted}):
            if (repository.id, tag) in wanted:
                yield as_image(repository.id, repository.outputs["repository_uri"], tag, digest, owned=repository.owned)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        delete_tag(aws, live.id)


@dataclass(frozen=True)
class Image(Tagged, Resource):
    """An image in ECR under a tag that is the hash of its content, so that it never has to be changed.

    Other content makes another image: the former one stays, for a rollback, until its repository expires it.

    Attributes:
        repository_name, repository_uri: its repository.
        tag: the hash of the build's content.
        build: the build context.
        build_args: the values of the Dockerfile's ARGs.
        platform: the tasks' platform, in Docker's words.
        dockerfile: its path within the build context.
        target: the build stage that becomes the image, None for the last one.
        told: whether all its containers have a command of their own, so that the image needs none.
    """

    repository_name: str
    repository_uri: str
    tag: str
    build: str
    build_args: Mapping[str, str]
    platform: str
    dockerfile: str = DOCKERFILE
    target: str | None = None
    told: bool = False

    type_name = "image"
    api = API
    has_tags = False

    def create(self, aws: Aws, token: str) -> Observed:
        """Build the image unless the engine has it, push it, and return the digest that ECR shows."""
        if aws.stand_ins:
            return stand_in(aws, self.repository_name, self.repository_uri, self.tag)
        client = engine.connect()
        try:
            return self._made(aws, client)
        finally:
            client.close()

    @classmethod
    def shown(cls, changes: Changes) -> Changes:
        """Hide build arguments that look like secrets."""
        if (one := changes.get("build_args")) is None:
            return changes
        return {**changes, "build_args": Change(one.old, without_secret_values(one.new))}

    def _check_unchanged(self, client: Any, name: str) -> None:
        """Delete an image if its files changed during the build: its tag would be wrong for ever."""
        if content_tag(Path(self.build), self.build_args, self.dockerfile, self.target, self.platform) != self.tag:
            client.images.remove(name)
            raise NotCreated(f"the files in {self.build} changed while the image was built. Run the same command again")

    def _made(self, aws: Aws, client: Any) -> Observed:
        def say(text: str) -> None:
            aws.report_progress(self.address, text)

        name, stop = f"{self.repository_uri}:{self.tag}", aws.pace.stop
        if not build.have(client, name):
            recipe = build.Recipe(Path(self.build), name, self.build_args, self.platform, self.dockerfile, self.target)
            with aws.pace.runtime.working():
                build.build(client, recipe, say, stop, build.PAUSE)
            self._check_unchanged(client, name)
        built = build.checked(client, name, self.platform, told=self.told)
        access = login(aws)
        try:
            with aws.pace.runtime.working():
                pushed = push.push(client, self.repository_uri, self.tag, access, say, stop, push.PAUSE)
        except push.TagTaken:
            # it is ours if only the answer to an earlier push was lost
            if not self._holds(aws, built):
                raise
            pushed = ""
        digest = digest_of(aws, self.repository_name, self.tag)
        if not digest:
            raise OutcomeUnknown(f"ECR does not show {self.repository_name}:{self.tag} yet")
        if (pushed and digest != pushed) or not self._holds(aws, built):
            raise Failed(
                f"ECR has {digest} under {self.repository_name}:{self.tag}, which is not the image that was built "
                f"({pushed or built}): delete it in ECR by its digest, and run the same command again"
            )
        return as_image(self.repository_name, self.repository_uri, self.tag, digest)

    def _holds(self, aws: Aws, built: str) -> bool:
        """Say whether ECR's manifest is of the engine's image with this id, and of the right platform.

        The engine identifies an image by the digest of its configuration, or of its manifest or index.
        """
        answer = aws.client("ecr").batch_get_image(
            repositoryName=self.repository_name, imageIds=[{"imageTag": self.tag}], acceptedMediaTypes=MANIFESTS
        )
        for image in answer["images"]:
            manifest = json.loads(image["imageManifest"])
            platforms = [part.get("platform", {}) for part in manifest.get("manifests", ())]
            known = {image["imageId"].get("imageDigest"), manifest.get("config", {}).get("digest")}
            right = any(f"{p.get('os')}/{p.get('architecture')}" == self.platform for p in platforms)
            return built in known and (right or not platforms)
        return False


@dataclass(frozen=True)
class ImageInUse(Resource):
    """A second tag on an image that a service runs, which keeps the repository's lifecycle policy from expiring it.

    ECR expires images by the time of their push, and does not know which ones run (aws/containers-roadmap#1078). Other
    content has another address, so the former image loses its tag once the service runs the new one.

    Attributes:
        repository_name: the image's repository.
        tag: `IN_USE` and the image's own tag.
        image: the image's URI with its digest.
    """

    repository_name: str
    tag: str
    image: str

    type_name = "image_in_use"
    has_tags = False
    api = API
    identity = ("repository_name", "tag")
    create_only = frozenset()
    has_parent = True

    @staticmethod
    def called(repository: str, tag: str) -> str:
        """Return the name for a second tag in its address, which can be derived from the tag alone."""
        return f"{repository.rpartition('/')[2]}.{tag.removeprefix(IN_USE)}"

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        names = {str(fields.get("repository_name")) for fields in known}
        if aws.include_unrecorded:
            names |= {repository.id for repository in aws.live(Repository)}
        # a copied stack has stand-ins, whose digests are others
        asked = {
            (one["repository_name"], one["tag"]): one["image"]
            for one in known
            if aws.stand_ins and not unknown(one["image"])
        }
        for repository, tag, digest in _tags_in(aws, names):
            if tag.startswith(IN_USE):
                image = f"{repository.outputs['repository_uri']}@{digest}"
                if digest == _digest_of_stand_in(repository.id, tag):
                    image = asked.get((repository.id, tag), image)
                yield cls._live(repository.id, tag, image, owned=repository.owned)

    @classmethod
    def _live(cls, repository: str, tag: str, image: str, *, owned: bool = True) -> Observed:
        attributes = {"repository_name": repository, "tag": tag, "image": image}
        # derived from the tag alone, so that it is found without a state
        address = f"{cls.type_name}/{cls.called(repository, tag)}" if owned else None
        return Observed(f"{repository}:{tag}", attributes, address=address, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        ecr, digest = aws.client("ecr"), self.image.rpartition("@")[2]
        images = ecr.batch_get_image(
            repositoryName=self.repository_name, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=MANIFESTS
        )["images"]
        if not images and aws.stand_ins:
            stand_in(aws, self.repository_name, self.image.partition("@")[0], self.tag)
            return self._live(self.repository_name, self.tag, self.image)
        if not images:
            raise NotCreated(f"ECR has no {self.image} any more: run the same command again to build it again")
        try:
            ecr.put_image(
                repositoryName=self.repository_name,
                imageManifest=images[0]["imageManifest"],
                imageManifestMediaType=images[0]["imageManifestMediaType"],
                imageTag=self.tag,
                imageDigest=digest,
            )
        except ClientError as error:
            # the image has the tag already, but lists did not show it yet
            if code_of(error) != "ImageAlreadyExistsException":
                raise
        return self._live(self.repository_name, self.tag, self.image)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        # the image was deleted by its own tag and built again: an immutable tag has to be deleted before it can move
        self.delete(aws, live)
        self.create(aws, "")

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        delete_tag(aws, live.id)


@dataclass(frozen=True)
class WantedImage(OnlyRecorded, Resource):
    """An image that cannot be built or copied here: recorded as wanted, under the URI that task definitions name.

    Attributes:
        uri: the repository's URI and the tag.
        source: the build context, or the image in another registry, as in the configuration.
    """

    uri: str
    source: str

    type_name = "wanted_image"
    api = API


@dataclass(frozen=True)
class DeployedImage(OnlyRecorded, Resource):
    """Records that `provision deploy` has put an image in the place of the configured one, so that `up` keeps it.

    Attributes:
        image: its full name, with its digest if that is known.
        instead_of: the configuration's image at that time; when it changes, the configuration applies again.
        by, at: the command that put it there, and the time in seconds since the epoch.
    """

    image: str
    instead_of: str
    by: str = ""
    at: float = 0.0

    type_name = DEPLOYED
    api = API


def digest_of(aws: Aws, repository: str, tag: str, digest: str = "") -> str:
    """Return the digest of a repository's image with a tag; empty if there is no such image or repository.

    Args:
        digest: a digest to look up instead of the tag.
    """
    which: Any = {"imageDigest": digest} if digest else {"imageTag": tag}
    with IgnoreNotFound():
        found = aws.client("ecr").describe_images(repositoryName=repository, imageIds=[which])
        return str(found["imageDetails"][0]["imageDigest"]) if found["imageDetails"] else ""
    return ""


def tags_of_digests(aws: Aws, images: Collection[str]) -> dict[str, list[str]]:
    """Return ECR's tags for images that are named by digest, without the tags that only keep images in use.

    Images in other accounts' registries are left out.
    """
    found = {}
    own = f"{aws.account}.dkr.ecr.{aws.region}."
    named = {image: parse(image) for image in images}
    repositories = {one.repository for one in named.values() if aws.endpoint or one.registry.startswith(own)}
    for repository in sorted(repositories):
        tags = {str(image["imageDigest"]): image.get("imageTags", ()) for image in _images(aws, repository)}
        for image, one in named.items():
            if one.repository == repository and one.digest in tags:
                found[image] = [tag for tag in tags[one.digest] if not tag.startswith(IN_USE)]
    return found


def as_image(repository: str, uri: str, tag: str, digest: str, *, owned: bool = True) -> Observed:
    """Return an image under a tag as observed; its output `reference` is the name for task definitions."""
    attributes = {"repository_name": repository, "tag": tag}
    return Observed(f"{repository}:{tag}", attributes, {"reference": f"{uri}@{digest}"}, owned=owned)


def stand_in(aws: Aws, repository: str, uri: str, tag: str) -> Observed:
    """Put a manifest without layers under a tag, and return it as an image: a copied stack pulls no images."""
    manifest = _manifest_of_stand_in(repository, tag)
    image = aws.client("ecr").put_image(
        repositoryName=repository, imageManifest=manifest, imageManifestMediaType=STAND_IN, imageTag=tag
    )["image"]
    return as_image(repository, uri, tag, image["imageId"]["imageDigest"])


def _manifest_of_stand_in(repository: str, tag: str) -> str:
    config = {"digest": f"sha256:{hashlib.sha256(f'{repository}:{tag}'.encode()).hexdigest()}"}
    return json.dumps({"schemaVersion": 2, "mediaType": STAND_IN, "config": config, "layers": []})


def _digest_of_stand_in(repository: str, tag: str) -> str:
    return f"sha256:{hashlib.sha256(_manifest_of_stand_in(repository, tag).encode()).hexdigest()}"


def copies_of(aws: Aws, repository: str, prefix: str) -> list[str]:
    """Return a repository's tags with this prefix, the ones in use first, then the newest push first."""
    newest = sorted(_images(aws, repository), key=lambda image: str(image.get("imagePushedAt")), reverse=True)
    tags = [(tag, image["imageTags"]) for image in newest for tag in image.get("imageTags", ())]
    copies = [(tag, beside) for tag, beside in tags if tag.startswith(prefix)]
    return [tag for tag, beside in sorted(copies, key=lambda copy: f"{IN_USE}{copy[0]}" not in copy[1])]


def _tags_in(aws: Aws, names: Collection[str]) -> Iterator[tuple[Observed, str, str]]:
    """Yield repository, tag and digest for each tag in these repositories, with one call for each repository."""
    repositories = [repository for repository in aws.live(Repository) if repository.id in names]
    for repository, digests in zip(
        repositories, aws.each(lambda one: _digests(aws, one.id), repositories), strict=True
    ):
        for tag, digest in digests.items():
            yield repository, tag, digest


def _digests(aws: Aws, repository: str) -> dict[str, str]:
    images = _images(aws, repository)
    return {tag: str(image["imageDigest"]) for image in images for tag in image.get("imageTags", ())}


def _images(aws: Aws, repository: str) -> list[Mapping[str, Any]]:
    """Return all images of a repository as AWS shows them; none if there is no such repository."""
    most = {"PageSize": 1000}
    with IgnoreNotFound():
        return [*aws.pages("ecr", "describe_images", "imageDetails", repositoryName=repository, PaginationConfig=most)]
    return []


def delete_tag(aws: Aws, id: str) -> None:
    """Remove a tag; ECR deletes the image with its last tag (ECR API, BatchDeleteImage)."""
    name, _, tag = id.rpartition(":")
    answer = aws.client("ecr").batch_delete_image(repositoryName=name, imageIds=[{"imageTag": tag}])
    for failure in answer["failures"]:
        if failure["failureCode"] != "ImageNotFound":
            raise Failed(f"ECR cannot delete {id}: {failure['failureReason']}")


def registry_unreachable(aws: Aws, client: Any) -> str:
    """Return the reason why an engine, as in a virtual machine, cannot use the embedded cloud's registry, or ""."""
    access = login(aws)
    if push.reaches(client, access):
        return ""
    return f"the Docker engine cannot reach the embedded cloud's registry at {access['serveraddress']}"


def login(aws: Aws, region: str | None = None) -> dict[str, str]:
    """Return user, password and address of ECR's registry, as the engine takes them. They are stored nowhere.

    Args:
        region: the registry's Region, if it is not the stack's.
    """
    data = aws.client("ecr", region).get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {"username": user, "password": password, "serveraddress": data["proxyEndpoint"]}
