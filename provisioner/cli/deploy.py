"""`provision deploy`: roll an image out to the services that run it."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.operations.options import Options


@command(
    app,
    "deploy",
    "provision deploy                   all services, as stack.toml says",
    "provision deploy web --image 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/shop-dev/web:4f2a9c",
    "provision deploy web --build       build the image here again, after an --image",
    "provision deploy --env staging     another environment",
)
def deploy(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Which services; all of them if none is named.")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="REF", help="Run this image, and keep it until stack.toml names another one."),
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Go back to the image that stack.toml has built, after an --image.")
    ] = False,
) -> int:
    """Roll an image out to the services and jobs that run it, and wait until they serve.

    Changes nothing else of the stack: images, task definitions, jobs with before_deploy, then the services. Whatever
    extends a service is deployed with it. `up` and `plan` keep what was deployed, until stack.toml names another image
    or build.

    Exit code 0 only when the new revision serves. If ECS rolls back, or a job before it fails, the services go on with
    what they ran, and the exit code is 1; 4 if there is no such image, and then nothing was written.
    """
    from provisioner.cli.screen import Screen
    from provisioner.operations.deploying.run import deploy as run
    from provisioner.operations.deploying.scope import Wanted

    screen = Screen(options)
    return screen.report(run(options, Wanted(services or (), image, build), screen))
