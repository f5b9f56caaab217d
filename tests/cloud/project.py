"""A user's project directory, its commands run as the user types them, on the test process's embedded cloud."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import manage
from ecs_emulator.control import CloudProcess
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import Inventory, Look, inventory
from tests.cloud.outside import OCI, OCI_INDEX
from tests.cloud.warm import PROGRAM, Run, environment, shared
from tests.cloud.world import commands, own

SECONDS = 120
"""No command may take longer, unless it builds images."""

SAMPLE = """
project = "ecs-sample"
env = "dev"

[dns]
domain = "example.com"

[database]

[services.frontend]
launch = "ec2"
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
port = 80
scaling = { max = 10 }
public = true
calls = ["backend"]

[services.backend]
build = "app"
dockerfile = "backend/Dockerfile"
user = "10001:10001"
read_only = true
port = 8080
database = true
health = { command = ["python3", "-m", "service.check"] }
scaling = { min = 1, max = 10 }
"""
"""The sample's two services: one with a ready image, one whose image is to be built, which the embedded cloud skips."""
SMALL = """
project = "ecs-sample"
env = "dev"

[dns]
domain = "example.com"

[services.frontend]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"
port = 80
public = true

[network]
zones = 2
"""
"""A public service on Fargate, which is as little as a whole stack can be: seven eighths of the sample's calls."""
NETWORK = ("--target-step", "network")
"""Limits a command to 15 resources, which take an eighth of the sample's calls to make."""
ENDPOINTS = ("--target-step", "endpoints")
"""Limits a command to 34 resources, which take a quarter of the sample's calls to make, and AWS more than a minute."""
OPTIONS = """
network = {{ flow_logs = true }}
load_balancer = {{ access_logs = true, waf_acl = "{acl}" }}
logs = {{ kms_key = "{key}" }}
database = {{ readers = 1, iam_authentication = true, logs = ["error", "audit"] }}
"""
"""Options that are off by default, to stand before the sample."""


def ready_image(cloud: EmbeddedCloud, repository: str) -> None:
    """Put an image for linux/amd64 into ECR under the tag 1, into a repository that may be there."""
    ecr = cloud.client("ecr")
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
    put_index(ecr, repository, {"os": "linux", "architecture": "amd64"})


def put_index(ecr: Any, repository: str, *platforms: Mapping[str, str]) -> None:
    """Put an index under the tag 1, and before it an image without layers for each of its platforms."""
    parts = list[Mapping[str, Any]]()
    for platform in platforms:
        image = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": platform, "layers": []})
        put = ecr.put_image(repositoryName=repository, imageManifest=image, imageManifestMediaType=OCI)["image"]
        part = {"mediaType": OCI, "digest": put["imageId"]["imageDigest"], "size": len(image)}
        parts.append({**part, "platform": platform})
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": parts})
    ecr.put_image(repositoryName=repository, imageTag="1", imageManifest=index, imageManifestMediaType=OCI_INDEX)


@dataclass(frozen=True)
class Ended:
    """The end of a command: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its standard output, which must be one JSON document."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its standard output, every line of which must be a JSON object."""
        return [json.loads(line) for line in self.out.splitlines()]

    def said(self, event: str) -> list[dict[str, Any]]:
        """The events of one sort."""
        return [e for e in self.events if e["event"] == event]

    @property
    def results(self) -> dict[str, str]:
        """The result of each resource, by address."""
        return {e["address"]: e["result"] for e in self.said("done")}


