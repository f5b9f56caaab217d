"""Build an image from a directory with a Dockerfile: by BuildKit if there is `docker buildx`, else by the engine."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.docker.context import DOCKERFILE, IGNORE, context_paths, located, within
from provisioner.docker.engine import DISK_FULL, from_thread, is_disk_full
from provisioner.docker.manifests import NOTHING_TO_RUN, runs_something
from provisioner.engine.errors import NotCreated
from provisioner.state.runtime import Event

TAIL = 20
"""The number of last lines that are shown of a failed build."""
TRIES = 4
PAUSE = 2.0
"""Seconds before another try, longer each time."""
ENDS_SECONDS = 2.0
"""Seconds that a build may take to end after it is terminated."""
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])|[\x00-\x08\x0b-\x1f\x7f]")
"""Terminal control sequences (ECMA-48) in the output of the programs that a build runs."""
_STEP = re.compile(r"#\d+ \[(?:.* )?(\d+)/(\d+)\] (.*)")
_LEGACY_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_THROTTLED = re.compile(r"toomanyrequests: Rate exceeded")
"""public.ecr.aws allows one pull a second without a login (aws/aws-lambda-web-adapter#429)."""
_STALE_LOGIN = re.compile(r"public\.ecr\.aws.*(403 Forbidden|authorization token has expired)", re.DOTALL)
"""A login lasts 12 hours, and the engine keeps sending it although none is needed (aws/containers-roadmap#1296)."""
_NO_EMULATION = re.compile(r"exec format error")
_NO_BASE = re.compile(
    r"failed to resolve source metadata|pull access denied|manifest (unknown|for .* not found)|toomanyrequests"
)


class BuildError(NotCreated):
    """An image could not be built; the message has the reason and the remedy."""

    code = "image-build"


@dataclass(frozen=True)
class Recipe:
    """A build: its directory, the image's name, the values of the Dockerfile's ARGs, and the platform.

    Attributes:
        dockerfile: its path, relative to the directory.
        target: the stage that becomes the image, None for the last one.
    """

    directory: Path
    reference: str
    arguments: Mapping[str, str]
    platform: str
    dockerfile: str = DOCKERFILE
    target: str | None = None

    def __str__(self) -> str:
        return str(self.directory) if self.dockerfile == DOCKERFILE else f"{self.directory} with {self.dockerfile}"


def have(client: Any, reference: str) -> bool:
    """Return whether the engine has an image of that name."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(reference)
    except ImageNotFound:
        return False
    return True


def checked(client: Any, reference: str, platform: str, *, told: bool = False) -> str:
    """Return the id of an image that the engine has, if tasks can run it.

    Args:
        told: whether the task definition sets a command, so that the image needs none.

    Raises:
        BuildError: it is for another platform than the tasks, or has no command.
    """
    image = client.images.get(reference)
    found = f"{image.attrs.get('Os')}/{image.attrs.get('Architecture')}"
    if found != platform:
        raise BuildError(
            f"{reference} is an image for {found}, but its tasks run on {platform}: use a base image for {platform}, "
            f"remove this one with `docker rmi {reference}`, and run the same command again"
        )
    if not told and not runs_something(image.attrs.get("Config")):
        raise BuildError(f"{NOTHING_TO_RUN.format(reference)}: add one of them to its Dockerfile")
    return str(image.id)


def build(client: Any, recipe: Recipe, say: Callable[[str], None], stop: Event, pause: float = PAUSE) -> None:
    """Build the image and name it in the engine; try again if a registry throttled.

    Args:
        say: receives the current step.
        stop: set when the user wants to end; this ends the build too.
        pause: seconds before the second try.

    Raises:
        BuildError: it failed; the message ends with the last lines of its output.
        Interrupted: the user wants to stop.
    """
    if not (path := located(recipe.directory, recipe.dockerfile)).is_file():
        raise BuildError(f"there is no Dockerfile {path}: write it, or use a prebuilt image")
    say("building")
    for attempt in range(1, TRIES + 1):
        tail = _run_builder(client, recipe, say, stop)
        if tail is None:
            return
        if attempt == TRIES or not _THROTTLED.search("\n".join(tail)) or stop.wait(pause * attempt):
            raise BuildError(_error_text(recipe, tail))
        say("building again: throttled by a registry")


def _run_builder(client: Any, recipe: Recipe, say: Callable[[str], None], stop: Event) -> list[str] | None:
    """Build once; return the last lines of the output if the build failed, else None."""
    lines = _buildx(recipe, stop) if buildx() else _engine(client, recipe, stop)
    tail: deque[str] = deque(maxlen=TAIL)
    try:
        with contextlib.closing(lines) as output:
            for line in output:
                text = ESCAPES.sub("", line.rstrip().rpartition("\r")[2])
                if step := _STEP.match(text) or _LEGACY_STEP.match(text):
                    say(f"building {step[1]}/{step[2]} {step[3]}")
                if text:
                    tail.append(text)
    except _BuildFailed as failed:
        tail.extend(ESCAPES.sub("", line) for line in str(failed).splitlines() if line not in tail)
        return list(tail)
    return None


class _BuildFailed(Exception):
    """The build failed; the message is the last one of the builder."""


def _error_text(recipe: Recipe, tail: list[str]) -> str:
    text = "\n".join(tail)
    if is_disk_full(text):
        return f"building {recipe} failed: {DISK_FULL}"
    what = "fix the error below, then run the same command again"
    if _NO_EMULATION.search(text):
        what = (
            f"the Docker engine cannot run programs for {recipe.platform}: run `docker run --privileged --rm "
            f"tonistiigi/binfmt --install {recipe.platform.rpartition('/')[2]}` once, then this command again"
        )
    elif _STALE_LOGIN.search(text):
        what = (
            "Docker's login to public.ecr.aws has expired, and none is needed: run `docker logout public.ecr.aws`, "
            "then this command again"
        )
    elif _NO_BASE.search(text):
        what = (
            "its base image could not be pulled: log in to the image's registry with `docker login`, or use another "
            "base image (set it in build_args if the Dockerfile takes it as a build argument)"
        )
    return f"building {recipe} failed: {what}\n" + "\n".join(f"  {line}" for line in tail)


def buildx() -> bool:
    """Return whether there is a docker command with the buildx plugin."""
    program = shutil.which("docker")
    if program is None:
        return False
    return subprocess.run([program, "buildx", "version"], capture_output=True, check=False).returncode == 0


def _buildx(recipe: Recipe, stop: Event) -> Generator[str, None, None]:
    # An attestation would make the image an index, with a digest that the engine does not report.
    options = ["--load", "--progress=plain", "--provenance=false", "--sbom=false"]
    options += [f"--platform={recipe.platform}", f"--tag={recipe.reference}"]
    options += [f"--file={located(recipe.directory, recipe.dockerfile)}"]
    options += [f"--build-arg={name}={value}" for name, value in recipe.arguments.items()]
    options += [f"--target={recipe.target}"] if recipe.target else []
    process = subprocess.Popen(
        ["docker", "buildx", "build", *options, "--", str(recipe.directory)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that Ctrl-C reaches us alone
    )
    try:
        yield from from_thread(_output(process), stop)
        if code := process.wait():
            raise _BuildFailed(f"docker buildx ended with exit code {code}")
    finally:
        _end(process)


def _output(process: subprocess.Popen[str]) -> Generator[str, None, None]:
    """Yield the lines, and close the pipe after the last one, in the thread that reads them."""
    if process.stdout:
        with process.stdout as lines:
            yield from lines


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _engine(client: Any, recipe: Recipe, stop: Event) -> Generator[str, None, None]:
    """Build by the engine's own, older builder: docker's SDK has no other.

    That builder does not know ignore files named after a Dockerfile, so the context is put together here.
    """
    from docker.api.build import process_dockerfile
    from docker.errors import DockerException
    from docker.utils.build import create_archive

    try:
        name, content = process_dockerfile(within(recipe.directory, recipe.dockerfile), str(recipe.directory))
        # both are always sent: the engine itself hides them from COPY if the ignore file names them
        always = {name} if content is None else set()
        always |= {IGNORE} if (recipe.directory / IGNORE).is_file() else set()
        events = client.api.build(
            fileobj=create_archive(
                str(recipe.directory),
                sorted(always.union(context_paths(recipe.directory, recipe.dockerfile))),
                extra_files=[] if content is None else [(name, content)],
            ),
            custom_context=True,
            dockerfile=name,
            tag=recipe.reference,
            target=recipe.target,
            buildargs=dict(recipe.arguments),
            platform=recipe.platform,
            decode=True,
            rm=True,
            forcerm=True,
        )
        for event in from_thread(events, stop):
            if "error" in event:
                raise _BuildFailed(str(event["error"]))
            yield from str(event.get("stream") or event.get("status") or "").splitlines()
    except (DockerException, OSError) as error:
        raise _BuildFailed(str(error)) from None
