"""Refuse volumes of a task definition that ECS does not take: of several sorts, or a wrong use of EFS."""

from __future__ import annotations

from ecs_emulator.ecs.records import Shape
from ecs_emulator.patch import refuse

_SORTS = ("host", "dockerVolumeConfiguration", "efsVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration")


def check_volumes(request: Shape) -> None:
    """Refuse volumes with a ClientException.

    Sources: terraform-aws-ecs-alb-service-task#185 for several sorts, aws/aws-cdk#10683 for the root directory; API
    reference, EFSAuthorizationConfig, for encryption, whose message is a guess.
    """
    for volume in request.get("volumes") or ():
        if len([sort for sort in _SORTS if volume.get(sort)]) > 1:
            refuse(
                "ClientException",
                "When the volume parameter is specified, only one volume configuration type should be used.",
            )
        if efs := volume.get("efsVolumeConfiguration"):
            _check_efs(efs)


def _check_efs(efs: Shape) -> None:
    authorization = efs.get("authorizationConfig") or {}
    if not efs.get("fileSystemId"):
        refuse("ClientException", "efsVolumeConfiguration.fileSystemId should not be null or empty.")
    if authorization.get("accessPointId") and efs.get("rootDirectory") not in (None, "", "/"):
        refuse(
            "ClientException",
            'When using an EFS access point, the root directory must either be set to "/" or be omitted.',
        )
    secured = authorization.get("accessPointId") or authorization.get("iam") == "ENABLED"
    if secured and efs.get("transitEncryption") != "ENABLED":
        refuse(
            "ClientException",
            "EFS transit encryption must be enabled if an access point or IAM authorization is specified.",
        )
