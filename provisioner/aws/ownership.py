"""Ownership by tags: write the stack's owner tags, and compare the tags of a resource with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.aws.api import api_of
from provisioner.engine.resource_types import current, type_named

ADDRESS_TAG = "provisioner:address"
REGION_TAG = "provisioner:region"
"""The tag that separates same-named stacks of two Regions where every Region's client reaches the resource."""
MANAGED_BY = "provisioner"


def tag_pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as a list of pairs, under the names that the service uses."""
    return [{key: name, value: text} for name, text in tags.items()]


def _everywhere(address: str) -> bool:
    """Return whether clients of every Region reach the resource at an address."""
    resource_type = type_named(address.partition("/")[0])
    api = api_of(resource_type.service) if resource_type else None
    return api is not None and api.everywhere


@dataclass(frozen=True)
class Ownership:
    """The tags of one stack, written and compared in one place.

    Attributes:
        project, env: the values of the owner tags.
        chosen: the user's tags in `[tags]`, which all resources carry beside the owner tags.
    """

    project: str
    env: str
    chosen: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def region(self) -> str:
        """The stack's Region."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The stack's name: `<project>-<env>`."""
        return f"{self.project}-{self.env}"

    @property
    def owner(self) -> dict[str, str]:
        """The owner tags, which all of the stack's resources carry."""
        return {"Project": self.project, "Environment": self.env, "ManagedBy": MANAGED_BY}

    @property
    def inherited(self) -> dict[str, str]:
        """The tags that a resource hands on: an Auto Scaling group to its instances."""
        return {**self.chosen, **self.owner}

    def tags(self, address: str) -> dict[str, str]:
        """Return the tags of a resource of this stack."""
        return {**self.chosen, **self.owner_tags(address)}

    def owner_tags(self, address: str) -> dict[str, str]:
        """Return the tags by which a resource of this stack is found."""
        place = {REGION_TAG: self.region} if _everywhere(address) else {}
        return self.owner | {ADDRESS_TAG: address} | place

    def tag_list(self, address: str, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return the tags of a resource as a list of pairs, under the names that the service uses."""
        return tag_pairs(self.tags(address), key, value)

    def tag_specification(self, resource_type: str, address: str) -> list[dict[str, Any]]:
        """Return the tags in the form that EC2's create calls take."""
        return [{"ResourceType": resource_type, "Tags": self.tag_list(address)}]

    def owner_filters(self) -> list[dict[str, Any]]:
        """Return EC2-style filters for this stack's resources."""
        return [{"Name": f"tag:{key}", "Values": [value]} for key, value in self.owner.items()]

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Say whether these are the owner tags of this stack."""
        here = tags.get(REGION_TAG, self.region) == self.region
        return here and all(tags.get(key) == value for key, value in self.owner.items())

    def other_owner(self, tags: Mapping[str, str]) -> str:
        """Return a phrase that names the other stack that owns these tags; empty if no other stack does."""
        theirs = tags.get("ManagedBy") == MANAGED_BY or ADDRESS_TAG in tags
        if not theirs or self.owns(tags):
            return ""
        region = f", {tags[REGION_TAG]}" if REGION_TAG in tags else ""
        return f"project {tags.get('Project', '?')}, environment {tags.get('Environment', '?')}{region}"

    def address_in(self, tags: Mapping[str, str]) -> str | None:
        """Return the address in the tags if they are this stack's, or None."""
        return current(tags[ADDRESS_TAG]) if ADDRESS_TAG in tags and self.owns(tags) else None
