"""Read the listener that `load_balancer.listener` names and the places of rules; refuse a listener that does not fit.

Listener, load balancer, certificates and security groups are read only: they are never changed, tagged or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import code_of
from provisioner.config.facts import ExistingListener, OthersRule, balancer_of
from provisioner.config.host_names import covered
from provisioner.config.protocols import BY_HTTPS
from provisioner.config.records import BALANCER, PART
from provisioner.config.together import without_listener
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.words import names
from provisioner.operations.network import standing_protocols
from provisioner.resources.ec2.security import SecurityGroup
from provisioner.resources.elbv2.balancer import LoadBalancer, described_tags
from provisioner.resources.elbv2.conditions import HOST, PATH, normal
from provisioner.resources.elbv2.listeners import Listener, ListenerRule

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.facts import ExistingVpc
    from provisioner.config.models import Config
    from provisioner.state.model import Record

OTHER_WAY = "Make another environment with it, and move the names there (`up --take-over`)"


def read(aws: Aws, config: Config, records: Iterable[Record] = ()) -> ExistingListener | None:
    """Return the listener, with the rules that others have there; None if the stack makes its own.

    Args:
        records: the state's records.

    Raises:
        ConfigurationError: there is no such listener, or something is missing at it that the stack needs; or a standing
            service would need another target group.
    """
    recorded = list(records)
    check_unmoved(config, recorded)
    standing_protocols.check(config, recorded)
    if (arn := config.listener) is None:
        return None
    key = f"load_balancer.listener is {arn}"
    # the embedded cloud and rehearsals have accounts of their own
    if config.target == "aws" and (account := arn.split(":")[4]) != aws.account:
        raise ConfigurationError(
            f"{key}, which is of account {account}, and tasks of {aws.account} cannot be behind it: use a listener of "
            f"{aws.account}"
        )
    listener = _listener(aws, arn, key)
    (balancer,) = aws.read("elbv2", "describe_load_balancers", LoadBalancerArns=[balancer_of(arn)])["LoadBalancers"]
    if balancer.get("VpcId") != config.network.vpc:
        raise ConfigurationError(
            f"{key}, which sends requests into {balancer.get('VpcId')}, and network.vpc is {config.network.vpc}: use "
            f"the same VPC for both"
        )
    _check_protocols(config, listener, key)
    notices = [*_check_certificates(aws, config, listener, key)]
    if balancer.get("Scheme") == "internal":
        notices.append(f"{key}, whose load balancer is internal: its names lead to private addresses")
    others, own = _rules(aws, arn, recorded)
    return ExistingListener(
        arn,
        balancer["DNSName"],
        balancer["CanonicalHostedZoneId"],
        listener["Protocol"],
        int(listener["Port"]),
        tuple(sorted(balancer.get("SecurityGroups", ()))),
        others,
        own,
        tuple(notices),
    )


def check_unmoved(config: Config, records: Sequence[Record]) -> None:
    """Refuse to exchange the load balancer of a standing stack: a target group belongs to one load balancer for ever.

    AWS refuses it in the rules of a second one (ELBv2 API, CreateRule, TargetGroupAssociationLimit), and ECS moves a
    service to other target groups only together with its tasks.

    Raises:
        ConfigurationError: the recorded stack has another load balancer than the configuration.
    """
    if not config.public:
        return
    listeners = {one.id for one in records if one.type == Listener.type_name}
    at = {str(one.arguments.get("listener_arn")) for one in records if one.type == ListenerRule.type_name and one.id}
    elsewhere = {arn for arn in at - listeners if arn.startswith("arn:")}
    # `sleep --balancer` has deleted it, and `wake` makes it again
    asleep = any(one.address == f"{PART}/{BALANCER}" for one in records)
    own = asleep or any(one.type == LoadBalancer.type_name and one.id for one in records)
    if config.listener and own:
        raise ConfigurationError(
            f"load_balancer.listener is {config.listener}, but this stack has a load balancer of its own, and target "
            f"groups cannot move to another one. {OTHER_WAY}"
        )
    if others := sorted(elsewhere - {config.listener}) if not own else []:
        instead = f"is now {config.listener}" if config.listener else "is not there any more"
        raise ConfigurationError(
            f"this stack answers at {others[0]}, and load_balancer.listener {instead}, but target groups cannot move "
            f"to another load balancer. {OTHER_WAY}"
        )


def _listener(aws: Aws, arn: str, key: str) -> Mapping[str, Any]:
    try:
        (listener,) = aws.read("elbv2", "describe_listeners", ListenerArns=[arn])["Listeners"]
    except ClientError as error:
        if code_of(error) not in ("ListenerNotFound", "LoadBalancerNotFound"):
            raise
        raise ConfigurationError(
            f"{key}, but there is no such listener in {aws.region}: use the ARN of an existing one, or remove the key, "
            f"and the stack makes a load balancer of its own"
        ) from None
    return dict(listener)


def _check_protocols(config: Config, listener: Mapping[str, Any], key: str) -> None:
    """Refuse services of HTTP/2 and gRPC at a listener without TLS."""
    for name, service in config.public.items():
        if service.protocol in BY_HTTPS and listener["Protocol"] != "HTTPS":
            raise ConfigurationError(
                f"{key}, which answers by {listener['Protocol']}, and services.{name}.protocol is "
                f'"{service.protocol}", which a load balancer takes by HTTPS alone: use a listener for HTTPS, or "http"'
            )


def _check_certificates(aws: Aws, config: Config, listener: Mapping[str, Any], key: str) -> Iterator[str]:
    """Refuse names that no certificate of an HTTPS listener covers; yield a notice where nobody can tell."""
    wanted = config.names
    if listener["Protocol"] != "HTTPS":
        if wanted:
            yield f"{key}, which answers by HTTP: requests to {names(wanted)} cross the network in clear"
        return
    shown = aws.pages("elbv2", "describe_listener_certificates", "Certificates", ListenerArn=listener["ListenerArn"])
    arns = list(dict.fromkeys(one["CertificateArn"] for one in shown))
    in_acm = [arn for arn in arns if ":acm:" in arn]
    certified = sorted({name for some in aws.each(lambda arn: _names_in(aws, arn), in_acm) for name in some})
    missing = [name for name in wanted if not covered(name, certified)]
    if missing and len(in_acm) < len(arns):
        yield f"{key}, and {names(missing)} is in none of its certificates of ACM: see that one of IAM's covers it"
    elif missing:
        raise ConfigurationError(
            f"{key}, which shows certificates for {names(certified) or 'nothing'}, and not for {names(missing)}: have "
            f"its owner add one (AddListenerCertificates), or use other hosts"
        )


def _names_in(aws: Aws, arn: str) -> Sequence[str]:
    found = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found.get("SubjectAlternativeNames") or [found["DomainName"]]


def _rules(aws: Aws, arn: str, records: Sequence[Record]) -> tuple[tuple[OthersRule, ...], dict[str, int]]:
    """Return the rules of others at a listener, and the places of the stack's, by the rules' names."""
    found = [one for one in aws.pages("elbv2", "describe_rules", "Rules", ListenerArn=arn) if not one["IsDefault"]]
    recorded = {one.id: one.address for one in records if one.type == ListenerRule.type_name and one.id}
    tags = described_tags(aws, [one["RuleArn"] for one in found if one["RuleArn"] not in recorded])
    others, own = list[OthersRule](), dict[str, int]()
    for one in found:
        address = recorded.get(one["RuleArn"]) or aws.address_in(tags.get(one["RuleArn"], {})) or ""
        if address.startswith(f"{ListenerRule.type_name}/"):
            own[without_listener(address.partition("/")[2])] = int(one["Priority"])
        else:
            others.append(_others(one))
    return tuple(others), own


def recorded_priorities(records: Iterable[Record]) -> dict[str, int]:
    """Return the priorities of the recorded rules, by their names without the listener's part.

    So no standing rule is renumbered by another path.
    """
    return {
        without_listener(record.address.partition("/")[2]): int(record.arguments["priority"])
        for record in records
        if record.type == ListenerRule.type_name and "priority" in record.arguments
    }


def _others(rule: Mapping[str, Any]) -> OthersRule:
    conditions = [normal(one) for one in rule.get("Conditions", ())]
    values = {field: tuple(one["Values"]) for one in conditions if (field := one["Field"]) and "Values" in one}
    hosts = tuple(host.lower() for host in values.get(HOST, ()))
    # a regular expression, a header, a query: what else it asks for only makes it take less
    narrower = any(one["Field"] not in (HOST, PATH) or "Values" not in one for one in conditions)
    return OthersRule(int(rule["Priority"]), hosts, values.get(PATH, ()), narrower)


def check_way(
    aws: Aws, config: Config, listener: ExistingListener, vpc: ExistingVpc, records: Iterable[Record] = ()
) -> None:
    """Refuse tasks that the load balancer does not reach: in zones without it, or behind its groups' outgoing rules.

    Raises:
        ConfigurationError: it would not reach them, with what its owner has to change.
    """
    _check_zones(aws, config, listener, vpc)
    found = aws.read("ec2", "describe_security_groups", GroupIds=list(listener.security_groups))["SecurityGroups"]
    rules = [rule for group in found for rule in group.get("IpPermissionsEgress", ())]
    own = {one.id for one in records if one.type == SecurityGroup.type_name}
    ranges = [IPv4Network(one) for one in vpc.of_tasks or (vpc.cidr,)]
    for name in config.public:
        port = config.port_of(name)
        if not any(_lets_out(rule, port, ranges, own) for rule in rules):
            raise ConfigurationError(
                f"load_balancer.listener is {listener.arn}, whose load balancer cannot reach port {port} of service "
                f"{name}: no outgoing rule of {names(listener.security_groups)} allows it. Ask their owner to "
                f"allow TCP {port} to {names([str(one) for one in ranges])} (AuthorizeSecurityGroupEgress)"
            )


def _check_zones(aws: Aws, config: Config, listener: ExistingListener, vpc: ExistingVpc) -> None:
    """Refuse tasks in zones without the load balancer, which get no requests (TargetHealth, Target.NotInUse)."""
    arns = [balancer_of(listener.arn)]
    (balancer,) = aws.read("elbv2", "describe_load_balancers", LoadBalancerArns=arns)["LoadBalancers"]
    enabled = {one["ZoneName"] for one in balancer["AvailabilityZones"]}
    tasks = vpc.public if config.network.egress == "public" else vpc.private
    filters = [{"Name": "subnet-id", "Values": sorted(tasks)}]
    subnets = aws.pages("ec2", "describe_subnets", "Subnets", Filters=filters)
    outside = {one["SubnetId"]: one["AvailabilityZone"] for one in subnets if one["AvailabilityZone"] not in enabled}
    if outside:
        which = names([f"{subnet} ({zone})" for subnet, zone in sorted(outside.items())])
        kind = "public" if config.network.egress == "public" else "private"
        raise ConfigurationError(
            f"load_balancer.listener is {listener.arn}, whose load balancer is in {names(sorted(enabled))} only, and "
            f"sends nothing to tasks in {which}: name subnets of its zones in network.subnets.{kind}, or have its "
            f"owner add these zones"
        )


def _lets_out(rule: Mapping[str, Any], port: int, ranges: Sequence[IPv4Network], own: set[str | None]) -> bool:
    """Return whether an outgoing rule lets requests out to a port of all tasks."""
    if rule.get("IpProtocol") not in ("-1", "tcp"):
        return False
    if rule["IpProtocol"] == "tcp" and not rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535):
        return False
    targets = [IPv4Network(one["CidrIp"]) for one in rule.get("IpRanges", ())]
    to_own = any(pair.get("GroupId") in own for pair in rule.get("UserIdGroupPairs", ()))
    return to_own or all(any(one.subnet_of(target) for target in targets) for one in ranges)
