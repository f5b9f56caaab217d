"""`provision list`: the recorded stacks."""

from __future__ import annotations

import json
import sys
import time

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "list",
    "provision list                     all stacks: where they are, their cost, their age, their last run",
    "provision list --json              one JSON document",
)
def list_(options: Options) -> int:
    """List the stacks in the state directory and the state bucket.

    Of every project, environment and target. Reads only files and the bucket that [state] names. A narrow terminal has
    fewer columns; --json has all.
    A state that cannot be read is reported on standard error.
    """
    from provisioner.cli.clocks import say_two_clocks
    from provisioner.operations.inspection import stack_list
    from provisioner.render import stacks as show
    from provisioner.render.text import WIDE, columns, say

    found, notes = stack_list.everywhere(options)
    found = stack_list.priced(found, options)
    if options.json:
        document = {"directory": str(options.directory), "stacks": [show.row(one) for one in found], "notes": notes}
        say([json.dumps(document, ensure_ascii=False)])
    else:
        say(show.lines(found, str(options.directory), time.time(), columns(sys.stdout, WIDE)))
        say((f"note: {text}" for text in notes), sys.stderr)
        if any(one.target == "local" for one in found):
            say_two_clocks(options)
    return 0
