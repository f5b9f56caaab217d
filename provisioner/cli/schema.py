"""`provision schema`: the JSON schema of `stack.toml`, for editors."""

from __future__ import annotations

import json

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "schema",
    "provision schema > stack.schema.json    for editors, with the line below in stack.toml",
)
def schema(options: Options) -> int:  # noqa: ARG001 (every command has them)
    """Print the JSON schema of stack.toml, with a description of each key.

    An editor with a language server for TOML completes keys, shows their descriptions and marks errors, once the first
    line of stack.toml names the file: #:schema ./stack.schema.json
    """
    from provisioner.config import schema as file
    from provisioner.render.text import say

    say([json.dumps(file.document(), ensure_ascii=False, indent=2)])
    return 0
