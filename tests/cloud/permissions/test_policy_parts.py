"""Policies that few need: `state init`, `import`, `doctor`, `list` and `run`, each under exactly its printed policy."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.aws.permissions import Part
from provisioner.config import stack_file
from provisioner.permissions.table import needed
from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.policies import asked, denied, enforce, policies, unproven
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = world.EMPTY

BUCKET = "team-states"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack whose state is in a bucket."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(f'{SMALL}\n[state]\nbucket = "{BUCKET}"\n')
    yield here
    enforce(cloud)
    here.close()


def allow(project: Project, *parts: Part, read_only: bool = False) -> None:
    """Put policies of the configuration in force, and nothing else."""
    found = [it for part in parts for it in policies(project.config, part=part)]
    enforce(project.cloud, *found, *(policies(project.config, read_only=True) if read_only else ()))


def needless(project: Project, part: Part) -> list[str]:
    """The actions of a policy without which everything would have been allowed all the same."""
    rows = needed(stack_file.load(project.config), part=part)
    return [it.name for it in unproven(rows, [one.check for one in asked(project.cloud)])]


def test_state_init_has_a_policy_of_its_own(project: Project) -> None:
    allow(project, Part.MAIN, Part.DOCTOR, Part.IMPORT)
    refused = project.run("state", "init", code=1)
    assert "s3:CreateBucket" in refused.err
    assert "`provision policy` prints it, and `--state` the permissions of state init" in refused.err
    assert "another account" not in refused.err
    allow(project, Part.STATE)
    assert project.run("state", "init").out.splitlines()[0] == f"{BUCKET}: created"
    assert denied(asked(project.cloud)) == []
    # a new bucket has what these set
    s3, now = project.cloud.client("s3"), {"Bucket": BUCKET}
    rules = s3.get_bucket_encryption(**now)["ServerSideEncryptionConfiguration"]
    s3.put_bucket_encryption(**now, ServerSideEncryptionConfiguration=rules)
    block = s3.get_public_access_block(**now)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(**now, PublicAccessBlockConfiguration=block)
    assert needless(project, Part.STATE) == []
    assert "no changes" in project.run("state", "init").out


def test_import_has_a_policy_of_its_own(project: Project) -> None:
    ec2, acm = project.cloud.client("ec2"), project.cloud.client("acm")
    allow(project, Part.STATE)
    project.run("state", "init")
    enforce(project.cloud)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    names = ["app.example.com"]
    certificate = acm.request_certificate(
        DomainName=names[0], SubjectAlternativeNames=names, ValidationMethod="DNS"
    )["CertificateArn"]  # fmt: skip
    allow(project, Part.MAIN)
    refused = project.run("import", "vpc/main", vpc, "--yes", code=1)
    assert "CreateTags" in refused.err
    assert "`provision policy --import`" in refused.err
    allow(project, Part.MAIN, Part.IMPORT)
    project.run("import", "vpc/main", vpc, "--yes")
    project.run("import", "certificate/app.example.com", certificate, "--yes")
    assert denied(asked(project.cloud)) == []
    assert {*needless(project, Part.IMPORT)} == {"ecs:TagResource", "elasticloadbalancing:AddTags"}, "none was there"


def test_doctor_tells_everything_under_what_is_printed(project: Project) -> None:
    allow(project, Part.STATE)
    project.run("state", "init")
    allow(project, Part.MAIN)
    checks = project.run("doctor", "--json").document["checks"]
    assert [it for it in checks if it["verdict"] in ("unknown", "failed")] == []
    assert denied(asked(project.cloud)) == []


def test_a_reader_is_not_failed_for_what_it_never_does(project: Project) -> None:
    allow(project, Part.STATE)
    project.run("state", "init")
    allow(project, read_only=True)
    document = project.run("doctor", "--json").document
    assert [it for it in document["checks"] if it["verdict"] in ("unknown", "failed")] == []
    (permissions,) = [it for it in document["checks"] if it["check"] == "permissions"]
    assert (permissions["verdict"], permissions["text"]) == (
        "warning",
        "the caller may read all that plan, status, top, doctor, list, output and logs do, and may not write",
    )
    assert "`provision policy`" in permissions["fix"]
    assert denied(asked(project.cloud)) == []


def test_a_reader_who_may_not_read_all_is_told_what(project: Project) -> None:
    allow(project, Part.STATE)
    project.run("state", "init")
    without = {"Effect": "Deny", "Action": "ec2:DescribeVpcs", "Resource": "*"}
    enforce(
        project.cloud,
        *policies(project.config, read_only=True),
        {"Version": "2012-10-17", "Statement": [without]},
    )
    document = project.run("doctor", "--json", code=1).document
    (permissions,) = [it for it in document["checks"] if it["check"] == "permissions"]
    assert permissions["verdict"] == "failed"
    assert permissions["text"] == "the caller only reads, and may not: ec2:DescribeVpcs"
    assert "`provision policy --read-only`" in permissions["fix"]


def test_a_quota_that_may_not_be_read_is_unknown(project: Project) -> None:
    allow(project, Part.STATE)
    project.run("state", "init")
    project.cloud.control("POST", "quota", "service=elasticloadbalancing&code=L-53DA6B97&value=500")
    without = {"Effect": "Deny", "Action": "elasticloadbalancing:DescribeAccountLimits", "Resource": "*"}
    enforce(project.cloud, *policies(project.config), {"Version": "2012-10-17", "Statement": [without]})
    checks = {it["check"]: it for it in project.run("doctor", "--json", code=1).document["checks"]}
    told = checks["quota load balancers"]
    assert told["verdict"] == "unknown"
    assert "may not ask elasticloadbalancing" in told["text"]
    assert told["fix"] == "Attach `provision policy --doctor` to the caller"
    enforce(project.cloud, *policies(project.config))
    checks = {it["check"]: it for it in project.run("doctor", "--json").document["checks"]}
    assert checks["quota load balancers"]["text"].startswith("0 of 500 used")


def test_list_tells_which_stacks_may_not_be_read(project: Project) -> None:
    allow(project, Part.STATE)
    project.run("state", "init")
    enforce(project.cloud)
    for name in ("payments-prod", "search-prod"):
        project.cloud.client("s3").put_object(Bucket=BUCKET, Key=f"{name}/state.json", Body=b"{}")
    allow(project, read_only=True)
    ended = project.run("list")
    lines = ended.out.splitlines()
    assert len([line for line in lines if "-prod" in line]) == 2
    assert ended.out.count("the caller may not read it") == 2
    assert "another account" not in ended.out + ended.err
    assert max(map(len, lines)) <= 120


def test_run_has_a_policy_of_its_own(project: Project) -> None:
    project.write(f'{SMALL}\n[jobs.endless]\nimage = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/frontend:1"\n')
    project.up()
    allow(project, Part.MAIN)
    assert "ecs:RunTask" in project.run("run", "endless", code=125).err
    allow(project, Part.RUN)
    project.run("run", "endless")
    project.cut(5, signal.SIGINT, "run", "endless")
    assert denied(asked(project.cloud)) == []
    assert needless(project, Part.RUN) == []
    # nothing else is allowed by it
    assert "UnauthorizedOperation" in project.run("up", "--yes", code=1).err
