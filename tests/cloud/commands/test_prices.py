"""`provision cost --refresh`: AWS's price list is read by exact names, and counts from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ecs_emulator.services.pricing import operations
from provisioner.aws.permissions import Part
from provisioner.config.stack_file import load
from provisioner.cost import table
from provisioner.operations.commands import prices
from provisioner.permissions.printed import printed
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import enforce
from tests.cloud.project import SAMPLE, Project


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A configuration, of which nothing stands."""
    here = Project(cloud, tmp_path)
    here.write(SAMPLE)
    yield here
    here.close()


def test_the_embedded_clouds_prices_are_the_shipped_ones() -> None:
    assert operations.TABLE.read_bytes() == table.SHIPPED.read_bytes()


def test_prices_are_read_and_count_from_then_on(project: Project) -> None:
    project.write(project.config.read_text() + '[capacity]\ninstance_types = ["c5.large", "c4.large"]\n')
    before = project.run("cost", "--json").document
    enforce(project.cloud, *printed(load(project.config), account=None, parts=[Part.PRICES]).values())
    found = project.run("cost", "--refresh", "--json").document
    enforce(project.cloud)
    assert found["region"] == "ap-northeast-1"
    # others that end the same way cost more: trust stores, I/O-Optimized
    assert found["read"]["alb.hour"] == [0.0243, 0.0243]
    assert found["read"]["aurora.acu"] == [0.15, 0.15]
    assert found["read"]["aurora.io"] == [0.24, 0.24]
    assert found["read"]["ec2.c5.large"] == [0.107, 0.107]
    assert (found["kept"], found["missing"]) == ({}, {"ec2.c4.large": "AWS lists no BoxUsage:c4.large"})
    place = project.state / table.OWN
    written = json.loads(place.read_text())
    told = written["regions"]["ap-northeast-1"]["alb.hour"]
    assert told["source"] == "AWS Price List API, APN1-LoadBalancerUsage"
    assert project.run("cost", "--json").document["usual"] == pytest.approx(before["usual"])

    # another Region comes beside it, and an amount that differs is counted and told
    other = project.run("cost", "--refresh", "--region", "us-east-1").out
    assert "ec2.c4.large has no price: AWS lists no BoxUsage:c4.large" in other
    told["amount"] = 1.0243
    written["regions"]["ap-northeast-1"] |= {"alb.hour": told, "ec2.c4.large": {**told, "amount": 0.5}}
    place.write_text(json.dumps(json.loads(place.read_text()) | {"regions": written["regions"]}))
    dearer = project.run("cost", "--json").document
    assert dearer["usual"] - before["usual"] == pytest.approx(730)
    again = project.run("cost", "--refresh").out
    assert "alb.hour  1.0243 ->  0.0243" in again
    assert "ec2.c4.large stays as it was: AWS lists no BoxUsage:c4.large" in again
    assert table.own(project.state)["ap-northeast-1"]["ec2.c4.large"]["amount"] == 0.5


def test_one_product_is_meant_by_each_key_in_each_region() -> None:
    """In us-east-1 most usage types have no prefix, and in ap-southeast-1 one has another Region's."""
    for region in table.regions():
        known = table.load(region)
        a_type = next(key for key in known.prices if key.startswith("ec2."))
        for key in (*known.products, a_type):
            product = table.product_of(key, known.products)
            assert product
            asked = prices.filters(region, product)
            given = [one for one in operations.products()[product.service] if operations.matches(one, asked)]
            (meant,) = (one for one in given if prices.is_meant(one, product, known))
            ((dimension,),) = (one["priceDimensions"].values() for one in meant["terms"]["OnDemand"].values())
            amount = float(dimension["pricePerUnit"]["USD"]) * product.per
            assert amount == pytest.approx(known.prices[key].amount), (region, key)


@pytest.mark.parametrize(
    ("region", "meant", "others"),
    [
        ("us-east-1", ["", "USE1-"], ["TS-", "USE1-TS-", "Outposts-", "USW2-"]),
        ("eu-west-1", ["EU-"], ["", "TS-", "EUW2-", "EU-TS-"]),
        ("ap-northeast-1", ["APN1-"], ["", "TS-", "APN2-", "APN1-TS-"]),
        ("xx-west-9", ["XXW9-"], ["", "TS-", "XXW9-TS-"]),
    ],
)
def test_a_usage_type_has_its_regions_prefix(region: str, meant: list[str], others: list[str]) -> None:
    known = table.load(region)
    product = known.products["alb.hour"]
    listed = [
        {"product": {"attributes": {"usagetype": f"{prefix}{product.usage}", "operation": product.operation}}}
        for prefix in (*meant, *others)
    ]
    assert [prices.is_meant(one, product, known) for one in listed] == [True] * len(meant) + [False] * len(others)


def test_us_east_1_is_read_whole(project: Project) -> None:
    found = project.run("cost", "--refresh", "--region", "us-east-1", "--json").document
    assert found["kept"] == {}
    assert all(old == new for old, new in found["read"].values())


def test_the_price_list_is_as_aws_gives_it(cloud: EmbeddedCloud) -> None:
    """Texts of JSON, a hundred on a page, in three Regions (Pricing API, GetProducts)."""
    client = cloud.client("pricing", "eu-central-1")
    pages = [*client.get_paginator("get_products").paginate(ServiceCode="AmazonEC2")]
    assert {len(page["PriceList"]) for page in pages[:-1]} == {100}
    first = json.loads(pages[0]["PriceList"][0])
    assert {"product", "serviceCode", "terms", "version", "publicationDate"} <= first.keys()
    assert len({one for page in pages for one in page["PriceList"]}) == len(operations.products()["AmazonEC2"])
    with pytest.raises(ClientError, match="Credential should be scoped to a valid region"):
        cloud.client("pricing", "ap-northeast-1").get_products(ServiceCode="AmazonEC2")
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.get_products(ServiceCode="AmazonEC2", NextToken="x")


def test_no_policy_but_its_own_reads_prices(project: Project) -> None:
    config = load(project.config)
    assert "pricing:" not in json.dumps(printed(config, account=None))
    assert "pricing:" not in json.dumps(printed(config, account=None, read_only=True))


def test_a_region_that_aws_does_not_have_changes_nothing(project: Project) -> None:
    ended = project.run("cost", "--refresh", "--region", "xx-east-1", code=1)
    assert "AWS's price list has none of xx-east-1" in ended.err
    assert not (project.state / table.OWN).exists()
    assert "is not an AWS Region" in project.run("cost", "--refresh", "--region", "east", code=4).err
