"""The services that AWS's resource types hand roles to, where these are not called as the type's service is.

For another service IAM refuses the role, and its refusal does not say which one would be right. Each row has AWS's page
on the role, with its trust policy or a policy with `iam:PassedToService`. Types in neither table are taken to hand
their roles to the service of their name, `AWS::Pipes::Pipe` to `pipes.amazonaws.com`.
"""

from __future__ import annotations

from collections.abc import Mapping

_DOCS = "https://docs.aws.amazon.com/"
_MANAGED = f"{_DOCS}aws-managed-policy/latest/reference/"
_ECS = f"{_DOCS}AmazonECS/latest/developerguide/"
_EKS = f"{_DOCS}eks/latest/userguide/"
_LAUNCH = f"{_DOCS}autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html"

Row = tuple[str, str]
"""The services, without `.amazonaws.com` and separated by spaces; and AWS's page."""

OF_SERVICES: Mapping[str, Row] = {
    "ApiGatewayV2": (
        "apigateway", f"{_DOCS}apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html",
    ),
    "AppRunner": (
        "apprunner build.apprunner tasks.apprunner",
        f"{_DOCS}apprunner/latest/dg/security_iam_service-with-iam.html",
    ),
    "ApplicationAutoScaling": (
        "application-autoscaling", f"{_DOCS}autoscaling/application/userguide/security_iam_service-with-iam.html",
    ),
    "BedrockAgentCore": ("bedrock-agentcore", f"{_DOCS}bedrock-agentcore/latest/devguide/runtime-permissions.html"),
    "Cognito": (
        "cognito-idp cognito-identity", f"{_DOCS}cognito/latest/developerguide/role-trust-and-permissions.html",
    ),
    "EFS": ("elasticfilesystem", f"{_DOCS}efs/latest/ug/efs-replication.html"),
    "EMR": ("elasticmapreduce", f"{_DOCS}emr/latest/ManagementGuide/emr-studio-service-role.html"),
    "ElasticBeanstalk": ("elasticbeanstalk ec2", f"{_DOCS}elasticbeanstalk/latest/dg/iam-instanceprofile.html"),
    "KinesisAnalyticsV2": ("kinesisanalytics", f"{_DOCS}kinesisanalytics/latest/dev/iam-role.html"),
    "KinesisFirehose": ("firehose", f"{_DOCS}firehose/latest/dev/controlling-access.html"),
    "Lex": ("lexv2", f"{_MANAGED}AmazonLexFullAccess.html"),
    "MSK": ("kafka", f"{_DOCS}msk/latest/developerguide/msk-replicator-ser.html"),
    "MWAA": ("airflow airflow-env", f"{_DOCS}mwaa/latest/userguide/mwaa-create-role.html"),
    "Neptune": ("rds", f"{_DOCS}neptune/latest/userguide/bulk-load-tutorial-IAM-CreateRole.html"),
    "OSIS": ("osis-pipelines", f"{_DOCS}opensearch-service/latest/developerguide/pipeline-security-overview.html"),
    "PCS": ("ec2", f"{_DOCS}pcs/latest/userguide/security-instance-profiles.html"),
    "RedshiftServerless": (
        "redshift-serverless redshift", f"{_DOCS}redshift/latest/mgmt/authorizing-redshift-service.html",
    ),
    "SMSVOICE": ("sms-voice", f"{_DOCS}sms-voice/latest/userguide/configuration-sets-kinesis-creating-role.html"),
    "Shield": ("drt.shield", f"{_DOCS}waf/latest/developerguide/ddos-srt-access.html"),
    "StepFunctions": ("states", f"{_DOCS}step-functions/latest/dg/procedure-create-iam-role.html"),
    "Synthetics": ("lambda synthetics", f"{_MANAGED}CloudWatchSyntheticsFullAccess.html"),
}  # fmt: skip
OF_TYPES: Mapping[str, Row] = {
    "AWS::AutoScaling::AutoScalingGroup": ("ec2", _LAUNCH),
    "AWS::AutoScaling::LaunchConfiguration": ("ec2", _LAUNCH),
    "AWS::CloudWatch::MetricStream": (
        "streams.metrics.cloudwatch",
        f"{_DOCS}AmazonCloudWatch/latest/monitoring/CloudWatch-metric-streams-trustpolicy.html",
    ),
    "AWS::Config::RemediationConfiguration": ("ssm", f"{_DOCS}config/latest/developerguide/remediation.html"),
    "AWS::EC2::FlowLog": ("vpc-flow-logs", f"{_DOCS}vpc/latest/userguide/flow-logs-iam-role.html"),
    "AWS::EC2::SpotFleet": ("spotfleet ec2", f"{_DOCS}AWSEC2/latest/UserGuide/spot-fleet-prerequisites.html"),
    "AWS::ECR::PullThroughCacheRule": (
        "pullthroughcache.ecr", f"{_DOCS}AmazonECR/latest/userguide/pull-through-cache-private.html",
    ),
    "AWS::ECS::CapacityProvider": ("ecs ec2", f"{_ECS}infrastructure_IAM_role.html"),
    "AWS::ECS::ExpressGatewayService": ("ecs ecs-tasks", f"{_ECS}infrastructure_IAM_role.html"),
    "AWS::ECS::TaskDefinition": ("ecs-tasks", f"{_ECS}task_execution_IAM_role.html"),
    "AWS::EKS::Addon": ("pods.eks eks", f"{_EKS}pod-id-role.html"),
    "AWS::EKS::FargateProfile": ("eks-fargate-pods eks", f"{_EKS}pod-execution-role.html"),
    "AWS::EKS::Nodegroup": ("ec2 eks", f"{_EKS}create-node-role.html"),
    "AWS::EKS::PodIdentityAssociation": ("pods.eks", f"{_EKS}pod-id-role.html"),
    "AWS::GuardDuty::MalwareProtectionPlan": (
        "malware-protection-plan.guardduty",
        f"{_DOCS}guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html",
    ),
    "AWS::IAM::InstanceProfile": (
        "ec2", f"{_DOCS}IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html",
    ),
    "AWS::ImageBuilder::InfrastructureConfiguration": ("ec2", f"{_MANAGED}AWSImageBuilderFullAccess.html"),
    "AWS::RDS::DBCluster": (
        "rds monitoring.rds", f"{_DOCS}AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    ),
    "AWS::RDS::DBInstance": (
        "rds monitoring.rds", f"{_DOCS}AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    ),
    "AWS::Redshift::ScheduledAction": (
        "scheduler.redshift", f"{_DOCS}redshift/latest/mgmt/redshift-iam-access-control-identity-based.html",
    ),
    "AWS::S3::AccessGrantsLocation": (
        "access-grants.s3", f"{_DOCS}AmazonS3/latest/userguide/access-grants-location-register.html",
    ),
}  # fmt: skip


def of(type_name: str) -> tuple[str, ...]:
    """Return the principals of the services that a type hands roles to."""
    service = type_name.split("::")[1]
    named, _ = OF_TYPES.get(type_name) or OF_SERVICES.get(service) or (service.lower(), "")
    return tuple(sorted(f"{one}.amazonaws.com" for one in named.split()))
