"""Alarms that end deployments: ECS rolls back when a public service answers too many requests with errors."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Stack, step
from provisioner.config.alarms import ERRORS
from provisioner.config.deployment import ERRORS_ALARM, alarm_name
from provisioner.resources.cloudwatch.alarms import Alarm
from provisioner.steps.load_balancer import LoadBalancing


@dataclass(frozen=True)
class DeploymentAlarms:
    """The names of all alarms that end deployments, by service."""

    names: dict[str, list[str]]


@step
def deployment_alarms(stack: Stack, load_balancer: LoadBalancing) -> DeploymentAlarms:
    """Declare the stack's own alarms on errors, for services whose `deployment.alarms` have `errors`.

    They come before the service, as ECS watches them from its first deployment on, and they notify nobody.
    """
    names: dict[str, list[str]] = {}
    for name, service in stack.config.services.items():
        # ECS moves the traffic from one target group to the other and back
        groups = [load_balancer.targets.get(name), load_balancer.alternates.get(name)]
        made = [
            stack.ensure(_alarm(stack, address, name, str(load_balancer.name), str(group))).id
            for address, group in zip(service.deployment.own_alarms(name), groups, strict=False)
        ]
        names[name] = [one for told in service.deployment.alarms for one in (made if told == ERRORS_ALARM else [told])]
    return DeploymentAlarms(names)


def _alarm(stack: Stack, address: str, service: str, balancer: str, group: str) -> Alarm:
    """Return the alarm on one target group: one minute of errors is enough, the shortest time that it can tell."""
    wanted = stack.config.alarms
    threshold = (wanted.errors if wanted else ERRORS) or ERRORS
    return Alarm(
        address,
        alarm_name=alarm_name(stack.name, address),
        alarm_description=f"{stack.name}: service {service} answers more than {threshold} requests a minute with 5xx, "
        "which ends a deployment",
        namespace="AWS/ApplicationELB",
        metric_name="HTTPCode_Target_5XX_Count",
        dimensions={"LoadBalancer": balancer, "TargetGroup": group},
        statistic="Sum",
        comparison_operator="GreaterThanThreshold",
        threshold=float(threshold),
        # the metric has data only while there are errors
        treat_missing_data="notBreaching",
        alarm_actions=[],
        ok_actions=[],
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )
