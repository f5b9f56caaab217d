"""Systems of several shapes, each whole from another tool's files to nothing: init, config, up, plan, rehearse, down.

They name what stands in an account: a VPC, security groups, certificates, parameters, secrets. Nothing of it is put
into the embedded cloud beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.project import Project, without_config

pytestmark = [pytest.mark.slow, world.EMPTY]

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
SECRET = "/copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets"
JOBS_ONLY = {
    "copilot/.workspace": "application: nightly-transcriptions\n",
    "copilot/transcribe/manifest.yml": f"""
name: transcribe
type: Scheduled Job
on: {{schedule: none}}
image: {{location: '{REGISTRY}/transcribe:1'}}
cpu: 1024
memory: 4096
storage: {{ephemeral: 60}}
secrets: {{KEY: '{SECRET}/KEY'}}
environments:
  long-name-of-an-environment: {{exec: true}}
""",
}
NAMES = {
    "copilot/.workspace": "application: crm\n",
    "copilot/environments/prod/manifest.yml": f"""
name: prod
type: Environment
http: {{public: {{certificates: ['{CERTIFICATE}'], ssl_policy: ELBSecurityPolicy-TLS13-1-2-2021-06}}}}
""",
    "copilot/web/manifest.yml": f"""
name: web
type: Load Balanced Web Service
http: {{path: '/', alias: [crm.test, www.crm.test], healthcheck: /healthz, stickiness: true}}
image: {{location: '{REGISTRY}/web:1', port: 8000}}
count: {{range: 1-4, cooldown: {{in: 60s}}, cpu_percentage: 70}}
network: {{connect: true}}
secrets: {{SESSION_KEY: '{SECRET}/SESSION_KEY'}}
taskdef_overrides: [{{path: 'ContainerDefinitions[0].StopTimeout', value: 60}}]
""",
    "copilot/admin/manifest.yml": f"""
name: admin
type: Load Balanced Web Service
http: {{path: '/', alias: admin.crm.test}}
image: {{location: '{REGISTRY}/admin:1', port: 8000}}
network: {{connect: true}}
variables: {{CACHE_HOST: cache}}
""",
    "copilot/cache/manifest.yml": f"""
name: cache
type: Backend Service
image: {{location: '{REGISTRY}/cache:1', port: 6379}}
network: {{connect: true}}
unknown: 1
""",
}
EXISTING_VPC = {
    "copilot/.workspace": "application: claims\n",
    "copilot/environments/test/manifest.yml": """
name: test
type: Environment
network:
  vpc:
    id: vpc-0123456789abcdef0
    subnets:
      public: [{id: subnet-0123456789abcdef1}, {id: subnet-0123456789abcdef2}]
      private: [{id: subnet-0123456789abcdef3}, {id: subnet-0123456789abcdef4}]
""",
    "copilot/portal/manifest.yml": f"""
name: portal
type: Load Balanced Web Service
http: {{path: '/'}}
image: {{location: '{REGISTRY}/portal:1', port: 80}}
network: {{vpc: {{placement: private, security_groups: {{deny_default: true, groups: [sg-0123456789abcdef5]}}}}}}
secrets:
  PASSWORD: {{secretsmanager: 'claims/${{COPILOT_ENVIRONMENT_NAME}}/db:password::'}}
  TOKEN: 'arn:aws:ssm:eu-west-1:123456789012:parameter/claims/token'
  PLAIN: CLAIMS_KEY
""",
}
STORES_STAY = {
    "copilot/.workspace": "application: redash\n",
    "copilot/environments/test/manifest.yml": "name: test\ntype: Environment\n",
    "copilot/environments/addons/db.yml": "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n",
    "copilot/server/manifest.yml": f"""
name: server
type: Load Balanced Web Service
http: {{path: '/'}}
image: {{location: '{REGISTRY}/redash:1', port: 5000}}
secrets: {{URL: {{from_cfn: redash-test-url}}}}
""",
    "copilot/worker/manifest.yml": f"""
name: worker
type: Backend Service
image: {{location: '{REGISTRY}/redash:1'}}
command: worker
count: {{range: {{min: 1, max: 3, spot_from: 2}}, memory_percentage: 80}}
""",
    "copilot/report/manifest.yml": f"""
name: report
type: Scheduled Job
on: {{schedule: '@daily'}}
image: {{location: '{REGISTRY}/redash:1'}}
""",
}
COMPOSE = {
    "compose.yaml": f"""
