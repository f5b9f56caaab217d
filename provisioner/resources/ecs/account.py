"""ECS's account-wide settings in one Region; `down` restores their former values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.permissions import HERE, OURS, Conditions, grants
from provisioner.aws.tagging import tag_map
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.ecs.api import API

FORMER_TAG = "provisioner:former:"
"""The prefix of the VPC tag that holds a setting's former value; the setting's name follows it."""


_FORMER: Conditions = (("ForAllValues:StringLike", "aws:TagKeys", (f"{FORMER_TAG}*",)),)
"""The condition that a call writes or removes only tags for former values."""


@dataclass(frozen=True)
class AccountSetting(Resource):
    """The account's default of one setting, for all users without a setting of their own (PutAccountSettingDefault).

    A setting has no tags and cannot be created. So the created resource is a note of its former value, a tag of the
    stack's VPC; the setting itself is changed afterwards, as an update. So the former value survives a crash at any
    point, and even the loss of the state; and the setting is this stack's as long as the note exists.

    Several stacks of an account may need it. A new stack copies the former value from another stack's note. The last
    stack to be deleted restores it.

    A read shows the value in force for the caller. A caller with a setting of its own does not see the default.
    """

    vpc_id: str
    setting_name: str
    value: str

    type_name = "account_setting"
    has_tags = False
    api = API
    permissions = (
        *grants(
            "ecs",
            "PutAccountSettingDefault",
            conditions=(*HERE, ("StringEquals", "ecs:account-setting", ("awsvpcTrunking",))),
        ),
        # the former value of the account's setting is a tag of the VPC
        *grants("ec2", "CreateTags DeleteTags", "vpc/*", conditions=(*OURS, *_FORMER)),
    )
    identity = ("setting_name",)
    derived = ("id",)
    outputs = ("former",)
    create_only = frozenset({"vpc_id", "setting_name"})

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        for vpc in aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=aws.owner_filters()):
            for key, former in tag_map(vpc.get("Tags")).items():
                if key.startswith(FORMER_TAG):
                    name = key.removeprefix(FORMER_TAG)
                    yield cls._live(vpc["VpcId"], name, _in_force(aws, name), former)

    @staticmethod
    def _live(vpc_id: str, name: str, value: str, former: str) -> Observed:
        status = f"{value}, previously {former}"
        return Observed(
            name, {"vpc_id": vpc_id, "setting_name": name, "value": value}, {"former": former}, status=status
        )

    def create(self, aws: Aws, token: str) -> Observed:
        # in this order: another stack noted the former value before it changed the setting
        former = _in_force(aws, self.setting_name)
        former = next(_notes(aws, self.setting_name, besides=self.vpc_id), former)
        note = {"Key": FORMER_TAG + self.setting_name, "Value": former}
        aws.client("ec2").create_tags(Resources=[self.vpc_id], Tags=[note])
        # report the setting as unchanged even if another stack has changed it: that stack may be about to restore it
        return self._live(self.vpc_id, self.setting_name, former, former)

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        aws.client("ecs").put_account_setting_default(name=self.setting_name, value=self.value)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        name, vpc_id = live.id, live.attributes["vpc_id"]

        def needed() -> bool:
            return any(True for _ in _notes(aws, name, besides=vpc_id))

        def put(value: str) -> None:
            if value != _in_force(aws, name):
                aws.client("ecs").put_account_setting_default(name=name, value=value)

        if not (before := needed()):
            put(live.outputs["former"])
        aws.client("ec2").delete_tags(Resources=[vpc_id], Tags=[{"Key": FORMER_TAG + name}])
        # another stack may have been created or deleted since
        if (after := needed()) != before:
            put(live.attributes["value"] if after else live.outputs["former"])


def _notes(aws: Aws, name: str, *, besides: str) -> Iterator[str]:
    """Yield the former values in notes on all other VPCs of the account."""
    filters = [{"Name": "tag-key", "Values": [FORMER_TAG + name]}]
    for vpc in aws.pages("ec2", "describe_vpcs", "Vpcs", Filters=filters):
        if vpc["VpcId"] != besides:
            yield tag_map(vpc["Tags"])[FORMER_TAG + name]


def _in_force(aws: Aws, name: str) -> str:
    answer = aws.client("ecs").list_account_settings(name=name, effectiveSettings=True)
    return str(answer["settings"][0]["value"])
