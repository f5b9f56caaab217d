"""A plan as a comment: what is left out of it, what is hidden in it, and what nobody can say with it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.errors import ConfigurationError
from provisioner.operations.ci import api
from provisioner.operations.ci.forges import Forge
from provisioner.operations.ci.pipeline import Pipeline, Purpose, checked
from provisioner.render.ci import MOST, markdown, marker, report

VALUE = "value-77d1"


def document(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What `plan --json` prints."""
    return {"stack": "shop-dev", "region": "eu-west-1", "resources": [*resources], **more}


def resource(address: str, action: str = "create", **changes: tuple[Any, Any]) -> dict[str, Any]:
    fields = {name: {"old": old, "new": new} for name, (old, new) in changes.items()}
    return {"address": address, "action": action, "step": "services", "changes": fields, "later": {}, "why": ""}


def containers(**variables: str) -> list[dict[str, Any]]:
    return [{"name": "web", "environment": [{"name": name, "value": value} for name, value in variables.items()]}]


def test_no_value_of_a_variable_is_in_it() -> None:
    old, new = containers(SAME=VALUE, OTHER=VALUE), containers(SAME=VALUE, OTHER=f"{VALUE}-2", NEW=f"{VALUE}-3")
    image = resource("image/web", "change", build_args=({"TOKEN": VALUE}, {"TOKEN": f"{VALUE}-2"}))
    definition = resource("task_definition/web", "change", container_definitions=(old, new), cpu=("256", "512"))
    text = markdown(report(document(definition, image)))
    assert VALUE not in text
    for words in ("cpu: 256 -> 512", "OTHER", "changed (hidden)", "build_args.TOKEN: changed (hidden)"):
        assert words in text, text
    assert "SAME" not in text


def test_a_new_container_shows_no_value_either() -> None:
    definition = resource("task_definition/web", "change", container_definitions=(None, containers(A=VALUE)))
    text = markdown(report(document(definition)))
    assert VALUE not in text
    assert "(hidden)" in text


def test_what_matters_least_is_left_out_and_counted() -> None:
    many = [resource(f"log_group/{number}-{'x' * 100}") for number in range(1500)]
    refused = {**resource("db_cluster/main", "refused"), "why": "db_cluster/main: AWS cannot do that"}
    losses = [{"what": "the database", "addresses": ["db_cluster/main"], "amount": ""}]
    last = [resource("service/old", "delete"), resource("service/web", "change", count=(1, 2)), refused]
    plan = document(*many, *last, resource("vpc/main", "none"), losses=losses, notes=["a note"] * 3000)
    text = markdown(report(plan), marker("shop-dev", "plan"), "https://example.com/run")
    assert len(text) <= MOST
    order = [text.index(words) for words in (
        "<!-- provision plan shop-dev -->", "Data that will be deleted", "! refused: db\\_cluster/main: AWS"[:10],
        "- delete service/old", "~ change service/web", "+ create log_group/0-",
    )]  # fmt: skip
    assert order == sorted(order)
    left = int(text.partition("Left out here: ")[2].partition(" ")[0])
    assert left + text.count("+ create log_group") == 1500
    assert text.endswith("[Log of the run](https://example.com/run)")


def test_names_and_notes_cannot_say_anything_of_their_own() -> None:
    plan = document(
        resource("service/web", "change", command=("a", "```\n@team <img src=x>")),
        notes=["@everybody ![](https://example.com/x) <b>\x1b[0m"],
    )
    text = markdown(report(plan))
    fence = next(line for line in text.splitlines() if set(line) == {"`"})
    assert len(fence) == 4
    assert "@everybody" not in text
    assert "![" not in text
    assert "<b>" not in text
    assert "\x1b" not in text


def test_a_plan_with_nothing_to_do_says_so() -> None:
    assert markdown(report(document(resource("vpc/main", "none")))) == "### Plan of shop-dev (eu-west-1): no changes"


@pytest.mark.parametrize("document", [None, [], {}, {"stack": "a", "region": "b", "resources": [{}]}])
def test_what_is_no_plan_is_none(document: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        report(document)


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
