"""`doctor` on jobs: the same checks as on services, as far as jobs have the settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.doctor.test_doctor import ARM64, REGISTRY, SERVICES, Look, look, network_of, push
from tests.cloud.rig import Rig

pytestmark = world.EMPTY

__all__ = ["look"]
WEB = {"web": {"image": f"{REGISTRY}/web:1", "port": 80, "launch": "ec2"}}
"""A service that needs nothing of Fargate."""
REPORT = {"image": f"{REGISTRY}/web:1"}
MIGRATE = {**REPORT, "before_deploy": True, "cpu": 4096, "memory": 8192}


def test_a_jobs_image_is_looked_for(look: Look, rig: Rig) -> None:
    push(rig.cloud, "feed", ARM64)
    jobs = {"report": {"image": f"{REGISTRY}/report:1"}, "feed": {"image": f"{REGISTRY}/feed:1"}, "again": REPORT}
    found = look("images", services=WEB, jobs=jobs)
    assert {name: one.verdict for name, one in found.items()} == {
        "image web": "ok", "image again": "ok", "image report": "failed", "image feed": "failed",
    }  # fmt: skip
    assert found["image report"].text == "ECR has no repository report"
    assert found["image feed"].text.endswith("is for linux/arm64, but tasks run on linux/amd64")


def test_what_a_job_is_built_of_needs_an_engine(look: Look) -> None:
    jobs = {"report": {"build": "report"}}
    found = look("docker", services=WEB, jobs=jobs, target="aws")
    assert found["image report"].verdict == "failed"
    assert found["image report"].fix == "fix that, or push the image yourself and set jobs.report.image"


def test_a_jobs_secret_is_looked_for(look: Look) -> None:
    found = look("secrets", services=WEB, jobs={"report": {**REPORT, "secrets": ["TOKEN"]}})["secrets"]
    assert found.verdict == "failed"
    assert "jobs.report" in found.text + found.fix


def test_fargate_is_looked_at_for_a_job_alone(look: Look) -> None:
    assert look("fargate", services=WEB) == {}
    assert look("fargate", services=WEB, jobs={"report": REPORT})["fargate"].verdict == "ok"


@pytest.mark.parametrize(
    ("jobs", "quota", "verdict", "text"),
    [
        ({"report": REPORT}, 6, "ok", "0 of 6 used, 0 more needed, 0.25 when scaled out"),
        ({"report": REPORT}, 0, "warning", "0 of 0 used, 0 more needed, 0.25 when scaled out"),
        ({"migrate": MIGRATE}, 6, "ok", "0 of 6 used, 4 more needed"),
        ({"migrate": MIGRATE}, 3, "failed", "0 of 3 used, 4 more needed"),
        ({"migrate": MIGRATE, "report": REPORT}, 4, "warning", "0 of 4 used, 4 more needed, 4.25 when scaled out"),
    ],
)
def test_a_job_takes_vcpus_on_demand(
    look: Look, rig: Rig, jobs: dict[str, Any], quota: int, verdict: str, text: str
) -> None:
    rig.cloud.control("POST", "quota", f"service=fargate&code=L-3032A538&value={quota}")
    names = ("quota Fargate On-Demand vCPUs", "quota Fargate Spot vCPUs")
    found = look(*names, services=WEB, jobs=jobs)
    assert (found[names[0]].verdict, found[names[0]].text) == (verdict, text)
    assert found[names[1]].text == "nothing more needed", "no job is ever on Spot"


def test_a_jobs_task_has_an_interface_and_an_address(look: Look, rig: Rig) -> None:
    jobs = {"report": REPORT, "feed": REPORT}
    name = "quota network interfaces"
    without, beside = (look(name, services=SERVICES, jobs=some)[name].text for some in ({}, jobs))
    scaled_out = [int(text.rpartition(" when")[0].rpartition(" ")[2]) for text in (without, beside)]
    assert scaled_out[1] - scaled_out[0] == len(jobs)

    rig.up(network_of("10.0.4.0/24")).ok()
    ec2 = rig.cloud.client("ec2")
    (subnet,) = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.0.4.0/24"]}])["Subnets"]
    for _ in range(52):
        ec2.create_network_interface(SubnetId=subnet["SubnetId"])
    here: dict[str, Any] = {"network": {"cidr": "10.0.0.0/20", "zones": 3}}
    services = {"api": {**SERVICES["api"], "count": 198, "scaling": {"max": 198}}}
    assert look("room", services=services, **here)["room"].verdict == "ok"
    found = look("room", services=services, jobs=jobs, **here)["room"]
    assert found.verdict == "warning"
    assert found.text.endswith(
        "has 199 free addresses, and a deployment of all tasks beside all jobs takes 200 in each"
    )
