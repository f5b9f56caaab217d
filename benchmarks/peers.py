"""The sample's system by Ansible and by this tool: each against an embedded cloud of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

from benchmarks.project import ROOT, Measured, Project, project
from ecs_emulator import control

RULES = {"PROVISION_ENGINE": "0"}
"""No images are built, since the playbook builds none."""
CLOCK = "real:1000"
"""Ansible ignores the cloud's virtual clock, and its polls take real seconds: with this clock AWS's are almost none."""
PLAYBOOK = ROOT / "benchmarks" / "ansible"
VENV = ROOT / ".venv-ansible"
RESOURCES = re.compile(
    "Create(?!Route$|Tags$|OrUpdate)|RequestCertificate|RegisterScalableTarget|RegisterTaskDefinition"
    "|Put(ScalingPolicy|Parameter|AccountSetting)|ChangeResourceRecordSets"
)
"""The calls that create a resource; calls that only set something on it do not count."""


def main() -> None:
    """Measure a first run, a run with nothing to do, and a plan, of both tools; print a row for each."""
    print(f"{'what':28}{'seconds':>9}{'resources':>11}{'reads':>7}{'writes':>8}")
    with project(RULES) as sample:
        sample.start_cloud()
        _row("provision up, first", sample.run("up", "--yes"))
        _row("provision up, nothing to do", sample.run("up", "--yes"))
        _row("provision plan", sample.run("plan"))
    if missing := _install():
        print(f"Ansible is not measured: {missing}")
        return
    with project(RULES) as sample:
        sample.start_cloud()
        if sample.cloud:
            control.set_clock(sample.cloud, CLOCK)
        play = _player(sample)
        _row("Ansible, first", play())
        _row("Ansible, nothing to do", play())
        _row("Ansible, check mode", play("--check"))


def _row(what: str, one: Measured) -> None:
    resources = sum(not call["error"] and bool(RESOURCES.match(call["operation"])) for call in one.calls)
    print(f"{what:28}{one.seconds:9.2f}{resources:11}{one.reads:7}{one.writes:8}", flush=True)


def _player(sample: Project) -> Callable[..., Measured]:
    """Return a function that runs the playbook against the project's cloud, without the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO", "ANSIBLE_"))}
    environment = kept | {
        "ANSIBLE_CONFIG": str(PLAYBOOK / "ansible.cfg"),
        "ANSIBLE_HOME": str(sample.directory / ".ansible"),
        "AWS_ENDPOINT_URL": sample.cloud.endpoint if sample.cloud else "",
        "AWS_ACCESS_KEY_ID": sample.cloud.key if sample.cloud else "",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    command = [str(VENV / "bin" / "ansible-playbook"), str(PLAYBOOK / "playbook.yml")]
    return lambda *options: sample.measure([*command, *options], environment)


def _install() -> str:
    """Install Ansible into its own virtual environment unless it is there. Return the error, or an empty text."""
    requirements, installed = PLAYBOOK / "requirements.txt", VENV / "installed.txt"
    if installed.exists() and installed.read_text() == requirements.read_text():
        return ""
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        [*pip, "--require-hashes", "-r", str(requirements)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr or done.stdout).strip().rpartition("\n")[2]
    installed.write_text(requirements.read_text())
    return ""
