"""The roles of a pipeline: to plan, to deploy, and to delete expired stacks. An administrator creates them, not `up`.

A stack that declared its own deployment role would have to permit that role to change itself. So the roles are no
resources of the stack: no printed policy matches their names (`role_name`), and they lack the stack's tags.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import IgnoreNotFound, explained
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci.pipeline import Pipeline, Purpose, role_name
from provisioner.operations.prerequisites.permissions_boundary import document_of, policy_at, renew, same
from provisioner.permissions.arns import partition_of
from provisioner.permissions.ending import environments
from provisioner.permissions.policy import documents
from provisioner.permissions.printed import printed
from provisioner.permissions.table import needed
from provisioner.resources.policies import policy

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config

TAG = "provisioner:ci"
"""The tag that names the stack and Region of a role's or policy's pipeline."""
Tags = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Role:
    """A role in its wanted form: its name, its trust policy, and its managed policies by name."""

    name: str
    trust: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """The wanted provider and roles of a pipeline in an account."""

    provider: str
    roles: tuple[Role, ...]


def wanted(config: Config, pipeline: Pipeline, account: str) -> Wanted:
    """Return the provider and the roles that a pipeline needs."""
    provider = f"arn:{partition_of(config.region)}:iam::{account}:oidc-provider/{pipeline.issuer}"
    roles = tuple(_role(config, pipeline, account, provider, purpose) for purpose in pipeline.purposes)
    return Wanted(provider, roles)


def _role(config: Config, pipeline: Pipeline, account: str, provider: str, purpose: Purpose) -> Role:
    name = role_name(config, purpose)
    policies = {f"{name}_{number}": one for number, one in enumerate(_policies(config, pipeline, account, purpose), 1)}
    return Role(name, _trust(pipeline, provider, purpose), policies)


def _policies(config: Config, pipeline: Pipeline, account: str, purpose: Purpose) -> Iterable[Mapping[str, Any]]:
    if purpose is Purpose.END:
        return documents(needed(environments(config, pipeline.ends), account=account, ending=True))
    if purpose is Purpose.PLAN:
        return documents(needed(config, account=account, planning=True))
    return printed(config, account=account).values()


def _trust(pipeline: Pipeline, provider: str, purpose: Purpose) -> Mapping[str, Any]:
    """Return the trust policy of a role: only the forge's tokens for this audience and from these jobs."""
    subjects = pipeline.subjects(purpose)
    like = "StringLike" if any("*" in subject for subject in subjects) else "StringEquals"
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {f"{pipeline.issuer}:aud": pipeline.audience}}
    conditions.setdefault(like, {})[f"{pipeline.issuer}:sub"] = subjects if len(subjects) > 1 else subjects[0]
    allow = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
    return policy(allow)


@dataclass(frozen=True)
class Step:
    """One change in the account: its description, and the call that makes it."""

    what: str
    act: Callable[[], object]


def changes(aws: Aws, config: Config, pipeline: Pipeline) -> list[Step]:
    """Return the changes that create or update the roles, in their order. Only reads are made.

    Raises:
        ConfigurationError: a role or policy with such a name lacks the pipeline's tag.
        ApiError: a read was refused.
    """
    found = wanted(config, pipeline, aws.account)
    # roles belong to the whole account: a stack of the same name in another Region has the same role names
    tags = tag_pairs({TAG: f"{config.name}/{config.region}"})
    try:
        steps = [*_provider(aws, pipeline, found.provider)]
        for role in found.roles:
            steps += [*_role_steps(aws, role, tags), *_policy_steps(aws, role, tags)]
    except ClientError as error:
        raise explained(error) from error
    return steps


def apply(steps: Iterable[Step]) -> None:
    """Make the changes that `changes` returned.

    Raises:
        ApiError: a call was refused.
    """
    try:
        for step in steps:
            step.act()
    except ClientError as error:
        raise explained(error) from error


