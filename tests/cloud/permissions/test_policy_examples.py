"""The whole life of each example, and of a stack with all options, under just the policies that are printed for it."""

from __future__ import annotations

import json

import pytest

from tests.cloud import world
from tests.cloud.commands.test_examples import NAMES, copy
from tests.cloud.permissions.test_policy_verbs import denials
from tests.cloud.policies import enforce
from tests.cloud.project import with_options
from tests.cloud.steps.test_own_steps import Own, own, untrusted  # noqa: F401

pytestmark = [pytest.mark.slow, world.EMPTY]

LIFE = ("plan", "up --yes", "plan", "up --yes", "list", "sleep --yes", "wake --yes", "recover --yes", "down --yes")
MOST = {"all options": 7, "django": 7}
"""The most policies of a stack; of any other one, 6. IAM attaches at most 10 to a role (IAM quotas)."""
CHARACTERS = 6_144
"""The most characters of a policy, without white space (IAM quotas)."""


@pytest.mark.parametrize("name", [*NAMES, "all options"])
def test_nothing_is_denied_in_the_life_of_a_stack(own: Own, name: str) -> None:  # noqa: F811
    if name == "all options":
        with_options(own)
    else:
        copy(name, own)
    own.run("policy", "--create-boundary", "--yes")
    printed = own.run("policy", "--json").document
    sizes = [len(json.dumps(one["document"], separators=(",", ":"))) for one in printed]
    assert max(sizes) <= CHARACTERS
    assert len(printed) <= MOST.get(name, 6)
    enforce(own.cloud, *(one["document"] for one in printed))
    assert {words: found for words in LIFE if (found := denials(own, words))} == {}
