"""Two environments of one stack.toml beside each other, in turns: neither touches anything of the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.inventory import NEVER_REMOVED, Inventory, Resource, difference, running
from tests.cloud.project import Project
from tests.unit.config.unplaced import PLACE

pytestmark = [pytest.mark.slow, world.EMPTY]

DOMAIN = "shop.example.org"
STACK = f"""
project = "shop"

[dns]
domain = "{DOMAIN}"
create_zone = true

[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 80
public = true
"""
COUNTED = "zones"
"""A zone counts its records."""
STAGING = ("--env", "staging")

Resources = dict[str, list[Resource]]


@pytest.fixture
def shop(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """One file, whose own environment is dev."""
    here = Project(cloud, tmp_path)
    here.write(STACK)
    yield here
    here.close()


def lacking(before: Inventory, after: Inventory) -> Resources:
    return {sort: found["lacking"] for sort, found in difference(before, after, COUNTED).items() if found["lacking"]}


def added(before: Inventory, after: Inventory) -> Resources:
    return lacking(after, before)


def settled(shop: Project) -> Inventory:
    return shop.settled(running, "all tasks")


def planned(shop: Project, *words: str) -> dict[str, str]:
    document = shop.done("plan", "--json", *words).document
    return {
        item["address"]: item.get("why") or item["action"] for item in document["resources"] if item["action"] != "none"
    }


def records(found: Inventory) -> set[str]:
    return {record["Name"] for record in found["records"] if DOMAIN in record["Name"] and record["Type"] == "A"}


def test_a_life_of_two_environments_in_turns(shop: Project) -> None:
    before = shop.inventory()
    shop.run("up", "--yes", code=3)
    shop.cloud.delegate(DOMAIN)
    shop.run("up", "--yes")
    dev = settled(shop)
    _meet_under_one_name(shop)
    assert difference(dev, shop.inventory()) == {}

    shop.run("up", "--yes", *STAGING)
    both = settled(shop)
    staging = added(dev, both)
    assert lacking(dev, both) == {}, "nothing of dev was changed"
    assert len([zone for zone in both["zones"] if zone["Name"] == f"{DOMAIN}."]) == 1, "they share the public zone"
    assert records(both) == {f"app.{DOMAIN}.", f"app-staging.{DOMAIN}."}
    assert planned(shop) == planned(shop, *STAGING) == {}
    assert difference(both, shop.inventory()) == {}
    _tell_each_of_itself(shop)

    shop.change(r"\A", "\nlogs = { retention_days = 14 }\n")
    shop.run("up", "--yes")
    changed = settled(shop)
    assert set(lacking(both, changed)) == {"log_groups"}
    assert all("shop-dev" in group["logGroupName"] for group in lacking(both, changed)["log_groups"])
    assert set(planned(shop, *STAGING).values()) == {"change"}, "the file has changed for both"

    shop.run("down", "--yes", *STAGING)
    alone = settled(shop)
    assert added(changed, alone) == {}
    assert lacking(changed, alone) == staging, "exactly what staging had made"
    assert records(alone) == {f"app.{DOMAIN}."}
    assert planned(shop) == {}

    shop.run("down", "--yes")
    assert difference(before, shop.inventory(), *NEVER_REMOVED) == {}


def _meet_under_one_name(shop: Project) -> None:
    """Check that a second environment under the first one's name is refused, and that the error names the owner."""
    own = shop.config.read_text()
    shop.write(own.replace("create_zone", 'host = "app"\ncreate_zone'))
    refused = {address: why for address, why in planned(shop, *STAGING).items() if why != "create"}
    assert list(refused) == [f"record_set/app.{DOMAIN}"]
    assert "belongs to another stack (project shop, environment dev)" in refused[f"record_set/app.{DOMAIN}"]
    shop.write(own)


def _tell_each_of_itself(shop: Project) -> None:
    dev, staging = (shop.run("output", "--json", *words).document for words in ((), STAGING))
    assert (dev["url"], staging["url"]) == (f"https://app.{DOMAIN}", f"https://app-staging.{DOMAIN}")
    assert (dev["stack"], staging["stack"]) == ("shop-dev", "shop-staging")
    assert not set(dev.values()) & set(staging.values()) - {dev["account"], dev["region"]}
    found = shop.run("list", "--json").document["stacks"]
    assert [(one["stack"], one["env"], one["last_run"]["result"]) for one in found] == [
        ("shop-dev", "dev", "ok"),
        ("shop-staging", "staging", "ok"),
    ]
    kept = {resource["address"] for resource in shop.run("state", "list", "--json", *STAGING).document}
    assert "hosted_zone/public" not in kept, "the zone is dev's"


def told(document: Any) -> list[str]:
    """The notes of a plan, but for that on an image which the embedded cloud does not have."""
    return [note for note in document["notes"] if "so it is not checked" not in note]


def test_production_tells_which_defaults_change_a_standing_stack(shop: Project) -> None:
    """The former defaults are written into the file, then taken out, as if a stack from before the new ones stood."""
    before = STACK + "on_demand = { percent = 0 }\nscaling = { min = 1 }\n"
    shop.write(before)
    shop.run("up", "--yes", "--env", "prod", code=3)
    shop.cloud.delegate(DOMAIN)
    shop.run("up", "--yes", "--env", "prod")
    assert not told(shop.run("plan", "--json", "--env", "prod").document)
    shop.write(STACK + "scaling = { max = 10 }\n")
    document = shop.run("plan", "--json", "--env", "prod", code=2).document
    changed = {item["address"] for item in document["resources"] if item["action"] != "none"}
    assert changed == {"service/web", "scalable_target/web"}
    because = 'the default of env = "prod", and was otherwise: to keep the former value, write'
    assert told(document) == [
        f"on_demand is {{ percent = 100 }} for services.web, {because} on_demand = {{ percent = 0 }} there",
        f"scaling.min is 2 for services.web, {because} scaling = {{ min = 1 }} there",
    ]
    shop.run("up", "--yes", "--env", "prod")
    assert not told(shop.run("plan", "--json", "--env", "prod").document)


OVERLAYS = (
    STACK
    + """
[database]
max_acu = 2
[network]
zones = 2
[environments.prod]
account = { id = "123456789012" }
dns = { host = "www" }
database = { max_acu = 8 }
network = { zones = 3, flow_logs = true }
logs = { retention_days = 30 }
services.web = { cpu = 512, memory = 1024, scaling = { max = 4 } }
"""
)
PROD = ("--env", "prod")


def all_run(found: Inventory) -> bool:
    """Return whether all tasks that the services want are running and healthy, and no deployment is under way."""
    services = found["ecs_services"]
    return (
        all(s["runningCount"] == s["desiredCount"] and len(s["deployments"]) == 1 for s in services)
        and sum(s["desiredCount"] for s in services) == len(found["tasks"])
        and all(t["TargetHealth"]["State"] == "healthy" for g in found["target_groups"] for t in g["targets"])
    )


def test_overlays_make_two_stacks_of_one_file(shop: Project) -> None:
    """The stacks differ in sizes, counts and settings; a change of one does not touch the other."""
    before = shop.inventory()
    shop.write(OVERLAYS)
    shop.run("up", "--yes", code=3)
    shop.cloud.delegate(DOMAIN)
    shop.run("up", "--yes")
    dev = shop.settled(all_run, "all tasks")

    shop.run("up", "--yes", *PROD)
    both = shop.settled(all_run, "all tasks")
    assert lacking(dev, both) == {}, "nothing of dev was changed"
    prod = added(dev, both)
    assert records(both) == {f"app.{DOMAIN}.", f"www.{DOMAIN}."}
    assert planned(shop) == planned(shop, *PROD) == {}
    ecs, rds = shop.cloud.client("ecs"), shop.cloud.client("rds")
    sizes = {
        env: ecs.describe_task_definition(taskDefinition=f"shop-{env}-web")["taskDefinition"]["cpu"]
        for env in ("dev", "prod")
    }
    assert sizes == {"dev": "256", "prod": "512"}
    services = {
        env: ecs.describe_services(cluster=f"shop-{env}", services=["web"])["services"][0]["desiredCount"]
        for env in ("dev", "prod")
    }
    assert services == {"dev": 1, "prod": 2}
    clusters = rds.describe_db_clusters()["DBClusters"]
    capacity = {one["DBClusterIdentifier"]: one["ServerlessV2ScalingConfiguration"]["MaxCapacity"] for one in clusters}
    assert capacity == {"shop-dev": 2, "shop-prod": 8}
    # two and three zones, of three tiers each
    assert (len(dev["subnets"]), len(prod["subnets"])) == (len(before["subnets"]) + 6, 9)

    shop.change("max_acu = 8", "max_acu = 16")
    assert planned(shop) == {}, "it is said of prod alone"
    assert set(planned(shop, *PROD).values()) == {"change"}
    shop.change("max_acu = 16", "max_acu = 8")

    shop.run("down", "--yes", "--unprotect", *PROD)
    alone = shop.settled(all_run, "all tasks")
    kept = {"db_cluster_snapshots", "snapshots", *NEVER_REMOVED}
    assert added(dev, alone).keys() <= kept, "the final snapshot, and roles that the account shares"
    assert lacking(both, alone) == {sort: things for sort, things in prod.items() if sort not in NEVER_REMOVED}
    assert planned(shop) == {}
    shop.run("down", "--yes")
    left = {sort for sort in difference(before, shop.inventory(), *NEVER_REMOVED) if "snapshot" not in sort}
    assert left == set()


def test_another_account_is_refused_before_anything_is_read(
    shop: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The embedded cloud stands in for AWS; GetCallerIdentity is the one call that each command makes."""
    own = '[network]\nallow = ["203.0.113.0/24"]\n'
    account = '[environments.prod.account]\nid = "210987654321"\n'
    shop.write(f'target = "aws"\n{STACK}{own}{account}')
    monkeypatch.setenv("AWS_ENDPOINT_URL", shop.cloud.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", shop.cloud.process.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.chdir(shop.directory)
    wrong = (
        'environment "prod" belongs to AWS account 210987654321, and the access key in AWS_ACCESS_KEY_ID is of '
        "123456789012"
    )
    for number, words in enumerate(
        (["up", "--yes"], ["plan"], ["down", "--yes"], ["recover"], ["import", "vpc/main", "vpc-1"])
    ):
        log = shop.directory / f"{number}.jsonl"
        assert main([*words, *PROD, "--log", str(log)]) == 4
        told = PLACE.sub("", capsys.readouterr().err)
        assert f"error: stack.toml: account.id: {wrong}: choose a profile" in told
        calls = [line for line in map(json.loads, log.read_text().splitlines()) if "operation" in line]
        assert [call["operation"] for call in calls] == ["GetCallerIdentity"]
    assert main(["doctor", *PROD]) == 1
    assert f"credentials   {wrong}" in capsys.readouterr().out
    main(["plan", "--no-rehearse"])
    assert "belongs to AWS account" not in capsys.readouterr().err, "dev has no account of its own"