def _provider(aws: Aws, pipeline: Pipeline, arn: str) -> Iterator[Step]:
    """Yield the changes that register the forge as provider. Other projects may use it, so nothing is removed from it.

    The call contains no thumbprint: IAM reads it from the issuer, and checks it only if AWS does not trust the
    authority of the issuer's certificate (IAM API reference, CreateOpenIDConnectProvider).
    """
    iam, known = aws.client("iam"), None
    with IgnoreNotFound():
        known = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    if known is None:
        new = {"Url": f"https://{pipeline.issuer}", "ClientIDList": [pipeline.audience]}
        yield Step(f"create {arn}", partial(iam.create_open_id_connect_provider, **new))
    elif pipeline.audience not in known.get("ClientIDList", ()):
        add = {"OpenIDConnectProviderArn": arn, "ClientID": pipeline.audience}
        yield Step(f"add {pipeline.audience} to {arn}", partial(iam.add_client_id_to_open_id_connect_provider, **add))


def _role_steps(aws: Aws, role: Role, tags: Tags) -> Iterator[Step]:
    iam, known, trust = aws.client("iam"), None, json.dumps(role.trust)
    with IgnoreNotFound():
        known = iam.get_role(RoleName=role.name)["Role"]
    if known is None:
        new = {"RoleName": role.name, "AssumeRolePolicyDocument": trust, "Tags": tags}
        yield Step(f"create role {role.name}", partial(iam.create_role, **new))
        return
    _check_ours(f"role {role.name}", known, tags)
    if not same(known["AssumeRolePolicyDocument"], role.trust):
        change = {"RoleName": role.name, "PolicyDocument": trust}
        yield Step(f"change the trust policy of role {role.name}", partial(iam.update_assume_role_policy, **change))


def _policy_steps(aws: Aws, role: Role, tags: Tags) -> Iterator[Step]:
    """Yield the changes of the role's policies. Outdated policies of its name are detached, foreign ones stay."""
    iam = aws.client("iam")
    attached: dict[str, str] = {}
    with IgnoreNotFound():
        of_role = aws.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role.name)
        attached = {one["PolicyName"]: one["PolicyArn"] for one in of_role}
    place = f"arn:{aws.partition}:iam::{aws.account}:policy/"
    for name, document in role.policies.items():
        arn, text = place + name, json.dumps(document)
        if (known := policy_at(aws, arn)) is None:
            new = {"PolicyName": name, "PolicyDocument": text, "Tags": tags}
            yield Step(f"create policy {name}", partial(iam.create_policy, **new))
        else:
            _check_ours(f"policy {name}", known, tags)
            if not same(document_of(aws, known), document):
                yield Step(f"change policy {name}", partial(renew, aws, arn, document))
        if name not in attached:
            yield Step(f"attach policy {name}", partial(iam.attach_role_policy, RoleName=role.name, PolicyArn=arn))
    for name, arn in attached.items():
        if name.startswith(f"{role.name}_") and name not in role.policies:
            yield Step(f"detach policy {name}", partial(iam.detach_role_policy, RoleName=role.name, PolicyArn=arn))


def _check_ours(what: str, known: Mapping[str, Any], tags: Tags) -> None:
    if not tag_map(tags).items() <= tag_map(known.get("Tags")).items():
        said = ", ".join(f"{tag['Key']}={tag['Value']}" for tag in tags)
        raise ConfigurationError(f"{what} exists, but not with the tag {said}, so it is not changed: delete it")


def document(config: Config, pipeline: Pipeline) -> Mapping[str, Any]:
    """Return the provider and the roles of a pipeline as a document, for another tool to create them.

    Raises:
        ConfigurationError: the configuration names no account.
    """
    if not config.account.id:
        raise ConfigurationError('account.id: is not set: write id = "…" under [account]')
    return asdict(wanted(config, pipeline, config.account.id))
