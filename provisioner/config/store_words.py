"""The words for the stack's own stores: their secrets, and the settings that are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from provisioner.config.loader import near

STORE: Literal["store"] = "store"
"""The kind of a secret that refers to a store of the stack, which makes the parameter itself."""
_PARAMETERS = {
    "database.password": "database/password",
    "database.url": "database/url",
    "redis.password": "redis/token",
    "redis.url": "redis/url",
}
SECRETS = tuple(_PARAMETERS)
"""The words for secrets of stores, which `secrets` names alone."""
VALUES = ("database.host", "database.name", "database.port", "database.user", "redis.host", "redis.port")
"""The words for other settings of stores, which `environment` names in braces."""
DATABASE_WORDS = {
    "DB_HOST": "database.host",
    "DB_PORT": "database.port",
    "DB_NAME": "database.name",
    "DB_USER": "database.user",
}
"""The words for the variables that each workload with `database = true` gets."""
_FORM = re.compile(r"[a-z]{2,12}\.[a-z_]{2,12}")


def store_parameter(stack: str, word: str) -> str:
    """Return the name of the parameter that holds a secret of a stack's store."""
    return f"/{stack}/{_PARAMETERS[word]}"


def unknown(place: object) -> str:
    """Return the message about a place of a secret that is nearly such a word; empty if it is none.

    It repeats nothing but known words, because a wrong place may be a secret.
    """
    if not isinstance(place, str):
        return ""
    word = place.strip("${}")
    if word in SECRETS:
        return f'is in braces, and a secret is the word alone: write "{word}"'
    if word in VALUES:
        return f'is no secret: move the variable to environment, with the value "{{{word}}}"'
    if not _FORM.fullmatch(word) or not (meant(word, SECRETS) or word.startswith(("database.", "redis."))):
        return ""
    return f"refers to no secret of a store{suggestion(word, SECRETS)}"


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return `; did you mean "…"?` for the nearest known word, or else the known words."""
    near_by = meant(word, known)
    return f'; did you mean "{near_by}"?' if near_by else f"; there are {', '.join(known)}"


def meant(word: str, known: Sequence[str]) -> str:
    """Return the known word that a wrong word misspells, by its two parts; empty if there is none."""
    store, _, setting = word.partition(".")
    stores = {one.partition(".")[0] for one in known}
    store = store if store in stores else near(store, stores)
    settings = [one.partition(".")[2] for one in known if one.startswith(f"{store}.")]
    setting = setting if setting in settings else near(setting, settings)
    return f"{store}.{setting}" if store and setting else ""
