"""The resource types on AWS's recorded answers: every answer is read, and read correctly."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
import pytest

from provisioner.aws.client import Aws
from provisioner.engine.errors import Failed, ProvisionError
from provisioner.engine.resource import RESOURCE_TYPES, Change, Observed, Resource, compare
from provisioner.engine.resource_types import all_types
from provisioner.engine.traits import KnownByContent, why_left
from provisioner.resources.ecs.progress import progress_of
from tests.contract.recorded import Recorded, of
from tests.contract.replay import Account, declared

KNOWN: Mapping[tuple[str, str, str], str] = {
    ("bucket", "list", "test_get_bucket_policy[get-bucket-policy]"): "read by its project already: S3 sends it as text",
    ("db_cluster", "list", "test_rdsclusterparamgroup_unused"): "written by hand: AWS always sends VpcSecurityGroups",
    ("db_cluster", "create", "create-db-cluster-423b998d"): "an example in a document, without an answer",
    ("db_subnet_group", "create", "create-db-subnet-group-c3d162c2"): "an example in a document, without an answer",
    ("repository", "create", "test_cross_account_ecr"): "of January 2019, before imageTagMutability",
}
"""The unreadable answers: resource type, verb, part of the source, and why that is harmless. An entry without a match
is wrong."""


# -- every answer of every operation that a resource type calls --------------------------------------------------------


def verbs(resource_type: type[Resource], aws: Aws) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the calls that a type can make on an account's resources and on the sample's declared one."""
    wanted = next(iter(declared().get(resource_type.type_name, ())), None)
    for live in list(resource_type.list(aws, aws.known(resource_type)))[:2]:
        yield from _on(resource_type, aws, live, wanted)
    if wanted:
        yield "create", lambda: wanted.create(aws, "0" * 32)
    if issubclass(resource_type, KnownByContent):
        yield "list_unlisted", lambda: list(resource_type.list_unlisted(aws))


def _on(
    resource_type: type[Resource], aws: Aws, live: Observed, wanted: Resource | None
) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "pending", lambda: resource_type.pending(live)
    yield "read_one", lambda: resource_type.read_one(aws, live.id)
    yield "read_some", lambda: list(resource_type.read_some(aws, aws.known(resource_type), [live.id]) or ())
    yield "delays", lambda: resource_type.delays(aws, live)
    yield "blockers", lambda: resource_type.blockers(aws, live)
    yield "why_left", lambda: why_left(aws, resource_type, live)
    if wanted:
        changes = {name: Change(live.attributes.get(name), value) for name, value in wanted.fields().items()}
        yield "compare", lambda: compare(wanted, live)
        yield "update", lambda: wanted.update(aws, live, changes)
    yield "delete", lambda: resource_type.delete(aws, live)


