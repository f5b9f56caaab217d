"""Refusals by Parameter Store and Session Manager."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.cloud.refusals.case import ERRORS, UNKNOWN_KEY, Case, Scene, once, parameter

case = partial(Case, "ssm")
NAMES = "https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html"


@once
def existing(scene: Scene) -> str:
    """A parameter."""
    put(scene.client("ssm"), "/refused/one")
    return "/refused/one"


def put(ssm: Any, name: str, **more: Any) -> Any:
    """Put a secret parameter."""
    return ssm.put_parameter(**{"Name": name, "Value": "x", "Type": "SecureString", **more})


def resting(scene: Scene, ssm: Any) -> Any:
    """Put a parameter whose name was deleted a moment ago."""
    name = f"/refused/{scene.name()}"
    put(ssm, name)
    ssm.delete_parameter(Name=name)
    return put(ssm, name)


@once
def advanced(scene: Scene) -> str:
    """An advanced parameter."""
    put(scene.client("ssm"), "/refused/advanced", Tier="Advanced")
    return "/refused/advanced"


CASES = (
    case("StartSession", "to what is not connected", "TargetNotConnected", ERRORS,
        lambda s, c: c.start_session(Target="ecs:main_0123456789abcdef_0123-4", DocumentName="AWS-StartSSHSession")),
    case("ResumeSession", "of a session that has ended", "DoesNotExistException", ERRORS,
        lambda s, c: c.resume_session(SessionId="moto-0123456789abcdef0")),
    case("PutParameter", "with a name in use", "ParameterAlreadyExists", ERRORS, lambda s, c: put(c, existing(s))),
    case("PutParameter", "with a name deleted less than 30 seconds ago", "ParameterAlreadyExists",
        "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html", resting),
    case("PutParameter", "with tags and Overwrite", "ValidationException", parameter("Tags"),
        lambda s, c: put(c, existing(s), Overwrite=True, Tags=[{"Key": "a", "Value": "b"}])),
    case("PutParameter", "with a name that begins with aws", "ValidationException", parameter("Name"),
        lambda s, c: put(c, "awsome")),
    case("PutParameter", "with a name that begins with /aws", "AccessDeniedException", parameter("Name"),
        lambda s, c: put(c, "/aws/x")),
    case("PutParameter", "with a name that begins with ssm", "ValidationException",
        "https://github.com/aws/aws-sdk-php/issues/1952", lambda s, c: put(c, "/ssm/x")),
    case("PutParameter", "with a space in the name", "ValidationException",
        "https://github.com/boto/boto3/issues/1499", lambda s, c: put(c, "/refused/my secret")),
    case("PutParameter", "with a path that does not begin with a slash", "ValidationException", NAMES,
        lambda s, c: put(c, "refused/one")),
    case("PutParameter", "with more than 15 levels", "HierarchyLevelLimitExceededException", ERRORS,
        lambda s, c: put(c, "/x" * 16)),
    case("PutParameter", "with more than 4 KB", "ValidationException", parameter("Tier"),
        lambda s, c: put(c, "/refused/big", Value="x" * 4097), "4096"),
    case("PutParameter", "with more than 8 KB for an advanced parameter", "ValidationException", parameter("Tier"),
        lambda s, c: put(c, "/refused/big", Value="x" * 8193, Tier="Advanced"), "8192"),
    case("PutParameter", "with the standard tier for an advanced parameter", "ValidationException", parameter("Tier"),
        lambda s, c: put(c, advanced(s), Tier="Standard", Overwrite=True), "downgrade"),
    case("PutParameter", "with a type that does not exist", "ValidationException", parameter("Type"),
        lambda s, c: put(c, "/refused/type", Type="Secret")),
    case("PutParameter", "without a type", "ValidationException", parameter("Type"),
        lambda s, c: c.put_parameter(Name="/refused/none", Value="x")),
    case("PutParameter", "with a description of more than 1024 characters", "ValidationException",
        parameter("Description"), lambda s, c: put(c, "/refused/described", Description="x" * 1025)),
    case("PutParameter", "with another value than the pattern allows", "ParameterPatternMismatchException", ERRORS,
        lambda s, c: put(c, "/refused/pattern", AllowedPattern="^[0-9]+$")),
    case("PutParameter", "with an unknown key", "InvalidKeyId", ERRORS,
        lambda s, c: put(c, "/refused/key", Type="SecureString", KeyId=UNKNOWN_KEY)),
    case("GetParameter", "of an unknown name", "ParameterNotFound", ERRORS,
        lambda s, c: c.get_parameter(Name="/refused/nothing")),
    case("GetParameter", "of an unknown version", "ParameterVersionNotFound", ERRORS,
        lambda s, c: c.get_parameter(Name=f"{existing(s)}:9")),
    case("DeleteParameter", "of an unknown name", "ParameterNotFound", ERRORS,
        lambda s, c: c.delete_parameter(Name="/refused/nothing")),
    case("AddTagsToResource", "of an unknown name", "InvalidResourceId", ERRORS,
        lambda s, c: c.add_tags_to_resource(
            ResourceType="Parameter", ResourceId="/refused/nothing", Tags=[{"Key": "a", "Value": "b"}])),
    case("AddTagsToResource", "beyond 50 tags", "TooManyTagsError", ERRORS,
        lambda s, c: c.add_tags_to_resource(
            ResourceType="Parameter", ResourceId=existing(s),
            Tags=[{"Key": f"a{number}", "Value": "b"} for number in range(51)])),
    case("ListTagsForResource", "of an unknown name", "InvalidResourceId", ERRORS,
        lambda s, c: c.list_tags_for_resource(ResourceType="Parameter", ResourceId="/refused/nothing")),
)  # fmt: skip
