"""Who runs a pipeline. Light: the command line reads it for its help."""

from __future__ import annotations

from enum import StrEnum

GITLAB = "https://gitlab.com"


class Forge(StrEnum):
    """Who runs the pipeline."""

    GITHUB = "github"
    GITLAB = "gitlab"
