"""Samples of stores and of permissions: logs, images, secrets, buckets, roles, an account's setting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioner.engine.declaration import Handle, ready
from provisioner.engine.resource import Resource
from provisioner.resources.ec2.network import Vpc
from provisioner.resources.ecr.copied_images import CopiedImage
from provisioner.resources.ecr.images import IN_USE, STAND_IN, DeployedImage, Image, ImageInUse, WantedImage
from provisioner.resources.ecr.repository import Repository
from provisioner.resources.ecs.account import AccountSetting
from provisioner.resources.iam import InstanceProfile, Role, ServiceLinkedRole
from provisioner.resources.logs import LogGroup, performance_log
from provisioner.resources.policies import Policy, policy
from provisioner.resources.s3 import Bucket
from provisioner.resources.ssm import ConnectionUrl, SecureParameter
from provisioner.resources.stack_tags import StackTags
from tests.cloud.samples.sample import NAME, ByHand, Here, Sample

REPOSITORY, BUCKET = "sample/web", "sample-123456789012-logs"
SECRET, CONNECTION, PROFILE, SETTING = "/sample/secret", "/sample/url", "sample-profile", "awsvpcTrunking"
CORS = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://www.example.com"], "MaxAgeSeconds": 60}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def trust(service: str) -> Policy:
    """A role's policy that lets one of AWS's services assume it."""
    return policy({"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"})


def _delivered() -> Policy:
    """Return the policy that lets load balancers log into the bucket."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/123456789012/*",
        }
    )


def _allow(action: str) -> Policy:
    return policy({"Effect": "Allow", "Action": action, "Resource": "*"})


def _expire(number: int) -> Mapping[str, Any]:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": number}
    return {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}


# -- by hand -----------------------------------------------------------------------------------------------------------


def _untagged(hand: ByHand) -> None:
    logs, arn = hand("logs"), hand.outputs["arn"]
    logs.untag_resource(resourceArn=arn, tagKeys=[*logs.list_tags_for_resource(resourceArn=arn)["tags"]])


def _keyed(hand: ByHand) -> None:
    hand("logs").associate_kms_key(logGroupName=hand.id, kmsKeyId=hand.others.key)


def _another_key(hand: ByHand) -> None:
    ssm = hand("ssm")
    value = ssm.get_parameter(Name=hand.id, WithDecryption=True)["Parameter"]["Value"]
    ssm.put_parameter(Name=hand.id, Value=value, Type="SecureString", KeyId=hand.others.key, Overwrite=True)


def _another_value(hand: ByHand) -> None:
    hand("ssm").put_parameter(Name=hand.id, Value="mysql://somewhere", Type="SecureString", Overwrite=True)


def _connection_url(here: Here) -> Handle:
    password = here[SecureParameter]
    url = "mysql://dbadmin@db.internal:3306/shop?timeout=10"
    return here.ensure(ConnectionUrl(NAME, CONNECTION, url, password.id, ready(password).version))


def _other_image(hand: ByHand) -> None:
    repository, _, tag = hand.id.rpartition(":")
    ecr = hand("ecr")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    config = {"digest": f"sha256:{'0' * 64}"}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": STAND_IN, "config": config, "layers": []})
    ecr.put_image(repositoryName=repository, imageManifest=manifest, imageManifestMediaType=STAND_IN, imageTag=tag)


def _expiring(hand: ByHand, **change: Any) -> None:
    """Put the bucket's own rule with other days."""
    s3 = hand("s3")
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=hand.id)["Rules"]
    s3.put_bucket_lifecycle_configuration(Bucket=hand.id, LifecycleConfiguration={"Rules": [rule | change]})


