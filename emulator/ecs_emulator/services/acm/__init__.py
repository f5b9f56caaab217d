"""AWS Certificate Manager."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, Refusal, in_json

API = EmulatedApi(
    "acm",
    responses="acm.responses:AWSCertificateManagerResponse",
    invalid="ValidationException",
    # the API reference names no default page size: 100 is a cautious guess
    pages=Pages(Bounds(100, 1, 1000), "InvalidArgsException", "ValidationException"),
    codes=Codes("ThrottlingException"),
    refusals=(
        Refusal(
            "acm",
            "DeleteCertificate",
            60,
            "ResourceInUseException",
            "Certificate {} in account 123456789012 is in use.",
            in_json("CertificateArn"),
            "terraform-provider-aws#3866",
        ),
    ),
)
