"""Simple Queue Service: queues, their dead letters, and the numbers of messages in them."""

from __future__ import annotations

from ecs_emulator.services.model import EmulatedApi, Refusal

API = EmulatedApi(
    "sqs",
    modules=("rules", "attributes"),
    refusals=(
        Refusal(
            "sqs",
            "CreateQueue",
            1,
            "InvalidParameterValue",
            'Value {"deadLetterTargetArn":"{}"} for parameter RedrivePolicy is invalid. Reason: Dead letter target '
            "does not exist.",
            r"deadLetterTargetArn\\*\": ?\\*\"([^\"\\]+)",
            "SQS API, CreateQueue: a queue can be used one second after its creation",
        ),
    ),
)
