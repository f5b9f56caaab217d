"""Runs commands in forks of one process that has imported everything: a start costs hundredths of a second."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cloud.project import SECONDS, Ended, Project

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.cloud.faults.preload"])


class WarmProject(Project):
    """A project whose commands run in forks."""

    def run(self, *words: str, code: int = 0) -> Ended:
        """Run a command to its end; it must exit with `code`."""
        out, err = self.folder / "out", self.folder / "err"
        process = FORKS.Process(target=_command, args=(self.folder, words, out, err))
        process.start()
        process.join(SECONDS)
        late = process.is_alive()
        if late:
            process.kill()
            process.join()
        ended = Ended(process.exitcode or 0, out.read_text(), err.read_text())
        process.close()
        text = f"provision {' '.join(words)}: exit code {ended.code}\n{ended.err[-4000:]}\n{ended.out[-2000:]}"
        assert not late, f"not over after {SECONDS} s: {text}"
        assert ended.code == code, text
        assert "Traceback" not in ended.err, text
        return ended


def _command(folder: Path, words: Sequence[str], out: Path, err: Path) -> None:
    """What the fork does: `provision` with these words, as if started in this folder."""
    from provisioner.cli import main

    # whoever ends the tests with Ctrl-C does not mean this command
    os.setsid()
    os.chdir(folder)
    os.environ["NO_COLOR"] = "1"
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    code = main(words)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
