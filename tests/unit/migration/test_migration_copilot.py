"""`init --from copilot`: fixed workspaces, each beside the file written for it, with the parts left out.

The workspaces are written for these tests, modelled on public ones. UPDATE_COPILOT=1 rewrites the files; read their
diff.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from provisioner import migration
from provisioner.cli.main import main
from provisioner.config import overlays, schedules
from provisioner.config.stack_file import load
from provisioner.docker.context import DOCKERFILE, located
from provisioner.engine.errors import ConfigurationError
from provisioner.migration.copilot.workspace import draft
from provisioner.migration.draft import Draft, parted, text
from provisioner.migration.yaml_tree import Value, read

TREES = sorted((Path(__file__).parent / "copilot").glob("*.txt"))
NONE_LEFT = {"template-language"}
"""Workspaces from which nothing can be carried over."""
SAME = {
    ("cdn", "false"),
    ("connect", "false"),
    ("count", "1"),
    ("container_insights", "false"),
    ("path", "/"),
    ("placement", "public"),
    ("platform", "linux/x86_64"),
    ("osfamily", "linux"),
    ("redirect_to_https", "true"),
    ("rolling", "default"),
    ("schedule", "none"),
    ("version", "http1"),
    ("spot_from", "0"),
    ("retention", "30"),
    ("start_period", "0s"),
    ("timeout", "5s"),
    (0, "CMD"),
    ("context", "apps/api"),
    ("dockerfile", "apps/api/Dockerfile"),
}
"""Lines that only repeat a default."""


BILLION = "\n".join(["a0: &a0 x", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}*a{n - 1}]" for n in range(1, 9))])
Scalar = tuple[tuple[Any, ...], str, tuple[int, ...]]


def laid_out(tree: Path, directory: Path) -> Path:
    """Write the files of a workspace."""
    for part in tree.read_text(encoding="utf-8").split("=== ")[1:]:
        name, _, body = part.partition("\n")
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(body, encoding="utf-8")
    return directory


def buildable(found: Draft, directory: Path) -> Draft:
    """Write the Dockerfiles that a draft names, so that its builds are possible."""
    for table in found.tables.values():
        for one in (each for kind in found.workloads for each in table.get(kind, {}).values()):
            for each in (one, *one.get("sidecars", {}).values()):
                if "build" in each:
                    path = located(directory / each["build"], each.get("dockerfile", DOCKERFILE))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                    (directory / each["build"]).mkdir(parents=True, exist_ok=True)
    return found


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.stem)
def test_what_is_written_of_each_workspace(tree: Path, tmp_path: Path) -> None:
    directory = laid_out(tree, tmp_path)
    try:
        found = text(draft(directory))
    except ConfigurationError as error:
        found = f"# error: {error}\n".replace(str(directory), "DIRECTORY")
    kept = tree.with_suffix(".toml")
    if os.environ.get("UPDATE_COPILOT") == "1":
        kept.write_text(found, encoding="utf-8")
    assert found == kept.read_text(encoding="utf-8")
    assert ("# error: " in found) == (tree.stem in NONE_LEFT)


def test_nearly_all_workspaces_give_a_file_that_loads(tmp_path: Path) -> None:
    right = set()
    for tree in TREES:
        directory = laid_out(tree, tmp_path / tree.stem)
        if tree.stem in NONE_LEFT:
            continue
        made = buildable(migration.draft_of("copilot", directory, None), directory)
        written = migration.write(made, directory / "stack.toml")
        if not written.problems:
            right.add(tree.stem)
    assert len(TREES) >= 20
    assert len(right) >= 0.85 * len(TREES), sorted({tree.stem for tree in TREES} - right)


def scalars(value: Value, at: tuple[Any, ...] = (), lines: tuple[int, ...] = ()) -> Iterator[Scalar]:
    """Yield each scalar of a manifest: its place, its text, and the lines of it and of the keys that it is below."""
    below = [*value.table.items(), *enumerate(value.values)]
    for key, one in below:
        yield from scalars(one, (*at, key), (*lines, one.line))
    if not below:
        yield at, value.text or "", lines


def written(value: Any) -> Any:
    if value.table:
        return {key: written(below) for key, below in value.table.items()}
    if value.values:
        return [written(below) for below in value.values]
    return value.text if value.scalar == "str" else yaml.safe_load(value.text or "null")


def removed(value: Any, at: tuple[Any, ...]) -> Any:
    """Return a manifest without the scalar at a place, and without tables that become empty."""
    head, *rest = at
    items = enumerate(value) if isinstance(value, list) else value.items()
    kept = []
    for key, below in items:
        if key == head and not rest:
            continue
        new = removed(below, tuple(rest)) if key == head else below
        if new not in ({}, []):
            kept.append((key, new))
    return [below for _, below in kept] if isinstance(value, list) else dict(kept)


@pytest.mark.parametrize("tree", [tree for tree in TREES if tree.stem != "broken-manifest"], ids=lambda tree: tree.stem)
def test_no_line_of_a_manifest_is_passed_over(tree: Path, tmp_path: Path) -> None:
    """Without any one value something else is written or left, unless a key that it is below is left as a whole."""
    if tree.stem in NONE_LEFT:
        pytest.skip("nothing of it is read")
    directory = laid_out(tree, tmp_path)
    left = draft(directory).left
    unheard = []
    for path in sorted({*directory.glob("copilot/*/manifest.yml"), *directory.glob("copilot/environments/*/*.yml")}):
        name, original = path.relative_to(directory).as_posix(), path.read_text()
        here = [one for one in left if one.file == name]
        if any("left out" in one.why or one.key == "type" for one in here):
            continue
        path.write_text(yaml.safe_dump(written(read_text(original, path)), sort_keys=False))
        before = told(directory)
        for at, value, lines in scalars(read_text(original, path)):
            # the service's name and type, and keys that allow only one value
            if at[-1] in ("name", "type") or (at[-1], value) in SAME or {one.line for one in here} & set(lines):
                continue
            path.write_text(yaml.safe_dump(removed(written(read_text(original, path)), at), sort_keys=False))
            if told(directory) == before:
                unheard.append(f"{name}: {'.'.join(map(str, at))}: {value}")
        path.write_text(original)
    assert unheard == []


def read_text(text: str, path: Path) -> Value:
    path.write_text(text)
    return read(path, path.name)


def told(directory: Path) -> str:
    """Return the written and the left-out parts, without the numbers of lines."""
    try:
        return re.sub(r"(?<=\.yml):\d+", "", text(draft(directory)))
    except ConfigurationError as error:
        return str(error)


def test_it_never_extends(tmp_path: Path) -> None:
    """A service would get the secrets of another one."""
    for tree in TREES:
        if tree.stem not in NONE_LEFT:
            assert "extends" not in text(draft(laid_out(tree, tmp_path / tree.stem)))


# -- the command


@pytest.fixture
def celery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tree,) = [tree for tree in TREES if tree.stem == "django-celery"]
    monkeypatch.chdir(tmp_path)
    return laid_out(tree, tmp_path)


def test_the_command_writes_and_lists(celery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--from", "copilot"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Wrote stack.toml: 3 services; environment staging, and as overlays production.\n")
    assert "  copilot/web/addons/broker.yml: AWS::ElastiCache::ReplicationGroup: stays where it is" in out
    assert tomllib.loads((celery / "stack.toml").read_text())["env"] == "staging"
    assert main(["init", "--from", "copilot"]) == 4
    assert capsys.readouterr().err.startswith("error: stack.toml already exists")


def test_a_bucket_of_an_addon_stays_and_its_like_here_is_named(
    celery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    addon = celery / "copilot" / "web" / "addons" / "uploads.yml"
    addon.write_text("Resources:\n  Uploads:\n    Type: AWS::S3::Bucket\n  May:\n    Type: AWS::IAM::ManagedPolicy\n")
    assert main(["init", "--from", "copilot"]) == 0
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "addons/uploads.yml" in line]
    assert "AWS::S3::Bucket: stays where it is" in told
    assert told.endswith("; [buckets.NAME] makes a bucket of this stack, empty and under another name")


def test_topics_queues_and_backlogs_are_carried_over(celery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    web = celery / "copilot" / "web" / "manifest.yml"
    web.write_text(web.read_text() + "\npublish:\n  topics:\n    - name: order_events\n")
    worker = celery / "copilot" / "mailer" / "manifest.yml"
    worker.parent.mkdir()
    worker.write_text(
        "name: mailer\ntype: Worker Service\nimage: {location: 'mailer:1'}\n"
        "subscribe:\n  topics: [{name: order_events, service: web}]\n"
        "  queue: {timeout: 2m, retention: 20d, delay: 5s, dead_letter: {tries: 3}}\n"
        "count: {range: 0-10, queue_delay: {acceptable_latency: 10m, msg_processing_time: 250ms}}\n"
    )
    assert main(["init", "--from", "copilot"]) == 0
    config = load(Path("stack.toml"))
    assert config.topics["order-events"].queues == ("mailer",)
    assert "order-events" in config.services["web"].topics
    queue, mailer = config.queues["mailer"], config.services["mailer"]
    assert (queue.visibility_timeout, queue.attempts, mailer.queues) == (120, 3, {"mailer": "receive"})
    assert mailer.scaling
    assert mailer.scaling.backlog
    assert (mailer.scaling.min, mailer.scaling.backlog.per_task) == (0, 2400)
    told = capsys.readouterr().out
    assert "subscribe.queue.delay: messages are not delayed here" in told
    assert "MAILER_QUEUE_URL here, and in COPILOT_QUEUE_URI there" in told


def test_the_command_in_another_directory_as_json(
    celery: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert main(["init", "--from", "copilot", str(celery), "--env", "production", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["config"] == str(celery / "stack.toml")
    assert (document["project"], document["environments"]) == ("ledger", ["production", "staging"])
    assert (document["services"], document["jobs"]) == (["beat", "web", "worker"], [])
    (addon,) = [one for one in document["left"] if "addons" in one["file"]]
    assert addon["line"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "copilot"], "copilot: is no workspace of Copilot's"),
        (["--from", "copilot", "nowhere"], "nowhere/copilot: is no workspace of Copilot's"),
        (["--from", "compose"], ".: has no compose.yaml"),
        (["--from", "compose", "other.yaml"], "other.yaml: cannot be read"),
        (["--from", "helm"], "Invalid value for '--from'"),
        (["somewhere"], "somewhere: is for --from"),
        (["--from", "copilot", "--with-app"], "--from: is not for the sample"),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", *words]) == 4
    assert capsys.readouterr().err.startswith(f"error: {says}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("name: web\n  type: x", "is not YAML"),
        ("a: &a [*a]", "nested too deeply"),
        ("a: " + "[" * 300 + "]" * 300, "nested too deeply"),
        (BILLION, "repeats"),
        ("a: " + "x" * 300_000, "is larger than"),
        ("[1, 2]", "type: there is none"),
        ("just text", "type: there is none"),
        ("type: [Backend Service]", "type: there is none"),
        ("type: Backend Service\nimage: text", "neither build nor location"),
        ("type: Backend Service\nimage: {build: /abs/Dockerfile}", "is not a directory beside this file"),
        ("type: Backend Service\nimage: {location: 'a b'}", "is not an image, such as"),
        ("name: Web!\ntype: Backend Service\nimage: {build: Dockerfile}", "is not a name here"),
    ],
    ids=["indent", "circle", "deep", "billion", "large", "list", "text", "type", "image", "build", "location", "name"],
)  # fmt: skip
def test_a_manifest_that_is_none(tmp_path: Path, manifest: str, says: str) -> None:
    laid_out(next(tree for tree in TREES if tree.stem == "one-flask-app"), tmp_path)
    (tmp_path / "copilot" / "odd").mkdir()
    (tmp_path / "copilot" / "odd" / "manifest.yml").write_text(manifest)
    found = draft(tmp_path)
    assert any(says in str(one) for one in found.left if one.file == "copilot/odd/manifest.yml"), found.left
    assert "hello" in found.tables["dev"]["services"]


def test_yaml_is_read_only_by_the_command(tmp_path: Path) -> None:
    code = "import sys, provisioner.cli.main, provisioner.migration; print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("@daily", "cron(0 0 * * ? *)"),
        ("@weekly", "cron(0 0 ? * 1 *)"),
        ("@every 90m", "rate(90 minutes)"),
        ("@every 1h", "rate(1 hour)"),
        ("@every 2h30m", "rate(150 minutes)"),
        ("30 3 * * 1", "cron(30 3 ? * 2 *)"),
        ("0 9 * * TUE-SAT", "cron(0 9 ? * TUE-SAT *)"),
        ("0 9 * * 1-5", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * 0,6", "cron(0 9 ? * 1,7 *)"),
        ("0 9 * * 7", "cron(0 9 ? * 1 *)"),
        ("0 9 * * 5-7", "cron(0 9 ? * 1,6-7 *)"),
        ("0 9 * * 1-7", "cron(0 9 ? * 1,2-7 *)"),
        ("*/15 * 1 * *", "cron(*/15 * 1 * ? *)"),
        ("0 0 * * *", "cron(0 0 * * ? *)"),
        ("cron(0 8 ? * MON-FRI *)", "cron(0 8 ? * MON-FRI *)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
    ],
)
def test_schedules(theirs: str, ours: str) -> None:
    assert schedules.expression(schedules.in_aws_form(theirs)) == ours


@pytest.mark.parametrize("wrong", ["", "@reboot", "0 9 1 * 1", "0 9 * *", "@every 30s", "@every 0m", "0 9 * * 8"])
def test_schedules_that_aws_has_not(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        schedules.expression(schedules.in_aws_form(wrong))


TABLES = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


@given(tables=st.dictionaries(st.sampled_from(["dev", "qa", "prod"]), TABLES, min_size=1), choice=st.integers(0, 2))
def test_parted_tables_are_whole_again(tables: dict[str, Any], choice: int) -> None:
    own = sorted(tables)[choice % len(tables)]
    base, others = parted(tables, own)
    assert {env: overlays.merged(base, others[env]) for env in tables} == tables


def test_a_value_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("base: &b\n  x: 1\nother:\n  <<: *b\n  y: 'true'\n  z: yes\n")
    found = read(path, "a.yml")
    assert isinstance(found, Value)
    other = found.at("other")
    assert other is not None
    assert {key: (one.line, one.text, one.scalar) for key, one in other.table.items()} == {
        "x": (2, "1", "int"),
        "y": (5, "true", "str"),
        "z": (6, "yes", "bool"),
    }