@dataclass
class Project:
    """A directory with a `stack.toml`, whose state directory knows the running cloud.

    Attributes:
        seconds: the longest time that a command may take.
        durations: how long AWS takes: where no test says otherwise, no longer than it must, which saves many looks.
        forked: whether commands fork from a process that has read the program, as is quicker; not as is typed.
    """

    cloud: EmbeddedCloud
    directory: Path
    seconds: float = SECONDS
    durations: str = "fast"
    # a fork cannot say how much of it was covered
    forked: bool = "COVERAGE_PROCESS_CONFIG" not in os.environ
    running: list[subprocess.Popen[Any] | Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reach(self.cloud.endpoint)
        self.cloud.last(self.durations)
        dockerfile = self.directory / "app" / "backend" / "Dockerfile"
        dockerfile.parent.mkdir(parents=True, exist_ok=True)
        dockerfile.write_text("FROM scratch\n")
        self.write(SAMPLE)

    def reach(self, endpoint: str) -> None:
        """Let the commands go to the cloud by this way."""
        self.state.mkdir(parents=True, exist_ok=True)
        there = self.cloud.process
        written = CloudProcess(endpoint, there.dns_port, there.pid, there.key, there.domain)
        (self.state / "cloud.json").write_text(json.dumps(asdict(written)))

    @property
    def state(self) -> Path:
        """The state directory, which the embedded cloud's files are in as well."""
        return self.directory / ".provision"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.directory / "stack.toml"

    def write(self, text: str) -> None:
        """Write the configuration anew."""
        tomllib.loads(text)
        self.config.write_text(text)

    def change(self, pattern: str, replacement: str) -> None:
        """Edit the configuration; the pattern must match exactly once."""
        text, count = re.subn(pattern, replacement, self.config.read_text(), flags=re.MULTILINE)
        assert count == 1, f"{pattern} stands {count} times in stack.toml"
        self.write(text)

    def start(self, *words: str, program: Sequence[str] = PROGRAM, **more: Any) -> subprocess.Popen[str]:
        """Start a command without waiting for it; `more` goes to `Popen`."""
        self.open_door()
        self.cloud.away()
        process = subprocess.Popen(
            [*program, *words],
            cwd=self.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        self.running.append(process)
        return process

    def fork(self, *words: str, how: Sequence[str] = ()) -> Run:
        """Start a command from a process that has read the program, disturbed as `how` says, without waiting for it."""
        self.open_door()
        self.cloud.away()
        run = shared().start(self.directory, words, how)
        self.running.append(run)
        return run

    def begin(self, *words: str) -> subprocess.Popen[str] | Run:
        """Start a command as this project does, without waiting for it."""
        return self.fork(*words) if self.forked else self.start(*words)

    def open_door(self) -> None:
        """Let processes of their own reach a cloud that is in this one."""
        if own.HERE.cloud:
            self.reach(own.door())

    def end(self, process: subprocess.Popen[str] | Run) -> Ended:
        """Wait for a command."""
        out, err = process.communicate(timeout=self.seconds)
        return self._ended(process.returncode or 0, out, err)

    def _ended(self, code: int, out: str, err: str) -> Ended:
        assert "Traceback" not in err, err
        return Ended(code, out, err)

    def done(self, *words: str) -> Ended:
        """Run a command to any end: in this process, if its cloud is there as well."""
        if own.HERE.cloud and words[0] not in commands.ELSEWHERE:
            self.cloud.away()
            return self._ended(*commands.run(self.directory, words))
        return self.end(self.begin(*words))

    def given(self, text: bytes, *words: str) -> Ended:
        """Run a command to its end, which reads this on standard input."""
        self.cloud.away()
        if own.HERE.cloud:
            return self._ended(*commands.run(self.directory, words, text))
        ended = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.directory,
            env=environment(),
            input=text,
            capture_output=True,
            timeout=self.seconds,
            check=False,
        )
        return self._ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def run(self, *words: str, code: int = 0) -> Ended:
        """Run a command to its end; it must exit with `code`."""
        ended = self.done(*words)
        assert ended.code == code, (
            f"provision {' '.join(words)}: exit code {ended.code}\n{ended.err}\n{ended.out[-6000:]}"
        )
        return ended

    def up(self, *words: str, code: int = 0) -> Ended:
        """Run `provision up --yes --json`."""
        return self.run("up", "--yes", "--json", *words, code=code)

    def down(self, code: int = 0) -> Ended:
        """Run `provision down --yes --json`."""
        return self.run("down", "--yes", "--json", code=code)

    def lose_state(self) -> None:
        """Delete all files of the state on this machine."""
        for path in (self.state / "local").rglob("*"):
            if path.is_file():
                path.unlink()

    def planned(self, *words: str) -> dict[str, dict[str, Any]]:
        """Return the actions of `provision plan --json`, by address; its exit code must agree."""
        ended = self.done("plan", "--json", *words)
        todo = {item["address"]: item for item in ended.document["resources"] if item["action"] != "none"}
        refused = any(item["action"] == "refused" for item in todo.values())
        # the changes of a stack that sleeps are refused
        asleep = bool(todo) and "the stack is asleep" in ended.err
        assert ended.code == (4 if asleep else 1 if refused else 2 if todo else 0), ended
        return todo

    def cut(self, seconds: float, how: signal.Signals, *words: str) -> Ended:
        """Run a command, and send it a signal when so many of AWS's seconds have passed."""
        self.cloud.hold(seconds)
        process = self.begin(*words)
        self.cloud.await_held()
        process.send_signal(how)
        self.cloud.release()
        return self.end(process)

    def close(self) -> None:
        """End the processes that a failed test has left running, a cloud of its own included."""
        known = manage.find(self.state)
        if known and known.pid != self.cloud.process.pid:
            manage.stop(self.state)
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.communicate()

    # -- the cloud -------------------------------------------------------------------------------------------------

    def last_call(self) -> int:
        """The number of the newest call that the cloud answered."""
        return max((call["number"] for call in self.cloud.calls(-1)), default=0)

    def writes(self, since: int) -> list[str]:
        """The operations that changed something, or would have, after the call of that number."""
        return [f"{call['service']}:{call['operation']}" for call in self.cloud.calls(since) if call["write"]]

    def ecs_writes(self, since: int) -> list[str]:
        """The operations of ECS among them, without the copy of the settings in the cluster's tags."""
        return [one for one in self.writes(since) if one.startswith("ecs:") and one != "ecs:TagResource"]

    def inventory(self) -> Inventory:
        """Everything that the account holds."""
        return inventory(self.cloud.client)

    def settled(self, condition: Callable[[Inventory], Any], what: str) -> Inventory:
        """Let time pass until the condition holds; return the inventory of that moment."""
        self.cloud.wait(lambda: condition(Look(self.cloud.client)), what)
        return self.inventory()


def with_dns(text: str, lines: str) -> str:
    """Return a configuration whose table of names has these lines instead of its domain alone."""
    domain = '[dns]\ndomain = "example.com"\n'
    assert text.count(domain) == 1
    return text.replace(domain, f"[dns]\n{lines}\n")


def with_options(project: Project) -> Project:
    """Switch all options on, with a key and a web ACL that are there beforehand; return the project."""
    acl, key = web_acl(project.cloud, "beforehand"), kms_key(project.cloud)
    project.write(OPTIONS.format(acl=acl, key=key) + SAMPLE.replace("[database]\n", ""))
    return project


def kms_key(cloud: EmbeddedCloud) -> str:
    """Make a key, and return its ARN."""
    return str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])


def web_acl(cloud: EmbeddedCloud, name: str, scope: str = "REGIONAL") -> str:
    """Make a web ACL for load balancers, or for CloudFront (CLOUDFRONT), and return its ARN."""
    region = "us-east-1" if scope == "CLOUDFRONT" else ""
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    made = cloud.client("wafv2", region).create_web_acl(
        Name=name, Scope=scope, DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[]
    )
    return str(made["Summary"]["ARN"])


@contextmanager
def without_config(cloud: EmbeddedCloud, directory: Path, files: Mapping[str, str]) -> Iterator[Project]:
    """A project without a `stack.toml`, in a directory that is made, with these files by their paths in it."""
    directory.mkdir(exist_ok=True)
    here = Project(cloud, directory)
    here.config.unlink()
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield here
    here.close()


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Any:
    """A project on the emptied cloud."""
    here = Project(cloud, tmp_path)
    yield here
    here.close()
