"""The last line of `init --from`: the number of whole services, and the losses of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.compose.file import draft as of_compose
from provisioner.migration.copilot.workspace import draft as of_copilot
from provisioner.migration.draft import Draft, Left
from provisioner.migration.verdict import verdict

SHOP = """
services:
  web: {build: ., ports: ['80:80'], environment: {API: 'http://api:4000', REDIS_HOST: redis, DATABASE_URL: 'mongodb://u:p@db/x'}}
  worker: {build: ., environment: {REDIS_HOST: redis}}
  api: {build: api, expose: ['4000']}
  lone: {build: lone, expose: ['9000']}
  db: {image: 'mongo:8'}
  redis: {image: 'memcached:1'}
"""
WEB = "name: web\ntype: Load Balanced Web Service\nimage: {build: Dockerfile, port: 80}\nhttp: {path: /}\n"
REDIS = "name: redis\ntype: Backend Service\nimage: {location: 'redis:7', port: 6379}\n"
JOB = "name: nightly\ntype: Scheduled Job\nimage: {build: Dockerfile}\non: {schedule: '@daily'}\n"


def copilot(directory: Path, **manifests: str) -> Path:
    for name, content in manifests.items():
        (directory / "copilot" / name).mkdir(parents=True)
        (directory / "copilot" / name / "manifest.yml").write_text(content)
    return directory


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").write_text(SHOP)
    return tmp_path


def test_numbers_and_what_is_missing(shop: Path) -> None:
    found = verdict(of_compose(shop))
    assert str(found) == (
        "1 of 6 services is whole; db and redis are left out; web lacks the addresses of db and redis; worker lacks "
        "the address of redis; nobody reaches lone; 1 secret to set (DATABASE_URL); the Region is not known, and is "
        "ap-northeast-1 until you write it; only your own address may reach the load balancer"
    )
    assert (found.whole["services"], found.all["services"]) == (["api"], 6)


def test_the_command_ends_with_it(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(shop)
    assert main(["init", "--from", "compose", "--project", "kiosk"]) == 0
    verdict_line, next_line = capsys.readouterr().out.splitlines()[-2:]
    assert verdict_line.startswith("1 of 6 services is whole; db and redis are left out; ")
    assert next_line == "Next: `provision config`, `provision plan`. More: docs/moving.md"
    assert main(["config", "project"]) == 0
    assert 'project = "kiosk"' in capsys.readouterr().out
    (shop / "stack.toml").unlink()
    assert main(["init", "--from", "compose", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["text"].startswith("1 of 6 services is whole")
    assert found["verdict"]["whole"] == {"services": ["api"], "jobs": []}
    assert found["verdict"]["all"] == {"services": 6, "jobs": 0}
    assert (found["verdict"]["unreached"], found["verdict"]["missed"]) == (
        ["lone"],
        {"db": ["web"], "redis": ["web", "worker"]},
    )
    costs = {one["key"]: (one["of"], one["cost"]) for one in found["left"]}
    assert costs["services.db"] == ("services.db", "all")
    assert costs["region"] == ("", "nothing")


def test_a_service_without_a_domain_is_whole(tmp_path: Path) -> None:
    """Copilot's answers by HTTP under the load balancer's name, and so does the one here."""
    found = verdict(of_copilot(copilot(tmp_path, web=WEB), project="shop"))
    assert str(found).startswith("1 of 1 service is whole; the Region")
    assert found.closed


def test_a_service_that_nobody_calls_is_not_whole(tmp_path: Path) -> None:
    both = copilot(tmp_path, web=WEB, redis=REDIS)
    assert str(verdict(of_copilot(both, project="shop"))).startswith("1 of 2 services is whole; nobody reaches redis;")
    manifest = both / "copilot" / "web" / "manifest.yml"
    manifest.write_text(WEB + "variables: {REDIS_HOST: redis}\n")
    assert str(verdict(of_copilot(both, project="shop"))).startswith("2 of 2 services are whole; the Region")


def test_jobs_are_counted_apart(tmp_path: Path) -> None:
    lossy = JOB + "timeout: 31d\n"
    found = verdict(of_copilot(copilot(tmp_path, web=WEB, nightly=lossy), project="shop"))
    assert str(found).startswith("1 of 1 service is whole and 0 of 1 job is whole; ")


def test_a_way_in_that_is_lost_is_said(tmp_path: Path) -> None:
    other = WEB.replace("web", "site")
    found = verdict(of_copilot(copilot(tmp_path, web=WEB, site=other), project="shop"))
    assert found.not_public == ["web"]
    assert "users no longer reach web" in str(found)
    assert "nobody reaches" not in str(found), "which would be the same"


def test_errors_are_said_last() -> None:
    one = Draft("ecs", "shop", "dev", tables={"dev": {"region": "eu-west-1", "services": {"web": {}}}})
    assert str(verdict(one)) == "1 of 1 service is whole"
    assert str(verdict(one, 2)) == "1 of 1 service is whole; the file does not pass yet (2 errors)"
    one.note(Left("web", 0, "x", "is told", "services.web", "nothing"))
    assert verdict(one).whole["services"] == ["web"]
    one.note(Left("web", 0, "y", "is lost", "services.web"))
    assert verdict(one).whole["services"] == []


def test_jobs_alone_are_carried_over(tmp_path: Path) -> None:
    made = of_copilot(copilot(tmp_path, nightly=JOB), project="shop")
    assert made.tables[made.own]["jobs"].keys() == {"nightly"}
    assert str(verdict(made)).startswith("1 of 1 job is whole; ")


def test_neither_a_service_nor_a_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no service and no job can be carried over"):
        of_copilot(copilot(tmp_path, site="name: site\ntype: Static Site\n"), project="shop")


def test_a_workspace_that_is_not_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(copilot(tmp_path, web=WEB))
    assert main(["init", "--from", "copilot"]) == 4
    assert "or the application by --project" in capsys.readouterr().err
    assert main(["init", "--from", "copilot", "--project", "shop", "--env", "test"]) == 0
    assert 'project = "shop"' in (tmp_path / "stack.toml").read_text()
    assert main(["init", "--project", "shop", "-c", "other.toml"]) == 4
    assert "copilot/ describes this application: translate it with `provision init --from" in capsys.readouterr().err


def test_another_project_keeps_the_places_of_secrets(tmp_path: Path) -> None:
    place = "secrets: {KEY: '/copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/KEY'}\n"
    tree = copilot(tmp_path, web=WEB + place)
    (tree / "copilot" / ".workspace").write_text("application: old\n")
    made = of_copilot(tree, "test", "new")
    assert (made.project, made.application) == ("new", "old")
    assert made.tables["test"]["services"]["web"]["secrets"] == {"KEY": "ssm:/copilot/old/test/secrets/KEY"}
    # no file names an environment: `{env}` is that of the stack
    assert of_copilot(tree).tables["dev"]["services"]["web"]["secrets"] == {"KEY": "ssm:/copilot/old/{env}/secrets/KEY"}


def test_a_project_that_is_too_long_is_shortened(tmp_path: Path) -> None:
    """Elastic Load Balancing's names have 32 characters; places of secrets keep the application's name."""
    place = "secrets: {KEY: '/copilot/${COPILOT_APPLICATION_NAME}/secrets/KEY'}\n"
    tree = copilot(tmp_path, web=WEB + place)
    (tree / "copilot" / ".workspace").write_text("application: a-rather-long-name-of-a-shop\n")
    made = of_copilot(tree, "test")
    assert made.project == "a-rather-lon-57a6bb"
    assert made.tables["test"]["services"]["web"]["secrets"] == {
        "KEY": "ssm:/copilot/a-rather-long-name-of-a-shop/secrets/KEY"
    }
    assert "a-rather-long-name-of-a-shop-test is too long" in "".join(one.why for one in made.changes)
    (tree / "copilot" / ".workspace").write_text("application: shop\n")
    assert of_copilot(tree, "test").project == "shop"


def test_what_copilot_takes_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = copilot(tmp_path, web=WEB.replace("{build: Dockerfile", "{location: 'web:${SHOP_TAG}'"))
    monkeypatch.delenv("SHOP_TAG", raising=False)
    assert verdict(of_copilot(tree, "test", "shop")).whole["services"] == []
    monkeypatch.setenv("SHOP_TAG", "1.2")
    made = of_copilot(tree, "test", "shop")
    assert made.tables["test"]["services"]["web"]["image"] == "web:1.2"
    assert [str(one) for one in made.changes if "SHOP_TAG" in one.key] == [
        "copilot: ${SHOP_TAG}: is filled in from this shell, as Copilot does"
    ]


@pytest.mark.parametrize(
    ("patches", "lost"),
    [
        ("- op: remove\n  path: /Resources/AppRunnerVpcEndpoint\n", False),
        ("# nothing\n", False),
        ("- op: add\n  path: /Resources/HTTPSListener/Properties/MutualAuthentication\n", True),
    ],
)
def test_overrides_are_a_loss_if_they_change_anything(tmp_path: Path, patches: str, lost: bool) -> None:
    tree = copilot(tmp_path, web=WEB)
    folder = tree / "copilot" / "environments" / "overrides"
    folder.mkdir(parents=True)
    (folder / "cfn.patches.yml").write_text(patches)
    assert verdict(of_copilot(tree, project="shop")).stack == (["copilot/environments/overrides"] if lost else [])


def test_an_arn_in_quotation_marks_of_its_own(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1a-AbCdEf:username::"
    tree = copilot(tmp_path, web=WEB + f"secrets: {{USER: \"'{arn}'\"}}\n")
    assert of_copilot(tree, project="shop").tables["dev"]["services"]["web"]["secrets"] == {"USER": arn}


DATABASE = "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n"
SCALING = "Resources:\n  More:\n    Type: AWS::ApplicationAutoScaling::ScalableTarget\n"
OUTPUT = "secrets: {DB: {from_cfn: shop-db}}\n"


def test_what_stays_in_the_other_stack_is_counted_apart(tmp_path: Path) -> None:
    both = copilot(
        tmp_path, web=WEB + OUTPUT, worker="name: worker\ntype: Backend Service\nimage: {build: Dockerfile}\n"
    )
    addon = both / "copilot" / "worker" / "addons" / "db.yml"
    addon.parent.mkdir()
    addon.write_text(DATABASE)
    found = verdict(of_copilot(both, project="shop"))
    assert found.staying == {"services": ["web", "worker"], "jobs": []}
    assert str(found).startswith(
        "0 of 2 services are whole; web and worker are whole but for resources in Copilot's stacks; the Region"
    )
    addon.write_text(DATABASE + SCALING)
    assert verdict(of_copilot(both, project="shop")).staying["services"] == ["web"], "that one scales Copilot's service"


def test_a_loss_of_the_whole_stack_is_in_the_verdict(tmp_path: Path) -> None:
    tree = copilot(tmp_path, web=WEB)
    environment = tree / "copilot" / "environments" / "test" / "manifest.yml"
    environment.parent.mkdir(parents=True)
    environment.write_text("cdn: true\n")
    (tree / "copilot" / "environments" / "overrides").mkdir()
    found = verdict(of_copilot(tree, project="shop"))
    assert found.stack == ["cdn", "copilot/environments/overrides"]
    assert str(found).startswith("1 of 1 service is whole; the stack lacks cdn and copilot/environments/overrides;")


def test_notes_that_make_the_file_too_large_are_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    services = "".join(f"  s{number}: {{image: 'n:1', labels: [a], privileged: true}}\n" for number in range(300))
    (tmp_path / "compose.yaml").write_text(f"services:\n{services}")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--from", "compose", "--project", "many"]) == 0
    out = capsys.readouterr().out
    assert "Not carried over (600; the notes are too many for a file of 65536 bytes):" in out
    assert "compose.yaml:301: services.s299.labels" in out
    file = (tmp_path / "stack.toml").read_text()
    assert file.endswith("# The notes are too many for a file of 65536 bytes; `provision init` has shown them.\n")
    assert main(["config", "services.s299.image"]) == 0
