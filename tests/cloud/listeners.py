"""Somebody else's load balancer: a listener in a VPC that is there, with rules of its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecs_emulator import control
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.vpcs import Place, Vpc, make

CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/shared"
PLACES = {
    "public-a": Place("a", "10.0.0.0/24", "igw"),
    "public-c": Place("c", "10.0.1.0/24", "igw"),
    "private-a": Place("a", "10.0.2.0/24", "nat"),
    "private-c": Place("c", "10.0.3.0/24", "nat"),
}
PROTOCOLS = {"HTTPS": 443, "HTTP": 80}


@dataclass
class Shared:
    """A listener of another team.

    Attributes:
        arn, balancer: the ARNs of the listener and of its load balancer. group: the id of its security group.
        target: the ARN of the team's target group.
    """

    cloud: EmbeddedCloud
    vpc: Vpc
    arn: str
    balancer: str
    group: str
    target: str

    @property
    def elb(self) -> Any:
        return self.cloud.client("elbv2")

    def rule(self, priority: int, *, hosts: tuple[str, ...] = (), paths: tuple[str, ...] = (), **more: Any) -> str:
        """Make a rule of the team's, and return its ARN."""
        conditions = [{"Field": "host-header", "HostHeaderConfig": {"Values": [*hosts]}}] if hosts else []
        conditions += [{"Field": "path-pattern", "PathPatternConfig": {"Values": [*paths]}}] if paths else []
        conditions += more.get("conditions", [])
        made = self.elb.create_rule(
            ListenerArn=self.arn,
            Priority=priority,
            Conditions=conditions,
            Actions=[{"Type": "forward", "TargetGroupArn": self.target}],
        )
        return str(made["Rules"][0]["RuleArn"])

    def rules(self) -> dict[str, dict[str, Any]]:
        """All rules of the listener but the default one, by ARN."""
        shown = self.elb.describe_rules(ListenerArn=self.arn)["Rules"]
        return {one["RuleArn"]: one for one in shown if not one["IsDefault"]}

    def seen(self) -> dict[str, Any]:
        """All that AWS shows of the team's: balancer, attributes, listeners, certificates, rules, groups, tags."""
        ec2, elb = self.cloud.client("ec2"), self.elb
        arns = [self.balancer, self.arn, self.target]
        return {
            "balancer": elb.describe_load_balancers(LoadBalancerArns=[self.balancer])["LoadBalancers"],
            "attributes": elb.describe_load_balancer_attributes(LoadBalancerArn=self.balancer)["Attributes"],
            "listeners": elb.describe_listeners(LoadBalancerArn=self.balancer)["Listeners"],
            "certificates": elb.describe_listener_certificates(ListenerArn=self.arn)["Certificates"],
            "rules": self.rules(),
            "tags": elb.describe_tags(ResourceArns=[*arns, *self.rules()])["TagDescriptions"],
            "group": ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"],
        }


def shared(
    cloud: EmbeddedCloud,
    protocol: str = "HTTPS",
    certified: tuple[str, ...] = ("*.example.com",),
    scheme: str = "internet-facing",
) -> Shared:
    """Make a VPC and in it a load balancer with one listener, whose default action answers 404."""
    vpc = make(cloud, PLACES)
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    group = ec2.create_security_group(GroupName="shared", Description="shared", VpcId=vpc.id)["GroupId"]
    port = PROTOCOLS[protocol]
    everybody = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[everybody])
    made = elb.create_load_balancer(
        Name="shared",
        Subnets=vpc.named("public"),
        SecurityGroups=[group],
        Scheme=scheme,
        Tags=[{"Key": "team", "Value": "web"}],
    )
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    target = elb.create_target_group(
        Name="theirs", Protocol="HTTP", Port=80, VpcId=vpc.id, TargetType="ip", HealthCheckPath="/"
    )["TargetGroups"][0]["TargetGroupArn"]
    control.put_unmanaged(cloud.process, {"region": REGION, "certificates": {CERTIFICATE: [*certified]}})
    tls = {"SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "Certificates": [{"CertificateArn": CERTIFICATE}]}
    answer = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "not here"}
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Port=port,
        Protocol=protocol,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
        **(tls if protocol == "HTTPS" else {}),
    )
    cloud.advance(300)
    return Shared(cloud, vpc, listener["Listeners"][0]["ListenerArn"], balancer, group, target)
