"""A substitute shell without a container: it knows a few words, and for all others says that nothing ran.

It knows `echo`, `printf`, `true`, `false` and `exit`, lists of them (`;`, `&&`, `||`), parameters, and `sh` itself.
"""

from __future__ import annotations

import queue
import re
import shlex
import threading
from collections.abc import Mapping, Sequence

_SHELLS = ("sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash")
_SILENT: Mapping[str, int] = {"true": 0, "false": 1, "trap": 0, "stty": 0, "command": 1}
"""Words without output, and their exit codes: `command` fails, since no other command can be found."""
_OCTAL = re.compile(r"\\([0-7]{1,3})")
_PROMPT = b"$ "
_END_OF_INPUT, _INTERRUPT = 4, 3


class _Exit(Exception):
    """A shell ends, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Nothing:
    """A substitute for a program, which runs nothing.

    Args:
        words: the command line of the program.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._keys: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._out: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._main, args=(list(words),), name="no container", daemon=True).start()

    def read(self) -> bytes:
        """Return a piece of its output."""
        return self._out.get()

    def write(self, data: bytes) -> None:
        """Type bytes into its terminal."""
        for key in data:
            self._keys.put(key)

    def resize(self, columns: int, rows: int) -> None:
        """Ignore the size of the terminal."""

    def close(self) -> None:
        """End the waits for keys and for output."""
        self._keys.put(None)
        self._out.put(b"")

    # -- in its own thread -----------------------------------------------------------------------------------------

    def _main(self, words: list[str]) -> None:
        try:
            self._run(words)
        except _Exit:
            # the word of a shell, without one
            pass
        except IndexError:
            self._say(f"{shlex.join(words)}: an argument is missing\r\n")
        finally:
            # the reader waits for the end
            self._out.put(b"")

    def _run(self, words: list[str]) -> int:
        """Run a command, and return its exit code."""
        name, rest = words[0], words[1:]
        if name in _SHELLS:
            return self._shell(rest)
        if name == "exit":
            raise _Exit(int(rest[0]) if rest and rest[0].isdigit() else 0)
        if name in _SILENT:
            return _SILENT[name]
        if name == "echo":
            self._say(" ".join(rest) + "\r\n")
        elif name == "printf":
            pattern = _OCTAL.sub(lambda found: chr(int(found[1], 8)), rest[0]).replace("\\n", "\r\n")
            self._say(pattern.replace("%s", "{}").replace("%d", "{}").format(*rest[1:]))
        else:
            self._say(f"{shlex.join(words)}: nothing was run: without Docker there is no container here\r\n")
        return 0

    def _shell(self, rest: list[str]) -> int:
        try:
            if rest[:1] == ["-c"]:
                return self._script(rest[1], rest[3:])
            return self._interactive()
        except _Exit as ended:
            return ended.code

    def _interactive(self) -> int:
        code, line = 0, bytearray()
        self._out.put(_PROMPT)
        while (key := self._keys.get()) is not None and not (key == _END_OF_INPUT and not line):
            if key == _INTERRUPT:
                line.clear()
                self._out.put(b"^C\r\n" + _PROMPT)
            elif key in b"\r\n":
                self._out.put(b"\r\n")
                code = self._script(line.decode("utf-8", "replace"), [])
                line.clear()
                self._out.put(_PROMPT)
            else:
                line.append(key)
                self._out.put(bytes([key]))
        return code

    def _script(self, text: str, parameters: list[str]) -> int:
        """Run a list of commands, and return the last exit code; unknown syntax, such as a pipe, is an error."""
        try:
            lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|(){}")
            lexer.whitespace_split = True
            tokens = list(lexer)
        except ValueError as error:
            self._say(f"sh: {error}\r\n")
            return 2
        code, joint, words = 0, ";", list[str]()
        variables: dict[str, str] = {}
        for token in [*tokens, ";"]:
            if token not in (";", "&&", "||"):
                words += self._expanded(token, parameters, variables, code)
                continue
            if words and {";": True, "&&": code == 0, "||": code != 0}[joint]:
                if not {"|", "(", "{", "if"}.isdisjoint(words):
                    self._say("sh: without Docker there is no container here, and this is no shell for it\r\n")
                    return 2
                code = self._simple(words, parameters, variables)
            joint, words = token, []
        return code

    def _simple(self, words: list[str], parameters: list[str], variables: dict[str, str]) -> int:
        name, assigned, value = words[0].partition("=")
        if assigned and len(words) == 1 and name.isidentifier():
            variables[name] = value
            return 0
        if words[0] == "shift":
            parameters[:] = parameters[1:]
            return 0
        if words[0] == "exec" and len(words) > 1:
            raise _Exit(self._run(words[1:]))
        return self._run(words)

    @staticmethod
    def _expanded(word: str, parameters: list[str], variables: Mapping[str, str], code: int) -> list[str]:
        """Return the words that a word expands to; none if it redirects output."""
        if re.match(r"[0-9]?[<>]", word):
            return []
        if word == "$@":
            return list(parameters)
        known = {**variables, "?": str(code), **{str(n): one for n, one in enumerate(parameters, 1)}}
        return [re.sub(r"\$(\?|\w+)", lambda found: known.get(found[1], ""), word)]

    def _say(self, text: str) -> None:
        self._out.put(text.encode())
