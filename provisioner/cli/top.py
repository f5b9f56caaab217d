"""`provision top`: the load and the answers of the services in the last hour."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from provisioner.cli.app import app, command
from provisioner.operations.context.options import Options


@command(
    app,
    "top",
    "provision top                      all services",
    "provision top web api              two of them",
    "provision top --json               all values, minute by minute",
)
def top(
    options: Options,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Services to show (default: all).")
    ] = None,
) -> int:
    """Show the load and the answers of the services in the last hour.

    CPU, memory, requests, response times (p50, p99) and answers with 5xx, from CloudWatch, with bars for the hour. Each
    number is the newest value; the number of 5xx is the sum of the hour. Makes only read calls: one for up to 83 public
    services.
    """
    from provisioner.operations.inspection import usage as operation
    from provisioner.render import usage as show
    from provisioner.render.text import SCREEN, columns, say, unicode

    stack, began, found, simulated = operation.usage(options, services or [])
    if options.json:
        series = [asdict(one) for one in found]
        document: dict[str, Any] = {"stack": stack, "began": began, "period": operation.SPAN, "services": series}
        document["simulated"] = simulated
        say([json.dumps(document, ensure_ascii=False)])
    else:
        bars = show.BARS if unicode(sys.stdout) else show.PLAIN
        say(show.lines(found, columns(sys.stdout, SCREEN), bars, simulated=simulated))
    return 0
