"""Errors that no command has put into words: refusals of AWS, errors of the user's own steps, and bugs."""

from __future__ import annotations


def told(error: BaseException) -> tuple[str, int, str]:
    """Return the message, the exit code and the family of an error that no command has put into words."""
    from provisioner.aws.errors import explained
    from provisioner.engine.error_codes import UNEXPECTED, error_code
    from provisioner.engine.errors import ProvisionError
    from provisioner.render.summary import unexpected

    # a refusal in the user's own steps is told with their line
    if error_code(error) == UNEXPECTED and isinstance(error, Exception):
        error = explained(error)
    if isinstance(error, ProvisionError):
        return str(error), error.exit_code, error.code
    return unexpected(error), 1, error_code(error)
