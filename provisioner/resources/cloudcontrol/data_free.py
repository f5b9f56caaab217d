"""The types of Cloud Control that hold no data, each with the reason: made again from its declaration, it is as it was.

All other types hold data as far as this tool knows: `up` keeps what is no longer declared of them, until `--delete`
names it. A type that holds messages, files, records, keys, recordings, users, or addresses that others know is not in
the table, and neither is one about which there is a doubt.
"""

from __future__ import annotations

from collections.abc import Mapping

_RULE = "a rule, which is all declared"
_ALARM = "an alarm: its history is CloudWatch's, and stays for some weeks"
_PERMISSION = "a role, a policy or a permission, which is all declared"
_LINK = "a link between two resources, which both stay"
_ROUTE = "a route or a way in the network, which is all declared"
_SETTINGS = "settings, which are all declared"
_SUBSCRIPTION = "a subscription: messages are stored at one of its ends, if at all"
_VIEW = "a view of data that are stored elsewhere"
_SCHEDULE = "a time at which something runs, which is declared"

_BY_REASON: Mapping[str, tuple[str, ...]] = {
    _RULE: (
        "AWS::AccessAnalyzer::ArchiveRule",
        "AWS::Config::ConfigRule",
        "AWS::ElasticLoadBalancingV2::Listener",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        "AWS::ECR::PullThroughCacheRule",
        "AWS::Events::Rule",
        "AWS::GuardDuty::Filter",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Logs::MetricFilter",
        "AWS::NetworkFirewall::RuleGroup",
        "AWS::Pipes::Pipe",
        "AWS::Route53Resolver::FirewallRuleGroup",
        "AWS::Route53Resolver::ResolverRule",
        "AWS::SES::ReceiptRule",
        "AWS::SES::ReceiptRuleSet",
        "AWS::VpcLattice::Rule",
        "AWS::WAFv2::RuleGroup",
        "AWS::WAFv2::WebACL",
        "AWS::XRay::SamplingRule",
    ),
    _ALARM: (
        "AWS::Budgets::Budget",
        "AWS::CE::AnomalySubscription",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::AlarmMuteRule",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::LogAlarm",
        "AWS::CodeStarNotifications::NotificationRule",
    ),
    _PERMISSION: (
        "AWS::Events::EventBusPolicy",
        "AWS::IAM::GroupPolicy",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::Kinesis::ResourcePolicy",
        "AWS::Lambda::LayerVersionPermission",
        "AWS::Lambda::Permission",
        "AWS::Logs::AccountPolicy",
        "AWS::Logs::ResourcePolicy",
        "AWS::S3::BucketPolicy",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SNS::TopicInlinePolicy",
        "AWS::SQS::QueueInlinePolicy",
        "AWS::SSM::ResourcePolicy",
        "AWS::VpcLattice::AuthPolicy",
        "AWS::VpcLattice::ResourcePolicy",
        "AWS::XRay::ResourcePolicy",
    ),
    _LINK: (
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::Cognito::IdentityPoolRoleAttachment",
        "AWS::Cognito::UserPoolUserToGroupAttachment",
        "AWS::EC2::EIPAssociation",
        "AWS::EC2::SubnetNetworkAclAssociation",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::TransitGatewayRouteTableAssociation",
        "AWS::EC2::TransitGatewayRouteTablePropagation",
        "AWS::EC2::VPCDHCPOptionsAssociation",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VolumeAttachment",
        "AWS::EFS::MountTarget",
        "AWS::RAM::PrincipalAssociation",
        "AWS::RAM::ResourceAssociation",
        "AWS::Route53Resolver::FirewallRuleGroupAssociation",
        "AWS::Route53Resolver::ResolverRuleAssociation",
        "AWS::SecretsManager::SecretTargetAttachment",
        "AWS::WAFv2::WebACLAssociation",
    ),
    _ROUTE: (
        "AWS::ApiGateway::VpcLink",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::VpcLink",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NetworkAcl",
        "AWS::EC2::PrefixList",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::TransitGatewayRoute",
        "AWS::EC2::TransitGatewayVpcAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::Route53::RecordSet",
    ),
    _SETTINGS: (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::AutoScaling::LifecycleHook",
        "AWS::AutoScaling::ScalingPolicy",
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::OriginRequestPolicy",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::Cognito::UserPoolClient",
        "AWS::ECR::RegistryScanningConfiguration",
        "AWS::ECR::ReplicationConfiguration",
        "AWS::EC2::LaunchTemplate",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::ElastiCache::SubnetGroup",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::MemoryDB::ParameterGroup",
        "AWS::MemoryDB::SubnetGroup",
        "AWS::RDS::DBClusterParameterGroup",
        "AWS::RDS::DBParameterGroup",
        "AWS::RDS::DBSubnetGroup",
        "AWS::RDS::OptionGroup",
        "AWS::SES::ConfigurationSet",
        "AWS::SES::ConfigurationSetEventDestination",
        "AWS::WAFv2::IPSet",
        "AWS::WAFv2::LoggingConfiguration",
        "AWS::WAFv2::RegexPatternSet",
    ),
    _SUBSCRIPTION: (
        "AWS::CloudWatch::MetricStream",
        "AWS::EC2::FlowLog",
        "AWS::Logs::Delivery",
        "AWS::Logs::DeliverySource",
        "AWS::Logs::SubscriptionFilter",
        "AWS::RDS::EventSubscription",
        "AWS::SNS::Subscription",
    ),
    _VIEW: (
        "AWS::CloudWatch::Dashboard",
        "AWS::CloudWatch::InsightRule",
        "AWS::Logs::QueryDefinition",
        "AWS::ResourceGroups::Group",
        "AWS::XRay::Group",
    ),
    _SCHEDULE: (
        "AWS::AutoScaling::ScheduledAction",
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::SSM::MaintenanceWindow",
        "AWS::SSM::MaintenanceWindowTarget",
        "AWS::SSM::MaintenanceWindowTask",
    ),
}
DATA_FREE: Mapping[str, str] = {name: why for why, names in _BY_REASON.items() for name in names}
"""The types without data, each with the reason."""
