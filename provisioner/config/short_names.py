"""Names of AWS resources that would be longer than AWS allows: shortened, with a hash of the whole name."""

from __future__ import annotations

import hashlib

TARGET_GROUP, ROLE, RULE, MACHINE, BUCKET, QUEUE, TOPIC = 32, 64, 64, 80, 63, 80, 256
"""The longest names: Elastic Load Balancing, CreateTargetGroup; IAM, CreateRole; EventBridge, PutRule; Step
Functions, CreateStateMachine; S3, CreateBucket; SQS, CreateQueue;
SNS, CreateTopic.
"""
STACK = 48
"""The longest name of a stack, before such parts of its roles' names as `-execution` and `-ecs-instance`."""
LABEL = 63
"""The longest name in DNS, by which services find each other (RFC 1035)."""
HASH = 6
"""The hexadecimal digits at the end of a shortened name."""


def shortened(name: str, most: int) -> str:
    """Return a name as it is if it fits; else its beginning and a hash, so that names stay different.

    A name of at most `most` characters never changes: a resource's name is its identity.
    """
    if len(name) <= most:
        return name
    digits = hashlib.sha256(name.encode()).hexdigest()[:HASH]
    return f"{name[: most - HASH - 1].rstrip('-')}-{digits}"


def room(most: int) -> int:
    """Return the longest beginning that a shortened name always keeps, with a hyphen behind it."""
    return most - HASH - 2
