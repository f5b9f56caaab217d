"""Lines of the file in errors: their place, and no secret in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from provisioner.config.places import Fault, Text, located
from tests.unit.conftest import Run
from tests.unit.mistakes.guessed import SERVICE

KEY = "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc"
SECRETS = {
    "variable": SERVICE + f'environment = {{ A = "{KEY}", B = 1 }}\n',
    "variable-of-another-tool": SERVICE + f'env = {{ A = "{KEY}" }}\n',
    "plain-variable": SERVICE + 'environment = { A = "hunter2", B = 1 }\n',
    "list": SERVICE + 'environment = ["A=hunter2"]\n',
    "command": SERVICE + 'command = ["serve", "--password", "hunter2", 5]\n',
    "unknown-key": SERVICE + 'password = "hunter2"\n',
    "comment": SERVICE + f"prot = 80 # {KEY}\n",
    "no-toml": SERVICE + f"environment = {{ A = {KEY} }}\n",
    "no-toml-in-a-table": SERVICE + "[services.web.environment]\nA = hunter2\n",
    "no-toml-of-a-name": "password = hunter2\n" + SERVICE,
    "no-toml-of-a-command": SERVICE + 'command = ["--password", "hunter2" 5]\n',
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_no_secret_is_shown(text: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(text)
    code, out, err = run("config", "--json")
    assert code == 4
    assert " | " in err
    assert "^" in err
    assert "hunter2" not in out + err
    assert KEY not in out + err


def test_json_has_the_places(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(SERVICE + "prot = 80\n[environments.prod]\nservices.web.count = 'two'\n")
    code, out, err = run("config", "--json")
    (line,) = out.splitlines()
    problems = json.loads(line)["problems"]
    assert [(one["file"], one["line"], one["column"], one["key"]) for one in problems] == [
        ("stack.toml", 4, 1, "services.web.prot"),
        ("stack.toml", 6, 22, "environments.prod.services.web.count"),
    ]
    assert all(f"{one['key']}: {one['text']}" in err for one in problems)
    assert code == 4


def test_an_error_in_an_option_has_no_place(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(SERVICE)
    _, out, err = run("config", "--json", "--env", "A b")
    assert json.loads(out)["problems"][0]["line"] is None
    assert err.startswith("error: --env: ")


def places(err: str) -> list[str]:
    return re.findall(r"^(?:error: )?stack\.toml:(\d+:\d+): ", err, re.MULTILINE)


def test_errors_are_in_the_order_of_the_file(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(SERVICE + 'prot = 80\ncount = "x"\n[dns]\nzone = "a"\n')
    assert places(run("config")[2]) == ["4:1", "5:9", "7:1"]


def test_several_lines_that_are_no_toml_are_told_at_once(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text("project == 'a'\n[services.web]\nimage = nginx\npublic = True\n")
    assert places(run("config")[2]) == ["1:10", "3:9", "4:10"]


def test_after_a_value_of_several_lines_one_error_is_told(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text("[services.web]\ncalls = [\n  api,\n]\nimage = nginx\n")
    assert places(run("config")[2]) == ["3:3"]


def test_an_inherited_value_is_shown_where_it_is_written(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(
        '[services.a]\nextends = "b"\nport = 1\n[services.b]\nimage = "i"\ncpu = "x"\n'
    )
    _, _, err = run("config")
    assert places(err) == ["6:7"]


def test_twenty_errors_have_their_lines_and_all_their_places(tmp_path: Path, run: Run) -> None:
    (tmp_path / "stack.toml").write_text(SERVICE + "".join(f"wrong{number} = 1\n" for number in range(25)))
    _, _, err = run("config")
    assert len(places(err)) == 25
    assert err.count("| wrong") == 20


def test_a_line_that_nobody_could_read_is_not_shown(tmp_path: Path, run: Run) -> None:
    for number, shown in ((100, True), (1000, False)):
        words = '"a", ' * number
        (tmp_path / "stack.toml").write_text(f"{SERVICE}command = [{words}1]\n")
        _, _, err = run("config")
        assert len(places(err)) == 1
        assert (" | " in err) is shown


def test_a_long_line_is_cut_around_the_mark() -> None:
    text = f"environment = {{ {', '.join(f'NAME{number} = {number}' for number in range(40))} }}\n"
    told = Text(text).told("stack.toml", "", "", Text(text).span(Fault(("environment", "NAME30"), "")))
    line, mark = told.excerpt
    assert len(line) <= 80
    assert line[mark.index("^") : mark.rindex("^") + 1] == "30"


@pytest.mark.parametrize(
    ("text", "env", "place"),
    [
        ('region = "a"\n', "", "1:10"),
        ('region = "a"\n[environments.prod]\nregion = "b"\n', "prod", "3:10"),
        ('region = "a"\n[environments.prod]\nregion = "b"\n', "qa", "1:10"),
        ('env = "prod"\n[environments.prod]\nregion = "b"\n', "", "3:10"),
    ],
)
def test_later_errors_have_places_as_well(text: str, env: str, place: str, tmp_path: Path) -> None:
    (path := tmp_path / "stack.toml").write_text(text)
    first = located(f"{path}: region: is none\nand more", env).split("\n")
    assert first[0] == f"{path}:{place}: region: is none"
    assert first[-1] == "and more"


def test_a_message_about_no_key_stays(tmp_path: Path) -> None:
    (path := tmp_path / "stack.toml").write_text('region = "a"\n')
    for message in (f"{path}: there is no such file", f"{path}: absent: is none", "no.toml: region: x"):
        assert located(message, "") == message
