"""Move tasks from PROVISIONING to STOPPED, with interface, targets and Cloud Map (developer guide)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from moto.core.exceptions import ServiceException

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.containers import runs
from ecs_emulator.containers.definitions import CannotStart, EssentialExited
from ecs_emulator.ecs import connect, failing, one_off, ordering, probes, task_events, texts
from ecs_emulator.ecs.placement import place, shortage
from ecs_emulator.ecs.records import NEVER, Task, last_part, now
from ecs_emulator.ecs.store import Store
from ecs_emulator.ecs.tasks import end
from ecs_emulator.services.ec2.interfaces import create_interface, release_later

_REMEMBER_SECONDS = 3600.0
_ECS = "amazon-ecs"


def step(store: Store, task: Task) -> None:
    """Take the task's next step if its time has come, and report a changed status to EventBridge."""
    before = task.status
    _step(store, task)
    if task.status != before:
        task_events.changed(store, task)


def _step(store: Store, task: Task) -> None:
    if task.ended:
        if passed(task.forget_at):
            del store.tasks[task.id]
        return
    if _host_gone(store, task):
        _lost(store, task)
        return
    if task.desired == "RUNNING":
        probes.look(store, task)
    if task.desired == "STOPPED":
        # an agent that cannot be reached gets no order to stop
        reached = not task.instance or store.instances[task.instance].connected
        if passed(task.next_at) and reached:
            _stop(store, task)
    elif task.next_at == NEVER:
        _watch(store, task)
    elif passed(task.next_at):
        _start(store, task)


def _watch(store: Store, task: Task) -> None:
    """Place a task that waits for room once there is some; end a task whose essential container has ended."""
    if task.status == "PROVISIONING":
        _await_room(store, task)
    elif runs.exited(task):
        end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")


def _await_room(store: Store, task: Task) -> None:
    """Place a task on an instance, or end it after a while; the scheduler then starts another.

    The time that it waits: containers-roadmap#2381; its stop reason: developer guide, API failure reasons.
    """
    if not place(store, task) or task.next_at != NEVER:
        return
    if task.gives_up_at == NEVER:
        task.gives_up_at = later(durations.TASK_WITHOUT_ROOM)
    elif passed(task.gives_up_at):
        end(task, f"TaskFailedToStart: {shortage(store, task)}", "TaskFailedToStart")


def _start(store: Store, task: Task) -> None:
    match task.status:
        case "PROVISIONING":
            try:
                _attach(store, task)
            except LookupError as error:
                end(task, str(error), "TaskFailedToStart")
                return
            task.endpoints = connect.endpoints(store, task)
            task.status, task.next_at = "PENDING", later(durations.TASK_PULL)
            task.times["pullStartedAt"] = now()
        case "PENDING":
            if failing.fail_before_start(store, task):
                return
            if not _started(store, task) or not ordering.have_started(store, task):
                return
            task.times["pullStoppedAt"] = now()
            # nothing registers a task without a service (developer guide, "Task lifecycle")
            wait = 0.0 if one_off.is_one_off(task) else durations.TASK_ACTIVATE
            task.status, task.next_at = "ACTIVATING", later(wait)
            _register(store, task)
        case "ACTIVATING":
            if failing.exit_at_once(store, task):
                return
            task.status, task.next_at = "RUNNING", min(failing.fails_at(task), one_off.ends_at(task))
            task.times["startedAt"] = now()
            one_off.begin(store, task)
            _begin_to_count(store, task)
        case "RUNNING":
            _end_by_itself(store, task)


def _end_by_itself(store: Store, task: Task) -> None:
    if failing.never_well(task):
        failing.fail_running(store, task)
    else:
        one_off.finish(store, task)


def _begin_to_count(store: Store, task: Task) -> None:
    """Record when an unchecked task of a service counts as healthy, and tick when its grace period ends.

    The scheduler waits for 40 seconds before it counts such a task (API reference, DeploymentConfiguration,
    minimumHealthyPercent).
    """
    service = store.services.get(f"{task.cluster}/{task.service}")
    if service is None:
        return
    if probes.is_unchecked(task):
        task.counts_at = later(durations.TASK_COUNTED)
    elif not probes.is_well(task):
        later(probes.grace(service))


def _started(store: Store, task: Task) -> bool:
    """Return whether the task's containers run by now; end a task whose containers cannot be started."""
    try:
        return runs.ensure_started(store, task)
    except CannotStart as error:
        task.container_reason = str(error)
        end(task, str(error), "TaskFailedToStart")
        return False
    except EssentialExited:
        end(task, texts.CONTAINER_EXITED, "EssentialContainerExited")
        return False


