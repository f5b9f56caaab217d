"""Reads of other clients, and mistaken writes, beyond this stack's needs: answered as AWS does, or not at all."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.cloud.conftest import REGION, EmbeddedCloud, Network
from tests.cloud.rules_rig import refused

RECOMMENDED = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
UNKNOWN = "UnknownOperationException"


@pytest.fixture
def ec2(cloud: EmbeddedCloud) -> Any:
    return cloud.client("ec2")


def test_the_recommended_image_is_found_by_owner_and_name(cloud: EmbeddedCloud, ec2: Any) -> None:
    said = json.loads(cloud.client("ssm").get_parameter(Name=RECOMMENDED)["Parameter"]["Value"])
    pattern = [{"Name": "name", "Values": ["al2023-ami-ecs-hvm-*-x86_64"]}]
    (image,) = ec2.describe_images(Owners=["amazon"], Filters=pattern)["Images"]
    assert (image["ImageId"], image["Name"]) == (said["image_id"], said["image_name"])
    disk = image["BlockDeviceMappings"][0]["Ebs"]
    assert (disk["VolumeSize"], disk["VolumeType"], disk["DeleteOnTermination"]) == (30, "gp3", True)
    assert ec2.describe_images(Owners=["self"])["Images"] == []


def test_an_images_attributes_are_for_its_owner(ec2: Any, cloud: EmbeddedCloud) -> None:
    image = cloud.client("ssm").get_parameter(Name=f"{RECOMMENDED}/image_id")["Parameter"]["Value"]
    for name, code in ((image, "AuthFailure"), ("ami-0123456789abcdef0", "InvalidAMIID.NotFound")):
        refused(partial(ec2.describe_image_attribute, ImageId=name, Attribute="description"), code)


def test_a_vpcs_options_can_be_read_and_stay(ec2: Any) -> None:
    number = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["DhcpOptionsId"]
    (options,) = ec2.describe_dhcp_options(DhcpOptionsIds=[number])["DhcpOptions"]
    shown = {one["Key"]: one["Values"][0]["Value"] for one in options["DhcpConfigurations"]}
    assert shown == {"domain-name-servers": "AmazonProvidedDNS", "domain-name": f"{REGION}.compute.internal"}
    refused(lambda: ec2.delete_dhcp_options(DhcpOptionsId=number), "DependencyViolation")


@pytest.mark.parametrize("managed", [True, False], ids=["managed policy", "inline policy"])
def test_systems_manager_knows_instances_whose_role_reports(network: Network, ec2: Any, managed: bool) -> None:
    iam, ssm = network.cloud.client("iam"), network.cloud.client("ssm")
    profile = {"Name": "instances"}
    made = ec2.run_instances(MinCount=1, MaxCount=1, ImageId="ami-1", IamInstanceProfile=profile)["Instances"][0]

    def nodes() -> list[str]:
        return [node["InstanceId"] for node in ssm.describe_instance_information()["InstanceInformationList"]]

    ec2.get_waiter("instance_running").wait(InstanceIds=[made["InstanceId"]], WaiterConfig={"Delay": 1})
    assert nodes() == []
    if managed:
        iam.attach_role_policy(RoleName="instances", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    else:
        allowed = {"Effect": "Allow", "Action": ["ssm:UpdateInstanceInformation"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName="instances", PolicyName="report", PolicyDocument=document)
    assert nodes() == [made["InstanceId"]]


def test_an_instance_says_whether_it_can_hibernate(ec2: Any) -> None:
    for asked, said in (({}, False), ({"HibernationOptions": {"Configured": True}}, True)):
        (made,) = ec2.run_instances(MinCount=1, MaxCount=1, ImageId="ami-1", **asked)["Instances"]
        assert made["HibernationOptions"] == {"Configured": said}
        (seen,) = ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"]
        assert seen["HibernationOptions"] == {"Configured": said}


def test_an_instance_that_is_terminated_is_in_no_network(network: Network, ec2: Any) -> None:
    made = ec2.run_instances(MinCount=1, MaxCount=1, ImageId="ami-1", SubnetId=network.subnets[0])["Instances"][0]
    assert (made["SubnetId"], len(made["NetworkInterfaces"])) == (network.subnets[0], 1)
    ids = [made["InstanceId"]]
    ec2.terminate_instances(InstanceIds=ids)

    def gone() -> Any:
        (one,) = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
        return one if one["State"]["Name"] == "terminated" else None

    after = network.cloud.wait(gone, "the instance to be terminated")
    assert after.keys() & {"SubnetId", "VpcId", "PrivateIpAddress"} == set()
    assert after["NetworkInterfaces"] == after["SecurityGroups"] == []
    of_vpc = [{"Name": "vpc-id", "Values": [network.vpc]}]
    assert ec2.describe_instances(Filters=of_vpc)["Reservations"] == []


def test_what_no_account_here_has_is_an_empty_list(ec2: Any) -> None:
    assert ec2.describe_placement_groups()["PlacementGroups"] == []
    assert ec2.describe_reserved_instances()["ReservedInstances"] == []
    assert ec2.describe_capacity_reservations()["CapacityReservations"] == []
    refused(lambda: ec2.describe_placement_groups(GroupNames=["none"]), "InvalidPlacementGroup.Unknown", "none")


def test_events_of_a_log_group_are_found_without_a_limit(cloud: EmbeddedCloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/ecs/web")
    assert logs.filter_log_events(logGroupName="/ecs/web")["events"] == []
    logs.create_log_stream(logGroupName="/ecs/web", logStreamName="a")
    events = [{"timestamp": int(cloud.time() * 1000) + number, "message": str(number)} for number in range(3)]
    logs.put_log_events(logGroupName="/ecs/web", logStreamName="a", logEvents=events)
    pages = [
        *logs.get_paginator("filter_log_events").paginate(logGroupName="/ecs/web", PaginationConfig={"PageSize": 2})
    ]
    assert [event["message"] for page in pages for event in page["events"]] == ["0", "1", "2"]


def test_events_of_streams_are_found_by_time_and_late(cloud: EmbeddedCloud) -> None:
    """FilterLogEvents: all streams interleaved, pages that may be empty, and events that are not found at once."""
    logs, now = cloud.client("logs"), int(cloud.time() * 1000)
    logs.create_log_group(logGroupName="/ecs/web")
    for number, stream in enumerate(("web/a", "web/b", "job/c")):
        logs.create_log_stream(logGroupName="/ecs/web", logStreamName=stream)
        events = [{"timestamp": now - number + 10 * more, "message": f"{stream} {more}"} for more in range(2)]
        logs.put_log_events(logGroupName="/ecs/web", logStreamName=stream, logEvents=events)

    def found(**more: Any) -> list[list[str]]:
        paginator = logs.get_paginator("filter_log_events")
        return [[e["message"] for e in page["events"]] for page in paginator.paginate(logGroupName="/ecs/web", **more)]

    assert found() == [["job/c 0", "web/b 0", "web/a 0", "job/c 1", "web/b 1", "web/a 1"]]
    assert found(logStreamNamePrefix="job/") == [["job/c 0", "job/c 1"]]
    assert logs.filter_log_events(logGroupName="/ecs/web")["searchedLogStreams"] == []
    cloud.control("POST", "faults", "scenarios=small-pages,late-logs")
    seen = sum(map(len, found()))
    cloud.advance(20)
    assert seen < 6
    assert found() == [[], ["job/c 0", "web/b 0"], ["web/a 0", "job/c 1"], ["web/b 1", "web/a 1"]]


def test_tag_keys_and_values_are_listed_once(cloud: EmbeddedCloud, ec2: Any) -> None:
    for number in range(3):
        tags = [{"Key": "Owner", "Value": "me"}, {"Key": "Number", "Value": str(number)}]
        ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    tagging = cloud.client("resourcegroupstaggingapi")
    assert tagging.get_tag_keys()["TagKeys"] == ["Number", "Owner"]
    assert tagging.get_tag_values(Key="Owner")["TagValues"] == ["me"]
    assert tagging.get_tag_values(Key="Number")["TagValues"] == ["0", "1", "2"]


def test_option_groups_of_an_engine(cloud: EmbeddedCloud) -> None:
    rds = cloud.client("rds")
    default = "default:aurora-mysql-8-0"
    empty = {"OptionGroupName": "", "EngineName": "", "MajorEngineVersion": ""}
    for asked, found in (
        (empty, [default, *(f"default:aurora-postgresql-{major}" for major in range(13, 18))]),
        ({"EngineName": "aurora-mysql"}, [default]),
        ({"EngineName": "mysql"}, []),
    ):
        assert [one["OptionGroupName"] for one in rds.describe_option_groups(**asked)["OptionGroupsList"]] == found
    assert rds.describe_option_group_options(EngineName="aurora-mysql")["OptionGroupOptions"] == []
    assert rds.describe_option_group_options(EngineName="mysql")["OptionGroupOptions"]
    assert rds.describe_blue_green_deployments(MaxRecords=20)["BlueGreenDeployments"] == []
    unknown = {"BlueGreenDeploymentIdentifier": "none"}
    refused(lambda: rds.describe_blue_green_deployments(**unknown), "BlueGreenDeploymentNotFoundFault")
    refused(lambda: rds.describe_db_log_files(DBInstanceIdentifier="none", MaxRecords=20), "DBInstanceNotFound")


def test_an_unknown_part_of_a_bucket_is_not_the_bucket(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert s3.get_bucket_request_payment(Bucket="state")["Payer"] == "BucketOwner"
    refused(lambda: s3.list_bucket_metrics_configurations(Bucket="state"), UNKNOWN)
    refused(lambda: s3.delete_bucket_metrics_configuration(Bucket="state", Id="all"), UNKNOWN)
    refused(lambda: s3.delete_bucket_inventory_configuration(Bucket="state", Id="all"), UNKNOWN)
    s3.head_bucket(Bucket="state")


def test_another_region_gets_the_name_of_a_bucket_later(cloud: EmbeddedCloud) -> None:
    here, there = cloud.client("s3"), cloud.client("s3", "eu-west-1")
    here.create_bucket(Bucket="moved", CreateBucketConfiguration={"LocationConstraint": REGION})
    here.delete_bucket(Bucket="moved")
    again = {"Bucket": "moved", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    refused(lambda: there.create_bucket(**again), "OperationAborted")
    cloud.advance(3600)
    there.create_bucket(**again)


def test_an_unknown_part_of_an_object_is_not_the_object(cloud: EmbeddedCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="state", Key="a", Body=b"one")
    refused(lambda: s3.get_object_torrent(Bucket="state", Key="a"), UNKNOWN)
    for read in (s3.get_object_retention, s3.get_object_legal_hold):
        refused(partial(read, Bucket="state", Key="a"), "InvalidRequest", "Object Lock")
    assert s3.get_object(Bucket="state", Key="a")["Body"].read() == b"one"


def test_the_caller_is_a_user_of_the_account(cloud: EmbeddedCloud) -> None:
    iam, said = cloud.client("iam"), cloud.client("sts").get_caller_identity()
    user = iam.get_user()["User"]
    assert (user["Arn"], user["UserId"]) == (said["Arn"], said["UserId"])
    assert [one["Arn"] for one in iam.list_users()["Users"]] == [user["Arn"]]
    assert iam.list_user_tags(UserName=user["UserName"])["Tags"] == []
    assert iam.list_access_keys()["AccessKeyMetadata"] == iam.list_mfa_devices()["MFADevices"] == []
    refused(lambda: iam.get_user(UserName="nobody"), "NoSuchEntity")


@pytest.mark.parametrize(
    ("service", "operation", "asked", "code"),
    [
        ("rds", "describe_db_parameter_groups", {"DBParameterGroupName": "none"}, "DBParameterGroupNotFound"),
        ("elbv2", "describe_ssl_policies", {"Names": ["none"]}, "SSLPolicyNotFound"),
        ("logs", "describe_log_streams", {"logGroupIdentifier": "none"}, "ResourceNotFoundException"),
        ("ec2", "describe_managed_prefix_lists", {"PrefixListIds": ["pl-00000000"]}, "InvalidPrefixListID.NotFound"),
        ("ec2", "describe_prefix_lists", {"PrefixListIds": ["pl-00000000"]}, "InvalidPrefixListId.NotFound"),
    ],
)
def test_a_name_that_nothing_has_is_refused(
    cloud: EmbeddedCloud, service: str, operation: str, asked: dict[str, Any], code: str
) -> None:
    client = cloud.client(service)
    refused(lambda: getattr(client, operation)(**asked), code)
