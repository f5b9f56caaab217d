"""The JSON schema in an editor: a language server for TOML completes and explains keys, and marks mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioner.config import schema
from provisioner.config.models import SAMPLE

SERVER = Path(sys.executable).with_name("tombi")
LINE = "#:schema ./stack.schema.json"
WRONG = f"""{LINE}
project = "Shop"

[services.web]
imagee = "nginx"
port = 99999
health = 3
deployment = "sometimes"

[environments.prod]
services.web.cpu = "much"
"""


class Editor:
    """One end of a language server: notifications and requests."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.last = process, 0

    def tell(self, method: str, **params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request and return its result."""
        self.last += 1
        self._send({"id": self.last, "method": method, "params": params})
        while True:
            answer = self._read()
            if answer.get("id") == self.last and "method" not in answer:
                return answer["result"]
            if "id" in answer:
                # a request of the server's: it is answered with nothing
                self._send({"id": answer["id"], "result": None})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stdin = self.process.stdin
        assert stdin
        stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        stdin.flush()

    def _read(self) -> Any:
        stdout = self.process.stdout
        assert stdout
        length = 0
        while (line := stdout.readline().strip()) or not length:
            assert line, "the server has ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return json.loads(stdout.read(length))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stack.schema.json").write_text(json.dumps(schema.document()))
    return tmp_path


@contextmanager
def editor(folder: Path, text: str) -> Iterator[tuple[Editor, dict[str, str]]]:
    """An editor that has opened a stack.toml."""
    path = folder / "stack.toml"
    path.write_text(text)
    with subprocess.Popen([SERVER, "lsp", "--offline"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            one, document = Editor(process), {"uri": path.as_uri()}
            capabilities = {"textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {}}}
            one.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=capabilities)
            one.tell("initialized")
            one.tell(
                "textDocument/didOpen", textDocument={**document, "languageId": "toml", "version": 1, "text": text}
            )
            yield one, document
        finally:
            process.kill()


def lint(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "stack.toml").write_text(text)
    command = [str(SERVER), "lint", "--offline", "stack.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"NO_COLOR": "1"})


def test_an_editor_finds_nothing_wrong_with_the_sample(folder: Path) -> None:
    done = lint(folder, f"{LINE}\n{SAMPLE.read_text(encoding='utf-8')}")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_an_editor_marks_mistakes(folder: Path) -> None:
    done = lint(folder, WRONG)
    assert done.returncode == 1
    marked = {int(line) for line in re.findall(r"stack.toml:(\d+):", done.stderr)}
    wrong = ('"Shop"', "imagee", "99999", "health = 3", "sometimes", "much")
    assert marked == {number for number, line in enumerate(WRONG.splitlines(), 1) if any(one in line for one in wrong)}


def test_an_editor_says_what_a_key_is_for_and_completes_it(folder: Path) -> None:
    text = f'{LINE}\n\n[services.web]\nimage = "nginx"\nread_only = true\nstop\n'
    place = {"line": 4, "character": 3}
    with editor(folder, text) as (one, document):
        # it reads the schema only once it has opened the document
        asked = (one.ask("textDocument/hover", textDocument=document, position=place) for _ in range(1000))
        assert "read-only root file system" in json.dumps(next(hover for hover in asked if hover))
        found = one.ask("textDocument/completion", textDocument=document, position={"line": 5, "character": 4})
        items = found["items"] if isinstance(found, dict) else found
        assert "stop_timeout" in {item["label"] for item in items}
