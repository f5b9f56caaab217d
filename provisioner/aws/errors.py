"""What AWS's refusals mean: one table of error codes, each with how long to go on and where that is known from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)

from provisioner.aws.reads import reads
from provisioner.engine.errors import ProvisionError
from provisioner.engine.ports import ErrorCategory, Row

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
"""The codes with which AWS's services say that the caller may not."""
NO_CONNECTION = (HTTPClientError, EndpointConnectionError, ConnectTimeoutError)
"""What boto3 raises, after all retries, where there is no connection."""
BAD_CREDENTIALS = (
    *(CredentialRetrievalError, LoginError, PartialCredentialsError, RefreshWithMFAUnsupportedError),
    *(SSOError, TokenRetrievalError),
)
"""What boto3 raises where it cannot load or renew the credentials."""
SERVICE = "Service"
"""Under which an answer's metadata say which service answered."""
THROTTLED = r"\w*Throttl\w*|RequestLimitExceeded|TooManyRequestsException|SlowDown|BandwidthLimitExceeded"
"""The codes of all services that mean that nothing was done, since there were too many calls."""
ALARMS_THROTTLED = "Rate exceeded"
"""How Application Auto Scaling says that CloudWatch throttled it, within FailedResourceAccessException."""

TABLE: tuple[Row, ...] = (
    # -- not yet consistent: AWS is eventually consistent -----------------------------------------------------------
    Row("not_yet_consistent", "autoscaling", "ValidationError",
        "Invalid IAM Instance Profile|has no associated IAM Roles", 120,
        "the instance profile has not propagated yet",
        "terraform-provider-aws autoscaling/group.go, ec2/ec2_instance.go; terraform#4306"),
    Row("not_yet_consistent", "autoscaling", "ServiceLinkedRoleFailure", "", 60,
        "the service-linked role is not ready yet", "Auto Scaling API, CreateAutoScalingGroup"),
    Row("not_yet_consistent", "ecs", "AccessDeniedException", "iam:PassRole", 60,
        "the role has not propagated yet", "terraform-aws-modules/terraform-aws-ecs#415"),
    Row("not_yet_consistent", "ecs", "ClientException", "Role is not valid", 60,
        "the role has not propagated yet", "fabfuel/ecs-deploy#231"),
    Row("not_yet_consistent", "ecs", "InvalidParameterException", "Unable to assume the service linked role", 120,
        "ECS cannot use its service-linked role yet", "terraform-provider-aws ecs/cluster.go"),
    Row("not_yet_consistent", "ecs", "ClientException", "Service Linked Role does not exist", 120,
        "ECS does not see its service-linked role yet", "terraform-provider-aws#19977"),
    Row("not_yet_consistent", "ecs", "InvalidParameterException", "role being passed has the proper permissions", 120,
        "ECS cannot use its service-linked role yet", "terraform-provider-aws ecs/service.go"),
    Row("not_yet_consistent", "ecs", "ClusterNotFoundException", "", 120, "the cluster has not propagated yet",
        "terraform-provider-aws ecs/service.go", operation="CreateService"),
    Row("not_yet_consistent", "ecs", "InvalidParameterException", "not in an ACTIVE state", 120,
        "the capacity provider is not active yet", "terraform-provider-aws#45693"),
    Row("not_yet_consistent", "ecs", "InvalidParameterException", "does not have an associated load balancer", 120,
        "the target group is not attached to a listener yet", "terraform-provider-aws ecs/service.go"),
    Row("not_yet_consistent", "ecs", "InvalidParameterException", "still Draining", 900,
        "the service of this name is still draining", "terraform-provider-aws#2283"),
    Row("not_yet_consistent", "ecs", "ClientException", "Cluster was not ACTIVE", 120,
        "the cluster is not active yet", "terraform-provider-aws ecs/cluster_capacity_providers.go"),
    Row("not_yet_consistent", "application-autoscaling", "ValidationException", "service doesn't exist|doesn't exist",
        60,
        "the service is not visible to Application Auto Scaling yet",
        "Application Auto Scaling API, RegisterScalableTarget"),
    Row("not_yet_consistent", "application-autoscaling", "ValidationException", "Unable to assume IAM role", 60,
        "the service-linked role has not propagated yet", "terraform-provider-aws appautoscaling/target.go"),
    Row("not_yet_consistent", "rds", "InvalidParameterValue|InvalidParameterCombination", "service linked role", 120,
        "RDS cannot use its service-linked role yet", "aws-fault-injection-simulator-workshop-v2#195"),
    Row("not_yet_consistent", "elbv2", "LoadBalancerNotFound|ListenerNotFound|TargetGroupNotFound", "", 60,
        "a new resource has not propagated yet", "terraform-provider-aws#15214"),
    Row("not_yet_consistent", "elbv2", "InvalidSubnet|SubnetNotFound|InvalidSecurityGroup", "", 120,
        "the network has not propagated yet", "openshift/installer#1110"),
    # Auto Scaling puts EC2's own sentence behind one of its own
    Row("not_yet_consistent", "autoscaling", "ValidationError",
        "(launch template|security group|subnet ID|image id).*does not exist", 300,
        "a new resource has not propagated yet", "ansible-modules-core#486, terraform-up-and-running-code#67"),
    Row("not_yet_consistent", "rds", "InvalidParameterValue", "Some input subnets", 120,
        "the network has not propagated yet", "brianz/serverless-design-patterns#16"),
    # two minutes were too short for Terraform
    Row("not_yet_consistent", "ec2", r"Invalid(?!Permission)\w+\.NotFound", "", 300,
        "a new resource has not propagated yet", "terraform-provider-aws#32219, #21629"),
    Row("not_yet_consistent", "ec2", "InvalidParameterValue", "belong to different networks", 300,
        "the gateway's attachment has not propagated yet", "buildkite/elastic-ci-stack-for-aws#336"),
    Row("not_yet_consistent", "ec2", "InvalidParameter", "Unable to assume given IAM role", 120,
        "the role is not visible to EC2 yet", "terraform-provider-aws#29323"),
    Row("not_yet_consistent", "elbv2", "InvalidConfigurationRequest",
        "Access Denied for bucket|validation transient issue", 120,
        "the bucket policy has not propagated yet", "aws-load-balancer-controller#1956, terraform-aws-ecs-fargate#49"),
    Row("not_yet_consistent", "wafv2", "WAFUnavailableEntityException|WAFNonexistentItemException", "resource", 600,
        "the load balancer is not visible to WAF yet",
        "terraform-provider-aws#17527, aws-load-balancer-controller#2022"),
    Row("not_yet_consistent", "s3", "NoSuchBucket", "", 120, "the bucket has not propagated yet",
        "terraform-provider-aws s3/bucket_versioning.go"),
    Row("not_yet_consistent", "iam", "NoSuchEntity", "", 60, "a new resource has not propagated yet",
        "IAM user guide, eventual consistency"),
    Row("not_yet_consistent", "iam", "InvalidInput|MalformedPolicyDocument", "principal", 60,
        "the principal has not propagated yet", "IAM user guide, eventual consistency"),
    Row("not_yet_consistent", "route53", "NoSuchHostedZone|InvalidVPCId", "", 60,
        "a new resource has not propagated yet", "Route 53 API"),
    Row("not_yet_consistent", "ssm", "ParameterNotFound", "", 60, "the password has not propagated yet",
        "Systems Manager API"),
    Row("not_yet_consistent", "rds", "DBSubnetGroupNotFoundFault|DB(Cluster)?ParameterGroupNotFound(Fault)?",
        "", 300,
        "the group has not propagated yet", "RDS API, CreateDBClusterParameterGroup"),
    Row("not_yet_consistent", "elbv2", "ValidationError", "VPC ID .* is not found", 120,
        "the VPC has not propagated yet",
        "ansible#31919, terraform-aws-modules/terraform-aws-alb#294"),
    Row("not_yet_consistent", "ec2", "InvalidParameter", "requires both enableDnsSupport and enableDnsHostnames", 60,
        "the DNS attributes of the VPC have not propagated yet", "EC2 developer guide, eventual consistency"),
    Row("not_yet_consistent", "application-autoscaling", "ObjectNotFoundException", "No scalable target registered", 60,
        "the scalable target has not propagated yet",
        "terraform-provider-aws appautoscaling/policy.go, terraform#10737"),
    # the permission depends on the tags of what was created moments ago (docs/security.md)
    Row("not_yet_consistent", "*", "|".join(sorted(DENIED)), "^(?!.*explicit deny)", 60,
        "the tags of a new resource are not visible to IAM yet, or a permission is missing",
        "terraform-provider-aws#6055 (elbv2), #27028 (logs), #28012 (ecr), #32966 (sqs)"),
    # -- in use: something is in the way and goes away by itself ----------------------------------------------------
    Row("in_use", "ec2", "DependencyViolation", "", 1200, "it is still in use",
        "aws-sdk EC2 API, DeleteSecurityGroup"),
    Row("in_use", "ec2", r"InvalidPermission\.(Duplicate|NotFound)|Resource\.AlreadyAssociated|RouteAlreadyExists",
        "", 60,
        "it is done already, but not listed yet", "EC2 API, AuthorizeSecurityGroupIngress, CreateRoute"),
    Row("in_use", "ec2", "InvalidParameter", "conflicting DNS domain", 600,
        "the previous endpoint of this service is still being deleted", "terraform-provider-aws#17535"),
    Row("in_use", "ec2", "ResourceInUse|IncorrectState|.*InUse", "", 600, "it is still in use", "EC2 API"),
    # `in_use` and not `not_yet_consistent`: also a certificate of an earlier run may have been issued moments ago
    Row("in_use", "elbv2", "UnsupportedCertificate", "", 180,
        "the certificate is not visible to the load balancer yet", "terraform-provider-aws#41789"),
    Row("in_use", "elbv2", "PriorityInUse", "", 60,
        "another rule still has this priority", "ELBv2 API, CreateRule"),
    Row("in_use", "elbv2", "ResourceInUse", "", 600, "it is still in use by a listener or a rule",
        "terraform-provider-aws#2456"),
    Row("in_use", "elbv2", "OperationNotPermitted", "provisioning|state", 600, "it is still being provisioned",
        "ELBv2 API"),
    Row("in_use", "acm", "ResourceInUseException|ConflictException", "", 1200,
        "it is still in use by a deleted listener", "terraform-provider-aws#3866"),
    Row("in_use", "autoscaling", "ResourceInUse|ScalingActivityInProgress|ResourceContention", "", 1800,
        "instances or scaling activities are left", "Auto Scaling API, DeleteAutoScalingGroup"),
    Row("in_use", "ecs", "UpdateInProgressException", "", 600, "the cluster is being changed",
        "terraform-provider-aws#11285"),
    Row("in_use", "ecs", "ClusterContains\\w+Exception", "", 1200, "the cluster is not empty yet",
        "ECS API, DeleteCluster"),
    Row("in_use", "ecs", "ResourceInUseException", "", 1200, "tasks still use the capacity provider",
        "terraform-provider-aws ecs/cluster_capacity_providers.go"),
    # its status or its tasks have changed since it was listed; AWS documents no message
    Row("in_use", "ecs", "InvalidParameterException|ClientException", "", 600, "the container instances are changing",
        "ECS API, UpdateContainerInstancesState",
        operation="DeregisterContainerInstance|UpdateContainerInstancesState"),
    Row("in_use", "ecs", "InvalidParameterException|DependencyViolation",
        "deployments are active|has a dependent object", 600, "the service still has deployments",
        "terraform-provider-aws ecs/service.go"),
    Row("in_use", "application-autoscaling", "ValidationException", "tried to tag already exists", 60,
        "it exists already, but is not listed yet", "terraform-aws-rds-aurora#420"),
    Row("in_use", "servicediscovery", "ResourceInUse", "", 600, "instances or services are left", "Cloud Map API"),
    Row("in_use", "servicediscovery", "DuplicateRequest", "", 300, "another operation is in progress", "Cloud Map API"),
    Row("in_use", "servicediscovery", "NamespaceAlreadyExists", "", 120,
        "the namespace of an earlier run is not listed yet", "Cloud Map API, CreatePrivateDnsNamespace"),
    Row("in_use", "rds", "InvalidDBClusterStateFault|InvalidDBInstanceState|InvalidDBSubnet(Group)?StateFault"
        "|InvalidDBParameterGroupState(Fault)?|InvalidDBInstanceStateFault", "", 1800,
        "the database is being changed or deleted", "RDS API"),
    Row("in_use", "rds", "DBClusterSnapshotAlreadyExistsFault", "", 60,
        "a snapshot has this name already; the retry uses another", "RDS API, DeleteDBCluster"),
    Row("in_use", "iam", "DeleteConflict|ConcurrentModification|EntityTemporarilyUnmodifiable", "", 120,
        "it is still attached or being changed", "IAM API"),
    Row("in_use", "iam", "LimitExceeded", "InstanceSessionsPerInstanceProfile", 60,
        "it is done already, but not listed yet", "IAM API, AddRoleToInstanceProfile"),
    Row("in_use", "route53", "PriorRequestNotComplete|ConflictingDomainExists|HostedZoneNotEmpty", "", 300,
        "an earlier change is in progress", "Route 53 API"),
    Row("in_use", "route53", "HostedZoneAlreadyExists", "", 120,
        "an earlier call created it, but it is not listed yet",
        "Route 53 API, CreateHostedZone"),
    Row("in_use", "logs", "OperationAbortedException", "", 60, "another operation is in progress",
        "CloudWatch Logs API"),
    Row("in_use", "application-autoscaling", "ConcurrentUpdateException", "", 120, "another change is in progress",
        "Application Auto Scaling API"),
    Row("in_use", "ssm", "ParameterAlreadyExists", "", 60,
        "the name was deleted less than 30 s ago", "Systems Manager API, DeleteParameter"),
    Row("in_use", "s3", "OperationAborted", "", 120, "another operation is in progress", "S3 API, error responses"),
    Row("in_use", "s3", "BucketNotEmpty", "", 600, "objects were written to it meanwhile",
        "S3 API, error responses"),
    Row("in_use", "ssm", "TooManyUpdates", "", 60, "another change is in progress", "Systems Manager API"),
    Row("in_use", "rds", "InvalidParameterCombination", "disable deletion pro", 120,
        "the disabled protection has not propagated yet", "terraform-provider-aws rds/cluster.go"),
    Row("in_use", "*", THROTTLED, "", 600,
        "throttled by AWS after all retries", "boto3 guide, standard retry mode"),
    # `in_use` and not `not_yet_consistent`, as for UnsupportedCertificate
    Row("in_use", "elbv2", "CertificateNotFound", "", 300, "the certificate is not visible to the load balancer yet",
        "terraform-provider-aws elbv2/listener.go"),
    # CloudWatch's own throttling, in Application Auto Scaling's words
    Row("in_use", "application-autoscaling", "FailedResourceAccessException", ALARMS_THROTTLED, 600,
        "CloudWatch throttles the calls for the policy's alarms",
        "terraform-provider-aws#2275, #4285; aws-sdk-go#1472 (of a read)"),
    Row("in_use", "application-autoscaling", "FailedResourceAccessException", "", 120,
        "the policy's alarms are not visible to Application Auto Scaling yet",
        "terraform-provider-aws appautoscaling/policy.go"),
    Row("in_use", "autoscaling", "InstanceRefreshInProgress", "", 300, "another instance refresh is in progress",
        "Auto Scaling API, StartInstanceRefresh"),
    Row("in_use", "autoscaling", "ValidationError", "is not in InService", 120,
        "an instance is leaving the group", "guardian/riff-raff#510, infrahouse-toolkit#223"),
    Row("in_use", "elbv2", "OperationNotPermitted", "deletion protection is enabled", 60,
        "the disabled protection has not propagated yet",
        "cloud-custodian test_appelb_delete_force (the answer's words)"),
    # -- not found -------------------------------------------------------------------------------------------------
    Row("not_found", "autoscaling", "ValidationError", "not found|does not exist"),
    Row("not_found", "ecs", "ClientException", "does not exist|Unable to describe"),
    Row("not_found", "ecs", "ServiceNotActiveException"),
    Row("not_found", "wafv2", "WAFNonexistentItemException"),
    Row("not_found", "ssm", "InvalidResourceId"),
    Row("not_found", "ec2", r"Gateway\.NotAttached"),
    Row("not_found", "route53", "InvalidChangeBatch", "but it was not found"),
    Row("not_found", "*", r".*NotFound(Fault|Exception)?|NoSuch\w+|ObjectNotFoundException|.*\.NotFound"),
)  # fmt: skip


