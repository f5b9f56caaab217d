"""The times of jobs: before services, after their dependencies, and by the clock after these."""

from __future__ import annotations

from typing import Any, cast

import provisioner.steps  # noqa: F401  (importing the package registers the steps)
from provisioner.config.models import Config
from provisioner.steps.stack import Stack
from tests.unit.steps.test_service_steps import FACTS, needs

IMAGE = {"image": "registry.example/app:1"}
TABLES: dict[str, Any] = {
    "region": "eu-west-1",
    "database": {"name": "shop"},
    "services": {"web": {**IMAGE, "port": 80, "database": True}, "worker": IMAGE},
    "jobs": {
        "migrate": {**IMAGE, "database": True, "before_deploy": True},
        "seed": {**IMAGE, "before_deploy": True},
        "nightly": {**IMAGE, "schedule": "cron(30 3 * * ? *)", "timezone": "Asia/Tokyo"},
        "shell": IMAGE,
    },
}


def declared(**tables: Any) -> Stack:
    stack = Stack(Config.model_validate({**TABLES, **tables}), FACTS)
    stack.run()
    return stack


def desired(stack: Stack, address: str) -> Any:
    return cast("Any", stack.declared[address].resource)


def test_jobs_run_in_the_order_of_the_file_before_services() -> None:
    stack = declared()
    migrate, seed = needs(stack, "job_run/migrate"), needs(stack, "job_run/seed")
    assert migrate["db_instance/main"], "when the writer is ready"
    assert "job_run/migrate" not in migrate
    assert "db_instance/main" not in seed
    assert seed["job_run/migrate"], "when the one before it has ended"
    for service in ("web", "worker"):
        assert needs(stack, f"service/{service}")["job_run/migrate"]
        assert needs(stack, f"service/{service}")["job_run/seed"]
    runs = {address for address in stack.declared if address.startswith(("job_run/", "schedule/"))}
    assert runs == {"job_run/migrate", "job_run/seed", "schedule/nightly"}


def test_a_schedule_moves_when_the_services_have() -> None:
    stack = declared()
    assert all(needs(stack, "schedule/nightly")[f"service/{name}"] for name in ("web", "worker"))
    schedule = desired(stack, "schedule/nightly")
    assert (schedule.schedule_expression, schedule.schedule_expression_timezone) == ("cron(30 3 * * ? *)", "Asia/Tokyo")
    assert schedule.flexible_time_window == {"Mode": "OFF"}
    run, passed = desired(stack, "role/schedules").inline_policies["run"]["Statement"]
    place = "arn:aws:ecs:eu-west-1:123456789012:task-definition"
    assert run["Resource"] in (f"{place}/ecs-sample-dev-nightly:*", [f"{place}/ecs-sample-dev-nightly:*"])
    assert set(passed["Resource"]) == {"${role/execution:arn!}", "${role/task-nightly:arn}"}


def test_without_jobs_there_is_nothing_for_them() -> None:
    kinds = {address.partition("/")[0] for address in declared(jobs={}).declared}
    assert not kinds & {"job_run", "schedule", "schedule_group"}


def test_tasks_of_jobs_are_where_those_of_services_are() -> None:
    stack = declared(network={"egress": "public"})
    web = desired(stack, "service/web")
    for address in ("job_run/migrate", "schedule/nightly"):
        assert (desired(stack, address).subnets, desired(stack, address).assign_public_ip) == (web.subnets, "ENABLED")
