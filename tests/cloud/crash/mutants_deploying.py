"""Deliberate faults in services, their revisions and roll-outs."""

from __future__ import annotations

from tests.cloud.crash.mutant import Mutant

SERVICE = "provisioner/resources/ecs/service.py"
SERVICES, REVISIONS = "steps/services.py", "steps/task_definitions.py"

FAULTS = (
    Mutant(
        "a roll-out is not waited for", "deploying", SERVICE,
        """if shown.rollout_state == "COMPLETED" and shown.running_count >= enough:""",
        "if shown.running_count >= 0:", having="~service.image",
    ),
    Mutant(
        "up sets the number of tasks that autoscaling has set", "deploying", SERVICE,
        """scaled = {"desired_count"} if self.scales else set[str]()""", "scaled = set[str]()",
        having="service.scaling",
    ),
    Mutant(
        "a setting that reaches no running task starts no new ones", "deploying", SERVICE,
        """
        if changes.keys() & {"capacity_provider_strategy", "enable_execute_command", "failed", "target_group"}:
        """,
        "if False:", having="+service.exec",
    ),
    Mutant(
        "tasks have no tags", "setting", SERVICES, 'propagate_tags="SERVICE",', 'propagate_tags="NONE",',
    ),
    Mutant(
        "the shares of on-demand and spot are swapped", "setting", SERVICES,
        "share, rest = service.on_demand.percent, 100 - service.on_demand.percent",
        "rest, share = service.on_demand.percent, 100 - service.on_demand.percent", having="service.on_demand",
    ),
    Mutant(
        "exec is on for all", "setting", SERVICES,
        "enable_execute_command=stack.config.exec_on(name),", "enable_execute_command=True,", having="service.exec",
    ),
    Mutant(
        "the grace of a health check is lost", "setting", SERVICES,
        "health_check_grace_period_seconds=service.health.grace if service.public else 0,",
        "health_check_grace_period_seconds=60 if service.public else 0,", having="service.health.grace; service.public",
    ),
    Mutant(
        "alarms do not roll a deployment back", "setting", SERVICES,
        "watches = bool(alarm_names)", "watches = False", having="service.deployment.alarms",
    ),
    Mutant(
        "the number of CPU units is the default", "setting", REVISIONS,
        "cpu=str(workload.cpu),", 'cpu="256",', having="service.cpu",
    ),
    Mutant(
        "the seconds to stop are lost", "setting", REVISIONS,
        'found["stopTimeout"] = container.stop_timeout', "pass", having="service.stop_timeout",
    ),
    Mutant(
        "the check of a container is lost", "setting", REVISIONS,
        'container["healthCheck"] = _health(workload.health)', "pass", having="service.health.command",
    ),
    Mutant(
        "every container may write", "setting", REVISIONS,
        '"readonlyRootFilesystem": container.read_only,', '"readonlyRootFilesystem": False,',
        having="service.read_only",
    ),
    Mutant(
        "volumes are not mounted", "setting", REVISIONS,
        'own["mountPoints"] = [*own.get("mountPoints", ()), *mount_points(workload)]', "pass",
        having="service.volumes",
    ),
)  # fmt: skip
