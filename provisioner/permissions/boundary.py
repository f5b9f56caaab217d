"""The permissions boundary of a stack's roles: of instances, ECS at a task's start, tasks, flow log, schedules."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.aws.permissions import OF_TASKS, OURS, Conditions, Permission, Use, filled, grants, passing
from provisioner.config import task_policies
from provisioner.config.buckets import READING, READING_VERSIONS, WRITING
from provisioner.config.models import Config
from provisioner.config.queues import RECEIVING, SENDING
from provisioner.config.topics import PUBLISHING
from provisioner.engine.declaration import REFERENCE
from provisioner.permissions import secrets
from provisioner.permissions.arns import ANY
from provisioner.permissions.belonging import kept_apart
from provisioner.permissions.declared import arn
from provisioner.permissions.keys import OF_PARAMETERS, main_key, on_key, via
from provisioner.permissions.network import at_listener
from provisioner.permissions.table import names
from provisioner.steps.offline import given
from provisioner.steps.stack import Stack

_CLUSTER: Conditions = (("ArnEquals", "ecs:cluster", ("arn:{partition}:ecs:{region}:{account}:cluster/{stack}",)),)
_REGISTERED: Conditions = (("StringEquals", "ecs:CreateAction", ("CreateCluster", "RegisterContainerInstance")),)


def signed_in(config: Config) -> bool:
    """Return whether tasks may sign in to the database by IAM."""
    return config.own_database is not None and config.own_database.iam_authentication


def proxies_on_instances(config: Config) -> bool:
    """Return whether tasks on instances have Service Connect proxies, for which the agent polls (developer guide)."""
    return any(service.launch == "ec2" for service in config.proxied.values())


def flow_logs(config: Config) -> bool:
    """Return whether the VPC has a flow log."""
    return config.network.flow_logs


def scheduled(config: Config) -> bool:
    """Return whether a job has a schedule, for which EventBridge Scheduler runs tasks."""
    return any(job.schedule for job in config.jobs.values())


def machines(config: Config) -> bool:
    """Return whether a job has a state machine, by which Step Functions runs its tasks."""
    return any(job.by_machine for job in config.jobs.values())


def sleeping(config: Config) -> bool:
    """Return whether EventBridge Scheduler puts the stack to sleep and wakes it."""
    return config.schedule is not None


def sleeping_cluster(config: Config) -> bool:
    """Return whether it stops and starts a database cluster."""
    return sleeping(config) and (config.database is None or config.database.kind.aurora)


def sleeping_instance(config: Config) -> bool:
    """Return whether it stops and starts a database without a cluster."""
    return sleeping(config) and not sleeping_cluster(config)


def shifting(config: Config) -> bool:
    """Return whether ECS shifts the traffic of a service between two target groups."""
    return any(service.deployment.shifts for service in config.services.values())


def shifting_elsewhere(config: Config) -> bool:
    """Return whether ECS shifts the traffic of a rule at an existing listener."""
    return shifting(config) and at_listener(config)


def with_buckets(config: Config) -> bool:
    """Return whether services or jobs have buckets of the stack."""
    return bool(config.buckets)


def with_volumes(config: Config) -> bool:
    """Return whether services or jobs share volumes of the stack."""
    return bool(config.volumes)


def _key_of_buckets(config: Config) -> str | None:
    """Return the key that encrypts the objects of services and jobs."""
    return config.kms_key if config.buckets else None


def with_queues(config: Config) -> bool:
    """Return whether services or jobs have queues of the stack."""
    return bool(config.queues)


def with_topics(config: Config) -> bool:
    """Return whether services or jobs have topics of the stack."""
    return bool(config.topics)


def protecting(config: Config) -> bool:
    """Return whether tasks of a service may protect themselves from scale-in and deployments."""
    return any(service.task_protection for service in config.services.values())


def _key_of_queues(config: Config) -> str | None:
    """Return the key that encrypts the messages of services and jobs."""
    return config.kms_key if config.queues or config.topics else None


_BUCKETS = "{stack}-{account}-{region}-*"
_OF_OBJECTS: Conditions = (("StringLike", "kms:EncryptionContext:aws:s3:arn", (f"arn:{{partition}}:s3:::{_BUCKETS}",)),)

ROLES: tuple[Permission, ...] = (
    # the agent of an instance: AmazonEC2ContainerServiceforEC2Role, for this stack's cluster
    *grants("ec2", "DescribeTags"),
    *grants("ecs", "DiscoverPollEndpoint"),
    *grants("ecs", "DeregisterContainerInstance RegisterContainerInstance", "cluster/{stack}"),
    *grants(
        "ecs",
        "Poll StartTelemetrySession UpdateContainerInstancesState",
        "container-instance/{stack}/*",
        conditions=_CLUSTER,
    ),
    *grants("ecs", "Poll", "task-set/{stack}/*", wanted=proxies_on_instances),
    *grants("ecs", "Submit*", "cluster/{stack}"),
    *grants("ecs", "TagResource", "container-instance/{stack}/*", conditions=_REGISTERED),
    *grants("ecs", "ListTagsForResource", "container-instance/{stack}/*", "task/{stack}/*"),
    # an instance and ECS pull images, of any repository, and write the logs of this stack's tasks
    *grants("ecr", "GetAuthorizationToken"),
    *grants("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer", "repository/*"),
    *grants("logs", "CreateLogStream PutLogEvents", "log-group:/ecs/{stack}/*"),
    # ECS hands tasks their secrets
    *grants("ssm", "GetParameters", "parameter/{stack}/*"),
    # Session Manager on an instance, ECS Exec in a task
    *grants("ssm", "UpdateInstanceInformation"),
    *grants("ssmmessages", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"),
    # options: the password under a customer managed key, sign-in to the database by IAM, the VPC's flow log
    *on_key(main_key, "key", "Decrypt", conditions=OF_PARAMETERS, why="kms_key"),
    *grants("rds-db", "connect", "dbuser:{database}/{stack}-*", wanted=signed_in),
    *grants("logs", "DescribeLogGroups", wanted=flow_logs),
    *grants(
        "logs",
        "CreateLogStream DescribeLogStreams PutLogEvents",
        "log-group:/vpc/{stack}/*",
        wanted=flow_logs,
    ),
    # tasks use their buckets, and S3 the stack's key for them
    *grants(
        "s3",
        " ".join(one.partition(":")[2] for one in sorted({*READING, *READING_VERSIONS, *WRITING})),
        _BUCKETS,
        f"{_BUCKETS}/*",
        wanted=with_buckets,
    ),
    *on_key(_key_of_buckets, "key", "Decrypt GenerateDataKey", conditions=_OF_OBJECTS, why="kms_key"),
    # tasks mount their volumes; EFS uses the key of a file system by itself
    *grants("elasticfilesystem", "ClientMount ClientWrite", "file-system/*", conditions=OURS, wanted=with_volumes),
    # tasks use their queues, and SQS the stack's key for them
    *grants(
        "sqs",
        " ".join(one.partition(":")[2] for one in sorted({*RECEIVING, *SENDING})),
        "{stack}-*",
        wanted=with_queues,
    ),
    *grants("sns", " ".join(one.partition(":")[2] for one in PUBLISHING), "{stack}-*", wanted=with_topics),
    *on_key(_key_of_queues, "key", "Decrypt GenerateDataKey", conditions=via("sns", "sqs"), why="kms_key"),
    # tasks protect themselves while they work
    *grants(
        "ecs",
        "GetTaskProtection UpdateTaskProtection",
        "task/{stack}/*",
        conditions=_CLUSTER,
        wanted=protecting,
    ),
    # ECS shifts traffic: AmazonECSInfrastructureRolePolicyForLoadBalancers, for this stack's load balancer
    *grants(
        "elasticloadbalancing",
        "DescribeListeners DescribeRules DescribeTargetGroups DescribeTargetHealth",
        wanted=shifting,
    ),
    *grants("elasticloadbalancing", "DeregisterTargets RegisterTargets", "targetgroup/{stack}-*", wanted=shifting),
    *grants("elasticloadbalancing", "ModifyListener", "listener/app/{stack}/*", wanted=shifting),
    *grants("elasticloadbalancing", "ModifyRule", "listener-rule/app/{stack}/*", wanted=shifting),
    *grants("elasticloadbalancing", "ModifyRule", "{listener_rules}", conditions=OURS, wanted=shifting_elsewhere),
    # EventBridge Scheduler runs the jobs that have a schedule
    *grants("ecs", "RunTask", "task-definition/{stack}-*", conditions=_CLUSTER, wanted=scheduled),
    *passing("ecs-tasks.amazonaws.com", "RunTask", *OF_TASKS, wanted=scheduled),
    # EventBridge Scheduler starts the state machines of jobs; Step Functions runs, sees and stops their tasks
    *grants("states", "StartExecution", "stateMachine:{stack}-*", wanted=machines),
    *grants("ecs", "DescribeTasks StopTask", "task/{stack}/*", conditions=_CLUSTER, wanted=machines),
    *grants(
        "events",
        "DescribeRule PutRule PutTargets",
        "rule/StepFunctionsGetEventsForECSTaskRule",
        wanted=machines,
    ),
    # EventBridge Scheduler puts the stack to sleep and wakes it
    *grants("ecs", "DescribeServices UpdateService", "service/{stack}/*", wanted=sleeping),
    *grants(
        "application-autoscaling",
        "RegisterScalableTarget",
        "scalable-target/*",
        conditions=OURS,
        wanted=sleeping,
    ),
    *grants("rds", "StartDBCluster StopDBCluster", "cluster:{stack}", wanted=sleeping_cluster),
    *grants("rds", "StartDBInstance StopDBInstance", "db:{stack}", wanted=sleeping_instance),
    *grants("cloudwatch", "DisableAlarmActions EnableAlarmActions", "alarm:{stack}-*", wanted=sleeping),
)
"""The sum of the roles' policies, limited to this stack's resources where the policies are.

