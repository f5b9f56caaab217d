"""`provision config --schema`, and its former name: the JSON schema of `stack.toml`, for editors."""

from __future__ import annotations

import json

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "schema",
    "provision schema > stack.schema.json    for editors",
    now="config --schema",
)
def schema(options: Options) -> int:  # noqa: ARG001 (every command has them)
    """Print the JSON schema of stack.toml: the former name of `provision config --schema`."""
    return print_schema()


def print_schema() -> int:
    """Print the schema, and return the exit code."""
    from provisioner.config import schema as file
    from provisioner.render.text import say

    say([json.dumps(file.document(), ensure_ascii=False, indent=2)])
    return 0
