"""`python -m ecs_emulator`: the embedded cloud's process, as `manage.start` starts it."""

from __future__ import annotations

import argparse
import os
import socket
import sys

from ecs_emulator.clock import CLOCK
from ecs_emulator.control import KEY
from ecs_emulator.server import ACCOUNT, serve


def main() -> None:
    """Parse the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m ecs_emulator", description=__doc__)
    parser.add_argument("--listener", type=int, required=True, help="descriptor of the TCP socket of the AWS APIs")
    parser.add_argument("--dns", type=int, required=True, help="descriptor of the UDP socket of the DNS server")
    parser.add_argument("--domain", required=True, help="the account's registered domain")
    parser.add_argument("--directory", required=True, help="the directory that it belongs to, and ends with")
    parser.add_argument("--account", default=ACCOUNT, help="the account's number")
    parser.add_argument("--since", type=float, default=0.0, help="the earliest time of its clock, as a timestamp")
    chosen = parser.parse_args()
    CLOCK.epoch = max(CLOCK.epoch, chosen.since)
    # in the environment, since other users may read command lines
    key = os.environ.pop(KEY)
    listener, dns = socket.socket(fileno=chosen.listener), socket.socket(fileno=chosen.dns)
    for one in (listener, dns):
        one.set_inheritable(False)
    try:
        serve(listener, dns, chosen.domain, key, chosen.directory, chosen.account)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
