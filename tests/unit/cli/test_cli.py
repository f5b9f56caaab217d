"""The command line without a cloud: help, usage, configuration, state, errors, and the cost of its start."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner import __version__
from provisioner.cli.prompts import confirm
from provisioner.config import sample
from provisioner.config.stack_file import load
from provisioner.engine.errors import Cancelled, ConfigurationError
from provisioner.operations.context.options import Options, Target
from provisioner.state.local import LocalStore
from provisioner.state.lock import LOCK_FILE, holder
from provisioner.state.model import Record
from tests.unit.config.unplaced import EXCERPT
from tests.unit.conftest import Run

ROOT = str(Path(__file__).parents[3])
COMMANDS = [
    ("init",), ("doctor",), ("up",), ("plan",), ("status",), ("output",), ("timeline",), ("list",), ("policy",),
    ("down",),
    ("state", "list"), ("state", "show"), ("recover",), ("import",), ("state", "rm"), ("state", "mv"),
    ("cloud", "start"), ("cloud", "stop"), ("cloud", "status"), ("cloud", "env"), ("cloud", "delegate"),
]  # fmt: skip
COMMON = ("--config", "-c", "--env", "--target", "--state-dir", "--profile", "--yes", "-y", "--json", "--log")

HEAVY = (
    "boto3",
    "botocore",
    "rich",
    "moto",
    "dns",
    "docker",
    "steps",
    "provisioner.aws.client",
    "provisioner.resources",
)


def program(
    *words: str, code: str = "import sys; from provisioner.cli.main import main; sys.exit(main())", **kw: Any
) -> Any:
    """A process of its own."""
    kw = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | kw
    return subprocess.run([sys.executable, "-c", code, *words], text=True, timeout=120, check=False, **kw)


# -- help and usage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_examples_and_the_common_options(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words, "--help")
    assert (code, err) == (0, "")
    assert f"Usage: provision {' '.join(words)} [OPTIONS]" in out
    assert re.search(r"<(str|path|list)|\[\[|\{", out) is None, "no type of Python's, no brackets around brackets"
    assert f"Examples:\n    provision {' '.join(words)}" in out
    assert [option for option in COMMON if option not in out] == []


def test_help_lists_the_commands_in_the_order_of_use(run: Run) -> None:
    out = run("--help")[1]
    places = [
        out.index(f"\n  {name} ") for name in ("init", "plan", "up", "status", "deploy", "output", "timeline", "down")
    ]
    assert places == sorted(places)
    assert run("-h")[1] == out


def test_the_program_alone_shows_its_help_as_wrong_usage(run: Run) -> None:
    code, out, err = run()
    assert (code, out) == (4, "")
    assert err.startswith("Usage: provision")


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"provision {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["upp"], "error: No such command 'upp'. Did you mean `provision up`? See `provision --help`"),
        (["up", "--nope"], "No such option: --nope"),
        (["--env", "x", "up"], "Options come after the command, as in `provision up --env staging`. See `provision"),
        (["up", "extra"], "Got unexpected extra argument"),
        (["up", "--target", "mars"], "(env var: 'PROVISION_TARGET'): 'mars' is not one of 'local', 'aws'. See"),
        (["state"], "Missing command"),
        (["state", "show"], "Missing argument 'ADDRESS'."),
        (["cloud", "start", "--port", "0"], "--port"),
        (["cloud", "start", "--port", "many"], "--port"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_4(run: Run, words: list[str], message: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.rstrip().endswith("--help`")
    assert err.count("\n") == 1


def test_the_target_may_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_TARGET", "mars")
    assert run("init", "--sample")[0] == 4
    monkeypatch.setenv("PROVISION_TARGET", "aws")
    run("init", "--sample")
    assert json.loads(run("status", "--json")[1])["target"] == "aws"
    assert json.loads(run("status", "--json", "--target", "local")[1])["target"] == "local"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_knows_the_commands_and_their_options(shell: str) -> None:
    complete = completer(shell)
    assert {"up", "plan", "down", "state", "cloud"} <= set(complete("provision ").replace('"', " ").split())
    assert "--state-dir" in complete("provision up --s")


COMPLETED = {
    "provision deploy ": {"frontend", "backend"},
    "provision deploy fr": {"frontend"},
    "provision logs ": {"frontend", "backend", "nightly"},
    "provision run n": {"nightly"},
    "provision sleep ": {"frontend", "backend", "nightly"},
    "provision wake ": {"frontend", "backend", "nightly"},
    "provision tunnel ": {"database", "frontend", "backend"},
    "provision up --target-step net": {"network"},
    "provision plan --env ": {"dev", "prod"},
    "provision secret rm ": {"STRIPE_KEY"},
    "provision show vp": {"vpc/main"},
    "provision show --env prod ": set[str](),
    "provision up --profile w": {"work"},
    "provision output ur": {"url"},
    "provision explain quo": {"quota"},
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_knows_values(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = sample.text().replace("# secrets = [", "secrets = [", 1)
    Path("stack.toml").write_text(f'{text}\n[jobs.nightly]\nextends = "backend"\n\n[environments.prod]\n')
    Path("config").write_text("[default]\n[profile work]\nregion = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with LocalStore(tmp_path / ".provision" / "local" / "ecs-sample-dev", "ecs-sample-dev", "up", "1") as store:
        store.put(Record("vpc/main", "vpc", "ready", "vpc-1"))
    complete = completer(shell)
    # shells pass the word in different ways, but the completions are the same
    for line, wanted in list(COMPLETED.items())[: None if shell == "bash" else 2]:
        found = {word for word in re.findall(r"[\w/-]+", complete(line)) if not word.startswith("-")}
        assert found >= wanted, line
        assert len(found - wanted) <= 2, (line, found)
    Path("stack.toml").write_text("this is no TOML")
    assert "frontend" not in complete("provision deploy ")
    assert "Traceback" not in complete("provision deploy ")


def completer(shell: str) -> Callable[[str], str]:
    """Return a function that asks the program for completions as a shell does."""

    def complete(line: str) -> str:
        words = {"_PROVISION_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
        words |= {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - (not line.endswith(" "))),
                  "_TYPER_COMPLETE_FISH_ACTION": "get-args"}  # fmt: skip
        done = program(env=os.environ | words)
        return str(done.stdout + done.stderr)

    return complete


def loaded(modules: tuple[str, ...], *lines: str, **kw: Any) -> str:
    """Return which of these modules a process has loaded after these command lines."""
    code = (
        "import sys; from provisioner.cli.main import main; codes = [main(line.split()) for line in sys.argv[1:]]; "
        f"print(codes, [m for m in {modules} if m in sys.modules], file=sys.stderr)"
    )
    return str(program(*lines, code=code, **kw).stderr)


def test_help_and_version_load_nothing_heavy() -> None:
    others = ("pydantic", "provisioner.config.models", "provisioner.engine")
    assert loaded((*HEAVY, *others), "--help", "--version") == "[0, 0] []\n"


def test_a_command_loads_no_other_command(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    others = ("provisioner.cli.commands", "provisioner.cli.up", "provisioner.cli.rehearse", "provisioner.cli.dash")
    assert loaded(others, "config", "output", "status", cwd=tmp_path).endswith(" []\n")
    assert loaded(others[:1], "upp", cwd=tmp_path).endswith(f" {[*others[:1]]}\n"), "a wrong word is compared with all"


def test_the_models_do_not_read_their_own_sources(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    code = (
        "import inspect, sys; from provisioner.cli.main import main; read = []; "
        "inspect.getsource = inspect.getsourcelines = lambda of: read.append(of); "
        "code = main(['config']); print(code, read, file=sys.stderr)"
    )
    assert str(program(code=code, cwd=tmp_path).stderr) == "0 []\n"


# -- init and configuration --------------------------------------------------------------------------------------------


def test_init_writes_a_sample_that_is_valid_and_never_overwrites(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("init", "--sample")
    assert (code, out) == (0, "Wrote stack.toml. Review it, then run `provision up`.\n")
    assert run("status")[0] == 0
    (tmp_path / "stack.toml").write_text("mine")
    code, out, err = run("init", "--sample")
    assert (code, out) == (4, "")
    assert err == "error: stack.toml already exists: edit it, or choose another with --config FILE\n"
    assert (tmp_path / "stack.toml").read_text() == "mine"
    assert json.loads(run("init", "--sample", "-c", "other.toml", "--json")[1]) == {"config": "other.toml"}
    why = "No such file or directory: choose another directory with --config FILE"
    assert run("init", "--sample", "-c", "no/where.toml")[2] == f"error: no/where.toml cannot be written: {why}\n"


def test_init_with_the_application_brings_its_directories(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("init", "--with-app")[1] == "Wrote stack.toml and app/. Review it, then run `provision up`.\n"
    for service in load(tmp_path / "stack.toml").services.values():
        assert (tmp_path / str(service.build) / service.dockerfile).is_file()
    assert (tmp_path / "app" / "service" / "__init__.py").is_file()
    assert list(tmp_path.glob("app/**/__pycache__")) == []
    (tmp_path / "stack.toml").unlink()
    code, out, err = run("init", "--with-app")
    assert (code, out) == (4, "")
    assert err == "error: app already exists: move it, or choose another directory with --config FILE\n"
    assert not (tmp_path / "stack.toml").exists()
    # in a clone it is there
    monkeypatch.setattr(sample, "APP", tmp_path / "app")
    assert json.loads(run("init", "--with-app", "--json")[1]) == {"config": "stack.toml", "app": "app"}
    # a wheel has none
    monkeypatch.setattr(sample, "APP", tmp_path / "site-packages" / "app")
    code, out, err = run("init", "--with-app", "-c", "other.toml")
    assert (code, out) == (4, "")
    assert "not part of an installed package. Install from a clone" in err
    assert not (tmp_path / "other.toml").exists()


def test_what_init_writes_needs_nothing_that_is_not_there(tmp_path: Path, run: Run) -> None:
    """On AWS a missing directory is an error; private subnets reach no registry but ECR: an image is copied there."""
    run("init", "--sample")
    services = load(tmp_path / "stack.toml").services
    assert all(service.image and not service.build for service in services.values())
    assert {str(service.image).partition("/")[0] for service in services.values()} == {"public.ecr.aws"}


@pytest.mark.parametrize(
    "words", [("up",), ("plan",), ("down",), ("status",), ("output",), ("timeline",), ("state", "list")]
)
def test_a_wrong_configuration_is_reported_first(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert "there is no stack.toml in this directory or above it: write one with `provision init`" in err
    (tmp_path / "stack.toml").write_text("[services.web]\nport = 80\nimage = 'x'\ncolour = 'red'\n")
    code, out, err = run(*words)
    assert (code, out) == (4, "")
    assert "stack.toml:4:1: services.web.colour: is unknown" in err
    assert not (tmp_path / ".provision").exists()


@pytest.mark.parametrize("words", [("up",), ("plan",), ("doctor",), ("rehearse",)])
def test_a_missing_dockerfile_is_reported_first(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "stack.toml").write_text(
        "[services.web]\nport = 80\nbuild = 'app'\ndockerfile = 'web'\n"
        "[services.api]\nport = 80\nbuild = 'app'\ndockerfile = '../app'\n"
    )
    code, out, err = run(*words)
    fix = "write the file, or correct the path, which is relative to build"
    assert (code, out) == (4, "")
    assert EXCERPT.sub("", err).splitlines() == [
        f"error: stack.toml:4:14: services.web.dockerfile: there is no file app/web: {fix}",
        f"stack.toml:8:14: services.api.dockerfile: app is a directory: {fix}",
    ]
    assert not (tmp_path / ".provision").exists()


# -- the state, read without a cloud -----------------------------------------------------------------------------------


@pytest.fixture
def recorded(run: Run, tmp_path: Path) -> Path:
    """A configuration, and a state with four records."""
    run("init", "--sample")
    directory = tmp_path / ".provision" / "local" / "ecs-sample-dev"
    with LocalStore(directory, "ecs-sample-dev", "up", "0") as store:
        store.guard("ecs-sample-dev", "123456789012", "ap-northeast-1")
        store.put(
            Record("vpc/main", "vpc", "ready", "t", "vpc-1", {"cidr_block": "10.0.0.0/16"}, step="network", created=1.0)
        )
        outputs = {"dns_name": "lb.example"}
        store.put(
            Record("load_balancer/main", "load_balancer", "created", "t", "lb", {}, outputs, ["vpc/main"], "lb", 2.0)
        )
        store.put(Record("subnet/a", "subnet", "creating", "t", None, {}, {}, ["vpc/main"], "network"))
        name = {"record_name": "app.example.com", "type": "A"}
        store.put(Record("record_set/app", "record_set", "ready", "t", "Z1|app", name, {}, [], "lb", 3.0))
    return directory


def test_state_list_shows_addresses_phases_and_ids(run: Run, recorded: Path) -> None:
    assert run("state", "list")[1].splitlines() == [
        "subnet/a            creating",
        "vpc/main            ready     vpc-1",
        "load_balancer/main  created   lb",
        "record_set/app      ready     Z1|app",
    ]
    assert json.loads(run("state", "list", "--json")[1])[1] == {
        "address": "vpc/main", "step": "network", "phase": "ready", "id": "vpc-1",
    }  # fmt: skip


def test_state_list_of_nothing_is_nothing(run: Run) -> None:
    run("init", "--sample")
    assert run("state", "list") == (0, "", "")
    assert run("state", "list", "--json") == (0, "[]\n", "")


def test_state_show_gives_a_record_and_suggests_the_nearest(run: Run, recorded: Path) -> None:
    assert json.loads(run("show", "vpc/main", "--json")[1])["arguments"] == {"cidr_block": "10.0.0.0/16"}
    lines = run("show", "load_balancer/main")[1].splitlines()
    assert lines[0] == "address  load_balancer/main"
    assert '    "dns_name": "lb.example"' in lines
    assert "created  1970-01-01 00:00:02 UTC" in lines
    assert re.fullmatch(r"changed  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[7])
    code, out, err = run("show", "vpc/mian")
    assert (code, out, err) == (4, "", "error: there is no record vpc/mian: did you mean vpc/main?\n")


@pytest.fixture
def listening(recorded: Path) -> Path:
    """The same, with the HTTPS listener."""
    with LocalStore(recorded, "ecs-sample-dev", "up", "0") as store:
        store.put(Record("listener/https", "listener", "ready", "t", "arn", {"protocol": "HTTPS"}, step="lb"))
    return recorded


def test_output_has_no_url_before_something_listens(run: Run, recorded: Path) -> None:
    assert (
        run("output", "url")[2] == 'error: no output "url" yet: its resource has not been created: run `provision up`\n'
    )


def test_output_gives_all_values_or_one_bare(run: Run, listening: Path) -> None:
    assert run("output")[1].splitlines() == [
        "stack          ecs-sample-dev",
        "account        123456789012",
        "region         ap-northeast-1",
        "vpc            vpc-1",
        "load_balancer  lb.example",
        "url            https://app.example.com",
    ]
    assert run("output", "url") == (0, "https://app.example.com\n", "")
    assert json.loads(run("output", "--json")[1])["vpc"] == "vpc-1"
    assert json.loads(run("output", "vpc", "--json")[1]) == "vpc-1"
    code, out, err = run("output", "ulr")
    assert (code, out) == (4, "")
    assert err == 'error: there is no output "ulr"; there are account, load_balancer, region, stack, url, vpc\n'
    assert (
        run("output", "database")[2]
        == 'error: no output "database" yet: its resource has not been created: run `provision up`\n'
    )


def test_an_output_of_a_stack_that_is_not_up_says_so(run: Run) -> None:
    run("init", "--sample")
    assert run("output", "url") == (
        4,
        "",
        'error: no output "url" yet: the stack has not been created: run `provision up`\n',
    )
    assert run("output", "repository_web") == (
        4,
        "",
        'error: no output "repository_web" yet: the stack has not been created: run `provision up`\n',
    )


def test_output_tells_no_address_that_may_be_another_stacks(run: Run, recorded: Path, tmp_path: Path) -> None:
    """Its own record says that the name is this stack's; a balancer alone does not."""
    config = tmp_path / "stack.toml"
    config.write_text(config.read_text().replace('# host = "app"', 'host = "www"'))
    assert "load_balancer" in json.loads(run("output", "--json")[1])
    assert "url" not in json.loads(run("output", "--json")[1])
    assert "url" not in json.loads(run("output", "--json", "--env", "staging")[1])


