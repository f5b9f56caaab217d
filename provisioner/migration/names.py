"""Turn names of other tools into valid names: lower-case letters, digits and single hyphens."""

from __future__ import annotations

import re

from provisioner.config import validators as values


def project(name: str) -> str:
    """Return a valid name of a project for any text."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).lstrip("-0123456789").rstrip("-") or "app"


def workload(name: str) -> str:
    """Return a valid name of a service or a job: other characters become hyphens."""
    return project(name) if not re.fullmatch(values.NAME, name) else name


def without_suffix(name: str) -> str:
    """Return a name without the parts that CloudFormation and CDK add: `Shop-Cluster12AB34CD-AbCdEf123456` is `Shop`.

    A physical name ends with the logical id and 12 characters (CloudFormation user guide, "Name type"); CDK's logical
    id ends with 8 hexadecimal digits. Names that people gave stay as they are.
    """
    found = re.fullmatch(r"(?P<stack>.+?)-[A-Za-z0-9]+-(?P<random>[A-Za-z0-9]{12})", name, re.ASCII)
    random = found["random"] if found else ""
    mixed = any(one.isdigit() for one in random) and any(one.isupper() for one in random)
    return found["stack"] if found and mixed else name
