"""The services: ECS keeps their tasks running; others reach them by name inside, and by path from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from provisioner import Endpoints, Handle, Network, SecurityGroups, Stack, ready, step
from provisioner.config.circles import callees_first
from provisioner.config.services import Service as Wanted
from provisioner.config.workload import PROXY_CPU
from provisioner.engine import words
from provisioner.resources.ecs.pauses import pause
from provisioner.resources.ecs.service import Service
from provisioner.resources.ecs.sizes import ExpiringStack, PausedWorkload, ProtectedStack, ScaledService, SleepingStack
from provisioner.resources.ecs.strategies import EARLY, EARLY_SUCCESS
from provisioner.steps.capacity import FARGATE, FARGATE_SPOT, Capacity
from provisioner.steps.cluster import Cluster
from provisioner.steps.database import Database
from provisioner.steps.deployment_alarms import DeploymentAlarms
from provisioner.steps.discovery import Discovery
from provisioner.steps.drain import Drain
from provisioner.steps.job_runs import JobRuns
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.logs import Logs
from provisioner.steps.roles import Roles
from provisioner.steps.task_definitions import TaskDefinitions


@dataclass(frozen=True)
class Services:
    """The services' handles, by name."""

    handles: dict[str, Handle]


@step
def services(
    stack: Stack,
    network: Network,
    security_groups: SecurityGroups,
    endpoints: Endpoints,
    cluster: Cluster,
    capacity: Capacity,
    drain: Drain,
    logs: Logs,
    discovery: Discovery,
    load_balancer: LoadBalancing,
    database: Database | None,
    roles: Roles,
    task_definitions: TaskDefinitions,
    job_runs: JobRuns,
    deployment_alarms: DeploymentAlarms,
) -> Services:
    """Declare the services, in private subnets unless they have public addresses.

    Their tasks start at once, so they come after the endpoints, without which no image can be pulled, and after their
    provider is attached to the cluster. ECS refuses a target group that no listener uses.

    A service that uses the database comes after its writer: a program that connects or migrates when it starts would
    fail otherwise, and with it the first deployment. A caller of a new service comes after that service, so that its
    name resolves; on a first `up` only where waiting for the database takes longer anyway.

    New and changed services all come after the jobs that run before them: if one fails, no service is touched.
    """
    _notice_small(stack)
    wanted, sizes = stack.config.services, stack.facts.sizes
    handles: dict[str, Handle] = {}
    for name in callees_first({name: service.calls for name, service in wanted.items()}):
        service = wanted[name]
        # in a circle, one of the calls leads to a service that comes later
        callees = [callee for callee in service.calls if callee in handles]
        early = [callee for callee in callees if _starts_early(wanted, callee)]
        handles[name] = stack.ensure(
            Service(
                name,
                cluster=cluster.name,
                service_name=name,
                task_definition=task_definitions.arns[name],
                desired_count=0 if sizes.rests(name) else service.count,
                scales=service.scaling is not None,
                capacity_provider_strategy=_strategy(service, capacity.provider),
                subnets=network.tasks,
                security_groups=security_groups.of(name, service.security_groups),
                assign_public_ip=stack.config.network.assign_public_ip,
                load_balancers=_load_balancers(name, service, load_balancer, roles),
                service_registries=[{"registryArn": entry.arn} for entry in [discovery.services.get(name)] if entry],
                health_check_grace_period_seconds=service.health.grace if service.public else 0,
                deployment_configuration={
                    "deploymentCircuitBreaker": _circuit_breaker(service),
                    **_percentages(service),
                    **_shifting(service, deployment_alarms.names[name]),
                },
                # rebalancing starts one more task before it stops one (developer guide, "Availability Zone
                # rebalancing")
                availability_zone_rebalancing="ENABLED" if service.deployment.max_percent > 100 else "DISABLED",
                enable_execute_command=stack.config.exec_on(name),
                enable_ecs_managed_tags=True,
                propagate_tags="SERVICE",
                service_connect=_connect(stack, name, discovery, logs),
                high_resolution_metrics=service.scaling.high_resolution if service.scaling else [],
            ),
            after=[
                drain.handle,
                ready(capacity.attached),
                *endpoints.available,
                *job_runs.before_services,
                *([load_balancer.routes[name]] if service.public else []),
            ],
            start_after=[
                *([database.writer] if database and service.waits_for_database else []),
                *(handles[callee] for callee in early),
            ],
            # also for an existing service that can be called by its name from now on
            change_after={handles[callee]: discovery.services[callee] for callee in callees},
            # a task's proxy reaches only services that were in the namespace when the task started, and whose tasks
            # have a proxy
            follows=[handles[callee] for callee in callees if callee in stack.config.endpoints],
            uses=[handles[callee] for callee in callees],
        )
    for name, scaled in sizes.scaled.items():
        stack.ensure(ScaledService(name, scaled.least, scaled.most, scaled.instead_of))
    for name, tasks in sizes.paused.items():
        stack.ensure(PausedWorkload(name, tasks))
    if sizes.asleep:
        stack.ensure(SleepingStack("main", sizes.slept))
    if stack.facts.expires is not None:
        stack.ensure(ExpiringStack("main", stack.facts.expires))
    if stack.config.protect:
        stack.ensure(ProtectedStack("main"))
    return Services(handles)


