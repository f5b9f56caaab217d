"""Refusals by Elastic Load Balancing."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.acm import in_use, issued, pending
from tests.cloud.refusals.case import ERRORS, Case, Scene, once, parameter
from tests.cloud.refusals.network import balancer, listener, subnets, target_group, twin_subnet, vpc

case = partial(Case, "elbv2")
LOGS = "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1956"
BASE = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012"
NO_BALANCER = f"{BASE}:loadbalancer/app/nothing/0123456789abcdef"
NO_GROUP = f"{BASE}:targetgroup/nothing/0123456789abcdef"
NO_LISTENER = f"{BASE}:listener/app/nothing/0123456789abcdef/0123456789abcdef"
NO_RULE = f"{BASE}:listener-rule/app/nothing/0123456789abcdef/0123456789abcdef/0123456789abcdef"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
API = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
QUOTAS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
ATTRIBUTES = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html"
MATCHER = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html"
HEALTH = "https://github.com/hashicorp/terraform-provider-aws/issues/48070"
TRANSFORMS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html"
VERSIONS = (
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html"
    "#target-group-protocol-version"
)
OIDC = f"{API}API_AuthenticateOidcActionConfig.html"
ACTIONS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html"
PROVIDERS_URLS = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
GROUP_ATTRIBUTES = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html"


@once
def of_grpc(scene: Scene) -> str:
    """The ARN of a target group of gRPC."""
    return str(group(scene, scene.client("elbv2"), ProtocolVersion="GRPC")["TargetGroups"][0]["TargetGroupArn"])


@once
def of_http2(scene: Scene) -> str:
    """The ARN of a target group of HTTP/2."""
    return str(group(scene, scene.client("elbv2"), ProtocolVersion="HTTP2")["TargetGroups"][0]["TargetGroupArn"])


@once
def rule(scene: Scene) -> str:
    """The ARN of the listener's rule of priority 1."""
    made = scene.client("elbv2").create_rule(
        ListenerArn=listener(scene), Priority=1, Conditions=PATH, Actions=forward(target_group(scene))
    )
    return str(made["Rules"][0]["RuleArn"])


PATH = [{"Field": "path-pattern", "Values": ["/x"]}]


def forward(arn: str) -> list[dict[str, Any]]:
    return [{"Type": "forward", "TargetGroupArn": arn}]


def weighted(*groups: tuple[str, int]) -> list[dict[str, Any]]:
    shares = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": shares}}]


def new(scene: Scene, elb: Any, **more: Any) -> Any:
    """Create a load balancer."""
    return elb.create_load_balancer(**{"Name": scene.name("lb"), "Subnets": subnets(scene), **more})


def group(scene: Scene, elb: Any, **more: Any) -> Any:
    """Create a target group."""
    request = {"Name": scene.name("tg"), "Protocol": "HTTP", "Port": 80, "VpcId": vpc(scene), "TargetType": "ip"}
    return elb.create_target_group(**{**request, **more})


def listen(scene: Scene, elb: Any, **more: Any) -> Any:
    """Create a listener of the balancer that has one on port 80."""
    listener(scene)
    actions = forward(target_group(scene))
    request = {"LoadBalancerArn": balancer(scene), "Protocol": "HTTP", "Port": 8000, "DefaultActions": actions}
    return elb.create_listener(**{**request, **more})


def https(scene: Scene, elb: Any, certificate: str, policy: str = POLICY) -> Any:
    """Create an HTTPS listener."""
    return listen(
        scene, elb, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}], SslPolicy=policy
    )


def rewriting(*regexes: str) -> list[dict[str, Any]]:
    rewrites = [{"Regex": one, "Replace": "/"} for one in regexes]
    return [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [one]}} for one in rewrites]


def transformed(scene: Scene, elb: Any, *regexes: str) -> Any:
    """Create a rule with transforms."""
    request = {"ListenerArn": listener(scene), "Priority": 5, "Conditions": PATH}
    return elb.create_rule(**request, Actions=forward(target_group(scene)), Transforms=rewriting(*regexes))


