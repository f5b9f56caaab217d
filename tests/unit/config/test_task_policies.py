"""`policies` of services and jobs: refusals before any call, and the results of valid ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.planning import policy_notices as told
from provisioner.permissions import boundary, table
from provisioner.steps.offline import facts
from provisioner.steps.stack import run
from tests.unit.config.unplaced import unplaced

ARN = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"
MAIL = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "arn:aws:ses:eu-west-1:123456789012:identity/*"}


def written(tmp_path: Path, *statements: Any, text: str | None = None, policies: str = '"mail.json"') -> Path:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    (tmp_path / "mail.json").write_text(json.dumps(document) if text is None else text)
    path = tmp_path / "stack.toml"
    path.write_text(
        f'[services.web]\nimage = "web:1"\nlaunch = "ec2"\nexec = false\npolicies = [{policies}]\n'
        '[services.worker]\nextends = "web"\n'
    )
    return path


def why(path: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "not an action of one service"),
        ({"Effect": "Allow", "Action": "iam:*", "Resource": "*"}, "change the permissions of roles"),
        ({"Effect": "Allow", "Action": ["sqs:*", "iam:P*"], "Resource": "*"}, "change the permissions of roles"),
        ({"Effect": "Allow", "Action": "iam:passrole", "Resource": "*"}, "change the permissions of roles"),
        ({"Effect": "Allow", "Action": "IAM:PutRolePolicy", "Resource": "*"}, "not an action of one service"),
        ({"Effect": "Allow", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"}, "its own too"),
        ({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}, "single roles"),
        ({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/*"}, "single roles"),
        ({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ["arn:aws:iam::1:role/a", "*"]}, "single roles"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "NotAction"),
        ({"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:::a"}, "NotResource"),
        ({"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Principal": "*"}, "Principal"),
        ({"Effect": "Allow", "Action": "sqs:*"}, "no Resource"),
        ({"Effect": "Allow", "Action": "sqs:*", "Resource": "queue"}, 'neither an ARN nor "*"'),
        ({"Effect": "allow", "Action": "sqs:*", "Resource": "*"}, "has no Effect"),
    ],
)  # fmt: skip
def test_what_a_task_may_not_be_allowed(tmp_path: Path, statement: Any, words: str) -> None:
    text = why(written(tmp_path, MAIL, statement))
    assert unplaced(text).startswith(f"{tmp_path}/stack.toml: services.web.policies: mail.json (statement 2) ")
    assert words in text
    assert len(text.splitlines()) == 1, "it is told once, not for who extends it"


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "is not JSON" in why(written(tmp_path, text="{"))
    assert "needs a Statement" in why(written(tmp_path, text="[]"))
    assert "cannot be read: No such file" in why(written(tmp_path, policies='"other.json"'))
    assert "neither a file beside this one" in why(written(tmp_path, policies='"../mail.json"'))
    assert "not the ARN of a managed policy" in why(written(tmp_path, policies='"arn:aws:iam::1:role/x"'))
    (tmp_path / "out.json").symlink_to("/etc/hostname")
    assert "leads out of the directory" in why(written(tmp_path, policies='"out.json"'))
    long = {**MAIL, "Action": [f"ses:Send{number:04}" for number in range(900)]}
    assert "IAM allows 10240 for a role" in why(written(tmp_path, long))
    many = ", ".join(f'"arn:aws:iam::123456789012:policy/p{number}"' for number in range(11))
    assert "has 11 ARNs" in why(written(tmp_path, policies=many))


def configured(tmp_path: Path, *statements: Any, policies: str = '"mail.json"') -> Config:
    return load(written(tmp_path, *statements, policies=policies))


def test_a_file_is_a_policy_named_by_its_content(tmp_path: Path) -> None:
    config = configured(tmp_path, MAIL, policies=f'"mail.json", "{ARN}"')
    role = run(config, facts(config)).declared["role/task-worker"].resource
    (name,) = [one for one in role.fields()["inline_policies"] if one.startswith("extra-")]
    assert role.fields()["managed_policy_arns"] == [ARN]
    other = configured(tmp_path, {**MAIL, "Action": "ses:SendRawEmail"})
    assert name not in run(other, facts(other)).declared["role/task-worker"].resource.fields()["inline_policies"]


def test_the_boundary_has_files_and_the_printed_policy_arns(tmp_path: Path) -> None:
    limited = {**MAIL, "Condition": {"StringEquals": {"ses:FromAddress": "${aws:PrincipalTag/from}"}}}
    config = configured(tmp_path, limited, policies=f'"mail.json", "{ARN}"')
    (most,) = [one for one in boundary.boundary(config, "123456789012") if one.service == "ses"]
    assert (most.name, most.resources) == ("ses:SendEmail", (MAIL["Resource"],))
    assert most.conditions == (("StringEquals", "ses:FromAddress", ("${aws:PrincipalTag/from}",)),)
    attach = [one for one in table.needed(config) if one.name == "iam:AttachRolePolicy" and one.why == "policies"]
    (allowed,) = attach
    assert ("ArnEquals", "iam:PolicyARN", (ARN,)) in allowed.conditions
    tags = {f"aws:ResourceTag/{name}" for name in ("Project", "Environment")}
    assert {key for _, key, _ in allowed.conditions} == {"iam:PolicyARN", "iam:PermissionsBoundary", *tags}
    assert "-task-*" in allowed.resources[0]


def test_s3_is_open_for_what_is_asked_and_nothing_else(tmp_path: Path) -> None:
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::uploads/*"}
    config = configured(tmp_path, put)
    stack = run(config, facts(config))
    _, own = stack.declared["vpc_endpoint/s3"].resource.fields()["policy_document"]["Statement"]
    assert own["Action"] == "s3:PutObject"
    assert set(own["Condition"]["StringEquals"]) == {"aws:PrincipalAccount", "aws:ResourceAccount"}
    egress = stack.declared["security_group_egress/web"].resource.fields()["rules"]
    assert [rule.get("PrefixListId") for rule in egress] == [None, "pl-any"]
    plain = configured(tmp_path, MAIL)
    closed = run(plain, facts(plain)).declared["vpc_endpoint/s3"].resource.fields()["policy_document"]["Statement"]
    assert "PrincipalAccount" not in str(closed)


def test_what_is_named_in_vain_is_told(tmp_path: Path) -> None:
    typo = {"Effect": "Allow", "Action": ["sqs:SendMessages", "s3:ListBucket", "sqs:Get*"], "Resource": "*"}
    config = configured(tmp_path, typo)
    notes = list(told.notices(run(config, facts(config))))
    assert "mail.json allows sqs:SendMessages, which AWS does not have: did you mean sqs:SendMessage?" in notes
    assert any("services.web needs a way out to sqs" in one and '"sqs"' in one for one in notes)
    assert not any("s3" in one for one in notes)
