"""Settings are written as tags that ECS accepts, and read again as they were."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as some

from provisioner.config.records import ASLEEP, DEPLOYED, EXPIRES, PAUSED, SCALED
from provisioner.operations.context.cluster_tags import COPIED, LONGEST, MOST, found_in, settings, written
from provisioner.state.model import Record

ALLOWED = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
"""The characters of a tag's value (ECS API reference, Tag)."""
NAMES = some.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def record(kind: str, name: str, **arguments: object) -> Record:
    return Record(f"{kind}/{name}", kind, "ready", "", arguments=arguments, step=COPIED[kind])


RECORDS = some.one_of(
    some.builds(lambda name, text: record(DEPLOYED, name, image=text, instead_of=f"build {text}"), NAMES, some.text()),
    some.builds(lambda name, n: record(SCALED, name, least=n, most=n, instead_of="count = 2"), NAMES, some.integers(0)),
    some.builds(lambda name, n: record(PAUSED, name, tasks=n), NAMES, some.integers(0, 99)),
    some.builds(lambda n: record(EXPIRES, "main", until=n), some.integers(0, 2**40)),
    some.just(record(ASLEEP, "main")),
)


@given(some.lists(RECORDS, max_size=12))
def test_settings_come_back_as_they_were(records: list[Record]) -> None:
    there = {one.address: one for one in records}
    tags = written(there)
    assert all(ALLOWED.fullmatch(value) and 0 < len(value) <= LONGEST for value in tags.values())
    assert not tags or found_in(tags | {"Project": "shop"}) == settings(there)


def test_settings_that_do_not_fit_are_left_out() -> None:
    assert written({f"n{n}": record(DEPLOYED, f"s{n}", image="i" * 200, instead_of="image") for n in range(80)}) == {}
    few = {f"n{n}": record(SCALED, f"s{n}", least=1, most=2, instead_of="count = 2") for n in range(60)}
    assert 0 < len(written(few)) <= MOST


@given(some.text(alphabet="abc=@2+/_ 0{}", max_size=60), some.integers(0, 200))
def test_tags_that_somebody_changed_are_no_error(text: str, at: int) -> None:
    whole = written({"a": record(PAUSED, "web", tasks=2), "b": record(EXPIRES, "main", until=7)})
    value = whole["provisioner:settings.1"]
    found = found_in({"provisioner:settings.1": value[:at] + text + value[at:]})
    assert all(one.type in COPIED for one in found.values())
    assert found_in({"provisioner:settings.1": "", "provisioner:settings.2": value}) == {}
    assert found_in({"provisioner:settings.1": "service/web=x=1"}) == {}