def test_status_reads_the_state_while_the_cloud_is_not_running(run: Run, recorded: Path, tmp_path: Path) -> None:
    head = "ecs-sample-dev on local (123456789012, ap-northeast-1): 2 of 4 resources recorded as ready"
    code, first, _ = run("status")
    assert (code, first.splitlines()) == (
        2,
        [
            head,
            "url  https://app.example.com",
            "Live status unavailable: the embedded cloud is not running.",
            "All resources: `provision status --all`",
        ],
    )
    assert run("status", "--all")[1].splitlines() == [
        head,
        "",
        "network",
        "  subnet/a            creating",
        "  vpc/main            ready     vpc-1",
        "lb",
        "  load_balancer/main  created   lb",
        "  record_set/app      ready     Z1|app",
        "",
        "Live status unavailable: the embedded cloud is not running.",
        "",
        "url  https://app.example.com",
    ]
    document = json.loads(run("status", "--json")[1])
    assert (document["stack"], document["live"], len(document["resources"])) == ("ecs-sample-dev", None, 4)
    assert not (tmp_path / ".provision" / "cloud.json").exists()


def test_status_while_resources_are_being_deleted(run: Run, recorded: Path) -> None:
    with LocalStore(recorded, "ecs-sample-dev", "down", __version__) as store:
        store.put(replace(store.records["load_balancer/main"], phase="deleting"))
        lines = run("status", "--all")[1].splitlines()
        assert lines[0].endswith("2 of 4 resources recorded as ready")
        assert re.match(rf"locked by `provision down` by \S+ on \S+, process {os.getpid()}, since ", lines[1])
        assert lines[2] == "1 resource being deleted"
        assert lines[-1] == "url  none: there is no load balancer"
        assert "`provision down`" in json.loads(run("status", "--json")[1])["locked_by"]
    lines = run("status", "--all")[1].splitlines()
    assert lines[1] == "`down` stopped while deleting 1 resource. To finish: `provision down`."


