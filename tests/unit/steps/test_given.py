"""Additions of the user's own steps to services, and the order of own steps among the tool's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner import Stack
from provisioner.config.models import Config
from provisioner.engine.declaration import STEPS, order
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.context import own_steps
from provisioner.operations.context.options import Options
from provisioner.permissions.boundary import boundary
from provisioner.resources.iam import Role
from provisioner.steps.stack import run
from tests.unit.steps.test_service_steps import FACTS, desired, egress, environment

SERVICES = {
    "web": {"image": "nginx:1", "port": 80, "public": True},
    "worker": {"image": "nginx:1", "port": 81, "launch": "ec2", "exec": False},
}
QUEUE = (
    "from dataclasses import dataclass\nfrom provisioner import Resource\n@dataclass(frozen=True)\n"
    "class Queue(Resource):\n    queue_name: str\n    type_name = 'own.queue'\n    service = 'sqs'\n    arn = '{}'\n"
)
STEP = "from provisioner import step\n@step\ndef {}(stack{}):\n    {}\n"


class Own:
    """A folder of own steps, imported without a question."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, services: dict[str, Any]) -> None:
        self.config = Config.model_validate({"services": services})
        self.options = Options(config=directory / "stack.toml")
        self._monkeypatch = monkeypatch

    def load(self, **files: str) -> None:
        """Import these files, each named without its ending, and no others."""
        folder = self.options.file.parent / "steps"
        folder.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        found = own_steps.find(self.options, self.config)
        self._monkeypatch.setenv("PROVISION_TRUST_STEPS", found.digest if found else "")
        own_steps.load(self.options, self.config)

    def stack(self) -> Stack:
        return run(self.config, FACTS)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    yield Own(tmp_path, monkeypatch, SERVICES)
    own_steps.unload()


def test_own_steps_come_before_what_takes_from_them(own: Own) -> None:
    own.load(a=STEP.format("early", "", "pass"), b=STEP.format("late", ", services", "pass"))
    names = order(STEPS)
    assert names.index("early") < min(map(names.index, ("security_groups", "endpoints", "roles", "task_definitions")))
    assert names.index("late") > names.index("services")


def test_steps_that_need_each_others_takers_make_no_circle(own: Own) -> None:
    own.load(a=STEP.format("one", ", endpoints", "pass"), b=STEP.format("two", ", roles", "pass"))
    names = order(STEPS)
    assert names.index("endpoints") < names.index("one") < names.index("roles") < names.index("two")


def test_other_files_take_the_place_of_those_before(own: Own) -> None:
    own.load(a=STEP.format("first", "", "pass"))
    own.load(b=STEP.format("second", "", "pass"))
    assert ("first" in STEPS, "second" in STEPS) == (False, True)
    own.load()
    assert "second" not in STEPS


def test_a_service_is_given_variables_and_permissions(own: Own) -> None:
    own.load(
        a=STEP.format(
            "mine",
            "",
            "stack.environment('web', A='b'); stack.allow('web', 'sqs:SendMessage', on=['arn:a', 'arn:b'])",
        )
    )
    stack = own.stack()
    assert environment(stack, "web")["A"] == "b"
    assert "A" not in environment(stack, "worker")
    role: Role = desired(stack, "role/task-web")
    ((name, document),) = [one for one in role.inline_policies.items() if one[0].startswith("mine-")]
    assert document["Statement"] == [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": ["arn:a", "arn:b"]}]
    assert not any(name in other for other in desired(stack, "role/task-worker").inline_policies)


def test_another_grant_is_another_policy(own: Own) -> None:
    names = set()
    for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:SendMessage"):
        own.load(a=STEP.format("mine", "", f"stack.allow('web', '{action}', on='arn:a')"))
        names |= {name for name in desired(own.stack(), "role/task-web").inline_policies if name.startswith("mine-")}
    assert len(names) == 2  # so that the former one stays until the tasks that use it have stopped


def test_who_may_call_aws_reaches_its_endpoints(own: Own) -> None:
    before = egress(own.stack(), "worker")
    own.load(a=STEP.format("mine", "", "stack.allow('worker', 'sqs:SendMessage', on='arn:a')"))
    assert {port for port, _ in egress(own.stack(), "worker") - before} == {443}


def test_a_step_too_late_for_a_security_group_says_so(own: Own) -> None:
    own.load(a=STEP.format("mine", ", security_groups", "stack.allow('worker', 'sqs:SendMessage', on='arn:a')"))
    with pytest.raises(ConfigurationError, match="step mine comes after step security_groups, which takes this"):
        own.stack()
    own.load(a=STEP.format("mine", ", security_groups", "stack.allow('web', 'sqs:SendMessage', on='arn:a')"))
    own.stack()


def test_an_endpoint_is_declared_once(own: Own) -> None:
    own.load(a=STEP.format("mine", "", "stack.endpoint('sqs'); stack.endpoint('sqs'); stack.endpoint('logs')"))
    with_policy = replace(FACTS, policed=frozenset({"sqs"}))
    endpoint = desired(run(own.config, with_policy), "vpc_endpoint/sqs")
    assert endpoint.service_name.endswith(".sqs")
    assert endpoint.policy_document is not None


def test_a_boundary_has_what_steps_allow(own: Own) -> None:
    def allowed() -> dict[str, tuple[str, ...]]:
        return {one.name: one.resources for one in boundary(own.config) if one.service == "sqs"}

    assert allowed() == {}
    own.load(a=STEP.format("mine", ", network", "stack.allow('web', 'sqs:SendMessage', on='arn:aws:sqs:::{x}')"))
    assert allowed() == {"sqs:SendMessage": ("arn:aws:sqs:::{x}",)}
    where = "arn:aws:sqs:ap-northeast-1:*:"
    for arn, name, on, limit in (
        ("{queue_name}", "f'{stack.name}-jobs'", "it.id", f"{where}ecs-sample-dev-*"),
        ("{queue_name}", "'jobs'", "f'{it.id}/*'", f"{where}jobs/*"),
        ("{queue_name}", "network.vpc_id", "it.id", f"{where}*"),
        ("{stack}-*", "'{x}'", "it.id", f"{where}ecs-sample-dev-*"),
        ("arn:{partition}:sqs:::{queue_name}", "'{x}'", "it.id", "arn:aws:sqs:::{x}"),
        ("", "'jobs'", "it.id", "*"),
    ):
        call = f"it = stack.ensure(Queue('a', {name})); stack.allow('web', 'sqs:SendMessage', on={on})"
        own.load(a=QUEUE.format(arn) + STEP.format("mine", ", network", call))
        assert allowed() == {"sqs:SendMessage": (limit,)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("environment('web', A=1)", "the value of A is a int: give text"),
        ("environment('web', **{'A-B': ''})", '"A-B" is not a variable name'),
        ("environment('web', A='b'); stack.environment('web', A='c')", "A was given before"),
        ("allow('web', on='*')", "name actions and their resources"),
        ("allow('web', 'sqs:SendMessage', on=[])", "name actions and their resources"),
    ],
)
def test_what_cannot_be_given_is_refused(own: Own, call: str, words: str) -> None:
    own.load(a=STEP.format("mine", "", f"stack.{call}"))
    with pytest.raises(ConfigurationError, match=f"steps/a.py:4: step mine: stack.*{words}"):
        own.stack()
