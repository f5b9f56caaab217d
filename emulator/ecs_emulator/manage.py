"""Start, find and stop the embedded cloud's process. The command line imports this, so it imports nothing slow."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ecs_emulator import record
from ecs_emulator.control import (
    KEY,
    READY_SECONDS,
    CloudError,
    CloudProcess,
    UsageError,
    control,
    health,
    new_key,
    request,
)
from ecs_emulator.sockets import HOST, bound, listening

PORTS = (443, 80)
"""The load balancer's ports for users; others are for tests of new tasks."""
STOP_SECONDS = 30.0
PS_SECONDS = 10.0

SETTINGS = ("AWS_", "BOTO", "MOTO_")
"""The beginnings of the names of the user's settings for AWS's tools: the cloud gets none of these variables."""
_SERVICE = "ecs_emulator"
HUNG_SECONDS = 30.0
"""The time that one call may take in the cloud before the cloud counts as hung."""


def start(directory: Path, domain: str, *, port: int | None = None, more: Sequence[str] = ()) -> CloudProcess:
    """Return the cloud of `directory`, and start it if none runs; it outlives this process.

    Two starts at the same time return one cloud.

    Args:
        directory: the place of its record and its log.
        domain: the registered domain of its account.
        port: the TCP port to listen on; a free one if left out.
        more: further options of its process (`ecs_emulator.__main__`).

    Raises:
        CloudError: it could not be started.
        UsageError: an environment variable that configures it makes no sense, or it runs on another port.
    """
    record.make_private(directory)
    with record.locked(directory):
        running = find(directory)
        if running is not None:
            return on_port(running, port)
        cloud = _starting(directory)
        if cloud is None:
            cloud = _launch(directory, domain, port, more)
            try:
                # written early, so that a later start finds the cloud if this process ends while it waits
                record.write(directory, cloud)
            except OSError:
                # without a record nothing could find the cloud
                os.kill(cloud.pid, signal.SIGKILL)
                raise
        _await_ready(cloud, directory)
        return cloud


@contextlib.contextmanager
def recorded(directory: Path, cloud: CloudProcess) -> Iterator[None]:
    """Let `find` return a cloud that another program than `start` started, while the context lasts.

    Raises:
        CloudError: an embedded cloud is running there already.
        OSError: the directory cannot be written.
    """
    record.make_private(directory)
    with record.locked(directory):
        if running := find(directory):
            raise CloudError(f"an embedded cloud is already running in {directory}, at {running.endpoint}")
        record.write(directory, cloud)
    try:
        yield
    finally:
        record.delete(directory)


def on_port(running: CloudProcess, port: int | None) -> CloudProcess:
    """Return a running cloud.

    Raises:
        UsageError: another port is requested than the one on which it listens.
    """
    there = int(running.endpoint.rpartition(":")[2])
    if port not in (None, there):
        raise UsageError(
            f"--port {port}: the embedded cloud is already running, on port {there}. Leave --port out, or stop it "
            f"first with `provision cloud stop`, which deletes everything in it"
        )
    return running


def _starting(directory: Path) -> CloudProcess | None:
    """Return the cloud that an earlier start launched but did not see ready, or None."""
    cloud = record.read(directory)
    return cloud if cloud is not None and _alive(cloud.pid) and _started_by_us(cloud) else None


def _launch(directory: Path, domain: str, port: int | None, more: Sequence[str]) -> CloudProcess:
    check_settings()
    key = new_key()
    # the process gets open sockets: a port that is only known to be free could be taken before the start
    with listening_on(port) as listener, bound() as dns:
        pid = _spawn(directory, ["--directory", str(directory), "--domain", domain, *more], key, listener, dns)
        endpoint, dns_port = f"http://{HOST}:{listener.getsockname()[1]}", dns.getsockname()[1]
    return CloudProcess(endpoint, dns_port, pid, key, domain)


def find(directory: Path) -> CloudProcess | None:
    """Return the running cloud of `directory`, or None: no record, process gone, or another program answers."""
    cloud = record.read(directory)
    if cloud is None or not _alive(cloud.pid):
        return None
    return cloud if health(cloud) else None


