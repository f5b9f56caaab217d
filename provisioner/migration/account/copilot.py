"""Read Copilot's environments from an account: CloudFormation stacks, VPCs, clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.aws.client import batches
from provisioner.aws.errors import code_of, explaining
from provisioner.engine.errors import ProvisionError
from provisioner.migration.account import cluster
from provisioner.migration.account.reader import Reader
from provisioner.migration.copilot import account
from provisioner.migration.copilot.account import Environment
from provisioner.migration.draft import Draft, Left
from provisioner.migration.ecs.answers import APPLICATION_TAG, ENVIRONMENT_TAG, Answer, tags
from provisioner.operations.network import vpc_subnets

if TYPE_CHECKING:
    from provisioner.aws.client import Aws

STACKS = "the VPC, subnets and security group of environments"
CLUSTERS = 100
"""The most clusters of one call (API reference, DescribeClusters)."""


def complete(aws: Aws, draft: Draft, *, on_aws: bool) -> None:
    """Complete the table of each environment from the account, and note missing resources.

    Raises:
        ApiError: AWS itself failed, or could not be reached.
    """
    with explaining():
        _complete(Reader(aws), draft, on_aws=on_aws)


def _complete(reader: Reader, draft: Draft, *, on_aws: bool) -> None:
    aws = reader.aws
    exports = {
        str(one.get("Name")): str(one.get("Value"))
        for one in reader.pages("cloudformation", "list_exports", "Exports", "the outputs of other stacks")
    }
    clusters = _clusters(reader)
    found = {
        env: _environment(reader, draft.application or draft.project, env, clusters, on_aws=on_aws)
        for env in draft.tables
    }
    account.complete(draft, found, exports, aws.account, aws.region)
    for unread in reader.unread:
        draft.note(Left(f"account {aws.account}, {aws.region}", 0, unread.action, f"{unread.why}: {unread.what}"))


def _environment(
    reader: Reader, application: str, env: str, clusters: Mapping[tuple[str, str], str], *, on_aws: bool
) -> Environment:
    """Return the resources of one environment, from the outputs of its stack, or else from the tags of its VPC."""
    outputs = _outputs(reader, f"{application}-{env}")
    found = Environment(
        outputs.get("VpcId", ""),
        _ids(outputs.get("PublicSubnets", "")),
        _ids(outputs.get("PrivateSubnets", "")),
        outputs.get("EnvironmentSecurityGroup", ""),
    )
    if not found.vpc:
        found = _tagged(reader, application, env)
    if name := outputs.get("ClusterId") or clusters.get((application, env), ""):
        try:
            return replace(found, answers=cluster.read(reader.aws, name, on_aws=on_aws))
        except ProvisionError as error:
            return replace(found, why=str(error))
    return found


def _outputs(reader: Reader, stack: str) -> dict[str, str]:
    """Return the outputs of an environment's stack; empty if there is no such stack, or if AWS refuses the read."""

    def read() -> list[Answer]:
        try:
            answer = reader.aws.client("cloudformation").describe_stacks(StackName=stack)
        except ClientError as error:
            # the stack does not exist (CloudFormation API, DescribeStacks)
            if code_of(error) == "ValidationError" and "does not exist" in str(error):
                return []
            raise
        return list(answer.get("Stacks") or ())

    outputs = [one for each in reader.tried(STACKS, read) or () for one in each.get("Outputs") or ()]
    return {str(one.get("OutputKey")): str(one.get("OutputValue")) for one in outputs}


def _ids(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _tagged(reader: Reader, application: str, env: str) -> Environment:
    """Return the one VPC with an environment's tags, and its public and private subnets by their routes."""
    ours = [
        {"Name": f"tag:{APPLICATION_TAG}", "Values": [application]},
        {"Name": f"tag:{ENVIRONMENT_TAG}", "Values": [env]},
    ]
    vpcs = [str(one["VpcId"]) for one in reader.pages("ec2", "describe_vpcs", "Vpcs", STACKS, Filters=ours)]
    if len(vpcs) != 1:
        return Environment()
    found = reader.tried(STACKS, lambda: vpc_subnets.subnets(reader.aws, vpcs[0])) or []
    subnets = [one for one in found if one.place == vpc_subnets.ZONE]
    public, private = (tuple(one.id for one in subnets if (one.leads == "igw") is out) for out in (True, False))
    return Environment(vpcs[0], public, private)


def _clusters(reader: Reader) -> dict[tuple[str, str], str]:
    """Return the clusters by the application and the environment in Copilot's tags."""
    what = "the cluster of an environment"
    arns = reader.pages("ecs", "list_clusters", "clusterArns", what)
    found: dict[tuple[str, str], str] = {}
    for some in batches(arns, CLUSTERS):
        for one in reader.tried(what, partial(_described, reader, list(some))) or []:
            of = tags(one)
            found[of.get(APPLICATION_TAG, ""), of.get(ENVIRONMENT_TAG, "")] = str(one["clusterArn"])
    return found


def _described(reader: Reader, arns: list[str]) -> list[Answer]:
    answer = reader.aws.client("ecs").describe_clusters(clusters=arns, include=["TAGS"])
    return [one for one in answer.get("clusters") or () if one.get("status", "ACTIVE") == "ACTIVE"]
