"""Values of `environment` in a stack's whole life: in no file of the tool, and where they look like secrets nowhere.

Every command runs, also on a state in a bucket, refused, killed, and with a wrong configuration. A value with a plain
name may be read in a plan, which is there to be read; what looks like a secret may not.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer

from ecs_emulator import manage
from provisioner.cli.commands import app
from provisioner.state.local import DOCUMENT
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Ended, Project, ready_image
from tests.cloud.proxy import refusing

pytestmark = pytest.mark.slow

BUCKET = "hidden-states"
DEFINITION = "task_definition/frontend"
SECRETS = {
    "STRIPE_KEY": "canary-by-name-8d1f",
    "PAYMENT": "sk_" + "live_canary8d1fbyform",
    "DATABASE_URL": "postgres://shop:canary-in-url-8d1f@db.example.com/shop",
}
PLAIN = {"GREETING": "canary-plain-8d1f", "PORT": "canary-port-8d1f"}
ARGUMENT = "canary-argument-8d1f"
CHANGED = "-changed"
"""A text that is appended to each value in the course of the life."""
NOT_HERE = {
    "explain": "it is the same for every stack.toml, and reads none",
    "options": "it is the same for every stack.toml, and reads none",
    "schema": "it is the same for every stack.toml, and reads none",
    "cloud start": "it would be another cloud, which gets nothing of the configuration",
    "cloud stop": "the same",
    "cloud delegate": "it is about a domain alone",
    "secret set": "its values are looked for by tests/cloud/steps/test_service_secrets.py",
    "secret rm": "the same",
    "ci init": "it writes a file, of the configuration's names alone: tests/cloud/ci/test_ci.py",
    "ci roles": "it has policies to say, of the configuration's names alone: the same",
    "ci report": "it has a report to say, in which values are looked for here, and in tests/cloud/ci/test_ci.py",
    "ci comment": "the same",
    "ci issue": "the same",
    "tunnel": "it says where it listens, until it is ended: tests/cloud/shell/test_exec.py",
    "prices refresh": "it reads AWS's price list, and writes nothing of the configuration: test_prices.py",
    "run": "it has the task's own log to say, and an id: tests/cloud/one_off/test_run.py",
}

REPORT = ("--report", "report.md", "--report", "report.html")


def configuration(more: str = "", **environment: str) -> str:
    """Return a configuration of two services: one with these variables, one built with an argument."""
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in environment.items())
    built = '[services.backend]\nbuild = "app"\ndockerfile = "backend/Dockerfile"\nport = 8080\n'
    arguments = f'build_args = {{ NPM_TOKEN = "{ARGUMENT}" }}\n'
    first, last = SMALL.split("[network]")
    return f"{first}environment = {{ {variables} }}\n\n{built}{arguments}\n[network]{last}{more}"


@dataclass
class Life:
    """The output of the commands, and the files and objects that they wrote.

    Attributes:
        said: all output by command line, in the order in which they ran.
        files: everything that was in a file of the project after some command, by path, less the configuration.
        objects: everything that was in the state's bucket at the end, every version, by key.
    """

    project: Project
    said: dict[str, Ended] = field(default_factory=dict)
    files: dict[str, set[bytes]] = field(default_factory=dict)
    objects: dict[str, set[bytes]] = field(default_factory=dict)

    def run(self, *words: str, code: int = 0) -> Ended:
        """Run a command with a log, and keep its output and the project's files."""
        ended = self.project.run(*words, "--log", "calls.jsonl", code=code)
        self.said[f"{len(self.said)} {' '.join(words)}"] = ended
        self.keep()
        return ended

    def both(self, *words: str, code: int = 0) -> None:
        """Run a command for people and for programs."""
        self.run(*words, code=code)
        self.run(*words, "--json", code=code)

    def keep(self) -> None:
        """Keep the present contents of the project's files, without the configuration."""
        for path in self.project.directory.rglob("*"):
            if path.is_file() and path != self.project.config:
                self.files.setdefault(str(path.relative_to(self.project.directory)), set()).add(path.read_bytes())

    def of(self, *words: str) -> list[str]:
        """The outputs of the commands that begin with these words."""
        return [
            ended.out + ended.err
            for command, ended in self.said.items()
            if command.partition(" ")[2].split()[: len(words)] == [*words]
        ]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """All commands, on this machine first, then on a state in a bucket; the cloud's own files count too."""
    directory = tmp_path_factory.mktemp("hidden")
    cloud = EmbeddedCloud(manage.start(directory / ".provision", "example.com"))
    project = Project(cloud, directory)
    life = Life(project)
    _made(life)
    _changed(life)
    _moved(life)
    yield life
    project.reach(cloud.endpoint)
    manage.stop(directory / ".provision")
    project.close()


