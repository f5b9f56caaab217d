"""The moments that threads wait for on a clock that is moved from outside."""

from __future__ import annotations

import pytest

from tests.jumping import Jumping


@pytest.mark.parametrize("start", [0.1, 0.421725579, 0.7300001, 3.3333333])
def test_many_short_waits_end_at_the_moment_of_a_long_one(start: float) -> None:
    runtime = Jumping()
    runtime.sleep(start)
    end = runtime.turns.moment(40)
    for _ in range(400):
        runtime.sleep(0.1)
    assert runtime.now() == end


@pytest.mark.parametrize("start", [0.1, 0.421725579, 0.7300001, 3.3333333])
def test_who_waits_for_what_is_left_until_a_moment_gets_there(start: float) -> None:
    runtime = Jumping()
    runtime.sleep(start)
    for end in (runtime.now() + seconds / 7 for seconds in range(1, 200)):
        before = runtime.jumps
        while (left := end - runtime.now()) > 0:
            runtime.sleep(left)
        assert runtime.jumps - before <= 2
