"""RDS as an API: its tag calls, its temporary refusals, its rates."""

from __future__ import annotations

from provisioner.aws.api import Api, Limit, TagCalls
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.engine.ports import Row

_RATES = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-api-throttling.html"

API = Api(
    "rds",
    "RDS",
    tags=TagCalls(
        "arn",
        lambda aws, arn: tag_map(aws.client("rds").list_tags_for_resource(ResourceName=arn)["TagList"]),
        lambda aws, arn, tags: aws.client("rds").add_tags_to_resource(ResourceName=arn, Tags=tag_pairs(tags)),
        lambda aws, arn, keys: aws.client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=keys),
    ),
    transient=(
        Row("not_yet_consistent", "InvalidParameterValue|InvalidParameterCombination", "service linked role", 120,
            "RDS cannot use its service-linked role yet", "aws-fault-injection-simulator-workshop-v2#195"),
        Row("not_yet_consistent", "InvalidParameterValue", "Some input subnets", 120,
            "the network has not propagated yet", "brianz/serverless-design-patterns#16"),
        Row("not_yet_consistent", "DBSubnetGroupNotFoundFault|DB(Cluster)?ParameterGroupNotFound(Fault)?", "", 300,
            "the group has not propagated yet", "RDS API, CreateDBClusterParameterGroup"),
        Row("in_use",
            "InvalidDBClusterStateFault|InvalidDBInstanceState|InvalidDBSubnet(Group)?StateFault|InvalidDBParameterGroupState(Fault)?|InvalidDBInstanceStateFault",
            "", 1800, "the database is being changed or deleted", "RDS API"),
        Row("in_use", "DBClusterSnapshotAlreadyExistsFault", "", 60,
            "a snapshot has this name already; the retry uses another", "RDS API, DeleteDBCluster"),
        Row("in_use", "DBSnapshotAlreadyExists", "", 60,
            "a snapshot has this name already; the retry uses another", "cloud-custodian#309"),
        Row("in_use", "InvalidParameterCombination", "disable deletion pro", 120,
            "the disabled protection has not propagated yet", "terraform-provider-aws rds/cluster.go"),
    ),
    rates=(Limit("all", 300, 12, _RATES, ("*",)),),
)  # fmt: skip
