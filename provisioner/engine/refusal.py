"""Turn what boto3 raises into one message: what was refused, in AWS's words, and what to do."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from provisioner.engine.errors import ProvisionError

_DENIED = "Give the caller this permission (`provision policy` prints all that are needed), then run again"
HINTS = (
    (("AccessDenied", "Unauthorized", "NotAuthorized"), _DENIED),
    (("ExpiredToken", "InvalidClientTokenId", "RequestExpired"), "Renew the credentials, then run again"),
    (("LimitExceeded", "QuotaExceeded", "TooMany"), "Raise this quota or remove what is not needed, then run again"),
    (("Throttl", "RequestLimitExceeded", "SlowDown"), "AWS throttled beyond all retries: run again in a minute"),
)


class Refused(ProvisionError):
    """AWS refused a call, or could not be reached."""


def explained(error: Exception) -> Exception:
    """Return a `Refused` for what boto3 raised; any other error is returned as it is."""
    if isinstance(error, ClientError):
        code = str(error.response["Error"].get("Code", "Unknown"))
        message = error.response["Error"].get("Message", "").strip() or "no message"
        hint = next((h for words, h in HINTS if any(w in code for w in words)), "Mend the cause, then run again")
        return Refused(f"{error.operation_name} was refused: {code}: {message.rstrip('.')}. {hint}")
    if isinstance(error, NoCredentialsError):
        return Refused("no AWS credentials were found. Set --profile or AWS_PROFILE, or sign in, then run again")
    if isinstance(error, BotoCoreError):
        return Refused(f"AWS could not be reached or understood: {str(error).rstrip('.')}. Run again")
    return error
