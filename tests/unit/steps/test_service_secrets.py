"""`secrets` of services and jobs: valid values, refusals that do not repeat them, and the declarations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.config.secrets import Held, Secret, users
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.planning.actions import Planned
from provisioner.engine.resource import Change
from provisioner.permissions.boundary import boundary
from provisioner.permissions.table import needed
from provisioner.render.review import Around, lines
from provisioner.resources.ec2.endpoints import VpcEndpoint
from provisioner.resources.ecs.task_definition import TaskDefinition
from provisioner.resources.iam import Role
from provisioner.resources.ssm import SecureParameter
from provisioner.steps.stack import Stack, run
from tests.unit.config.unplaced import unplaced
from tests.unit.steps.test_capacity_steps import FACTS

WEB = 'image = "nginx:1"\nport = 80\n'
HIDDEN = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
ACCOUNT = "ap-northeast-1:123456789012"
AUTH0 = f"arn:aws:secretsmanager:{ACCOUNT}:secret:shared/auth0-AbCdEf"


def written(tmp_path: Path, secrets: str, more: str = "") -> Path:
    path = tmp_path / "stack.toml"
    path.write_text(f"[services.web]\n{WEB}secrets = {secrets}\n{more}")
    return path


def read(tmp_path: Path, secrets: str, more: str = "") -> Config:
    return load(written(tmp_path, secrets, more))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("true", Secret("own", "A_KEY")),
        ('"generate"', Secret("generated", "A_KEY")),
        ('"ssm:/shared/key"', Secret("ssm", "/shared/key")),
        ('"ssm:key"', Secret("ssm", "key")),
        ('"secretsmanager:shared/auth0"', Secret("secretsmanager", "shared/auth0")),
        ('"secretsmanager:shared/auth0#client"', Secret("secretsmanager", "shared/auth0", "client")),
        (f'"{AUTH0}"', Secret("secretsmanager", AUTH0)),
        ('"secretsmanager:rds!db-1a2b#username"', Secret("secretsmanager", "rds!db-1a2b", "username")),
        (f'"{AUTH0}:client::"', Secret("secretsmanager", AUTH0, "client")),
        (f'"arn:aws:ssm:{ACCOUNT}:parameter/a/b"', Secret("ssm", f"arn:aws:ssm:{ACCOUNT}:parameter/a/b")),
    ],
)
def test_a_place_is_read(tmp_path: Path, text: str, secret: Secret) -> None:
    assert read(tmp_path, f"{{ A_KEY = {text} }}").services["web"].secrets == {"A_KEY": secret}


def test_a_list_of_names_is_the_stack_s_own(tmp_path: Path) -> None:
    assert read(tmp_path, '["A", "B"]').services["web"].secrets == {"A": Secret("own", "A"), "B": Secret("own", "B")}


@pytest.mark.parametrize(
    ("secrets", "key", "part"),
    [
        (f'{{ KEY = "{HIDDEN}" }}', "secrets.KEY", "run `provision secret set KEY`"),
        ('{ KEY = "hunter2" }', "secrets.KEY", "is not true"),
        ("{ KEY = 7 }", "secrets.KEY", "is not true"),
        ("{ KEY = false }", "secrets.KEY", "takes nothing away"),
        ('{ KEY = "ssm:/a b" }', "secrets.KEY", "is not true"),
        ('{ KEY = "secretsmanager:a#b#c" }', "secrets.KEY", "is not true"),
        (f'{{ KEY = "{AUTH0}:key:AWSPREVIOUS:" }}', "secrets.KEY", "is not true"),
        (f'["{HIDDEN}"]', "secrets", "its entry 1 is not the name of a variable"),
        ('["A", "b-c"]', "secrets", "its entry 2 is not the name of a variable"),
        ("[7]", "secrets", "its entry 1 is not the name of a variable"),
        ('["A", "A"]', "secrets", "has a name twice"),
        (f'"{HIDDEN}"', "secrets", "must be a list of names"),
        ('["PORT"]', "secrets.PORT", "is set by the stack itself"),
    ],
)
def test_what_is_no_place_is_refused_without_its_value(tmp_path: Path, secrets: str, key: str, part: str) -> None:
    path = written(tmp_path, secrets)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    text = unplaced(str(caught.value))
    assert text.startswith(f"{path}: services.web.{key}: ")
    assert part in text
    assert "\n" not in text
    for value in (HIDDEN, "hunter2", "a b", "b-c", "a#b#c", "AWSPREVIOUS"):
        assert value not in text


def test_pydantics_own_message_repeats_none() -> None:
    web = {"image": "nginx:1", "port": 80, "secrets": {"KEY": HIDDEN}}
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"services": {"web": web}})
    assert HIDDEN not in str(caught.value)


def test_names_of_ours_and_of_variables_are_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, '["DB_PASSWORD", "LEVEL"]', 'database = true\nenvironment = { LEVEL = "info" }\n')
    first, second = str(caught.value).splitlines()
    assert "services.web.secrets.DB_PASSWORD: is set by the stack itself" in first
    assert "services.web.secrets.LEVEL: is in environment as well" in second


def test_they_are_inherited_name_by_name(tmp_path: Path) -> None:
    more = '[jobs.migrate]\nextends = "web"\nsecrets = { A = false, C = "generate" }\n'
    config = read(tmp_path, '["A", "B"]', more)
    assert config.jobs["migrate"].secrets == {"B": Secret("own", "B"), "C": Secret("generated", "C")}
    assert users(config.secrets)[Secret("own", "B")] == {"services.web": ["B"], "jobs.migrate": ["B"]}


@pytest.mark.parametrize("secrets", [f'[["{HIDDEN}"]]', f'"{HIDDEN}"', f'["{HIDDEN}"]', f'{{ {HIDDEN} = "x" }}'])
def test_what_is_wrong_in_an_heir_is_not_repeated_either(tmp_path: Path, secrets: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, '["A"]', f'[jobs.migrate]\nextends = "web"\nsecrets = {secrets}\n')
    assert "jobs.migrate.secrets: " in str(caught.value)
    assert HIDDEN not in str(caught.value)


def test_one_that_is_made_up_is_so_for_all(tmp_path: Path) -> None:
    config = read(tmp_path, '["A"]', f'[services.other]\n{WEB}secrets = {{ A = "generate" }}\n')
    assert users(config.secrets) == {Secret("generated", "A"): {"services.web": ["A"], "services.other": ["A"]}}


# -- the declarations --------------------------------------------------------------------------------------------------

KEY = f"arn:aws:kms:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
OWN, MADE_UP = Secret("own", "STRIPE"), Secret("generated", "SESSION")
THEIRS, OTHERS = Secret("ssm", "/theirs"), Secret("secretsmanager", "shared/auth0", "client")
PLACES = {"STRIPE": True, "SESSION": "generate", "THEIRS": "ssm:/theirs", "AUTH0": "secretsmanager:shared/auth0#client"}
HELD = {
    OWN: Held(f"arn:aws:ssm:{ACCOUNT}:parameter/ecs-sample-dev/secrets/STRIPE", "2026-01-01T00:00:00Z/3"),
    THEIRS: Held(f"arn:aws:ssm:{ACCOUNT}:parameter/theirs", "2026-01-01T00:00:00Z/1", "alias/theirs"),
    OTHERS: Held(AUTH0, "v1", KEY),
}


def configured(**more: Any) -> Config:
    web = {"image": "nginx:1", "port": 80, "secrets": PLACES}
    return Config.model_validate({"services": {"web": web, "plain": {"image": "nginx:1", "port": 81}}, **more})


def declared(facts: Facts = FACTS) -> Stack:
    return run(configured(), replace(facts, region="ap-northeast-1", secrets=HELD))


def container(stack: Stack) -> Any:
    definition = stack.declared["task_definition/web"].resource
    assert isinstance(definition, TaskDefinition)
    (one,) = definition.container_definitions
    return one


def test_containers_get_them_with_their_versions() -> None:
    one = container(declared())
    assert {it["name"]: it["valueFrom"] for it in one["secrets"]} == {
        "AUTH0": f"{AUTH0}:client::",
        "SESSION": "${secure_parameter/SESSION:arn}",
        "STRIPE": HELD[OWN].arn,
        "THEIRS": HELD[THEIRS].arn,
    }
    assert one["dockerLabels"] == {
        "provisioner.secret.AUTH0": "v1",
        "provisioner.secret.SESSION": "${secure_parameter/SESSION:version!}",
        "provisioner.secret.STRIPE": "2026-01-01T00:00:00Z/3",
        "provisioner.secret.THEIRS": "2026-01-01T00:00:00Z/1",
    }


def test_one_is_made_up_in_the_place_of_the_stack_s() -> None:
    made = declared().declared["secure_parameter/SESSION"].resource
    assert isinstance(made, SecureParameter)
    assert made.parameter_name == "/ecs-sample-dev/secrets/SESSION"


def test_an_execution_role_reads_its_own_secrets_only() -> None:
    roles = {
        address: one.resource.inline_policies
        for address, one in declared().declared.items()
        if isinstance(one.resource, Role) and "execution" in address
    }
    assert roles.pop("role/execution") == {}
    ((name, policies),) = roles.items()
    assert name == "role/execution-web"
    (policy,) = policies.values()
    place = f"arn:aws:ssm:{ACCOUNT}:parameter"
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": AUTH0},
        {
            "Effect": "Allow",
            "Action": "ssm:GetParameters",
            "Resource": [f"{place}/ecs-sample-dev/secrets/{one}" for one in ("SESSION", "STRIPE")]
            + [f"{place}/theirs"],
        },
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": KEY,
            "Condition": {"StringLike": {"kms:EncryptionContext:SecretARN": AUTH0}},
        },
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": f"arn:aws:kms:{ACCOUNT}:key/*",
            "Condition": {
                "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{place}/theirs"},
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/theirs"},
            },
        },
    ]


def test_private_subnets_reach_their_apis() -> None:
    services = {
        one.resource.service_name.rpartition(".")[2]
        for one in declared().declared.values()
        if isinstance(one.resource, VpcEndpoint)
    }
    assert {"ssm", "secretsmanager"} <= services
    plain = run(Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80}}}), FACTS)
    assert "vpc_endpoint/secretsmanager" not in plain.declared


def test_a_new_version_is_a_line_of_the_plan() -> None:
    old, new = ([{"name": "web", "dockerLabels": {"provisioner.secret.STRIPE": text}}] for text in ("one", "two"))
    changes = {"container_definitions": Change(old, new)}
    planned = [Planned("task_definition/web", "change", "task_definitions", changes)]
    assert "  ~ secret STRIPE changed: one -> two" in lines(planned, Around({"web": "service"}))


def test_policies_name_just_the_secrets_of_others() -> None:
    looked_up = [it.resources for it in needed(configured()) if it.name == "secretsmanager:DescribeSecret"]
    assert looked_up == [("arn:aws:secretsmanager:ap-northeast-1:*:secret:shared/auth0-??????",)]
    most = {it.name: it.resources for it in boundary(configured(), "123456789012") if "secrets" in it.why}
    assert most["secretsmanager:GetSecretValue"] == (f"arn:aws:secretsmanager:{ACCOUNT}:secret:shared/auth0-??????",)
    assert most["ssm:GetParameters"] == (f"arn:aws:ssm:{ACCOUNT}:parameter/theirs",)
    plain = Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80, "secrets": ["A"]}}})
    assert not [it for it in (*needed(plain), *boundary(plain)) if it.service == "secretsmanager"]
