"""The options of the command line that several commands take, as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.aws import call_log
from provisioner.operations.options import Target

TargetStep = Annotated[
    str | None, typer.Option("--target-step", metavar="STEP", help="Limit it to one step, with what has to go with it.")
]
"""An option of those commands that work step by step."""


Redeploy = Annotated[
    bool, typer.Option("--redeploy", help="Put services back to what is declared where somebody else deployed.")
]
"""An option of `plan` and `up`."""


NewAmi = Annotated[
    bool, typer.Option("--new-ami", help="Take the newest AMI, and replace all instances that are older.")
]
"""An option of `plan` and `up`."""


COMMON: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="The configuration, instead of stack.toml in this folder or above."
        ),
    ],
    "env": Annotated[str | None, typer.Option(metavar="NAME", help="The environment, instead of the file's.")],
    "target": Annotated[
        Target | None,
        typer.Option(envvar="PROVISION_TARGET", help="The embedded cloud or AWS, instead of the file's."),
    ],
    "state_dir": Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where state and embedded cloud are kept, instead of .provision beside the configuration.",
        ),
    ],
    "profile": Annotated[str | None, typer.Option(metavar="NAME", help="The AWS profile to use.")],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")],
    "json": Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")],
    "wait": Annotated[
        bool, typer.Option("--wait", help="If another command is at work on the state, wait for it to end.")
    ],
    "log": Annotated[
        call_log.CallLog | None,
        typer.Option(metavar="FILE", parser=call_log.open_log, help="Append each AWS call to a file, without secrets."),
    ],
}
"""Those of every command, by the field of `Options`."""
