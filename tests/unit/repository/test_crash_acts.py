"""The acts of drawn lives: a seed draws the same ones again, and a killed command leaves both ways open."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.cloud.crash.acts import EDITED, FIXED, Act, Draw, File, Now, World

NOW = Now(File(), 0.0)
STANDS = frozenset({World()})


def life(seed: int) -> list[Act]:
    return Draw(random.Random(seed), dict.fromkeys(EDITED, "sha256:0")).life()


def test_a_seed_draws_the_same_acts_again() -> None:
    lives = [[str(act) for act in life(seed)] for seed in range(30)]
    assert lives == [[str(act) for act in life(seed)] for seed in range(30)]
    assert len({tuple(acts) for acts in lives}) > 25


def test_about_half_of_the_commands_are_killed() -> None:
    commands = [act for seed in range(200) for act in life(seed) if act.words and act.most]
    assert 0.4 < sum(bool(act.killed) for act in commands) / len(commands) < 0.6


def test_a_killed_command_may_have_done_its_work_or_not() -> None:
    paused = {World(paused=True)}
    assert FIXED["pause"].done(STANDS, NOW) == paused
    assert FIXED["pause"].cut(STANDS, NOW) == STANDS | paused
    assert FIXED["pause"].refused(STANDS, NOW) == set()


def test_a_refusal_tells_which_settings_there_are() -> None:
    asleep = World(asleep=True)
    assert FIXED["up"].refused(STANDS | {asleep}, NOW) == {asleep}
    assert FIXED["up"].done(STANDS | {asleep}, NOW) == STANDS


def test_a_protected_stack_refuses_down_by_its_file_or_its_state() -> None:
    protected = World(protected=True)
    assert FIXED["down"].done(STANDS | {protected}, NOW) == {World(up=False)}
    assert FIXED["down"].done(STANDS, replace(NOW, file=File(protect=True))) == set()