services:
  web: {{image: '{REGISTRY}/web:1', ports: ['80:8000'], environment: {{API_ADDRESS: 'http://api:4000'}}}}
  api: {{image: '{REGISTRY}/api:1', expose: ['4000']}}
  worker: {{image: '{REGISTRY}/api:1', command: work, deploy: {{replicas: 2}}}}
""",
}
WITH_STORES = {
    "compose.yaml": f"""
x-stores: &stores
  SQLALCHEMY_DATABASE_URI: postgresql://shop:hunter22@db:5432/orders
  CELERY_BROKER_URL: redis://cache:6379/0
  PGHOST: db
  PGPASSWORD: hunter22
services:
  web: {{image: '{REGISTRY}/web:1', ports: ['80:8000'], environment: *stores}}
  worker: {{image: '{REGISTRY}/web:1', command: work, environment: *stores}}
  db: {{image: 'postgres:17', environment: {{POSTGRES_USER: shop, POSTGRES_PASSWORD: hunter22, POSTGRES_DB: orders}}}}
  cache: {{image: 'redis:7'}}
""",
}
SYSTEMS = {
    # files, the tool, the verdict's beginning, and the words for what stands in
    "jobs-only": (JOBS_ONLY, "copilot", "1 of 1 job is whole", ["parameter /copilot/nightly-transcriptions/"]),
    "names": (
        NAMES,
        "copilot",
        "3 of 3 services are whole;",
        [CERTIFICATE, "public hosted zone crm.test", "parameter /copilot/crm/prod/secrets/SESSION_KEY"],
    ),
    "existing-vpc": (
        EXISTING_VPC,
        "copilot",
        "1 of 1 service is whole;",
        ["VPC vpc-0123456789abcdef0", "security group sg-0123456789abcdef5", "secret claims/test/db", "CLAIMS_KEY"],
    ),
    "stores-stay": (
        STORES_STAY,
        "copilot",
        "1 of 2 services is whole and 1 of 1 job is whole; server is whole but for resources in Copilot's stacks;",
        [],
    ),
    "compose": (COMPOSE, "compose", "3 of 3 services are whole", []),
    "compose-with-stores": (WITH_STORES, "compose", "2 of 2 services are whole", []),
}


@pytest.fixture
def here(cloud: EmbeddedCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An empty directory, and stand-ins as users have them."""
    monkeypatch.delenv("PROVISION_STAND_INS")
    with without_config(cloud, tmp_path / "system", {}) as made:
        yield made


def laid_out(here: Project, name: str) -> None:
    for place, content in SYSTEMS[name][0].items():
        path = here.directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_goes_its_whole_way(here: Project, name: str) -> None:
    _, tool, verdict, stand_ins = SYSTEMS[name]
    laid_out(here, name)
    told = here.run("init", "--from", tool, "--json", *(("--project", "shop") if tool == "compose" else ())).document
    assert told["problems"] == []
    assert told["verdict"]["text"].startswith(verdict), told["verdict"]["text"]
    here.run("config")
    noted = here.run("plan", "--json", code=2).document["notes"]
    assert [one for one in stand_ins if not any("has stand-ins" in note and one in note for note in noted)] == [], noted
    assert stand_ins or not any("has stand-ins" in note for note in noted), noted
    before = here.inventory()
    here.up()
    assert here.planned() == {}
    [run] = here.run("rehearse", "--json").document["runs"]
    assert (run["passes"], run["outages"]) == (True, [])
    here.run("down", "--yes", "--unprotect")
    assert difference(before, here.inventory(), *NEVER_REMOVED) == {}


def test_what_is_there_has_no_stand_in(here: Project) -> None:
    """A parameter of the user's own keeps its value, and is not named."""
    laid_out(here, "jobs-only")
    here.run("init", "--from", "copilot")
    name = "/copilot/nightly-transcriptions/long-name-of-an-environment/secrets/KEY"
    ssm = here.cloud.elsewhere("eu-west-1").client("ssm")
    ssm.put_parameter(Name=name, Value="mine", Type="SecureString")
    assert not any("has stand-ins" in note for note in here.run("plan", "--json", code=2).document["notes"])
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "mine"


def test_stand_ins_can_be_turned_off(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a missing resource is refused as AWS would refuse it."""
    monkeypatch.setenv("PROVISION_STAND_INS", "0")
    laid_out(here, "existing-vpc")
    here.run("init", "--from", "copilot")
    assert "there is no such group" in here.run("plan", code=4).err