def stop(directory: Path) -> bool:
    """End the cloud of `directory`, by force after half a minute. Return whether there was one to end.

    Raises:
        CloudError: the recorded process goes on, and nothing proves that it is the cloud.
    """
    cloud = record.read(directory)
    ours = cloud is not None and _alive(cloud.pid) and (find(directory) is not None or _started_by_us(cloud))
    if cloud is not None and ours:
        with contextlib.suppress(OSError, http.client.HTTPException):
            request(cloud, "POST", "/_cloud/stop")
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(cloud.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _alive(cloud.pid):
            _kill(cloud, directory)
    record.delete(directory)
    return ours


def _kill(cloud: CloudProcess, directory: Path) -> None:
    """End the cloud's process by force, if its environment proves that it is the cloud: the record may be wrong."""
    if not _started_by_us(cloud):
        raise CloudError(
            f"the embedded cloud was asked to stop, and process {cloud.pid}, which {directory / 'cloud.json'} names, "
            f"is still there after {STOP_SECONDS:.0f} s. Nothing proves that it is the embedded cloud, so it is not "
            f"ended by force: if `ps -ww -o command= -p {cloud.pid}` shows {_SERVICE}, end it with "
            f"`kill -9 {cloud.pid}`; then delete the file"
        )
    os.kill(cloud.pid, signal.SIGKILL)
    while _alive(cloud.pid):
        time.sleep(0.02)


def delegate(directory: Path, domain: str) -> None:
    """Let the internet of the cloud of `directory` point at its name servers for a domain.

    Raises:
        CloudError: it is not running, or does not answer.
    """
    cloud = _running(directory)
    control(cloud, "POST", f"/_cloud/delegate?{urllib.parse.urlencode({'domain': domain})}")


def _running(directory: Path) -> CloudProcess:
    cloud = find(directory)
    if cloud is None:
        raise CloudError("the embedded cloud is not running: start it with `provision cloud start`")
    return cloud


def environment(directory: Path, region: str) -> dict[str, str]:
    """Return the environment variables with which other AWS tools use the cloud of `directory`.

    Raises:
        CloudError: it is not running.
    """
    return variables(_running(directory), region)


def variables(cloud: CloudProcess, region: str) -> dict[str, str]:
    """Return the environment variables with which AWS tools use a cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": cloud.key,
        "AWS_SECRET_ACCESS_KEY": "cloud",
        "AWS_DEFAULT_REGION": region,
        # calls as DiscoverInstances go to a host of their own on AWS: `data-` before 127.0.0.1 is none
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }


def started(directory: Path) -> float:
    """Return when the cloud of `directory` was started, in seconds since the epoch; 0 if none runs."""
    cloud = find(directory)
    return float(health(cloud).get("started", 0.0)) if cloud else 0.0


def hung(cloud: CloudProcess) -> float:
    """Return for how many seconds the cloud has been answering one call, if that is too long; else 0."""
    busy = float(health(cloud).get("busy", 0.0))
    return busy if busy > HUNG_SECONDS else 0.0


def set_faults(cloud: CloudProcess, scenarios: str) -> None:
    """Put these fault scenarios, separated by commas, in force for the cloud's calls; an empty text ends them.

    Raises:
        CloudError: it does not answer.
        UsageError: there is no such scenario.
    """
    control(cloud, "POST", f"/_cloud/faults?{urllib.parse.urlencode({'scenarios': scenarios})}")


def read_policies(files: Sequence[Path]) -> list[dict[str, str]]:
    """Return IAM policies as `set_policies` takes them.

    Raises:
        UsageError: a file cannot be read, or has a part that cannot be evaluated.
    """
    from ecs_emulator.authorization import policy

    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            policy.read(str(file), text)
        except policy.Unreadable as error:
            raise UsageError(str(error)) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UsageError(f"{file} cannot be read ({why}): use the file of an IAM policy") from None
        found.append({"name": str(file), "text": text})
    return found


def set_policies(cloud: CloudProcess, policies: Sequence[Mapping[str, str]]) -> None:
    """Allow the cloud's caller only the actions that these IAM policies together allow; without policies, all actions.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/policy", json.dumps(policies).encode())


def set_organization(cloud: CloudProcess, policies: Sequence[Mapping[str, str]]) -> None:
    """Put the cloud's account into an organization with these service control policies; without policies, into none.

    Raises:
        CloudError: it does not answer.
    """
    control(cloud, "POST", "/_cloud/organization", json.dumps(policies).encode())


def check_settings() -> None:
    """Raise `UsageError` for invalid settings of the cloud, before it is started with them."""
    given = os.environ.get("PROVISION_ROUND_TRIP") or "0"
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", given):
        raise UsageError(f"PROVISION_ROUND_TRIP is {given!r}: set it to milliseconds below 10000, or unset it")


def listening_on(port: int | None) -> socket.socket:
    """Return a TCP socket that listens on a port of 127.0.0.1, a free one for None.

    Raises:
        CloudError: the port cannot be used.
    """
    try:
        return listening(port or 0)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a port number"
        what = f"port {port}" if port else "a free port"
        raise CloudError(
            f"{what} on {HOST} cannot be used for the embedded cloud ({reason}): stop the process that listens there, "
            f"choose another port, or leave --port out to use a free one"
        ) from error


def _spawn(directory: Path, options: list[str], key: str, listener: socket.socket, dns: socket.socket) -> int:
    """Start the server in its own session, with its output in `cloud.log`, without the user's AWS settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    # not in the arguments: other users can read those
    environment[KEY] = key
    package_root = str(Path(__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package_root, environment.get("PYTHONPATH")]))
    log = str(directory / "cloud.log")
    with _inherited(listener) as tcp, _inherited(dns) as udp:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-m", _SERVICE, "--listener", str(tcp), "--dns", str(udp), *options],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )


@contextlib.contextmanager
def _inherited(one: socket.socket) -> Iterator[int]:
    """Yield a descriptor of a socket that a new process inherits, and that is none of the first three."""
    descriptor = fcntl.fcntl(one, fcntl.F_DUPFD, 3)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _await_ready(cloud: CloudProcess, directory: Path) -> None:
    begin = time.monotonic()
    while True:
        if health(cloud).get("ready"):
            return
        if not _alive(cloud.pid):
            raise CloudError(f"the embedded cloud ended while starting.{_last_lines(directory)}")
        if time.monotonic() > begin + READY_SECONDS:
            os.kill(cloud.pid, signal.SIGKILL)
            raise CloudError(f"the embedded cloud was not ready within {READY_SECONDS:.0f} s.{_last_lines(directory)}")
        time.sleep(0.03)


def _last_lines(directory: Path) -> str:
    log = directory / "cloud.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    # only the last lines of a traceback
    last = [line for line in lines if line and not line.startswith((" ", "Traceback "))][-8:]
    return f" Last lines of {log}:\n" + "\n".join(last) if last else f" Its log {log} is empty."


def entry(directory: Path, name: str) -> str:
    """Return the URL at which a load balancer answers on this machine; empty if there is none.

    There is one if the cloud of `directory` runs containers.

    Args:
        name: a host name of its certificate; without HTTPS, the load balancer's own name.
    """
    cloud = find(directory)
    entries = json.loads(request(cloud, "GET", "/_cloud/entries")) if cloud is not None else []
    return next((str(one["url"]) for one in entries if name in one["names"] and one["port"] in PORTS), "")


def runs_containers(directory: Path) -> bool:
    """Return whether the cloud of a directory runs tasks as containers: it runs, and an engine answers it."""
    cloud = find(directory)
    return cloud is not None and bool(json.loads(request(cloud, "GET", "/_cloud/containers"))["run"])


def _alive(pid: int) -> bool:
    try:
        # reap the process if it is our own child: it would count as alive otherwise
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started_by_us(cloud: CloudProcess) -> bool:
    """Return whether a process was started with the record's key, as only the cloud is; False if that is unknown."""
    return f"{KEY}={cloud.key}".encode() in _environment_of(cloud.pid)


def _environment_of(pid: int) -> list[bytes]:
    """Return the variables with which a process of this user was started; without /proc, the words that `ps` shows.

    macOS shows them with -E, except for programs that come with macOS (ps(1)).
    """
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        command = ["ps", "-E", "-ww", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, check=False, timeout=PS_SECONDS).stdout.split()
    return []
