"""Keep a copy of the settings that only the state records in tags of the ECS cluster, for the day when it is lost.

`deploy`, `scale`, `sleep` and `up --expires` record their settings in the state. Without a copy, a new state
would undo all of them. The tags have the form that ECS allows: letters, digits, spaces and `_ . : / = + - @`, up to 256
of them (API reference, Tag).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import ApiError, explaining
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.tagging import tag_map
from provisioner.config.records import ASLEEP, DEPLOYED, EXPIRES, PAUSED, PROTECTED, SCALED
from provisioner.engine.errors import ConfigurationError, OutcomeUnknown
from provisioner.state.model import Record

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.state.model import State
    from provisioner.state.store import Store

COPIED = {
    DEPLOYED: "images",
    SCALED: "services",
    PAUSED: "services",
    ASLEEP: "services",
    EXPIRES: "services",
    PROTECTED: "services",
}
"""The types of the records with settings, and the step of each."""
TAG = "provisioner:settings."
"""The start of the tags' keys; a number follows."""
LONGEST, MOST, PLACES = 256, 40, 45
"""The characters of a tag's value; the tags that are used; and the tags beside those by which the cluster is found, as
a resource has at most 50."""
SEPARATOR = "+"
_KEPT = re.compile(r"[^A-Za-z0-9_.:/-]")
_CODED = re.compile(r"@([0-9a-f]{2})")


