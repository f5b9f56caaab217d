"""CloudWatch Logs' resource type, beyond the contract: the account's retention, a group made again, others' groups."""

from __future__ import annotations

from dataclasses import replace

from provisioner.engine.events import Notice
from provisioner.resources.ecs.cluster import Cluster
from provisioner.resources.logs import LogGroup
from provisioner.state.local import LocalStore
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig


def declared(stack: Stack) -> None:
    stack.ensure(LogGroup("web", f"/ecs/{stack.name}/web", 7))
    stack.ensure(LogGroup("insights", f"/aws/ecs/containerinsights/{stack.name}/performance", 7))


def test_an_account_policy_beats_the_groups_own_retention(rig: Rig) -> None:
    logs = rig.cloud.client("logs")
    logs.put_account_policy(policyName="least", policyType="RETENTION_POLICY", policyDocument='{"retentionInDays": 30}')
    rig.cloud.advance(86400)  # until it is in force
    assert rig.up(declared).ok().summary.counts == {"created": 2}
    (web,) = logs.describe_log_groups(logGroupNamePrefix="/ecs/")["logGroups"]
    assert (web["retentionInDays"], web["retentionPolicyName"]) == (30, "least")
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    logs.delete_account_policy(policyName="least", policyType="RETENTION_POLICY")
    assert rig.plan(declared) == []


def test_a_tagged_group_is_found_whatever_it_is_called(rig: Rig) -> None:
    rig.up(declared).ok()
    tags = {**rig.aws().owner, "provisioner:address": "log_group/old"}
    for name in ("/ecs/ecs-sample-dev/old", "ecs-sample-dev"):
        rig.cloud.client("logs").create_log_group(logGroupName=name, tags=tags)
    assert {left.id for left in rig.down().summary.leftovers} == {"/ecs/ecs-sample-dev/old", "ecs-sample-dev"}


def test_somebody_elses_group_is_refused_and_left_as_it_is(rig: Rig) -> None:
    logs = rig.cloud.client("logs")
    logs.create_log_group(logGroupName="/ecs/ecs-sample-dev/web", tags={"Project": "other"})
    assert "not the tags of this stack" in "".join(item.why for item in rig.plan(declared))
    assert rig.up(declared).summary.exit_code == 1
    assert rig.down().ok().summary.leftovers == []
    (left,) = logs.describe_log_groups()["logGroups"]
    assert left["logGroupName"] == "/ecs/ecs-sample-dev/web"
    assert "retentionInDays" not in left


PERFORMANCE = "/aws/ecs/containerinsights/ecs-sample-dev/performance"


def test_the_group_that_ecs_created_again_is_adopted_and_tagged(rig: Rig) -> None:
    logs = rig.cloud.client("logs")
    logs.create_log_group(logGroupName=PERFORMANCE)
    assert [(item.address, item.action) for item in rig.plan(declared)] == [
        ("log_group/web", "create"),
        ("log_group/insights", "change"),
    ]
    rig.up(declared).ok()
    arn = logs.describe_log_groups(logGroupNamePrefix=PERFORMANCE)["logGroups"][0]["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"]["provisioner:address"] == "log_group/insights"
    assert rig.plan(declared) == []
    rig.down().ok()
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_state_of_an_earlier_version_needs_no_call(rig: Rig) -> None:
    """They recorded whether a group was tagged as one of its settings."""
    rig.up(declared).ok()
    aws = rig.aws()
    with LocalStore(rig.directory, rig.config.name, "test", "0", runtime=aws.pace.runtime) as store:
        for record in list(store.records.values()):
            store.put(replace(record, arguments={**record.arguments, "tagged": True}))
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    assert not [one for one in rig.state().records.values() if "tagged" in one.arguments]
    rig.down().ok()


def test_a_second_down_deletes_the_group_that_ecs_made_again(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.down().ok()
    rig.cloud.client("logs").create_log_group(logGroupName=PERFORMANCE)
    again = rig.down().ok()
    assert (again.writes, again.summary.leftovers) == (["DeleteLogGroup"], [])


def test_down_deletes_the_group_that_the_last_metrics_made_again(rig: Rig) -> None:
    off = [{"name": "containerInsights", "value": "disabled"}]
    rig.up(lambda stack: stack.ensure(Cluster("main", stack.name, off))).ok()
    rig.cloud.client("logs").create_log_group(logGroupName=PERFORMANCE)
    down = rig.down().ok()
    assert (down.writes, down.summary.leftovers) == (["DeleteCluster", "DeleteLogGroup"], [])
    assert [event.text for event in down.events if isinstance(event, Notice)] == [
        f"Container Insights created {PERFORMANCE} again, so it was deleted again"
    ]


def test_the_group_of_a_foreign_cluster_of_our_name_stays(rig: Rig) -> None:
    logs, ecs = rig.cloud.client("logs"), rig.cloud.client("ecs")
    ecs.create_cluster(clusterName="ecs-sample-dev")
    logs.create_log_group(logGroupName=PERFORMANCE)
    assert [item.action for item in rig.plan(declared)] == ["create", "refused"]
    assert rig.down().ok().summary.leftovers == []
    ecs.delete_cluster(cluster="ecs-sample-dev")
    logs.tag_resource(resourceArn=f"arn:aws:logs:ap-northeast-1:123456789012:log-group:{PERFORMANCE}", tags={"a": "b"})
    assert [item.action for item in rig.plan(declared)] == ["create", "refused"]
