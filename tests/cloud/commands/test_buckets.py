"""The buckets of services: made, used by tasks, changed, kept until they are named, and emptied by `down`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import SMALL, Project, ready_image

pytestmark = [pytest.mark.slow, world.EMPTY]

BUCKET = f"{NAME}-123456789012-ap-northeast-1-uploads"
USED = SMALL.replace("public = true\n", 'public = true\nbuckets = ["uploads"]\n')
TABLE = "[buckets.uploads]\nexpire_days = 30\nversions = true\ncors = true\n"


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    """A small stack with a bucket."""
    ready_image(cloud, "frontend")
    here = Project(cloud, tmp_path)
    here.write(USED + TABLE)
    yield here
    here.close()


def container(project: Project) -> dict[str, Any]:
    """The container of the newest task definition."""
    ecs = project.cloud.client("ecs")
    newest = ecs.describe_task_definition(taskDefinition=f"{NAME}-frontend")["taskDefinition"]
    found: dict[str, Any] = newest["containerDefinitions"][0]
    return found


def test_a_bucket_is_used_changed_kept_and_let_go(project: Project) -> None:
    before = project.inventory()
    assert project.up().results["bucket/uploads"] == "created"
    assert {"name": "UPLOADS_BUCKET", "value": BUCKET} in container(project)["environment"]
    s3 = project.cloud.client("s3")
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == ["https://app.example.com"]
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}
    for body in (b"1", b"2"):
        s3.put_object(Bucket=BUCKET, Key="one", Body=body)
    s3.delete_object(Bucket=BUCKET, Key="gone")
    s3.create_multipart_upload(Bucket=BUCKET, Key="large")

    # settings go: the rule for objects that expire, and versions, which AWS can only suspend
    project.write(USED + "[buckets.uploads]\n")
    assert project.up().results["bucket/uploads"] == "changed"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert "Days" not in rule["Expiration"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Suspended"
    assert project.run("plan", "--json").document["counts"].keys() == {"none"}

    # out of the file it stays, and the tasks lose their rights
    project.write(SMALL)
    planned = project.run("plan", "--json", code=2).document
    assert planned["kept"] == ["bucket/uploads"]
    assert "bucket/uploads" not in project.up().results
    assert "UPLOADS_BUCKET" not in [one["name"] for one in container(project)["environment"]]
    project.run("recover", "--yes")
    process = project.fork("up", "--yes", "--delete", "bucket/uploads")
    kill(project.cloud, pid=process.pid, call=1, when="after", operation="s3:DeleteObjects")
    assert project.end(process).code == -signal.SIGKILL
    assert project.up().results["bucket/uploads"] == "deleted", "what was begun goes on"

    # and `down` names the data that goes with the stack
    project.write(USED + TABLE)
    project.up()
    s3.put_object(Bucket=BUCKET, Key="one", Body=b"1")
    s3.create_multipart_upload(Bucket=BUCKET, Key="large")
    assert "the objects in the bucket (bucket/uploads: 1 object)" in project.run("down", code=4).err
    assert project.down().results["bucket/uploads"] == "deleted"
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}
