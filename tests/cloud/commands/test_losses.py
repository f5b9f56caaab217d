"""Data that a run would delete for good: told before, kept until it is named, never given away by a protected stack.

And the reports of runs that were interrupted or killed.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import world
from tests.cloud.conftest import EmbeddedCloud
from tests.cloud.crash.cuts import kill
from tests.cloud.inventory import NEVER_REMOVED, difference
from tests.cloud.lookups import NAME
from tests.cloud.project import ENDPOINTS, NETWORK, Project, project  # noqa: F401  (a fixture)
from tests.cloud.project import SMALL as ONE_SERVICE
from tests.cloud.warm import PROGRAM, environment

pytestmark = [pytest.mark.slow, world.EMPTY]

SMALL = f"{ONE_SERVICE}\n[database]\n"
LOGGED = "load_balancer = { access_logs = true }\n"
JOBS = """
[services.jobs]
image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/jobs:1"
port = 9000
"""
BUCKET = f"{NAME}-123456789012-ap-northeast-1-logs"
KEPT = ["bucket/access-logs", "log_group/service-jobs", "repository/jobs"]


def filled(cloud: EmbeddedCloud) -> None:
    """Put an object into the bucket, an image into the repository, and a line into the log."""
    cloud.client("s3").put_object(Bucket=BUCKET, Key="AWSLogs/one", Body=b"1")
    media = "application/vnd.oci.image.manifest.v1+json"
    cloud.client("ecr").put_image(
        repositoryName=f"{NAME}/jobs", imageTag="1", imageManifest="{}", imageManifestMediaType=media
    )


def objects(cloud: EmbeddedCloud) -> list[str]:
    """The keys in the bucket."""
    return [one["Key"] for one in cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def planned(project: Project, *words: str, code: int) -> dict[str, Any]:  # noqa: F811
    document: dict[str, Any] = project.run("plan", "--json", *words, code=code).document
    return document


def test_data_is_kept_until_it_is_named_and_taken_back(project: Project) -> None:  # noqa: F811
    before = project.inventory()
    project.write(LOGGED + SMALL + JOBS)
    project.up()
    filled(project.cloud)
    there = objects(project.cloud)
    project.write(SMALL)
    first = planned(project, code=2)
    gone = {one["address"] for one in first["resources"] if one["action"] == "delete"}
    assert "service/jobs" in gone
    assert not gone & {*KEPT}
    assert (first["kept"], first["losses"]) == (KEPT, [])
    (note,) = [text for text in first["notes"] if "kept because of the data" in text]
    assert "the objects in the bucket (bucket/access-logs)" in note
    command = " ".join(f"--delete {address}" for address in KEPT)
    assert f"`provision up {command}`" in note
    ended = project.up()
    assert not ended.results.keys() & {*KEPT}
    assert note in [event["text"] for event in ended.said("notice")]
    assert objects(project.cloud) == there
    listed = {resource["address"] for resource in project.run("state", "list", "--json").document}
    assert {*KEPT} <= listed, "down and the next run have to know it"
    assert planned(project, code=0)["kept"] == KEPT

    # taken back as it was
    project.write(LOGGED + SMALL + JOBS)
    again = project.up()
    assert {again.results[address] for address in KEPT} == {"unchanged"}
    assert objects(project.cloud) == there

    # and let go by name, also if that is killed in the middle
    project.write(SMALL)
    project.up()
    last = planned(project, "--delete", KEPT[0], "--delete", KEPT[2], code=2)
    assert last["kept"] == [KEPT[1]]
    assert [(loss["what"], loss["amount"]) for loss in last["losses"]] == [
        ("the objects in the bucket", f"{len(there)} objects"),
        ("the images", "1 image"),
    ]
    text = project.run("plan", "--delete", KEPT[0], code=2).out
    assert f"Data that will be deleted: the objects in the bucket (bucket/access-logs: {len(there)} objects)." in text
    process = project.fork("up", "--yes", "--delete", KEPT[0], "--delete", KEPT[2])
    kill(project.cloud, pid=process.pid, call=1, when="after", operation="s3:DeleteObjects")
    assert project.end(process).code == -signal.SIGKILL
    assert objects(project.cloud) == []
    assert project.up().results["bucket/access-logs"] == "deleted", "what was begun goes on"
    again = project.up(*(word for address in KEPT for word in ("--delete", address)))
    assert again.results[KEPT[1]] == "deleted"
    told = "--delete bucket/access-logs: nothing is recorded under this address"
    assert told in [event["text"] for event in again.said("notice")], "the same command again is no error"
    assert planned(project, code=0)["kept"] == []
    project.down()
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_down_removes_what_was_kept(project: Project) -> None:  # noqa: F811
    before = project.inventory()
    project.write(LOGGED + SMALL)
    project.up()
    project.write(SMALL)
    project.up()
    asked = project.run("down", code=4)
    assert "the objects in the bucket (bucket/access-logs: 1 object)" in asked.err
    assert "the secrets (secure_parameter/" in asked.err
    assert project.down().results["bucket/access-logs"] == "deleted"
    assert difference(before, project.inventory(), *NEVER_REMOVED) == {}


def test_what_cannot_be_let_go_is_refused_before_any_write(project: Project) -> None:  # noqa: F811
    since = project.last_call()
    for words, said in (
        (("--delete", "access-logs"), "that is no address"),
        (("--delete", "vpc/main"), "--delete vpc/main: it is declared"),
        (("--delete", "a/b", "--target-step", "network"), "with --target-step nothing is deleted"),
        (("--unprotect", "--target-step", "network"), "with --target-step nothing is deleted"),
    ):
        for command in ("plan", "up"):
            assert said in project.run(command, *words, code=4).err
    assert project.writes(since) == []


def test_a_protected_stack_gives_away_neither_services_nor_data(project: Project) -> None:  # noqa: F811
    project.write("protect = true\n" + SMALL + JOBS)
    project.up()
    since = project.last_call()
    project.write("protect = true\n" + SMALL)
    refused = project.run("plan", code=1).out
    assert "service/jobs: the stack is protected, and the service jobs would be deleted" in refused
    assert "add --unprotect to delete it anyway" in refused
    # switched off in the same breath is not switched off
    project.write("protect = false\n" + SMALL)
    assert "service/jobs: the stack is protected" in project.run("up", "--yes", code=1).err
    project.write("protect = true\n" + SMALL)
    assert "service/jobs: the stack is protected" in project.run("up", "--yes", code=1).err
    ended = project.run("down", "--yes", "--target-step", "services", code=1)
    assert (
        "the stack is protected from deletion (protect = true and db_cluster/main and load_balancer/main)" in ended.err
    )
    assert "`provision down --target-step services --unprotect`" in ended.err
    assert project.writes(since) == []
    rehearsed = project.run("rehearse", code=1).out
    assert "it would be refused" in rehearsed

    assert project.up("--unprotect").results["service/jobs"] == "deleted"
    assert project.up().said("run_finished")[0]["counts"].keys() == {"unchanged"}
    refused = project.run("plan", "--delete", "repository/jobs", code=1).out
    assert "repository/jobs: the stack is protected, and the images would be deleted" in refused
    assert project.up("--delete", "repository/jobs", "--unprotect").results["repository/jobs"] == "deleted"
    project.run("down", "--yes", "--target-step", "services", "--unprotect")
    project.run("down", "--yes", "--unprotect")


def test_ctrl_c_tells_what_is_there_and_how_to_go_on(project: Project) -> None:  # noqa: F811
    project.write(SMALL)
    project.cloud.last("typical")
    ended = project.cut(60, signal.SIGINT, "up", "--yes", "--json")
    assert ended.code == 130
    phases = {r["address"]: r["phase"] for r in project.run("state", "list", "--json").document}
    (finished,) = ended.said("run_finished")
    assert {*finished["unfinished"]} == {address for address, phase in phases.items() if phase != "ready"}
    assert {"db_cluster/main", "load_balancer/main", "vpc_endpoint/s3"} & {*finished["unfinished"]} == {
        "db_cluster/main",
        "load_balancer/main",
    }
    assert finished["next"][:2] == [
        "To resume: `provision up`.",
        "To delete the created resources instead: `provision down`.",
    ]
    project.cloud.last("slow")
    ended = project.cut(5, signal.SIGINT, "up", "--yes")
    assert " there but not finished, in " in ended.out
    (line,) = [line for line in ended.out.splitlines() if line.startswith("  Not finished: ")]
    assert "db_instance/main, load_balancer/main, vpc_endpoint/" in line
    project.cloud.last("fast")
    project.down()


def test_a_run_that_was_killed_is_not_the_one_before_it(project: Project) -> None:  # noqa: F811
    project.run("up", "--yes", *NETWORK)
    assert " up ok, seconds ago" in project.run("list").out
    assert project.cut(20, signal.SIGKILL, "up", "--yes", *ENDPOINTS).code == -signal.SIGKILL
    assert " up cut off, seconds ago" in (shown := project.run("list").out)
    assert " up ok" not in shown
    (stack,) = project.run("list", "--json").document["stacks"]
    assert (stack["last_run"]["command"], stack["last_run"]["result"]) == ("up", "cut off")
    project.down()
    assert " down ok, seconds ago" in project.run("list").out


def test_a_wrong_command_line_is_told_before_anything_starts(
    project: Project,  # noqa: F811
    tmp_path: Path,
) -> None:
    fresh = ("--state-dir", str(tmp_path / "fresh"))
    err = project.run("down", "--target-step", "servics", *fresh, code=4).err
    assert 'there is no step "servics"' in err
    project.write('region = "ap-notheast-1"\n' + SMALL)
    for command in ("plan", "up", "rehearse"):
        err += project.run(command, *fresh, code=4).err
    assert err.count('region: "ap-notheast-1" is not an AWS Region: did you mean "ap-northeast-1"?') == 3
    assert "starting" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("words", [("plan",), ("plan", "--json"), ("status",)])
def test_a_full_disk_under_standard_output_is_no_bug(project: Project, words: tuple[str, ...]) -> None:  # noqa: F811
    project.open_door()
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, *words],
            cwd=project.directory,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (
        1,
        "error: standard output cannot be written: No space left on device",
    )
