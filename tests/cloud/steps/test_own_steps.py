"""The tutorial of docs/own-steps.md, as it stands there, with each command; and the refusals on the way."""

from __future__ import annotations

import json
import os
import pty
import py_compile
import re
import select
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.project import Ended, Project
from tests.cloud.warm import environment

DOCUMENT = Path(__file__).parents[3] / "docs" / "own-steps.md"
(FILE, QUEUE), (SHORT_FILE, SHORT) = re.findall(
    r"^```python\n# (\S+)\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL
)
NAME = "ecs-sample-dev-jobs"
STACK = """
project = "ecs-sample"

[dns]
domain = "example.com"

[services.backend]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/backend:1"
port = 8080
public = true

[network]
zones = 2
"""
"""One service on Fargate."""


class Own(Project):
    """A project with steps of its own, whose answers about trust are kept beside it."""

    def step(self, text: str, file: str = FILE) -> None:
        """Write a file of the folder, which the user trusts if the folder is trusted."""
        self.brought(text, file)
        if record(self).exists():
            trust(self)

    def brought(self, text: str, file: str = FILE) -> None:
        """Write a file of the folder that nobody has looked at, as a branch brings it."""
        path = self.directory / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def refused(self, *words: str, code: int = 4) -> str:
        return self.run(*(words or ("plan",)), code=code).err

    def queues(self) -> list[str]:
        found: list[str] = self.cloud.client("sqs").list_queues().get("QueueUrls", [])
        return [url.rpartition("/")[2] for url in found]


