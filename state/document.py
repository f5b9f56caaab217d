"""The state document's text form: JSON with one record a line, so that many records take little time and memory.

A document in another layout is read as ordinary JSON.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

from provisioner.state.checks import parsed, parsed_lines
from provisioner.state.model import SCHEMA, Record, State

BATCH = 1000
"""The number of lines that are written at once."""
PIECE = 1 << 20
"""The approximate number of bytes that are read at once."""
FREEZE_ABOVE = 10_000
"""The number of records from which `gc.freeze` keeps them, and all older objects, out of later garbage collections."""
_BEGIN, _END = b'\n"records": {\n', b"\n},\n"
# circular values are refused before they are recorded
_json = json.JSONEncoder(check_circular=False).encode


def written(state: State) -> Iterator[bytes]:
    """Return the document in pieces; equal states give equal pieces."""
    head = replace(state, records={}).to_dict()
    history = head.pop("history")
    del head["records"]
    yield ("{\n" + "".join(f"{_json(key)}: {_json(value)},\n" for key, value in head.items())).encode()
    yield from _table(state)
    yield ('"history": [' + ",".join("\n" + _json(run) for run in history) + "\n]\n}\n").encode()


def _table(state: State) -> Iterator[bytes]:
    lines = (f"{_json(address)}: {_json(state.records[address].row())}" for address in sorted(state.records))
    before = b'"records": {\n'
    while batch := ",\n".join(islice(lines, BATCH)):
        yield before + batch.encode()
        before = b",\n"
    yield b"\n},\n" if state.records else b'"records": {},\n'


def table(content: bytearray) -> dict[str, Any] | None:
    """Return a document as JSON values, with its records already built; None if it does not have one record a line.

    The content is consumed, so that it does not stay in memory beside the records.

    Raises:
        ValueError: it is not JSON.
        StateError: a part of a record is missing, unknown or of a wrong type.
    """
    begin = content.find(_BEGIN)
    end = content.rfind(_END, begin)
    if begin < 0 or end < 0:
        return None
    document = parsed(bytes(content[:begin] + b'\n"records": {},\n' + content[end + len(_END) :]))
    if not isinstance(document, dict) or document.get("records") != {} or document.get("schema") != SCHEMA:
        return None
    del content[end:], content[: begin + len(_BEGIN)]
    with _no_garbage():
        records = _records(content)
        if len(records) > FREEZE_ABOVE:
            gc.freeze()
    return document | {"records": records}


def _records(lines: bytearray) -> dict[str, Record]:
    records: dict[str, Record] = {}
    while lines:
        cut = lines.find(b",\n", PIECE) + 1 or len(lines)
        for address, row in parsed_lines(bytes(lines[:cut])).items():
            records[address] = Record.from_row(address, row)
        del lines[: cut + 1]
    return records


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Pause the garbage collector while all new objects stay in use: it would take a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