def _stop(store: Store, task: Task) -> None:
    match task.status:
        case "PROVISIONING" | "PENDING":
            task.times["stoppingAt"] = now()
            task.status, task.next_at = "DEPROVISIONING", later(durations.TASK_DEPROVISION)
            _detach(store, task)
        case "ACTIVATING" | "RUNNING" if one_off.is_one_off(task) and task.exit_code is not None:
            # its main container has ended by itself: only containers beside it are left to stop
            task.times["stoppingAt"] = now()
            task.status, task.next_at = "STOPPING", 0.0
            _stop(store, task)
        case "ACTIVATING" | "RUNNING":
            task.times["stoppingAt"] = now()
            task.status, task.next_at = "DEACTIVATING", later(_deregister(store, task))
        case "DEACTIVATING":
            task.status, task.next_at = "STOPPING", later(durations.TASK_STOP)
        case "STOPPING" if runs.ensure_stopped(task):
            task.times["executionStoppedAt"] = now()
            by_signal = one_off.TERMINATED if one_off.is_one_off(task) else 0
            task.exit_code = by_signal if task.exit_code is None else task.exit_code
            for container in task.definition.shape["containerDefinitions"]:
                task.exit_codes.setdefault(container["name"], by_signal)
            task.status, task.next_at = "DEPROVISIONING", later(durations.TASK_DEPROVISION)
            _detach(store, task)
        case "DEPROVISIONING":
            _finish(task)


def _lost(store: Store, task: Task) -> None:
    """Stop a task at once whose instance is gone, and its containers with it."""
    end(task, f"Host EC2 instance of {task.instance} is gone.", "TerminationNotice")
    _deregister(store, task)
    _detach(store, task)
    _finish(task)


def _finish(task: Task) -> None:
    runs.forget(task)
    probes.forget(task)
    task.status, task.next_at, task.forget_at = "STOPPED", NEVER, later(_REMEMBER_SECONDS)
    task.times["stoppedAt"] = now()


def _host_gone(store: Store, task: Task) -> bool:
    return bool(task.instance) and store.instances[task.instance].gone


def _attach(store: Store, task: Task) -> None:
    """Give the task its network interface, in the subnet with fewest tasks of its group.

    ECS shows the code of EC2's refusals (developer guide, "TaskFailedToStart errors").

    Raises:
        LookupError: there is no interface; the message is ECS's.
    """
    network = task.spec.get("networkConfiguration")
    if not network:
        return
    settings = network["awsvpcConfiguration"]
    known = {subnet.id: subnet for subnet in store.ec2.describe_subnets()}
    usable = [
        known[one] for one in settings["subnets"] if one in known and task.zone in ("", known[one].availability_zone)
    ]
    if not usable:
        names = ", ".join(settings["subnets"])
        raise LookupError(f"Network interface provision failed: no subnet of {names} can be used")
    spread = Counter(other.zone for other in store.tasks_of(task.cluster) if other.group == task.group)
    subnet = min(usable, key=lambda one: spread[one.availability_zone])
    try:
        interface = create_interface(
            store.ec2,
            subnet,
            settings["securityGroups"],
            store.arn(f"attachment/{task.attachment}"),
            _ECS,
            public=settings["assignPublicIp"] == "ENABLED",
        )
    except ServiceException as error:
        raise LookupError(
            f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{subnet.id}': {error.code}"
        ) from None
    task.interface, task.address = interface.id, str(interface.private_ip_address)
    task.zone = subnet.availability_zone


def _detach(store: Store, task: Task) -> None:
    if task.interface:
        release_later(store.ec2, task.interface, durations.TASK_INTERFACE_RELEASE)


def _register(store: Store, task: Task) -> None:
    """Register the task's address in the target groups and in Cloud Map, also for Service Connect."""
    if not task.address:
        return
    task.registered = True
    for balancer in task.spec["loadBalancers"]:
        group = store.elbv2.target_groups.get(balancer["targetGroupArn"])
        if group is not None:
            group.register([{"Id": task.address, "Port": balancer["containerPort"]}])
            _say(store, task, f"registered 1 targets in (target-group {group.arn})")
    for registry in _registries(store, task):
        attributes = {
            "AVAILABILITY_ZONE": task.zone,
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "AWS_INSTANCE_IPV4": task.address,
            "ECS_CLUSTER_NAME": task.cluster,
            "ECS_SERVICE_NAME": task.service,
            "ECS_TASK_DEFINITION_FAMILY": task.definition.family,
            "REGION": store.region,
        }
        store.discovery.register_instance(registry, task.id, task.id, attributes)


def _deregister(store: Store, task: Task) -> float:
    """Take the task out of target groups and Cloud Map; return the seconds that its connections get to end."""
    delay = 0.0
    if not task.registered:
        return delay
    task.registered = False
    for balancer in task.spec["loadBalancers"]:
        group = store.elbv2.target_groups.get(balancer["targetGroupArn"])
        if group is not None and task.address in group.targets:
            group.deregister([{"Id": task.address}])
            _say(store, task, f"deregistered 1 targets in (target-group {group.arn})")
            _say(store, task, "has begun draining connections on 1 tasks.")
            delay = max(delay, float(group.attributes["deregistration_delay.timeout_seconds"]))
    for registry in _registries(store, task):
        if any(instance.instance_id == task.id for instance in store.discovery.list_instances(registry)):
            store.discovery.deregister_instance(registry, task.id)
    return delay


def _say(store: Store, task: Task, text: str) -> None:
    service = store.services.get(f"{task.cluster}/{task.service}")
    if service is not None:
        service.say(text)


def _registries(store: Store, task: Task) -> list[Any]:
    wanted = [last_part(registry["registryArn"]) for registry in task.spec["serviceRegistries"]]
    return [*(one for one in wanted if one in store.discovery.services), *connect.entries(store, task)]
