"""CloudWatch Logs."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json, unseen_tags

API = EmulatedApi(
    "logs",
    responses="logs.responses:LogsResponse",
    invalid="InvalidParameterException",
    pages=Pages(Bounds(50, 1, 50), "InvalidParameterException", "InvalidParameterException"),
    lists={"FilterLogEvents": Bounds(10_000, 1, 10_000)},
    empty=("FilterLogEvents",),
    most={"DescribeDestinations": 50, "DescribeLogGroups": 50, "DescribeLogStreams": 50, "FilterLogEvents": 10_000},
    codes=Codes("ThrottlingException", "InternalFailure", "ServiceUnavailableException"),
    refusals=(
        unseen_tags("logs", "PutRetentionPolicy", in_json("logGroupName"), "terraform-provider-aws#27028"),
        *(
            Refusal(
                "logs",
                operation,
                3,
                "OperationAbortedException",
                "A conflicting operation is currently in progress against this resource. Please try again.",
                in_json("logGroupName"),
                "CloudWatch Logs API",
            )
            for operation in ("CreateLogGroup", "DeleteLogGroup")
        ),
    ),
    modules=("rules", "events"),
)
