"""A cluster that somebody has made by hand, with plain boto3 and nothing of this project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.cloud.commands.test_existing_vpc import REGISTRY, Theirs, their_vpc
from tests.cloud.conftest import EmbeddedCloud

ACCOUNT = "123456789012"
ROLES = {"ecsTaskExecutionRole": ["ecs-tasks"], "shop-web": ["ecs-tasks"], "clock": ["events", "scheduler"]}
TOKEN = "tok_3f9a8b7c6d5e4f3a2b1c"
"""A secret that no file may ever show."""


@dataclass
class Strange:
    """The cluster `Legacy_Prod`, and the resources around it.

    Attributes:
        app, database: the group that its tasks are in, and the one that lets that group in.
    """

    cloud: EmbeddedCloud
    theirs: Theirs
    app: str
    database: str
    target_group: str

    def register(self, family: str, container: dict[str, Any], **more: Any) -> str:
        """Register a task definition of one container; return its ARN."""
        image = {"image": f"{REGISTRY}/{family}:1", "name": family, "essential": True, **container}
        task = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "512", "memory": "1024"}
        given = {**task, "containerDefinitions": [image, *more.pop("beside", [])], **more}
        made = self.cloud.client("ecs").register_task_definition(family=family, **given)
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def serve(self, name: str, definition: str, *, public: bool = True, **more: Any) -> None:
        """Create a service in their subnets."""
        network = {
            "subnets": self.theirs.public if public else self.theirs.private,
            "securityGroups": [self.app],
            "assignPublicIp": "ENABLED" if public else "DISABLED",
        }
        self.cloud.client("ecs").create_service(
            cluster="Legacy_Prod",
            serviceName=name,
            taskDefinition=definition,
            networkConfiguration={"awsvpcConfiguration": network},
            **{"desiredCount": 1, "launchType": "FARGATE", **more},
        )


def strange_cluster(cloud: EmbeddedCloud) -> Strange:
    """Make the cluster: a web service with all that this tool has no word for, a worker, and two jobs by the clock."""
    theirs = their_vpc(cloud, nat=False)
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    app, database, front = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=theirs.vpc)["GroupId"]
        for name in ("app", "database", "front")
    )
    pair = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": app}]}
    ec2.authorize_security_group_ingress(GroupId=database, IpPermissions=[pair])
    ec2.authorize_security_group_ingress(
        GroupId=front, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="203.0.113.0/24"
    )
    cloud.client("ecs").create_cluster(clusterName="Legacy_Prod")
    balancer = elb.create_load_balancer(Name="front", Subnets=theirs.public, SecurityGroups=[front])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name="app",
        Protocol="HTTP",
        Port=8000,
        VpcId=theirs.vpc,
        TargetType="ip",
        HealthCheckPath="/healthz",
        HealthCheckIntervalSeconds=20,
        Matcher={"HttpCode": "200-299"},
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "90"},
            {"Key": "stickiness.enabled", "Value": "true"},
        ],
    )
    nothing = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}]
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=nothing)
    elb.create_rule(
        ListenerArn=listener["Listeners"][0]["ListenerArn"],
        Priority=10,
        Conditions=[
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example.com", "www.example.net"]}},
            {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api", "/api/*"]}},
        ],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    for name, services in ROLES.items():
        statements = [
            {"Effect": "Allow", "Principal": {"Service": f"{one}.amazonaws.com"}, "Action": "sts:AssumeRole"}
            for one in services
        ]
        trust = json.dumps({"Version": "2012-10-17", "Statement": statements})
        cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    cloud.advance(60)  # until other services know the roles
    made = Strange(cloud, theirs, app, database, group)
    _services(made)
    _clock(made)
    return made


def _services(made: Strange) -> None:
    secret = f"arn:aws:secretsmanager:ap-northeast-1:{ACCOUNT}:secret:shop/db-AbCdEf"
    web = made.register(
        "web",
        {
            "portMappings": [{"containerPort": 8000, "protocol": "tcp"}, {"containerPort": 9102, "protocol": "tcp"}],
            "environment": [{"name": "LEVEL", "value": "info"}, {"name": "API_TOKEN", "value": TOKEN}],
            "secrets": [
                {"name": "STRIPE_KEY", "valueFrom": f"arn:aws:ssm:ap-northeast-1:{ACCOUNT}:parameter/shop/stripe"},
                {"name": "DB_PASSWORD", "valueFrom": f"{secret}:password::"},
                {"name": "OLD_KEY", "valueFrom": f"{secret}:key:AWSPREVIOUS:"},
            ],
            "mountPoints": [{"sourceVolume": "files", "containerPath": "/srv/files"}],
            "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "datadog"}},
            "command": ["gunicorn", "shop.wsgi"],
            "user": "1000",
            "stopTimeout": 45,
            "healthCheck": {"command": ["CMD-SHELL", "curl -f localhost:8000/healthz || exit 1"], "startPeriod": 10},
        },
        beside=[
            {
                "name": "log_router",
                "image": "fluent/fluent-bit:3",
                "essential": True,
                "firelensConfiguration": {"type": "fluentbit"},
            }
        ],
        volumes=[{"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}],
        executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole",
        taskRoleArn=f"arn:aws:iam::{ACCOUNT}:role/shop-web",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    )
    made.serve(
        "web_app",
        web,
        loadBalancers=[{"targetGroupArn": made.target_group, "containerName": "web", "containerPort": 8000}],
        healthCheckGracePeriodSeconds=120,
        enableExecuteCommand=True,
        deploymentConfiguration={
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
    )
    made.serve("worker", made.register("worker", {}), public=False, desiredCount=0)
    scaling = made.cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/Legacy_Prod/worker",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=4)
    steps = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}
    scaling.put_scaling_policy(
        PolicyName="queue", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps, **target
    )


def _clock(made: Strange) -> None:
    """Let a rule of EventBridge run one task each night, and a schedule of its Scheduler another."""
    definition = made.register("report", {"command": ["report"]})
    cluster = f"arn:aws:ecs:ap-northeast-1:{ACCOUNT}:cluster/Legacy_Prod"
    network = {"Subnets": made.theirs.public, "SecurityGroups": [made.app], "AssignPublicIp": "ENABLED"}
    parameters = {
        "TaskDefinitionArn": definition,
        "TaskCount": 1,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": network},
    }
    target = {"Arn": cluster, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/clock", "EcsParameters": parameters}
    events = made.cloud.client("events")
    events.put_rule(Name="Nightly_Report", ScheduleExpression="cron(0 3 * * ? *)")
    words = {"containerOverrides": [{"name": "report", "command": ["report", "--all"]}]}
    events.put_targets(Rule="Nightly_Report", Targets=[{"Id": "1", "Input": json.dumps(words), **target}])
    made.cloud.client("scheduler").create_schedule(
        Name="weekly",
        ScheduleExpression="cron(0 6 ? * MON *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        Target=target,
    )