def failures(
    resource_type: type[Resource], account: Account, asks: dict[str, set[tuple[str, str]]], *, thorough: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the verbs that fail on an account's answers, each with the place; our own refusals do not count.

    Args:
        asks: the operations that each verb calls, noted for an account without a chosen answer. With one, verbs that do
            not call the chosen operation are left out.
    """
    chosen = account.chosen and (account.chosen.service, account.chosen.operation)
    try:
        for verb, act in verbs(resource_type, account.aws(thorough=thorough)):
            if chosen and chosen not in asks["list"] | asks.get(verb, set()):
                continue
            before, account.asked = account.asked, set()
            asks.setdefault("list", set()).update(before)
            try:
                act()
            except (ProvisionError, NotImplementedError):
                continue
            except Exception as error:  # noqa: BLE001 (the test reports any error)
                yield verb, _where(error)
            finally:
                asks.setdefault(verb, set()).update(account.asked)
                account.asked = set()
    except ProvisionError:
        return
    except Exception as error:  # noqa: BLE001 (the same)
        yield "list", _where(error)


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} at {frame.filename.rpartition('/')[2]}:{frame.lineno}"


@dataclass
class Tried:
    """The results of trying all answers on all resource types."""

    failed: dict[tuple[str, str, str], str]
    tried: set[str]


@pytest.fixture(scope="module")
def tried() -> Tried:
    found = Tried({}, set())
    for resource_type in all_types().values():
        asks: dict[str, set[tuple[str, str]]] = {}
        for thorough in (True, False):
            for verb, where in failures(resource_type, Account(), asks, thorough=thorough):
                found.failed[resource_type.type_name, verb, ""] = where
        for answer in (
            one for service, operation in sorted(set().union(*asks.values())) for one in of(service, operation)
        ):
            found.tried.add(answer.name)
            for verb, where in failures(resource_type, Account(answer), asks):
                found.failed[resource_type.type_name, verb, answer.name] = where
    return found


def test_every_type_reads_every_answer_of_its_operations(tried: Tried) -> None:
    unknown = {what: where for what, where in tried.failed.items() if not _entry(what)}
    assert unknown == {}
    assert len(tried.tried) > 300


def test_what_cannot_be_read_is_listed_and_nothing_else(tried: Tried) -> None:
    assert {_entry(what) for what in tried.failed} == KNOWN.keys()


def _entry(what: tuple[str, str, str]) -> tuple[str, str, str] | None:
    resource_type, verb, source = what
    return next((one for one in KNOWN if one[:2] == (resource_type, verb) and one[2] in source), None)


# -- the reading of states ---------------------------------------------------------------------------------------------


READS = {
    "vpc": ("ec2.DescribeVpcs", "Vpcs[].VpcId"),
    "internet_gateway": ("ec2.DescribeInternetGateways", "InternetGateways[].InternetGatewayId"),
    "subnet": ("ec2.DescribeSubnets", "Subnets[].SubnetId"),
    "route_table": ("ec2.DescribeRouteTables", "RouteTables[].RouteTableId"),
    "security_group": ("ec2.DescribeSecurityGroups", "SecurityGroups[?GroupName!='default'].GroupId"),
    "flow_log": ("ec2.DescribeFlowLogs", "FlowLogs[].FlowLogId"),
    "default_security_group": ("ec2.DescribeSecurityGroups", "SecurityGroups[?GroupName=='default'].GroupId"),
    "launch_template": ("ec2.DescribeLaunchTemplateVersions", "LaunchTemplateVersions[:1].LaunchTemplateId"),
    "auto_scaling_group": ("autoscaling.DescribeAutoScalingGroups", "AutoScalingGroups[].AutoScalingGroupName"),
    "cluster": ("ecs.DescribeClusters", "clusters[?status!='INACTIVE'].clusterName"),
    "service": ("ecs.DescribeServices", "services[?status!='INACTIVE'].serviceArn"),
    "load_balancer": ("elbv2.DescribeLoadBalancers", "LoadBalancers[].LoadBalancerArn"),
    "target_group": ("elbv2.DescribeTargetGroups", "TargetGroups[].TargetGroupArn"),
    "listener": ("elbv2.DescribeListeners", "Listeners[].ListenerArn"),
    "db_cluster": ("rds.DescribeDBClusters", "DBClusters[].DBClusterIdentifier"),
    "db_instance": ("rds.DescribeDBInstances", "DBInstances[?DBClusterIdentifier].DBInstanceIdentifier"),
    "single_db_instance": ("rds.DescribeDBInstances", "DBInstances[?!DBClusterIdentifier].DBInstanceIdentifier"),
    "db_subnet_group": ("rds.DescribeDBSubnetGroups", "DBSubnetGroups[].DBSubnetGroupName"),
    "repository": ("ecr.DescribeRepositories", "repositories[].repositoryName"),
    "log_group": ("logs.DescribeLogGroups", "logGroups[].logGroupName"),
    "certificate": ("acm.DescribeCertificate", "Certificate.CertificateArn | [@]"),
    "private_dns_namespace": ("servicediscovery.ListNamespaces", "Namespaces[].Id"),
}
"""The operation that shows resources of a type, and the place of their ids in its answer, in JMESPath."""
STATES = {
    "certificate": {"ISSUED": "ready", "PENDING_VALIDATION": "waits", "VALIDATION_TIMED_OUT": "failed"},
    "cluster": {"ACTIVE": "ready"},
    "db_cluster": {"available": "ready", "starting": "waits", "stopping": "waits", "stopped": "failed"},
    "db_instance": {"available": "ready"},
    "single_db_instance": {
        "available": "ready",
        "creating": "waits",
        "deleting": "waits",
        "modifying": "waits",
        "stopped": "failed",
        "stopping": "waits",
    },
    "load_balancer": {"active": "ready"},
    "vpc": {"available": "ready"},
}
"""The meaning of each recorded state for a run."""


def shown(type_name: str, answer: Recorded) -> list[Observed]:
    """Return a resource type's reading of an answer in which everything is this stack's."""
    named = {"log_group": [{"log_group_name": name} for name in jmespath.search(READS[type_name][1], answer.data)]}
    aws = Account(answer, known=named if type_name in named else {}).aws()
    return list(RESOURCE_TYPES[type_name].list(aws, aws.known(RESOURCE_TYPES[type_name])))


def readable(type_name: str) -> list[Recorded]:
    """Return the answers that show resources of a type."""
    found = of(*READS[type_name][0].split("."))
    return [answer for answer in found if not _entry((type_name, "list", answer.name))]


@pytest.mark.parametrize("type_name", READS)
def test_each_resource_of_an_answer_is_found_and_no_other(type_name: str) -> None:
    assert readable(type_name)
    for answer in readable(type_name):
        assert {live.id for live in shown(type_name, answer)} == set(
            jmespath.search(READS[type_name][1], answer.data)
        ), answer


@pytest.mark.parametrize("type_name", STATES)
def test_each_recorded_state_is_taken_for_what_it_means(type_name: str) -> None:
    found = {}
    for live in (live for answer in readable(type_name) for live in shown(type_name, answer)):
        try:
            found[live.status] = "waits" if RESOURCE_TYPES[type_name].pending(live) else "ready"
        except Failed:
            found[live.status] = "failed"
    assert found == STATES[type_name]


def test_each_peer_of_a_security_group_is_a_rule() -> None:
    peers = "[IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs][] | length(@)"
    for answer in readable("security_group"):
        groups = {group["GroupId"]: group for group in answer.data["SecurityGroups"]}
        for live in shown("security_group", answer):
            for field, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
                expected = sum(jmespath.search(peers, permission) for permission in groups[live.id][member])
                assert len(live.attributes[field]) == expected, answer


def test_of_a_route_table_only_what_somebody_put_in_is_compared() -> None:
    own = "Routes[?GatewayId!='local' && !starts_with(GatewayId || '', 'vpce-')]"
    targets = "[GatewayId, NatGatewayId, TransitGatewayId, VpcPeeringConnectionId, NetworkInterfaceId][] | [?@] | [0]"
    for answer in readable("route_table"):
        tables = {table["RouteTableId"]: table for table in answer.data["RouteTables"]}
        for live in shown("route_table", answer):
            expected = [jmespath.search(targets, route) for route in jmespath.search(own, tables[live.id])]
            assert sorted(live.attributes["routes"].values()) == sorted(expected)


def test_a_service_is_what_the_answer_says_of_it() -> None:
    for answer in readable("service"):
        services = {service["serviceArn"]: service for service in answer.data["services"]}
        for live in shown("service", answer):
            service = services[live.id]
            assert live.attributes["service_name"] == service["serviceName"]
            assert live.attributes["task_definition"] == service["taskDefinition"]
            assert progress_of(live).running_count == service["runningCount"]
            assert live.deleting == (service["status"] == "DRAINING")
            assert len(live.attributes["load_balancers"]) == len(service["loadBalancers"])


def test_names_of_zones_are_without_their_final_dot() -> None:
    aws = Account().aws()
    for live in RESOURCE_TYPES["hosted_zone"].list(aws, ()):
        assert not live.attributes["hosted_zone_name"].endswith(".")


def test_the_arn_of_a_log_group_is_the_one_that_tags_go_by() -> None:
    for answer in readable("log_group"):
        for live in shown("log_group", answer):
            assert live.outputs["arn"].endswith(f":log-group:{live.id}")


@pytest.mark.parametrize(
    ("operation", "type_name", "id"),
    [
        ("ec2.CreateVpc", "vpc", "Vpc.VpcId"),
        ("ec2.CreateSubnet", "subnet", "Subnet.SubnetId"),
        ("ec2.CreateSecurityGroup", "security_group", "GroupId"),
        ("ec2.CreateRouteTable", "route_table", "RouteTable.RouteTableId"),
        ("ec2.CreateFlowLogs", "flow_log", "FlowLogIds[0]"),
        ("ecs.CreateCluster", "cluster", "cluster.clusterName"),
        ("elbv2.CreateListener", "listener", "Listeners[0].ListenerArn"),
        ("iam.CreateRole", "role", "Role.RoleName"),
        ("rds.CreateDBInstance", "db_instance", "DBInstance.DBInstanceIdentifier"),
        ("rds.CreateDBCluster", "db_cluster", "DBCluster.DBClusterIdentifier"),
        ("acm.RequestCertificate", "certificate", "CertificateArn"),
    ],
)
def test_a_created_resource_is_recorded_by_the_answers_id(operation: str, type_name: str, id: str) -> None:
    found = [answer for answer in of(*operation.split(".")) if not _entry((type_name, "create", answer.name))]
    assert found
    for answer in found:
        made = declared()[type_name][0].create(Account(answer).aws(), "0" * 32)
        assert made.id == jmespath.search(id, answer.data), answer
