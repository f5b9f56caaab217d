"""Run the resource types against an account whose answers are all recorded ones of AWS."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from provisioner.aws import service_models
from provisioner.aws.client import Aws
from provisioner.aws.connection import Connection
from provisioner.aws.inventory import Inventory
from provisioner.aws.ownership import ADDRESS_TAG
from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.engine.clock import Pace
from provisioner.engine.resource import Resource
from provisioner.operations.planning import step_run
from provisioner.resources.ecs.account import FORMER_TAG
from tests.cloud.project import SAMPLE
from tests.contract.calls import PAGING
from tests.contract.recorded import Recorded, answers, of, typed
from tests.jumping import Jumping
from tests.ways import Knows

REGION, ACCOUNT = "ap-northeast-1", "123456789012"
OWNER = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner"}
TAGS = ("Tags", "TagList", "TagSet", "tags")
"""The services' names of the list of a resource's tags."""
FACTS = Facts(ACCOUNT, "aws", REGION, (f"{REGION}a", f"{REGION}c"), "ami-1", None, ("127.0.0.1/32",), False, True)


ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/example/1234abcd"
OPTIONS = {
    "dns": {"domain": "example.com", "create_zone": True},
    "network": {"flow_logs": True},
    "load_balancer": {"access_logs": True, "waf_acl": ACL},
    "database": {"readers": 1, "iam_authentication": True, "logs": ["error", "audit"]},
}
"""The options that the sample does not use."""


@cache
def session() -> boto3.Session:
    """Return the session of all accounts: the models are read once."""
    made = boto3.Session("testing", "testing", region_name=REGION)
    service_models.read_plainly(made._session)
    return made


@cache
def declared() -> dict[str, list[Resource]]:
    """Return the sample's resources with all options, by type; tokens stand in place of AWS's answers."""
    config = Config.model_validate(tomllib.loads(SAMPLE) | OPTIONS)
    found: dict[str, list[Resource]] = {}
    for item in step_run.declare(config, FACTS).declared.values():
        found.setdefault(item.resource.type_name, []).append(item.resource)
    return found


@dataclass
class Account:
    """An account that gives a recorded answer to every operation.

    Attributes:
        chosen: the answer to try; every other operation gets its first recorded answer.
        owned: whether the resources in the answers carry this stack's tags.
        known: the fields of a type's declared or recorded resources; the sample's declared ones if left out.
        asked: the operations that were called.
    """

    chosen: Recorded | None = None
    owned: bool = True
    known: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)

    def aws(self, *, thorough: bool = False) -> Aws:
        """Return an `Aws` for this account."""
        connection = _Answered(session(), Pace(Jumping()), rates=False)
        connection.answering = self._answer
        inventory, knowledge = Inventory(connection.pace), Knows(fields=self._known)
        aws = Aws("ecs-sample", "dev", connection, inventory, account=ACCOUNT, knowledge=knowledge)
        return aws.exhaustive() if thorough else aws

    def _known(self, resource_type: type[Resource]) -> Sequence[Mapping[str, Any]]:
        if resource_type.type_name in self.known:
            return self.known[resource_type.type_name]
        return [desired.fields() for desired in declared().get(resource_type.type_name, ())]

    def _answer(self, model: OperationModel, request: Mapping[str, Any]) -> dict[str, Any]:
        operation = f"{model.service_model.service_name}.{model.name}"
        self.asked.add((model.service_model.service_name, model.name))
        if self.chosen and operation == f"{self.chosen.service}.{self.chosen.operation}":
            found = self.chosen.data
        else:
            found = _first(operation)
        if operation in FITTING:
            found = FITTING[operation](request, found)
        data = _asked_for(operation, request, _one_page(typed(found, model.output_shape)))
        return _owned(data, model.output_shape) if self.owned else data


def _first(operation: str) -> dict[str, Any]:
    """Return the answer to an operation that is not under test."""
    if operation in MADE:
        member, described, members = MADE[operation]
        resources = _first(described)[members]
        return {member: resources[:1] if member == members else resources[0]}
    found = of(*operation.split("."))
    return (found or [NOTHING])[0].data


class _Answered(Connection):
    """A connection whose clients get their answers from the account, without a request; all accounts share them."""

    answering: Callable[[OperationModel, Mapping[str, Any]], dict[str, Any]]

    def _make(self, service: str, region: str) -> Any:
        if service not in _CLIENTS:
            _CLIENTS[service] = super()._make(service, region)
            _CLIENTS[service].meta.events.register_last("before-parameter-build", _keep_request)
            _CLIENTS[service].meta.events.register("before-call", _answered)
        _ANSWERING[0] = self.answering
        return _CLIENTS[service]


_CLIENTS: dict[str, Any] = {}
_ANSWERING: list[Callable[[OperationModel, Mapping[str, Any]], dict[str, Any]]] = [lambda model, request: {}]
_REQUEST = "contract-request"


def _keep_request(params: Any, context: dict[str, Any], **_: Any) -> None:
    context[_REQUEST] = params


def _answered(model: OperationModel, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
    """Answer a call in place of AWS, as botocore's event `before-call` lets a handler do."""
    answer = _ANSWERING[0](model, context[_REQUEST])
    answer["ResponseMetadata"] = {"HTTPStatusCode": 200, "RequestId": "1"}
    return AWSResponse("https://aws", 200, HTTPHeaders(), None), answer


