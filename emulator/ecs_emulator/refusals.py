"""The table of transient errors: operation, code, message, and for how long AWS refuses."""

from __future__ import annotations

import urllib.parse

from ecs_emulator.services.apis import APIS
from ecs_emulator.services.model import Refusal, in_form, in_json, unseen_tags


def text_of(path: str, body: bytes) -> str:
    """A request's path and body as the table reads it: forms decoded, one `name=value` a line."""
    text = body.decode("utf-8", "replace")
    if "=" in text and not text.startswith(("{", "<")):
        text = "\n".join(f"{name}={value}" for name, value in urllib.parse.parse_qsl(text))
    return f"{path}\n{text}"


def _not_found(operation: str, parameter: str, code: str, what: str) -> Refusal:
    """EC2 does not know for some seconds what was created a moment ago."""
    message = f"The {what} '{{}}' does not exist"
    return Refusal("ec2", operation, 3, code, message, in_form(parameter), "EC2 developer guide, eventual consistency")


def _in_use(operation: str, parameter: str, message: str, seconds: float, source: str) -> Refusal:
    return Refusal("ec2", operation, seconds, "DependencyViolation", message, in_form(parameter), source)


_LINKED = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
_SLR = "terraform-provider-aws ecs/cluster.go"

REFUSALS: tuple[Refusal, ...] = (
    # -- IAM is not known everywhere yet ----------------------------------------------------------------------------
    Refusal("autoscaling", "CreateAutoScalingGroup", 15, "ValidationError",
        "You must use a valid fully-formed launch template. Value ({}) for parameter iamInstanceProfile.name is "
        "invalid. Invalid IAM Instance Profile name", in_form("AutoScalingGroupName"),
        "terraform-provider-aws autoscaling/group.go"),
    Refusal("autoscaling", "CreateAutoScalingGroup", 5, "ValidationError",
        'You must use a valid fully-formed launch template. IAM Instance Profile "{}" has no associated IAM Roles',
        in_form("AutoScalingGroupName"), "terraform#4306 (EC2's words; in this service's: inferred)"),
    Refusal("autoscaling", "CreateAutoScalingGroup", 5, "ServiceLinkedRoleFailure",
        "The service-linked role is not yet ready for use.", in_form("AutoScalingGroupName"), "Auto Scaling API", 500),
    Refusal("autoscaling", "CreateAutoScalingGroup", 3, "ValidationError",
        "You must use a valid fully-formed launch template. The specified launch template, with template ID {}, does "
        "not exist.", in_form(r"MixedInstancesPolicy\.LaunchTemplate\.LaunchTemplateSpecification\.LaunchTemplateId"),
        "EC2 developer guide, eventual consistency"),
    Refusal("autoscaling", "CreateAutoScalingGroup", 3, "ValidationError", "The subnet ID '{}' does not exist",
        r"(?m)^VPCZoneIdentifier=([^,\n]+)", "ansible-modules-core#486"),
    Refusal("ecs", "RegisterTaskDefinition", 3, "AccessDeniedException",
        "User: arn:aws:iam::123456789012:user/moto is not authorized to perform: iam:PassRole on resource: {} because "
        "no identity-based policy allows the iam:PassRole action", in_json("executionRoleArn"),
        "terraform-aws-modules/terraform-aws-ecs#415"),
    Refusal("ecs", "RegisterTaskDefinition", 5, "ClientException", "Role is not valid", in_json("family"),
        "fabfuel/ecs-deploy#231"),
    Refusal("ecs", "CreateCluster", 10, "InvalidParameterException", _LINKED, in_json("clusterName"), _SLR),
    Refusal("ecs", "PutClusterCapacityProviders", 10, "InvalidParameterException", _LINKED,
        r'"capacityProviders": ?\["([^"]+)"', _SLR),
    Refusal("ecs", "CreateService", 10, "InvalidParameterException", _LINKED, in_json("serviceName"), _SLR),
    Refusal("ecs", "CreateCapacityProvider", 10, "ClientException",
        "The ECS Service Linked Role does not exist. Please ensure that it exists and try again.", in_json("name"),
        "terraform-provider-aws#19977"),
    Refusal("ecs", "CreateService", 5, "InvalidParameterException",
        "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role "
        "being passed has the proper permissions.", in_json("targetGroupArn"), "terraform-provider-aws ecs/service.go"),
    # -- network ----------------------------------------------------------------------------------------------------
    _not_found("ModifyVpcAttribute", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    _not_found("CreateSubnet", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    _not_found("CreateSecurityGroup", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    _not_found("CreateRouteTable", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    _not_found("AttachInternetGateway", "InternetGatewayId", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    Refusal("ec2", "CreateTags", 3, "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist",
        r"(?m)^ResourceId\.1=(vpc-.+)$", "coreos-assembler#2566"),
    Refusal("ec2", "CreateRoute", 3, "InvalidParameterValue",
        "route table {} and network gateway belong to different networks", in_form("RouteTableId"),
        "buildkite/elastic-ci-stack-for-aws#336"),
    _not_found("CreateRoute", "RouteTableId", "InvalidRouteTableID.NotFound", "routeTable ID"),
    _not_found("AssociateRouteTable", "SubnetId", "InvalidSubnetID.NotFound", "subnet ID"),
    _not_found("AuthorizeSecurityGroupIngress", "GroupId", "InvalidGroup.NotFound", "security group"),
    _not_found("AuthorizeSecurityGroupEgress", "GroupId", "InvalidGroup.NotFound", "security group"),
    _not_found("RevokeSecurityGroupEgress", "GroupId", "InvalidGroup.NotFound", "security group"),
    _not_found("CreateVpcEndpoint", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    Refusal("ec2", "CreateVpcEndpoint", 20, "InvalidParameter",
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC",
        r"(?m)^ServiceName=(.+\.(?:ssm|logs))$", "terraform-provider-aws#17535"),
    Refusal("ec2", "CreateVpcEndpoint", 5, "InvalidParameter",
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}",
        r"(?ms)(?=.*^PrivateDnsEnabled=true$).*^VpcId=([^\n]+)$", "EC2 developer guide, eventual consistency"),
    Refusal("ec2", "CreateFlowLogs", 5, "InvalidParameter", "Unable to assume given IAM role: '{}'",
        in_form("DeliverLogsPermissionArn"), "terraform-provider-aws#29323"),
    _in_use("DeleteSecurityGroup", "GroupId", "resource {} has a dependent object", 35, "alchemy#1125"),
    _in_use("DetachInternetGateway", "VpcId", "Network {} has some mapped public address(es). Please unmap those "
        "public address(es) before detaching the gateway.", 60, "terraform-aws-eks-jx#36"),
    _in_use("DeleteSubnet", "SubnetId", "The subnet '{}' has dependencies and cannot be deleted.", 30,
        "cloud-nuke#285"),
    _in_use("DeleteRouteTable", "RouteTableId", "The routeTable '{}' has dependencies and cannot be deleted.", 5,
        "EC2 API"),
    _in_use("DeleteVpc", "VpcId", "The vpc '{}' has dependencies and cannot be deleted.", 10,
        "terraform-provider-aws#8536"),
    # -- names and certificates -------------------------------------------------------------------------------------
    Refusal("elasticloadbalancing", "CreateListener", 25, "UnsupportedCertificate",
        "The certificate '{}' must have a fully-qualified domain name, a supported signature, and a supported key "
        "size.",
        r"(?m)^Certificates\.member\.1\.CertificateArn=(.+)$", "terraform-provider-aws#41789"),
    Refusal("elasticloadbalancing", "CreateListener", 30, "CertificateNotFound", "Certificate '{}' not found",
        r"(?m)^Certificates\.member\.1\.CertificateArn=(.+)$", "terraform-provider-aws elbv2/listener.go"),
    # -- load balancer ----------------------------------------------------------------------------------------------
    Refusal("elasticloadbalancing", "CreateTargetGroup", 5, "ValidationError", "The VPC ID '{}' is not found",
        in_form("VpcId"), "ansible#31919"),
    Refusal("elasticloadbalancing", "CreateListener", 5, "LoadBalancerNotFound", "One or more load balancers not found",
        in_form("LoadBalancerArn"), "terraform-provider-aws#15214"),
    unseen_tags("elasticloadbalancing", "ModifyLoadBalancerAttributes", in_form("LoadBalancerArn"),
        "terraform-provider-aws#6055 (which call: inferred)", "AccessDenied"),
    unseen_tags("elasticloadbalancing", "CreateListener", in_form("LoadBalancerArn"),
        "terraform-provider-aws#6055 (which call: inferred)", "AccessDenied"),
    Refusal("elasticloadbalancing", "ModifyLoadBalancerAttributes", 5, "LoadBalancerNotFound",
        "Load balancer '{}' not found", in_form("LoadBalancerArn"), "terraform-provider-aws#15214"),
    Refusal("elasticloadbalancing", "ModifyLoadBalancerAttributes", 5, "InvalidConfigurationRequest",
        "Access Denied for bucket: {}. Please check S3bucket permission",
        r"(?ms)(?=.*^Attributes\.member\.\d+\.Key=access_logs\.s3\.bucket$)"
        r".*^Attributes\.member\.\d+\.Value=([a-z0-9-]+-logs)$", "aws-load-balancer-controller#1956"),
    Refusal("elasticloadbalancing", "DeleteLoadBalancer", 5, "ResourceInUse",
        "Load balancer '{}' cannot be deleted because it is currently associated with another service",
        in_form("LoadBalancerArn"), "ELBv2 API"),
    Refusal("elasticloadbalancing", "DeleteTargetGroup", 10, "ResourceInUse",
        "Target group '{}' is currently in use by a listener or a rule", in_form("TargetGroupArn"),
        "terraform-provider-aws#2456"),
    # -- ECS and its groups -----------------------------------------------------------------------------------------
    Refusal("ecs", "PutClusterCapacityProviders", 10, "InvalidParameterException",
        "The specified capacity provider '{}' is not in an ACTIVE state. Specify a valid capacity provider and try "
        "again.",
        r'"capacityProviders": ?\["([^"]+)"', "terraform-provider-aws#45693"),
    Refusal("ecs", "PutClusterCapacityProviders", 10, "UpdateInProgressException",
        "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED "
        "state before they can be updated. Wait and try again.", in_json("cluster"), "terraform-provider-aws#11285"),
    Refusal("ecs", "PutClusterCapacityProviders", 20, "ResourceInUseException",
        "The specified capacity provider is in use and cannot be removed.",
        r'(?s)(?=.*"capacityProviders": ?\[\]).*"cluster": ?"([^"]+)"', "terraform-provider-aws#11409"),
    Refusal("ecs", "CreateService", 10, "InvalidParameterException",
        "The target group with targetGroupArn {} does not have an associated load balancer.", in_json("targetGroupArn"),
        "terraform-provider-aws ecs/service.go"),
    Refusal("ecs", "CreateService", 30, "InvalidParameterException",
        "Unable to Start a service that is still Draining.", in_json("serviceName"), "terraform-provider-aws#2283"),
    Refusal("ecs", "CreateService", 3, "ClusterNotFoundException", "Cluster not found.", in_json("cluster"),
        "terraform-provider-aws ecs/service.go"),
    Refusal("ecs", "DeleteService", 10, "InvalidParameterException",
        "The service cannot be stopped while deployments are active.", in_json("service"),
        "terraform-provider-aws ecs/service.go"),
    Refusal("ecs", "DeleteCluster", 10, "UpdateInProgressException",
        "The specified cluster is in a busy state. Wait and try again.", in_json("cluster"),
        "terraform-provider-aws ecs/cluster.go"),
    Refusal("ecs", "DeleteCluster", 10, "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active or draining.", in_json("cluster"),
        "aws-cdk#18179"),
    Refusal("ecs", "DeleteCluster", 10, "ClusterContainsTasksException",
        "The Cluster cannot be deleted while Tasks are active.", in_json("cluster"), "ECS API"),
    Refusal("application-autoscaling", "RegisterScalableTarget", 5, "ValidationException",
        "ECS service doesn't exist: {}", in_json("ResourceId"), "Application Auto Scaling API"),
    Refusal("application-autoscaling", "RegisterScalableTarget", 5, "ValidationException",
        "Unable to assume IAM role: arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling."
        "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService", r'"ScalableDimension": ?"([^"]+)"',
        "terraform-provider-aws appautoscaling/target.go"),
    Refusal("application-autoscaling", "PutScalingPolicy", 5, "ConcurrentUpdateException",
        "You already have a pending update to an Auto Scaling resource.", in_json("ResourceId"),
        "Application Auto Scaling API"),
    Refusal("application-autoscaling", "PutScalingPolicy", 5, "ObjectNotFoundException",
        "No scalable target registered for service namespace: ecs, resource ID: {}, scalable dimension: "
        "ecs:service:DesiredCount", in_json("ResourceId"), "terraform#10737"),
    Refusal("application-autoscaling", "PutScalingPolicy", 10, "FailedResourceAccessException",
        "Unable to retrieve alarms for scaling policy of {} due to reason: The security token included in the request "
        "is invalid.", in_json("ResourceId"), "terraform-provider-aws appautoscaling/policy.go"),
    Refusal("application-autoscaling", "DeleteScalingPolicy", 5, "FailedResourceAccessException",
        "Unable to delete alarms of scaling policy {} due to reason: Rate exceeded", in_json("PolicyName"),
        "terraform-provider-aws appautoscaling/policy.go"),
    Refusal("autoscaling", "DeleteAutoScalingGroup", 20, "ScalingActivityInProgress",
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
        in_form("AutoScalingGroupName"), "Auto Scaling API"),
    Refusal("autoscaling", "DeleteAutoScalingGroup", 10, "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in "
        "the group.", in_form("AutoScalingGroupName"), "Auto Scaling API"),
    Refusal("autoscaling", "SetInstanceProtection", 5, "ValidationError",
        "The instance {} is not in InService or EnteringStandby or Standby.", r"(?m)^InstanceIds\.member\.1=(.+)$",
        "guardian/riff-raff#510"),
    *(row for api in APIS.values() for row in api.refusals),
)  # fmt: skip
