"""Runs tests in forks of a process that has the embedded cloud in itself, and perhaps a stack that stands already.

The test process forks a process before its first test. That one loads the cloud and the tool, without a port, once a
test asks for a world; for each stack that tests begin with it forks one more, which stands the stack up. A test is a
fork of one of them: calls and commands stay in its process, nothing is reset or torn down, and no other test sees what
it did. pytest's own protocol runs in the fork, with all its hooks; the reports go back to the test process.

    pytestmark = world.STANDING.with_args(stand)   # each test in a fork of a process in which `stand(project)` has run
    pytestmark = world.EMPTY                       # each test in a fork of the cloud as it begins
    pytestmark = world.FILE                        # the file in one such fork, whose cloud is reset between its tests
    @world.REAL                                    # not this one of the tests of such a file

With NO_WORLD=1 in the environment, and under a debugger, all of them run as other tests do: on a cloud and by commands
that are processes of their own, over HTTP. What is about processes, ports or terminals belongs there anyway.

| module | where | what |
|---|---|---|
| `marks` | everywhere | which tests have a world, and which one |
| `forks` | the test process | hands tests to the processes, and takes their reports |
| `wire` | both | what they say to each other |
| `zygote` | the processes | loading, standing up, forking, running a test |
| `own` | the forks | the cloud of this process, and the door for processes that are to reach it |
| `commands` | the forks | command lines in this process |
| `stood` | tests | a project whose stack stands |
"""

from tests.cloud.world.marks import EMPTY, FILE, REAL, STANDING

__all__ = ["EMPTY", "FILE", "REAL", "STANDING"]