# -- answers that have to fit the request, since a resource type checks them against it --------------------------------


def _attribute(request: Mapping[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    name = request["Attribute"][0].upper() + request["Attribute"][1:]
    all_answers = [chosen, *(one.data for one in of("ec2", "DescribeVpcAttribute"))]
    return next(data for data in all_answers if name in data)


def _tagged(request: Mapping[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    others = [{"ResourceARN": arn, "Tags": []} for arn in arns()]
    return {"ResourceTagMappingList": [*chosen["ResourceTagMappingList"], *others]}


def _each(asked: Sequence[str], name: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the found items under the names in the request, repeated if there are too few."""
    return [{**item, name: one} for one, item in zip(asked, cycle(found), strict=False)]


def _balancer_tags(request: Mapping[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    return {"TagDescriptions": _each(request["ResourceArns"], "ResourceArn", chosen["TagDescriptions"])}


def _zone_tags(request: Mapping[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceTagSets": _each(request["ResourceIds"], "ResourceId", chosen["ResourceTagSets"])}


@cache
def arns() -> list[str]:
    """Return the ARNs in the recorded answers of the services whose tags the resource types read in bulk."""
    bulk = ("acm", "ecr", "ecs", "elbv2", "logs", "rds", "servicediscovery", "ssm")
    texts = (json.dumps(one.data) for one in answers() if one.service in bulk)
    return sorted({arn for text in texts for arn in re.findall(r'"\w*(?:Arn|arn|ARN)": "(arn:[^"]+)"', text)})


FITTING: Mapping[str, Callable[[Mapping[str, Any], dict[str, Any]], dict[str, Any]]] = {
    "ec2.DescribeVpcAttribute": _attribute,
    "elbv2.DescribeTags": _balancer_tags,
    "resourcegroupstaggingapi.GetResources": _tagged,
    "route53.ListTagsForResources": _zone_tags,
}
MADE: Mapping[str, tuple[str, str, str]] = {
    "ec2.CreateVpcEndpoint": ("VpcEndpoint", "ec2.DescribeVpcEndpoints", "VpcEndpoints"),
    "ecr.CreateRepository": ("repository", "ecr.DescribeRepositories", "repositories"),
    "ecs.CreateCapacityProvider": ("capacityProvider", "ecs.DescribeCapacityProviders", "capacityProviders"),
    "elbv2.CreateTargetGroup": ("TargetGroups", "elbv2.DescribeTargetGroups", "TargetGroups"),
    "iam.GetRole": ("Role", "iam.GetAccountAuthorizationDetails", "RoleDetailList"),
    "rds.CreateDBSubnetGroup": ("DBSubnetGroup", "rds.DescribeDBSubnetGroups", "DBSubnetGroups"),
}
"""Operations without a recent recorded answer, and the operation that shows the resource afterwards."""
NOTHING = Recorded("", "", "", "", "", {})


ASKED: Mapping[str, tuple[str, str]] = {
    "ec2.DescribeLaunchTemplateVersions": ("Versions", "LaunchTemplateVersions"),
    "ec2.DescribeLaunchTemplates": ("LaunchTemplateIds", "LaunchTemplates"),
    "ec2.DescribeVpcEndpoints": ("VpcEndpointIds", "VpcEndpoints"),
    "ecs.DescribeServices": ("services", "services"),
    "elbv2.DescribeLoadBalancers": ("LoadBalancerArns", "LoadBalancers"),
    "rds.DescribeDBClusters": ("DBClusterIdentifier", "DBClusters"),
    "rds.DescribeDBInstances": ("DBInstanceIdentifier", "DBInstances"),
}
"""The parameter that names the wanted resources, and the member that contains only these resources."""


def _asked_for(operation: str, request: Mapping[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    parameter, member = ASKED.get(operation, ("", ""))
    if parameter not in request or member not in data:
        return data
    most = len(request[parameter]) if isinstance(request[parameter], list) else 1
    return data | {member: data[member][:most]}


def _one_page(data: dict[str, Any]) -> dict[str, Any]:
    # further pages were not recorded
    page = {key: value for key, value in data.items() if key not in PAGING}
    return page | ({"IsTruncated": False} if "IsTruncated" in page else {})


def _owned(value: Any, shape: Shape | None) -> Any:
    """Return an answer in which everything that can have tags has this stack's."""
    match shape:
        case StructureShape() if isinstance(value, dict):
            inside = {key: _owned(item, shape.members[key]) for key, item in value.items()}
            named = [name for name in TAGS if name in shape.members]
            return inside | {name: tags for name in named if (tags := _tags(shape.members[name])) is not None}
        case ListShape() if isinstance(value, list):
            return [_owned(item, shape.member) for item in value]
        case _:
            return value


def _tags(shape: Shape) -> Any:
    tags = OWNER | {ADDRESS_TAG: "thing/main", f"{FORMER_TAG}awsvpcTrunking": "disabled"}
    match shape:
        case MapShape():
            return tags
        case ListShape(member=StructureShape() as pair):
            key, value = ("key", "value") if "key" in pair.members else ("Key", "Value")
            return [{key: name, value: text} for name, text in tags.items()]
        case _:
            return None
