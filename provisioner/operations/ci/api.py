"""Write the comment on a pull request and the issue about drift by the forge's API. A hidden marker identifies them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from provisioner.engine.errors import ConfigurationError, ProvisionError

PAGE = 100
MOST_PAGES = 50
"""The most pages of comments or issues that are read."""
TRIES = 3
SECONDS = 30
GITHUB_VERSION = "2022-11-28"


class ForgeError(ProvisionError):
    """The forge refused a call, or did not answer."""

    code = "forge"


@dataclass(frozen=True)
class Api:
    """A client of a forge's API.

    Attributes:
        url: the URL before every path.
        headers: the headers of every call, with the token.
    """

    url: str
    headers: Mapping[str, str]

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Return the answer to a call. A read is repeated if the forge fails.

        Raises:
            ForgeError: the call was refused, or not answered.
        """
        for _ in range(TRIES if method == "GET" else 1):
            status, answer = self._once(method, path, body)
            if status < 500:
                break
        if 200 <= status < 300:
            return answer
        why = answer.get("message") if isinstance(answer, dict) else None
        raise ForgeError(
            f"{method} {self.url}{path} was refused: {status}: {why or 'no message'}. Check the token and its rights"
        )

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Yield the items of all pages of a list."""
        for page in range(1, MOST_PAGES + 1):
            items = self.call("GET", f"{path}?{urlencode({**query, 'per_page': PAGE, 'page': page})}")
            yield from items
            if len(items) < PAGE:
                return

    def _once(self, method: str, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        url, data = self.url + path, json.dumps(body) if body else None
        headers = {**self.headers, "Content-Type": "application/json", "User-Agent": "provision"}
        # this session follows no redirect, so the token is sent to no other server
        session = URLLib3Session(proxies=get_environ_proxies(url), timeout=SECONDS)
        try:
            answer = session.send(AWSRequest(method, url, headers, data).prepare())
            return answer.status_code, json.loads(answer.content) if answer.content else None
        except BotoCoreError as error:
            raise ForgeError(f"{method} {url} was not answered: {type(error).__name__}. Run the job again") from None
        except ValueError:
            return answer.status_code, None


@dataclass(frozen=True)
class Text:
    """An existing comment or issue: its number, and its text."""

    number: int
    body: str


class GitHub:
    """The comments and issues of the repository in which a GitHub workflow runs."""

    def __init__(self) -> None:
        token = _variable("GITHUB_TOKEN", "give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": GITHUB_VERSION}
        headers["Accept"] = "application/vnd.github+json"
        self._api = Api(_url("GITHUB_API_URL"), headers)
        self._place = f"/repos/{_variable('GITHUB_REPOSITORY')}"

    def comments(self) -> Iterator[Text]:
        """Yield the pull request's comments by bots."""
        return self._texts(f"{self._place}/issues/{self._pull_request()}/comments", "id")

    def comment(self, body: str, over: Text | None) -> None:
        """Write a new comment, or change the text of an existing one."""
        if over:
            self._api.call("PATCH", f"{self._place}/issues/comments/{over.number}", body=body)
        else:
            self._api.call("POST", f"{self._place}/issues/{self._pull_request()}/comments", body=body)

    def issues(self) -> Iterator[Text]:
        """Yield the open issues by bots."""
        return self._texts(f"{self._place}/issues", "number", state="open")

    def open(self, title: str, body: str) -> None:
        """Open an issue."""
        self._api.call("POST", f"{self._place}/issues", title=title, body=body)

    def change(self, issue: Text, title: str, body: str) -> None:
        """Let an issue say something else."""
        self._api.call("PATCH", f"{self._place}/issues/{issue.number}", title=title, body=body)

    def close(self, issue: Text) -> None:
        """Close an issue."""
        self._api.call("PATCH", f"{self._place}/issues/{issue.number}", state="closed", state_reason="completed")

    def _texts(self, path: str, number: str, **query: str) -> Iterator[Text]:
        for one in self._api.pages(path, **query):
            # anybody may write the marker, but only bots count
            if (one.get("user") or {}).get("type") == "Bot" and "pull_request" not in one:
                yield Text(int(one[number]), one.get("body") or "")

    def _pull_request(self) -> int:
        """Return the number of the pull request: 7 for `refs/pull/7/merge`."""
        parts = _variable("GITHUB_REF").split("/")
        if parts[:2] != ["refs", "pull"] or not parts[2].isdigit():
            raise ConfigurationError(
                f"GITHUB_REF is {'/'.join(parts)}: this is no run of a pull request: run it `on: pull_request`"
            )
        return int(parts[2])


