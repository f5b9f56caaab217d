"""Look up a resource of Elastic Load Balancing by its ARN."""

from __future__ import annotations

from typing import Any

from ecs_emulator.patch import refuse


def resource(elb: Any, arn: str) -> Any:
    """Return the balancer, target group, listener or rule of an ARN, or refuse with AWS's error for its type."""
    listeners = {key: item for balancer in elb.load_balancers.values() for key, item in balancer.listeners.items()}
    rules = {rule.arn: rule for listener in listeners.values() for rule in listener.rules.values()}
    resource_types = {
        "targetgroup": (elb.target_groups, "TargetGroupNotFound", "target groups"),
        "listener-rule": (rules, "RuleNotFound", "rules"),
        "listener": (listeners, "ListenerNotFound", "listeners"),
        "loadbalancer": (elb.load_balancers, "LoadBalancerNotFound", "load balancers"),
    }
    resource_type = arn.rpartition(":")[2].partition("/")[0]
    if resource_type not in resource_types:
        refuse("ValidationError", f"'{arn}' is not a valid ARN of Elastic Load Balancing")
    known, code, what = resource_types[resource_type]
    if arn not in known:
        refuse(code, f"One or more {what} not found")
    return known[arn]
