"""What boto3 raises becomes one message: what was refused, in AWS's words, and what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from provisioner.aws.errors import ApiError, explained
from provisioner.engine.errors import ProvisionError


def refusal(code: str, message: str = "You may not.", operation: str = "CreateRepository") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "Give the caller this permission"),
        ("AccessDeniedException", "Give the caller this permission"),
        ("UnauthorizedOperation", "Give the caller this permission"),
        ("NotAuthorized", "Give the caller this permission"),
        ("ExpiredToken", "Renew the credentials"),
        ("ExpiredTokenException", "Renew the credentials"),
        ("InvalidClientTokenId", "Renew the credentials"),
        ("RequestExpired", "Renew the credentials"),
        ("VpcLimitExceeded", "Raise this quota"),
        ("LimitExceededException", "Raise this quota"),
        ("ServiceQuotaExceededException", "Raise this quota"),
        ("TooManyLoadBalancers", "Raise this quota"),
        ("Throttling", "Throttled by AWS after all retries"),
        ("RequestLimitExceeded", "run again"),
        ("FreeTierRestrictionError", "upgrade it to the paid plan"),
        ("OperationNotPermitted", "Fix the cause"),
        ("InvalidParameterException", "Fix the cause"),
    ],
)
def test_a_refusal_names_the_operation_aws_words_and_what_to_do(code: str, words: str) -> None:
    error = explained(refusal(code))
    assert isinstance(error, ApiError)
    assert str(error).startswith(f"CreateRepository was refused: {code}: You may not. ")
    assert words in str(error)
    assert "\n" not in str(error)


def test_a_refusal_fails_the_command() -> None:
    error = explained(refusal("AccessDenied"))
    assert isinstance(error, ProvisionError)
    assert error.exit_code == 1


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Ends with a dot.", "AccessDenied: Ends with a dot. Give"),
        ("  ", "AccessDenied: no message. Give"),
        ("a", ": a. Give"),
    ],
)
def test_the_message_reads_as_sentences(message: str, shown: str) -> None:
    assert shown in str(explained(refusal("AccessDenied", message)))


def test_an_answer_without_code_and_message_is_still_one_line() -> None:
    error = explained(ClientError({"Error": {}}, "DescribeVpcs"))
    assert str(error) == "DescribeVpcs was refused: Unknown: no message. Fix the cause, then run again"


def test_missing_credentials_say_how_to_give_them() -> None:
    assert "--profile or AWS_PROFILE" in str(explained(NoCredentialsError()))


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://ec2.example"),
        ConnectTimeoutError(endpoint_url="https://ec2.example"),
        ParamValidationError(report="Missing required parameter"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_never_reached_aws_is_explained_too(error: Exception) -> None:
    result = explained(error)
    assert isinstance(result, ApiError)
    assert str(result).startswith("could not reach AWS or understand its response: ")


def test_what_is_not_boto3s_is_left_as_it_is() -> None:
    ours = ValueError("a bug of ours")
    assert explained(ours) is ours


def test_an_account_that_may_not_have_load_balancers_reads_whom_to_ask() -> None:
    message = "This AWS account currently does not support creating load balancers."
    assert "AWS Support" in str(explained(refusal("OperationNotPermitted", message)))
