"""A stack's whole life under the printed policy: its permissions, and its password, in Parameter Store only."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ecs_emulator import manage
from ecs_emulator.authorization.policy import Check, Decision, decide, read
from provisioner.aws.permissions import Use
from provisioner.config import stack_file
from provisioner.permissions.document import named
from provisioner.permissions.limits import UNLIMITED, unlimited_reads
from provisioner.permissions.table import needed
from provisioner.state.local import read as read_state
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.policies import (
    ITSELF,
    Asked,
    Stack,
    asked,
    denied,
    enforce,
    other_calls,
    policies,
    unproven,
)
from tests.cloud.project import Ended, Project
from tests.cloud.proxy import refusing
from tests.cloud.resources.test_resources_guardduty import guarded
from tests.cloud.warm import PROGRAM

pytestmark = pytest.mark.slow

LOG = "calls.jsonl"
PARAMETER = f"/{NAME}/database/password"


@dataclass
class Life:
    """All that one stack's commands wrote, said and showed of their processes.

    Attributes:
        passwords: every password that Parameter Store held.
        ended: how each command ended, by its words.
        processes: command lines and environments of the tool's processes, as `/proc` showed them while they ran.
        files: everything that was in the project's directory after some command, by path.
        modes: the modes of the files and directories that the tool made.
        asked: the permission checks that were made.
        others: the operations that the tests called themselves.
    """

    project: Project
    passwords: set[str] = field(default_factory=set)
    ended: dict[str, Ended] = field(default_factory=dict)
    processes: set[bytes] = field(default_factory=set)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    others: set[str] = field(default_factory=set)

    def allow(self, *, read_only: bool = False) -> None:
        """Put the policy that `provision policy` prints in force, and keep the checks made under the former one."""
        self.asked += asked(self.project.cloud)
        itself = {"Version": "2012-10-17", "Statement": [ITSELF]}
        enforce(self.project.cloud, *policies(self.project.config, read_only=read_only), itself)

    def run(self, *words: str, code: int = 0, **environment: str) -> Ended:
        """Run a command under a generous umask, logged and watched."""
        process = self.project.start(
            *words, "--log", LOG, umask=0, program=["env", *(f"{k}={v}" for k, v in environment.items()), *PROGRAM]
        )
        with self._watching(process):
            out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"{words}: {process.returncode}\n{err}"
        ended = self.ended[" ".join([*words, *environment])] = Ended(process.returncode, out, err)
        self._keep()
        return ended

    @contextmanager
    def _watching(self, process: subprocess.Popen[str]) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                for pid in (process.pid, self.project.cloud.process.pid):
                    for name in ("cmdline", "environ"):
                        try:
                            self.processes.add(Path(f"/proc/{pid}/{name}").read_bytes())
                        except OSError:
                            break

        thread = threading.Thread(target=watch)
        thread.start()
        yield
        over.set()
        thread.join()

    def _keep(self) -> None:
        """Keep the present files of the directory, their modes, and the password."""
        for path in self.project.directory.rglob("*"):
            name = str(path.relative_to(self.project.directory))
            if path.is_file():
                self.files.setdefault(name, []).append(path.read_bytes())
            self.modes[name] = stat.S_IMODE(path.stat().st_mode)
        ssm = self.project.cloud.client("ssm")
        for parameter in ssm.get_parameters(Names=[PARAMETER], WithDecryption=True)["Parameters"]:
            self.passwords.add(parameter["Value"])

    def calls(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.files[LOG][-1].splitlines()]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A stack on a cloud of its own: `up` fails at the database and goes on, a no-op, a change, all views, `down`."""
    directory = tmp_path_factory.mktemp("secrets")
    before = os.umask(0)
    cloud = EmbeddedCloud(manage.start(directory / ".provision", "example.com"))
    os.umask(before)
    life = Life(Project(cloud, directory))
    # the account has another stack's cluster, of which this policy says nothing
    cloud.client("ecs").create_cluster(clusterName="ecs-sample-prod")
    life.project.change(r"^\[database\]$", '[alarms]\nemail = ["ops@example.com"]\n\n[database]\nmin_acu = 0.5')
    # an administrator, once
    life.project.run("policy", "--create-boundary")
    life.allow()
    with refusing(cloud.endpoint, {"CreateDBCluster": "InvalidParameterValue"}) as endpoint:
        life.project.reach(endpoint)
        life.run("up", "--yes", code=1, PROVISION_DEBUG="1")
        life.project.reach(cloud.endpoint)
    life.run("up", "--yes", "--json")
    life.run("up", "--yes")
    life.project.change(
        r"min = 1, max = 10", 'min = 2, max = 10, schedule = { night = { at = "cron(0 22 * * ? *)", max = 5 } }'
    )
    life.project.change(r"port = 8080$", 'port = 8080\nenvironment = { TOKEN = "token-of-a-third-party" }')
    life.allow(read_only=True)
    life.run("plan", code=2)
    life.allow()
    _in_other_cases(life)
    life.run("up", "--yes", "--json", PROVISION_DEBUG="1")
    life.allow(read_only=True)
    for words in ("status --json", "output --json", "logs backend", "state list", "state show db_cluster/main --json"):
        life.run(*words.split())
    life.run("top")
    life.allow()
    life.run("sleep", "--yes")
    life.run("wake")
    life.run("down", "--yes", "--json")
    life.asked += asked(cloud)
    yield life
    manage.stop(directory / ".provision")


