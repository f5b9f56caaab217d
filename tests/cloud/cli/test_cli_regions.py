"""A Region that does not exist, is not enabled or is out of reach, and a mistyped instance type: one line each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from tests.cloud.project import Ended, Project, project  # noqa: F401  (a fixture)
from tests.unit.config.unplaced import EXCERPT, PLACE

NOT_KNOWN = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid</Message>"
    "</Error><RequestId>1</RequestId></ErrorResponse>"
)
REGIONS = (
    '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><regionInfo>'
    "<item><regionName>af-south-1</regionName><optInStatus>not-opted-in</optInStatus></item>"
    "<item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item>"
    "</regionInfo></DescribeRegionsResponse>"
)


class Account(BaseHTTPRequestHandler):
    """AWS to an account that has not enabled af-south-1: that Region does not know it, and us-east-1 tells why."""

    def do_POST(self) -> None:
        """Answer GetCallerIdentity and DescribeRegions."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        regions = form["Action"] == ["DescribeRegions"]
        assert not regions or "/us-east-1/ec2/" in self.headers["Authorization"]
        answer = (REGIONS if regions else NOT_KNOWN).encode()
        self.send_response(200 if regions else 403)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of such an AWS, which the commands go to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Account) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def refused(project: Project, *words: str, code: int = 4) -> str:  # noqa: F811
    """Return the one message of a command's error, without its place; only the line with more to read may follow it."""
    ended: Ended = project.run(*words, code=code)
    assert ended.out == ""
    first, *rest = EXCERPT.sub("", ended.err).splitlines()
    assert [line.partition("`")[0] for line in rest] in ([], ["More: "]), ended.err
    return PLACE.sub("", first)


def in_region(project: Project, region: str) -> None:  # noqa: F811
    project.write(f'region = "{region}"\n{project.config.read_text()}')


def test_a_region_that_is_not_there_names_the_nearest(project: Project) -> None:  # noqa: F811
    in_region(project, "ap-northest-1")
    assert refused(project, "plan") == (
        'error: stack.toml: region: "ap-northest-1" is not an AWS Region that can be reached: '
        'did you mean "ap-northeast-1"?'
    )


@pytest.mark.parametrize("command", ["plan", "up", "doctor", "policy", "down", "recover"])
def test_a_name_that_no_region_can_have_is_no_bug(project: Project, aws: str, command: str) -> None:  # noqa: F811
    """No partition of AWS has Regions of such names; nobody is called to find that out."""
    in_region(project, "xx-fake-9")
    said = refused(project, command, *(() if command == "policy" else ("--target", "aws")))
    assert said.startswith('error: stack.toml: region: "xx-fake-9" is not an AWS Region: choose one of af-south-1, ')


def test_a_name_that_no_region_can_have_names_the_nearest(project: Project, aws: str) -> None:  # noqa: F811
    in_region(project, "xx-northeast-1")
    assert refused(project, "plan", "--target", "aws") == (
        'error: stack.toml: region: "xx-northeast-1" is not an AWS Region: did you mean "ap-northeast-1"?'
    )


def test_a_region_that_the_account_has_not_enabled(project: Project, aws: str) -> None:  # noqa: F811
    in_region(project, "af-south-1")
    assert refused(project, "plan", "--target", "aws") == (
        'error: stack.toml: region: "af-south-1" is not enabled for this account: run `aws account enable-region '
        "--region-name af-south-1`, which takes some minutes, or choose another"
    )


def test_wrong_credentials_are_no_wrong_region(project: Project, aws: str) -> None:  # noqa: F811
    in_region(project, "us-east-1")
    assert "InvalidClientTokenId" in (said := refused(project, "plan", "--target", "aws", code=1))
    assert "Check the credentials" in said


@pytest.mark.slow
def test_an_endpoint_that_nobody_answers_at(project: Project, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert refused(project, "plan", "--target", "aws", code=1) == (
        'error: stack.toml: region: "ap-northeast-1": its endpoint http://127.0.0.1:1/ cannot be reached: check the '
        "setting AWS_ENDPOINT_URL"
    )


def test_a_mistyped_instance_type_names_the_nearest_one(project: Project) -> None:  # noqa: F811
    project.write(f'capacity = {{ instance_types = ["c5.larg", "c5a.large"] }}\n{project.config.read_text()}')
    assert refused(project, "up", "--yes") == (
        "error: capacity.instance_types has c5.larg, which ap-northeast-1 does not offer: did you mean c5.large?"
    )