class GitLab:
    """The notes and issues of the project in which a GitLab job runs."""

    def __init__(self) -> None:
        token = _variable("PROVISION_GITLAB_TOKEN", "set it to a project access token: docs/ci.md")
        self._api = Api(_url("CI_API_V4_URL"), {"PRIVATE-TOKEN": token})
        self._place = f"/projects/{_variable('CI_PROJECT_ID')}"

    def comments(self) -> Iterator[Text]:
        """Yield the notes by the token's user on the merge request."""
        return self._texts(self._notes(), "id")

    def comment(self, body: str, over: Text | None) -> None:
        """Write a new note, or change the text of an existing one."""
        if over:
            self._api.call("PUT", f"{self._notes()}/{over.number}", body=body)
        else:
            self._api.call("POST", self._notes(), body=body)

    def issues(self) -> Iterator[Text]:
        """Yield the open issues by the token's user."""
        return self._texts(f"{self._place}/issues", "iid", state="opened", scope="created_by_me")

    def open(self, title: str, body: str) -> None:
        """Open an issue."""
        self._api.call("POST", f"{self._place}/issues", title=title, description=body)

    def change(self, issue: Text, title: str, body: str) -> None:
        """Let an issue say something else."""
        self._api.call("PUT", f"{self._place}/issues/{issue.number}", title=title, description=body)

    def close(self, issue: Text) -> None:
        """Close an issue."""
        self._api.call("PUT", f"{self._place}/issues/{issue.number}", state_event="close")

    def _texts(self, path: str, number: str, **query: str) -> Iterator[Text]:
        me = self._api.call("GET", "/user")["id"]
        for one in self._api.pages(path, **query):
            if (one.get("author") or {}).get("id") == me:
                yield Text(int(one[number]), one.get("body") or one.get("description") or "")

    def _notes(self) -> str:
        return f"{self._place}/merge_requests/{_variable('CI_MERGE_REQUEST_IID')}/notes"


def here() -> GitHub | GitLab:
    """Return the forge of the pipeline in which this process runs.

    Raises:
        ConfigurationError: it runs in no pipeline, or an environment variable is missing.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return GitHub()
    if os.environ.get("GITLAB_CI") == "true":
        return GitLab()
    raise ConfigurationError("this is for a pipeline of GitHub or GitLab: here, use `provision ci report`")


def keep_comment(forge: GitHub | GitLab, marker: str, body: str) -> str:
    """Create or update the one comment that begins with the marker, and return `created` or `updated`.

    Raises:
        ForgeError: the forge refused a call.
    """
    known = next((one for one in forge.comments() if one.body.startswith(marker)), None)
    forge.comment(body, known)
    return "updated" if known else "created"


def keep_issue(forge: GitHub | GitLab, marker: str, title: str, body: str) -> str:
    """Keep one open issue that begins with the marker, or close it without a body; return the action, empty if none.

    Raises:
        ForgeError: the forge refused a call.
    """
    known = [one for one in forge.issues() if one.body.startswith(marker)]
    for one in known[1:] if body else known:
        forge.close(one)
    if not body:
        return "closed" if known else ""
    if not known:
        forge.open(title, body)
        return "opened"
    forge.change(known[0], title, body)
    return "updated"


def _variable(name: str, fix: str = "the pipeline sets it") -> str:
    if not (value := os.environ.get(name)):
        raise ConfigurationError(f"{name} is not set: {fix}")
    return value


def _url(name: str) -> str:
    """Return the URL in a variable. A token is sent there, so only HTTPS or this machine is allowed."""
    url = _variable(name)
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "127.0.0.1"):
        raise ConfigurationError(f"{name} is {url}, which is not HTTPS: set it to an HTTPS URL")
    return url.rstrip("/")
