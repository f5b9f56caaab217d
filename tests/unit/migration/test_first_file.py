"""`provision init` in the user's own directory: its findings, the written file, and the questions."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioner.cli.main import main
from provisioner.config import sample
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.migration.directory import first_file, traces
from provisioner.migration.directory.dockerfile import Image, read
from provisioner.operations.impact import costs

FLASK = """\
# syntax=docker/dockerfile:1
FROM python:3.13-slim AS base
ENV PORT=8000 \\
    PYTHONUNBUFFERED=1
FROM base
WORKDIR /app
COPY . .
RUN <<EOF
pip install -r requirements.txt
EXPOSE 1
EOF
RUN useradd app
USER app
EXPOSE $PORT
HEALTHCHECK --interval=5s CMD curl -f http://localhost:${PORT}/up || exit 1
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
EXPRESS = """\
FROM node:22 AS build
EXPOSE 9999
USER root
WORKDIR /app
COPY package*.json ./
RUN npm ci
FROM node:22-slim
COPY --from=build /app /app
USER node
EXPOSE 3000/tcp 9229/udp
CMD ["node", "server.js"]
"""
GO = 'FROM golang:1.24 AS build\nRUN go build\nFROM scratch\nCOPY --from=build /hello /\nENTRYPOINT ["/hello"]\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory called shop, which is the current one."""
    place = tmp_path / "shop"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    return place


def fill(place: Path, files: Mapping[str, str]) -> None:
    """Write files, with the directories above them."""
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)


def written(place: Path, *words: str) -> Config:
    """Run `init` and return the configuration that it wrote, which loads."""
    assert main(["init", *words]) == 0
    return load(place / "stack.toml")


@pytest.mark.parametrize(
    ("text", "port", "source", "user", "health"),
    [
        (FLASK, 8000, "EXPOSE", "app", "/up"),
        (EXPRESS, 3000, "EXPOSE", "node", ""),
        (GO, None, "", "", ""),
        ("FROM x\nENV PORT 5000\n", 5000, "ENV PORT", "", ""),
        ("ARG P=7000\nFROM x\nARG P\nEXPOSE ${P}\n", 7000, "EXPOSE", "", ""),
        ("FROM x\nEXPOSE ${P:-7001}\nEXPOSE 2\n", 7001, "EXPOSE", "", ""),
        ("FROM x\nEXPOSE 53/udp 8080-8090\n", 8080, "EXPOSE", "", ""),
        ("FROM x\nEXPOSE 99999\nexpose 81\n", 81, "EXPOSE", "", ""),
        ("FROM x as a\nUSER u\nFROM a\n", None, "", "u", ""),
        ("FROM x AS a\nUSER u\nFROM x\n", None, "", "", ""),
        ('FROM x\nHEALTHCHECK CMD ["wget", "-q", "http://127.0.0.1:80/ok?a=1"]\n', None, "", "", "/ok"),
        ("FROM x\nHEALTHCHECK CMD curl http://localhost/a\nHEALTHCHECK NONE\n", None, "", "", ""),
        ("FROM x\nHEALTHCHECK CMD curl http://localhost:80\n", None, "", "", "/"),
        ("# escape=`\nFROM x\nRUN a `\n  EXPOSE 1\nEXPOSE 2\n", 2, "EXPOSE", "", ""),
        ("\x00\xff\nEXPOSE\nENV\nUSER\nFROM\n", None, "", "", ""),
    ],
)
def test_a_dockerfile_is_read(text: str, port: int | None, source: str, user: str, health: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    found = read(tmp_path / "Dockerfile")
    assert (found.port, found.source, found.user, found.health) == (port, source, user, health)


def test_a_dockerfile_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "Dockerfile") == Image()


