"""Alarms: the e-mail addresses and topics that CloudWatch notifies about problems of the stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner import Handle, Stack, ready, step
from provisioner.config.alarms import Alarms as Wanted
from provisioner.config.deployment import alarm_name, alternate
from provisioner.config.short_names import RULE, shortened
from provisioner.resources.cloudwatch.alarms import (
    ABOVE,
    AT_LEAST,
    BELOW,
    ERRORS_OF_TARGETS,
    QUIET,
    UNKNOWN,
    WRONG,
    Alarm,
)
from provisioner.resources.events import EventRule
from provisioner.resources.policies import Policy, policy
from provisioner.resources.sns import Subscription, Topic
from provisioner.steps import store_alarms
from provisioner.steps.cluster import Cluster
from provisioner.steps.database import Database
from provisioner.steps.load_balancer import LoadBalancing
from provisioner.steps.redis import Redis
from provisioner.steps.schedules import Schedules
from provisioner.steps.services import Services
from provisioner.steps.state_machines import StateMachines
from provisioner.steps.watched import Watched


@dataclass(frozen=True)
class Alarms:
    """The alarms that stay quiet while services have no tasks, by service, and the load balancer's alarm on errors.

    `errors` is None without a load balancer, or without a threshold for errors.
    """

    running: dict[str, Handle]
    errors: Handle | None


@step
def alarms(
    stack: Stack,
    cluster: Cluster,
    load_balancer: LoadBalancing,
    database: Database | None,
    redis: Redis | None,
    services: Services,
    schedules: Schedules,
    state_machines: StateMachines,
) -> Alarms:
    """Declare the alarms, and a topic with the addresses to notify, if there is a table `[alarms]`.

    A service's alarms come after the service is ready: before that it has fewer tasks than it should have.
    """
    wanted = stack.config.alarms
    if wanted is None:
        return Alarms({}, None)
    told = [*_own_topic(stack, wanted), *([wanted.topic] if wanted.topic else [])]
    found = [
        *_of_load_balancer(stack, wanted, load_balancer),
        *_of_services(stack, wanted, cluster, load_balancer, services),
        *store_alarms.of_database(stack, wanted, database),
        *store_alarms.of_redis(stack, wanted, redis),
        *store_alarms.of_queues(stack, wanted),
        *_of_schedules(wanted, schedules, sleeps=stack.config.schedule is not None),
        *_of_jobs(stack, wanted, cluster, schedules, state_machines),
    ]
    made: dict[str, Handle] = {}
    for one in found:
        namespace, metric = one.metric
        comparison, threshold = one.beyond
        made[one.address] = stack.ensure(
            Alarm(
                one.address,
                alarm_name=alarm_name(stack.name, one.address),
                alarm_description=f"{stack.name}: {one.text}",
                namespace=namespace,
                metric_name=metric,
                dimensions=one.dimensions,
                statistic=one.statistic,
                comparison_operator=comparison,
                threshold=float(threshold),
                treat_missing_data=one.missing,
                alarm_actions=told,
                ok_actions=told,
                actions_enabled=not one.quiet,
                evaluation_periods=one.minutes,
                datapoints_to_alarm=one.minutes,
            ),
            after=one.after,
        )
    running = {name: made[f"{name}.running"] for name in stack.config.services if f"{name}.running" in made}
    return Alarms(running, made.get("errors"))


def _own_topic(stack: Stack, wanted: Wanted) -> list[str]:
    """Declare the topic with its e-mail addresses, if there are any, and return its ARN."""
    if not wanted.email:
        return []
    name = f"{stack.name}-alarms"
    topic = stack.ensure(Topic("alarms", name, _from_cloudwatch(stack, name)))
    for address in wanted.email:
        stack.ensure(Subscription(address, topic.arn, "email", address))
    return [topic.arn]


def _from_cloudwatch(stack: Stack, topic: str) -> Policy:
    """Return a topic policy that lets only this account's alarms publish (SNS guide, "Example cases").

    The topic has no key: e-mails leave AWS unencrypted anyway, and an AWS managed key would keep CloudWatch out.
    """
    facts = stack.facts
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": f"arn:{facts.partition}:sns:{facts.region}:{facts.account}:{topic}",
            "Condition": {"StringEquals": {"aws:SourceAccount": facts.account}},
        }
    )


def _of_load_balancer(stack: Stack, wanted: Wanted, load_balancer: LoadBalancing) -> Iterator[Watched]:
    """Yield the alarm on 5xx answers of the load balancer itself: no target took the request, or none was left."""
    # that of another load balancer counts the requests for others too
    if wanted.errors and load_balancer.name and stack.config.listener is None:
        yield Watched(
            "errors",
            f"the load balancer itself answers more than {wanted.errors} requests a minute with 5xx",
            ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"),
            {"LoadBalancer": load_balancer.name},
            "Sum",
            (ABOVE, wanted.errors),
            QUIET,
            quiet=stack.facts.sizes.unanswered(stack.config.services),
        )


def _of_services(
    stack: Stack, wanted: Wanted, cluster: Cluster, load_balancer: LoadBalancing, services: Services
) -> Iterator[Watched]:
    for name, service in stack.config.services.items():
        after = (ready(services.handles[name]),)
        dimensions = {"ClusterName": cluster.name, "ServiceName": name}
        if service.public:
            yield from _of_targets(wanted, name, name, load_balancer.name, load_balancer.targets[name])
        if second := load_balancer.alternates.get(name):
            # ECS moves the traffic from one group to the other and back
            yield from _of_targets(wanted, alternate(name), name, load_balancer.name, second)
        if wanted.running and service.least:
            yield Watched(
                f"{name}.running",
                f"service {name} has fewer than {service.least} running tasks",
                ("ECS/ContainerInsights", "RunningTaskCount"),
                dimensions,
                "Average",
                (BELOW, service.least),
                WRONG,
                quiet=stack.facts.sizes.rests(name),
                after=after,
            )
        used = (("cpu", "CPU", "CPUUtilization", wanted.cpu), ("memory", "memory", "MemoryUtilization", wanted.memory))
        for what, word, metric, threshold in used:
            if threshold:
                yield Watched(
                    f"{name}.{what}",
                    f"service {name} uses more than {threshold} % of its {word}",
                    ("AWS/ECS", metric),
                    dimensions,
                    "Average",
                    (ABOVE, threshold),
                    UNKNOWN,
                    after=after,
                )


def _of_targets(wanted: Wanted, group: str, name: str, balancer: str | None, targets: str) -> Iterator[Watched]:
    dimensions = {"LoadBalancer": str(balancer), "TargetGroup": targets}
    if wanted.errors:
        yield Watched(
            f"{group}.errors",
            f"service {name} answers more than {wanted.errors} requests a minute with 5xx",
            ERRORS_OF_TARGETS,
            dimensions,
            "Sum",
            (ABOVE, wanted.errors),
            QUIET,
        )
    if wanted.unhealthy:
        yield Watched(
            f"{group}.unhealthy",
            f"a task of service {name} fails the health check of the load balancer",
            ("AWS/ApplicationELB", "UnHealthyHostCount"),
            dimensions,
            "Maximum",
            (AT_LEAST, 1),
            # without targets there is no data, and the alarm on the number of running tasks covers that
            QUIET,
        )


def _of_schedules(wanted: Wanted, schedules: Schedules, *, sleeps: bool) -> Iterator[Watched]:
    """Yield the alarm on runs dropped after all attempts; EventBridge Scheduler does not know how a started run ends.

    Source: EventBridge Scheduler user guide, "Monitoring Amazon EventBridge Scheduler with Amazon CloudWatch": metrics
    are by schedule group, and delivered on a best-effort basis.
    """
    if wanted.schedules and schedules.group:
        yield Watched(
            "schedules",
            "a scheduled job could not be started" + (", or the stack not put to sleep or woken" if sleeps else ""),
            ("AWS/Scheduler", "InvocationDroppedCount"),
            {"ScheduleGroup": schedules.group},
            "Sum",
            (AT_LEAST, 1),
            QUIET,
            minutes=1,
        )


def _of_jobs(
    stack: Stack, wanted: Wanted, cluster: Cluster, schedules: Schedules, machines: StateMachines
) -> Iterator[Watched]:
    """Declare a rule that matches failed runs for each job with a schedule, and yield the alarm on its count.

    Step Functions itself counts the runs of a job with a state machine.

    The rule needs no target for that (`aws-glue-alpha` of aws-cdk, `Job.metricFailure`); the metric is delivered on a
    best-effort basis (EventBridge user guide, "Monitoring Amazon EventBridge").
    """
    for name, group in schedules.task_groups.items() if wanted.failed_jobs else ():
        if machine := machines.handles.get(name):
            yield from _of_machine(name, machine)
            continue
        rule = stack.ensure(
            EventRule(
                f"{name}.failed",
                rule_name=shortened(f"{stack.name}-{name}-failed", RULE),
                description=f"{stack.name}: failed runs of scheduled job {name}",
                event_pattern=_failed_run(cluster.arn, group, name),
            )
        )
        yield Watched(
            f"{name}.failed",
            f"a run of scheduled job {name} failed",
            ("AWS/Events", "TriggeredRules"),
            {"RuleName": rule.id},
            "Sum",
            (AT_LEAST, 1),
            QUIET,
            minutes=1,
        )


def _of_machine(name: str, machine: Handle) -> Iterator[Watched]:
    """Yield the alarms on executions that failed with all retries, or that were out of time.

    Source: Step Functions developer guide, "Monitoring Step Functions metrics using Amazon CloudWatch".
    """
    for word, metric, text in (
        ("failed", "ExecutionsFailed", f"a run of scheduled job {name} failed, with all its retries"),
        ("timed-out", "ExecutionsTimedOut", f"a run of scheduled job {name} was ended by its timeout"),
    ):
        yield Watched(
            f"{name}.{word}",
            text,
            ("AWS/States", metric),
            {"StateMachineArn": machine.arn},
            "Sum",
            (AT_LEAST, 1),
            QUIET,
            minutes=1,
        )


def _failed_run(cluster: str, group: str, container: str) -> dict[str, Any]:
    """Return the event pattern of tasks whose program ended with an exit code other than 0, or that AWS ended.

    It also matches tasks that never started. A sidecar ends with the program, by a signal: its exit code says nothing.
    Name and exit code must match the same container (aws/event-ruler, "JSON Array Matching").

    Sources: ECS developer guide, "Amazon ECS task state change events"; API reference, Task, stopCode.
    """
    ended = {"containers": {"name": [container], "exitCode": [{"anything-but": [0]}]}}
    not_by_itself = {"stopCode": [{"anything-but": ["EssentialContainerExited", "UserInitiated"]}]}
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [cluster],
            "group": [group],
            "lastStatus": ["STOPPED"],
            "$or": [ended, not_by_itself],
        },
    }
