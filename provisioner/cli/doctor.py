"""`provision doctor`: check the account and this machine before `up`, with reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import Record


@command(
    app,
    "doctor",
    "provision doctor                   on the target of stack.toml, the embedded cloud in the sample",
    "provision doctor --target aws      before the first `up` on AWS",
    "provision doctor --json            one JSON document; exit code 1 if a check failed",
)
def doctor(options: Options) -> int:
    """Check the account and this machine before `up`.

    Credentials, Region and zones, quotas, permissions, the domain, images, Docker, the state's bucket: one line each,
    with how to fix it. Makes only read calls. A check that is not possible is `unknown`, which is not a failure.
    """
    from provisioner.config.builds import check_contexts
    from provisioner.operations.context import configuration, connection, stores
    from provisioner.operations.doctor.context import Context
    from provisioner.operations.doctor.examine import CHECKS, examine
    from provisioner.operations.prerequisites import image_copies
    from provisioner.render import doctor as show
    from provisioner.render.text import say

    config = configuration.load(options, declares=True)
    check_contexts(config, options.file)
    aws = connection.aws_without_account(options, config).reading()

    def records(aws: Aws) -> Mapping[str, Record]:
        state = stores.recorded(options, config, aws)
        state.guard(config.name, aws.account, aws.region)
        return state.records

    for line in image_copies.hosts(config):
        options.report(line)
    checked = Context(aws, config, options.file, records)
    with show.progress(len(CHECKS) + 1) as emit:
        found = examine(checked, emit)
    if options.json:
        document = show.document(found, config.name, config.target, checked.account, aws.region)
        say([json.dumps(document, ensure_ascii=False)])
    else:
        say([*show.lines(found), *show.after(found, options.command_line)])
    return show.exit_code(found)