def test_the_application_here_is_found_and_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop, {"Dockerfile": FLASK, "requirements.txt": "flask\n"})
    config = written(shop)
    web = config.services["web"]
    assert (config.project, config.env, config.region, [*config.services]) == ("shop", "dev", "ap-northeast-1", ["web"])
    assert (web.build, web.port, web.public, web.health.path, web.user) == (".", 8000, True, "/up", "app")
    assert config.database is None
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Found Dockerfile: port 8000 (EXPOSE), user app, health check /up.",
        "Found requirements.txt.",
        "Wrote stack.toml, 13 lines, and the state's directory into .gitignore, .dockerignore.",
        "Next: `provision plan` shows what it makes and costs, `provision up` makes it",
        "on the embedded cloud, on this machine. All keys with comments: `provision init --sample -c sample.toml`.",
    ]
    assert err == ""
    assert (shop / ".gitignore").read_text() == ".provision/\n"
    assert (shop / ".dockerignore").read_text() == ".git/\n.provision/\nstack.toml\n"
    assert main(["config"]) == 0


def test_it_never_overwrites(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop, {"stack.toml": "mine", "Dockerfile": FLASK})
    assert main(["init"]) == 4
    assert (
        capsys.readouterr().err == "error: stack.toml already exists: move it, or choose another with --config FILE\n"
    )
    assert {path.name for path in shop.iterdir()} == {"stack.toml", "Dockerfile"}
    assert main(["init", "-c", "no/where.toml"]) == 4
    assert "no/where.toml cannot be written: No such file or directory" in capsys.readouterr().err


def test_ignore_files_keep_their_lines_and_get_each_once(shop: Path) -> None:
    fill(shop, {"Dockerfile": FLASK, ".gitignore": "*.pyc", ".dockerignore": ".provision\n"})
    written(shop)
    assert (shop / ".gitignore").read_text() == "*.pyc\n.provision/\n"
    assert (shop / ".dockerignore").read_text() == ".provision\nstack.toml\n"
    (shop / "stack.toml").unlink()
    written(shop)
    assert (shop / ".gitignore").read_text() == "*.pyc\n.provision/\n"


