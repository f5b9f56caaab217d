"""`provision init`: write a commented configuration to begin with."""

from __future__ import annotations

import json

from provisioner.commands.app import app, command
from provisioner.commands.options import Options


@command(
    app,
    "init",
    "provision init                     writes stack.toml",
    "provision init -c other.toml       writes another file",
)
def init(options: Options) -> int:
    """Write a commented sample stack.toml. A file that is there already is left alone."""
    from provisioner import session
    from provisioner.render.text import say

    session.write_sample(options.config)
    text = f"Wrote {options.config}. Look it through, then {options.again('up')}."
    say([json.dumps({"config": str(options.config)}) if options.json else text])
    return 0
