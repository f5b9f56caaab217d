"""Waits for AWS in a log of calls, compared with the embedded cloud's table of durations.

A wait begins when a write was answered, and ends between the last read that shows its resource unfinished and the
first read that shows it finished. Only a wait wholly outside of the table's range is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import jmespath

from ecs_emulator import durations
from tests.contract import calls

Call = dict[str, Any]


@dataclass(frozen=True)
class Wait:
    """One kind of wait.

    Attributes:
        names: the rows of the table of durations that it consists of, one after the other.
        write: the call that begins it, `<service>.<operation>`.
        ids: the ids of its resources, in the call's line (JMESPath).
        read: the operation that shows its progress.
        ends: `shown`, `gone` (a complete list has the resource, or no longer has it) or `done` (see there).
        shown: the ids in an answer of the read (JMESPath).
        done: the ids of the finished resources in an answer of the read.
        after: the wait that has to be over first.
    """

    names: tuple[str, ...]
    write: str
    ids: str
    read: str
    ends: Literal["done", "shown", "gone"]
    shown: str
    done: str = ""
    after: str = ""

    @property
    def name(self) -> str:
        """The name of the wait: its rows."""
        return " + ".join(self.names)

    @property
    def range(self) -> tuple[float, float]:
        """The expected least and most seconds."""
        ranges = [getattr(durations, name).range for name in self.names]
        return sum(least for least, _ in ranges), sum(most for _, most in ranges)


TASK = ("TASK_INTERFACE", "TASK_PULL", "TASK_ACTIVATE")
RUNNING = "services[?runningCount>=desiredCount && runningCount>`0`].serviceArn"
ON_INSTANCES = "[answer.service][?capacityProviderStrategy[0].capacityProvider!='FARGATE_SPOT'].serviceArn"
ON_FARGATE = "[answer.service][?capacityProviderStrategy[0].capacityProvider=='FARGATE_SPOT'].serviceArn"
CERTIFICATE = "[Certificate][].CertificateArn"
WAITS = (
    Wait(("DB_CLUSTER_CREATE",), "rds.CreateDBCluster", "[answer.DBCluster.DBClusterIdentifier]", "DescribeDBClusters",
         "done", "DBClusters[].DBClusterIdentifier", "DBClusters[?Status=='available'].DBClusterIdentifier"),
    Wait(("DB_INSTANCE_CREATE",), "rds.CreateDBInstance", "[answer.DBInstance.DBInstanceIdentifier]",
         "DescribeDBInstances", "done", "DBInstances[].DBInstanceIdentifier",
         "DBInstances[?DBInstanceStatus=='available'].DBInstanceIdentifier", after="DB_CLUSTER_CREATE"),
    Wait(("DB_INSTANCE_DELETE",), "rds.DeleteDBInstance", "[parameters.DBInstanceIdentifier]", "DescribeDBInstances",
         "gone", "DBInstances[].DBInstanceIdentifier"),
    Wait(("DB_CLUSTER_DELETE",), "rds.DeleteDBCluster", "[parameters.DBClusterIdentifier]", "DescribeDBClusters",
         "gone", "DBClusters[].DBClusterIdentifier", after="DB_INSTANCE_DELETE"),
    Wait(("ENDPOINT_CREATE",), "ec2.CreateVpcEndpoint",
         "[answer.VpcEndpoint][?VpcEndpointType=='Interface'].VpcEndpointId", "DescribeVpcEndpoints",
         "done", "VpcEndpoints[].VpcEndpointId", "VpcEndpoints[?State=='available'].VpcEndpointId"),
    Wait(("ENDPOINT_DELETE",), "ec2.DeleteVpcEndpoints", "parameters.VpcEndpointIds", "DescribeVpcEndpoints",
         "gone", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
    Wait(("CERTIFICATE_RECORDS",), "acm.RequestCertificate", "[answer.CertificateArn]", "DescribeCertificate",
         "done", CERTIFICATE, "[Certificate][?DomainValidationOptions[0].ResourceRecord].CertificateArn"),
    Wait(("CERTIFICATE_ISSUED",), "acm.RequestCertificate", "[answer.CertificateArn]",
         "DescribeCertificate", "done", CERTIFICATE, "[Certificate][?Status=='ISSUED'].CertificateArn",
         after="CERTIFICATE_RECORDS"),
    Wait(("NAMESPACE_OPERATION",), "servicediscovery.CreatePrivateDnsNamespace", "[parameters.Name]", "ListNamespaces",
         "shown", "Namespaces[].Name"),
    Wait(("LOAD_BALANCER_CREATE",), "elbv2.CreateLoadBalancer", "answer.LoadBalancers[].LoadBalancerArn",
         "DescribeLoadBalancers", "done", "LoadBalancers[].LoadBalancerArn",
         "LoadBalancers[?State.Code=='active'].LoadBalancerArn"),
    Wait(("PROVIDERS_ATTACH",), "ecs.PutClusterCapacityProviders", "[parameters.cluster]", "DescribeClusters",
         "done", "clusters[].clusterName", "clusters[?attachmentsStatus=='UPDATE_COMPLETE'].clusterName"),
    Wait(("PROVIDER_CHANGE",), "ecs.DeleteCapacityProvider", "[parameters.capacityProvider]",
         "DescribeCapacityProviders", "gone", "capacityProviders[?status!='INACTIVE'].name"),
    Wait(("INSTANCE_SHUTDOWN", "GROUP_DELETE"), "autoscaling.DeleteAutoScalingGroup",
         "[parameters.AutoScalingGroupName]", "DescribeAutoScalingGroups", "gone",
         "AutoScalingGroups[].AutoScalingGroupName"),
    Wait(TASK, "ecs.CreateService", ON_FARGATE, "DescribeServices", "done", "services[].serviceArn", RUNNING),
    Wait(("SCALING_LOOK", "INSTANCE_PENDING", "INSTANCE_REGISTER", *TASK), "ecs.CreateService", ON_INSTANCES,
         "DescribeServices", "done", "services[].serviceArn", RUNNING),
)  # fmt: skip


@dataclass(frozen=True)
class Waited:
    """One wait of a log: it ended after more than `least` and at most `most` seconds."""

    wait: Wait
    id: str
    least: float
    most: float

    @property
    def outside(self) -> bool:
        """True if it is wholly outside of the table's range."""
        least, most = self.wait.range
        return self.most < least or self.least > most


