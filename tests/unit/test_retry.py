"""The table of refusals: every row is met by an answer as AWS words it, and by no other row before it."""

from __future__ import annotations

import re
from typing import Final, get_args

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from provisioner.aws.errors import TABLE, IfThere, code_of, match, not_found
from provisioner.engine.ports import Row, Verdict

S: Final = "not_yet_consistent"
B: Final = "in_use"
A: Final = "not_found"

SAMPLES: tuple[tuple[Verdict, str, str, str], ...] = (
    (S, "autoscaling", "ValidationError", "Value (web) is invalid. Invalid IAM Instance Profile name"),
    (S, "autoscaling", "ServiceLinkedRoleFailure", "The service-linked role is not yet ready for use."),
    (S, "ecs", "AccessDeniedException", "me is not authorized to perform: iam:PassRole on resource: web"),
    (S, "ecs", "ClientException", "Role is not valid"),
    (S, "ecs", "InvalidParameterException", "Unable to assume the service linked role. Please verify that"),
    (S, "ecs", "InvalidParameterException", "The specified capacity provider is not in an ACTIVE state."),
    (S, "ecs", "InvalidParameterException", "The target group arn:x does not have an associated load balancer."),
    (S, "ecs", "InvalidParameterException", "Unable to Start a service that is still Draining."),
    (S, "ecs", "ClientException", "Cluster was not ACTIVE."),
    (S, "application-autoscaling", "ValidationException", "ECS service doesn't exist: service/web/web"),
    (S, "rds", "InvalidParameterValue", "Verify that you have permission to create service linked role."),
    (B, "elbv2", "UnsupportedCertificate", "The certificate 'arn:aws:acm:x' must have a fully-qualified domain name."),
    (B, "autoscaling", "ValidationError", "The instance i-1 is not in InService or EnteringStandby or Standby."),
    (B, "elbv2", "OperationNotPermitted", "Load balancer 'x' cannot be deleted because deletion protection is enabled"),
    (B, "elbv2", "CertificateNotFound", "Certificate 'arn:aws:acm:x' not found"),
    (S, "elbv2", "ValidationError", "The VPC ID 'vpc-1' is not found"),
    (S, "ec2", "InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC"),
    (S, "application-autoscaling", "ObjectNotFoundException", "No scalable target registered for service namespace"),
    (B, "application-autoscaling", "FailedResourceAccessException", "Rate exceeded"),
    (S, "elbv2", "LoadBalancerNotFound", "One or more load balancers not found"),
    (S, "elbv2", "InvalidSubnet", "VPC vpc-1 has no internet gateway"),
    (S, "autoscaling", "ValidationError", "The launch template lt-1 does not exist"),
    (S, "rds", "InvalidSubnet", "Subnet IDs are required."),
    (S, "elbv2", "ListenerNotFound", "One or more listeners not found"),
    (S, "elbv2", "TargetGroupNotFound", "One or more target groups not found"),
    (S, "ec2", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
    (S, "ec2", "InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist"),
    (S, "ec2", "InvalidGroup.NotFound", "The security group 'sg-1' does not exist"),
    (S, "ec2", "InvalidParameter", "Unable to assume given IAM role: 'arn:aws:iam::123456789012:role/x'"),
    (S, "elbv2", "InvalidConfigurationRequest", "Access Denied for bucket: x. Please check S3bucket permission"),
    (S, "wafv2", "WAFUnavailableEntityException", "AWS WAF couldn’t retrieve the resource that you requested."),
    (S, "s3", "NoSuchBucket", "The specified bucket does not exist"),
    (B, "s3", "OperationAborted", "A conflicting conditional operation is currently in progress."),
    (B, "s3", "BucketNotEmpty", "The bucket you tried to delete is not empty"),
    (A, "wafv2", "WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource"),
    (S, "iam", "NoSuchEntity", "The role with name web cannot be found."),
    (S, "iam", "MalformedPolicyDocument", "Invalid principal in policy"),
    (S, "route53", "NoSuchHostedZone", "No hosted zone found with ID: Z1"),
    (B, "ssm", "ParameterAlreadyExists", "The parameter was recently deleted. Wait 30 seconds and try again."),
    (S, "route53", "InvalidVPCId", "The VPC vpc-1 that you provided is not available."),
    (S, "servicediscovery", "InvalidVPCId", "The VPC vpc-1 that you provided is not available."),
    (S, "rds", "ParameterNotFound", ""),
    (S, "rds", "DBSubnetGroupNotFoundFault", "DB subnet group 'web' does not exist."),
    (S, "rds", "DBClusterParameterGroupNotFound", "DBClusterParameterGroup not found: web"),
    (B, "rds", "InvalidParameterCombination", "Cannot delete protected Cluster, please disable deletion protection."),
    (B, "elbv2", "PriorityInUse", "Priority '1' is currently in use"),
    (B, "servicediscovery", "NamespaceAlreadyExists", "You already have a private DNS namespace with this name."),
    (B, "route53", "HostedZoneAlreadyExists", "A hosted zone was created with this caller reference."),
    (B, "ecs", "ThrottlingException", "Rate exceeded"),
    (B, "elbv2", "Throttling", "Rate exceeded"),
    (B, "ec2", "RequestLimitExceeded", "Request limit exceeded."),
    (B, "ec2", "DependencyViolation", "resource sg-1 has a dependent object"),
    (B, "ec2", "InvalidParameter", "private-dns-enabled cannot be set: there is already a conflicting DNS domain"),
    (B, "ec2", "InvalidPermission.Duplicate", "The specified rule already exists"),
    (B, "ec2", "InvalidPermission.NotFound", "The specified rule does not exist in this security group."),
    (B, "ec2", "Resource.AlreadyAssociated", "resource igw-1 is already attached to network vpc-1"),
    (B, "ec2", "RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists."),
    (B, "iam", "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"),
    (B, "ec2", "IncorrectState", "The resource is in an incorrect state."),
    (B, "ec2", "InvalidNetworkInterface.InUse", "The network interface is in use."),
    (B, "elbv2", "ResourceInUse", "Target group 'arn:aws:x' is currently in use by a listener or a rule"),
    (B, "elbv2", "OperationNotPermitted", "The load balancer is still provisioning"),
    (B, "acm", "ResourceInUseException", "Certificate arn:aws:acm:x in account 123456789012 is in use."),
    (B, "autoscaling", "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances in it."),
    (B, "autoscaling", "InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks this one."),
    (B, "autoscaling", "ScalingActivityInProgress", "Cannot delete while a scaling activity is in progress."),
    (B, "ecs", "UpdateInProgressException", "The cluster is being updated."),
    (B, "ecs", "ClusterContainsContainerInstancesException", "Container Instances are active or draining."),
    (B, "ecs", "InvalidParameterException", "The container instance is DEREGISTERING."),
    (B, "ecs", "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."),
    (B, "servicediscovery", "ResourceInUse", "Service contains registered instances; delete the instances first"),
    (B, "servicediscovery", "DuplicateRequest", "Another operation of type DeleteNamespace is under way."),
    (B, "rds", "DBClusterSnapshotAlreadyExistsFault", "Cannot create the cluster snapshot because one has this name"),
    (B, "rds", "InvalidDBClusterStateFault", "Cluster cannot be deleted, it still contains DB instances."),
    (B, "rds", "InvalidDBSubnetGroupStateFault", "Cannot delete the subnet group because it is in use."),
    (B, "rds", "InvalidDBParameterGroupState", "One or more database instances are still members of this group."),
    (B, "iam", "DeleteConflict", "Cannot delete entity, must detach all policies first."),
    (B, "route53", "PriorRequestNotComplete", "Route 53 was still processing a prior request."),
    (B, "route53", "HostedZoneNotEmpty", "The hosted zone contains non-required resource record sets."),
    (B, "logs", "OperationAbortedException", "A conflicting operation is currently in progress against this resource."),
    (B, "application-autoscaling", "ConcurrentUpdateException", "You already have a pending update."),
    (B, "ssm", "TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time."),
    (A, "autoscaling", "ValidationError", "AutoScalingGroup name not found - null"),
    (A, "ecs", "ClientException", "The specified capacity provider does not exist."),
    (A, "ecs", "ServiceNotActiveException", "Service was not ACTIVE."),
    (A, "ec2", "Gateway.NotAttached", "resource igw-1 is not attached to network vpc-1"),
    (A, "route53", "InvalidChangeBatch", "[Tried to delete record set [name='a.', type='A'] but it was not found]"),
    (A, "ecs", "ClusterNotFoundException", "Cluster not found."),
    (A, "elbv2", "LoadBalancerNotFound", "One or more load balancers not found"),
    (A, "rds", "DBInstanceNotFound", "DBInstance web not found."),
    (A, "rds", "DBClusterNotFoundFault", "DBCluster web not found."),
    (A, "iam", "NoSuchEntity", "The role with name web cannot be found."),
    (A, "ec2", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
    (A, "application-autoscaling", "ObjectNotFoundException", "No scalable target found"),
)  # fmt: skip
"""AWS's answers, at least one for each row: what it means, boto3's name of the service, the code, and AWS's words."""


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "SomeOperation")


def named(row: Row) -> str:
    return f"{row.verdict}-{row.service}-{row.code}-{row.message}".replace(" ", "_")


def speaks_of(row: Row, service: str, code: str, message: str) -> bool:
    """Whether the row alone would take this answer."""
    fits = row.service in ("*", service)
    return fits and bool(re.fullmatch(row.code, code)) and bool(re.search(row.message, str(refusal(code, message))))


@pytest.mark.parametrize("row", TABLE, ids=named)
def test_each_row_says_how_long_what_it_means_and_how_that_is_known(row: Row) -> None:
    assert row.verdict in get_args(Verdict)
    assert row.service == "*" or row.service in boto3.Session().get_available_services()
    assert 0 < row.timeout <= 3600
    if row.verdict != "not_found":  # never waited for, so never shown
        assert row.meaning, "the user would read an empty reason"
        assert not row.meaning.endswith(".")
        assert row.source


@pytest.mark.parametrize("row", TABLE, ids=named)
def test_each_row_is_met_by_an_answer_of_aws_and_none_before_it_takes_that(row: Row) -> None:
    mine = [s for s in SAMPLES if s[0] == row.verdict and speaks_of(row, *s[1:])]
    assert mine, "add an answer as AWS words it to SAMPLES"
    first = [s for s in mine if match(refusal(*s[2:]), s[1], row.verdict) is row]
    assert first, f"rows before this one take all of its answers: {mine}"


@pytest.mark.parametrize(("verdict", "service", "code", "message"), SAMPLES)
def test_each_answer_is_taken_for_what_it_means(verdict: Verdict, service: str, code: str, message: str) -> None:
    error = refusal(code, message)
    row = match(error, service, verdict)
    assert row is not None
    assert row.verdict == verdict
    if verdict != "not_found":
        both = match(error, service, "not_yet_consistent", "in_use")
        assert both is row, "converging looks for both at once, and must find the same"


@pytest.mark.parametrize(
    ("service", "code", "message"),
    [
        ("ecr", "AccessDeniedException", "User is not authorized to perform: ecr:CreateRepository"),
        ("ecs", "AccessDeniedException", "User is not authorized to perform: ecs:CreateCluster"),
        ("ec2", "UnauthorizedOperation", "You are not authorized to perform this operation."),
        ("ec2", "InvalidParameterValue", "Value (10.0.0.0/8) for parameter cidrBlock is invalid."),
        ("ec2", "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
        ("ecs", "InvalidParameterException", "Creation of service was not idempotent."),
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


def test_a_block_ends_where_the_thing_is_not_there_and_fails_with_all_else() -> None:
    with IfThere():
        raise refusal("NoSuchEntity", "The role with name web cannot be found.")
    for error in (refusal("AccessDenied", "not allowed"), ValueError("NoSuchEntity")):
        with pytest.raises(type(error)) as caught, IfThere():
            raise error
        assert caught.value is error


def test_a_row_of_another_service_does_not_speak() -> None:
    assert match(refusal("DependencyViolation", "has a dependent object"), "rds", "in_use") is None


def test_a_code_must_match_whole() -> None:
    assert match(refusal("ResourceInUseExceptionOfAnotherSort", "x"), "acm", "in_use") is None


def test_a_verdict_that_was_not_asked_for_is_not_given() -> None:
    error = refusal("DependencyViolation", "has a dependent object")
    assert match(error, "ec2", "not_yet_consistent", "not_found") is None
    assert match(error, "ec2") is None


def test_what_is_not_aws_answer_has_no_code_and_no_row() -> None:
    for error in (ValueError("x"), EndpointConnectionError(endpoint_url="https://ec2.example")):
        assert code_of(error) == ""
        assert match(error, "ec2", "not_yet_consistent", "in_use", "not_found") is None
        assert not not_found(error)
