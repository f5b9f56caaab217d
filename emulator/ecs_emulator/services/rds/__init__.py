"""Relational Database Service: Aurora clusters and their instances."""

from __future__ import annotations

from ecs_emulator.services.model import FORMS, Bounds, Codes, EmulatedApi, Pages, Refusal, in_form
from ecs_emulator.services.rds import texts

API = EmulatedApi(
    "rds",
    responses="rds.responses:RDSResponse",
    too_long="InvalidParameterValue",
    # a page size below 20 is refused: boto/boto3#3798
    pages=Pages(Bounds(100, 20, 100), "InvalidParameterValue", "InvalidParameterValue"),
    lists={"DescribeOrderableDBInstanceOptions": Bounds(100, 20, 1000)},
    codes=Codes("Throttling", **FORMS),
    refusals=(
        Refusal(
            "rds",
            "CreateDBCluster",
            20,
            "InvalidParameterValue",
            "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise "
            "wait and try again later",
            in_form("DBClusterIdentifier"),
            "aws-fault-injection-simulator-workshop-v2#195",
        ),
        Refusal(
            "rds",
            "CreateDBSubnetGroup",
            5,
            "InvalidParameterValue",
            texts.SUBNETS_INVALID,
            r"(?m)^SubnetIds\.SubnetIdentifier\.1=(.+)$",
            "brianz/serverless-design-patterns#16",
        ),
        Refusal(
            "rds",
            "ModifyDBClusterParameterGroup",
            5,
            "DBParameterGroupNotFound",
            texts.NO_PARAMETER_GROUP,
            in_form("DBClusterParameterGroupName"),
            "RDS API, CreateDBClusterParameterGroup",
            404,
        ),
        Refusal(
            "rds",
            "CreateDBCluster",
            3,
            "DBSubnetGroupNotFoundFault",
            "DB subnet group '{}' does not exist.",
            in_form("DBSubnetGroupName"),
            "RDS API",
            404,
        ),
        Refusal(
            "rds",
            "CreateDBCluster",
            10,
            "DBClusterParameterGroupNotFound",
            texts.NO_PARAMETER_GROUP,
            in_form("DBClusterParameterGroupName"),
            "RDS API, CreateDBClusterParameterGroup",
            404,
        ),
        Refusal(
            "rds",
            "DeleteDBCluster",
            15,
            "InvalidDBClusterStateFault",
            texts.CLUSTER_HAS_INSTANCES,
            in_form("DBClusterIdentifier"),
            "localstack#10215",
        ),
        Refusal(
            "rds",
            "DeleteDBCluster",
            10,
            "InvalidParameterCombination",
            texts.PROTECTED_CLUSTER,
            # only with a final snapshot, as in a delete just after the protection was lifted
            r"(?s)(?=.*FinalDBSnapshotIdentifier=).*DBClusterIdentifier=([^\n]+)",
            "terraform-provider-aws rds/cluster.go",
        ),
        Refusal(
            "rds",
            "DeleteDBSubnetGroup",
            20,
            "InvalidDBSubnetGroupStateFault",
            "Cannot delete the subnet group '{}' because at least one database instance is still using it.",
            in_form("DBSubnetGroupName"),
            "RDS API",
        ),
        Refusal(
            "rds",
            "DeleteDBSubnetGroup",
            5,
            "InvalidDBSubnetStateFault",
            "The DB subnet group '{}' has a subnet that is not in the available state.",
            in_form("DBSubnetGroupName"),
            "RDS API, DeleteDBSubnetGroup",
        ),
        Refusal(
            "rds",
            "DeleteDBClusterParameterGroup",
            10,
            "InvalidDBParameterGroupState",
            texts.PARAMETER_GROUP_IN_USE,
            in_form("DBClusterParameterGroupName"),
            "RDS API",
        ),
    ),
    modules=("versions", "groups", "clusters", "states", "instances", "answers", "options"),
)
