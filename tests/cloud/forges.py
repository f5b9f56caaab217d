"""A forge that keeps comments and issues on this machine, and a runner for the jobs of its pipelines' files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.cloud.project import Project
from tests.cloud.warm import environment

TOKEN = "job-token-5b1d"
WEB_TOKEN = "web-identity-5b1d"
ME = {"id": 7, "login": "github-actions[bot]", "type": "Bot"}
STRANGER = {"id": 8, "login": "somebody", "type": "User"}


STS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>{1}</{0}Result></{0}Response>"""


@dataclass
class Forge:
    """The API of GitHub or GitLab, and of STS, which exchanges their tokens for credentials.

    Attributes:
        key: the access key that a token is exchanged for.
        sessions: the roles that were asked for.
        comments, issues: as its API shows them.
        refuse: the status with which writes are refused.
    """

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refuse: int = 0
    key: str = ""
    sessions: list[str] = field(default_factory=list)

    def sts(self, form: Mapping[str, list[str]]) -> str:
        """Answer as STS does: credentials for the web token, or the identity of the caller."""
        [action] = form["Action"]
        if action == "GetCallerIdentity":
            who = "arn:aws:sts::123456789012:assumed-role/ci/session"
            return STS.format(action, f"<Arn>{who}</Arn><UserId>AROA:s</UserId><Account>123456789012</Account>")
        assert (action, form["WebIdentityToken"]) == ("AssumeRoleWithWebIdentity", [WEB_TOKEN])
        self.sessions += form["RoleArn"]
        keys = (
            f"<AccessKeyId>{self.key}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>"
        )
        return STS.format(action, f"<Credentials>{keys}<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>")

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        """Answer a call as both forges do, which differ in names only."""
        self.calls.append(f"{method} {path}")
        if path == "/token":
            return 200, {"value": WEB_TOKEN, "audience": query["audience"]}
        if path == "/user":
            return 200, ME
        if method != "GET" and self.refuse:
            return self.refuse, {"message": "Resource not accessible by integration"}
        of_comments = "/comments" in path or "/notes" in path
        items = self.comments if of_comments else self.issues
        if method == "GET":
            number, size = int(query["page"][0]), int(query["per_page"][0])
            there = [one for one in items if of_comments or one["state"] in {"open", "opened"}]
            return 200, there[(number - 1) * size : number * size]
        if method == "POST":
            state = "opened" if "title" in body and "description" in body else "open"
            number = len(items) + 1
            items.append(
                {"id": number, "number": number, "iid": number, "state": state, "user": ME, "author": ME} | body
            )
            return 201, items[-1]
        one = items[int(path.rpartition("/")[2]) - 1]
        one.update(body)
        one["state"] = "closed" if body.get("state_event") == "close" else one["state"]
        return 200, one

    def open(self) -> list[dict[str, Any]]:
        """The open issues."""
        return [one for one in self.issues if one["state"] in {"open", "opened"}]


@contextmanager
def serving() -> Iterator[Forge]:
    """A forge on this machine, which takes its jobs' token only."""
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            status, data = 401, json.dumps({"message": "Bad credentials"}).encode()
            if parts.path == "/":
                status, data = 200, forge.sts(parse_qs(sent.decode())).encode()
            elif TOKEN in (self.headers.get("PRIVATE-TOKEN"), str(self.headers.get("Authorization")).partition(" ")[2]):
                body = json.loads(sent) if sent else {}
                status, answer = forge.answer(self.command, parts.path, parse_qs(parts.query), body)
                data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815  (the standard library's names)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Ran:
    """The result of a job: the code of the step at which it stopped, and the output of its steps."""

    code: int
    log: str


@dataclass
class Runner:
    """Runs the jobs of a project's pipeline as its forge does: the steps' own text, in their order, on this machine.

    Attributes:
        temp: the runner's own directory.
        installed: the step that installs the tool is left out: it is here already, and pip takes its time.
        target: where the jobs go: to the embedded cloud as itself, or as to AWS, with the credentials that they get.
    """

    project: Project
    forge: Forge
    temp: Path
    installed: bool = False
    target: str = "local"

    def github(self, job: str, event: str) -> Ran:
        """Run a job of the workflow."""
        workflow = yaml.safe_load(next(self.project.directory.glob(".github/workflows/*.yml")).read_text())
        steps = workflow["jobs"][job]["steps"]
        files = {name: self.temp / f"{job}-{name}" for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        variables = {
            **workflow["env"], **workflow["jobs"][job]["env"],
            "GITHUB_ACTIONS": "true", "GITHUB_API_URL": self.forge.url, "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "octo-org/shop", "GITHUB_RUN_ID": "42", "RUNNER_TEMP": str(self.temp),
            "GITHUB_REF": "refs/pull/7/merge" if event == "pull_request" else "refs/heads/main",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.forge.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
            **{name: str(path) for name, path in files.items()},
        }  # fmt: skip
        log, code = "", 0
        for step in steps:
            when = step.get("if", f"github.event_name == '{event}'")
            only = re.fullmatch(r"github\.event_name == '(\w+)'", when)
            assert only or when == "always()", step
            if "run" not in step or (self.installed and step["name"] == "Install"):
                continue
            if only and (code or only[1] != event):
                continue
            own = {name: value.replace("${{ github.token }}", TOKEN) for name, value in step.get("env", {}).items()}
            added = files["GITHUB_ENV"].read_text().split() if files["GITHUB_ENV"].exists() else []
            kept = dict(line.split("=", 1) for line in added)
            ran = self._run(step["run"], variables | kept | own)
            log += ran.log
            code = code or ran.code
        self.installed = self.installed or not code
        return Ran(code, log)

    def gitlab(self, job: str, **more: str) -> Ran:
        """Run a job of the part of GitLab's file that is the stack's."""
        jobs = yaml.safe_load(next(self.project.directory.glob(".gitlab/*.yml")).read_text())
        base = jobs[jobs[job]["extends"]]
        variables = {
            **base["variables"], **jobs[job]["variables"],
            "GITLAB_CI": "true", "CI_API_V4_URL": self.forge.url, "CI_PROJECT_ID": "3", "AWS_ID_TOKEN": WEB_TOKEN,
            "CI_JOB_URL": "https://gitlab.com/team/shop/-/jobs/42", "PROVISION_GITLAB_TOKEN": TOKEN, **more,
        }  # fmt: skip
        return self._run("\n".join([*base["before_script"], *jobs[job]["script"]]), variables)

    def _run(self, text: str, variables: Mapping[str, str]) -> Ran:
        """Run a script as runners do, against the embedded cloud instead of AWS."""
        here = {
            "PROVISION_TARGET": self.target,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        here |= {"AWS_ENDPOINT_URL": self.project.cloud.endpoint, "AWS_ENDPOINT_URL_STS": self.forge.url}
        here |= {"AWS_ENDPOINT_URL_S3": self.project.cloud.endpoint, "HOME": str(self.temp)}
        self.project.cloud.away()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
            cwd=self.project.directory,
            env={**environment(), **variables, **here},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.project.seconds,
            check=False,
        )
        return Ran(done.returncode, done.stdout)
