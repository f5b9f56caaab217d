"""Launch templates: numbered versions that can be deleted, data as given, and tags of the template itself."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound, InvalidLaunchTemplateVersionNotFound
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.responses import EC2Response
from moto.ec2.utils import parse_user_data

from ecs_emulator.patch import add, refuse, replace, wrap
from ecs_emulator.services.ec2.tagging import once


def _tags(self: Any) -> list[dict[str, str]]:
    """Return the template's present tags; moto keeps its first tags."""
    return list(self.tag_set)


replace(LaunchTemplate, "tags")(property(_tags, lambda self, value: None))


@replace(LaunchTemplate, "create_version")
def create_version(self: Any, data: dict[str, Any], description: str) -> Any:
    """Add a version. Version numbers are never used twice, even after a version was deleted."""
    number = self.__dict__.get("last_number", 0) + 1
    self.last_number = number
    version = LaunchTemplateVersion(self, number, data, description)
    self.versions.append(version)
    return version


@replace(LaunchTemplate, "get_version")
def get_version(self: Any, num: Any) -> Any:
    """Return a version by its number, not by its place in the list."""
    wanted = str(num).lower()
    if wanted == "$latest":
        return self.versions[-1]
    number = self.default_version_number if wanted == "$default" else num
    for version in self.versions:
        if str(version.number) == str(number):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=num)


@replace(LaunchTemplate, "default_version")
def default_version(self: Any) -> Any:
    """Return the version that $Default means."""
    return self.get_version("$default")


def _shown(self: Any, template: Any) -> dict[str, Any]:
    return {
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:{self.partition}:iam::{self.current_account}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Tags": template.tags,
    }


def _shown_version(self: Any, template: Any, version: Any) -> dict[str, Any]:
    return {
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:{self.partition}:iam::{self.current_account}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": version.data,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionDescription": version.description,
        "VersionNumber": version.number,
    }


def _data(self: Any) -> dict[str, Any]:
    data = dict(self._get_param("LaunchTemplateData", {}))
    if "UserData" in data:
        data["UserData"] = parse_user_data(data["UserData"])
        if len(b64decode(data["UserData"].as_bytes())) > 16384:
            refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
    return data


@replace(EC2Response, "create_launch_template")
def create_launch_template(self: Any) -> ActionResult:
    """CreateLaunchTemplate: keep the template's own tags out of the data of version 1."""
    tags, description = self._parse_tag_specification(), self._get_param("VersionDescription")
    name = self._get_param("LaunchTemplateName")
    if not re.fullmatch(r"[a-zA-Z0-9().\-/_]{3,128}", name):
        refuse(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "following characters: - ( ) . / _",
        )
    if set(tags) - {"launch-template"}:
        refuse("InvalidParameterValue", "Tags of a launch template must have the resource type launch-template")
    template = self.ec2_backend.create_launch_template(name, description, _data(self), tags)
    return ActionResult({"LaunchTemplate": _shown(self, template)})


once("create_launch_template")


def _template(self: Any) -> Any:
    if name := self._get_param("LaunchTemplateName"):
        return self.ec2_backend.get_launch_template_by_name(name)
    return self.ec2_backend.get_launch_template(self._get_param("LaunchTemplateId"))


@replace(EC2Response, "create_launch_template_version")
def create_launch_template_version(self: Any) -> ActionResult:
    """CreateLaunchTemplateVersion: merge the given data over the data of SourceVersion."""
    template, data = _template(self), _data(self)
    if source := self._get_param("SourceVersion"):
        data = {**template.get_version(source).data, **data}
    version = template.create_version(data, self._get_param("VersionDescription"))
    return ActionResult({"LaunchTemplateVersion": _shown_version(self, template, version)})


# after `replace`, which would drop an earlier wrapper
once("create_launch_template_version")


@add(EC2Response, "delete_launch_template_versions")
def delete_launch_template_versions(self: Any) -> ActionResult:
    """DeleteLaunchTemplateVersions: delete each version by itself; report the default and unknown versions."""
    template = _template(self)
    done, failed = [], []
    for number in self._get_param("Versions", []):
        found = next((version for version in template.versions if str(version.number) == str(number)), None)
        entry = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
        if found is None:
            error = {"Code": "launchTemplateVersionDoesNotExist", "Message": "The version does not exist."}
            failed.append({**entry, "ResponseError": error})
        elif template.is_default(found):
            error = {"Code": "unexpectedError", "Message": "The default version cannot be deleted."}
            failed.append({**entry, "ResponseError": error})
        else:
            template.versions.remove(found)
            done.append(entry)
    return ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": done,
            "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
        }
    )


@replace(EC2Response, "describe_launch_templates")
def describe_launch_templates(self: Any) -> ActionResult:
    """DescribeLaunchTemplates: refuse unknown ids."""
    ids = self._get_param("LaunchTemplateIds", [])
    for template_id in ids:
        if template_id not in self.ec2_backend.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(template_id)
    found = self.ec2_backend.describe_launch_templates(
        template_names=self._get_param("LaunchTemplateNames", []),
        template_ids=ids,
    )
    return ActionResult({"LaunchTemplates": [_shown(self, template) for template in found]})


@replace(EC2Response, "describe_launch_template_versions")
def describe_launch_template_versions(self: Any) -> ActionResult:
    """DescribeLaunchTemplateVersions: return one template's versions, or chosen versions of all templates."""
    wanted = self._get_param("Versions", [])
    if self._get_param("LaunchTemplateId") or self._get_param("LaunchTemplateName"):
        template = _template(self)
        low, high = self._get_int_param("MinVersion") or 0, self._get_int_param("MaxVersion") or 10**9
        all_of_it = [version for version in template.versions if low <= version.number <= high]
        chosen = [template.get_version(number) for number in wanted] if wanted else all_of_it
        pairs = [(template, version) for version in chosen]
    else:
        templates = self.ec2_backend.launch_templates.values()
        pairs = [(template, template.get_version(number)) for template in templates for number in wanted]
    shown = [_shown_version(self, template, version) for template, version in pairs]
    return ActionResult({"LaunchTemplateVersions": shown})


@wrap(EC2Response, "delete_launch_template")
def delete_named_template(original: Any, self: Any) -> Any:
    """DeleteLaunchTemplate: refuse a call without id and name, or with both."""
    given = [name for name in ("LaunchTemplateId", "LaunchTemplateName") if self._get_param(name)]
    if not given:
        refuse("MissingParameter", "The request must contain the parameter LaunchTemplateId or LaunchTemplateName")
    if len(given) > 1:
        refuse(
            "InvalidParameterCombination",
            "The parameters LaunchTemplateId and LaunchTemplateName cannot be used together",
        )
    return original(self)


@wrap(EC2Backend, "delete_launch_template")
def delete_launch_template(original: Any, self: Any, name: str, tid: str | None) -> Any:
    """DeleteLaunchTemplate: accept a name or an id, answer with AWS's code if it is unknown, delete its tags too."""
    template = self.get_launch_template_by_name(name) if name else self.get_launch_template(tid)
    self.tags.pop(template.id, None)
    return original(self, None, template.id)
