"""Elastic Container Registry."""

from __future__ import annotations

from ecs_emulator.services.model import Bounds, Codes, EmulatedApi, Pages, in_json, unseen_tags

API = EmulatedApi(
    "ecr",
    responses="ecr.responses:ECRResponse",
    invalid="InvalidParameterException",
    pages=Pages(Bounds(100, 1, 1000), "InvalidParameterException", "InvalidParameterException"),
    codes=Codes("ThrottlingException", "ServerException"),
    refusals=(unseen_tags("ecr", "PutLifecyclePolicy", in_json("repositoryName"), "terraform-provider-aws#28012"),),
    modules=("rules", "images"),
)