def test_a_killed_commands_lock_is_nobody_at_work(recorded: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    who = {"user": "a", "host": socket.gethostname(), "pid": gone.pid, "command": "up", "since": 1.0}
    for left in (json.dumps(who), "", "{", json.dumps(who | {"pid": "1"}), json.dumps(who | {"pid": 10**30})):
        (recorded / LOCK_FILE).write_text(left)
        assert holder(recorded / LOCK_FILE) == ""
    assert holder(recorded / "nowhere") == ""


def test_what_asks_no_cloud_loads_no_boto3(recorded: Path, tmp_path: Path) -> None:
    lines = ("state list", "show vpc/main", "output --json", "status --json")
    assert loaded(HEAVY, *lines, cwd=tmp_path) == "[0, 0, 0, 2] []\n"
    # the types give a stack's cost lines
    assert loaded(("boto3", "moto", "docker", "dns"), "list", cwd=tmp_path) == "[0] []\n"


def test_environments_and_state_directories_are_apart(run: Run, recorded: Path) -> None:
    assert run("state", "list", "--env", "staging")[1] == ""
    assert run("state", "list", "--state-dir", "elsewhere")[1] == ""
    assert "vpc/main" in run("state", "list", "--state-dir", ".provision", "--env", "dev")[1]


def test_a_broken_state_is_one_message(run: Run, recorded: Path) -> None:
    (recorded / "state.json").write_text("{")
    code, out, err = run("state", "list")
    assert (code, out) == (1, "")
    assert err.startswith("error: .provision/local/ecs-sample-dev/state.json is incomplete or not JSON")
    assert "Run `provision recover`" in err
    assert err.splitlines()[1:] == ["More: `provision explain state`"]


# -- the cloud's commands without a cloud ------------------------------------------------------------------------------


def test_the_clouds_commands_when_none_runs(run: Run) -> None:
    assert run("cloud", "status", "--json") == (0, '{"running": false}\n', "")
    assert run("cloud", "stop") == (0, "The embedded cloud was not running.\n", "")
    code, out, err = run("cloud", "delegate", "example.org")
    assert (code, out) == (1, "")
    assert err == "error: the embedded cloud is not running: start it with `provision cloud start`\n"


# -- AWS without AWS ---------------------------------------------------------------------------------------------------


def test_missing_credentials_and_profiles_are_one_line(run: Run) -> None:
    run("init", "--sample")
    code, out, err = run("up", "--target", "aws", "--yes")
    assert (code, out) == (1, "")
    assert err.startswith("error: no AWS credentials were found")
    code, _, err = run("up", "--target", "aws", "--profile", "work")
    assert code == 4
    assert "(work)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("scale", ["fast", "0", "-1", "inf", "nan"])
def test_a_wrong_time_scale_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch, scale: str) -> None:
    run("init", "--sample")
    monkeypatch.setenv("PROVISION_TIME_SCALE", scale)
    code, _, err = run("plan", "--target", "aws")
    assert (code, err) == (4, f"error: PROVISION_TIME_SCALE is '{scale}': set it to a number above 0, or unset it\n")


