"""Translate the listeners of the load balancers of a cluster: HTTP beside HTTPS; note the rest."""

from __future__ import annotations

from provisioner.config.deployment import PORTS
from provisioner.migration.ecs import network
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Gathered

SECURE = ("HTTPS", "TLS")


def _listeners(gathered: Gathered) -> list[Answer]:
    """Return the listeners of the load balancers of public services."""
    balancers = {str(one.get("LoadBalancerArn")) for one in network.balancers(gathered)}
    listeners = gathered.answers.balancing.listeners
    return [one for one in listeners if str(one.get("LoadBalancerArn", "")) in balancers]


def in_clear(gathered: Gathered) -> bool:
    """Return whether port 80 answers by HTTP instead of redirecting; if ECS shifts traffic here, note it instead."""
    answering = [
        one
        for one in _listeners(gathered)
        if one.get("Protocol") == "HTTP" and one.get("Port") == PORTS[0] and _forwards(gathered, one)
    ]
    if not answering:
        return False
    for name, workload in gathered.services.items():
        deployment = workload.table.get("deployment")
        if isinstance(deployment, dict) and "strategy" in deployment:
            why = f"port 80 answers by HTTP; here it redirects to HTTPS, as ECS shifts one rule's traffic for {name}"
            gathered.leave(f"cluster {gathered.answers.name}", "listener", why)
            return False
    return True


def _forwards(gathered: Gathered, listener: Answer) -> bool:
    """Return whether a listener hands requests to a target group, by default or by a rule."""
    rules = gathered.answers.balancing.rules.get(str(listener.get("ListenerArn")), ())
    actions = [*(listener.get("DefaultActions") or ()), *(one for rule in rules for one in rule.get("Actions") or ())]
    return any(action.get("Type") == "forward" for action in actions)


def tell(gathered: Gathered) -> None:
    """Note settings of listeners and load balancers that are not carried over."""
    where = f"cluster {gathered.answers.name}"
    tests = {one.deployment_port for one in gathered.services.values()}
    for one in _listeners(gathered):
        port, protocol = one.get("Port"), one.get("Protocol")
        if port and port not in PORTS and port not in tests:
            gathered.leave(where, "listener", f"{protocol} at port {port}: a load balancer listens at 80 and 443 here")
        if protocol in SECURE:
            policy, arns = (
                one.get("SslPolicy"),
                [str(each.get("CertificateArn")) for each in one.get("Certificates") or ()],
            )
            why = (
                f"{', '.join(arns) or 'none'}; {policy}: the stack makes a certificate and has AWS's recommended policy"
            )
            gathered.tell(where, "listener.Certificates", why)
        if one.get("MutualAuthentication", {}).get("Mode", "off") != "off":
            gathered.leave(where, "listener.MutualAuthentication", "clients show no certificate here")
    if network.balancers(gathered):
        why = "idle timeout, access logs, web ACL and protection are not read: see load_balancer, and protect"
        gathered.tell(where, "load balancer", why)