def _made(life: Life) -> None:
    """A first `up` that is refused with all that was asked for, and goes on; everything that can be looked at."""
    life.project.write(configuration(**SECRETS, **PLAIN))
    ready_image(life.project.cloud, "frontend")
    for words in ("doctor", "policy", "init --config new.toml", "output", "list", "cloud status", "cloud env"):
        life.run(*words.split())
    life.both("plan", code=2)
    refusals = {"RegisterTaskDefinition": "ClientException"}
    with refusing(life.project.cloud.endpoint, refusals) as endpoint:
        life.project.reach(endpoint)
        life.run("up", "--yes", *REPORT, code=1)
        life.project.reach(life.project.cloud.endpoint)
    life.run("up", "--yes", "--json")
    life.both("plan")
    for words in (
        "status",
        "top",
        "list",
        "cost",
        "output",
        "timeline",
        "show",
        "show --source recorded",
        "show --source live",
        "picture stack.html",
        "picture recorded.svg --source recorded",
        "state list",
        f"state show {DEFINITION}",
        "logs frontend",
    ):
        life.both(*words.split())


def _changed(life: Life) -> None:
    """All values change, `up` is killed and goes on; the record is lost in three ways, the configuration is wrong."""
    changed = {name: value + CHANGED for name, value in (SECRETS | PLAIN).items()}
    life.project.write(configuration(**changed))
    life.both("plan", *REPORT, code=2)
    life.both("plan", DEFINITION, code=2)
    life.both("rehearse", *REPORT)
    life.run("plan", "--out", "saved.json", code=2)
    life.project.cut(5, signal.SIGKILL, "up", "--yes")
    life.keep()
    life.run("up", "--yes", *REPORT)
    life.both("history")
    life.run("dash", "--json")
    life.both("diff", "frontend")
    life.run("rollback", "frontend")
    life.run("deploy", "frontend", *REPORT)
    life.run("approve", code=4)
    life.run("reject", code=4)
    life.run("scale", "frontend", "2")
    life.run("pause", "frontend", "--yes")
    life.run("resume", "frontend")
    life.run("sleep", "--endpoints", "--balancer", "--yes")
    life.run("wake")
    life.run("exec", "frontend", "--", "echo", "well")
    life.run("state", "pull", "pulled.json")
    life.run("state", "pull")
    life.run("state", "push", "pulled.json", "--force")
    life.run("state", "mv", DEFINITION, "task_definition/other", "--yes")
    life.run("state", "mv", "task_definition/other", DEFINITION, "--yes")
    life.run("state", "rm", DEFINITION, "--yes", "--force")
    life.project.cloud.client("ecs").untag_resource(
        resourceArn=_revision(life.project), tagKeys=["Project", "Environment", "ManagedBy", "provisioner:address"]
    )
    life.project.write(configuration(**SECRETS, **PLAIN))
    life.both("config")
    life.both("secret", "list")
    life.run("import", DEFINITION, f"{NAME}-frontend", "--yes")
    life.run("state", "rm", DEFINITION, "--yes", "--force")
    life.run("import", DEFINITION, f"{NAME}-frontend", "--yes", "--json")
    life.run("recover", "--yes")
    (document,) = life.project.state.glob(f"*/{NAME}/{DOCUMENT}")
    document.write_text("{")
    life.both("recover", "--yes")
    life.project.write(configuration(**SECRETS, **PLAIN).replace("STRIPE_KEY = ", "STRIPE_KEY = 1, TOKEN = "))
    life.run("plan", code=4)
    life.project.write(configuration(**SECRETS, **PLAIN))


