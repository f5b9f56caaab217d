"""The table of refusals: every row matches an answer in AWS's words, and no row before it does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, get_args

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.aws.errors import IgnoreNotFound, code_of, match, not_found, out_of_reach, rate_exceeded, table
from provisioner.engine.ports import ErrorCategory, Row

S: Final = "not_yet_consistent"
B: Final = "in_use"
A: Final = "not_found"


@dataclass(frozen=True)
class Sample:
    """An answer of AWS.

    Attributes:
        category: its meaning.
        service: boto3's name of the service.
        code: the error's code.
        message: the message in AWS's words.
        operation: the refused operation, if the category depends on it.
    """

    category: ErrorCategory
    service: str
    code: str
    message: str
    operation: str = "SomeOperation"


SAMPLES = (
    Sample(S, "autoscaling", "ValidationError", "Value (web) is invalid. Invalid IAM Instance Profile name"),
    Sample(S, "autoscaling", "ServiceLinkedRoleFailure", "The service-linked role is not yet ready for use."),
    Sample(S, "ecs", "AccessDeniedException", "me is not authorized to perform: iam:PassRole on resource: web"),
    Sample(S, "ecs", "ClientException", "Role is not valid"),
    Sample(S, "ecs", "InvalidParameterException", "Unable to assume the service linked role. Please verify that"),
    Sample(S, "ecs", "ClientException", "The ECS Service Linked Role does not exist. Please ensure that it exists"),
    Sample(
        S,
        "ecs",
        "InvalidParameterException",
        "Please verify that the ECS service role being passed has the proper permissions.",
    ),
    Sample(S, "ecs", "ClusterNotFoundException", "Cluster not found.", "CreateService"),
    Sample(S, "application-autoscaling", "ValidationException", "Unable to assume IAM role: arn:aws:iam::1:role/x"),
    Sample(B, "ecs", "InvalidParameterException", "The service cannot be stopped while deployments are active."),
    Sample(
        B, "application-autoscaling", "ValidationException", "The scalable target that you tried to tag already exists."
    ),
    Sample(
        B,
        "sqs",
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    ),
    Sample(
        S,
        "sqs",
        "InvalidParameterValue",
        'Value {"deadLetterTargetArn":"arn:x"} for parameter RedrivePolicy is invalid. Reason: Dead letter target does '
        "not exist.",
    ),
    Sample(A, "sqs", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."),
    Sample(B, "rds", "InvalidDBSubnetStateFault", "The DB subnet is not in the available state."),
    Sample(S, "ecs", "InvalidParameterException", "The specified capacity provider is not in an ACTIVE state."),
    Sample(S, "ecs", "InvalidParameterException", "The target group arn:x does not have an associated load balancer."),
    Sample(S, "ecs", "InvalidParameterException", "Unable to Start a service that is still Draining."),
    Sample(S, "ecs", "ClientException", "Cluster was not ACTIVE."),
    Sample(S, "application-autoscaling", "ValidationException", "ECS service doesn't exist: service/web/web"),
    Sample(S, "rds", "InvalidParameterValue", "Verify that you have permission to create service linked role."),
    Sample(
        B, "elbv2", "UnsupportedCertificate", "The certificate 'arn:aws:acm:x' must have a fully-qualified domain name."
    ),
    Sample(B, "autoscaling", "ValidationError", "The instance i-1 is not in InService or EnteringStandby or Standby."),
    Sample(
        B,
        "elbv2",
        "OperationNotPermitted",
        "Load balancer 'x' cannot be deleted because deletion protection is enabled",
    ),
    Sample(B, "elbv2", "CertificateNotFound", "Certificate 'arn:aws:acm:x' not found"),
    Sample(S, "elbv2", "ValidationError", "The VPC ID 'vpc-1' is not found"),
    Sample(
        S, "ec2", "InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC"
    ),
    Sample(
        S, "application-autoscaling", "ObjectNotFoundException", "No scalable target registered for service namespace"
    ),
    Sample(B, "application-autoscaling", "FailedResourceAccessException", "Unable to retrieve alarms: invalid token"),
    Sample(
        B,
        "application-autoscaling",
        "FailedResourceAccessException",
        "Unable to create alarms for scaling policy cpu due to reason: Rate exceeded (Service: AmazonCloudWatch)",
    ),
    Sample(S, "elbv2", "LoadBalancerNotFound", "One or more load balancers not found"),
    Sample(S, "elbv2", "InvalidSubnet", "VPC vpc-1 has no internet gateway"),
    Sample(
        S,
        "autoscaling",
        "ValidationError",
        "You must use a valid fully-formed launch template. The specified launch template, with template ID lt-1, does "
        "not exist.",
    ),
    Sample(
        S,
        "autoscaling",
        "ValidationError",
        "You must use a valid fully-formed launch template. The security group 'sg-1' does not exist",
    ),
    Sample(
        S,
        "autoscaling",
        "ValidationError",
        "You must use a valid fully-formed launch template. The image id '[ami-1]' does not exist",
    ),
    Sample(
        S,
        "autoscaling",
        "ValidationError",
        'You must use a valid fully-formed launch template. IAM Instance Profile "arn" has no associated IAM Roles',
    ),
    Sample(S, "autoscaling", "ValidationError", "The subnet ID 'subnet-1' does not exist"),
    Sample(S, "rds", "InvalidParameterValue", "Some input subnets in :[subnet-1] are invalid."),
    Sample(
        S, "ec2", "InvalidParameterValue", "route table rtb-1 and network gateway igw-1 belong to different networks"
    ),
    Sample(
        S,
        "logs",
        "AccessDeniedException",
        "User: me is not authorized to perform: logs:PutRetentionPolicy on resource: web",
        "PutRetentionPolicy",
    ),
    Sample(S, "elbv2", "AccessDenied", "User: me is not authorized to perform: elasticloadbalancing:CreateListener"),
    Sample(S, "ec2", "UnauthorizedOperation", "You are not authorized to perform this operation."),
    Sample(S, "rds", "DBParameterGroupNotFound", "DBClusterParameterGroup not found: web"),
    Sample(A, "ssm", "InvalidResourceId", ""),
    Sample(S, "elbv2", "ListenerNotFound", "One or more listeners not found"),
    Sample(S, "elbv2", "TargetGroupNotFound", "One or more target groups not found"),
    Sample(S, "ec2", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
    Sample(S, "ec2", "InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist"),
    Sample(S, "ec2", "InvalidGroup.NotFound", "The security group 'sg-1' does not exist"),
    Sample(S, "ec2", "InvalidParameter", "Unable to assume given IAM role: 'arn:aws:iam::123456789012:role/x'"),
    Sample(S, "elbv2", "InvalidConfigurationRequest", "Access Denied for bucket: x. Please check S3bucket permission"),
    Sample(S, "wafv2", "WAFUnavailableEntityException", "AWS WAF couldn’t retrieve the resource that you requested."),
    Sample(S, "s3", "NoSuchBucket", "The specified bucket does not exist"),
    Sample(
        B,
        "cloudcontrol",
        "ConcurrentOperationException",
        "Another resource operation is in progress for web.",
        "UpdateResource",
    ),
    Sample(B, "cloudcontrol", "Throttling", "Rate exceeded", "CreateResource"),
    Sample(B, "s3", "OperationAborted", "A conflicting conditional operation is currently in progress."),
    Sample(B, "s3", "BucketNotEmpty", "The bucket you tried to delete is not empty"),
    Sample(A, "wafv2", "WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource"),
    Sample(S, "iam", "NoSuchEntity", "The role with name web cannot be found."),
    Sample(S, "iam", "MalformedPolicyDocument", "Invalid principal in policy"),
    Sample(S, "route53", "NoSuchHostedZone", "No hosted zone found with ID: Z1"),
    Sample(B, "ssm", "ParameterAlreadyExists", "The parameter was recently deleted. Wait 30 seconds and try again."),
    Sample(S, "route53", "InvalidVPCId", "The VPC vpc-1 that you provided is not available."),
    Sample(S, "ssm", "ParameterNotFound", ""),
    Sample(S, "rds", "DBSubnetGroupNotFoundFault", "DB subnet group 'web' does not exist."),
    Sample(S, "elasticache", "CacheSubnetGroupNotFoundFault", "CacheSubnetGroup web not found."),
    Sample(S, "elasticache", "InvalidSubnet", "Some input subnets in :[subnet-1] are invalid."),
    Sample(S, "rds", "DBClusterParameterGroupNotFound", "DBClusterParameterGroup not found: web"),
    Sample(
        B, "rds", "InvalidParameterCombination", "Cannot delete protected Cluster, please disable deletion protection."
    ),
    Sample(B, "elbv2", "PriorityInUse", "Priority '1' is currently in use"),
    Sample(B, "servicediscovery", "NamespaceAlreadyExists", "You already have a private DNS namespace with this name."),
    Sample(
        B, "cloudfront", "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled."
    ),
    Sample(B, "cloudfront", "CannotDeleteEntityWhileInUse", "The entity cannot be deleted while it is in use."),
    Sample(B, "cloudfront", "PreconditionFailed", "The request failed because it didn't meet the preconditions in one"),
    Sample(B, "cloudfront", "DistributionAlreadyExists", "The caller reference that you are using to create a distri"),
    Sample(S, "cloudfront", "EntityNotFound", "The entity was not found."),
    Sample(A, "cloudfront", "NoSuchDistribution", "The specified distribution does not exist."),
    Sample(B, "route53", "HostedZoneAlreadyExists", "A hosted zone was created with this caller reference."),
    Sample(B, "ecs", "ThrottlingException", "Rate exceeded"),
    Sample(B, "elbv2", "Throttling", "Rate exceeded"),
    Sample(B, "ec2", "RequestLimitExceeded", "Request limit exceeded."),
    Sample(B, "ec2", "AuthFailure", "You do not have permission to access the specified resource."),
    Sample(B, "ec2", "DependencyViolation", "resource sg-1 has a dependent object"),
    Sample(
        B, "ec2", "InvalidParameter", "private-dns-enabled cannot be set: there is already a conflicting DNS domain"
    ),
    Sample(B, "ec2", "InvalidPermission.Duplicate", "The specified rule already exists"),
    Sample(B, "ec2", "InvalidPermission.NotFound", "The specified rule does not exist in this security group."),
    Sample(B, "ec2", "Resource.AlreadyAssociated", "resource igw-1 is already attached to network vpc-1"),
    Sample(B, "ec2", "RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists."),
    Sample(B, "iam", "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"),
    Sample(B, "ec2", "IncorrectState", "The resource is in an incorrect state."),
    Sample(B, "ec2", "InvalidNetworkInterface.InUse", "The network interface is in use."),
    Sample(B, "elbv2", "ResourceInUse", "Target group 'arn:aws:x' is currently in use by a listener or a rule"),
    Sample(B, "elbv2", "OperationNotPermitted", "The load balancer is still provisioning"),
    Sample(B, "acm", "ResourceInUseException", "Certificate arn:aws:acm:x in account 123456789012 is in use."),
    Sample(B, "autoscaling", "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances in it."),
    Sample(
        B, "autoscaling", "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks this one."
    ),
    Sample(B, "autoscaling", "ScalingActivityInProgress", "Cannot delete while a scaling activity is in progress."),
    Sample(B, "ecs", "UpdateInProgressException", "The cluster is being updated."),
    Sample(B, "ecs", "ClusterContainsContainerInstancesException", "Container Instances are active or draining."),
    Sample(
        B, "ecs", "InvalidParameterException", "Found running tasks on the instance.", "DeregisterContainerInstance"
    ),
    Sample(B, "ecs", "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."),
    Sample(
        S,
        "scheduler",
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    Sample(B, "scheduler", "ConflictException", "Schedule group shop-dev is being deleted."),
    Sample(
        S,
        "stepfunctions",
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
    Sample(
        S, "stepfunctions", "AccessDeniedException", "'arn:aws:iam::1:role/x' is not authorized to create managed-rule."
    ),
    Sample(A, "stepfunctions", "StateMachineDoesNotExist", "State Machine Does Not Exist: 'arn:aws:states:x'"),
    Sample(B, "efs", "FileSystemInUse", "File system 'fs-1' has mount targets created in it."),
    Sample(B, "efs", "IncorrectFileSystemLifeCycleState", "None of the file system's operations is possible"),
    Sample(B, "efs", "DependencyTimeout", "The service timed out trying to fulfill the request", "DeleteMountTarget"),
    Sample(S, "efs", "SubnetNotFound", "The subnet ID 'subnet-1' does not exist"),
    Sample(S, "efs", "FileSystemNotFound", "File system 'fs-1' does not exist.", "CreateMountTarget"),
    Sample(A, "efs", "MountTargetNotFound", "Mount target 'fsmt-1' does not exist."),
    Sample(B, "stepfunctions", "StateMachineDeleting", "State Machine is Deleting: 'arn:aws:states:x'"),
    Sample(B, "stepfunctions", "ConflictException", "Another operation on the state machine is under way."),
    Sample(B, "events", "ConcurrentModificationException", "Rule shop-dev-feed-failed was modified by another call."),
    Sample(B, "servicediscovery", "ResourceInUse", "Service contains registered instances; delete the instances first"),
    Sample(B, "servicediscovery", "DuplicateRequest", "Another operation of type DeleteNamespace is under way."),
    Sample(
        B, "rds", "DBClusterSnapshotAlreadyExistsFault", "Cannot create the cluster snapshot because one has this name"
    ),
    Sample(B, "rds", "DBSnapshotAlreadyExists", "Cannot create the snapshot because one has this name already."),
    Sample(B, "rds", "InvalidDBClusterStateFault", "Cluster cannot be deleted, it still contains DB instances."),
    Sample(B, "rds", "InvalidDBSubnetGroupStateFault", "Cannot delete the subnet group because it is in use."),
    Sample(B, "rds", "InvalidDBParameterGroupState", "One or more database instances are still members of this group."),
    Sample(B, "elasticache", "InvalidReplicationGroupState", "Replication group web is not in available state."),
    Sample(B, "elasticache", "CacheSubnetGroupInUse", "Cache subnet group web is currently in use by a cache cluster."),
    Sample(B, "elasticache", "SnapshotAlreadyExistsFault", "Snapshot with specified name already exists."),
    Sample(B, "iam", "DeleteConflict", "Cannot delete entity, must detach all policies first."),
    Sample(B, "route53", "PriorRequestNotComplete", "Route 53 was still processing a prior request."),
    Sample(B, "route53", "HostedZoneNotEmpty", "The hosted zone contains non-required resource record sets."),
    Sample(
        B,
        "logs",
        "OperationAbortedException",
        "A conflicting operation is currently in progress against this resource.",
    ),
    Sample(B, "application-autoscaling", "ConcurrentUpdateException", "You already have a pending update."),
    Sample(
        B, "ssm", "TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time."
    ),
    Sample(A, "autoscaling", "ValidationError", "AutoScalingGroup name not found - null"),
    Sample(A, "ecs", "ClientException", "The specified capacity provider does not exist."),
    Sample(A, "ecs", "ServiceNotActiveException", "Service was not ACTIVE."),
    Sample(A, "ec2", "Gateway.NotAttached", "resource igw-1 is not attached to network vpc-1"),
    Sample(
        A, "route53", "InvalidChangeBatch", "[Tried to delete record set [name='a.', type='A'] but it was not found]"
    ),
    Sample(A, "ecs", "ClusterNotFoundException", "Cluster not found."),
    Sample(A, "elbv2", "LoadBalancerNotFound", "One or more load balancers not found"),
    Sample(A, "rds", "DBInstanceNotFound", "DBInstance web not found."),
    Sample(A, "rds", "DBClusterNotFoundFault", "DBCluster web not found."),
    Sample(A, "iam", "NoSuchEntity", "The role with name web cannot be found."),
    Sample(A, "ec2", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
    Sample(A, "application-autoscaling", "ObjectNotFoundException", "No scalable target found"),
)
"""At least one for each row."""


def refusal(code: str, message: str, operation: str = "SomeOperation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def answer(sample: Sample) -> ClientError:
    return refusal(sample.code, sample.message, sample.operation)


def named(row: Row) -> str:
    return f"{row.category}-{row.service}-{row.code}-{row.message}".replace(" ", "_")


def speaks_of(row: Row, sample: Sample) -> bool:
    """Return whether the row alone would match this answer."""
    fits = row.service in ("*", sample.service) and bool(re.fullmatch(row.code, sample.code))
    fits = fits and bool(re.fullmatch(row.operation or ".*", sample.operation))
    return fits and bool(re.search(row.message, str(answer(sample))))


@pytest.mark.parametrize("row", table(), ids=named)
def test_each_row_says_how_long_what_it_means_and_its_source(row: Row) -> None:
    assert row.category in get_args(ErrorCategory)
    assert row.service == "*" or row.service in boto3.Session().get_available_services()
    assert 0 < row.timeout <= 3600
    if row.category != "not_found":  # never waited for, so never shown
        assert row.meaning, "the user would read an empty reason"
        assert not row.meaning.endswith(".")
        assert row.source


@pytest.mark.parametrize("row", table(), ids=named)
def test_each_row_is_met_by_an_answer_that_no_earlier_row_takes(row: Row) -> None:
    mine = [s for s in SAMPLES if s.category == row.category and speaks_of(row, s)]
    assert mine, "add an answer as AWS words it to SAMPLES"
    first = [s for s in mine if match(answer(s), s.service, row.category) is row]
    assert first, f"rows before this one take all of its answers: {mine}"


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_answer_is_taken_for_what_it_means(sample: Sample) -> None:
    error, service, category = answer(sample), sample.service, sample.category
    row = match(error, service, category)
    assert row is not None
    assert row.category == category
    if category != "not_found":
        both = match(error, service, "not_yet_consistent", "in_use")
        assert both is row, "converging looks for both at once, and must find the same"


@pytest.mark.parametrize(
    ("service", "code", "message"),
    [
        (
            "ecr",
            "AccessDeniedException",
            "User is not authorized to perform: ecr:PutLifecyclePolicy with an explicit deny in a boundary",
        ),
        ("ec2", "InvalidParameterValue", "Value (10.0.0.0/8) for parameter cidrBlock is invalid."),
        ("ec2", "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
        ("ecs", "InvalidParameterException", "Creation of service was not idempotent."),
        ("ecs", "InvalidParameterException", "Found running tasks on the instance."),
        ("ecs", "ClientException", "Container.image contains invalid characters."),
        ("autoscaling", "ValidationError", "Max bound, 1, must be greater than or equal to min bound, 2"),
        ("elbv2", "OperationNotPermitted", "Deletion protection is on"),
        ("elbv2", "ValidationError", "Health check path 'health' must start with a '/' character"),
        ("iam", "MalformedPolicyDocument", "Syntax errors in policy."),
        ("iam", "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"),
        ("rds", "InvalidParameterValue", "The parameter MasterUserPassword is not a valid password."),
        ("route53", "InvalidChangeBatch", "Tried to create resource record set but it already exists"),
    ],
)
def test_what_does_not_pass_by_itself_is_not_waited_for(service: str, code: str, message: str) -> None:
    assert match(refusal(code, message), service, "not_yet_consistent", "in_use") is None


@pytest.mark.parametrize(
    "code", ["AccessDenied", "ValidationError", "InvalidParameterValue", "DependencyViolation", "ThrottlingException"]
)
def test_only_not_there_counts_as_absent(code: str) -> None:
    assert not not_found(refusal(code, "Something else."), "ec2")


def test_a_block_ends_if_the_resource_is_absent_and_else_fails() -> None:
    with IgnoreNotFound():
        raise refusal("NoSuchEntity", "The role with name web cannot be found.")
    for error in (refusal("AccessDenied", "not allowed"), ValueError("NoSuchEntity")):
        with pytest.raises(type(error)) as caught, IgnoreNotFound():
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ThrottlingException", "Rate exceeded", True),
        ("RequestLimitExceeded", "Request limit exceeded.", True),
        ("FailedResourceAccessException", "Unable to retrieve alarms due to reason: Rate exceeded (Service: x)", True),
        ("FailedResourceAccessException", "Unable to retrieve alarms: the security token is invalid", False),
        ("AccessDenied", "Rate exceeded", False),
    ],
)
def test_a_limit_that_the_service_hit_elsewhere_is_rate_exceeded(code: str, message: str, *, expected: bool) -> None:
    assert rate_exceeded(refusal(code, message)) is expected


def test_a_row_of_another_service_does_not_speak() -> None:
    assert match(refusal("DependencyViolation", "has a dependent object"), "rds", "in_use") is None


def test_a_code_must_match_whole() -> None:
    assert match(refusal("ResourceInUseExceptionOfAnotherSort", "x"), "acm", "in_use") is None


def test_a_category_that_was_not_asked_for_is_not_given() -> None:
    error = refusal("DependencyViolation", "has a dependent object")
    assert match(error, "ec2", "not_yet_consistent", "not_found") is None
    assert match(error, "ec2") is None


def test_what_is_not_aws_answer_has_no_code_and_no_row() -> None:
    for error in (ValueError("x"), EndpointConnectionError(endpoint_url="https://ec2.example")):
        assert code_of(error) == ""
        assert match(error, "ec2", "not_yet_consistent", "in_use", "not_found") is None
        assert not not_found(error)


@pytest.mark.parametrize(
    "error", [ConnectTimeoutError, EndpointConnectionError, ConnectionClosedError, ReadTimeoutError]
)
def test_where_there_is_no_connection_aws_is_out_of_reach(error: type[BotoCoreError]) -> None:
    assert out_of_reach(error(endpoint_url="https://ec2.example"))
    assert not out_of_reach(NoCredentialsError())
