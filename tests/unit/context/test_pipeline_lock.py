"""A state lock names the pipeline run of its holder."""

from __future__ import annotations

import json

import pytest

from provisioner.state.lock import describe, myself, pipeline_run


def test_a_lock_names_the_run_that_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "CI_JOB_URL"):
        monkeypatch.delenv(name, raising=False)
    assert pipeline_run() == ""
    assert "run" not in myself("up")
    monkeypatch.setenv("CI_JOB_URL", "https://gitlab.com/team/shop/-/jobs/42")
    assert ", https://gitlab.com/team/shop/-/jobs/42, since" in describe(json.dumps(myself("up")).encode())
    named = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "9"}
    for name, value in {**named, "GITHUB_REPOSITORY": "octo-org/shop"}.items():
        monkeypatch.setenv(name, value)
    assert ", https://github.com/octo-org/shop/actions/runs/9, since" in describe(json.dumps(myself("up")).encode())
