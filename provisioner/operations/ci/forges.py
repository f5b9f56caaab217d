"""The forges that run pipelines. This module imports nothing heavy: the command line needs it for its help."""

from __future__ import annotations

from enum import StrEnum

GITLAB = "https://gitlab.com"


class Forge(StrEnum):
    """The forge that runs the pipeline."""

    GITHUB = "github"
    GITLAB = "gitlab"