def test_without_a_dockerfile_a_page_says_hello(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(shop)
    assert (config.services["web"].image, config.services["web"].port) == (first_file.HELLO, 8080)
    assert (config.services["web"].user, config.services["web"].read_only) == ("101", True)
    assert first_file.HELLO in sample.text(), "the same image as the sample's"
    assert len((shop / "stack.toml").read_text().splitlines()) <= 15
    assert "It runs a page that says hello. For a program of yours: write a Dockerfile" in capsys.readouterr().out
    assert not (shop / ".dockerignore").exists()


@pytest.mark.parametrize("files", [{}, {"Dockerfile": FLASK}, {"Dockerfile": EXPRESS, "server.js": "'/healthz'"}])
def test_what_it_writes_costs_below_60_dollars(shop: Path, files: dict[str, str]) -> None:
    fill(shop, files)
    dev = costs.of_config(written(shop), shop / ".provision").sums
    assert 0 < dev.usual < 60
    prod = load(shop / "stack.toml", env="prod")
    plain = Config.model_validate({"project": "x", "services": {"web": {"image": "x"}}})
    assert (prod.network.zones, prod.network.egress) == (plain.network.zones, plain.network.egress)
    assert prod.logs.insights is plain.logs.insights, "production keeps the defaults"
    dearer = load(shop / "stack.toml", env="qa")
    assert dearer.network.egress == "public"
    assert main(["init", "--env", "prod", "-c", "own.toml"]) == 0
    assert load(shop / "own.toml").network == plain.network


def test_a_procfile_gives_workers_and_a_job(shop: Path) -> None:
    fill(shop, {"Dockerfile": FLASK})
    (shop / "Procfile").write_text("web: gunicorn app\nworker: python work.py\nrelease: migrate --to $REV && echo\n")
    config = written(shop)
    assert config.services["worker"].command == ("python", "work.py")
    assert config.services["worker"].build == "."
    assert config.jobs["release"].command == ("sh", "-c", "migrate --to $REV && echo")
    assert config.jobs["release"].before_deploy is True


def test_several_directories_with_a_dockerfile_are_services(shop: Path) -> None:
    fill(shop, {"api/Dockerfile": GO, "frontend/Dockerfile": EXPRESS, "mail/Dockerfile": "FROM x\nEXPOSE 25\n"})
    config = written(shop)
    assert {name: (one.build, one.public, one.port) for name, one in config.services.items()} == {
        "frontend": ("frontend", True, 3000),
        "api": ("api", False, None),
        "mail": ("mail", False, 25),
    }


def test_one_directory_is_the_web_service(shop: Path) -> None:
    fill(shop, {"app/Dockerfile": FLASK})
    assert written(shop).services["web"].build == "app"


@pytest.mark.parametrize(
    ("files", "engine", "told"),
    [
        ({"requirements.txt": "PyMySQL==1\n"}, "aurora-mysql", "Found requirements.txt, which uses MySQL."),
        ({"package.json": '{"name": "x", "dependencies": {"mysql2": "3"}}'}, "aurora-mysql", "which uses MySQL"),
        ({"package.json": '{"dependencies": {"pg": "8"}}'}, "aurora-postgresql", "which uses PostgreSQL"),
        ({"go.mod": "require github.com/jackc/pgx/v5 v5.7.0\n"}, "aurora-postgresql", "which uses PostgreSQL"),
        ({"package.json": "{"}, "", "Found package.json."),
    ],
)
def test_packages_tell_the_database(
    files: dict[str, str], engine: str, told: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(shop, {"Dockerfile": FLASK, **files})
    config = written(shop)
    assert (config.database.engine if config.database else "") == engine
    assert config.services["web"].database == bool(engine)
    assert told in capsys.readouterr().out


def test_a_source_tells_the_health_path(shop: Path) -> None:
    fill(shop, {"Dockerfile": EXPRESS, "routes/ops.js": 'app.get("/health", ok)', "node_modules/x/a.js": '"/healthz"'})
    assert written(shop).services["web"].health.path == "/health"


@pytest.mark.parametrize(
    ("directory", "files", "name"),
    [
        ("My Shop_2", {}, "my-shop-2"),
        ("aws-tools", {}, "my-aws-tools"),
        ("app", {"package.json": '{"name": "@acme/front-desk"}'}, "front-desk"),
        ("src", {"pyproject.toml": '[project]\nname = "Front.Desk"'}, "front-desk"),
        ("app", {"package.json": "[]", "pyproject.toml": "x"}, "app"),
        ("a-very-long-name-of-a-directory-that-no-name-at-aws-can-hold", {}, "a-very-long-name-of"),
        ("2048", {}, "app"),
    ],
)
def test_the_project_gets_a_name_that_aws_takes(
    directory: str, files: dict[str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / directory
    fill(place, {"Dockerfile": FLASK, **files})
    monkeypatch.chdir(place)
    assert written(place).project == name
    assert load(place / "stack.toml", env="prod").project == name


def test_options_answer_the_questions(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop, {"Dockerfile": FLASK})
    words = ["--project", "till", "--internal", "--database", "--region", "eu-west-1", "--env", "qa", "--json"]
    config = written(shop, *words)
    assert (config.project, config.env, config.region) == ("till", "qa", "eu-west-1")
    assert (config.services["web"].public, config.services["web"].port, bool(config.database)) == (False, 8000, True)
    said = json.loads(capsys.readouterr().out)
    assert (said["config"], said["project"], said["public"], said["database"]) == ("stack.toml", "till", False, True)
    assert said["found"] == ["Found Dockerfile: port 8000 (EXPOSE), user app, health check /up."]


def test_a_project_that_is_too_long_is_not_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--project", "x" * 30]) == 4
    assert "characters and AWS allows 32: shorten one of its parts" in capsys.readouterr().err
    assert [*shop.iterdir()] == []
    assert written(shop, "--project", "x" * 22).project == "x" * 22


def test_the_region_is_that_of_the_shell(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "no region")
    assert written(shop).region == "us-east-1"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--project", "My Shop"), "--project: My Shop cannot begin the names of AWS resources: use my-shop"),
        (("--sample", "--public"), "--public: is not for the sample"),
        (("--sample", "--from", "compose"), "--from: is not for the sample"),
        (("--with-app", "--region", "eu-west-1"), "--region: is not for the sample"),
        (("--from", "compose", "--no-database"), "--database: is not for --from compose"),
        (("--from", "dockerfile"), "there is no Dockerfile in"),
        (("copilot",), "copilot: is for --from"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    words: tuple[str, ...], told: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *words]) == 4
    assert told in capsys.readouterr().err
    assert [*shop.iterdir()] == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {"compose.yaml": "services: {}"},
            "`provision init --from compose`. To begin without it: `provision init --sam",
        ),
        ({"docker-compose.yml": "", "Dockerfile": GO}, "To begin without it: `provision init --from dockerfile`"),
        (
            {"copilot/web/manifest.yml": "", "compose.yaml": ""},
            "copilot/ describes this application: translate it with",
        ),
    ],
)
def test_other_tools_files_are_translated_instead(
    files: dict[str, str], told: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(shop, files)
    assert main(["init"]) == 4
    assert told in capsys.readouterr().err
    assert not (shop / "stack.toml").exists()


def test_from_dockerfile_leaves_compose_aside(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shop, {"compose.yaml": "services: {}", "Dockerfile": EXPRESS})
    assert written(shop, "--from", "dockerfile").services["web"].port == 3000
    assert "Found compose.yaml: `provision init --from compose` translates it instead." in capsys.readouterr().out


def test_a_file_elsewhere_is_for_the_directory_it_is_in(shop: Path) -> None:
    fill(shop, {"inner/Dockerfile": FLASK})
    assert main(["init", "-c", "inner/stack.toml"]) == 0
    assert load(shop / "inner" / "stack.toml").project == "inner"
    assert (shop / "inner" / ".gitignore").exists()


def test_the_file_reads_as_a_person_would_write_it(shop: Path) -> None:
    fill(shop, {"Dockerfile": EXPRESS})
    written(shop)
    text = (shop / "stack.toml").read_text()
    assert max(map(len, text.splitlines())) <= 110
    assert tomllib.loads(text)["services"]["web"]["health"] == "/"
    assert 'health = "/"                              # a path that returns 200: a guess' in text


def test_a_directory_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert traces.look(tmp_path / "nowhere").builds == ()


@pytest.mark.parametrize(
    ("typed", "words", "answers", "questions"),
    [
        ("\n\n\n", (), ("shop", True, False), 3),
        ("My Till\nn\ny\n", (), ("my-till", False, True), 3),
        ("n\n", ("--project", "till", "--no-database"), ("till", False, False), 1),
        ("", ("--yes",), ("shop", True, False), 0),
    ],
)
def test_a_terminal_is_asked_at_most_three_questions(
    typed: str,
    words: tuple[str, ...],
    answers: tuple[str, bool, bool],
    questions: int,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(shop, {"Dockerfile": EXPRESS})
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with os.fdopen(theirs, "r") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", terminal)
        config = written(shop, *words)
    os.close(ours)
    web = config.services["web"]
    assert (config.project, web.public, config.database is not None) == answers
    err = capsys.readouterr().err
    assert err.count("[") == questions
    assert ("Found Dockerfile: port 3000" in err) == bool(questions)


def test_standard_input_that_is_no_terminal_asks_nothing(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\nn\ny\n"))
    assert written(shop).project == "shop"
    assert "[" not in capsys.readouterr().err
