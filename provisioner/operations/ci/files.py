"""Write the files of a pipeline: a GitHub workflow, or a part of a GitLab pipeline."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from provisioner.config.models import SAMPLE, Config
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci.forges import Forge
from provisioner.operations.ci.pipeline import Pipeline, Purpose, role_arn
from provisioner.operations.context.options import Options

DATA = SAMPLE.parent / "ci"
PLAIN_IMAGE, DOCKER_IMAGE = "python:3.13", "docker:28"
"""The images of GitLab's jobs: with Python; with Docker and its buildx if the jobs build images."""


def check(config: Config, path: Path) -> str:
    """Return the account to which a pipeline deploys.

    Raises:
        ConfigurationError: the configuration fits only one machine: no account, no state bucket, or "my-ip".
    """
    if not config.account.id:
        raise ConfigurationError(
            f'{path}: account.id: is not set: write id = "…" under [account], the account that the pipeline deploys to'
        )
    if not config.state.bucket:
        raise ConfigurationError(
            f'{path}: state.bucket: is not set: a pipeline needs the state in a bucket: write bucket = "…" under '
            f"[state], then run `provision state init`"
        )
    if config.public and not config.listener and "my-ip" in config.network.allow:
        raise ConfigurationError(
            f'{path}: network.allow: "my-ip" would be the address of the machine that runs the pipeline: write '
            f'networks instead, such as "203.0.113.0/24"'
        )
    return config.account.id


def write(options: Options, config: Config, pipeline: Pipeline, install: str) -> list[Path]:
    """Write the files of a pipeline, and return their paths. An existing `.gitlab-ci.yml` is kept.

    Raises:
        ConfigurationError: the configuration does not fit a pipeline, or a file exists or cannot be written.
    """
    account = check(config, options.file)
    if "\n" in install or not install.strip():
        raise ConfigurationError("--install: write one command, in one line")
    root, below = _places(options.file)
    if not re.fullmatch(r"[\w./-]+", f"{below}/{options.file.name}"):
        raise ConfigurationError(f"{below}/{options.file.name}: use letters, digits, dots, hyphens and underscores")
    github = pipeline.forge is Forge.GITHUB
    path = root / (".github/workflows" if github else ".gitlab") / f"provision-{config.name}.yml"
    made = {path: text(options, config, pipeline, install, account, below)}
    if not github and not (whole := root / ".gitlab-ci.yml").exists():
        made[whole] = f"include:\n  - local: {path.relative_to(root)}\n"
    try:
        for one, words in made.items():
            one.parent.mkdir(parents=True, exist_ok=True)
            with one.open("x", encoding="utf-8") as file:
                file.write(words)
    except FileExistsError as error:
        raise ConfigurationError(f"{error.filename} already exists: delete it to have it written anew") from None
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename} cannot be written: {error.strerror}: check the directory and its permissions"
        ) from None
    return list(made)


def text(options: Options, config: Config, pipeline: Pipeline, install: str, account: str, below: str) -> str:
    """Return the text of a pipeline's file.

    Args:
        below: the directory of the configuration, relative to the repository's root.
    """
    words = {
        "AUDIENCE": pipeline.audience,
        "BELOW": "" if below == "." else f"{below}/",
        "BRANCH": pipeline.branch,
        "DEPLOY_ROLE": role_arn(config, account, Purpose.DEPLOY),
        "DIRECTORY": below,
        "ENVIRONMENT": pipeline.environment,
        "INSTALL": install if pipeline.forge is Forge.GITHUB else install.replace("'", "''"),
        "OPTIONS": _options(options),
        "END_ROLE": role_arn(config, account, Purpose.END),
        "ENDS": pipeline.ends,
        "PLAN_ROLE": role_arn(config, account, Purpose.PLAN),
        "REGION": config.region,
        "STACK": config.name,
        **_built(config),
        **_trusted(options, config),
    }
    parts = [str(pipeline.forge), *([f"{pipeline.forge}-expired"] if pipeline.ends else [])]
    template = "".join((DATA / f"{part}.yml").read_text(encoding="utf-8") for part in parts)
    if pipeline.forge is Forge.GITHUB:
        setup = (DATA / "github-setup.yml").read_text(encoding="utf-8")
        template = template.replace("@SETUP@\n", setup)
    return re.sub("@([A-Z_]+)@", lambda found: words[found[1]], template)


def _places(config: Path) -> tuple[Path, str]:
    """Return the repository's root, and the configuration's directory relative to it."""
    here = config.resolve().parent
    root = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    return root, here.relative_to(root).as_posix()


def _options(options: Options) -> str:
    """Return the options of every command in the pipeline, each with a space before it."""
    words = ["-c", options.config.name] if options.config else []
    words += ["--env", options.env] if options.env else []
    return "".join(f" {word}" for word in words)


def _built(config: Config) -> Mapping[str, str]:
    """Return the template's settings for GitLab's jobs, with a Docker service if the stack builds images."""
    if not any(container.build for container in config.containers.values()):
        return {"IMAGE": PLAIN_IMAGE, "SERVICE_VARIABLES": "", "PREPARE": ""}
    variables = {"DOCKER_HOST": "tcp://docker:2376", "DOCKER_TLS_VERIFY": '"1"', "DOCKER_TLS_CERTDIR": "/certs"}
    variables["DOCKER_CERT_PATH"] = "/certs/client"
    return {
        "IMAGE": f"{DOCKER_IMAGE}\n  services:\n    - {DOCKER_IMAGE}-dind",
        "SERVICE_VARIABLES": "".join(f"\n    {name}: {value}" for name, value in variables.items()),
        "PREPARE": "\n    - apk add --no-cache python3 py3-pip",
    }


def _trusted(options: Options, config: Config) -> Mapping[str, str]:
    """Return the settings that trust own steps in a pipeline, by a variable of the repository."""
    own = os.path.lexists(options.file.parent / config.steps.dir)
    line = "  PROVISION_TRUST_STEPS: ${{ vars.PROVISION_TRUST_STEPS }}\n"
    return {"TRUST": line if own else ""}
