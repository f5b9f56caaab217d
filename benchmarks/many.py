"""How the commands do with many services: their seconds, calls and memory, on the embedded cloud."""

from __future__ import annotations

from benchmarks.commands import heading, row
from benchmarks.project import project

SERVICES = 50

_HEAD = """
project = "many"
env = "dev"
"""
_PAIR = """
[services.web-{n}]
launch = "ec2"
build = "app/frontend"
port = 80
public = true
path = "{path}"
calls = ["api-{n}"]

[services.api-{n}]
build = "app/backend"
port = 8080
database = true
"""


def stack(services: int) -> str:
    """Return a stack.toml of so many services (an even number): pairs of a public one on EC2 and one on Fargate."""
    return _HEAD + "".join(_PAIR.format(n=n, path=f"/{n}/*" if n else "/*") for n in range(services // 2))


def main() -> None:
    """Measure a whole life and print one row a command."""
    heading(f"with {SERVICES} services")
    with project(stack=stack(SERVICES)) as many:
        many.start_cloud()
        row(many, "first up", 1, "up", "--yes")
        row(many, "up, nothing to do", 1, "up", "--yes")
        row(many, "plan, nothing to do", 3, "plan")
        row(many, "down", 1, "down", "--yes")