def throttled(code: str) -> bool:
    """Say whether a code means that nothing was done, since there were too many calls."""
    return re.fullmatch(THROTTLED, code) is not None


def rate_exceeded(error: BaseException) -> bool:
    """Say whether AWS refused a call, or one that it made for it, since there were too many."""
    code = code_of(error)
    return throttled(code) or (code == "FailedResourceAccessException" and ALARMS_THROTTLED in str(error))


def server_error(error: ClientError) -> bool:
    """Say whether AWS itself failed (HTTP 500 or more, or unknown), so that the call may have had its effect."""
    return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500)


def refused_write(error: ClientError) -> bool:
    """Say whether AWS refused a write, which therefore had no effect."""
    return not server_error(error) and not reads(error.operation_name)


def refused(error: Mapping[str, Any], operation: str) -> ClientError:
    """Return as a refusal what AWS refuses within an answer that is good otherwise: its code and its message.

    Without the status of a refusal it would count as AWS's own failure.
    """
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, operation)


def note_service(answer: dict[str, Any], service: str) -> None:
    """Note in a refusal who refused the call: a resource type calls other services than its own as well."""
    answer.setdefault("ResponseMetadata", {})[SERVICE] = service


def code_of(error: BaseException) -> str:
    """Return AWS's error code, or an empty string for anything that is not AWS's answer."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def denied(error: BaseException) -> bool:
    """Say whether AWS refused a call because the caller may not make it."""
    return code_of(error) in DENIED


def match(error: BaseException, service: str, *categories: ErrorCategory) -> Row | None:
    """Return the first row of one of the categories that speaks of this error, or None.

    Args:
        service: boto3's name of the service that refused the call, if the error does not say it (see `note_service`).
    """
    if not isinstance(error, ClientError):
        return None
    code, metadata = code_of(error), cast("Mapping[str, Any]", error.response.get("ResponseMetadata", {}))
    refused_by = metadata.get(SERVICE, service)
    for row in TABLE:
        if (
            row.category in categories
            and row.service in ("*", refused_by)
            and re.fullmatch(row.code, code)
            and re.search(row.message, str(error))
            and re.fullmatch(row.operation or ".*", error.operation_name)
        ):
            return row
    return None


class IgnoreNotFound(AbstractContextManager[None]):
    """Ends its block, and nothing else, where AWS answers that the resource is not there."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Say whether the error is that answer."""
        return isinstance(error, ClientError) and not_found(error)