def said(found: Sequence[Waited]) -> Iterator[str]:
    """Yield a line for each kind of wait with cases outside of the table's range."""
    for wait in WAITS:
        of_it = [one for one in found if one.wait is wait]
        if outside := [one for one in of_it if one.outside]:
            shortest, longest = min(one.least for one in outside), max(one.most for one in outside)
            least, most = wait.range
            yield (
                f"{wait.name} lasted {shortest:.0f} to {longest:.0f} s ({len(outside)} of {len(of_it)} waits, such as "
                f"{outside[0].id.rpartition(':')[2]}), and the embedded cloud's table has {least:g} to {most:g} s"
            )


def waited(log: Path, scale: float = 1.0) -> Iterator[Waited]:
    """Yield the waits of a log that were seen to their ends.

    Args:
        scale: the real seconds in one of AWS's.
    """
    lines = list(calls.calls(log))
    found: dict[str, list[Waited]] = {}
    ends: dict[str, tuple[float, float]] = {}
    for wait in WAITS:
        for line in lines:
            if calls.name_of(line) == wait.write and calls.answer_of(line) is not None:
                for resource in jmespath.search(wait.ids, line) or ():
                    if bounds := _ended(wait, resource, _moment(line), lines):
                        begun = (_moment(line), _moment(line))
                        begun = max(begun, ends.get(wait.after, begun))
                        ends[wait.name] = max(bounds, ends.get(wait.name, bounds))
                        least, most = (bounds[0] - begun[1]) / scale, (bounds[1] - begun[0]) / scale
                        found.setdefault(wait.name, []).append(Waited(wait, str(resource), max(0.0, least), most))
    for some in found.values():
        yield from some


def _ended(wait: Wait, id: str, since: float, lines: Sequence[Call]) -> tuple[float, float] | None:
    """Return the two moments between which the wait of one resource ended: the last look before, the first after."""
    last = since
    service = wait.write.partition(".")[0]
    for line in lines:
        # a read that was sent before the write was answered says nothing
        if calls.name_of(line) != f"{service}.{wait.read}" or _moment(line) - line["seconds"] < since:
            continue
        state = _finished(wait, id, line)
        if state:
            return last, _moment(line)
        if state is False:
            last = _moment(line) - line["seconds"]
    return None


def _finished(wait: Wait, id: str, line: Call) -> bool | None:
    """Return whether a read shows a resource as finished; None if it does not show the resource."""
    if (answer := calls.answer_of(line)) is None:
        return None
    is_shown = id in (jmespath.search(wait.shown, answer) or ())
    if wait.ends == "done":
        return id in (jmespath.search(wait.done, answer) or ()) if is_shown else None
    if not is_shown and not _complete(line):
        return None
    return is_shown == (wait.ends == "shown")


def _complete(line: Call) -> bool:
    """Return whether a list is complete: its only page, without names or ids in the request."""
    asked, answer = line.get("parameters") or {}, calls.answer_of(line)
    paged = any(name in part for part in (asked, answer) for name in calls.PAGING)
    return not paged and not any(name.endswith(("Id", "Ids", "Names", "Arns", "Identifier")) for name in asked)


def _moment(line: Call) -> float:
    """Return the time when a call was answered, in seconds since 1970."""
    return datetime.fromisoformat(line["time"]).timestamp()
