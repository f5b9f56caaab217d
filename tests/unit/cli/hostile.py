"""Shared parts of the tests with hostile input."""

from __future__ import annotations

import re

from provisioner.config.models import Config

EVIL = "\x1b]0;mine\x07\x1b[2Jvpc-1\r\n+ all is well\u202e\x9b31m\u2028\x00"
"""A text that would rename, clear and turn a terminal's window, and fake a line."""
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
WEB = '[services.web]\nimage = "nginx:1"\nport = 80\n'
CONFIG = Config.model_validate({"services": {"web": {"image": "nginx:1", "port": 80}}})


def harmless(text: str) -> bool:
    """Return whether a terminal would show a text unchanged."""
    return all(line.isprintable() or not STEERING.search(line) for line in text.split("\n"))
