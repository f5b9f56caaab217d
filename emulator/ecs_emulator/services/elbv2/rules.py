"""Target groups and listeners: duplicates, certificates, dependencies, and answers in AWS's full form."""

from __future__ import annotations

import json
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeAction, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response
from moto.elbv2.ssl_policies import SSL_POLICIES

from ecs_emulator.lag import mark_new, too_new
from ecs_emulator.patch import refuse, replace, wrap
from ecs_emulator.services.elbv2 import sign_in, texts
from ecs_emulator.services.elbv2.certificates import check_certificate, free_certificates
from ecs_emulator.services.elbv2.health import check_health
from ecs_emulator.services.elbv2.lookup import resource
from ecs_emulator.services.elbv2.versions import check_listener, check_matcher, check_version, completed

_PORT_IN_USE = "A listener already exists on this port for this load balancer '{}'"

_MAX_TAGS = 50
_DELAY, _MOST_DELAY = "deregistration_delay.timeout_seconds", 3600

_TARGET_GROUP_ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
_REDIRECT = {"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "Port": "#{port}", "Protocol": "#{protocol}"}


def check_tags(tags: Any) -> None:
    """Refuse more than 50 tags, and a key that occurs twice."""
    keys = [tag["Key"] for tag in tags or []]
    if len(set(keys)) < len(keys):
        refuse("DuplicateTagKeys", "A tag key was specified more than once")
    if len(keys) > _MAX_TAGS:
        refuse("TooManyTags", f"The maximum number of tags is {_MAX_TAGS}")


_MAX_GROUPS, _MAX_WEIGHT = 5, 999


def forget_tags(elb: Any, *arns: str) -> None:
    """Delete the tags of deleted resources."""
    for arn in arns:
        elb.tagging_service.delete_all_tags_for_resource(arn)


def rebind(elb: Any) -> None:
    """Recompute the load balancers of each target group from listeners and rules."""
    for group in elb.target_groups.values():
        group.load_balancer_arns = []
    for balancer in elb.load_balancers.values():
        for listener in balancer.listeners.values():
            for arn in _targets(elb, [action for rule in listener.rules.values() for action in rule.actions]):
                arns = elb.target_groups[arn].load_balancer_arns
                if balancer.arn not in arns:
                    arns.append(balancer.arn)


def _targets(elb: Any, actions: list[Any]) -> list[str]:
    found = [arn for action in actions for arn in elb._get_target_group_arns_from(action.data)]
    return [arn for arn in found if arn in elb.target_groups]


@wrap(FakeAction, "__init__")
def action(original: Any, self: Any, data: dict[str, Any]) -> None:
    """Complete an action: a forward with its ForwardConfig, a redirect with all its parts; keep a secret apart."""
    data, secret = sign_in.parted(dict(data))
    if data.get("Type") == "forward":
        if "ForwardConfig" not in data:
            data["ForwardConfig"] = {"TargetGroups": [{"TargetGroupArn": data["TargetGroupArn"]}]}
        groups = data["ForwardConfig"].get("TargetGroups", [])
        if len(groups) == 1:
            data["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    if data.get("Type") == "redirect":
        data["RedirectConfig"] = {**_REDIRECT, **data.get("RedirectConfig", {})}
    original(self, data)
    if secret:
        self.client_secret = secret


@wrap(ELBv2Backend, "create_target_group")
def create_target_group(original: Any, self: Any, name: str, **kwargs: Any) -> Any:
    """CreateTargetGroup: return an existing group of equal settings; refuse others (DuplicateTargetGroupName)."""
    requested = {key: value for key, value in kwargs.items() if key != "tags"}
    for group in self.target_groups.values():
        if group.name == name:
            if group.requested != requested:
                refuse(
                    "DuplicateTargetGroupName",
                    f"A target group with the same name '{name}' exists, but with different settings",
                )
            return group
    check_tags(kwargs.get("tags"))
    check_version(kwargs)
    if kwargs.get("protocol") in ("HTTP", "HTTPS"):
        matcher = kwargs.get("matcher") or {}
        check_matcher(kwargs.get("protocol_version"), matcher)
        check_health(
            kwargs.get("healthcheck_path"),
            kwargs.get("healthcheck_interval_seconds"),
            kwargs.get("healthcheck_timeout_seconds"),
            matcher.get("HttpCode"),
            kwargs.get("healthcheck_protocol"),
        )
    group = original(self, name, **completed(kwargs))
    group.requested = requested
    if group.protocol in ("HTTP", "HTTPS"):
        group.attributes = dict(_TARGET_GROUP_ATTRIBUTES)
    mark_new(group)
    return group


@wrap(ELBV2Response, "describe_target_group_attributes")
def describe_target_group_attributes(original: Any, self: Any) -> Any:
    """DescribeTargetGroupAttributes: may miss a new target group for a while (terraform-provider-aws#18634)."""
    if too_new(resource(self.elbv2_backend, self._get_param("TargetGroupArn"))):
        refuse("TargetGroupNotFound", "One or more target groups not found")
    return original(self)


@wrap(ELBv2Backend, "modify_target_group_attributes")
def modify_target_group_attributes(original: Any, self: Any, target_group_arn: str, attributes: Any) -> None:
    """ModifyTargetGroupAttributes: refuse unknown keys, and delays over an hour (API, TargetGroupAttribute)."""
    group = resource(self, target_group_arn)
    for key in attributes:
        if key not in group.attributes:
            refuse("ValidationError", f"Target group attribute key '{key}' is not recognized")
    delay = attributes.get(_DELAY)
    if delay is not None and not 0 <= int(delay) <= _MOST_DELAY:
        refuse("ValidationError", f"'{_DELAY}' value '{delay}' must be between '0-{_MOST_DELAY}' inclusive")
    # moto would refuse the longest delay that AWS allows, so it is set here
    original(self, target_group_arn, {key: value for key, value in attributes.items() if key != _DELAY})
    if delay is not None:
        group.attributes[_DELAY] = str(delay)


@wrap(ELBv2Backend, "delete_target_group")
def delete_target_group(original: Any, self: Any, target_group_arn: str) -> Any:
    """DeleteTargetGroup: refuse while a listener or rule forwards to it."""
    group: FakeTargetGroup = resource(self, target_group_arn)
    if self._any_listener_using(target_group_arn):
        refuse("ResourceInUse", texts.TARGET_GROUP_IN_USE.format(target_group_arn))
    forget_tags(self, group.arn)
    return original(self, target_group_arn)


@wrap(ELBv2Backend, "create_listener")
def create_listener(
    original: Any,
    self: Any,
    load_balancer_arn: str,
    protocol: str,
    port: Any,
    ssl_policy: str,
    certificate: str | None,
    actions: list[dict[str, Any]],
    alpn_policy: Any = None,
    tags: Any = None,
) -> Any:
    """CreateListener: refuse a used port, unusable certificates and other balancers' target groups.

    A repeated call with equal settings returns the existing listener.
    """
    balancer = resource(self, load_balancer_arn)
    requested = json.dumps([protocol, ssl_policy, certificate, actions, tags], sort_keys=True, default=str)
    for listener in balancer.listeners.values():
        if int(listener.port) == int(port):
            if listener.requested != requested:
                refuse(
                    "DuplicateListener",
                    _PORT_IN_USE.format(load_balancer_arn),
                )
            return listener
    if protocol == "HTTPS":
        if ssl_policy not in SSL_POLICIES:
            refuse("SSLPolicyNotFound", texts.NO_SSL_POLICY.format(ssl_policy))
        check_certificate(self, certificate)
    check_tags(tags)
    self._validate_actions([FakeAction(action) for action in actions])
    actions = check_groups(self, load_balancer_arn, actions, protocol)
    _check_redirects(protocol, port, actions)
    listener = original(self, load_balancer_arn, protocol, port, ssl_policy, certificate, actions, alpn_policy, tags)
    listener.requested = requested
    if protocol == "HTTP":
        listener.ssl_policy = None
    rebind(self)
    return listener


def check_groups(
    elb: Any, balancer_arn: str, actions: list[dict[str, Any]], protocol: str, before: Any = ()
) -> list[dict[str, Any]]:
    """Refuse a target group that another load balancer uses or of another VPC, more than 5 ones, and invalid weights.

    Refuse one as well that a listener of this protocol cannot forward to, and an invalid sign-in. Return the actions
    in their order, complete.

    ELBv2 API, TargetGroupTuple: 0 to 999. Quotas of Application Load Balancers: 5 target groups per action. The words
    about the VPC are AWS's (aws-load-balancer-controller#1045).
    """
    for action in actions:
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        if len(groups) > _MAX_GROUPS:
            refuse("ValidationError", f"A forward action can have at most {_MAX_GROUPS} target groups")
        for weight in [int(group["Weight"]) for group in groups if "Weight" in group]:
            if not 0 <= weight <= _MAX_WEIGHT:
                refuse("ValidationError", f"Weight '{weight}' must be between 0 and {_MAX_WEIGHT}")
    found = _targets(elb, [FakeAction(action) for action in actions])
    check_listener(protocol, [elb.target_groups[arn] for arn in found])
    for arn in found:
        if any(other != balancer_arn for other in elb.target_groups[arn].load_balancer_arns):
            refuse(
                "TargetGroupAssociationLimit",
                f"The following target groups cannot be associated with more than one load balancer: {arn}",
            )
        if elb.target_groups[arn].vpc_id != elb.load_balancers[balancer_arn].vpc_id:
            refuse("InvalidConfigurationRequest", texts.OTHER_VPC.format(arn, balancer_arn))
    return sign_in.checked(protocol, actions, [elb.target_groups[arn] for arn in found], before)


def _check_redirects(protocol: str, port: Any, actions: list[dict[str, Any]]) -> None:
    """Refuse a redirect that changes neither protocol, port, host, path nor query."""
    for action in actions:
        wanted = {**_REDIRECT, **(action.get("RedirectConfig") or {})}
        kept = {key: wanted[key] == _REDIRECT[key] for key in _REDIRECT}
        kept["Protocol"] = kept["Protocol"] or wanted["Protocol"] == protocol
        kept["Port"] = kept["Port"] or str(wanted["Port"]) == str(port)
        if action.get("Type") == "redirect" and all(kept.values()):
            refuse(
                "InvalidLoadBalancerAction",
                "The redirect configuration is not valid because it creates a loop",
            )


@wrap(ELBv2Backend, "modify_listener")
def modify_listener(
    original: Any,
    self: Any,
    arn: str,
    port: Any = None,
    protocol: str | None = None,
    ssl_policy: str | None = None,
    certificates: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> Any:
    """ModifyListener: check the changes as CreateListener does; a change to HTTP drops policy and certificates."""
    listener = resource(self, arn)
    balancer = resource(self, listener.load_balancer_arn)
    if port and any(int(other.port) == int(port) for other in balancer.listeners.values() if other is not listener):
        refuse("DuplicateListener", _PORT_IN_USE.format(balancer.arn))
    for certificate in certificates or []:
        check_certificate(self, certificate["CertificateArn"])
    if actions:
        self._validate_actions([FakeAction(action) for action in actions])
    kept = [rule for rule in listener.rules.values() if protocol and not (actions and rule.is_default)]
    standing = protocol or listener.protocol
    if actions:
        actions = check_groups(self, balancer.arn, actions, standing, listener.default_actions)
    for rule in kept:
        check_groups(self, balancer.arn, sign_in.standing(rule.actions), standing, rule.actions)
    plain = protocol == "HTTP" and listener.protocol == "HTTPS"
    if plain or (certificates and certificates[0]["CertificateArn"] != listener.certificate):
        free_certificates(self, listener.certificates if plain else listener.certificates[:1])
    further = listener.certificates[1:]
    changed = original(self, arn, port, protocol, ssl_policy, certificates or [], actions or [])
    if certificates:
        # the call replaces the default one only (user guide, "Replace the default certificate"), moto the list as well
        default = certificates[0]["CertificateArn"]
        listener.certificate, listener.certificates = default, [default, *further]
    if plain:
        listener.ssl_policy, listener.certificate, listener.certificates = None, None, []
    listener.requested = ""
    rebind(self)
    return changed


@wrap(ELBv2Backend, "delete_listener")
def delete_listener(original: Any, self: Any, listener_arn: str) -> Any:
    """DeleteListener: delete its rules too; its certificates appear in use for some moments more."""
    listener = resource(self, listener_arn)
    free_certificates(self, listener.certificates)
    forget_tags(self, listener_arn, *(rule.arn for rule in listener.rules.values()))
    gone = original(self, listener_arn)
    rebind(self)
    return gone


@replace(ELBv2Backend, "add_tags")
def add_tags(self: Any, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    """AddTags: refuse unknown resources, and more than 50 tags on one."""
    check_tags(tags)
    for arn in resource_arns:
        resource(self, arn)
        keys = set(self.tagging_service.get_tag_dict_for_resource(arn)) | {tag["Key"] for tag in tags}
        if len(keys) > _MAX_TAGS:
            refuse("TooManyTags", f"The maximum number of tags for '{arn}' is {_MAX_TAGS}")
        self.tagging_service.tag_resource(arn, tags)


@wrap(ELBv2Backend, "describe_tags")
def describe_tags(original: Any, self: Any, resource_arns: list[str]) -> Any:
    """DescribeTags: refuse unknown resources, and more than 20 in a call."""
    if len(resource_arns) > 20:
        refuse("ValidationError", "The maximum number of resources that can be described at once is '20'")
    for arn in resource_arns:
        resource(self, arn)
    return original(self, resource_arns)