@pytest.fixture
def untrusted(cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    here = Own(cloud, tmp_path)
    here.write(STACK)
    here.step(QUEUE)
    yield here
    here.close()


def record(here: Project) -> Path:
    return here.directory / "xdg" / "provision" / "trusted-steps.json"


def trust(here: Project) -> None:
    """Record that the folder's files are trusted, as the answer to the question does."""
    folder = (here.directory / "steps").resolve()
    files = {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.py")}
    record(here).parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    record(here).write_text(json.dumps({str(folder): files}))


@pytest.fixture
def own(untrusted: Own) -> Own:
    trust(untrusted)
    return untrusted


def answered(here: Own, answer: str, *words: str) -> tuple[int, str]:
    """Run a command on a terminal, and answer its first question."""
    here.cloud.away()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(here.directory)
        os.execve(sys.executable, [sys.executable, "-m", "provisioner.cli.main", *words], environment())  # noqa: S606
    told, asked, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            if not (some := os.read(terminal, 65_536)):
                break
        except OSError:
            break
        told += some
        if not asked and b"[y/N]" in told:
            asked = True
            os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told.decode()


# -- the tutorial ------------------------------------------------------------------------------------------------------


def variables(here: Own) -> dict[str, str]:
    """The variables that the tasks of the service are given."""
    ecs = here.cloud.client("ecs")
    (service,) = ecs.describe_services(cluster="ecs-sample-dev", services=["backend"])["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return {one["name"]: one["value"] for one in definition["containerDefinitions"][0]["environment"]}


def allowed(here: Own) -> list[Any]:
    """Return the statements on SQS in the task role's inline policies."""
    iam, role = here.cloud.client("iam"), "ecs-sample-dev-task-backend"
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
        if "sqs" in json.dumps(statement)
    ]


def endpoints(here: Own) -> set[str]:
    found = here.cloud.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return {one["ServiceName"].rpartition(".")[2] for one in found if one["State"] != "deleted"}


@pytest.mark.slow
def test_every_command_knows_the_queue_of_the_tutorial(own: Own) -> None:
    own.run("policy", "--create-boundary")
    sqs = own.cloud.client("sqs")
    assert own.up().results["own.queue/jobs"] == "created"
    url = sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
    assert variables(own)["QUEUE_URL"] == url
    (statement,) = allowed(own)
    arn = f"arn:aws:sqs:ap-northeast-1:123456789012:{NAME}"
    assert (statement["Action"], statement["Resource"]) == (
        ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"],
        arn,
    )
    assert "sqs" in endpoints(own)
    assert url not in own.run("show", "task_definition/backend", "--json").out
    assert own.planned() == {}

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    assert own.planned()["own.queue/jobs"]["changes"] == {"visibility_timeout": {"old": 99, "new": 45}}
    assert own.up().results["own.queue/jobs"] == "changed"

    (rehearsed,) = own.run("rehearse", "up", "--json").document["runs"]
    assert (rehearsed["passes"], rehearsed["writes"], rehearsed["outages"]) == (True, 0, [])

    for file in (own.state / "local" / "ecs-sample-dev").iterdir():
        file.unlink()
    assert re.search(r"own\.queue/jobs +tag ", own.run("recover", "--yes").out)
    assert own.planned() == {}
    assert "own.queue/jobs" in own.run("status", "--all").out

    own.run("state", "rm", "own.queue/jobs", "--force", "--yes")
    sqs.untag_queue(QueueUrl=url, TagKeys=["Project", "Environment", "ManagedBy", "provisioner:address"])
    own.run("import", "own.queue/jobs", url, "--yes")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["provisioner:address"] == "own.queue/jobs"
    assert own.planned() == {}

    own.step(QUEUE.partition("@step")[0])  # the class without its step
    gone = own.up().results
    assert (gone.get("own.queue/jobs"), gone["vpc_endpoint/sqs"], own.queues()) == (None, "deleted", [NAME])
    assert "QUEUE_URL" not in variables(own)
    assert allowed(own) == []
    gone = own.up("--delete", "own.queue/jobs").results
    assert (gone["own.queue/jobs"], own.queues()) == ("deleted", [])

    own.step(QUEUE)
    (rehearsed,) = own.run("rehearse", "up", "--json").document["runs"]
    assert (rehearsed["passes"], rehearsed["outages"]) == (True, [])
    own.up()
    assert own.down().results["own.queue/jobs"] == "deleted"
    assert own.queues() == []


@pytest.mark.slow
def test_every_command_knows_the_queue_without_a_class(own: Own) -> None:
    address = "AWS::SQS::Queue/jobs"
    (own.directory / FILE).unlink()
    own.step(SHORT, SHORT_FILE)
    sqs = own.cloud.client("sqs")
    assert own.up().results[address] == "created"
    url = sqs.get_queue_url(QueueName=NAME)["QueueUrl"]
    assert variables(own)["QUEUE_URL"] == url
    assert len(allowed(own)) == 1
    assert own.planned() == {}

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    assert own.planned()[address]["changes"] == {"VisibilityTimeout": {"old": 99, "new": 45}}
    (rehearsed,) = own.run("rehearse", "up", "--json").document["runs"]
    assert (rehearsed["passes"], rehearsed["outages"]) == (True, [])
    assert own.up().results[address] == "changed"
    assert "sqs:createqueue" in own.run("policy", "--json").out.lower()

    for file in (own.state / "local" / "ecs-sample-dev").iterdir():
        file.unlink()
    assert re.search(r"AWS::SQS::Queue/jobs +tag ", own.run("recover", "--yes").out)
    assert own.planned() == {}
    assert address in own.run("status", "--all").out

    own.run("state", "rm", address, "--force", "--yes")
    sqs.untag_queue(QueueUrl=url, TagKeys=["Project", "Environment", "ManagedBy", "provisioner:address"])
    own.run("import", address, url, "--yes")
    assert own.planned() == {}

    (own.directory / SHORT_FILE).unlink()
    assert own.down().results[address] == "deleted"
    assert own.queues() == []


@pytest.mark.slow
def test_a_whole_life_under_the_printed_policies(own: Own, tmp_path: Path) -> None:
    own.run("policy", "--create-boundary")
    policies = [json.dumps(one.get("policy", one)) for one in own.run("policy", "--json").document]

    def enforce(texts: list[str]) -> None:
        files = [tmp_path / f"{number}.json" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        own.run("cloud", "start", *(word for file in files for word in ("--policy", str(file))))

    enforce([text.replace("sqs:CreateQueue", "sqs:AddPermission") for text in policies])
    assert "not authorized to perform: sqs:CreateQueue" in own.up("--target-step", "jobs", code=1).err
    enforce(policies)
    own.up()
    own.step(QUEUE.replace("visibility_timeout=45", "visibility_timeout=60"))
    assert own.up().results["own.queue/jobs"] == "changed"
    own.down()
    assert own.queues() == []


def test_policies_have_what_types_and_steps_say(own: Own) -> None:
    told = json.dumps(own.run("policy", "--json").document)
    assert "sqs:CreateQueue" in told
    assert "sqs:SendMessage" not in told
    most = json.dumps(own.run("policy", "--boundary", "--json").document)
    assert "sqs:SendMessage" in most
    assert "arn:aws:sqs:ap-northeast-1:*:ecs-sample-dev-*" in told
    assert "arn:aws:sqs:ap-northeast-1:*:ecs-sample-dev-*" in most
    # a queue may be left that no step declares any more
    own.step(QUEUE.replace("@step\n", ""))
    left = json.dumps(own.run("policy", "--json").document)
    assert "sqs:DeleteQueue" in left
    assert "arn:aws:sqs:ap-northeast-1:*:ecs-sample-dev-*" in left


def test_a_boundary_that_lacks_what_steps_allow_is_found(own: Own) -> None:
    own.step("")
    own.run("policy", "--create-boundary")
    own.step(QUEUE)
    checks = own.done("doctor", "--json").out
    assert "policy --create-boundary" in checks
    own.run("policy", "--create-boundary")
    assert "policy --create-boundary" not in own.done("doctor", "--json").out


# -- trust -------------------------------------------------------------------------------------------------------------


def test_nothing_is_run_before_it_is_trusted(untrusted: Own) -> None:
    untrusted.step("open('run', 'w')\n")
    for words in (("plan",), ("up", "--yes"), ("policy",), ("recover", "--yes"), ("rehearse", "up"), ("doctor",)):
        told = untrusted.refused(*words)
        assert "steps has own steps (queue.py: 1 lines of Python). They run on this machine with your AWS" in told
    for words in (("status",), ("state", "list"), ("down", "--yes"), ("list",)):
        untrusted.done(*words)
    assert not (untrusted.directory / "run").exists()


def test_the_hash_of_a_refusal_trusts_just_these_files(untrusted: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    (digest,) = re.findall("PROVISION_TRUST_STEPS=([0-9a-f]{64})", untrusted.refused())
    monkeypatch.setenv("PROVISION_TRUST_STEPS", digest)
    assert "own.queue/jobs" in untrusted.planned()
    untrusted.step("X = 1\n", "steps/lib/more.py")
    assert "has the SHA-256 of other files" in untrusted.refused()


def test_the_answer_on_a_terminal_is_kept_outside(untrusted: Own) -> None:
    code, told = answered(untrusted, "n", "plan")
    assert (code, "nothing of them was run" in told) == (1, True)
    code, told = answered(untrusted, "y", "plan")
    assert (code, "+ own.queue/jobs" in told) == (2, True)
    file = record(untrusted)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(json.loads(file.read_text())) == [str((untrusted.directory / "steps").resolve())]
    assert "own.queue/jobs" in untrusted.planned()
    file.chmod(0o602)
    assert "other users can write to" in untrusted.refused()


def test_changed_files_are_asked_for_again(untrusted: Own) -> None:
    untrusted.step("X = 1\n", "steps/kept.py")
    trust(untrusted)
    untrusted.brought(f"{QUEUE}\nopen('run', 'w')\n")
    untrusted.brought("open('run', 'w')\n", "steps/more.py")
    (untrusted.directory / "steps" / "kept.py").unlink()
    changed = "changed since you trusted them (changed: queue.py; new: more.py; gone: kept.py)"
    assert f"has own steps that have {changed}. They run on this machine" in untrusted.refused()
    assert f"note: own steps are left out: {changed}" in untrusted.done("status").err
    assert not (untrusted.directory / "run").exists()
    code, told = answered(untrusted, "y", "plan")
    assert (code, "changed: queue.py" in told, (untrusted.directory / "run").exists()) == (2, True, True)
    assert "own.queue/jobs" in untrusted.planned()


def test_an_earlier_versions_trust_ends_with_a_change(untrusted: Own) -> None:
    (digest,) = re.findall("PROVISION_TRUST_STEPS=([0-9a-f]{64})", untrusted.refused())
    record(untrusted).parent.mkdir(parents=True, mode=0o700)
    record(untrusted).write_text(json.dumps({str((untrusted.directory / "steps").resolve()): digest}))
    assert "own.queue/jobs" in untrusted.planned()
    untrusted.brought(f"{QUEUE}\n# changed\n")
    assert "have changed since you trusted them (one or more of queue.py)" in untrusted.refused()


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda steps: (steps / "queue.py").chmod(0o666), "other users can write to"),
        (lambda steps: steps.chmod(0o777), "other users can write to"),
        (lambda steps: (steps / "more.py").symlink_to("queue.py"), "more.py is a symbolic link"),
    ],
    ids=["a file", "the folder", "a link"],
)
def test_what_others_could_write_is_refused(own: Own, tamper: Callable[[Path], Any], words: str) -> None:
    tamper(own.directory / "steps")
    assert words in own.refused()


# -- what is wrong with them -------------------------------------------------------------------------------------------

HEAD = "from dataclasses import dataclass\nfrom provisioner import *\n"
TOPIC = f"{HEAD}class Topic(Resource):\n    type_name = 'own.topic'\n    service = 'sns'\n"
STEP = "from provisioner import step\n@step\ndef {}(stack{}):\n    {}\n"
WRONG = {
    "steps/a.py:1: is not Python: ": "def\n",
    "steps/a.py:1: cannot be imported: ModuleNotFoundError: No module named 'nowhere'": "import nowhere\n",
    "steps/a.py:2: cannot be imported: step network is defined in": STEP.format("network", "", "pass"),
    "steps/a.py:2: step mine has the parameter netwrk, which is no step; did you mean": STEP.format(
        "mine", ", netwrk", "pass"
    ),
    "steps/a.py:4: step mine: ZeroDivisionError: division by zero": STEP.format("mine", "", "1 / 0"),
    'Stream in steps/a.py has the type_name "stream", which a later version may use itself: put a namespace before': (
        f"{HEAD}class Stream(Resource):\n    type_name = 'stream'\n    service = 'sqs'\n"
    ),
    "provisioner.resources.iam.Role and Role in steps/a.py are both called role": (
        f"{HEAD}class Role(Resource):\n    type_name = 'role'\n    service = 'sns'\n"
    ),
    "own steps make an Api of ec2, which the tool has: leave it out": f"{HEAD}Api('ec2', 'EC2')\n",
    "steps/a.py:3: cannot be imported: Topic in steps/a.py has no type_name: write type_name": (
        f"{HEAD}class Topic(Resource):\n    service = 'sns'\n"
    ),
    "Topic in steps/a.py: permissions has 'sns:CreateTopic', which is no permission: write permissions = (*grants(": (
        f"{TOPIC}    permissions = ('sns:CreateTopic',)\n"
    ),
    "Topic in steps/a.py: permissions is no tuple: write permissions = (*grants(": (
        f"{TOPIC}    permissions = grants('sns', 'CreateTopic')\n"
    ),
    'Topic in steps/a.py: permissions: "sns:create-topic" is not an action of IAM': (
        f"{TOPIC}    permissions = (*grants('sns', 'create-topic'),)\n"
    ),
    "Topic in steps/a.py: permissions: OWN stands for the ARNs of the type's resources: say what they are": (
        f"{TOPIC}    permissions = (*grants('sns', 'CreateTopic', OWN),)\n"
    ),
    "Topic in steps/a.py: permissions: sns:CreateTopic has {stak}, and the places are account, environment": (
        f"{TOPIC}    permissions = (*grants('sns', 'CreateTopic', '{{stak}}-*'),)\n"
    ),
    "Topic in steps/a.py: permissions: when='key' is no field of the type": (
        f"{TOPIC}    permissions = (*grants('sns', 'CreateTopic', when='key'),)\n"
    ),
    "Topic in steps/a.py: arn has {nme}, which is no field of the type; did you mean": f"{TOPIC}    arn = '{{nme}}'\n",
    'stack.environment("web", …): there is no such service': STEP.format("mine", "", "stack.environment('web', A='b')"),
    'step mine: stack.environment("backend", …): PORT is set by the stack itself': STEP.format(
        "mine", "", "stack.environment('backend', PORT='1')"
    ),
    'stack.environment("backend", …): step mine comes after step task_definitions': STEP.format(
        "mine", ", services", "stack.environment('backend', A='b')"
    ),
    'stack.allow("backend", …): "send" is not an action of IAM': STEP.format(
        "mine", "", "stack.allow('backend', 'send', on='*')"
    ),
}


@pytest.mark.parametrize(("words", "text"), WRONG.items(), ids=[str(number) for number in range(len(WRONG))])
def test_what_is_wrong_with_a_step_names_its_line(own: Own, words: str, text: str) -> None:
    own.step(text, "steps/a.py")
    told = own.refused("plan")
    assert words in told
    assert "bug" not in told


def test_two_files_cannot_define_one_type(own: Own) -> None:
    own.step(QUEUE.partition("@step")[0], "steps/other.py")
    assert "Queue in steps/other.py and Queue in steps/queue.py are both called own.queue" in own.refused()


def test_an_error_in_a_type_names_its_line(own: Own) -> None:
    own.step(QUEUE.replace("for url in aws", "1 / 0\n        for url in aws"))
    told = own.refused("plan", code=1)
    assert re.search(r"error: steps/queue.py:\d+: ZeroDivisionError: division by zero", told)
    assert "bug" not in told
    own.step(
        QUEUE.replace(
            'settings = {"VisibilityTimeout": str(self.visibility_timeout)}\n        tags', "tags = {}[0]\n        tags"
        )
    )
    ended = own.up("--target-step", "jobs", code=1)
    assert re.search(r"steps/queue.py:\d+: KeyError: 0", ended.err)
    assert "bug" not in ended.err


def test_a_type_that_is_missing_is_a_sentence(own: Own) -> None:
    own.up("--target-step", "jobs")
    (own.directory / FILE).unlink()
    for words in (("plan",), ("down", "--yes")):
        told = own.refused(*words, code=1)
        assert "own.queue/jobs is of a type of your own that no trusted file of the steps folder defines" in told
    assert "own.queue/jobs" in own.run("state", "list").out
    own.step("def\n", "steps/broken.py")
    ended: Ended = own.done("status")
    assert "note: own steps are left out: steps/broken.py:1: is not Python" in ended.err


def test_what_looks_like_a_secret_is_warned_of(own: Own) -> None:
    own.step(STEP.format("mine", "", "stack.environment('backend', API_TOKEN='aGVsbG8x')"), "steps/a.py")
    ended = own.done("plan")
    assert "note: API_TOKEN, which a step gives to service backend, looks like a secret, by its name" in ended.out
    assert "aGVsbG8x" not in ended.out + ended.err


def test_modules_import_each_other_and_leave_nothing_behind(own: Own) -> None:
    own.step("SECONDS = 45\n", "steps/lib/names.py")
    own.step(
        QUEUE.replace("45)", "SECONDS)").replace(
            "from provisioner import OWN", "from .lib.names import SECONDS\nfrom provisioner import OWN"
        )
    )
    assert own.planned()["own.queue/jobs"]["changes"]["visibility_timeout"]["new"] == 45
    assert not list((own.directory / "steps").rglob("__pycache__"))


def test_no_compiled_file_is_run(own: Own) -> None:
    other = own.directory / "other.py"
    other.write_text("open('run', 'w')\n")
    compiled = own.directory / "steps" / "__pycache__" / f"queue.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(other), str(compiled), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    (own.directory / "steps" / "more.pyc").write_bytes(compiled.read_bytes())
    assert "own.queue/jobs" in own.planned()
    assert not (own.directory / "run").exists()


def test_the_steps_of_a_clone_are_not_taken_for_the_users(own: Own) -> None:
    (own.directory / "provisioner").mkdir()
    (own.directory / "provisioner" / "steps").symlink_to("../steps")
    assert "own.queue/jobs" not in own.planned()


def test_another_folder_is_named_in_the_configuration(own: Own) -> None:
    own.write(f'{STACK}\n[steps]\ndir = "infra/own"\n')
    assert 'steps.dir: there is no folder "infra/own": make it' in own.refused()
    (own.directory / "infra").mkdir()
    own.step(QUEUE, "infra/own/queue.py")
    (digest,) = re.findall("PROVISION_TRUST_STEPS=([0-9a-f]{64})", own.refused())
    assert digest
    own.write(f'{STACK}\n[steps]\ndir = "."\n')
    assert 'steps.dir: "." is the directory of this file itself' in own.refused()