The agent's `ecs:CreateCluster` is left out: it creates a missing cluster, but the stack always has its own.
"""


MAKING: tuple[Permission, ...] = tuple(
    grants(
        "iam",
        "CreatePolicy CreatePolicyVersion DeletePolicyVersion ListPolicyVersions",
        "{boundary}",
        use=Use.OTHER,
        why="policy --create-boundary",
    )
)
"""Further permissions to create the boundary. No printed policy has them: a caller with permission to change the
boundary would not be limited by it."""


def boundary(config: Config, account: str = ANY, database: str = ANY) -> tuple[Permission, ...]:
    """Return the permissions of a stack's boundary, with the stack's names in them, and with the grants of own steps.

    Args:
        database: the database cluster's unique resource id from AWS; `*` if it is not known.
    """
    parts = (*ROLES, *secrets.roles(config), *_of_own_steps(config), *_of_policies(config))
    wanted = (it for it in parts if it.wanted(config))
    return tuple(filled(kept_apart(wanted), {**names(config, account), "database": database}))


def _of_own_steps(config: Config) -> Iterator[Permission]:
    """Yield the permissions that own steps grant to the tasks of services."""
    if (stack := given(config)) is None:
        return
    for grant in stack.given.grants:
        arns = [_limit(stack, resource) for resource in grant.resources]
        for name in grant.actions:
            service, _, action = name.partition(":")
            yield from grants(service, action, *([] if ANY in arns else arns), why="own steps")


def _of_policies(config: Config) -> Iterator[Permission]:
    """Yield the permissions in the policy files of services and jobs; managed policies are not read."""
    documents = {path: doc for name in config.workloads for path, doc in config.documents_of(name).items()}
    for document in documents.values():
        for allowed in task_policies.allowed(document):
            arns = [] if ANY in allowed.resources else [_escaped(one) for one in allowed.resources]
            conditions = tuple((how, key, tuple(map(_escaped, values))) for how, key, values in allowed.conditions)
            for name in allowed.actions:
                service, _, action = name.partition(":")
                yield from grants(service, action, *arns, conditions=conditions, why="policies")


def _limit(stack: Stack, resource: str) -> str:
    """Return an ARN for a boundary, with its braces escaped.

    The ARN of a resource that AWS has not created yet follows from its type's `arn`, with the same ending; without
    `arn` it is `*`.
    """
    if not (reference := REFERENCE.search(resource)):
        return _escaped(resource)
    named = stack.declared[reference[1]].resource
    if not named.arn:
        return ANY
    fields = {name: _escaped(value) if isinstance(value, str) else value for name, value in named.fields().items()}
    return arn(named, fields, stack.name) + _escaped(resource[reference.end() :])


def _escaped(text: str) -> str:
    return REFERENCE.sub("*", text).replace("{", "{{").replace("}", "}}")
