"""Turn names of other tools into valid names: lower-case letters, digits and single hyphens."""

from __future__ import annotations

import re

from provisioner.config import validators as values


def project(name: str) -> str:
    """Return a valid name of a project for any text."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).strip("-0123456789") or "app"


def workload(name: str) -> str:
    """Return a valid name of a service or a job: other characters become hyphens."""
    return project(name) if not re.fullmatch(values.NAME, name) else name