def _in_other_cases(life: Life) -> None:
    """Make the calls that a plain life does not make; GuardDuty puts its endpoint into the VPC meanwhile."""
    records = read_state(life.project.state / "local" / NAME, NAME).records
    ids = {address: str(record.id) for address, record in records.items()}
    life.asked += asked(life.project.cloud)
    enforce(life.project.cloud)
    guarded(life.project.cloud, ids["vpc/main"], ids["subnet/private-a"])
    life.allow()
    tags = {"Project": "ecs-sample", "Environment": "dev", "ManagedBy": "provisioner", "provisioner:address": "none"}
    stack = Stack(life.project.cloud, NAME, ids, tags)
    other_calls(stack)
    life.others = stack.called | {"GetAuthorizationToken", "CreatePolicy"}


def test_the_password_is_a_good_one(life: Life) -> None:
    (password,) = life.passwords
    assert 32 <= len(password) <= 41
    assert not set(password) & set('/"@ ')


def test_it_is_in_no_file_no_output_and_no_process(life: Life) -> None:
    (password,) = life.passwords
    assert {LOG, "stack.toml", ".provision/cloud.log", ".provision/cloud.json"} < life.files.keys()
    assert {f".provision/local/{NAME}/state.{end}" for end in ("json", "journal", "lock")} < life.files.keys()
    assert [name for name, contents in life.files.items() if any(password.encode() in c for c in contents)] == []
    assert [words for words, ended in life.ended.items() if password in ended.out + ended.err] == []
    assert len(life.processes) > 4
    assert [shown for shown in life.processes if password.encode() in shown] == []
    state = life.files[f".provision/local/{NAME}/state.json"]
    assert any(PARAMETER.encode() in content for content in state), "its name is recorded"


def test_an_error_of_aws_is_reported_without_its_secrets(life: Life) -> None:
    failed = life.ended["up --yes PROVISION_DEBUG"]
    (call,) = [line for line in life.calls() if line.get("operation") == "CreateDBCluster" and line["status"] == 400]
    assert call["parameters"]["MasterUserPassword"] == "(hidden)"
    for text in (failed.err, call["message"]):
        assert "as if to give all away" in text
        assert "MasterUserPassword=(hidden)" in text
        assert "MasterUsername=dbadmin" in text, "what is no secret is told"


def test_containers_settings_stay_out_of_the_log(life: Life) -> None:
    tried = [line for line in life.calls() if line.get("operation") == "RegisterTaskDefinition"]
    registered = [line for line in tried if line["status"] == 200]
    assert len(registered) == 3
    assert {c["environment"] for line in tried for c in line["parameters"]["containerDefinitions"]} == {"(hidden)"}
    assert b"token-of-a-third-party" not in life.files[LOG][-1]