def _starts_early(services: Mapping[str, Wanted], name: str) -> bool:
    """Return whether a new service is ready before the database, so that callers can wait for it without a delay.

    A service on Fargate starts in some 80 seconds and one on instances in four minutes; the database takes nine.
    """
    service = services[name]
    return not service.waits_for_database and not service.calls


def _percentages(service: Wanted) -> dict[str, int]:
    """Return how many tasks a deployment may run at most, and must keep healthy, in percent."""
    wanted = service.deployment
    return {"maximumPercent": wanted.max_percent, "minimumHealthyPercent": wanted.min_percent}


def _shifting(service: Wanted, alarm_names: Sequence[str]) -> dict[str, object]:
    """Return the settings for shifting traffic, with all members; of rolling deployments only settings that are on."""
    wanted = service.deployment
    watches = bool(alarm_names)
    alarms = {"alarmNames": list(alarm_names), "enable": watches, "rollback": watches}
    if not wanted.shifts:
        return {**({"alarms": alarms} if watches else {}), **({EARLY: EARLY_SUCCESS} if wanted.early_success else {})}
    percent, minutes = wanted.steps
    steps = {
        "canary": {"canaryConfiguration": {"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes}},
        "linear": {"linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": minutes}},
    }.get(wanted.strategy, {})
    hooks = {"lifecycleHooks": [pause([_stage(one) for one in wanted.pause_at], wanted.pause_minutes)]}
    return {
        "strategy": _stage(wanted.strategy),
        "bakeTimeInMinutes": wanted.bake_minutes,
        "alarms": alarms,
        **steps,
        **(hooks if wanted.pause_at else {}),
    }


def _stage(name: str) -> str:
    return name.replace("-", "_").upper()


def _strategy(service: Wanted, instances: str | None) -> list[dict[str, object]]:
    """Return the service's capacity provider strategy, its weights in their lowest terms."""
    if instances and service.launch == "ec2":
        return [_on(instances, 1)]
    share, rest = service.on_demand.percent, 100 - service.on_demand.percent
    common = gcd(share, rest)
    shares = [_on(FARGATE, share // common, service.on_demand.base), _on(FARGATE_SPOT, rest // common)]
    return [one for one in shares if one["weight"]]


def _circuit_breaker(service: Wanted) -> dict[str, object]:
    """Return the settings for rolling back a failed deployment; with all members, since ECS keeps omitted ones."""
    threshold = service.circuit_breaker.threshold
    share = isinstance(threshold, str)
    value = int(threshold.removesuffix("%")) if isinstance(threshold, str) else threshold
    return {
        "enable": True,
        "rollback": True,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT" if share else "COUNT", "value": value},
    }


def _connect(stack: Stack, name: str, discovery: Discovery, logs: Logs) -> dict[str, object] | None:
    """Return a service's Service Connect settings: with the same name and port under which DNS already has it."""
    config = stack.config
    if name not in config.proxied or not discovery.namespace:
        return None
    endpoint = {
        "portName": name,
        # names of services do not have this character: their own names are taken by their entries for DNS
        "discoveryName": f"{name}_connect",
        "clientAliases": [{"dnsName": f"{name}.{config.dns.discovery_domain}", "port": config.services[name].port}],
    }
    options = {
        "awslogs-group": logs.proxies,
        "awslogs-region": stack.facts.region,
        "awslogs-stream-prefix": name,
        "mode": "non-blocking",
    }
    return {
        "namespace": discovery.namespace.arn,
        "services": [endpoint] if name in config.endpoints else [],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }


def _notice_small(stack: Stack) -> None:
    """Warn about services that are smaller than AWS advises for a task with a Service Connect proxy."""
    small = [name for name, one in stack.config.proxied.items() if one.cpu < 2 * PROXY_CPU]
    if small:
        stack.notice(
            f"{words.names([f'services.{name}' for name in small])}: less than {2 * PROXY_CPU} CPU units, of which the "
            f"proxy of Service Connect takes its part: AWS advises {PROXY_CPU} for it alone (cpu = {2 * PROXY_CPU})"
        )


def _on(provider: str, weight: int, base: int = 0) -> dict[str, object]:
    return {"capacityProvider": provider, "weight": weight, "base": base}


def _load_balancers(name: str, service: Wanted, load_balancer: LoadBalancing, roles: Roles) -> list[dict[str, object]]:
    if not service.public:
        return []
    target: dict[str, object] = {
        "targetGroupArn": load_balancer.target_groups[name],
        "containerName": service.target_container or name,
        "containerPort": service.entry,
    }
    if name not in load_balancer.shifts:
        return [target]
    group, rule, test = load_balancer.shifts[name]
    settings = {"alternateTargetGroupArn": group, "productionListenerRule": rule, "roleArn": roles.shifting}
    settings |= {"testListenerRule": test} if test else {}
    return [{**target, "advancedConfiguration": settings}]
