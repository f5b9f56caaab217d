"""`provision picture`: the stack as a picture, in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.show import Source
from provisioner.operations.context.options import Options


@command(
    app,
    "picture",
    "provision picture stack.html                   a page: search, settings, planned changes",
    "provision picture stack.svg                    the picture alone, for a document",
    "provision picture now.html --source live       the recorded resources, as AWS has them now",
)
def picture(
    options: Options,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; its name ends with .html or .svg.")],
    source: Annotated[
        Source, typer.Option(help="Draw the resources of the configuration, the state or AWS.")
    ] = Source.DECLARED,
) -> int:
    """Draw the stack, and the changes that `up` would make.

    A page is one file that loads nothing from elsewhere: it can be mailed, or kept with a release. It shows the
    settings of each resource, the old and the new settings of each change, and a link to the console. It never
    contains values of variables and secrets; it contains the account's number and IDs of resources. Makes only read
    calls, and writes the file.
    """
    from provisioner.engine.errors import ConfigurationError
    from provisioner.operations.commands import picture as operation
    from provisioner.render.picture import page
    from provisioner.render.picture.svg import svg
    from provisioner.render.text import say

    if file.suffix not in (".html", ".svg"):
        raise ConfigurationError(f"{file}: end the name with .html for a page, or .svg for the picture alone")
    found = operation.picture(options, source.value)
    text = svg(found.diagram) if file.suffix == ".svg" else page.page(found)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}: choose another file") from None
    said = {"file": str(file), "resources": found.view.resources, "bytes": len(text.encode())}
    say(
        [json.dumps(said) if options.json else f"Wrote {file}: {found.view.resources} resources of {found.view.stack}."]
    )
    return 0
