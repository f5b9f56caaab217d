"""ECS account settings, and tags of ECS resources."""

from __future__ import annotations

from typing import Any

from ecs_emulator.ecs.dispatch import operation
from ecs_emulator.ecs.records import Shape, last_part, tag_list, tag_map
from ecs_emulator.ecs.store import Store
from ecs_emulator.patch import refuse
from ecs_emulator.services.ecs import texts

# AWS's defaults (developer guide, account settings)
_IN_FORCE = {
    "serviceLongArnFormat": "enabled",
    "taskLongArnFormat": "enabled",
    "containerInstanceLongArnFormat": "enabled",
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "dualStackIPv6": "enabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "fargateEventWindows": "disabled",
    "tagResourceAuthorization": "off",
    "guardDutyActivate": "off",
    "defaultLogDriverMode": "non-blocking",
}
_SWITCHES = {name for name, value in _IN_FORCE.items() if value in ("enabled", "disabled")}


@operation
def put_account_setting_default(store: Store, request: Shape) -> Shape:
    """Answer PutAccountSettingDefault, for all users and roles of the account without their own setting."""
    name, value = _checked(request)
    store.account_defaults[name] = value
    return {"setting": _setting(name, value, _root(store))}


@operation
def put_account_setting(store: Store, request: Shape) -> Shape:
    """Answer PutAccountSetting for a principal, by default the caller; the root's is the account's default."""
    name, value = _checked(request)
    principal = request.get("principalArn") or store.caller
    if principal == _root(store):
        return put_account_setting_default(store, request)
    store.account_settings.setdefault(principal, {})[name] = value
    return {"setting": _setting(name, value, principal)}


@operation
def delete_account_setting(store: Store, request: Shape) -> Shape:
    """Answer DeleteAccountSetting: the account's default holds for the principal again."""
    name = request.get("name", "")
    principal = request.get("principalArn") or store.caller
    kept = store.account_defaults if principal == _root(store) else store.account_settings.get(principal, {})
    kept.pop(name, None)
    return {"setting": _setting(name, store.account_defaults.get(name, _IN_FORCE.get(name, "")), principal)}


@operation
def list_account_settings(store: Store, request: Shape) -> Shape:
    """Answer ListAccountSettings: only settings that were set; with effectiveSettings, all that hold."""
    principal = request.get("principalArn") or store.caller
    own = store.account_defaults if principal == _root(store) else store.account_settings.get(principal, {})
    if request.get("effectiveSettings"):
        own = {**_IN_FORCE, **store.account_defaults, **own}
    found = [
        _setting(name, value, principal)
        for name, value in sorted(own.items())
        if request.get("name") in (None, name) and request.get("value") in (None, value)
    ]
    return {"settings": found}


def in_force(store: Store, name: str) -> str:
    """Return the value of a setting that holds for the account's caller."""
    return store.account_settings.get(store.caller, {}).get(name) or store.account_defaults.get(name) or _IN_FORCE[name]


@operation
def tag_resource(store: Store, request: Shape) -> Shape:
    """Answer TagResource: up to 50 tags for each resource."""
    tags = _tags(store, request)
    if len({*tags, *tag_map(request.get("tags"))}) > 50:
        refuse("InvalidParameterException", texts.TOO_MANY_TAGS)
    tags.update(tag_map(request.get("tags")))
    return {}


@operation
def untag_resource(store: Store, request: Shape) -> Shape:
    """Answer UntagResource."""
    tags = _tags(store, request)
    for key in request.get("tagKeys", []):
        tags.pop(key, None)
    return {}


@operation
def list_tags_for_resource(store: Store, request: Shape) -> Shape:
    """Answer ListTagsForResource."""
    return {"tags": tag_list(_tags(store, request))}


def _tags(store: Store, request: Shape) -> dict[str, str]:
    """Return the tags of the resource with an ARN; the part after the account names its kind."""
    arn = request.get("resourceArn", "")
    resource_type = arn.split(":", 5)[-1].partition("/")[0]
    kept: dict[str, Any] = {
        "cluster": store.clusters.get(last_part(arn)),
        "service": next((one for one in store.services.values() if one.arn == arn), None),
        "task": store.tasks.get(last_part(arn)),
        "task-definition": store.definition(arn),
        "capacity-provider": store.providers.get(last_part(arn)),
        "container-instance": store.instances.get(arn),
    }
    if resource_type not in kept:
        refuse("InvalidParameterException", "The specified ARN is not valid for ECS tagging.")
    found = kept[resource_type]
    if found is None or (getattr(found, "status", "") == "INACTIVE" and resource_type != "task-definition"):
        refuse(
            "InvalidParameterException",
            f"The specified {resource_type} is inactive or does not exist. Specify an active one.",
        )
    tags: dict[str, str] = found.tags
    return tags


def _checked(request: Shape) -> tuple[str, str]:
    name, value = request.get("name", ""), request.get("value", "")
    if name not in _IN_FORCE:
        refuse("InvalidParameterException", f"unknown should be one of [{','.join(_IN_FORCE)}]")
    if name in _SWITCHES and value not in ("enabled", "disabled", "enhanced", "on", "off"):
        refuse(
            "InvalidParameterException", f"The value '{value}' of setting {name} should be one of [enabled,disabled]"
        )
    switched = {"on": "enabled", "off": "disabled"}.get(value, value)
    return str(name), str(switched if name in _SWITCHES else value)


def _setting(name: str, value: str, principal: str) -> Shape:
    return {"name": name, "value": value, "principalArn": principal, "type": "user"}


def _root(store: Store) -> str:
    return f"arn:aws:iam::{store.account}:root"
