"""EC2's flow logs: records of the VPC's accepted and refused connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import ASKED, OURS, OWN, Use, creating, grants, retagging, untagging
from provisioner.aws.tagging import observed, tag_map
from provisioner.engine.resource import Observed, Resource
from provisioner.resources import members
from provisioner.resources.ec2.api import API
from provisioner.resources.ec2.common import check_all_done, list_by_tags, read_by_id
from provisioner.resources.phrases import because

MEMBERS = {
    "log_group_name": "LogGroupName",
    "deliver_logs_permission_arn": "DeliverLogsPermissionArn",
    "traffic_type": "TrafficType",
    "max_aggregation_interval": "MaxAggregationInterval",
}
"""The fields' names in CreateFlowLogs and DescribeFlowLogs."""


_WHY = "`[network] flow_logs`"


@dataclass(frozen=True)
class FlowLog(Resource):
    """A flow log of a VPC into a log group of CloudWatch, by a role that `vpc-flow-logs.amazonaws.com` assumes.

    Only its tags can be changed in place (VPC user guide, Work with flow logs).

    Attributes:
        max_aggregation_interval: seconds that one record covers, 60 or 600; on Nitro instances 60 at most.
    """

    resource_id: str
    log_group_name: str
    deliver_logs_permission_arn: str
    traffic_type: str = "ALL"
    max_aggregation_interval: int = 600

    type_name = "flow_log"
    api = API
    arn = "vpc-flow-log/*"
    permissions = (
        *grants("ec2", "DescribeFlowLogs", use=Use.OPTION, why=_WHY),
        *grants("ec2", "CreateFlowLogs", OWN, conditions=ASKED, use=Use.OPTION, why=_WHY),
        *grants("ec2", "CreateFlowLogs", "vpc/*", conditions=OURS, use=Use.OPTION, why=_WHY),
        *grants(
            "ec2",
            "CreateTags",
            OWN,
            conditions=creating("ec2:CreateAction", "CreateFlowLogs"),
            use=Use.OPTION,
            why=_WHY,
        ),
        *retagging("ec2", "CreateTags", OWN),
        *untagging("ec2", "DeleteTags", OWN, conditions=OURS),
        *grants("ec2", "DeleteFlowLogs", OWN, conditions=OURS, use=Use.OPTION, why=_WHY),
        *grants(
            "iam",
            "PassRole",
            "role{role_path}{stack}-flow-logs",
            conditions=(("StringEquals", "iam:PassedToService", ("vpc-flow-logs.amazonaws.com",)),),
            use=Use.IMPLIED,
            why="CreateFlowLogs",
            source="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html",
        ),
    )
    identity = ("resource_id", "log_group_name")
    create_only = frozenset(
        {"resource_id", "log_group_name", "deliver_logs_permission_arn", "traffic_type", "max_aggregation_interval"}
    )

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # a user who never declared a flow log may lack the permission to list them
        if known or aws.recorded(cls) or any(":vpc-flow-log/" in arn for arn in aws.tagged("ec2", cls)):
            # this one operation of EC2 spells the parameter in the singular
            yield from list_by_tags(cls, aws, cls._live, "describe_flow_logs", "FlowLogs", "flow-log-id", by="Filter")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return read_by_id(aws, cls._live, "describe_flow_logs", "FlowLogs", FlowLogIds=[id])

    @staticmethod
    def _live(aws: Aws, log: Mapping[str, Any]) -> Observed:
        # flow logs to S3 or Firehose have neither a log group nor a role
        attributes = {
            "resource_id": log.get("ResourceId"),
            **members.shown(MEMBERS, {"MaxAggregationInterval": 600, **log}),
        }
        status = because(log.get("FlowLogStatus", ""), log.get("DeliverLogsErrorMessage"))
        return observed(aws, log["FlowLogId"], attributes, tag_map(log.get("Tags")), status=status)

    def create(self, aws: Aws, token: str) -> Observed:
        answer = aws.client("ec2").create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[self.resource_id],
            **members.arguments(MEMBERS, self.fields()),
            ClientToken=token,
            TagSpecifications=aws.tag_specification("vpc-flow-log", self.address),
        )
        check_all_done(answer, "CreateFlowLogs")
        return Observed(answer["FlowLogIds"][0], self.fields(), address=self.address)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        check_all_done(aws.client("ec2").delete_flow_logs(FlowLogIds=[live.id]), "DeleteFlowLogs")
