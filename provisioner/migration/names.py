"""Names of other tools, as names here: lower-case letters, digits and single hyphens."""

from __future__ import annotations

import re

from provisioner.config import validators as values


def project(name: str) -> str:
    """Return the name of a project for any text."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).strip("-0123456789") or "app"


def workload(name: str) -> str:
    """Return a service's or a job's name as it is one here; what is more than that becomes a hyphen."""
    return project(name) if not re.fullmatch(values.NAME, name) else name
