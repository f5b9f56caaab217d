"""The embedded cloud in the foreground: print its settings, and serve until it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ecs_emulator import clock_clients, manage
from ecs_emulator.control import CloudProcess, UsageError, new_key
from ecs_emulator.server import serve
from ecs_emulator.sockets import HOST, bound

PROFILE = """
[profile ecs-emulator]
endpoint_url = {AWS_ENDPOINT_URL}
region = {AWS_DEFAULT_REGION}
aws_access_key_id = {AWS_ACCESS_KEY_ID}
aws_secret_access_key = {AWS_SECRET_ACCESS_KEY}
disable_host_prefix_injection = {AWS_DISABLE_HOST_PREFIX_INJECTION}
"""


def run(directory: Path | None, domain: str, account: str, region: str, port: int | None) -> None:
    """Serve until Ctrl-C, SIGTERM or `manage.stop`; then everything in the cloud is gone.

    Args:
        directory: the place where `manage.find` finds it; None for a temporary one.
        domain: the registered domain of its account.
        region: the Region in the settings that it prints; the cloud has all Regions.
        port: the TCP port to listen on; None for a free one.

    Raises:
        CloudError: the port cannot be used, or an embedded cloud is running in the directory.
        OSError: the directory cannot be written.
    """
    _forget_settings()
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.ExitStack() as ends:
        if directory is None:
            directory = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="ecs-emulator-")))
        listener, dns = ends.enter_context(manage.listening_on(port)), ends.enter_context(bound())
        endpoint = f"http://{HOST}:{listener.getsockname()[1]}"
        cloud = CloudProcess(endpoint, dns.getsockname()[1], os.getpid(), new_key(), domain)
        ends.enter_context(manage.recorded(directory, cloud))
        shown = manage.variables(cloud, region)
        serve(listener, dns, domain, cloud.key, str(directory), account, lambda: _announce(shown, account, domain))


def set_clock(mode: str, durations: str) -> None:
    """Set the mode of this process's clock, and the durations of operations.

    Raises:
        UsageError: there is no such mode or choice.
    """
    try:
        clock_clients.set_clock({"mode": mode, "durations": durations})
    except ValueError as error:
        raise UsageError(str(error)) from None


def _announce(variables: dict[str, str], account: str, domain: str) -> None:
    """Write the settings to standard output, for a shell, and all other text to standard error."""
    sys.stderr.write(
        f"The embedded cloud responds at {variables['AWS_ENDPOINT_URL']} (account {account}, registered domain "
        f"{domain}). For a shell:\n\n"
    )
    sys.stderr.flush()
    sys.stdout.write("".join(f"export {name}={value}\n" for name, value in variables.items()))
    sys.stdout.flush()
    sys.stderr.write(f"\nThe same as a profile, for ~/.aws/config:\n{PROFILE.format(**variables)}")
    sys.stderr.write("\nCtrl-C stops it and deletes everything in it.\n")
    sys.stderr.flush()


def _forget_settings() -> None:
    """Remove the user's AWS settings from the environment: they do not apply here."""
    for name in [name for name in os.environ if name.startswith(manage.SETTINGS)]:
        del os.environ[name]


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