def test_the_log_tells_each_command_from_begin_to_end(life: Life) -> None:
    lines = life.calls()
    begun, connected, ended = (
        [line for line in lines if line["event"] == event] for event in ("begin", "connected", "end")
    )
    assert len(begun) == len(ended) == len(life.ended)
    assert 0 < len(connected) < len(begun), "some commands only read the state"
    place = {"account": "123456789012", "region": "ap-northeast-1", "target": "local"}
    assert {name: connected[0][name] for name in place} == place
    assert ended[0]["ended"] == "exit code 1"
    answered = {(call["service"], call["operation"]) for call in life.project.cloud.calls()}
    logged = {line["operation"] for line in lines if line["event"] == "call"}
    assert {operation for _, operation in answered} - logged <= {"GetParameters", *life.others}, "the test's own calls"


def test_the_run_calls_only_what_the_table_has(life: Life) -> None:
    recorded, others = named(Use.LIFE), named(Use.OTHER) | named(Use.IMPLIED)
    prefixes = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
    calls = [line for line in life.calls() if line["event"] == "call"]
    called = {f"{prefixes.get(line['service'], line['service'])}:{line['operation']}" for line in calls}
    assert len(called) > 140
    # which resources have to be asked for their tags one by one depends on what the bulk read shows in time
    assert called - recorded - others == set()
    # there are no jobs with a schedule, and CloudFront is not in front
    unused = {
        name for name in recorded - called if not name.startswith(("cloudfront:", "events:", "scheduler:", "states:"))
    }
    assert len(unused) < 5, "what is called in a life is no more than that"


def test_nothing_is_denied_under_the_printed_policies(life: Life) -> None:
    assert len({it.check.action for it in life.asked}) > 200
    assert denied(life.asked) == []


def test_each_call_just_outside_the_stack_would_have_been_denied(life: Life) -> None:
    """Make each check of the life for names, tags and domains of another stack: all must be denied."""
    statements = [it for one in policies(life.project.config) for it in read("policy", json.dumps(one))]
    free = {*UNLIMITED, *unlimited_reads(), "ssm:GetParameters"}
    # what Cloud Map does with records for its caller names none
    own = (it for it in life.asked if not (it.call.startswith("servicediscovery") and "route53:" in it.check.action))
    checks = [it.check for it in own if it.check.action not in free]
    allowed = [it for it in map(_of_another_stack, checks) if decide(statements, it) is Decision.ALLOWED]
    assert len(checks) > 400
    assert all(decide(statements, it) is Decision.ALLOWED for it in checks)
    assert sorted({(it.action, it.resource) for it in allowed}) == []


def _of_another_stack(check: Check) -> Check:
    """The same call of a stack `payments-prod` in other domains, public and private."""

    def other(text: str) -> str:
        return text.replace(NAME, "payments-prod").replace("example.com", "example.net").replace("internal", "private")

    theirs = {"Project": "payments", "Environment": "prod"}
    context = {
        key: tuple(theirs.get(key.rpartition("/")[2], other(value)) for value in values)
        for key, values in check.context.items()
    }
    return Check(check.action, other(check.resource), context)


def test_each_permission_is_needed(life: Life) -> None:
    permissions = needed(stack_file.load(life.project.config))
    checks = [it.check for it in life.asked]
    assert {it.action for it in checks} - {it.name for it in permissions} == {"ssm:GetParameters"}
    assert [(it.name, it.resources) for it in unproven(permissions, checks)] == []


def test_every_file_is_its_owners_alone_whatever_the_umask(life: Life) -> None:
    own = {name: mode for name, mode in life.modes.items() if name == LOG or name.startswith(".provision")}
    parts = ("local", f"local/{NAME}", "registry", "registry/uploads", "registry/blobs")
    directories = {".provision", *(f".provision/{part}" for part in parts)}
    expected = {name: 0o700 if name in directories else 0o600 for name in own}
    assert len(own) >= 10
    assert own == expected
