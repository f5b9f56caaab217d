"""Meanings of AWS's refusals: each API's own rows, the rows for all APIs, and the advice for the user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)

from provisioner.aws.api import api_of, apis
from provisioner.aws.credential_sources import MISSING
from provisioner.aws.reads import reads
from provisioner.engine.errors import ProvisionError
from provisioner.engine.ports import ErrorCategory, Row

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
"""The codes with which AWS's services refuse a caller without a permission."""
NO_CONNECTION = (HTTPClientError, EndpointConnectionError, ConnectTimeoutError)
"""The errors that boto3 raises, after all retries, without a connection."""
BAD_CREDENTIALS = (
    *(CredentialRetrievalError, LoginError, PartialCredentialsError, RefreshWithMFAUnsupportedError),
    *(SSOError, TokenRetrievalError),
)
"""The errors that boto3 raises if it cannot load or renew the credentials."""
SERVICE = "Service"
"""The key of the service's name in an answer's metadata."""
THROTTLED = r"\w*Throttl\w*|RequestLimitExceeded|TooManyRequestsException|SlowDown|BandwidthLimitExceeded"
"""The codes of all services that mean that nothing was done, because there were too many calls."""
ALARMS_THROTTLED = "Rate exceeded"
"""The message of Application Auto Scaling if CloudWatch throttled it, within FailedResourceAccessException."""

GENERAL: tuple[Row, ...] = (
    # the permission depends on the tags of a resource that was created moments ago (docs/accounts.md)
    Row(
        "not_yet_consistent",
        "|".join(sorted(DENIED)),
        "^(?!.*explicit deny)",
        60,
        "the tags of a new resource are not visible to IAM yet, or a permission is missing",
        "terraform-provider-aws#6055 (elbv2), #27028 (logs), #28012 (ecr), #32966 (sqs)",
    ),
    Row("in_use", THROTTLED, "", 600, "throttled by AWS after all retries", "boto3 guide, standard retry mode"),
    Row("not_found", r".*NotFound(Fault|Exception)?|NoSuch\w+|ObjectNotFoundException|.*\.NotFound"),
)
"""Meanings of refusals for all APIs, used if an API's own rows do not match."""


def rows_of(service: str) -> tuple[Row, ...]:
    """Return the rows for the refusals of a service (boto3's name of it): its API's own rows, then the general ones."""
    api = api_of(service)
    return (*(api.transient if api else ()), *GENERAL)


def table() -> tuple[Row, ...]:
    """Return the rows of all APIs, then the general ones."""
    return (*(row for api in apis().values() for row in api.transient), *GENERAL)


def throttled(code: str) -> bool:
    """Say whether a code means that nothing was done, because there were too many calls."""
    return re.fullmatch(THROTTLED, code) is not None


def rate_exceeded(error: BaseException) -> bool:
    """Say whether AWS throttled a call, or a further call that AWS made to answer it."""
    code = code_of(error)
    return throttled(code) or (code == "FailedResourceAccessException" and ALARMS_THROTTLED in str(error))


def server_error(error: ClientError) -> bool:
    """Say whether AWS itself failed (HTTP 500 or more, or unknown), so that the call may have succeeded."""
    return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500)


def refused_write(error: ClientError) -> bool:
    """Say whether AWS refused a write, which therefore had no effect."""
    return not server_error(error) and not reads(error.operation_name)


def refused(error: Mapping[str, Any], operation: str) -> ClientError:
    """Return a `ClientError` for an error that AWS reports inside a successful answer, with its code and message.

    It gets the HTTP status of a refusal; without one it would count as a failure of AWS itself.
    """
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, operation)


def note_service(answer: dict[str, Any], service: str) -> None:
    """Note in an answer which service gave it: a resource type also calls services other than its own."""
    answer.setdefault("ResponseMetadata", {})[SERVICE] = service


def code_of(error: BaseException) -> str:
    """Return AWS's error code, or an empty string for anything that is not AWS's answer."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def denied(error: BaseException) -> bool:
    """Say whether AWS refused a call because the caller may not make it."""
    return code_of(error) in DENIED


def match(error: BaseException, service: str, *categories: ErrorCategory) -> Row | None:
    """Return the first row of the given categories that matches an error, or None.

    Args:
        service: boto3's name of the service that refused the call, if the error does not name it (see `note_service`).
    """
    if not isinstance(error, ClientError):
        return None
    code, metadata = code_of(error), cast("Mapping[str, Any]", error.response.get("ResponseMetadata", {}))
    refused_by = metadata.get(SERVICE, service)
    for row in rows_of(refused_by):
        if (
            row.category in categories
            and re.fullmatch(row.code, code)
            and re.search(row.message, str(error))
            and re.fullmatch(row.operation or ".*", error.operation_name)
        ):
            return row
    return None


class IgnoreNotFound(AbstractContextManager[None]):
    """A context that ends quietly if AWS answers that the resource does not exist; other errors pass."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Say whether the error means that the resource does not exist."""
        return isinstance(error, ClientError) and not_found(error)


def not_found(error: BaseException, service: str = "*") -> bool:
    """Say whether AWS's answer means that the resource does not exist."""
    return match(error, service, "not_found") is not None


