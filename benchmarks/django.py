"""Time of the commands with an example: five processes of one image, a database, a job, and own steps."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.commands import RUNS, heading, row
from benchmarks.project import PROVISION, ROOT, Project, project
from provisioner.operations.context.own_step_trust import VARIABLE
from provisioner.operations.context.own_steps import Own

EXAMPLE = ROOT / "examples" / "django"


def main() -> None:
    """Measure a whole life of the Django example and print one row a command. No image is built."""
    heading("examples/django")
    variables = {"PROVISION_ENGINE": "0", VARIABLE: _digest(EXAMPLE / "steps")}
    with project(variables, (EXAMPLE / "stack.toml").read_text()) as shop:
        shutil.rmtree(shop.directory / "app")
        shutil.copytree(EXAMPLE, shop.directory, dirs_exist_ok=True)
        shop.start_cloud()
        _set_secret(shop)
        row(shop, "first up", 1, "up", "--yes")
        row(shop, "up, nothing to do", RUNS, "up", "--yes")
        row(shop, "plan, nothing to do", RUNS, "plan")
        row(shop, "down", 1, "down", "--yes")


def _digest(folder: Path) -> str:
    """Return the digest that marks the files of a folder as reviewed."""
    return Own(folder, {path.name: path.read_bytes() for path in folder.glob("*.py")}).digest


def _set_secret(shop: Project) -> None:
    """Set the secret that the example does not generate."""
    command = [*PROVISION, "secret", "set", "STRIPE_SECRET_KEY"]
    subprocess.run(
        command, cwd=shop.directory, env=shop.variables(), input=b"sk_test_example", check=True, capture_output=True
    )
