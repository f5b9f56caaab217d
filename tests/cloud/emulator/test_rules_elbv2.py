"""Load balancers and certificates: their places, their parts, and the uses that prevent their deletion."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ecs_emulator import control, durations
from tests.cloud.conftest import REGION, EmbeddedCloud
from tests.cloud.rules_rig import Net, account_zone, certificate, net, put_record, refused, validated, validation_record

POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@pytest.fixture
def place(cloud: EmbeddedCloud) -> Net:
    return net(cloud)


@pytest.fixture
def elb(cloud: EmbeddedCloud) -> Any:
    return cloud.client("elbv2")


@pytest.fixture
def acm(cloud: EmbeddedCloud) -> Any:
    return cloud.client("acm")


def forward(group: str) -> list[dict[str, str]]:
    return [{"Type": "forward", "TargetGroupArn": group}]


def https(balancer: str, certificate_arn: str, group: str) -> dict[str, Any]:
    return {
        "LoadBalancerArn": balancer,
        "Protocol": "HTTPS",
        "Port": 443,
        "SslPolicy": POLICY,
        "Certificates": [{"CertificateArn": certificate_arn}],
        "DefaultActions": forward(group),
    }


def test_balancer_needs_a_gateway_two_zones_and_groups(place: Net, elb: Any) -> None:
    refused(place.balancer, "InvalidSubnet", "no internet gateway")
    assert place.balancer("inside", Scheme="internal")["DNSName"].startswith("internal-inside-")
    place.gateway()
    refused(lambda: elb.create_load_balancer(Name="web", Subnets=place.subnets[:1]), "ValidationError", "two subnets")
    refused(lambda: elb.create_load_balancer(Name="web", Subnets=["subnet-0", "subnet-1"]), "SubnetNotFound")
    refused(lambda: place.balancer(SecurityGroups=["sg-00000000000000000"]), "InvalidSecurityGroup")
    for name in ("-web", "web_1", "internal-web", "w" * 33):
        refused(lambda n=name: place.balancer(n), "ValidationError")  # type: ignore[misc]


def test_a_balancer_holds_public_interfaces_and_releases_them(place: Net, elb: Any) -> None:
    gateway, group = place.gateway(), place.group("alb")
    ec2 = place.cloud.client("ec2")
    made = place.balancer(SecurityGroups=[group])
    arn = made["LoadBalancerArn"]
    assert made["State"]["Code"] == "provisioning"
    assert made["Scheme"] == "internet-facing"
    assert made["CanonicalHostedZoneId"] == "Z14GRHDCWA56QT"
    refused(lambda: elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group]), "OperationNotPermitted")

    def state() -> str:
        return str(elb.describe_load_balancers(Names=["web"])["LoadBalancers"][0]["State"]["Code"])

    place.cloud.wait(lambda: state() == "active", "the balancer")
    held = place.interfaces(group)
    assert {interface["SubnetId"] for interface in held} == set(place.subnets)
    assert {interface["Description"] for interface in held} == {"ELB " + arn.partition(":loadbalancer/")[2]}
    assert all(interface["Association"]["PublicIp"] for interface in held)
    refused(
        lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=place.vpc),
        "DependencyViolation",
        "mapped public address",
    )
    other = place.group("other")
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
    assert place.unused(group)
    elb.set_subnets(LoadBalancerArn=arn, Subnets=place.subnets[:2])
    two = set(place.subnets[:2])
    place.cloud.wait(lambda: {one["SubnetId"] for one in place.interfaces(other)} == two, "the third subnet let go of")

    elb.delete_load_balancer(LoadBalancerArn=arn)
    refused(lambda: ec2.delete_security_group(GroupId=other), "DependencyViolation")
    refused(lambda: elb.describe_load_balancers(LoadBalancerArns=[arn]), "LoadBalancerNotFound")
    place.cloud.wait(lambda: place.unused(other), "the interfaces to go")
    ec2.delete_security_group(GroupId=other)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=place.vpc)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def test_same_name_is_the_same_resource_or_refused(place: Net, elb: Any) -> None:
    place.gateway()
    assert place.balancer()["LoadBalancerArn"] == place.balancer()["LoadBalancerArn"]
    refused(lambda: place.balancer(Scheme="internal"), "DuplicateLoadBalancerName")
    assert place.target_group() == place.target_group()
    refused(lambda: place.target_group(port=81), "DuplicateTargetGroupName")


def test_protection_keeps_a_balancer(place: Net, elb: Any) -> None:
    arn = place.balancer(Scheme="internal")["LoadBalancerArn"]

    def protect(value: str) -> None:
        wanted = [{"Key": "deletion_protection.enabled", "Value": value}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)

    protect("true")
    refused(lambda: elb.delete_load_balancer(LoadBalancerArn=arn), "OperationNotPermitted", "deletion protection")
    protect("false")
    # not everybody knows at once that it was lifted
    place.cloud.advance(durations.PROTECTION_LIFTED.aws - 0.1)
    refused(lambda: elb.delete_load_balancer(LoadBalancerArn=arn), "OperationNotPermitted", "deletion protection")
    place.cloud.advance(0.1)
    elb.delete_load_balancer(LoadBalancerArn=arn)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no.such.key", "1"),
        ("idle_timeout.timeout_seconds", "4001"),
        ("routing.http.drop_invalid_header_fields.enabled", "yes"),
        ("routing.http.desync_mitigation_mode", "careless"),
    ],
)
def test_bad_attributes_are_refused(place: Net, elb: Any, key: str, value: str) -> None:
    arn = place.balancer(Scheme="internal")["LoadBalancerArn"]
    wanted = [{"Key": key, "Value": value}]
    refused(lambda: elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted), "ValidationError", key)
    shown = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"} in shown


def test_target_group_attributes(place: Net, elb: Any) -> None:
    group = place.target_group()

    def modify(key: str, value: str) -> None:
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": key, "Value": value}])

    refused(lambda: modify("no.such.key", "1"), "ValidationError", "not recognized")
    refused(lambda: modify("deregistration_delay.timeout_seconds", "4000"), "ValidationError")
    modify("deregistration_delay.timeout_seconds", "30")
    shown = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "30"} in shown


def test_listeners_and_rules(place: Net, elb: Any) -> None:
    balancer = place.balancer(Scheme="internal")["LoadBalancerArn"]
    group, other = place.target_group(), place.target_group("other")
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    request = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": [redirect]}
    listener = elb.create_listener(**request)["Listeners"][0]
    assert listener["DefaultActions"][0]["RedirectConfig"]["Path"] == "/#{path}"
    assert elb.create_listener(**request)["Listeners"][0]["ListenerArn"] == listener["ListenerArn"]
    refused(lambda: elb.create_listener(**{**request, "DefaultActions": forward(group)}), "DuplicateListener")
    missing = place.target_group("gone")
    elb.delete_target_group(TargetGroupArn=missing)
    refused(
        lambda: elb.create_listener(**{**request, "Port": 81, "DefaultActions": forward(missing)}),
        "TargetGroupNotFound",
    )

    arn = listener["ListenerArn"]
    rule = {"ListenerArn": arn, "Conditions": [{"Field": "path-pattern", "Values": ["/api/*"]}]}
    tags = [{"Key": "Owner", "Value": "me"}]
    elb.create_rule(**rule, Priority=20, Actions=forward(group), Tags=tags)
    refused(lambda: elb.create_rule(**rule, Priority=20, Actions=forward(other)), "PriorityInUse")
    elb.create_rule(**rule, Priority=10, Actions=forward(other))
    rules = elb.describe_rules(ListenerArn=arn)["Rules"]
    assert [entry["Priority"] for entry in rules] == ["10", "20", "default"]
    assert rules[1]["Conditions"][0]["PathPatternConfig"] == {"Values": ["/api/*"]}
    assert rules[1]["Conditions"][0]["Values"] == ["/api/*"]
    described = elb.describe_tags(ResourceArns=[entry["RuleArn"] for entry in rules])["TagDescriptions"]
    assert [entry["Tags"] for entry in described] == [[], tags, []]
    refused(lambda: elb.delete_rule(RuleArn=rules[2]["RuleArn"]), "OperationNotPermitted")

    def bound() -> list[str]:
        return list(elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"])

    assert bound() == [balancer]
    elsewhere = place.balancer("second", Scheme="internal")["LoadBalancerArn"]
    second = {"LoadBalancerArn": elsewhere, "Protocol": "HTTP", "Port": 80}
    refused(lambda: elb.create_listener(**second, DefaultActions=forward(group)), "TargetGroupAssociationLimit")
    refused(lambda: elb.delete_target_group(TargetGroupArn=group), "ResourceInUse")
    elb.delete_rule(RuleArn=rules[1]["RuleArn"])
    refused(lambda: elb.delete_rule(RuleArn=rules[1]["RuleArn"]), "RuleNotFound")
    assert bound() == []
    elb.delete_target_group(TargetGroupArn=group)
    elb.delete_listener(ListenerArn=arn)
    refused(lambda: elb.describe_tags(ResourceArns=[arn]), "ListenerNotFound")
    elb.delete_target_group(TargetGroupArn=other)


def test_a_rule_has_five_values_and_five_wildcards(place: Net, elb: Any) -> None:
    balancer, group = place.balancer(Scheme="internal")["LoadBalancerArn"], place.target_group()
    listener = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": forward(group)}
    arn = elb.create_listener(**listener)["Listeners"][0]["ListenerArn"]

    def create(*conditions: dict[str, Any]) -> Any:
        return elb.create_rule(ListenerArn=arn, Priority=7, Conditions=list(conditions), Actions=forward(group))

    def paths(*values: str) -> dict[str, Any]:
        return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}

    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}
    five = [f"/{number}" for number in range(5)]
    several = {"Field": "path-pattern", "Values": five[:2]}
    refused(lambda: create(several), "ValidationError", "too many values; the limit is '1'")
    refused(lambda: create(paths(*five), host), "ValidationError", "A rule can only have '5' condition values")
    refused(lambda: create(paths("/*/*/*", "/?/?/?")), "ValidationError", "'5' condition wildcards")
    rule = create(paths(*five))["Rules"][0]
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == five
    refused(
        lambda: elb.modify_rule(RuleArn=rule["RuleArn"], Conditions=[several]), "ValidationError", "the limit is '1'"
    )


def test_rules_exchange_their_priorities_in_one_call(place: Net, elb: Any) -> None:
    balancer, group = place.balancer(Scheme="internal")["LoadBalancerArn"], place.target_group()
    arn = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward(group))[
        "Listeners"
    ][0]["ListenerArn"]

    def create(priority: int) -> str:
        conditions = [{"Field": "path-pattern", "Values": [f"/{priority}"]}]
        rules = elb.create_rule(ListenerArn=arn, Priority=priority, Conditions=conditions, Actions=forward(group))
        return str(rules["Rules"][0]["RuleArn"])

    def put(**priorities: int) -> None:
        named = {"first": first, "second": second, "default": default}
        elb.set_rule_priorities(
            RulePriorities=[{"RuleArn": named[name], "Priority": priority} for name, priority in priorities.items()]
        )

    first, second = create(10), create(20)
    default = elb.describe_rules(ListenerArn=arn)["Rules"][-1]["RuleArn"]
    refused(lambda: put(first=20), "PriorityInUse")
    refused(lambda: put(first=30, second=30), "PriorityInUse")
    refused(lambda: put(default=30), "OperationNotPermitted")
    put(first=20, second=10)
    shown = [(rule["Priority"], rule["RuleArn"]) for rule in elb.describe_rules(ListenerArn=arn)["Rules"]]
    assert shown == [("10", second), ("20", first), ("default", default)]
    put(first=30)
    put(second=20)
    assert [rule["Priority"] for rule in elb.describe_rules(ListenerArn=arn)["Rules"]] == ["20", "30", "default"]


def test_many_tags_fit_on_a_balancer(place: Net, elb: Any) -> None:
    arn = place.balancer(Scheme="internal")["LoadBalancerArn"]
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    elb.add_tags(ResourceArns=[arn], Tags=tags)
    assert len(elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]) == 50
    refused(lambda: elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "more", "Value": "v"}]), "TooManyTags")


def test_an_https_listener_takes_issued_certificates_only(place: Net, elb: Any, acm: Any) -> None:
    cloud = place.cloud
    balancer, group = place.balancer(Scheme="internal")["LoadBalancerArn"], place.target_group()
    pending = acm.request_certificate(DomainName="late.example.com", ValidationMethod="DNS")["CertificateArn"]
    refused(lambda: elb.create_listener(**https(balancer, pending, group)), "UnsupportedCertificate")
    unknown = pending[:-4] + "0000"
    refused(lambda: elb.create_listener(**https(balancer, unknown, group)), "CertificateNotFound")
    bare = {**https(balancer, pending, group), "Certificates": []}
    refused(lambda: elb.create_listener(**bare), "ValidationError", "certificate")
    refused(lambda: elb.create_listener(**{**bare, "SslPolicy": "none"}), "SSLPolicyNotFound")

    issued = validated(cloud)
    # A listener still refuses a certificate in its first moments.
    refused(lambda: elb.create_listener(**https(balancer, issued, group)), "UnsupportedCertificate")

    def try_it() -> Any:
        with suppress(elb.exceptions.ClientError):
            return elb.create_listener(**https(balancer, issued, group))["Listeners"][0]
        return None

    listener = cloud.wait(try_it, "the listener to take the certificate")
    assert listener["SslPolicy"] == POLICY
    assert certificate(cloud, issued)["InUseBy"] == [balancer]
    refused(lambda: acm.delete_certificate(CertificateArn=issued), "ResourceInUseException")
    change = {"ListenerArn": listener["ListenerArn"], "Certificates": [{"CertificateArn": pending}]}
    refused(lambda: elb.modify_listener(**change), "UnsupportedCertificate")
    plain = elb.modify_listener(ListenerArn=listener["ListenerArn"], Protocol="HTTP")["Listeners"][0]
    assert "SslPolicy" not in plain
    assert not plain.get("Certificates")
    bare = {"ListenerArn": listener["ListenerArn"], "Protocol": "HTTPS"}
    refused(lambda: elb.modify_listener(**bare, SslPolicy=POLICY), "InvalidConfigurationRequest")
    secure = {**bare, "SslPolicy": POLICY, "Certificates": [{"CertificateArn": issued}]}
    assert elb.modify_listener(**secure)["Listeners"][0]["Certificates"] == [{"CertificateArn": issued}]
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    # ACM learns of it a moment later.
    refused(lambda: acm.delete_certificate(CertificateArn=issued), "ResourceInUseException")

    def gone() -> bool:
        try:
            acm.delete_certificate(CertificateArn=issued)
        except acm.exceptions.ResourceInUseException:
            return False
        return True

    cloud.wait(gone, "the certificate to be free")
    refused(lambda: acm.describe_certificate(CertificateArn=issued), "ResourceNotFoundException")


def detailed(cloud: EmbeddedCloud, arn: str) -> dict[str, Any]:
    """Return a certificate once ACM shows its details."""

    def shown() -> dict[str, Any] | None:
        found = certificate(cloud, arn)
        return found if "DomainValidationOptions" in found else None

    return dict(cloud.wait(shown, "the certificate's details"))


def test_certificate_is_issued_only_when_its_records_resolve(cloud: EmbeddedCloud, acm: Any) -> None:
    names = ["*.app.example.com", "other.example.com"]
    request = {"DomainName": "app.example.com", "SubjectAlternativeNames": names, "ValidationMethod": "DNS"}
    arn = acm.request_certificate(**request, IdempotencyToken="one")["CertificateArn"]
    first = detailed(cloud, arn)
    assert acm.request_certificate(**request, IdempotencyToken="one")["CertificateArn"] == arn
    assert acm.request_certificate(**request, IdempotencyToken="two")["CertificateArn"] != arn
    assert first["Status"] == "PENDING_VALIDATION"
    assert [option["DomainName"] for option in first["DomainValidationOptions"]] == ["app.example.com", *names]
    assert first["SubjectAlternativeNames"] == ["app.example.com", *names]
    assert "NotAfter" not in first
    cloud.wait(lambda: validation_record(cloud, arn), "the validation records")
    records = [option["ResourceRecord"] for option in certificate(cloud, arn)["DomainValidationOptions"]]
    assert records[0] == records[1] != records[2]

    put_record(cloud, records[0]["Name"], "CNAME", records[0]["Value"])
    cloud.advance(3600)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    put_record(cloud, records[2]["Name"], "CNAME", records[2]["Value"])
    cloud.advance(durations.CERTIFICATE_ISSUED.aws - 1)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.advance(1)
    assert certificate(cloud, arn)["Status"] == "ISSUED"
    done = certificate(cloud, arn)
    assert {option["ValidationStatus"] for option in done["DomainValidationOptions"]} == {"SUCCESS"}
    assert done["NotAfter"] > done["NotBefore"]


def test_certificate_waits_for_delegation(cloud: EmbeddedCloud, acm: Any) -> None:
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="late.test", CallerReference="late")["HostedZone"]["Id"]
    arn = acm.request_certificate(DomainName="www.late.test", ValidationMethod="DNS")["CertificateArn"]
    record = cloud.wait(lambda: validation_record(cloud, arn), "the validation record")
    wanted = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    assert account_zone(cloud) not in zone
    cloud.advance(86400)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.delegate("late.test")
    cloud.advance(durations.CERTIFICATE_ISSUED.aws - 1)
    assert certificate(cloud, arn)["Status"] == "PENDING_VALIDATION"
    cloud.advance(1)
    assert certificate(cloud, arn)["Status"] == "ISSUED"


def test_bad_domains_and_pending_certificates(cloud: EmbeddedCloud, acm: Any) -> None:
    for name in ("no_dots", "-a.example.com", "a..example.com"):
        refused(
            lambda n=name: acm.request_certificate(DomainName=n, ValidationMethod="DNS"),  # type: ignore[misc]
            "ValidationException",
        )
    mailed = acm.request_certificate(DomainName="mail.example.com")["CertificateArn"]
    assert detailed(cloud, mailed)["DomainValidationOptions"][0]["ValidationMethod"] == "EMAIL"
    refused(lambda: acm.get_certificate(CertificateArn=mailed), "RequestInProgressException")


def test_a_listener_has_a_default_certificate_and_a_list(place: Net, elb: Any, acm: Any) -> None:
    first, second, third = (f"arn:aws:acm:{REGION}:123456789012:certificate/{number}" for number in (1, 2, 3))
    names = {first: ["a.example.com"], second: ["b.example.com"], third: ["c.example.com"]}
    control.put_unmanaged(place.cloud.process, {"region": REGION, "certificates": names})
    balancer = place.balancer(Scheme="internal")["LoadBalancerArn"]
    arn = elb.create_listener(**https(balancer, first, place.target_group()))["Listeners"][0]["ListenerArn"]

    def shown() -> list[tuple[str, bool]]:
        found = elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
        return [(one["CertificateArn"], one["IsDefault"]) for one in found]

    def listed(operation: Any, *certificates: str) -> Any:
        return operation(ListenerArn=arn, Certificates=[{"CertificateArn": one} for one in certificates])

    listed(elb.add_listener_certificates, second, first)
    # one in the list already is no error, and not added again
    listed(elb.add_listener_certificates, second)
    assert shown() == [(first, True), (second, False), (first, False)]
    # another default one leaves the list as it is
    listed(elb.modify_listener, third)
    assert shown() == [(third, True), (second, False), (first, False)]
    refused(lambda: listed(elb.remove_listener_certificates, third), "OperationNotPermitted")
    listed(elb.remove_listener_certificates, first)
    listed(elb.remove_listener_certificates, first)
    assert shown() == [(third, True), (second, False)]
    assert certificate(place.cloud, second)["InUseBy"] == [balancer]
    # ACM learns late that a certificate is free
    refused(lambda: acm.delete_certificate(CertificateArn=first), "ResourceInUseException")
    place.cloud.advance(durations.CERTIFICATE_FREE.aws)
    acm.delete_certificate(CertificateArn=first)


def test_tls_policies_are_listed_by_the_type_of_load_balancer(elb: Any) -> None:
    every = elb.describe_ssl_policies()["SslPolicies"]
    assert POLICY in [one["Name"] for one in every]
    assert all(one["SupportedLoadBalancerTypes"] == ["network", "application"] for one in every)
    assert elb.describe_ssl_policies(LoadBalancerType="application")["SslPolicies"] == every
    assert elb.describe_ssl_policies(LoadBalancerType="gateway")["SslPolicies"] == []
