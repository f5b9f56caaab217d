"""`python -m provisioner.cloud`: the embedded cloud in the foreground."""

from __future__ import annotations

import argparse
import os
import sys

from provisioner.cloud.control import KEY, new_key
from provisioner.cloud.server import serve


def main() -> None:
    """Parse the command line and serve until stopped; exits 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m provisioner.cloud", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port of the AWS APIs on 127.0.0.1")
    parser.add_argument("--dns-port", type=int, required=True, help="UDP port of the DNS answers on 127.0.0.1")
    parser.add_argument("--domain", default="example.com", help="the account's registered domain")
    parser.add_argument("--folder", help="the folder that it belongs to, and ends with")
    chosen = parser.parse_args()
    # in the environment, since other users may read command lines
    key = os.environ.pop(KEY, "") or new_key()
    try:
        serve(chosen.port, chosen.dns_port, chosen.domain, key, chosen.folder)
    except OSError as error:
        sys.exit(f"cannot listen on 127.0.0.1:{chosen.port}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
