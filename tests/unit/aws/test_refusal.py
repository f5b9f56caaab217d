"""boto3's errors become one message: the refused call, AWS's words, and the remedy."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    LoginRefreshRequired,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    UnauthorizedSSOTokenError,
)

from provisioner.aws.errors import ApiError, explained
from provisioner.engine.errors import ProvisionError

UNKNOWN_TO_AWS = (
    *("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"),
    "SignatureDoesNotMatch",
)


def refusal(code: str, message: str = "You may not.", operation: str = "CreateRepository") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "Give the caller this permission"),
        ("AccessDeniedException", "Give the caller this permission"),
        ("UnauthorizedOperation", "Give the caller this permission"),
        ("NotAuthorized", "Give the caller this permission"),
        ("AuthorizationError", "Give the caller this permission"),
        ("ExpiredToken", "Renew the credentials"),
        ("ExpiredTokenException", "Renew the credentials"),
        ("RequestExpired", "Renew the credentials"),
        ("VpcLimitExceeded", "Raise this quota"),
        ("LimitExceededException", "Raise this quota"),
        ("ServiceQuotaExceededException", "Raise this quota"),
        ("TooManyLoadBalancers", "Raise this quota"),
        ("Throttling", "Throttled by AWS after all retries"),
        ("RequestLimitExceeded", "Throttled by AWS after all retries"),
        ("TooManyRequestsException", "Throttled by AWS after all retries"),
        ("BandwidthLimitExceeded", "Throttled by AWS after all retries"),
        *((code, "Check the credentials, and that the account has the Region enabled") for code in UNKNOWN_TO_AWS),
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


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("with an explicit deny in a service control policy", "Ask the administrators of the organization"),
        ("because no service control policy allows the ec2:CreateVpc action", "Ask the administrators of the organ"),
        ("with an explicit deny in a resource control policy", "Ask the administrators of the organization"),
        ("because no permissions boundary allows the ec2:CreateVpc action", "Have the caller's permissions boundary"),
        ("because no session policy allows the ec2:CreateVpc action", "Assume the role without a session policy"),
        ("because no VPC endpoint policy allows the ec2:CreateVpc action", "Have the policy of the VPC endpoint"),
        ("with an explicit deny in a resource-based policy", "Have the policy of that resource allow this"),
        ("with an explicit deny in an identity-based policy", "Take the statement that denies this out of"),
        ("because no identity-based policy allows the ec2:CreateVpc action", "Give the caller this permission"),
    ],
)
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_denial_says_whose_policy_is_to_be_changed(code: str, context: str, words: str) -> None:
    said = f"User: arn:aws:iam::123456789012:user/a is not authorized to perform: ec2:CreateVpc {context}"
    assert words in str(explained(refusal(code, said)))


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
    ("error", "what", "fix"),
    [
        (EndpointConnectionError(endpoint_url="https://ec2.example"), "could not reach AWS: ", "Check the network"),
        (ConnectTimeoutError(endpoint_url="https://ec2.example"), "could not reach AWS: ", "Check the network"),
        (ParamValidationError(report="Missing required parameter"), "the call to AWS failed: ", "Run again"),
        (UnauthorizedSSOTokenError(), "the credentials could not be loaded: The SSO session", "`aws sso login`"),
        (CredentialRetrievalError(provider="p", error_msg="no"), "the credentials could not be loaded: ", "--profile"),
        (PartialCredentialsError(provider="p", cred_var="x"), "the credentials could not be loaded: ", "--profile"),
        (LoginRefreshRequired(), "the credentials could not be loaded: ", "`aws login`"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_never_reached_aws_is_explained_too(error: Exception, what: str, fix: str) -> None:
    result = explained(error)
    assert isinstance(result, ApiError)
    assert (str(result).startswith(what), fix in str(result)) == (True, True), result


def test_what_is_not_boto3s_is_left_as_it_is() -> None:
    ours = ValueError("a bug of ours")
    assert explained(ours) is ours


def test_an_account_without_load_balancers_reads_whom_to_ask() -> None:
    message = "This AWS account currently does not support creating load balancers."
    assert "AWS Support" in str(explained(refusal("OperationNotPermitted", message)))
