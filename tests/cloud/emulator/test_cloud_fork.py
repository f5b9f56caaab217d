"""A fork of the process that has the embedded cloud in itself: no lock of another thread is left in it."""

from __future__ import annotations

import os
import threading
import time

from ecs_emulator import inside
from ecs_emulator.lock import LOCK

WORKS_SECONDS = 0.5


def test_a_fork_waits_until_the_cloud_is_free() -> None:
    holds = threading.Event()

    def work() -> None:
        with LOCK:
            holds.set()
            time.sleep(WORKS_SECONDS)

    thread = threading.Thread(target=work)
    thread.start()
    assert holds.wait(5)
    child = inside.fork()
    if child == 0:
        os._exit(int(LOCK.held() > 0))
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
