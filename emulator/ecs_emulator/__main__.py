"""`python -m ecs_emulator`: an emulator of AWS with ECS, on 127.0.0.1, until Ctrl-C. It needs no AWS account."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from ecs_emulator import __version__, foreground
from ecs_emulator.clock import CLOCK
from ecs_emulator.control import KEY, CloudError
from ecs_emulator.server import ACCOUNT, serve


def main() -> None:
    """Parse the command line and serve until stopped."""
    parser = _parser()
    chosen = parser.parse_args()
    CLOCK.epoch = max(CLOCK.epoch, chosen.since)
    try:
        foreground.set_clock(chosen.clock, chosen.durations)
        if chosen.listener is None:
            foreground.run(chosen.directory, chosen.domain, chosen.account, chosen.region, chosen.port)
        else:
            _serve_started(chosen)
    except KeyboardInterrupt:
        sys.exit(130)
    except (CloudError, OSError) as error:
        parser.exit(1, f"error: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecs_emulator", description=__doc__)
    parser.add_argument("--version", action="version", version=f"ecs_emulator {__version__}")
    parser.add_argument("--port", type=int, help="TCP port to listen on (default: a free one)")
    parser.add_argument("--region", default="us-east-1", help="Region in the settings that it prints (%(default)s)")
    parser.add_argument("--domain", default="registered.example", help="the account's registered domain (%(default)s)")
    parser.add_argument("--account", default=ACCOUNT, help="the account's number (%(default)s)")
    parser.add_argument("--directory", type=Path, help="where it is found by `ecs_emulator.manage` (a temporary one)")
    parser.add_argument("--clock", default="virtual", help="virtual, frozen, real, or real:20 for 20 times as fast")
    parser.add_argument("--durations", default="typical", help="how long operations take: fast, slow, times:0.1, ...")
    # from `manage.start`: the sockets that it has bound, and a time after all records of former clouds
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--dns", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--since", type=float, default=0.0, help=argparse.SUPPRESS)
    return parser


def _serve_started(chosen: argparse.Namespace) -> None:
    # in the environment, since other users may read command lines
    key = os.environ.pop(KEY)
    listener, dns = socket.socket(fileno=chosen.listener), socket.socket(fileno=chosen.dns)
    for one in (listener, dns):
        one.set_inheritable(False)
    serve(listener, dns, chosen.domain, key, str(chosen.directory), chosen.account)


if __name__ == "__main__":
    main()
