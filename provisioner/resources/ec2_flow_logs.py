"""EC2's flow logs: which connections of the VPC were let through and which were not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from provisioner.aws.client import Aws
from provisioner.aws.errors import refused
from provisioner.aws.tagging import tag_map
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.ec2_network import told_by_tags


@dataclass(frozen=True)
class FlowLog(Resource):
    """A flow log of a VPC into a log group of CloudWatch, by a role that `vpc-flow-logs.amazonaws.com` assumes.

    AWS changes nothing of it in place but its tags (VPC user guide, Work with flow logs).

    Attributes:
        max_aggregation_interval: seconds that one record stands for, 60 or 600; on Nitro instances 60 at most.
    """

    resource_id: str
    log_group_name: str
    deliver_logs_permission_arn: str
    traffic_type: str = "ALL"
    max_aggregation_interval: int = 600

    service: ClassVar[str] = "ec2"
    identity: ClassVar[Sequence[str]] = ("resource_id", "log_group_name")
    create_only: ClassVar[frozenset[str]] = frozenset(
        {"resource_id", "log_group_name", "deliver_logs_permission_arn", "traffic_type", "max_aggregation_interval"}
    )

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # who never asked for one need not be allowed to look for them
        if known or aws.recorded(cls) or any(":vpc-flow-log/" in arn for arn in aws.tagged("ec2")):
            yield from told_by_tags(cls, aws, cls._filtered, "flow-log-id")

    @classmethod
    def read_one(cls, aws: Aws, id: str) -> Observed | None:
        return next(cls._described(aws, FlowLogIds=[id]), None)

    @classmethod
    def _filtered(cls, aws: Aws, Filters: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:  # noqa: N803
        # this one operation of EC2 spells the parameter in the singular
        return cls._described(aws, Filter=Filters)

    @classmethod
    def _described(cls, aws: Aws, **which: Any) -> Iterator[Observed]:
        for log in aws.pages("ec2", "describe_flow_logs", "FlowLogs", **which):
            attributes = {
                "resource_id": log.get("ResourceId"),
                # those that go to S3 or Firehose have none of the two
                "log_group_name": log.get("LogGroupName"),
                "deliver_logs_permission_arn": log.get("DeliverLogsPermissionArn"),
                "traffic_type": log.get("TrafficType"),
                "max_aggregation_interval": log.get("MaxAggregationInterval", 600),
            }
            tags, error = tag_map(log.get("Tags")), log.get("DeliverLogsErrorMessage")
            status = log.get("FlowLogStatus", "") + (f": {error}" if error else "")
            yield Observed(
                log["FlowLogId"], attributes, address=aws.address_in(tags), owned=aws.owns(tags), status=status
            )

    def create(self, aws: Aws, token: str) -> Observed:
        answer = aws.client("ec2").create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[self.resource_id],
            LogGroupName=self.log_group_name,
            DeliverLogsPermissionArn=self.deliver_logs_permission_arn,
            TrafficType=self.traffic_type,
            MaxAggregationInterval=self.max_aggregation_interval,
            ClientToken=token,
            TagSpecifications=aws.tag_specification("vpc-flow-log", self.address),
        )
        _check(answer, "CreateFlowLogs")
        return Observed(answer["FlowLogIds"][0], self.fields(), address=self.address)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        _check(aws.client("ec2").delete_flow_logs(FlowLogIds=[live.id]), "DeleteFlowLogs")


def _check(answer: Mapping[str, Any], operation: str) -> None:
    """Raise what AWS refuses in an answer that is good otherwise."""
    for item in answer.get("Unsuccessful", ()):
        raise refused(item["Error"], operation)
