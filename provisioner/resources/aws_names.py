"""CloudFormation's name of each of the tool's resource types, and the form of the type's IDs.

All names are among AWS's resource provider schemas, as cfn-lint 1.58.0 has them of us-east-1 (compared on 2026-11-29).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class AwsName(NamedTuple):
    """AWS's side of a resource type.

    Attributes:
        cloudformation: its name in CloudFormation; empty if it has none.
        id: the form of its IDs in the state and for `provision import`, with the variable parts in braces; empty if it
            cannot be imported.
    """

    cloudformation: str
    id: str = ""


_NOTE = AwsName("")
_ARN = "arn:{partition}:%s:{region}:{account}:%s"
AWS_NAMES: Mapping[str, AwsName] = {
    "access_point": AwsName("AWS::EFS::AccessPoint", "fsap-{id}"),
    "account_setting": AwsName("", "{setting}"),
    "alarm": AwsName("AWS::CloudWatch::Alarm", "{name}"),
    "auto_scaling_group": AwsName("AWS::AutoScaling::AutoScalingGroup", "{name}"),
    "bucket": AwsName("AWS::S3::Bucket", "{name}"),
    "cache_parameter_group": AwsName("AWS::ElastiCache::ParameterGroup", "{name}"),
    "cache_subnet_group": AwsName("AWS::ElastiCache::SubnetGroup", "{name}"),
    "capacity_provider": AwsName("AWS::ECS::CapacityProvider", "{name}"),
    "certificate": AwsName("AWS::CertificateManager::Certificate", _ARN % ("acm", "certificate/{id}")),
    "cluster": AwsName("AWS::ECS::Cluster", "{name}"),
    "cluster_capacity_providers": AwsName("AWS::ECS::ClusterCapacityProviderAssociations", "{cluster}"),
    "connection_url": AwsName("", "{name}"),
    "container_insights": _NOTE,
    "container_instances": _NOTE,
    "copied_image": AwsName("", "{repository}:{tag}"),
    "db_cluster": AwsName("AWS::RDS::DBCluster", "{name}"),
    "db_cluster_parameter_group": AwsName("AWS::RDS::DBClusterParameterGroup", "{name}"),
    "db_instance": AwsName("AWS::RDS::DBInstance", "{name}"),
    "db_parameter_group": AwsName("AWS::RDS::DBParameterGroup", "{name}"),
    "db_subnet_group": AwsName("AWS::RDS::DBSubnetGroup", "{name}"),
    "default_security_group": AwsName("", "sg-{id}"),
    "delegation": AwsName("", "{domain}|{zone}"),
    "deployed_image": _NOTE,
    "discovery_service": AwsName("AWS::ServiceDiscovery::Service", "srv-{id}"),
    "distribution": AwsName("AWS::CloudFront::Distribution", "E{id}"),
    "elastic_ip": AwsName("AWS::EC2::EIP", "eipalloc-{id}"),
    "event_rule": AwsName("AWS::Events::Rule", "{name}"),
    "expiring_stack": _NOTE,
    "file_system": AwsName("AWS::EFS::FileSystem", "fs-{id}"),
    "flow_log": AwsName("AWS::EC2::FlowLog", "fl-{id}"),
    "guard_duty_endpoints": _NOTE,
    "guard_duty_groups": _NOTE,
    "hosted_zone": AwsName("AWS::Route53::HostedZone", "Z{id}"),
    "image": AwsName("", "{repository}:{tag}"),
    "image_in_use": AwsName("", "{repository}:{tag}"),
    "instance_profile": AwsName("AWS::IAM::InstanceProfile", "{name}"),
    "instances": _NOTE,
    "internet_gateway": AwsName("AWS::EC2::InternetGateway", "igw-{id}"),
    "job_run": AwsName("", _ARN % ("ecs", "task/{cluster}/{id}")),
    "launch_template": AwsName("AWS::EC2::LaunchTemplate", "lt-{id}"),
    "listener": AwsName(
        "AWS::ElasticLoadBalancingV2::Listener",
        _ARN % ("elasticloadbalancing", "listener/app/{load_balancer}/{id}/{id}"),
    ),
    "listener_certificate": AwsName(
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        _ARN % ("elasticloadbalancing", "listener/app/{load_balancer}/{id}/{id}") + "|{certificate}",
    ),
    "listener_rule": AwsName(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        _ARN % ("elasticloadbalancing", "listener-rule/app/{load_balancer}/{id}/{id}/{id}"),
    ),
    "load_balancer": AwsName(
        "AWS::ElasticLoadBalancingV2::LoadBalancer", _ARN % ("elasticloadbalancing", "loadbalancer/app/{name}/{id}")
    ),
    "log_group": AwsName("AWS::Logs::LogGroup", "{name}"),
    "minimum_size": AwsName("", "{group}"),
    "mount_target": AwsName("AWS::EFS::MountTarget", "fsmt-{id}"),
    "nat_gateway": AwsName("AWS::EC2::NatGateway", "nat-{id}"),
    "paused_workload": _NOTE,
    "private_dns_namespace": AwsName("AWS::ServiceDiscovery::PrivateDnsNamespace", "ns-{id}"),
    "protected_stack": _NOTE,
    "record_set": AwsName("AWS::Route53::RecordSet", "{zone}|{name}|{type}"),
    "replication_group": AwsName("AWS::ElastiCache::ReplicationGroup", "{name}"),
    "repository": AwsName("AWS::ECR::Repository", "{name}"),
    "queue": AwsName("AWS::SQS::Queue", "https://sqs.{region}.amazonaws.com/{account}/{name}"),
    "role": AwsName("AWS::IAM::Role", "{name}"),
    "route_table": AwsName("AWS::EC2::RouteTable", "rtb-{id}"),
    "running_executions": _NOTE,
    "running_tasks": _NOTE,
    "scalable_target": AwsName("AWS::ApplicationAutoScaling::ScalableTarget", "service/{cluster}/{service}"),
    "scaled_service": _NOTE,
    "scheduled_action": AwsName("", "service/{cluster}/{service}/{name}"),  # CloudFormation has it in the target
    "scaling_policy": AwsName(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        _ARN % ("autoscaling", "scalingPolicy:{id}:resource/ecs/service/{cluster}/{service}:policyName/{name}"),
    ),
    "schedule": AwsName("AWS::Scheduler::Schedule", "{group}/{name}"),
    "schedule_group": AwsName("AWS::Scheduler::ScheduleGroup", "{name}"),
    "secure_parameter": AwsName("", "{name}"),  # CloudFormation creates no SecureString
    "security_group": AwsName("AWS::EC2::SecurityGroup", "sg-{id}"),
    "security_group_egress": AwsName("AWS::EC2::SecurityGroupEgress", "sg-{id}"),
    "security_group_ingress": AwsName("AWS::EC2::SecurityGroupIngress", "sg-{id}"),
    "security_group_rule": AwsName("AWS::EC2::SecurityGroupIngress", "sgr-{id}"),
    "service": AwsName("AWS::ECS::Service", _ARN % ("ecs", "service/{cluster}/{name}")),
    "service_linked_role": AwsName("AWS::IAM::ServiceLinkedRole", "{name}"),
    "sleeping_part": _NOTE,
    "sleeping_stack": _NOTE,
    "stack_tags": _NOTE,
    "single_db_instance": AwsName("AWS::RDS::DBInstance", "{name}"),
    "state_machine": AwsName("AWS::StepFunctions::StateMachine", _ARN % ("states", "stateMachine:{name}")),
    "subnet": AwsName("AWS::EC2::Subnet", "subnet-{id}"),
    "subscription": AwsName("AWS::SNS::Subscription", _ARN % ("sns", "{topic}/{protocol}/{endpoint}")),
    "target_group": AwsName(
        "AWS::ElasticLoadBalancingV2::TargetGroup", _ARN % ("elasticloadbalancing", "targetgroup/{name}/{id}")
    ),
    "task_definition": AwsName("AWS::ECS::TaskDefinition", "{family}"),
    "topic": AwsName("AWS::SNS::Topic", _ARN % ("sns", "{name}")),
    "universal_schedule": AwsName("AWS::Scheduler::Schedule", "{group}/{name}"),
    "validation_record": AwsName("AWS::Route53::RecordSet", "{zone}|{name}|{type}"),
    "vpc": AwsName("AWS::EC2::VPC", "vpc-{id}"),
    "vpc_endpoint": AwsName("AWS::EC2::VPCEndpoint", "vpce-{id}"),
    "vpc_origin": AwsName("AWS::CloudFront::VpcOrigin", "vo_{id}"),
    "wanted_image": _NOTE,
    "web_acl_association": AwsName(
        "AWS::WAFv2::WebACLAssociation", _ARN % ("elasticloadbalancing", "loadbalancer/app/{name}/{id}")
    ),
}
"""AWS's side of each type, by the type's name."""