def settings(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return the records with settings, by address."""
    return {address: record for address, record in records.items() if record.type in COPIED}


def written(records: Mapping[str, Record], chosen: int = 0) -> dict[str, str]:
    """Return the tags for the settings in these records; none if they do not fit.

    Args:
        chosen: the number of the user's own tags, which take some of the places.
    """
    text = SEPARATOR.join(_word(one.address, one.arguments) for _, one in sorted(settings(records).items()))
    pieces = [text[at : at + LONGEST] for at in range(0, len(text), LONGEST)]
    most = min(MOST, PLACES - chosen)
    return {f"{TAG}{n}": piece for n, piece in enumerate(pieces, 1)} if len(pieces) <= most else {}


def found_in(tags: Mapping[str, str]) -> dict[str, Record]:
    """Return the records of the settings in a cluster's tags, by address; tags that somebody changed are left out."""
    text = "".join(_pieces(tags))
    records = (_record(word) for word in text.split(SEPARATOR))
    return {record.address: record for record in records if record}


def lost(aws: Aws, state: State) -> dict[str, Record]:
    """Return the settings that a stack without a state has in AWS, by address; none if the state records a resource.

    Settings that are recorded alone were written by an `up` that was killed: they are left out, and the others found.

    Raises:
        ApiError: the cluster cannot be read.
    """
    if len(state.records) > len(settings(state.records)):
        return {}
    return {address: record for address, record in found_in(_tags(aws)).items() if address not in state.records}


def check_awake(aws: Aws, found: Mapping[str, Record]) -> None:
    """Refuse to change a stack that sleeps and has no state: `wake` needs its records.

    Raises:
        ConfigurationError: it sleeps.
    """
    if any(record.type == ASLEEP for record in found.values()):
        raise ConfigurationError(
            f"{aws.name} is asleep, and its state is lost or elsewhere: run `provision recover`, then `provision wake`"
        )


def restore(aws: Aws, store: Store) -> list[str]:
    """Record the settings that a stack without a state has in AWS, and return a sentence on them if there are any.

    Raises:
        ApiError: the cluster cannot be read.
        ConfigurationError: the stack sleeps.
        StateError: the state cannot be written.
    """
    found = lost(aws, store.state)
    check_awake(aws, found)
    for record in found.values():
        store.put(record)
    return note(found)


def note(found: Mapping[str, Record]) -> list[str]:
    """Return a sentence on the settings that were found for a lost state; none if there are none."""
    if not found:
        return []
    return [f"there is no state: these settings are restored from the tags of the cluster: {', '.join(sorted(found))}"]


def save(aws: Aws, store: Store, before: Mapping[str, Record], report: Callable[[str], None]) -> None:
    """Copy the settings of the state to the cluster if it has others, or if they are not `before` any more.

    A refused call is reported, and one whose answer is lost twice: the state itself has all settings.
    """
    now, cluster = settings(store.records), store.records.get("cluster/main")
    if not (now or before) or aws.reads_only or cluster is None or cluster.phase not in ("created", "ready"):
        return
    try:
        with explaining():
            wanted = written(now, len(aws.chosen))
            try:
                _put(aws, cluster, wanted)
            except OutcomeUnknown:
                # it reads the tags first, and writes only what is not there
                _put(aws, cluster, wanted)
    except (ApiError, OutcomeUnknown) as error:
        report(f"note: the settings of {aws.name} were not copied to the tags of its cluster: {error}")


def _put(aws: Aws, cluster: Record, wanted: Mapping[str, str]) -> None:
    there = _tags(aws)
    if not aws.owns(there):
        return
    # an empty value instead of a removal, for which a further permission would be needed
    emptied = {key: "" for key in there if key.startswith(TAG)}
    changed = {key: value for key, value in {**emptied, **wanted}.items() if there.get(key) != value}
    if changed:
        tags = tag_pairs(aws.tags(cluster.address) | changed, "key", "value")
        aws.client("ecs").tag_resource(resourceArn=cluster.outputs["arn"], tags=tags)


def of_project(aws: Aws) -> dict[str, dict[str, Record]]:
    """Return the settings of all stacks of this project in the account and the Region, by environment.

    Raises:
        ApiError: the tags cannot be read.
    """
    filters = [{"Key": key, "Values": [aws.owner[key]]} for key in ("Project", "ManagedBy")]
    with explaining():
        found = aws.pages(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            TagFilters=filters,
            ResourceTypeFilters=["ecs:cluster"],
        )
        tags = [tag_map(one["Tags"]) for one in found]
    return {one["Environment"]: found_in(one) for one in tags if "Environment" in one}


def _tags(aws: Aws) -> Mapping[str, str]:
    """Return the tags of this stack's cluster; none if there is no cluster, or if it is another stack's."""
    from provisioner.resources.ecs.cluster import clusters

    with explaining():
        found = [tag_map(one.get("tags"), "key", "value") for one in clusters(aws, [aws.name])]
    return next((tags for tags in found if aws.owns(tags)), {})


def _pieces(tags: Mapping[str, str]) -> Iterator[str]:
    for n in count(1):
        if not (piece := tags.get(f"{TAG}{n}")):
            return
        yield piece


def _word(address: str, arguments: Mapping[str, Any]) -> str:
    """Return a setting as one word: its address, and its arguments' names and JSON, joined by `=`."""
    parts = [address, *(part for name, value in arguments.items() for part in (name, json.dumps(value)))]
    return "=".join(map(_coded, parts))


def _record(word: str) -> Record | None:
    """Return the record of a word of `_word`; None if it is not one."""
    address, *parts = word.split("=")
    kind = address.partition("/")[0]
    if kind not in COPIED or len(parts) % 2:
        return None
    try:
        values = [json.loads(_decoded(part)) for part in parts[1::2]]
    except ValueError:
        return None
    arguments = dict(zip(map(_decoded, parts[::2]), values, strict=True))
    record = Record(_decoded(address), kind, "ready", "", arguments=arguments, step=COPIED[kind])
    return None if Record.wrong(vars(record)) else record


def _coded(text: str) -> str:
    """Return a text with `@` and two hexadecimal digits for each byte of a character that has to be replaced."""
    return _KEPT.sub(lambda match: "".join(f"@{byte:02x}" for byte in match[0].encode()), text)


def _decoded(text: str) -> str:
    found = _CODED.sub(lambda match: chr(int(match[1], 16)), text)
    return found.encode("latin-1", "replace").decode("utf-8", "replace")