def not_found(error: BaseException, service: str = "*") -> bool:
    """Say whether AWS's answer means that the resource is not there."""
    return match(error, service, "not_found") is not None


def out_of_reach(error: Exception) -> bool:
    """Say whether a call failed, after all retries, for no reason of its own: no connection, or an error of AWS's."""
    if isinstance(error, ClientError):
        return server_error(error)
    return isinstance(error, NO_CONNECTION)


_FIX = "Fix the cause, then run again"
_DENIED = (
    "Give the caller this permission (`provision policy` prints all of them; for import and state init "
    "`provision policy --import` and `--state`), then run again"
)
_DENIALS = r"(?:AccessDenied|Unauthorized|NotAuthorized)\w*: .*"
_BOUNDARY = (
    "Who has the policies of `provision policy` may write roles with a permissions boundary only: let an administrator "
    "run `provision policy --create-boundary`, then run again. Else attach these policies"
)
HINTS = (
    # whose policy denies, in IAM's words (IAM user guide, "Access denied error messages")
    (
        f"{_DENIALS}(service|resource) control policy",
        "Ask the administrators of the organization to allow this: no policy of the account can. Then run again",
    ),
    (f"{_DENIALS}permissions boundary", "Have the caller's permissions boundary allow this, then run again"),
    (f"{_DENIALS}session policy", "Assume the role without a session policy that leaves this out, then run again"),
    (f"{_DENIALS}endpoint policy", "Have the policy of the VPC endpoint allow this, then run again"),
    (f"{_DENIALS}resource-based policy", "Have the policy of that resource allow this, then run again"),
    (
        f"{_DENIALS}explicit deny in an identity-based policy",
        "Take the statement that denies this out of the caller's policies, then run again",
    ),
    # the policies of `provision policy` allow these with a boundary only; so do many accounts' own
    (
        r"AccessDenied: .*perform: iam:(CreateRole|(Put|Attach|Detach|Delete)Role(Policy)?|UpdateAssumeRolePolicy) ",
        _BOUNDARY,
    ),
    ("AccessDenied|Unauthorized|NotAuthorized", _DENIED),
    ("ExpiredToken|RequestExpired", "Renew the credentials, then run again"),
    (
        "InvalidClientTokenId|UnrecognizedClient|AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch",
        "Check the credentials, and that the account has the Region enabled, then run again",
    ),
    # before the quotas, whose row would match RequestLimitExceeded and TooManyRequestsException as well
    (
        f"{THROTTLED}|FailedResourceAccessException: .*{ALARMS_THROTTLED}",
        "Throttled by AWS after all retries: run again in a minute",
    ),
    ("LimitExceeded|QuotaExceeded|TooMany", "Raise this quota or delete unused resources, then run again"),
    ("FreeTierRestriction", "The account is on AWS's free plan: upgrade it to the paid plan, then run again"),
    (
        "OperationNotPermitted: .*not support creating load balancers",
        "AWS has to enable load balancers for this account: open a case with AWS Support, then run again",
    ),
)
"""What to do, by a regular expression for a part of the code, and what follows it."""


class ApiError(ProvisionError):
    """AWS refused a call, or could not be reached."""


def explained(error: Exception) -> Exception:
    """Return an `ApiError` for what boto3 raised; any other error is returned as it is."""
    if isinstance(error, ClientError):
        code = str(error.response["Error"].get("Code", "Unknown"))
        message = error.response["Error"].get("Message", "").strip() or "no message"
        hint = next((h for how, h in HINTS if re.match(rf"[\w.]*({how})", f"{code}: {message}")), _FIX)
        return ApiError(f"{error.operation_name} was refused: {code}: {message.rstrip('.')}. {hint}")
    if isinstance(error, NoCredentialsError):
        return ApiError("no AWS credentials were found. Set --profile or AWS_PROFILE, or sign in, then run again")
    text = str(error).rstrip(".")
    if isinstance(error, BAD_CREDENTIALS):
        return ApiError(
            f"the credentials could not be loaded: {text}. Sign in again (`aws sso login`, `aws login`), or choose "
            f"another --profile, then run again"
        )
    if isinstance(error, NO_CONNECTION):
        return ApiError(f"could not reach AWS: {text}. Check the network, then run again")
    if isinstance(error, BotoCoreError):
        return ApiError(f"the call to AWS failed: {text}. Run again")
    return error
