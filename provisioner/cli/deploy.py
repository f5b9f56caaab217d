"""`provision deploy`: roll an image out to the services that run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Annotated

import typer

from provisioner.cli.app import app, command
from provisioner.cli.reports import Report, reporting
from provisioner.operations.context import signals
from provisioner.operations.context.options import Options


@command(
    app,
    "deploy",
    "provision deploy                   all services, as stack.toml says",
    "provision deploy web --image 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/shop-dev/web:4f2a9c",
    "provision deploy web --build       build the image here again, after an --image",
    "provision deploy --no-wait         start the deployment, and leave it to ECS",
    "provision deploy --timeout 10m     wait for ten minutes at most",
    "provision deploy --report deploy.md    also a report of the result, in a file",
    "provision deploy web --approve     let the deployment of web go on, which waits at a stage of `pause_at`",
    "provision deploy web --reject      or roll it back, to the revision that web ran before",
    "provision deploy --env staging     another environment",
)
def deploy(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="The services; all of them if none is named.")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="REF", help="Run this image, and keep it until stack.toml names another one."),
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Go back to the image that stack.toml has built, after an --image.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when ECS has begun, and not when the new revision serves.")
    ] = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN", help="Wait no longer than this: 90s, 10m or 2h. A deployment that has begun continues."
        ),
    ] = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Let a deployment go on that waits for a person; deploy nothing new.")
    ] = False,
    reject: Annotated[
        bool, typer.Option("--reject", help="Roll a deployment back that waits for a person; deploy nothing new.")
    ] = False,
    report: Report = None,
) -> int:
    """Roll an image out, and wait until it serves.

    To the services and jobs that run it: changes images and task definitions, runs jobs with before_deploy, then
    updates the services; nothing else of the stack changes. Services and jobs that extend a service are deployed with
    it. `up` and `plan` keep the deployed image, until stack.toml names another image or build.

    Exit code 0 only when the new revision serves; 1 if ECS rolls back or a job before it fails, and the services keep
    their previous revision; 4 if there is no such image, and then nothing was changed.

    With --no-wait, the exit code is 0 once ECS has begun. Ctrl-C asks whether to roll back; the exit code is then 130
    with either answer.

    With --approve or --reject: answers a deployment that waits at a stage of services.NAME.deployment.pause_at, the
    only one that waits if no service is named. Ends when ECS has accepted the answer, also while a `deploy` waits
    elsewhere; after --reject, that one ends with exit code 1. The exit code is 4 if no deployment waits, or if several
    wait and none is named; 1 if ECS refuses, for example because the pause has expired.
    """
    if approve or reject:
        given = {"--approve": approve, "--reject": reject, "--image": image, "--build": build, "--no-wait": no_wait}
        return _answer(options, services or (), {**given, "--timeout": timeout, "--report": report})
    with reporting(options, "deploy", report) as draft:
        from provisioner.cli.screen import Screen
        from provisioner.config.time_spans import seconds_of
        from provisioner.engine.errors import ConfigurationError
        from provisioner.operations.commands.deploy import deploy as run
        from provisioner.operations.deployment.rollout import Waiting
        from provisioner.operations.deployment.scope import DeployOptions

        if no_wait and timeout:
            raise ConfigurationError("--no-wait and --timeout do not go together: leave one of the two out")
        waiting = Waiting(waits=not no_wait, seconds=seconds_of("--timeout", timeout) if timeout else inf)
        screen = Screen(options, draft=draft if report else None)
        rollout = run(options, DeployOptions(services or (), image, build), screen, waiting)
        code = draft.ended(screen.report(rollout.ended))
    if code == signals.INTERRUPTED and rollout.begun and not options.json:
        _offer_rollback(options, rollout.begun)
    return code


def _answer(options: Options, services: Sequence[str], given: Mapping[str, object]) -> int:
    """Answer a deployment that waits for a person, and return the exit code.

    Args:
        given: by name, whether each option of `deploy` was given; a deployment is answered with one of them alone.
    """
    from provisioner.cli.approve import answer
    from provisioner.engine.errors import ConfigurationError
    from provisioner.resources.ecs.pauses import CONTINUE, ROLLBACK

    first, *others = [name for name, value in given.items() if value]
    if others:
        raise ConfigurationError(f"{first} and {others[0]} do not go together: leave one of the two out")
    if len(services) > 1:
        raise ConfigurationError(f"{first} answers one deployment: name one service")
    return answer(options, services[0] if services else None, CONTINUE if given["--approve"] else ROLLBACK)


def _offer_rollback(options: Options, begun: Mapping[str, str]) -> None:
    """Ask on a terminal whether to roll back the begun deployments, and do so.

    Args:
        begun: by service, the number of its previous revision.
    """
    from provisioner.cli.prompts import agreed
    from provisioner.cli.screen import Screen
    from provisioner.engine.words import names
    from provisioner.operations.commands.rollback import rollback

    signals.answered()
    if not agreed(f"Roll {names(sorted(begun))} back?"):
        return
    for service, revision in begun.items():
        screen = Screen(options)
        screen.report(rollback(options, service, revision, screen))
