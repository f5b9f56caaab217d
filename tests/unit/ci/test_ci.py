"""The API of a forge, and the variables that name its jobs."""

from __future__ import annotations

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci import api
from provisioner.operations.ci.forges import Forge
from provisioner.operations.ci.pipeline import Pipeline, Purpose, checked


@pytest.mark.parametrize("url", ["http://example.com", "ftp://127.0.0.1", "http://127.0.0.1.example.com"])
def test_a_token_goes_over_https_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "t", "GITHUB_API_URL": url}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="which is not HTTPS"):
        api.here()


def test_a_forge_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "token-77d1", "GITHUB_API_URL": "http://127.0.0.1:1"}
    for name, value in {**named, "GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/pull/7/merge"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(
        api.ForgeError, match=r"GET http://127\.0\.0\.1:1/repos/o/r/issues/7/.* was not answered"
    ) as caught:
        api.keep_comment(api.here(), "<!-- x -->", "text")
    assert "token-77d1" not in str(caught.value)


def test_a_deploying_job_is_named_by_its_environment() -> None:
    pipeline = checked(Pipeline(Forge.GITHUB, "octo-org@1/shop@2", environment="live"))
    assert pipeline.subjects(Purpose.DEPLOY) == ["repo:octo-org@1/shop@2:environment:live"]
    own = checked(Pipeline(Forge.GITLAB, "a/b/c", url="https://gitlab.example.com"))
    assert (own.issuer, own.audience) == ("gitlab.example.com", "https://gitlab.example.com")
    assert "*" not in own.subjects(Purpose.DEPLOY)[0]


def test_an_instance_of_gitlab_is_one_that_iam_takes() -> None:
    with pytest.raises(ConfigurationError, match="without a port"):
        checked(Pipeline(Forge.GITLAB, "a/b", url="https://gitlab.example.com:8443"))


@pytest.mark.parametrize("repository", ["*/shop", "octo-org/*", "a/b:ref", "a/b/c", "a", "", "a/b\n"])
def test_a_wildcard_or_a_claim_is_no_repository(repository: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a repository"):
        checked(Pipeline(Forge.GITHUB, repository))
