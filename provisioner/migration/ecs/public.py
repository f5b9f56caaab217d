"""Translate the load balancers of a service into `public`, `path`, host names and `health`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.config import path_patterns, protocols
from provisioner.config import validators as values
from provisioner.config.health import Health
from provisioner.config.services import Service
from provisioner.migration.ecs import sign_in
from provisioner.migration.ecs.answers import Answer, Balancing
from provisioner.migration.ecs.findings import Workload

BOTH = ("interval", "timeout", "unhealthy", "grace")
"""Keys of `health` that the load balancer's check and the container's check share."""
DELAY = "deregistration_delay.timeout_seconds"
USUAL_DELAY = Service.model_fields["deregistration_delay"].default
STICKY = "stickiness"
ATTRIBUTES = {
    "slow_start.duration_seconds": ("", "a new task gets its share of requests at once"),
    "load_balancing.algorithm.type": ("", "requests go to one task after the other"),
}
"""Attributes of a target group without a counterpart: the value to note (empty: any but AWS's default), and why."""
OF_AWS = (".on.aws", ".amazonaws.com", ".amazonaws.com.cn", ".cloudfront.net", ".awsapprunner.com")
"""The ends of names that AWS gives to its resources."""
BY_COOKIE, DAY = "lb_cookie", 86400
"""The stickiness of `sticky`, and AWS's default of its seconds (ELBv2 API, TargetGroupAttribute)."""
USUAL_ATTRIBUTES = {"0", "false", "round_robin"}


def fill(workload: Workload) -> None:
    """Write the settings of a service's load balancers into its table, and note the rest."""
    for one in workload.raw.get("loadBalancers") or ():
        arn = one.get("targetGroupArn")
        if not arn:
            why = "a Classic Load Balancer is not made here: an Application Load Balancer takes its place, with public"
            workload.leave("loadBalancers", f"{one.get('loadBalancerName')}: {why}", "entrance")
        elif workload.table.get("public"):
            workload.leave("loadBalancers", f"{_name(arn)}: a service is reached in one way here")
        else:
            _group(workload, str(arn), str((one.get("advancedConfiguration") or {}).get("alternateTargetGroupArn", "")))
    if health := _unusual(workload.table.pop("health", {})):
        workload.table["health"] = health


def _name(arn: str) -> str:
    return f"target group {arn.split('/')[1]}" if "/" in arn else arn


def _group(workload: Workload, arn: str, alternate: str) -> None:
    """Write the settings of one target group into the table.

    Args:
        alternate: the target group that takes its place at every other deployment; empty if there is none.
    """
    balancing, called = workload.answers.balancing, _name(arn)
    group = balancing.groups.get(arn)
    if group is None:
        workload.leave("loadBalancers", f"{called}: could not be read: write public, path and health", "entrance")
        return
    balancers = [balancing.balancers[one] for one in group.get("LoadBalancerArns") or () if one in balancing.balancers]
    balancer = next(iter(balancers), {})
    if balancer.get("Type") != "application":
        kind = {"network": "a Network Load Balancer", "gateway": "a Gateway Load Balancer"}
        what = kind.get(str(balancer.get("Type")), "no load balancer that could be read")
        workload.leave("loadBalancers", f"{called}: {what}: only an Application Load Balancer is made here", "entrance")
        return
    if balancer.get("Scheme") != "internet-facing":
        why = "an internal load balancer is not made here: callers find the service by name"
        workload.leave("loadBalancers", f"{balancer.get('LoadBalancerName')}: {why}")
        return
    routes = [route for one in (arn, alternate) if one for route in _routes(balancing, one)]
    if not routes:
        workload.leave("loadBalancers", f"{called}: no listener that could be read hands requests to it", "entrance")
        return
    workload.table["public"] = True
    _path(workload, routes)
    sign_in.fill(workload, routes)
    _health(workload, group)
    _attributes(workload, balancing.attributes.get(arn, {}))


def _routes(balancing: Balancing, arn: str) -> Iterator[Answer]:
    """Yield the rules that forward requests to a target group; a default action counts as a rule without conditions."""
    for listener in balancing.listeners:
        if _hands(listener.get("DefaultActions"), arn):
            yield {"Actions": listener.get("DefaultActions"), "Conditions": []}
        for rule in balancing.rules.get(str(listener.get("ListenerArn")), ()):
            if not rule.get("IsDefault") and _hands(rule.get("Actions"), arn):
                yield rule


def _hands(actions: Sequence[Answer] | None, arn: str) -> bool:
    return any(arn in _targets(action) for action in actions or ())


def _targets(action: Answer) -> list[str]:
    """Return the target groups to which an action forwards requests, without groups of weight 0."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
    found = [str(one.get("TargetGroupArn")) for one in groups if one.get("Weight", 1)]
    return found or [str(arn) for arn in (action.get("TargetGroupArn"),) if arn]


def _path(workload: Workload, routes: Sequence[Answer]) -> None:
    """Write the path into the table, gather the hosts, and note conditions and actions without a counterpart."""
    paths: dict[str, None] = {}
    for rule in routes:
        found: list[str] = []
        for condition in rule.get("Conditions") or ():
            field, wanted = condition.get("Field"), _values(condition)
            if condition.get("RegexValues"):
                workload.leave(f"rule.{field}", "regular expressions are not used here")
            elif field == "host-header":
                _hosts(workload, wanted)
            elif field == "path-pattern":
                found = _joined(workload, wanted)
            else:
                # the value of a header may be a secret between a distribution and the load balancer
                workload.leave(f"rule.{field}", "a request is handed on by its path alone here")
        paths |= dict.fromkeys(found or ["/*"])
        _other_actions(workload, rule)
    if several := _in_one_rule(paths):
        workload.table["path"] = several
        return
    path, *others = paths
    for other in others:
        workload.leave("rule.path-pattern", f"{other}: path is {path} here, and one rule cannot have both")
    if path != "/*":
        try:
            workload.table["path"] = values.path_pattern(path)
        except ValueError as error:
            workload.leave("rule.path-pattern", str(error))


def _hosts(workload: Workload, wanted: Sequence[str]) -> None:
    """Gather the hosts of a rule; a name of AWS, as Express services have, cannot be another load balancer's."""
    for host in wanted:
        if host.lower().endswith(OF_AWS):
            why = f"{host}: is AWS's name, and stays with its load balancer: for HTTPS write a domain of yours"
            workload.leave("rule.host-header", why)
        elif host not in workload.hosts:
            workload.hosts.append(host)


def _in_one_rule(paths: Iterable[str]) -> list[str]:
    """Return several path patterns if one rule can have them; none otherwise."""
    try:
        found = path_patterns.check(tuple(values.path_pattern(path) for path in paths))
    except ValueError:
        return []
    return list(found) if len(found) > 1 else []


def _values(condition: Answer) -> list[str]:
    """Return the values of a condition, from `Values` or from the member for its kind."""
    told = list(condition.get("Values") or ())
    kinds = (one for key, one in condition.items() if key.endswith("Config") and isinstance(one, Mapping))
    return [str(one) for one in told or [value for kind in kinds for value in kind.get("Values") or ()]]


def _joined(workload: Workload, paths: Sequence[str]) -> list[str]:
    """Return path patterns; a path and all paths below it become one: `/api` and `/api/*` are `/api*`."""
    if len(paths) == 2 and f"{(first := min(paths, key=len)).rstrip('/')}/*" == max(paths, key=len):
        workload.tell("rule.path-pattern", f"{', '.join(paths)}: {first}* takes paths such as {first}docs, too")
        return [f"{first}*"]
    return list(paths)


def _other_actions(workload: Workload, rule: Answer) -> None:
    for action in rule.get("Actions") or ():
        kind = str(action.get("Type"))
        if kind == sign_in.OIDC:
            continue
        if kind != "forward":
            workload.leave("rule.actions", f"{kind}: users sign in at providers of OpenID Connect alone here")
        elif len(_targets(action)) > 1:
            workload.leave("rule.actions", "divides requests among several target groups: here all go to one")
        elif ((action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}).get("Enabled"):
            workload.leave("rule.actions", "keeps clients at a target group: here there is one")
    if rule.get("Transforms"):
        workload.leave("rule.transforms", "host and path are handed on as they are")


def _health(workload: Workload, group: Answer) -> None:
    """Write the load balancer's health check into the table; it wins for keys that the container's check has too."""
    protocol = group.get("Protocol") or "HTTP"
    if protocol == "HTTPS":
        workload.table["tls"] = True
    spoken = protocols.OF_VERSION.get(group.get("ProtocolVersion") or "HTTP1")
    workload.table.pop("protocol", None)
    if spoken in protocols.BY_HTTPS:
        workload.table["protocol"] = spoken
    if (checked := group.get("HealthCheckProtocol") or protocol) != protocol:
        workload.leave(
            "targetGroup.HealthCheckProtocol", f"{checked}: a task is asked by {protocol} here, as by clients"
        )
    if (port := group.get("HealthCheckPort") or "traffic-port") != "traffic-port":
        workload.leave("targetGroup.HealthCheckPort", f"{port}: a task is asked at its own port here")
    asked = {
        "path": group.get("HealthCheckPath"),
        "codes": next(iter((group.get("Matcher") or {}).values()), None),
        "interval": group.get("HealthCheckIntervalSeconds"),
        "timeout": group.get("HealthCheckTimeoutSeconds"),
        "healthy": group.get("HealthyThresholdCount"),
        "unhealthy": group.get("UnhealthyThresholdCount"),
        "grace": workload.raw.get("healthCheckGracePeriodSeconds") or 0,
    }
    inside: dict[str, Any] = workload.table.get("health", {})
    for key in BOTH:
        if key in inside and inside[key] != asked[key]:
            workload.leave(f"healthCheck.{key}", f"{inside[key]}: both checks have one {key} here, {asked[key]}")
    if workload.table.get("protocol") == protocols.GRPC and not protocols.is_method(str(asked["path"])):
        workload.tell("targetGroup.HealthCheckPath", f"{asked['path']}: is no method of gRPC: {protocols.NO_METHOD} is")
        asked["path"] = protocols.NO_METHOD
    said = {key: value for key, value in asked.items() if value is not None}
    workload.table["health"] = inside | said


def _attributes(workload: Workload, found: Mapping[str, str]) -> None:
    delay = found.get(DELAY, "")
    if delay.isdecimal() and int(delay) != USUAL_DELAY:
        workload.table["deregistration_delay"] = int(delay)
    _stickiness(workload, {name.removeprefix(f"{STICKY}."): value for name, value in found.items()})
    for name, (told, why) in ATTRIBUTES.items():
        value = found.get(name, "false")
        if value == told or (not told and value not in USUAL_ATTRIBUTES):
            workload.leave(f"targetGroup.{name}", f"{value}: {why}")


def _stickiness(workload: Workload, found: Mapping[str, str]) -> None:
    if found.get("enabled") != "true":
        return
    if (kind := found.get("type", BY_COOKIE)) == BY_COOKIE:
        workload.table["sticky"] = int(found.get(f"{BY_COOKIE}.duration_seconds", DAY))
    else:
        workload.leave(f"targetGroup.{STICKY}.type", f"{kind}: sticky is by a cookie of the load balancer's here")


def _unusual(health: Mapping[str, Any]) -> Any:
    """Return a health check without default values; a path alone becomes text."""
    fields = Health.model_fields
    kept = {key: health[key] for key in fields if key in health and health[key] != fields[key].default}
    return kept["path"] if kept.keys() == {"path"} else kept
