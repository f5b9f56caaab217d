"""Time of the commands with many services: their seconds, calls and memory on the embedded cloud."""

from __future__ import annotations

from benchmarks.commands import heading, row
from benchmarks.project import project

SERVICES = 50

_HEAD = """
project = "many"
env = "dev"

[dns]
domain = "example.com"

[capacity]
max = {instances}

[database]
"""
_PAIR = """
[services.web-{n}]
launch = "ec2"
build = "app"
dockerfile = "frontend/Dockerfile"
port = 80
public = true
path = "{path}"
calls = ["api-{n}"]

[services.api-{n}]
build = "app"
dockerfile = "backend/Dockerfile"
port = 8080
database = {database}
"""
TASKS = 7
"""The number of tasks of 512 MiB that fit on an instance of the sample."""
USERS = 50
"""The number of services that reach the database: AWS's quota is 60 rules in a security group."""


def stack(services: int) -> str:
    """Return a stack.toml of so many services (an even number): pairs of a public one on EC2 and one on Fargate."""
    pairs = range(services // 2)
    head = _HEAD.format(instances=max(5, -(-len(pairs) // TASKS)))
    return head + "".join(
        _PAIR.format(n=n, path=f"/{n}/*" if n else "/*", database="true" if n < USERS else "false") for n in pairs
    )


def main() -> None:
    """Measure a whole life and print one row a command."""
    heading(f"with {SERVICES} services")
    with project(stack=stack(SERVICES)) as many:
        many.start_cloud()
        row(many, "first up", 1, "up", "--yes")
        row(many, "up, nothing to do", 1, "up", "--yes")
        row(many, "plan, nothing to do", 3, "plan")
        row(many, "down", 1, "down", "--yes")
