"""The inventory that the other tests believe: it sees somebody's resources in every service, and each change."""

from __future__ import annotations

from tests.cloud import bystanders
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import counts, difference, inventory, names


def test_it_is_the_same_twice_and_empty_but_for_what_aws_gives(cloud: EmbeddedCloud) -> None:
    found = inventory(cloud.client)
    assert difference(found, inventory(cloud.client)) == {}
    assert counts(found).keys() <= {
        *("vpcs", "subnets", "internet_gateways", "route_tables", "network_acls", "security_groups"),
        *("zones", "records", "capacity_providers", "account_settings", "db_parameter_groups", "users"),
        *("db_cluster_parameter_groups", "network_interfaces"),
    }
    assert names(found)["zones"] == ["example.com."]


def test_it_sees_somebodys_resources(cloud: EmbeddedCloud) -> None:
    before = inventory(cloud.client)
    bystanders.settle(cloud)
    after = inventory(cloud.client)
    added = {sort: len(found["added"]) for sort, found in difference(before, after).items()}
    assert added | {"account_settings": 1, "zones": 1} == {
        "vpcs": 1,
        "subnets": 1,
        "internet_gateways": 1,
        "route_tables": 1,
        "network_acls": 1,
        "security_groups": 3,
        "zones": 1,
        "records": len(bystanders.FOREIGN_RECORDS),
        "clusters": 1,
        "task_definitions": 1,
        "repositories": 1,
        "log_groups": 1,
        "parameters": 1,
        "roles": 1,
        "namespaces": 1,
        "target_groups": 1,
        "account_settings": 1,
    }
    assert "ecs-sample-dev-alb" in names(after)["security_groups"]


def test_it_sees_changes_and_losses(cloud: EmbeddedCloud) -> None:
    bystanders.settle(cloud)
    before = inventory(cloud.client)
    cloud.client("logs").put_retention_policy(logGroupName="/ecs/somebody/web", retentionInDays=1)
    cloud.client("ecr").delete_repository(repositoryName="somebody/web")
    cloud.client("ssm").put_parameter(
        Name="/somebody/database/password", Value="ours", Type="SecureString", Overwrite=True
    )
    cloud.client("ecs").put_account_setting_default(name="awsvpcTrunking", value="enabled")
    cloud.client("iam").tag_role(RoleName="somebody-task", Tags=[{"Key": "Team", "Value": "web"}])
    seen = difference(before, inventory(cloud.client))
    assert seen.keys() == {"log_groups", "repositories", "parameters", "account_settings", "roles"}
    assert not seen["repositories"]["added"]
    assert difference(before, inventory(cloud.client), *seen) == {}
