"""An existing certificate on the HTTPS listener: there and back without an outage, and nothing of it is touched."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator import control
from tests.cloud import world
from tests.cloud.conftest import REGION
from tests.cloud.policies import enforce, policies
from tests.cloud.project import Project, project, ready_image  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.slow, world.EMPTY]

ACM = f"arn:aws:acm:{REGION}:123456789012:certificate/"
GIVEN, SECOND = f"{ACM}11111111-1111-1111-1111-111111111111", f"{ACM}22222222-2222-2222-2222-222222222222"
WRITES = ("AddTagsToCertificate", "RemoveTagsFromCertificate", "DeleteCertificate", "RequestCertificate")
OWN = """
project = "ecs-sample"
env = "dev"

[network]
zones = 2

[services.web]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/web:1"
port = 80
public = true

[dns]
domain = "example.com"
"""


def given(*arns: str) -> str:
    """Return the file with existing certificates."""
    listed = ", ".join(f'"{one}"' for one in arns)
    return f"{OWN}certificate = [{listed}]\n"


@pytest.fixture
def here(project: Project) -> Project:  # noqa: F811
    """A project whose image and two certificates are there: for the domain's names, and for another one."""
    project.write(OWN)
    ready_image(project.cloud, "web")
    made = {GIVEN: ["*.example.com"], SECOND: ["shop.example.com"]}
    control.put_unmanaged(project.cloud.process, {"region": REGION, "certificates": made})
    return project


def shown(here: Project) -> tuple[str, set[str]]:
    """Return the default certificate of the HTTPS listener, and the certificates in its list."""
    elb = here.cloud.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    found = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (arn,) = [one["ListenerArn"] for one in found if one["Protocol"] == "HTTPS"]
    listed = elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    (default,) = [one["CertificateArn"] for one in listed if one["IsDefault"]]
    return default, {one["CertificateArn"] for one in listed if not one["IsDefault"]}


def moved(here: Project, text: str) -> Any:
    """Rehearse a change and make it; return the rehearsal's outages."""
    here.write(text)
    [run] = here.run("rehearse", "--json").document["runs"]
    assert run["problems"] == []
    here.up()
    assert here.planned() == {}
    return run["outages"]


def test_a_life_with_it(here: Project) -> None:
    here.write(given(GIVEN, SECOND))
    assert here.run("rehearse", "--json").document["runs"][0]["problems"] == []
    here.up()
    assert shown(here) == (GIVEN, {SECOND})
    assert here.planned() == {}
    [first, second] = here.run("status", "--json").document["live"]["certificates"]
    assert {first["name"], second["name"]} == {"*.example.com", "shop.example.com"}
    assert first["expires"]
    assert f"{GIVEN} and 1 more cover app.example.com, until " in here.run("doctor").out
    here.write(given(SECOND, GIVEN))
    here.up()
    assert shown(here) == (SECOND, {GIVEN})
    assert here.planned() == {}
    here.down()
    acm = here.cloud.client("acm")
    for arn in (GIVEN, SECOND):
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == []
        assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == []
    assert not [call for call in here.cloud.calls(0) if call["operation"] in WRITES]


def test_there_and_back_without_an_outage(here: Project) -> None:
    here.up()
    own, _ = shown(here)
    assert moved(here, given(GIVEN, SECOND)) == []
    assert shown(here) == (GIVEN, {SECOND})
    acm = here.cloud.client("acm")
    assert {one["CertificateArn"] for one in acm.list_certificates()["CertificateSummaryList"]} == {GIVEN, SECOND}
    assert moved(here, OWN) == []
    default, listed = shown(here)
    assert default not in (own, GIVEN)
    assert listed == set()


def test_what_is_refused_before_anything_is_written(here: Project) -> None:
    acm = here.cloud.client("acm")
    pending = acm.request_certificate(DomainName="app.example.com", ValidationMethod="DNS")["CertificateArn"]
    for arn, says in (
        (SECOND, "is for shop.example.com, and not for app.example.com: add a certificate"),
        (f"{ACM}none", "there is no such certificate in ap-northeast-1"),
        (pending, "is PENDING_VALIDATION: use an ISSUED one"),
        (GIVEN.replace("123456789012", "210987654321"), "is of account 210987654321"),
    ):
        here.write(given(arn))
        number = here.last_call()
        for command in (("plan",), ("up", "--yes")):
            ended = here.run(*command, code=4)
            assert says in ended.err.replace("\n", " "), ended.err
        assert says.partition(":")[0] in here.done("doctor").out
        assert not [call for call in here.cloud.calls(number) if call["write"]]


def test_its_end_is_named_beforehand(here: Project) -> None:
    here.write(given(GIVEN))
    here.cloud.advance(340 * 86400)
    ends = f"{GIVEN} (dns.certificate) ends in "
    number = here.last_call()
    assert [note for note in here.run("plan", "--json", code=2).document["notes"] if note.startswith(ends)]
    asked = [call for call in here.cloud.calls(number) if call["operation"] == "DescribeCertificate"]
    assert len(asked) == 1
    assert ends in here.done("doctor").out
    assert [one["text"] for one in here.up().said("notice") if one["text"].startswith(ends)]


def test_the_printed_policy_reads_it_and_no_more(here: Project) -> None:
    here.write(given(GIVEN, SECOND))
    here.run("policy", "--create-boundary")
    enforce(here.cloud, *policies(here.config))
    here.up()
    assert here.planned() == {}
    here.down()
    enforce(here.cloud)


def test_a_lost_state_is_rebuilt(here: Project) -> None:
    here.write(given(GIVEN, SECOND))
    here.up()
    here.lose_state()
    here.run("recover", "--yes")
    assert here.planned() == {}
    here.down()