# -- unexpected errors ------------------------------------------------------------------------------------------------

FAULT = (
    "import sys; from provisioner.operations.context import configuration; from provisioner.cli.main import main; "
    "configuration.load = None; sys.exit(main())"
)


def test_a_fault_of_the_tool_is_one_line_by_default() -> None:
    ended = program("up", code=FAULT)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: unexpected TypeError: ")
    assert ended.stderr.endswith("report it with the traceback that PROVISION_DEBUG=1 prints\n")
    assert ended.stderr.count("\n") == 1
    assert "Traceback" in program("up", code=FAULT, env=os.environ | {"PROVISION_DEBUG": "1"}).stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [("show vpc/main", 0), ("status --json", 2), ("up --help", 0), ("--version", 0), ("output nothing", 4)],
)
def test_a_reader_that_goes_away_changes_nothing_else(
    run: Run, recorded: Path, tmp_path: Path, words: str, code: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "provisioner.cli.main", *words.split()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": ROOT},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == (
            b""
            if code != 4
            else b'error: there is no output "nothing"; there are account, load_balancer, region, stack, vpc\n'
        )
        assert process.wait(30) == code


def test_a_full_disk_is_no_reader_that_goes_away(run: Run, recorded: Path, tmp_path: Path) -> None:
    """A writer to a file must not treat a part as the whole."""
    with Path("/dev/full").open("w") as full:
        ended = program("state", "list", cwd=tmp_path, env=os.environ | {"PYTHONPATH": ROOT}, stdout=full)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [("state list", "Z|caf\\u00e9"), ("state list --json", "Z|caf\\u00e9"), ("cloud start --help", "NAME,...")],
)
@pytest.mark.parametrize(
    "settings",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
    ids=["stream", "locale"],
)
def test_a_stream_of_ascii_only_gets_what_it_can_take(
    recorded: Path, tmp_path: Path, words: str, expected: str, settings: dict[str, str]
) -> None:
    with LocalStore(recorded, "ecs-sample-dev", "up", __version__) as store:
        store.put(Record("record_set/a", "record_set", "ready", "t", "Z|café", {}, {}, [], "dns"))
    ended = program(*words.split(), cwd=tmp_path, env=os.environ | {"PYTHONPATH": ROOT} | settings)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert expected in ended.stdout
    if "--json" in words:
        assert {"Z|café"} <= {record["id"] for record in json.loads(ended.stdout)}


# -- asking and stopping -----------------------------------------------------------------------------------------------


def test_without_a_terminal_a_question_needs_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", nothing)
        confirm("Remove it", yes=True)
        with pytest.raises(ConfigurationError, match=r"Remove it: confirmation required.*add --yes"):
            confirm("Remove it", yes=False)


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("YES", True), ("n", False), ("", False), ("yep", False)])
def test_on_a_terminal_the_user_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, agreed: bool
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs, "r") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", terminal)
        if agreed:
            confirm("Remove it", yes=False)
        else:
            with pytest.raises(Cancelled, match=r"^cancelled: nothing was changed$"):
                confirm("Remove it", yes=False)
    os.close(ours)
    assert capsys.readouterr().err == "Remove it. Continue? [y/N] "


def test_the_next_command_names_the_same_stack() -> None:
    assert Options().command_line("up") == "`provision up`"
    options = Options(Path("a b.toml"), "staging", Target.AWS, Path("s"), "work", yes=True, json=True)
    assert options.command_line("down") == (
        "`provision down -c 'a b.toml' --env staging --target aws --state-dir s --profile work`"
    )