def _moved(life: Life) -> None:
    """The state goes into a bucket, where `up` changes it, and comes back; the stack is deleted."""
    changed = {name: value + CHANGED * 2 for name, value in (SECRETS | PLAIN).items()}
    life.project.write(configuration(f'[state]\nbucket = "{BUCKET}"\n', **changed))
    life.run("state", "init", "--yes")
    life.run("state", "migrate", "--yes")
    life.both("plan", code=2)
    life.run("up", "--yes")
    life.run("state", "migrate", "--to-local", "--yes")
    s3 = life.project.cloud.client("s3")
    for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        found = s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        life.objects.setdefault(version["Key"], set()).add(found)
    life.project.write(configuration(**changed))
    life.run("down", "--yes")


def _revision(project: Project) -> str:
    shown = project.cloud.client("ecs").describe_task_definition(taskDefinition=f"{NAME}-frontend")
    return str(shown["taskDefinition"]["taskDefinitionArn"])


def _commands(group: object, before: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        words = (*before, name)
        yield from [" ".join(words)] if not hasattr(command, "commands") else _commands(command, words)


def test_every_command_was_run(life: Life) -> None:
    assert [c for c in _commands(typer.main.get_command(app)) if c not in NOT_HERE and not life.of(*c.split())] == []


def test_no_file_has_a_value(life: Life) -> None:
    canaries = [value.encode() for value in (*SECRETS.values(), *PLAIN.values(), ARGUMENT)]
    found = {path for path, contents in life.files.items() for one in contents for c in canaries if c in one}
    assert found == set()
    named = {path for path, contents in life.files.items() for one in contents if b"STRIPE_KEY" in one}
    assert {Path(path).name for path in named} >= {DOCUMENT, "pulled.json", "saved.json"}
    assert {"calls.jsonl", "new.toml", "cloud.json", "cloud.log"} <= {Path(path).name for path in life.files}


def test_no_object_of_the_bucket_has_a_value(life: Life) -> None:
    canaries = [value.encode() for value in (*SECRETS.values(), *PLAIN.values(), ARGUMENT)]
    assert {key for key, contents in life.objects.items() for one in contents for c in canaries if c in one} == set()
    assert any(b"STRIPE_KEY" in one for one in life.objects[f"{NAME}/{DOCUMENT}"])


def test_no_output_has_what_looks_like_a_secret(life: Life) -> None:
    canaries = (*SECRETS.values(), ARGUMENT)
    assert [c for c, ended in life.said.items() if any(one in ended.out + ended.err for one in canaries)] == []


def test_a_plan_shows_variables_by_name_and_hides_secrets(life: Life) -> None:
    _, _, _, _, text, document, *_ = life.of("plan")
    for name in SECRETS:
        assert f"  ~ {name} changed\n" in text
    old = PLAIN["GREETING"]
    assert f"  ~ GREETING changed: {old} -> {old}{CHANGED}\n" in text
    assert "environment" not in text.partition("Plan: ")[0]
    planned = json.loads(document[document.index("{") : document.rindex("}") + 1])["resources"]
    (change,) = (one["changes"]["container_definitions"] for one in planned if one["address"] == DEFINITION)
    new = {one["name"]: one["value"] for one in change["new"][0]["environment"]}
    assert new == dict.fromkeys(SECRETS, "changed (hidden)") | {n: v + CHANGED for n, v in PLAIN.items()}


def test_the_document_of_the_stack_has_no_value_at_all(life: Life) -> None:
    """Pictures and reports are drawn from it, and are seen by more people than a plan."""
    shown = life.of("show")
    assert len(shown) == 6
    for text in shown:
        assert [value for value in (*SECRETS.values(), *PLAIN.values(), ARGUMENT) if value in text] == []
    assert all(name in shown[1] for name in (*SECRETS, *PLAIN))


def test_a_rehearsal_knows_that_the_former_values_were_others(life: Life) -> None:
    """The state has only their digest, and the copy's task definition is to change as the stack's will."""
    text, document = life.of("rehearse")
    assert f"assumed: variables of {DEFINITION} had other values so far" in text
    assert "the copy differs" not in text
    planned = json.loads(document[document.index("{") : document.rindex("}") + 1])["plan"]
    assert next(one["action"] for one in planned if one["address"] == DEFINITION) == "change"


def test_a_warning_names_each_variable_once(life: Life) -> None:
    for text in (*life.of("plan")[:2], life.of("up")[1]):
        for name in SECRETS:
            assert text.count(f"services.frontend.environment.{name} looks like a secret") == 1
        assert text.count("services.backend.build_args.NPM_TOKEN looks like a secret") == 1
        assert "GREETING looks like" not in text
