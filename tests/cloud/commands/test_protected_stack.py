"""A production stack of any sort: nothing but `--unprotect` deletes it, also where no resource has a protection."""

from __future__ import annotations

import shutil

import pytest

from tests.cloud import world
from tests.cloud.commands.test_examples import NAMES, copy
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import SMALL
from tests.cloud.steps.test_own_steps import Own, own, untrusted  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/app:1"
WORKER = f"""
project = "shop"

[network]
zones = 2

[services.worker]
image = "{IMAGE}"
"""
JOB = f"""
[jobs.nightly]
image = "{IMAGE}"
schedule = "rate(1 day)"
"""
TABLE = '''
from provisioner import CloudControl, Stack, step


@step
def orders(stack: Stack) -> None:
    """A table of DynamoDB."""
    stack.ensure(
        CloudControl(
            "orders",
            "AWS::DynamoDB::Table",
            {
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )
    )
'''
STACKS = {
    "worker": WORKER,
    "job": WORKER + "count = 0\n" + JOB,
    "public": SMALL.replace("ecs-sample", "shop"),
    "own-steps": WORKER,
}
"""Small stacks by their speciality, beside all examples."""
PROD = ("--env", "prod")
REFUSED = (
    ("down", "--yes"),
    ("down", "--yes", "--target-step", "services"),
    ("rehearse", "down"),
    ("state", "rm", "protected_stack/main", "--yes", "--force"),
    ("state", "rm", "{service}", "--yes"),
)
"""The ways in which a protected stack does not go."""


def write(project: Own, name: str) -> None:
    """Write one of the stacks."""
    if name not in STACKS:
        copy(name, project, env="prod")
        return
    shutil.rmtree(project.directory / "steps")
    project.write(STACKS[name])
    if name == "own-steps":
        project.step(TABLE)


def states(project: Own) -> dict[str, bytes]:
    """Return the files of the states, by their paths."""
    return {str(path): path.read_bytes() for path in sorted((project.state / "local").glob("*/state.json*"))}


def stays(project: Own) -> None:
    """See that nothing deletes the stack, and that each refused command has written nothing."""
    recorded = [one["address"] for one in project.run("state", "list", "--json", *PROD).document]
    service = next(address for address in recorded if address.startswith("service/"))
    since, before = project.last_call(), states(project)
    for words in REFUSED:
        refused = project.done(*(word.format(service=service) for word in words), *PROD)
        assert refused.code in (1, 4), (words, refused)
        assert "protect" in refused.out + refused.err, words
        assert (project.writes(since), states(project)) == ([], before), words


@pytest.mark.parametrize("name", [*STACKS, *NAMES])
def test_a_production_stack_goes_by_unprotect_only(own: Own, name: str) -> None:  # noqa: F811
    before = own.inventory()
    write(own, name)
    own.run("up", "--yes", *PROD)
    stays(own)
    # what the file says since then does not count before an `up` has made it so
    own.write("protect = false\n" + "\n".join(x for x in own.config.read_text().splitlines() if x != "protect = true"))
    assert "the stack" in own.run("down", "--yes", *PROD, code=1).err
    if name in NAMES:
        return
    own.run("sleep", "--yes", *PROD)
    stays(own)
    if name == "worker":
        # an `up` that says so lifts it
        own.run("wake", *PROD)
        own.run("up", "--yes", *PROD)
        own.run("down", "--yes", *PROD)
    else:
        own.run("down", "--yes", "--unprotect", *PROD)
    assert difference(before, own.inventory(), *NEVER_REMOVED) == {}
    assert own.run("state", "list", *PROD).out == ""
