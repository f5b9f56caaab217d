"""Commands under just the policy that is printed for them: nothing is denied in the life of a stack with options.

The other printed policies have theirs beside their commands: `state init`, `import` and `run` in test_policy_parts.py,
`exec` and `tunnel` in test_exec.py, `cost --refresh` in test_prices.py, a take-over in test_take_over_whole.py.
"""

from __future__ import annotations

import pytest

from provisioner.aws.permissions import Part
from tests.cloud import world
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.permissions.test_policy_parts import allow
from tests.cloud.policies import asked, denied
from tests.cloud.project import SMALL, Project, ready_image

OPTIONS = """
[services.worker]
extends = "frontend"
public = false
scaling = { min = 1, max = 3 }

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "rate(1 day)"

[alarms]
email = ["ops@example.com"]

[schedule]
sleep = "cron(0 20 ? * MON-FRI *)"
wake = "cron(0 7 ? * MON-FRI *)"
"""


def stand(here: Project) -> None:
    """A stack with alarms, times of sleep, scaling and a scheduled job, up; and another image in ECR."""
    for name in ("frontend", "of-the-team"):
        ready_image(here.cloud, name)
    here.write(SMALL + OPTIONS)
    here.run("policy", "--create-boundary", "--yes")
    here.up()


pytestmark = [pytest.mark.slow, world.STANDING.with_args(stand)]

MAIN = (
    "doctor",
    "plan",
    f"deploy frontend --image {REGISTRY}/of-the-team:1",
    "history",
    "diff frontend",
    "rollback frontend --yes",
    "scale frontend 2",
    "pause frontend --yes",
    "resume frontend",
    "sleep --yes",
    "wake --yes",
    "secret list",
    "recover --yes",
    "up --yes",
)
READ = (
    "plan", "status", "top", "doctor", "list", "output", "logs", "history", "show --source live", "cost", "timeline",
    "picture it.html",
)  # fmt: skip


def denials(project: Project, words: str) -> list[str]:
    """Run a command, and return the calls that were denied since policies were put in force."""
    ended = project.done(*words.split())
    assert ended.code in (0, 2), (words, ended)
    return denied(asked(project.cloud))


def test_nothing_is_denied_under_the_main_policy(project: Project) -> None:
    allow(project, Part.MAIN)
    assert {words: found for words in MAIN if (found := denials(project, words))} == {}
    project.change('email = \\["ops@example.com"\\]', 'email = ["new@example.com"]')
    assert denials(project, "up --yes") == []
    assert denials(project, "down --yes") == []


def test_nothing_is_denied_to_a_reader(project: Project) -> None:
    allow(project, read_only=True)
    assert {words: found for words in READ if (found := denials(project, words))} == {}
