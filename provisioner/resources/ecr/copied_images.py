"""Images from other registries, copied into the stack's own repositories, since private subnets reach no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.aws.client import Aws
from provisioner.docker import copy, credentials
from provisioner.docker.credentials import CredentialsError, Login
from provisioner.docker.push import NEEDED
from provisioner.docker.reference import Reference, parse
from provisioner.docker.registry import Registries
from provisioner.docker.transport import Denied, Transport
from provisioner.engine.errors import Failed, NotCreated, OutcomeUnknown
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ecr.api import API
from provisioner.resources.ecr.images import Tagged, as_image, digest_of, login, stand_in

ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z]{2,4}(-[a-z]+)+-\d)\."
    r"(amazonaws\.com(\.cn)?|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn|sc2s\.sgov\.gov|c2s\.ic\.gov)"
)
"""ECR's private registries, by AWS's own domains: ECR's token is sent to no others (ECR guide, registry URIs)."""


@dataclass(frozen=True)
class CopiedImage(Tagged, Resource):
    """A copy of an image in ECR, under a tag that names its source, so that it never has to be changed.

    A changed source image makes another copy: the former copy stays until its repository expires it.

    Attributes:
        repository_name, repository_uri: the copy's repository.
        tag: names the source.
        source: the source image's full name with its digest.
        platform: the platform to copy, in Docker's words.
    """

    repository_name: str
    repository_uri: str
    tag: str
    source: str
    platform: str

    type_name = "copied_image"
    api = API
    has_tags = False

    def create(self, aws: Aws, token: str) -> Observed:
        """Copy the image from its registry to ECR, and return the digest that ECR shows."""
        if aws.stand_ins:
            return stand_in(aws, self.repository_name, self.repository_uri, self.tag)
        source = parse(self.source)
        if not source.digest:
            raise NotCreated(
                f"the copy of {self.source} was deleted from ECR: run the same command again to copy it again"
            )
        target, access = parse(f"{self.repository_uri}:{self.tag}"), login(aws)
        ours = Login(access["username"], access["password"])
        mine = Registries(Transport(aws.pace.stop, aws.pace.scale), lambda _: ours)
        refused = ""
        try:
            with aws.pace.runtime.working():
                copied = copy.copy(
                    registries(aws),
                    source,
                    mine,
                    target,
                    self.platform,
                    lambda text: aws.report_progress(self.address, text),
                )
        except copy.ManifestRefused as taken:
            # an earlier attempt, whose answer was lost, may have put it there: ECR refuses the same image twice
            copied, refused = taken.digest, str(taken)
        except Denied as denied:
            if denied.registry != target.registry:
                raise
            raise NotCreated(f"copying to {self.repository_uri} was refused: {denied}. {NEEDED}") from None
        digest = digest_of(aws, self.repository_name, self.tag)
        if not digest:
            raise NotCreated(refused) if refused else OutcomeUnknown(f"ECR does not show {target} yet")
        if digest != copied:
            raise Failed(
                f"ECR has {digest} under {target}, which is not the copy of {source} ({copied}): delete it in ECR by "
                f"its digest, and run the same command again"
            )
        return as_image(self.repository_name, self.repository_uri, self.tag, digest)


def registries(aws: Aws) -> Registries:
    """Return access to other registries: to ECR with AWS's credentials, to others with Docker's."""

    def credentials_of(registry: str) -> Login | None:
        found = ECR.fullmatch(registry)
        # an embedded cloud's token is not valid for AWS's registries
        return credentials.of_docker(registry) if found is None or aws.endpoint else _token(aws, found["region"])

    return Registries(Transport(aws.pace.stop, aws.pace.scale), credentials_of)


def _token(aws: Aws, region: str) -> Login:
    """Return the login to ECR's registries of a Region that these AWS credentials may read (GetAuthorizationToken)."""
    try:
        access = login(aws, region)
    except (ClientError, BotoCoreError) as error:
        raise CredentialsError(f"ECR in {region} returned no token ({error})") from None
    return Login(access["username"], access["password"])


def is_own(aws: Aws, reference: Reference) -> bool:
    """Say whether an image is in the ECR that private subnets reach: this account's and Region's."""
    if aws.endpoint and reference.registry == urlsplit(aws.endpoint).netloc:
        return True
    found = ECR.fullmatch(reference.registry)
    return bool(
        found
        and (found["account"], found["region"]) == (aws.account, aws.region)
        and reference.registry.startswith(f"{aws.account}.dkr.ecr.")
        and ".on." not in reference.registry
    )
