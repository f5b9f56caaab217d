"""Alarms that end deployments: ECS rolls back when a public service answers too many requests with errors."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Stack, step
from provisioner.config.alarms import ERRORS
from provisioner.config.deployment import alarm_name
from provisioner.resources.cloudwatch.alarms import ABOVE, ERRORS_OF_TARGETS, QUIET, Alarm
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
        names[name] = service.deployment.with_own(made)
    return DeploymentAlarms(names)


def _alarm(stack: Stack, address: str, service: str, balancer: str, group: str) -> Alarm:
    """Return the alarm on one target group, by one minute of errors: the load balancer measures each minute.

    The metric has data only while there are errors. Source: Application Load Balancer user guide, "CloudWatch metrics".
    """
    wanted = stack.config.alarms
    threshold = (wanted.errors if wanted else ERRORS) or ERRORS
    return Alarm(
        address,
        alarm_name=alarm_name(stack.name, address),
        alarm_description=f"{stack.name}: service {service} answers more than {threshold} requests a minute with 5xx, "
        "which ends a deployment",
        namespace=ERRORS_OF_TARGETS[0],
        metric_name=ERRORS_OF_TARGETS[1],
        dimensions={"LoadBalancer": balancer, "TargetGroup": group},
        statistic="Sum",
        comparison_operator=ABOVE,
        threshold=float(threshold),
        treat_missing_data=QUIET,
        alarm_actions=[],
        ok_actions=[],
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )
