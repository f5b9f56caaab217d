"""AWS's own error codes, with the meaning of each here and its remedy, for `provision explain`.

The codes are those of the services' models in botocore, and of the common errors of each API. A code that is none of
these belongs to the family that a refusal with it would have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SHAPE = re.compile(r"[A-Z][A-Za-z0-9]+(\.[A-Za-z0-9]+)*")
"""The form of AWS's codes: `ThrottlingException`, `InvalidVpcID.NotFound`."""


@dataclass(frozen=True)
class Code:
    """The meaning of codes that several services share.

    Attributes:
        codes: a regular expression for them.
        means: what has happened, in one or two sentences.
        fix: the steps of the remedy.
    """

    codes: str
    means: str
    fix: tuple[str, ...]


_AGAIN = "Run the same command again: it resumes."
_LOG = "See the call with all its parameters: run again with --log FILE."
CODES = (
    Code(
        r"InvalidParameter(Exception|Value|ValueException|Combination)?|Validation(Error|Exception)"
        r"|ClientException|InvalidInput|InvalidRequest(Exception)?|Malformed\w*",
        "AWS does not take a value of the call; its message names the value. Nothing was changed by that call.",
        (
            "Change the key of stack.toml that the value comes from: the address before the message is its resource.",
            _LOG,
            "If the message is about a thing that was made a moment ago, run the same command again.",
        ),
    ),
    Code(
        r"\w*NotFound(Exception|Fault)?|NoSuch\w+|\w+\.NotFound|\w*DoesNotExist\w*|ServiceNotActiveException",
        "AWS has no such resource. Somebody deleted it, or it is in another Region or account.",
        (
            "Compare state and AWS with `provision plan`: the next `up` creates deleted resources again.",
            "Check Region and account of the stack: `provision status`.",
            "If stack.toml names it, correct its name or ARN there.",
        ),
    ),
    Code(
        r"DependencyViolation|DeleteConflict\w*|ResourceInUse\w*|\w*InUse(Exception)?|ClusterContains\w+Exception"
        r"|HostedZoneNotEmpty|BucketNotEmpty|RepositoryNotEmptyException",
        "Something still uses the resource, so AWS does not delete or change it.",
        (
            "Look in the message for its user. Resources of the stack are deleted before it.",
            "Delete a user outside the stack, or have it deleted.",
            _AGAIN,
        ),
    ),
    Code(
        r"EntityAlreadyExists\w*|\w*AlreadyExists(Exception|Fault)?|BucketAlreadyOwnedByYou|Duplicate\w*",
        "There is a resource of that name already, in this account or, for a bucket, in anybody's.",
        (
            "Find out whose it is. `provision explain not-owned` says how to take it into the stack.",
            "Or give the stack another name: project or env in stack.toml; or the bucket, the one under [buckets].",
        ),
    ),
    Code(
        r"Insufficient\w*Capacity\w*|RESOURCE:\w+|Unsupported(Operation)?|InsufficientFreeAddressesInSubnet",
        "AWS has no room for it at the moment, or not in that Availability Zone.",
        (
            _AGAIN,
            "Allow more: further types under capacity.instance_types, more zones under network.zones, or no Spot.",
        ),
    ),
    Code(
        r"OperationAborted",
        "Another change of the same bucket is under way, or its name was deleted a short time ago.",
        (
            "A bucket's name that was deleted in another Region, or by another account, is free after an hour at most.",
            _AGAIN,
        ),
    ),
    Code(
        r"\w*(ConcurrentModification|ConcurrentUpdate|UpdateInProgress|PriorRequestNotComplete)\w*"
        r"|ConflictException|InvalidState\w*|\w*IncorrectState\w*",
        "Another change of the same resource is under way.",
        ("Wait until it is done, and see that nobody else changes the stack by hand.", _AGAIN),
    ),
    Code(
        r"Internal(Error|Failure|ServerError|ServerException)|Service(Unavailable\w*)|ServerException|RequestTimeout\w*",
        "AWS itself failed. The call may have had its effect.",
        ("Look at AWS's health page for the Region.", f"{_AGAIN} A call without an answer is looked up first."),
    ),
    Code(
        r"OptInRequired|SubscriptionRequiredException|BlockedException|PendingVerification",
        "The account may not use this service: it is not signed up for it, is being verified, or is blocked.",
        ("Read AWS's e-mails to the owner of the account.", "Open a case with AWS Support."),
    ),
)
"""Codes of the family `aws`, by their meaning."""


def named(words: Sequence[str]) -> list[str]:
    """Return the words of an argument in which a whole message of AWS may have been pasted, the code alone.

    `An error occurred (ThrottlingException) when calling …` becomes `ThrottlingException`.
    """
    text = " ".join(words)
    if pasted := re.findall(r"\(([A-Z][\w.]+)\)", text):
        return list(dict.fromkeys(pasted))
    return [word.strip("`'\"():,;") or word for word in words]


def of(code: str) -> Code | None:
    """Return the meaning of a code of the family `aws`; None if there is none of its own."""
    return next((one for one in CODES if re.fullmatch(rf"(Client\.|Server\.)?({one.codes})", code)), None)