def _encrypted(hand: ByHand) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    hand("s3").put_bucket_encryption(Bucket=hand.id, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _with_bucket_key(hand: ByHand) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}
    hand("s3").put_bucket_encryption(Bucket=hand.id, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _policies_put(hand: ByHand) -> None:
    for name in ("own", "more"):
        hand("iam").put_role_policy(RoleName=hand.id, PolicyName=name, PolicyDocument=json.dumps(_allow("s3:*")))


def _policies_attached(hand: ByHand) -> None:
    hand("iam").detach_role_policy(RoleName=hand.id, PolicyArn=READ_ONLY)
    hand("iam").attach_role_policy(RoleName=hand.id, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def _trusts(hand: ByHand) -> None:
    hand("iam").update_assume_role_policy(RoleName=hand.id, PolicyDocument=json.dumps(trust("lambda")))


# -- the samples -------------------------------------------------------------------------------------------------------


def _image(here: Here) -> Handle:
    return here.ensure(Image(NAME, REPOSITORY, here[Repository].repository_uri, "1", "web", {}, "linux/amd64"))


def _image_in_use(here: Here) -> Handle:
    tag = f"{IN_USE}1"
    return here.ensure(ImageInUse(ImageInUse.called(REPOSITORY, tag), REPOSITORY, tag, here[Image].reference))


def _copied_image(here: Here) -> Handle:
    uri = here[Repository].repository_uri
    return here.ensure(CopiedImage(NAME, REPOSITORY, uri, "copy", "docker.io/library/nginx:1", "linux/amd64"))


UNTOLD = "ECR does not tell it of an image: with another one the tag is another as well"
NAMED = dict.fromkeys(("repository_name", "tag"), "with another one it is another image: test_resources_images.py")

STORES: Mapping[type[Resource], Sample] = {
    LogGroup: Sample(
        # the one whose name alone shows whose it is, so that it is known without its tags
        lambda here: here.ensure(LogGroup(NAME, performance_log(here.stack.name), 7)),
        {
            "retention_in_days": lambda hand: hand("logs").delete_retention_policy(logGroupName=hand.id),
            "kms_key_id": _keyed,
            "untagged": _untagged,
        },
        problems=("untagged",),
    ),
    Repository: Sample(
        lambda here: here.ensure(Repository(NAME, REPOSITORY, "IMMUTABLE", {"scanOnPush": True}, _expire(10))),
        {
            "image_tag_mutability": lambda hand: hand("ecr").put_image_tag_mutability(
                repositoryName=hand.id, imageTagMutability="MUTABLE"
            ),
            "image_scanning_configuration": lambda hand: hand("ecr").put_image_scanning_configuration(
                repositoryName=hand.id, imageScanningConfiguration={"scanOnPush": False}
            ),
            "lifecycle_policy": lambda hand: hand("ecr").delete_lifecycle_policy(repositoryName=hand.id),
        },
        other={"encryption_configuration": {"encryptionType": "KMS", "kmsKey": "other"}},
    ),
    Image: Sample(
        _image,
        untried={
            **NAMED,
            **dict.fromkeys(
                ("repository_uri", "build", "build_args", "platform", "dockerfile", "target", "told"), UNTOLD
            ),
        },
    ),
    ImageInUse: Sample(_image_in_use, {"image": _other_image}, untried=NAMED),
    CopiedImage: Sample(
        _copied_image, untried={**NAMED, **dict.fromkeys(("repository_uri", "source", "platform"), UNTOLD)}
    ),
    StackTags: Sample(
        lambda here: here.ensure(StackTags(NAME, {})), untried={"tags": "tests/cloud/resources/test_stack_tags.py"}
    ),
    DeployedImage: Sample(lambda here: here.ensure(DeployedImage(NAME, f"{REPOSITORY}:1", "build web"))),
    WantedImage: Sample(lambda here: here.ensure(WantedImage(NAME, f"{REPOSITORY}:1", "web"))),
    SecureParameter: Sample(
        lambda here: here.ensure(SecureParameter(NAME, SECRET, "A secret")), {"key_id": _another_key}
    ),
    ConnectionUrl: Sample(
        _connection_url,
        {
            # a version that somebody wrote is made of something unknown
            "url password_version": _another_value,
            "key_id url password_version": _another_key,
        },
    ),
    Bucket: Sample(
        lambda here: here.ensure(
            Bucket(
                NAME,
                BUCKET,
                _delivered(),
                7,
                noncurrent_days=30,
                upload_days=7,
                versioning="Enabled",
                cors_rules=[CORS],
            )
        ),
        {
            "policy": lambda hand: hand("s3").delete_bucket_policy(Bucket=hand.id),
            "expiration_days": lambda hand: _expiring(hand, Expiration={"Days": 8}),
            "noncurrent_days": lambda hand: _expiring(hand, NoncurrentVersionExpiration={"NoncurrentDays": 8}),
            "upload_days": lambda hand: _expiring(hand, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 8}),
            "versioning": lambda hand: hand("s3").put_bucket_versioning(
                Bucket=hand.id, VersioningConfiguration={"Status": "Suspended"}
            ),
            "cors_rules": lambda hand: hand("s3").delete_bucket_cors(Bucket=hand.id),
            "public_access_block": lambda hand: hand("s3").delete_public_access_block(Bucket=hand.id),
            "sse_algorithm": _encrypted,
            "bucket_key_enabled": _with_bucket_key,
        },
        untried={
            "deletion_protection": "S3 knows no such thing: it is the record that says so",
            "kms_key_id": "tests/cloud/resources/test_resources_s3.py, as the algorithm changes with it",
        },
    ),
    Role: Sample(
        lambda here: here.ensure(
            Role(
                NAME,
                "sample-role",
                trust("ec2"),
                [READ_ONLY],
                {"own": _allow("ssm:Get*")},
                path="/sample/",
                permissions_boundary=READ_ONLY,
            )
        ),
        {
            "assume_role_policy_document": _trusts,
            "managed_policy_arns": _policies_attached,
            "inline_policies": _policies_put,
            "permissions_boundary": lambda hand: hand("iam").delete_role_permissions_boundary(RoleName=hand.id),
        },
    ),
    InstanceProfile: Sample(
        lambda here: here.ensure(InstanceProfile(NAME, PROFILE, here[Role].id)),
        {
            "role_name": lambda hand: hand("iam").remove_role_from_instance_profile(
                InstanceProfileName=hand.id, RoleName=hand[Role]
            )
        },
    ),
    ServiceLinkedRole: Sample(
        lambda here: here.ensure(ServiceLinkedRole(NAME, "ecs.amazonaws.com", "AWSServiceRoleForECS"))
    ),
    AccountSetting: Sample(
        lambda here: here.ensure(AccountSetting(NAME, here[Vpc].id, SETTING, "enabled")),
        {"value": lambda hand: hand("ecs").put_account_setting_default(name=SETTING, value="disabled")},
    ),
}
