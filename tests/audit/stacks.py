"""Audit stacks by Prowler on an embedded cloud of their own: the stack of `init`, and one with all options."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from tests.audit.findings import Finding, of_prowler
from tests.audit.programs import program

SERVICES = (
    *("acm", "autoscaling", "cloudwatch", "ec2", "ecr", "ecs", "elbv2", "iam", "rds", "route53", "s3", "ssm", "vpc"),
)
"""Prowler's names of the services that the stacks use, if it has checks for them."""
STACK = {"Project": "ecs-sample", "Environment": "dev"}
SECONDS = 1800
QUIET = {"PROVISION_ENGINE": "0", "PROVISION_REGISTRIES": "0"}
"""Prowler checks settings only: no container runs, and no image is fetched."""
OPTIONS = (
    ('target = "local"', 'protect = true\nkms_key = "{key}"\ntarget = "local"'),
    ("[network]", "[network]\nflow_logs = true"),
    ("[database]", '[database]\nreaders = 1\niam_authentication = true\nlogs = ["error", "audit"]'),
    ("[account]", '[load_balancer]\naccess_logs = true\nwaf_acl = "{acl}"\n\n[account]'),
)
"""The options that are off by default, each with its place in the sample."""


def audit() -> tuple[list[Finding], int]:
    """Audit both stacks.

    Returns:
        The findings at their resources, with places such as `init: vpc/main`, and the number of the others.
    """
    found: list[Finding] = []
    others = 0
    for name, prepare in STACKS.items():
        here, elsewhere = _looked_at(prepare)
        found += [replace(finding, place=f"{name}: {finding.place}") for finding in here]
        others += elsewhere
    return found, others


def _as_written(directory: Path, environment: Mapping[str, str]) -> None:
    _run(["provision", "init", "--sample"], directory, environment)


def _with_options(directory: Path, environment: Mapping[str, str]) -> None:
    """Create the sample application with every option; the key and the web ACL exist before, as somebody else's."""
    _run(["provision", "init", "--with-app"], directory, environment)
    _run(["provision", "cloud", "start"], directory, environment)
    way = _way(directory, environment)

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=way["AWS_DEFAULT_REGION"],
            endpoint_url=way["AWS_ENDPOINT_URL"],
            aws_access_key_id=way["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=way["AWS_SECRET_ACCESS_KEY"],
        )

    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "audit"}
    acl = client("wafv2").create_web_acl(
        Name="audit", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[]
    )["Summary"]["ARN"]
    path = directory / "stack.toml"
    text = path.read_text()
    for before, after in OPTIONS:
        if text.count(f"\n{before}") != 1:
            raise SystemExit(f"what init writes does not have {before} just once: mend OPTIONS in {__file__}")
        text = text.replace(f"\n{before}", "\n" + after.format(key=key, acl=acl))
    path.write_text(text)


STACKS: Mapping[str, Callable[[Path, Mapping[str, str]], None]] = {"init": _as_written, "options": _with_options}


def _looked_at(prepare: Callable[[Path, Mapping[str, str]], None]) -> tuple[list[Finding], int]:
    scanner = program("prowler", "prowler")
    with tempfile.TemporaryDirectory(prefix="audit-") as name, _cloud(Path(name)) as environment:
        directory = Path(name)
        prepare(directory, environment)
        _run(["provision", "up", "--yes"], directory, environment)
        way = _way(directory, environment)
        scan = ["aws", "--region", way["AWS_DEFAULT_REGION"], "--services", *SERVICES]
        scan += ["--output-formats", "json-ocsf", "--output-directory", name, "--output-filename", "found"]
        _run([scanner, *scan, "--no-banner", "--ignore-exit-code-3"], directory, {**environment, **way})
        return of_prowler((directory / "found.ocsf.json").read_text(), STACK)


@contextmanager
def _cloud(directory: Path) -> Iterator[Mapping[str, str]]:
    """Yield an environment for commands in the directory, whose embedded cloud is stopped at the end."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    environment = {**own, **QUIET, "PATH": f"{Path(sys.executable).parent}:{own.get('PATH', '')}"}
    try:
        yield environment
    finally:
        _run(["provision", "cloud", "stop"], directory, environment)


def _way(directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which other programs reach the directory's embedded cloud."""
    said = _run(["provision", "cloud", "env"], directory, environment)
    return dict(re.findall(r"^export (\w+)=(\S+)$", said, re.MULTILINE))


def _run(command: list[str], directory: Path, environment: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stdout
