"""The subject of a pipeline: the forge, the repository, the branch, and the environment that deploys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from provisioner.config import loader, overlays, production
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci.forges import GITLAB, Forge
from provisioner.permissions.arns import partition_of

_GITHUB_NAME = r"[\w.-]+(@\d+)?/[\w.-]+(@\d+)?"
_GITLAB_NAME = r"[\w.-]+(/[\w.-]+)+"
_WORD = r"[A-Za-z0-9][\w.-]*"
"""The pattern of branches and environments. It excludes the colon, which separates the parts of the claim `sub`, and
IAM's wildcards."""


_ENVIRONMENTS = r"[a-z][a-z0-9-]*\*?"


class Purpose(StrEnum):
    """The purpose of a role of the pipeline."""

    PLAN = "plan"
    DEPLOY = "deploy"
    END = "end"


@dataclass(frozen=True)
class Pipeline:
    """A pipeline of one stack.

    Attributes:
        repository: its name in the subject of the forge's tokens: `owner/name`, on GitHub possibly with ids.
        branch: the branch that is deployed.
        environment: the forge's environment, whose reviewers must approve a deployment.
        url: the GitLab instance; not used for GitHub.
        ends: the environments that end automatically: a name, or a prefix followed by `*`; empty: none.
    """

    forge: Forge
    repository: str
    branch: str = "main"
    environment: str = "production"
    url: str = GITLAB
    ends: str = ""

    @property
    def purposes(self) -> list[Purpose]:
        """The purposes for which the pipeline has roles."""
        return [one for one in Purpose if self.ends or one is not Purpose.END]

    @property
    def issuer(self) -> str:
        """The issuer of the tokens without its scheme: the end of the provider's ARN, a part of its condition keys."""
        return "token.actions.githubusercontent.com" if self.forge is Forge.GITHUB else urlsplit(self.url).netloc

    @property
    def audience(self) -> str:
        """The audience of the tokens."""
        return "sts.amazonaws.com" if self.forge is Forge.GITHUB else self.url

    def subjects(self, purpose: Purpose) -> list[str]:
        """Return the claims `sub` of the jobs that may assume a role; `*` stands for any branch.

        GitHub docs, "OpenID Connect reference"; GitLab docs, "OpenID Connect (OIDC) Authentication Using ID Tokens".
        """
        if self.forge is Forge.GITHUB:
            repository = f"repo:{self.repository}"
            if purpose is Purpose.DEPLOY:
                return [f"{repository}:environment:{self.environment}"]
            of_branch = f"{repository}:ref:refs/heads/{self.branch}"
            return [of_branch] if purpose is Purpose.END else [f"{repository}:pull_request", of_branch]
        branch = "*" if purpose is Purpose.PLAN else self.branch
        return [f"project_path:{self.repository}:ref_type:branch:ref:{branch}"]


def checked(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline, if its words are valid in a claim, a policy and a file.

    Raises:
        ConfigurationError: a word is not valid.
    """
    github = pipeline.forge is Forge.GITHUB
    if not re.fullmatch(_GITHUB_NAME if github else _GITLAB_NAME, pipeline.repository):
        like = '"octo-org/shop", or "octo-org@1234/shop@5678"' if github else '"group/project"'
        raise ConfigurationError(f'--repository "{pipeline.repository}" is not a repository: write it like {like}')
    for option, word in (("branch", pipeline.branch), ("environment", pipeline.environment)):
        if not re.fullmatch(_WORD, word):
            raise ConfigurationError(f'--{option} "{word}": use letters, digits, dots, hyphens and underscores')
    # IAM API reference, CreateOpenIDConnectProvider, Url: no port
    if not re.fullmatch(r"https://[\w.-]+", pipeline.url):
        raise ConfigurationError(
            f'--url "{pipeline.url}" is not a GitLab instance that IAM takes: write it like "{GITLAB}", without a port'
        )
    if pipeline.ends and not re.fullmatch(_ENVIRONMENTS, pipeline.ends):
        raise ConfigurationError(
            f'--end-expired "{pipeline.ends}": write the name of an environment, or how names begin, such as "pr-*"'
        )
    return pipeline


def check_ends(path: Path, config: Config, pipeline: Pipeline) -> None:
    """Refuse to end protected environments automatically.

    Args:
        path: the configuration file.

    Raises:
        ConfigurationError: an environment that `pipeline.ends` matches is protected.
    """
    named = overlays.parted(loader.read(path), config.env).overlays
    # other environments than the file's are known by their names alone
    others = (*production.NAMES, *(f"{name}-eu" for name in production.NAMES))
    for env in (*others, config.env, *named):
        if fnmatchcase(env, pipeline.ends) and load(path, env=env).protect:
            raise ConfigurationError(
                f'--end-expired "{pipeline.ends}": environment "{env}" is protected, and a protected stack does not '
                f"end by itself: use a pattern that does not match it"
            )


def role_name(config: Config, purpose: Purpose) -> str:
    """Return the name of a role. It cannot equal a name in a stack, because these begin with `<project>-<env>-`."""
    return f"ci_{config.name}_{purpose}"


def role_arn(config: Config, account: str, purpose: Purpose) -> str:
    """Return the ARN of a role."""
    return f"arn:{partition_of(config.region)}:iam::{account}:role/{role_name(config, purpose)}"
