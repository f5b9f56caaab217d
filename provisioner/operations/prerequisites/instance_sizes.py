"""Check that the tasks of services on EC2 fit the instances: a task that does not would wait for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.aws.client import batches
from provisioner.aws.errors import code_of
from provisioner.config.instances import Size
from provisioner.config.room import too_many_tasks
from provisioner.engine.errors import ConfigurationError

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


def sizes(aws: Aws, types: Iterable[str]) -> dict[str, Size]:
    """Return the sizes of instance types, by name, as far as AWS says.

    Raises:
        ClientError: the Region does not offer one of the types.
    """
    found = dict[str, Size]()
    for names in batches(sorted(set(types)), 100):
        for one in aws.pages("ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=list(names)):
            vcpus, memory = one.get("VCpuInfo", {}).get("DefaultVCpus"), one.get("MemoryInfo", {}).get("SizeInMiB")
            interfaces = one.get("NetworkInfo", {}).get("MaximumNetworkInterfaces") or 0
            if vcpus and memory:
                found[one["InstanceType"]] = Size(vcpus * 1024, memory, interfaces)
    return found


def check(aws: Aws, config: Config) -> Mapping[str, Size]:
    """Refuse tasks that are too large for an instance type, or too many; return the sizes of the types.

    The result is empty if no service runs on instances, or AWS does not say.

    ECS makes the group grow only for tasks that fit the smallest type, compared for each parameter by itself:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html

    Raises:
        ConfigurationError: tasks of services on EC2 are too large or too many.
    """
    on_ec2 = {name: service for name, service in config.services.items() if service.launch == "ec2"}
    if not on_ec2:
        return {}
    try:
        known = sizes(aws, config.capacity.instance_types)
    except ClientError as error:
        if code_of(error) == "InvalidInstanceType":
            return {}  # `zones.with_instances` reports it, with the types that are offered
        raise
    if not known:
        return {}  # AWS does not say
    problems = [
        f"services.{name}.{problem}"
        for name, service in on_ec2.items()
        for problem in _problems(Size(service.cpu, service.memory), known)
    ]
    if problems:
        raise ConfigurationError(
            f"{'; '.join(problems)}. ECS starts instances only for tasks that fit the smallest of "
            f"capacity.instance_types: lower the value, or use larger types"
        )
    if problem := too_many_tasks(config, known):
        raise ConfigurationError(problem)
    return known


def _problems(task: Size, types: dict[str, Size]) -> Iterator[str]:
    weakest = min(types, key=lambda name: types[name].cpu)
    if task.cpu > (has := types[weakest].cpu):
        yield f"cpu is {task.cpu} units, but {weakest} has {has}"
    smallest = min(types, key=lambda name: types[name].memory)
    # the share that the kernel and the agent keep is not known before an instance runs
    if task.memory >= (has := types[smallest].memory):
        yield f"memory is {task.memory} MiB, but {smallest} has {has} MiB, of which the system keeps a part"