def out_of_reach(error: Exception) -> bool:
    """Say whether a call failed, after all retries, because of the connection or an error of AWS's servers."""
    if isinstance(error, ClientError):
        return server_error(error)
    return isinstance(error, NO_CONNECTION)


_FIX = "Fix the cause, then run again"
_DENIED = (
    "Give the caller this permission (`provision policy` prints all of them; for import and state init "
    "`provision policy --import` and `--state`), then run again"
)
_DENIALS = r"(?:AccessDenied|Unauthorized|NotAuthorized|AuthorizationError)\w*: .*"
_BOUNDARY = (
    "With the policies of `provision policy`, a caller may write roles with a permissions boundary only: let an "
    "administrator "
    "run `provision policy --create-boundary`, then run again. Else attach these policies"
)
HINTS = (
    # the kind of policy that denies, in IAM's words (IAM user guide, "Access denied error messages")
    (
        "permission",
        f"{_DENIALS}(service|resource) control policy",
        "Ask the administrators of the organization to allow this: no policy of the account can. Then run again",
    ),
    (
        "permission",
        f"{_DENIALS}permissions boundary",
        "Have the caller's permissions boundary allow this, then run again",
    ),
    (
        "permission",
        f"{_DENIALS}session policy",
        "Assume the role without a session policy that leaves this out, then run again",
    ),
    ("permission", f"{_DENIALS}endpoint policy", "Have the policy of the VPC endpoint allow this, then run again"),
    ("permission", f"{_DENIALS}resource-based policy", "Have the policy of that resource allow this, then run again"),
    (
        "permission",
        f"{_DENIALS}explicit deny in an identity-based policy",
        "Take the statement that denies this out of the caller's policies, then run again",
    ),
    # the policies of `provision policy` allow these with a boundary only; many accounts' own policies do the same
    (
        "permission",
        r"AccessDenied: .*perform: iam:(CreateRole|(Put|Attach|Detach|Delete)Role(Policy)?|UpdateAssumeRolePolicy) ",
        _BOUNDARY,
    ),
    ("permission", "AccessDenied|Unauthorized|NotAuthorized|AuthorizationError", _DENIED),
    ("credentials", "ExpiredToken|RequestExpired", "Renew the credentials, then run again"),
    (
        "credentials",
        "InvalidClientTokenId|UnrecognizedClient|AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch",
        "Check the credentials, and that the account has the Region enabled, then run again",
    ),
    # before the quotas, whose row would also match RequestLimitExceeded and TooManyRequestsException
    (
        "throttled",
        f"{THROTTLED}|FailedResourceAccessException: .*{ALARMS_THROTTLED}",
        "Throttled by AWS after all retries: run again in a minute",
    ),
    ("quota", "LimitExceeded|QuotaExceeded|TooMany", "Raise this quota or delete unused resources, then run again"),
    (
        "account-restricted",
        "FreeTierRestriction",
        "The account is on AWS's free plan: upgrade it to the paid plan, then run again",
    ),
    (
        "account-restricted",
        "OperationNotPermitted: .*not support creating load balancers",
        "AWS has to enable load balancers for this account: open a case with AWS Support, then run again",
    ),
)
"""The family of a refusal and the advice, by a regular expression for a part of its `code: message`."""


class ApiError(ProvisionError):
    """AWS refused a call, or could not be reached.

    Args:
        code: the family of the refusal.
    """

    code = "aws"

    def __init__(self, message: str, code: str = "aws") -> None:
        super().__init__(message)
        self.code = code


def _advice(refusal: str) -> tuple[str, str]:
    """Return the family of a refusal, which is `code: message`, and the advice."""
    found = ((family, hint) for family, how, hint in HINTS if re.match(rf"[\w.]*({how})", refusal))
    return next(found, ("aws", _FIX))


def family(code: str) -> str:
    """Return the family of a refusal with AWS's code, if its message says nothing more."""
    return _advice(f"{code}: ")[0]


def explained(error: Exception) -> Exception:
    """Return an `ApiError` for an error of boto3's; any other error is returned unchanged."""
    if isinstance(error, ClientError):
        code = str(error.response["Error"].get("Code", "Unknown"))
        message = error.response["Error"].get("Message", "").strip() or "no message"
        kind, hint = _advice(f"{code}: {message}")
        return ApiError(f"{error.operation_name} was refused: {code}: {message.rstrip('.')}. {hint}", kind)
    if isinstance(error, NoCredentialsError):
        return ApiError(MISSING, "credentials")
    text = str(error).rstrip(".")
    if isinstance(error, BAD_CREDENTIALS):
        return ApiError(
            f"the credentials could not be loaded: {text}. Sign in again (`aws sso login`, `aws login`), or choose "
            f"another --profile, then run again",
            "credentials",
        )
    if isinstance(error, NO_CONNECTION):
        return ApiError(f"could not reach AWS: {text}. Check the network, then run again", "connection")
    if isinstance(error, BotoCoreError):
        return ApiError(f"the call to AWS failed: {text}. Run again")
    return error


@contextmanager
def explaining() -> Iterator[None]:
    """Raise an `ApiError` in place of boto3's errors while the context lasts.

    Raises:
        ApiError: AWS refused a call, failed, or could not be reached.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
