"""`[buckets]` and `buckets`: names, rights, inheritance, and errors that name file, key and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.buckets import actions, name_of
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "web:1"\n'
TABLE = "[buckets.uploads]\n"


def written(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text)
    return path


def test_a_list_of_names_is_to_read_and_write(tmp_path: Path) -> None:
    text = f'{TABLE}[buckets.old-files]\n{WEB}buckets = ["uploads", "old-files"]\n'
    config = load(written(tmp_path, text))
    assert config.services["web"].buckets == {"uploads": True, "old-files": True}
    assert config.variables_of("web") == ["UPLOADS_BUCKET", "OLD_FILES_BUCKET"]


def test_buckets_are_inherited_and_taken_away(tmp_path: Path) -> None:
    text = (
        f'{TABLE}[buckets.mails]\n[defaults]\nbuckets = {{ mails = "write" }}\n{WEB}buckets = ["uploads"]\n'
        '[services.reader]\nextends = "web"\nbuckets = { uploads = "read" }\n'
        '[services.other]\nextends = "web"\nbuckets = { mails = false }\n'
        '[jobs.none]\nimage = "web:1"\nbuckets = false\n'
    )
    config = load(written(tmp_path, text))
    assert {name: dict(one.buckets) for name, one in config.workloads.items()} == {
        "web": {"mails": "write", "uploads": True},
        "reader": {"mails": "write", "uploads": "read"},
        "other": {"uploads": True},
        "none": {},
    }


def test_an_overlay_changes_settings_and_rights(tmp_path: Path) -> None:
    text = (
        f'{TABLE}{WEB}buckets = ["uploads"]\n'
        '[environments.prod]\nbuckets.uploads.versions = true\nservices.web.buckets.uploads = "read"\n'
    )
    config = load(written(tmp_path, text), env="prod")
    assert config.buckets["uploads"].versions
    assert config.services["web"].buckets == {"uploads": "read"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{WEB}buckets = ["uploads"]\n', "services.web.buckets: there is no table [buckets.uploads]: add it"),
        (f'{TABLE}{WEB}buckets = ["upload"]\n', 'did you mean "uploads"?'),
        (f'{TABLE}{WEB}buckets = {{ uploads = "all" }}\n', 'services.web.buckets.uploads: "all" is no right'),
        (f"{TABLE}{WEB}buckets = {{ uploads = false }}\n", 'use true, "read" or "write"'),
        (f"{TABLE}{WEB}buckets = true\n", "services.web.buckets: must be a list of buckets"),
        (
            f'{TABLE}{WEB}buckets = ["uploads"]\nenvironment = {{ UPLOADS_BUCKET = "x" }}\n',
            "services.web.environment.UPLOADS_BUCKET: is set by the stack, because of buckets: use another name",
        ),
        (
            f'{TABLE}{WEB}buckets = ["uploads"]\nsecrets = ["UPLOADS_BUCKET"]\n',
            "services.web.secrets.UPLOADS_BUCKET: is set by the stack itself: use another name",
        ),
        (f"{TABLE}expire_days = 0\n{WEB}", "buckets.uploads.expire_days"),
        (f'{TABLE}cors = ["www.example.com/x"]\n{WEB}', "buckets.uploads.cors"),
        (f"{TABLE}cors = true\n{WEB}", "buckets.uploads.cors: true, but no public service with a name"),
        (f"[buckets.logs]\n{WEB}", "buckets.logs: is the name of the bucket with the load balancer's log"),
        (f"[buckets.files-s3alias]\n{WEB}", "buckets.files-s3alias: ends with -s3alias, which S3 refuses"),
        (
            f'project = "{"a" * 27}"\nenv = "dev"\nregion = "ap-northeast-1"\n{TABLE}{WEB}',
            "shorten project or env by 3",
        ),
    ],
)
def test_a_wrong_bucket_is_told_with_key_and_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)


def test_the_longest_names_stay_apart_behind_the_stacks() -> None:
    stack, account = "a" * 28, "1" * 12
    names = {name_of(stack, account, "ap-northeast-1", one) for one in ("uploads-of-users", "uploads-of-others")}
    assert len(names) == 2
    assert {len(one) for one in names} == {63}
    assert all(one.startswith(f"{stack}-{account}-ap-northeast-1-") for one in names)


def test_nobody_deletes_versions_and_writers_read_nothing() -> None:
    everything = {*actions(True, versions=True)}
    assert "s3:DeleteObjectVersion" not in everything
    assert {*actions("read", versions=True)} | {*actions("write", versions=True)} == everything
    assert not {one for one in actions("write", versions=True) if one.startswith("s3:Get")}
    assert not {one for one in actions("read", versions=True) if one.startswith(("s3:Put", "s3:Delete"))}