def signing(arn: str, *, order: bool = True, **more: Any) -> list[dict[str, Any]]:
    """Return a sign-in before a forward; a member that is None is left out."""
    of_provider = {name: f"https://login.example.org/{name}" for name in PROVIDERS_URLS}
    config = {**of_provider, "ClientId": "it", "ClientSecret": "a-secret-of-it", **more}
    first = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {k: v for k, v in config.items() if v is not None}}
    both = [first, *forward(arn)]
    return [{**one, "Order": number} for number, one in enumerate(both, 1)] if order else both


def signed(
    scene: Scene, elb: Any, *, secure: bool = True, actions: list[dict[str, Any]] | None = None, **more: Any
) -> Any:
    """Create a rule with a sign-in at the HTTPS listener, or at that of HTTP."""
    there = in_use(scene)[1] if secure else listener(scene)
    asked = actions or signing(target_group(scene, "secure"), **more)
    return elb.create_rule(ListenerArn=there, Priority=6, Conditions=PATH, Actions=asked)


def twice_signed(scene: Scene, elb: Any) -> Any:
    """Create a rule with two sign-ins."""
    first, last = signing(target_group(scene, "secure"))
    return signed(scene, elb, actions=[first, {**first, "Order": 2}, {**last, "Order": 3}])


def keeping_none(scene: Scene, elb: Any) -> Any:
    """Have a rule without a sign-in keep its client secret."""
    made = elb.create_rule(
        ListenerArn=in_use(scene)[1], Priority=7, Conditions=PATH, Actions=forward(target_group(scene, "secure"))
    )
    arn = made["Rules"][0]["RuleArn"]
    try:
        asked = signing(target_group(scene, "secure"), ClientSecret=None, UseExistingClientSecret=True)
        return elb.modify_rule(RuleArn=arn, Actions=asked)
    finally:
        elb.delete_rule(RuleArn=arn)


def elsewhere(scene: Scene, elb: Any) -> str:
    """Create a target group in a VPC without the load balancer."""
    other = scene.client("ec2").create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    return str(group(scene, elb, VpcId=other)["TargetGroups"][0]["TargetGroupArn"])


def hundred_rules(scene: Scene, elb: Any) -> None:
    """Create rules until there are too many, and delete them."""
    made, actions = list[str](), forward(target_group(scene))
    try:
        for number in range(101):
            asked = {"ListenerArn": listener(scene), "Priority": 1000 + number, "Conditions": PATH, "Actions": actions}
            made.append(elb.create_rule(**asked)["Rules"][0]["RuleArn"])
    finally:
        for arn in made:
            elb.delete_rule(RuleArn=arn)


def listed(scene: Scene, elb: Any, certificate: str) -> Any:
    """Add a certificate to the list of an HTTPS listener."""
    _, arn = in_use(scene)
    return elb.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": certificate}])


def unlisted(scene: Scene, elb: Any) -> Any:
    """Remove the default certificate from an HTTPS listener."""
    certificate, arn = in_use(scene)
    return elb.remove_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": certificate}])


def ruled(scene: Scene, elb: Any, conditions: list[dict[str, Any]]) -> Any:
    """Create a rule with these conditions."""
    actions = forward(target_group(scene))
    return elb.create_rule(ListenerArn=listener(scene), Priority=4, Conditions=conditions, Actions=actions)


def host(*labels: str) -> dict[str, Any]:
    values = [f"{label}.example.com" for label in labels]
    return {"Field": "host-header", "HostHeaderConfig": {"Values": values}}


def paths(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": [*values]}}


def protected(scene: Scene, elb: Any) -> Any:
    """Delete a balancer whose deletion protection is on."""
    arn = balancer(scene, "protected")
    switch = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[switch])
    return elb.delete_load_balancer(LoadBalancerArn=arn)


def fresh(scene: Scene, elb: Any) -> str:
    """The ARN of a balancer that is still being provisioned."""
    return str(new(scene, elb)["LoadBalancers"][0]["LoadBalancerArn"])


def default_rule(scene: Scene, elb: Any) -> Any:
    rules = elb.describe_rules(ListenerArn=listener(scene))["Rules"]
    return elb.delete_rule(RuleArn=next(one["RuleArn"] for one in rules if one["IsDefault"]))


def attribute(elb: Any, arn: str, key: str, value: str) -> Any:
    return elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])


