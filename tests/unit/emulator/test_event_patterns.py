"""Event patterns of the embedded cloud, which match as EventBridge's do."""

from __future__ import annotations

from typing import Any

import pytest

from ecs_emulator.services.events.patterns import matches, wrong

EVENT = {
    "source": "aws.ecs",
    "detail": {
        "group": "family:web",
        "version": 5,
        "up": True,
        "none": None,
        "address": "10.0.1.7",
        "zones": ["a", "c"],
        "containers": [{"name": "web", "exitCode": 0}, {"name": "proxy", "exitCode": 137}, {"name": "log"}],
    },
}


@pytest.mark.parametrize(
    ("matched", "detail"),
    [
        (True, {"group": ["other", "family:web"]}),
        (False, {"group": ["Family:web"]}),
        (False, {"nothing": ["family:web"]}),
        (True, {"group": [{"prefix": "family:"}]}),
        (False, {"version": [{"prefix": "5"}]}),
        (True, {"group": [{"prefix": {"equals-ignore-case": "FAMILY"}}]}),
        (True, {"group": [{"suffix": ":web"}]}),
        (True, {"group": [{"equals-ignore-case": "FAMILY:WEB"}]}),
        (True, {"group": [{"wildcard": "f*:*b"}]}),
        (False, {"group": [{"wildcard": "f*x"}]}),
        (True, {"version": [5]}),
        (False, {"version": ["5"]}),
        (True, {"up": [True]}),
        (False, {"up": [1]}),
        (True, {"none": [None]}),
        (True, {"version": [{"numeric": [">", 4, "<=", 5]}]}),
        (False, {"version": [{"numeric": ["<", 5]}]}),
        (True, {"address": [{"cidr": "10.0.0.0/16"}]}),
        (False, {"group": [{"cidr": "10.0.0.0/16"}]}),
        (True, {"group": [{"anything-but": "family:api"}]}),
        (False, {"group": [{"anything-but": ["family:api", "family:web"]}]}),
        (False, {"group": [{"anything-but": {"prefix": "family"}}]}),
        (True, {"group": [{"anything-but": {"suffix": ["api", "worker"]}}]}),
        # an absent field does not match anything-but
        (False, {"nothing": [{"anything-but": [0]}]}),
        (True, {"nothing": [{"exists": False}], "group": [{"exists": True}]}),
        (False, {"group": [{"exists": False}]}),
        # one element of an array is enough, and all fields have to match the same element
        (True, {"zones": ["c", "d"]}),
        (True, {"containers": {"exitCode": [{"anything-but": [0]}]}}),
        (True, {"containers": {"name": ["proxy"], "exitCode": [137]}}),
        (False, {"containers": {"name": ["web"], "exitCode": [{"anything-but": [0]}]}}),
        (False, {"containers": {"name": ["log"], "exitCode": [{"anything-but": [0]}]}}),
        (True, {"$or": [{"group": ["other"]}, {"version": [5]}]}),
        (False, {"$or": [{"group": ["other"]}, {"version": [6]}]}),
        (False, {"$or": [{"group": ["family:web"]}, {"version": [5]}], "up": [False]}),
    ],
)
def test_an_event_matches(matched: bool, detail: dict[str, Any]) -> None:
    pattern = {"source": ["aws.ecs"], "detail": detail}
    assert (wrong(pattern), matches(pattern, EVENT)) == ("", matched)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (["aws.ecs"], "Filter is not an object"),
        ({}, "Empty objects are not allowed"),
        ({"source": ["aws.health"], "detail": {}}, "Empty objects are not allowed"),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"detail": {"slug": "some"}}, '"slug" must be an object or an array'),
        ({"source": [["aws.ecs"]]}, "Match value must be String, number, true, false, or null"),
        ({"source": [{"begins": "aws"}]}, "Unrecognized match type begins"),
        ({"source": [{"prefix": 5}]}, "The value of prefix is not valid"),
        ({"version": [{"numeric": [">"]}]}, "The value of numeric is not valid"),
        ({"version": [{"numeric": ["above", 5]}]}, "The value of numeric is not valid"),
        ({"address": [{"cidr": "10.0.0.0/99"}]}, "The value of cidr is not valid"),
        ({"group": [{"exists": "yes"}]}, "The value of exists is not valid"),
        ({"group": [{"anything-but": ["web", 5]}]}, "The value of anything-but is not valid"),
        ({"group": [{"anything-but": {"numeric": ["=", 5]}}]}, "The value of anything-but is not valid"),
        ({"source": [{"prefix": "aws", "suffix": "ecs"}]}, "Only one key allowed in match expression"),
        ({"$or": [{"source": []}, {"source": ["aws.ecs"]}]}, "Empty arrays are not allowed"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: Any, words: str) -> None:
    assert wrong(pattern) == words
