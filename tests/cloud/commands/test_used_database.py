"""A database that somebody else owns: the stack reads it and hands it to its tasks, and touches nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.vpcs import Place, Vpc, make

pytestmark = [pytest.mark.slow, world.EMPTY]

PLACES = {
    "public-a": Place("a", "10.0.0.0/24", "igw"),
    "public-c": Place("c", "10.0.1.0/24", "igw"),
    "private-a": Place("a", "10.0.2.0/24", "nat"),
    "private-c": Place("c", "10.0.3.0/24", "nat"),
}
STACK = """
project = "ecs-sample"
env = "dev"
network = {{ vpc = "{vpc}" }}
[database]
{database}
[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 8080
database = true
"""
USED = """
cluster = "shared-prod"
user = "shop_app"
password = "secretsmanager:shared/shop#password"
url = "secretsmanager:shared/shop#url"
"""


@dataclass
class Shared:
    """Somebody's cluster of Aurora in somebody's VPC, with the secret of a user."""

    cloud: EmbeddedCloud
    vpc: Vpc
    group: str

    def seen(self) -> Any:
        """Everything that RDS and EC2 tell of the cluster and its group."""
        rds, ec2 = self.cloud.client("rds"), self.cloud.client("ec2")
        groups = ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"]
        [cluster] = rds.describe_db_clusters(DBClusterIdentifier="shared-prod")["DBClusters"]
        # times of backups pass by themselves
        return {name: value for name, value in cluster.items() if not name.endswith("Time")}, groups


def shared(cloud: EmbeddedCloud) -> Shared:
    vpc = make(cloud, PLACES)
    ec2, rds = cloud.client("ec2"), cloud.client("rds")
    group = ec2.create_security_group(GroupName="shared", Description="shared", VpcId=vpc.id)["GroupId"]
    rds.create_db_subnet_group(
        DBSubnetGroupName="shared", DBSubnetGroupDescription="shared", SubnetIds=vpc.named("private")
    )
    rds.create_db_cluster(
        DBClusterIdentifier="shared-prod",
        Engine="aurora-postgresql",
        MasterUsername="owner",
        MasterUserPassword="not-a-real-one-1",
        DatabaseName="shop",
        DBSubnetGroupName="shared",
        VpcSecurityGroupIds=[group],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
    )
    rds.create_db_instance(
        DBInstanceIdentifier="shared-prod-1",
        DBClusterIdentifier="shared-prod",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    cloud.client("secretsmanager").create_secret(
        Name="shared/shop", SecretString='{"password": "x", "url": "postgresql://x"}'
    )
    cloud.advance(1200)
    return Shared(cloud, vpc, group)


def test_a_stack_lives_with_a_cluster_of_others(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    before = theirs.seen()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    made = project.up().results
    assert not {one for one in made if one.startswith(("db_", "single_db", "secure_parameter", "connection_url"))}
    ecs, ec2 = project.cloud.client("ecs"), project.cloud.client("ec2")
    [container] = ecs.describe_task_definition(taskDefinition="ecs-sample-dev-web")["taskDefinition"][
        "containerDefinitions"
    ]
    values = {one["name"]: one["value"] for one in container["environment"]}
    assert values["DB_HOST"] == before[0]["Endpoint"]
    assert (values["DB_PORT"], values["DB_NAME"], values["DB_USER"]) == ("5432", "shop", "shop_app")
    places = {one["name"]: one["valueFrom"].partition("shared/shop")[2][7:] for one in container["secrets"]}
    assert places == {"DB_PASSWORD": ":password::", "DATABASE_URL": ":url::"}
    [service] = ecs.describe_services(cluster="ecs-sample-dev", services=["web"])["services"]
    ids = service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
    groups = ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]
    assert {one["GroupName"] for one in groups} == {"ecs-sample-dev-web", "ecs-sample-dev-database-clients"}
    assert theirs.seen() == before
    assert project.planned() == {}
    assert "a database of somebody else" in project.run("rehearse", code=4).err
    assert "a database of somebody else" in project.run("tunnel", "database", code=4).err

    project.down()
    assert theirs.seen() == before


def test_the_stack_makes_one_rule_in_a_group_of_others(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    ec2 = project.cloud.client("ec2")
    from_office = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=theirs.group, IpPermissions=[from_office])
    before = project.inventory()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED + f'security_group = "{theirs.group}"'))
    up = project.up()
    address = f"security_group_rule/{theirs.group}-5432"
    assert (up.results[address], "lets" in up.err) == ("created", False)

    def rules() -> list[Any]:
        shown = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [theirs.group]}])
        return [one for one in shown["SecurityGroupRules"] if not one["IsEgress"] and "CidrIpv4" not in one]

    [rule] = rules()
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (5432, 5432, "tcp")
    clients = rule["ReferencedGroupInfo"]["GroupId"]
    assert {"Key": "provisioner:address", "Value": address} in rule["Tags"]
    [service] = project.cloud.client("ecs").describe_services(cluster="ecs-sample-dev", services=["web"])["services"]
    assert clients in service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
    assert project.planned() == {}

    ec2.revoke_security_group_ingress(GroupId=theirs.group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert [*project.planned()] == [address]
    project.up()
    project.lose_state()
    project.run("recover", "--yes")
    assert project.planned() == {}

    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    assert address in project.planned()
    project.up()
    assert rules() == []
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED + f'security_group = "{theirs.group}"'))
    project.up()
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_a_cluster_in_another_vpc_is_refused(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    other = make(project.cloud, PLACES)
    project.write(STACK.format(vpc=other.id, database=USED))
    said = project.run("up", "--yes", code=4)
    assert f"database.cluster is shared-prod, which is in {theirs.vpc.id}, and network.vpc is {other.id}" in said.err
    assert not project.cloud.client("ecs").list_clusters()["clusterArns"]


def test_an_own_database_stays_with_its_data(project: Project) -> None:  # noqa: F811
    theirs = shared(project.cloud)
    project.write(STACK.format(vpc=theirs.vpc.id, database=""))
    project.up()
    project.write(STACK.format(vpc=theirs.vpc.id, database=USED))
    assert "this stack has a database of its own (db_cluster/main)" in project.run("up", "--yes", code=4).err
    [own] = project.cloud.client("rds").describe_db_clusters(DBClusterIdentifier="ecs-sample-dev")["DBClusters"]
    assert own["Status"] == "available"
