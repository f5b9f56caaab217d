"""A cluster of Aurora that somebody else owns, in a VPC of theirs, and a stack that uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.vpcs import Place, Vpc, make

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
