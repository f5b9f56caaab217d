"""Tell without boto3 that there are no AWS credentials: all places are empty that botocore would look in.

The places are those of botocore/credentials.py, create_credential_resolver.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from provisioner.engine.errors import ProvisionError

MISSING = "no AWS credentials were found. Set --profile or AWS_PROFILE, or sign in, then run again"
"""The message without credentials, from wherever it comes."""
VARIABLES = (
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CREDENTIAL_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "BOTO_CONFIG",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
)  # fmt: skip
"""Variables that name credentials, or a place of them."""
FILES = {
    "AWS_SHARED_CREDENTIALS_FILE": ("~/.aws/credentials",),
    "AWS_CONFIG_FILE": ("~/.aws/config",),
    "": ("/etc/boto.cfg", "~/.boto"),
}
"""Files with credentials, by the variable that names another one."""
METADATA = ("169.254.169.254", 80)
"""The address of an instance's metadata (EC2 user guide, "Access instance metadata")."""
SECONDS = 0.2
"""The time in which an instance's metadata answers: it is on the same machine."""


class NoCredentials(ProvisionError):
    """No place has credentials of AWS; nothing was asked."""

    code = "credentials"


def are_nowhere() -> bool:
    """Return whether no place has credentials; False if only botocore can tell."""
    if any(os.environ.get(name) for name in VARIABLES):
        return False
    named = (os.environ.get(variable, "") for variable in FILES if variable)
    if any(Path(os.path.expanduser(name)).exists() for name in named if name):  # noqa: PTH111 (raises without a home)
        return False
    usual = (name for variable, names in FILES.items() if not os.environ.get(variable) for name in names)
    if any(Path(os.path.expanduser(name)).exists() for name in usual):  # noqa: PTH111
        return False
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true" or not _metadata_answers()


def _metadata_answers() -> bool:
    with suppress(OSError), socket.create_connection(METADATA, SECONDS):
        return True
    return False