def group_attribute(elb: Any, arn: str, key: str, value: str) -> Any:
    return elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}])


def tags(number: int) -> list[dict[str, str]]:
    return [{"Key": f"a{one}", "Value": "b"} for one in range(number)]


CASES = (
    case("CreateLoadBalancer", "with a name in use, and other settings", "DuplicateLoadBalancerName", ERRORS,
        lambda s, c: (balancer(s), new(s, c, Name="web", Scheme="internal"))),
    case("CreateLoadBalancer", "with a name of more than 32 characters", "ValidationError", parameter("Name"),
        lambda s, c: new(s, c, Name="x" * 33)),
    case("CreateLoadBalancer", "with invalid characters in the name", "ValidationError", parameter("Name"),
        lambda s, c: new(s, c, Name="web_lb")),
    case("CreateLoadBalancer", "with a name that begins with a hyphen", "ValidationError", parameter("Name"),
        lambda s, c: new(s, c, Name="-web")),
    case("CreateLoadBalancer", "with a name that begins with internal-", "ValidationError", parameter("Name"),
        lambda s, c: new(s, c, Name="internal-web")),
    case("CreateLoadBalancer", "in an unknown subnet", "SubnetNotFound", ERRORS,
        lambda s, c: new(s, c, Subnets=[subnets(s)[0], "subnet-00000000000000000"])),
    case("CreateLoadBalancer", "in one zone only", "ValidationError", parameter("Subnets"),
        lambda s, c: new(s, c, Subnets=subnets(s)[:1]), "At least two subnets"),
    case("CreateLoadBalancer", "with two subnets in one zone", "InvalidConfigurationRequest", parameter("Subnets"),
        lambda s, c: new(s, c, Subnets=[subnets(s)[0], twin_subnet(s)])),
    case("CreateLoadBalancer", "to the internet in a VPC without a gateway", "InvalidSubnet", ERRORS,
        lambda s, c: new(s, c, Subnets=subnets(s, 1)), "has no internet gateway"),
    case("CreateLoadBalancer", "with an unknown security group", "InvalidSecurityGroup", ERRORS,
        lambda s, c: (balancer(s), new(s, c, SecurityGroups=["sg-00000000000000000"]))),
    case("CreateLoadBalancer", "with a tag key twice", "DuplicateTagKeys", ERRORS,
        lambda s, c: (balancer(s), new(s, c, Tags=[{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]))),
    case("CreateLoadBalancer", "with more than 50 tags", "TooManyTags", ERRORS,
        lambda s, c: (balancer(s), new(s, c, Tags=tags(51)))),
    case("CreateLoadBalancer", "with a scheme that does not exist", "ValidationError", parameter("Scheme"),
        lambda s, c: (balancer(s), new(s, c, Scheme="public"))),
    case("DeleteLoadBalancer", "while deletion protection is on", "OperationNotPermitted", ERRORS, protected),
    case("DescribeLoadBalancers", "of an unknown name", "LoadBalancerNotFound", ERRORS,
        lambda s, c: c.describe_load_balancers(Names=["nothing"])),
    case("DescribeLoadBalancerAttributes", "of an unknown ARN", "LoadBalancerNotFound", ERRORS,
        lambda s, c: c.describe_load_balancer_attributes(LoadBalancerArn=NO_BALANCER)),
    case("ModifyLoadBalancerAttributes", "of an unknown ARN", "LoadBalancerNotFound", ERRORS,
        lambda s, c: attribute(c, NO_BALANCER, "idle_timeout.timeout_seconds", "60")),
    case("ModifyLoadBalancerAttributes", "with a bucket for logs that it may not write into",
        "InvalidConfigurationRequest", LOGS,
        lambda s, c: c.modify_load_balancer_attributes(LoadBalancerArn=balancer(s), Attributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": "nobodys"}]), "Access Denied for bucket: nobodys"),
    case("ModifyLoadBalancerAttributes", "with a key that does not exist", "ValidationError", ATTRIBUTES,
        lambda s, c: attribute(c, balancer(s), "idle.timeout", "60")),
    case("ModifyLoadBalancerAttributes", "with a number out of range", "ValidationError", ATTRIBUTES,
        lambda s, c: attribute(c, balancer(s), "idle_timeout.timeout_seconds", "4001")),
    case("ModifyLoadBalancerAttributes", "with neither true nor false", "ValidationError", ATTRIBUTES,
        lambda s, c: attribute(c, balancer(s), "deletion_protection.enabled", "yes")),
    case("ModifyLoadBalancerAttributes", "with a mode that does not exist", "ValidationError", ATTRIBUTES,
        lambda s, c: attribute(c, balancer(s), "routing.http.desync_mitigation_mode", "off")),
    case("SetSecurityGroups", "while it is being provisioned", "OperationNotPermitted",
        "https://github.com/alchemy-run/alchemy/issues/207",
        lambda s, c: (balancer(s), c.set_security_groups(
            LoadBalancerArn=fresh(s, c), SecurityGroups=["sg-00000000000000000"]))),
    case("SetSecurityGroups", "of an unknown ARN", "LoadBalancerNotFound", ERRORS,
        lambda s, c: c.set_security_groups(LoadBalancerArn=NO_BALANCER, SecurityGroups=["sg-00000000000000000"])),
    case("SetSubnets", "while it is being provisioned", "OperationNotPermitted",
        "https://github.com/alchemy-run/alchemy/issues/207",
        lambda s, c: (balancer(s), c.set_subnets(LoadBalancerArn=fresh(s, c), Subnets=subnets(s)[:2]))),
    case("SetSubnets", "of an unknown ARN", "LoadBalancerNotFound", ERRORS,
        lambda s, c: c.set_subnets(LoadBalancerArn=NO_BALANCER, Subnets=subnets(s))),

    case("CreateTargetGroup", "with a name in use, and other settings", "DuplicateTargetGroupName", ERRORS,
        lambda s, c: (target_group(s), group(s, c, Name="web", Port=81))),
    case("CreateTargetGroup", "with a name of more than 32 characters", "ValidationError", parameter("Name"),
        lambda s, c: group(s, c, Name="x" * 33)),
    case("CreateTargetGroup", "with invalid characters in the name", "ValidationError", parameter("Name"),
        lambda s, c: group(s, c, Name="web_tg")),
    case("CreateTargetGroup", "with a name that ends with a hyphen", "ValidationError", parameter("Name"),
        lambda s, c: group(s, c, Name="web-")),
    case("CreateTargetGroup", "with a tag that has other signs than those allowed", "ValidationError",
        parameter("Tags"), lambda s, c: group(s, c, Tags=[{"Key": "a", "Value": "b\x1b"}]), "tags.1.member.value"),
    case("CreateTargetGroup", "in an unknown VPC", "ValidationError", parameter("VpcId"),
        lambda s, c: group(s, c, VpcId="vpc-00000000000000000"), "is not found"),
    case("CreateTargetGroup", "without a VPC", "ValidationError", parameter("VpcId"),
        lambda s, c: c.create_target_group(Name=s.name("tg"), Protocol="HTTP", Port=80, TargetType="ip")),
    case("CreateTargetGroup", "with a port above 65535", "ValidationError", parameter("Port"),
        lambda s, c: group(s, c, Port=65536)),
    case("CreateTargetGroup", "with a health check less often than every 300 seconds", "ValidationError",
        parameter("HealthCheckIntervalSeconds"), lambda s, c: group(s, c, HealthCheckIntervalSeconds=301)),
    case("CreateTargetGroup", "with a health threshold above 10", "ValidationError",
        parameter("HealthyThresholdCount"), lambda s, c: group(s, c, HealthyThresholdCount=11)),
    case("CreateTargetGroup", "with a health check path that does not begin with a slash", "ValidationError",
        parameter("HealthCheckPath"), lambda s, c: group(s, c, HealthCheckPath="health")),
    case("CreateTargetGroup", "with health checks that take as long as the time between them", "ValidationError",
        HEALTH, lambda s, c: group(s, c, HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=5),
        "interval must be greater than the timeout"),
    case("CreateTargetGroup", "with a timeout of health checks above 120 seconds", "ValidationError",
        parameter("HealthCheckTimeoutSeconds"),
        lambda s, c: group(s, c, HealthCheckIntervalSeconds=300, HealthCheckTimeoutSeconds=121)),
    case("CreateTargetGroup", "with codes of health checks above 499", "ValidationError", MATCHER,
        lambda s, c: group(s, c, Matcher={"HttpCode": "200-599"}), "200-499"),
    case("CreateTargetGroup", "with codes of health checks that are none", "ValidationError", MATCHER,
        lambda s, c: group(s, c, Matcher={"HttpCode": "2xx"})),
    case("CreateTargetGroup", "of gRPC, with codes of HTTP", "ValidationError", MATCHER,
         lambda s, elb: group(s, elb, ProtocolVersion="GRPC", Matcher={"HttpCode": "200"})),
    case("CreateTargetGroup", "of HTTP, with codes of gRPC", "ValidationError", MATCHER,
         lambda s, elb: group(s, elb, Matcher={"GrpcCode": "12"})),
    case("CreateTargetGroup", "with codes of gRPC above 99", "ValidationError", MATCHER,
         lambda s, elb: group(s, elb, ProtocolVersion="GRPC", Matcher={"GrpcCode": "0-200"})),
    case("CreateTargetGroup", "with a protocol version that does not exist", "ValidationError",
         parameter("ProtocolVersion"), lambda s, elb: group(s, elb, ProtocolVersion="HTTP3")),
    case("CreateTargetGroup", "of HTTP, with health checks by TCP", "ValidationError",
         parameter("HealthCheckProtocol"), lambda s, elb: group(s, elb, HealthCheckProtocol="TCP")),
    case("CreateTargetGroup", "with a target type that does not exist", "ValidationError", parameter("TargetType"),
        lambda s, c: group(s, c, TargetType="task")),
    case("DeleteTargetGroup", "while a listener forwards to it", "ResourceInUse", ERRORS,
        lambda s, c: (listener(s), c.delete_target_group(TargetGroupArn=target_group(s))),
        "is currently in use by a listener or a rule"),
    case("DescribeTargetGroups", "of an unknown name", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.describe_target_groups(Names=["nothing"])),
    case("DescribeTargetGroupAttributes", "of an unknown ARN", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.describe_target_group_attributes(TargetGroupArn=NO_GROUP)),
    case("ModifyTargetGroup", "of an unknown ARN", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.modify_target_group(TargetGroupArn=NO_GROUP, HealthCheckPath="/")),
    case("ModifyTargetGroup", "to a timeout of health checks as long as their interval", "ValidationError", HEALTH,
        lambda s, c: c.modify_target_group(TargetGroupArn=target_group(s), HealthCheckTimeoutSeconds=30),
        "interval must be greater than the timeout"),
    case("ModifyTargetGroup", "to codes of health checks below 200", "ValidationError", MATCHER,
        lambda s, c: c.modify_target_group(TargetGroupArn=target_group(s), Matcher={"HttpCode": "100-299"})),
    case("ModifyTargetGroup", "of gRPC, to codes of HTTP", "ValidationError", MATCHER,
         lambda s, elb: elb.modify_target_group(TargetGroupArn=of_grpc(s), Matcher={"HttpCode": "200"})),
    case("ModifyTargetGroupAttributes", "of an unknown ARN", "TargetGroupNotFound", ERRORS,
        lambda s, c: group_attribute(c, NO_GROUP, "deregistration_delay.timeout_seconds", "30")),
    case("ModifyTargetGroupAttributes", "with a key that does not exist", "ValidationError", GROUP_ATTRIBUTES,
        lambda s, c: group_attribute(c, target_group(s), "deregistration.delay", "30")),
    case("ModifyTargetGroupAttributes", "with a number out of range", "ValidationError", GROUP_ATTRIBUTES,
        lambda s, c: group_attribute(c, target_group(s), "deregistration_delay.timeout_seconds", "3601")),

    case("CreateListener", "on a port that has one, and other settings", "DuplicateListener", ERRORS,
        lambda s, c: listen(s, c, Port=80, DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])),
    case("CreateListener", "by HTTP, to a target group of gRPC", "InvalidLoadBalancerAction", VERSIONS,
         lambda s, elb: listen(s, elb, DefaultActions=forward(of_grpc(s))),
         says="Listener protocol 'HTTP' is not supported with a target group with the protocol-version 'GRPC'"),
    case("CreateListener", "by HTTP, to a target group of HTTP/2", "InvalidLoadBalancerAction", VERSIONS,
         lambda s, elb: listen(s, elb, DefaultActions=forward(of_http2(s)))),
    case("CreateRule", "of a listener by HTTP, to a target group of gRPC", "InvalidLoadBalancerAction", VERSIONS,
         lambda s, elb: elb.create_rule(
             ListenerArn=listener(s), Priority=6, Conditions=PATH, Actions=forward(of_grpc(s)))),
    case("CreateListener", "of an unknown load balancer", "LoadBalancerNotFound", ERRORS,
        lambda s, c: listen(s, c, LoadBalancerArn=NO_BALANCER)),
    case("CreateListener", "to an unknown target group", "TargetGroupNotFound", ERRORS,
        lambda s, c: listen(s, c, DefaultActions=forward(NO_GROUP))),
    case("CreateListener", "to a target group of another load balancer", "TargetGroupAssociationLimit", ERRORS,
        lambda s, c: listen(s, c, LoadBalancerArn=balancer(s, "other"))),
    case("CreateListener", "with an unknown certificate", "CertificateNotFound", ERRORS,
        lambda s, c: https(s, c, "arn:aws:acm:ap-northeast-1:123456789012:certificate/nothing")),
    case("CreateListener", "with a certificate of another Region", "ValidationError",
        "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2754",
        lambda s, c: https(s, c, "arn:aws:acm:us-east-1:123456789012:certificate/nothing"), "is not valid"),
    case("CreateListener", "with a certificate of another account", "CertificateNotFound", ERRORS,
        lambda s, c: https(s, c, "arn:aws:acm:ap-northeast-1:210987654321:certificate/nothing")),
    case("CreateListener", "with a certificate that is not issued", "UnsupportedCertificate",
        "https://github.com/hashicorp/terraform-provider-aws/issues/41789", lambda s, c: https(s, c, pending(s)),
        "fully-qualified domain name"),
    case("CreateListener", "with a certificate issued moments ago", "UnsupportedCertificate",
        "https://github.com/hashicorp/terraform-provider-aws/issues/26245",
        lambda s, c: (listener(s), https(s, c, issued(s, s.name("moment"))))),
    case("CreateListener", "with HTTPS and no certificate", "ValidationError", parameter("Certificates"),
        lambda s, c: listen(s, c, Protocol="HTTPS", Port=443, SslPolicy=POLICY), "A certificate must be specified"),
    case("CreateListener", "with a TLS policy that does not exist", "SSLPolicyNotFound", ERRORS,
        lambda s, c: https(s, c, pending(s), "ELBSecurityPolicy-TLS13")),
    case("CreateListener", "with a protocol of network load balancers", "ValidationError", parameter("Protocol"),
        lambda s, c: listen(s, c, Protocol="TCP")),
    case("CreateListener", "with a port above 65535", "ValidationError", parameter("Port"),
        lambda s, c: listen(s, c, Port=65536)),
    case("CreateListener", "that redirects to itself", "InvalidLoadBalancerAction", ERRORS,
        lambda s, c: listen(s, c, DefaultActions=[
            {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}]), "loop"),
    case("CreateListener", "with a redirect that is neither 301 nor 302", "ValidationError",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html",
        lambda s, c: listen(s, c, DefaultActions=[
            {"Type": "redirect", "RedirectConfig": {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_308"}}])),
    case("ModifyListener", "of an unknown ARN", "ListenerNotFound", ERRORS,
        lambda s, c: c.modify_listener(ListenerArn=NO_LISTENER, Port=81)),
    case("ModifyListener", "to an unknown target group", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.modify_listener(ListenerArn=listener(s), DefaultActions=forward(NO_GROUP))),
    case("ModifyListener", "to a TLS policy that does not exist", "SSLPolicyNotFound", ERRORS,
        lambda s, c: c.modify_listener(
            ListenerArn=listener(s), Protocol="HTTPS", SslPolicy="ELBSecurityPolicy-TLS13",
            Certificates=[{"CertificateArn": pending(s)}])),
    case("DeleteListener", "of an unknown ARN", "ListenerNotFound", ERRORS,
        lambda s, c: c.delete_listener(ListenerArn=NO_LISTENER)),
    case("DescribeListeners", "of an unknown ARN", "ListenerNotFound", ERRORS,
        lambda s, c: c.describe_listeners(ListenerArns=[NO_LISTENER])),
    case("AddListenerCertificates", "of an unknown certificate", "CertificateNotFound", ERRORS,
        lambda s, c: listed(s, c, "arn:aws:acm:ap-northeast-1:123456789012:certificate/nothing")),
    case("AddListenerCertificates", "of one that is not issued", "UnsupportedCertificate",
        "https://github.com/hashicorp/terraform-provider-aws/issues/41789", lambda s, c: listed(s, c, pending(s))),
    case("AddListenerCertificates", "to an unknown listener", "ListenerNotFound", ERRORS,
        lambda s, c: c.add_listener_certificates(
            ListenerArn=NO_LISTENER, Certificates=[{"CertificateArn": pending(s)}])),
    case("AddListenerCertificates", "to a listener by HTTP", "ValidationError", parameter("Certificates"),
        lambda s, c: c.add_listener_certificates(
            ListenerArn=listener(s), Certificates=[{"CertificateArn": pending(s)}])),
    case("RemoveListenerCertificates", "of the default certificate", "OperationNotPermitted",
        f"{API}API_RemoveListenerCertificates.html", unlisted),
    case("DescribeListenerCertificates", "of an unknown listener", "ListenerNotFound", ERRORS,
        lambda s, c: c.describe_listener_certificates(ListenerArn=NO_LISTENER)),
    case("CreateRule", "with more than five values in its conditions", "ValidationError", QUOTAS,
        lambda s, c: ruled(s, c, [host(*"abcd"), paths("/a", "/b")]), "condition values"),
    case("CreateRule", "for a host without a dot", "ValidationError", f"{API}API_HostHeaderConditionConfig.html",
        lambda s, c: ruled(s, c, [{"Field": "host-header", "HostHeaderConfig": {"Values": ["web"]}}])),
    case("CreateRule", "for a host with a digit behind its last dot", "ValidationError",
        f"{API}API_HostHeaderConditionConfig.html",
        lambda s, c: ruled(s, c, [{"Field": "host-header", "HostHeaderConfig": {"Values": ["web.1x"]}}])),
    case("CreateRule", "with two conditions for hosts", "ValidationError", f"{API}API_RuleCondition.html",
        lambda s, c: ruled(s, c, [host("a"), host("b")])),
    case("CreateRule", "with a priority in use", "PriorityInUse", ERRORS,
        lambda s, c: (rule(s), c.create_rule(
            ListenerArn=listener(s), Priority=1, Conditions=PATH, Actions=forward(target_group(s))))),
    case("CreateRule", "of an unknown listener", "ListenerNotFound", ERRORS,
        lambda s, c: c.create_rule(
            ListenerArn=NO_LISTENER, Priority=1, Conditions=PATH, Actions=forward(target_group(s)))),
    case("CreateRule", "to an unknown target group", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.create_rule(
            ListenerArn=listener(s), Priority=2, Conditions=PATH, Actions=forward(NO_GROUP))),
    case("CreateRule", "with a priority above 50000", "ValidationError", parameter("Priority"),
        lambda s, c: c.create_rule(
            ListenerArn=listener(s), Priority=50001, Conditions=PATH, Actions=forward(target_group(s)))),
    case("CreateRule", "with a weight above 999", "ValidationError", f"{API}API_TargetGroupTuple.html",
        lambda s, c: c.create_rule(
            ListenerArn=listener(s), Priority=3, Conditions=PATH, Actions=weighted((target_group(s), 1000)))),
    case("CreateRule", "to more than five target groups", "ValidationError", QUOTAS,
        lambda s, c: c.create_rule(
            ListenerArn=listener(s), Priority=3, Conditions=PATH, Actions=weighted(*[(target_group(s), 1)] * 6))),
    case("CreateRule", "to a target group of another VPC", "InvalidConfigurationRequest",
        "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1045",
        lambda s, c: c.create_rule(
            ListenerArn=listener(s), Priority=4, Conditions=PATH, Actions=forward(elsewhere(s, c))), "different VPC"),
    case("CreateRule", "beyond a hundred rules", "TooManyRules",
        "https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1856", hundred_rules),
    case("CreateRule", "with two transforms of one type", "ValidationError", f"{API}API_CreateRule.html",
        lambda s, c: transformed(s, c, "^/a", "^/b"), "one transform of each type"),
    case("CreateRule", "with a lookahead in a transform", "ValidationError", TRANSFORMS,
        lambda s, c: transformed(s, c, "^/a(?=b)"), "not supported"),
    case("CreateRule", "with an invalid regular expression in a transform", "ValidationError", TRANSFORMS,
        lambda s, c: transformed(s, c, "^/a("), "is not valid"),
    case("ModifyRule", "with transforms and ResetTransforms", "ValidationError", f"{API}API_ModifyRule.html",
        lambda s, c: c.modify_rule(RuleArn=rule(s), Transforms=rewriting("^/a"), ResetTransforms=True), "both"),
    case("CreateRule", "with a sign-in at a listener of HTTP", "InvalidLoadBalancerAction", f"{API}API_Action.html",
        lambda s, c: signed(s, c, secure=False, actions=signing(target_group(s))), "only on HTTPS listeners"),
    case("CreateRule", "with a sign-in without a client secret", "InvalidLoadBalancerAction", OIDC,
        lambda s, c: signed(s, c, ClientSecret=None), "client secret must be specified"),
    case("CreateRule", "with a client secret and UseExistingClientSecret", "InvalidLoadBalancerAction",
        "https://github.com/ansible-collections/amazon.aws/issues/1877",
        lambda s, c: signed(s, c, UseExistingClientSecret=True), "cannot both specify a client secret"),
    case("CreateRule", "with a token endpoint by HTTP", "InvalidLoadBalancerAction", OIDC,
        lambda s, c: signed(s, c, TokenEndpoint="http://login.example.org/token"), "protocol HTTPS"),
    case("CreateRule", "with a sign-in and no order of the actions", "InvalidLoadBalancerAction",
        f"{API}API_Action.html", lambda s, c: signed(s, c, order=False), "order of its own"),
    case("CreateRule", "with two sign-ins", "InvalidLoadBalancerAction", ACTIONS, twice_signed, "one authentication"),
    case("CreateRule", "with a sign-in and nothing after it", "InvalidLoadBalancerAction", ACTIONS,
        lambda s, c: signed(s, c, actions=signing(target_group(s, "secure"))[:1]), "must be last"),
    case("CreateRule", "with a sign-in before a group of gRPC", "InvalidLoadBalancerAction", VERSIONS,
        lambda s, c: signed(s, c, actions=signing(of_grpc(s))), "protocol version 'GRPC'"),
    case("ModifyRule", "to keep a client secret that there is not", "InvalidLoadBalancerAction", OIDC, keeping_none,
         "client secret must be specified"),
    case("DeleteRule", "of a listener's default rule", "OperationNotPermitted", ERRORS, default_rule),
    case("DeleteRule", "of an unknown ARN", "RuleNotFound", ERRORS,
        lambda s, c: c.delete_rule(RuleArn=NO_RULE)),
    case("AddTags", "to an unknown load balancer", "LoadBalancerNotFound", ERRORS,
        lambda s, c: c.add_tags(ResourceArns=[NO_BALANCER], Tags=tags(1))),
    case("AddTags", "beyond 50 tags", "TooManyTags", ERRORS,
        lambda s, c: c.add_tags(ResourceArns=[target_group(s)], Tags=tags(51))),
    case("AddTags", "with a key twice", "DuplicateTagKeys", ERRORS,
        lambda s, c: c.add_tags(ResourceArns=[target_group(s)], Tags=tags(1) + tags(1))),
    case("DescribeTags", "of more than 20 resources", "ValidationError", parameter("ResourceArns"),
        lambda s, c: c.describe_tags(ResourceArns=[NO_GROUP] * 21)),
    case("DescribeTags", "of an unknown target group", "TargetGroupNotFound", ERRORS,
        lambda s, c: c.describe_tags(ResourceArns=[NO_GROUP])),
)  # fmt: skip
