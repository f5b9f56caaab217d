"""What AWS's refusals mean: the rows that stand with each API, those of all, and what to tell the user."""

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
from provisioner.aws.reads import reads
from provisioner.engine.errors import ProvisionError
from provisioner.engine.ports import ErrorCategory, Row

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
"""The codes with which AWS's services say that the caller may not."""
NO_CONNECTION = (HTTPClientError, EndpointConnectionError, ConnectTimeoutError)
"""What boto3 raises, after all retries, where there is no connection."""
BAD_CREDENTIALS = (
    *(CredentialRetrievalError, LoginError, PartialCredentialsError, RefreshWithMFAUnsupportedError),
    *(SSOError, TokenRetrievalError),
)
"""What boto3 raises where it cannot load or renew the credentials."""
SERVICE = "Service"
"""Under which an answer's metadata say which service answered."""
THROTTLED = r"\w*Throttl\w*|RequestLimitExceeded|TooManyRequestsException|SlowDown|BandwidthLimitExceeded"
"""The codes of all services that mean that nothing was done, since there were too many calls."""
ALARMS_THROTTLED = "Rate exceeded"
"""How Application Auto Scaling says that CloudWatch throttled it, within FailedResourceAccessException."""

GENERAL: tuple[Row, ...] = (
    # the permission depends on the tags of what was created moments ago (docs/security.md)
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
"""What refusals of any API mean, if its own rows say nothing of them."""


def rows_of(service: str) -> tuple[Row, ...]:
    """Return what the refusals of a service mean, by boto3's name of it: what stands with its API, then the rest."""
    api = api_of(service)
    return (*(api.transient if api else ()), *GENERAL)


def table() -> tuple[Row, ...]:
    """Return the rows of all APIs, and those of any."""
    return (*(row for api in apis().values() for row in api.transient), *GENERAL)


def throttled(code: str) -> bool:
    """Say whether a code means that nothing was done, since there were too many calls."""
    return re.fullmatch(THROTTLED, code) is not None


def rate_exceeded(error: BaseException) -> bool:
    """Say whether AWS refused a call, or one that it made for it, since there were too many."""
    code = code_of(error)
    return throttled(code) or (code == "FailedResourceAccessException" and ALARMS_THROTTLED in str(error))


def server_error(error: ClientError) -> bool:
    """Say whether AWS itself failed (HTTP 500 or more, or unknown), so that the call may have had its effect."""
    return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500)


def refused_write(error: ClientError) -> bool:
    """Say whether AWS refused a write, which therefore had no effect."""
    return not server_error(error) and not reads(error.operation_name)


def refused(error: Mapping[str, Any], operation: str) -> ClientError:
    """Return as a refusal what AWS refuses within an answer that is good otherwise: its code and its message.

    Without the status of a refusal it would count as AWS's own failure.
    """
    response: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, operation)


def note_service(answer: dict[str, Any], service: str) -> None:
    """Note in a refusal who refused the call: a resource type calls other services than its own as well."""
    answer.setdefault("ResponseMetadata", {})[SERVICE] = service


def code_of(error: BaseException) -> str:
    """Return AWS's error code, or an empty string for anything that is not AWS's answer."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def denied(error: BaseException) -> bool:
    """Say whether AWS refused a call because the caller may not make it."""
    return code_of(error) in DENIED


def match(error: BaseException, service: str, *categories: ErrorCategory) -> Row | None:
    """Return the first row of one of the categories that speaks of this error, or None.

    Args:
        service: boto3's name of the service that refused the call, if the error does not say it (see `note_service`).
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
    """Ends its block, and nothing else, where AWS answers that the resource is not there."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        """Say whether the error is that answer."""
        return isinstance(error, ClientError) and not_found(error)


def not_found(error: BaseException, service: str = "*") -> bool:
    """Say whether AWS's answer means that the resource is not there."""
    return match(error, service, "not_found") is not None


def out_of_reach(error: Exception) -> bool:
    """Say whether a call failed, after all retries, for no reason of its own: no connection, or an error of AWS's."""
    if isinstance(error, ClientError):
        return server_error(error)
    return isinstance(error, NO_CONNECTION)


_FIX = "Fix the cause, then run again"
_DENIED = (
    "Give the caller this permission (`provision policy` prints all of them; for import and state init "
    "`provision policy --import` and `--state`), then run again"
)
_DENIALS = r"(?:AccessDenied|Unauthorized|NotAuthorized)\w*: .*"
_BOUNDARY = (
    "Who has the policies of `provision policy` may write roles with a permissions boundary only: let an administrator "
    "run `provision policy --create-boundary`, then run again. Else attach these policies"
)
HINTS = (
    # whose policy denies, in IAM's words (IAM user guide, "Access denied error messages")
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
    # the policies of `provision policy` allow these with a boundary only; so do many accounts' own
    (
        "permission",
        r"AccessDenied: .*perform: iam:(CreateRole|(Put|Attach|Detach|Delete)Role(Policy)?|UpdateAssumeRolePolicy) ",
        _BOUNDARY,
    ),
    ("permission", "AccessDenied|Unauthorized|NotAuthorized", _DENIED),
    ("credentials", "ExpiredToken|RequestExpired", "Renew the credentials, then run again"),
    (
        "credentials",
        "InvalidClientTokenId|UnrecognizedClient|AuthFailure|InvalidAccessKeyId|SignatureDoesNotMatch",
        "Check the credentials, and that the account has the Region enabled, then run again",
    ),
    # before the quotas, whose row would match RequestLimitExceeded and TooManyRequestsException as well
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
"""The family and what to do, by a regular expression for a part of the code, and what follows it."""


class ApiError(ProvisionError):
    """AWS refused a call, or could not be reached.

    Args:
        code: the family of the refusal.
    """

    code = "aws"

    def __init__(self, message: str, code: str = "aws") -> None:
        super().__init__(message)
        self.code = code


def explained(error: Exception) -> Exception:
    """Return an `ApiError` for what boto3 raised; any other error is returned as it is."""
    if isinstance(error, ClientError):
        code = str(error.response["Error"].get("Code", "Unknown"))
        message = error.response["Error"].get("Message", "").strip() or "no message"
        found = ((family, hint) for family, how, hint in HINTS if re.match(rf"[\w.]*({how})", f"{code}: {message}"))
        family, hint = next(found, ("aws", _FIX))
        return ApiError(f"{error.operation_name} was refused: {code}: {message.rstrip('.')}. {hint}", family)
    if isinstance(error, NoCredentialsError):
        return ApiError(
            "no AWS credentials were found. Set --profile or AWS_PROFILE, or sign in, then run again", "credentials"
        )
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
    """While the context lasts, what boto3 raises becomes an `ApiError`.

    Raises:
        ApiError: AWS refused a call, failed, or could not be reached.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise explained(error) from error
