"""Options that several commands share, in the form that typer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.aws import call_log
from provisioner.operations.context.options import Target

TargetStep = Annotated[
    str | None,
    typer.Option(
        "--target-step",
        metavar="STEP",
        help="Limit the run to one step, with its dependencies (up, plan) or dependents (down).",
    ),
]
"""An option of the commands that run steps."""


Redeploy = Annotated[
    bool, typer.Option("--redeploy", help="Redeploy the declared task definition where somebody else deployed another.")
]
"""An option of `plan` and `up`."""


RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try again a task definition that ECS rolled back.")]
"""An option of `plan` and `up`."""


NewAmi = Annotated[bool, typer.Option("--new-ami", help="Use the newest AMI, and replace instances with an older one.")]
"""An option of `plan` and `up`."""


Unprotect = Annotated[
    bool,
    typer.Option(
        "--unprotect",
        help="Also delete protected resources, and a protected stack's services and data. A database leaves "
        "a final snapshot.",
    ),
]
"""An option of the commands that delete."""


Delete = Annotated[
    list[str] | None,
    typer.Option(
        "--delete",
        metavar="ADDRESS",
        help="Delete this resource, which is no longer declared and kept because it holds data. May be repeated.",
    ),
]
"""An option of `plan`, `up` and `rehearse`."""


Pausables = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="The services, and jobs with a schedule; all of them if none is named."),
]
"""An argument of `pause` and `resume`, the former names."""


TakeOver = Annotated[
    list[str] | None,
    typer.Option(
        "--take-over",
        metavar="NAME",
        help="Let this public name lead here, and keep in the state where it leads now. May be repeated.",
    ),
]
"""An option of `plan` and `up`."""


GiveBack = Annotated[
    list[str] | None,
    typer.Option(
        "--give-back",
        metavar="NAME",
        help="Only let this name, which was taken over, lead where it did before. May be repeated.",
    ),
]
"""An option of `plan` and `up`."""


Expires = Annotated[
    str | None,
    typer.Option(
        "--expires",
        metavar="SPAN",
        help="For how long the stack is wanted from now on, such as 8h or 3d; 'never': no date (default: as it was).",
        show_default=False,
    ),
]
"""An option of `plan` and `up`."""


Rehearse = Annotated[
    bool | None,
    typer.Option(
        "--rehearse/--no-rehearse",
        help="Say which URLs and services will be down, by a rehearsal of some seconds (default: on AWS).",
        show_default=False,
    ),
]
"""An option of `plan` and `up`."""


SkipChecks = Annotated[
    str | None,
    typer.Option(
        "--skip-checks",
        metavar="NAME,...",
        help="Leave out checks before the first write on AWS: permissions, boundary, images, public-access, quotas.",
    ),
]
"""An option of `up`."""


COMMON: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="The configuration file (default: stack.toml in this directory or above).",
        ),
    ],
    "env": Annotated[
        str | None, typer.Option(metavar="NAME", help="Override the environment of the configuration file.")
    ],
    "target": Annotated[
        Target | None,
        typer.Option(envvar="PROVISION_TARGET", help="Override the target of the configuration file."),
    ],
    "state_dir": Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Directory for the state and the embedded cloud (default: .provision beside the configuration file).",
        ),
    ],
    "profile": Annotated[str | None, typer.Option(metavar="NAME", help="The AWS profile to use.")],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")],
    "json": Annotated[bool, typer.Option("--json", help="Print only JSON on standard output.")],
    "wait": Annotated[bool, typer.Option("--wait", help="Wait for the state lock instead of failing.")],
    "log": Annotated[
        call_log.CallLog | None,
        typer.Option(
            metavar="FILE",
            parser=call_log.CallLog,
            help="Append every AWS API call to a JSON Lines file, without secrets.",
        ),
    ],
}
"""The options of every command, by the field of `Options`."""
