"""Permissions of KMS: for its own calls, and for calls of services that use a key on their caller's behalf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from moto.kms.models import kms_backends

from ecs_emulator.authorization.api_call import ApiCall, Context
from ecs_emulator.authorization.policy import Check

_AWS = "alias/aws/"
"""Prefix of the aliases of AWS's own keys."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to KMS (Service Authorization Reference)."""
    named = call.text("KeyId") or call.text("TargetKeyId")
    yield call.check(*_on(call, named)) if named else call.check()
    if alias := call.text("AliasName"):
        # KMS developer guide, "Controlling access to aliases": both the alias and the key
        yield call.check(call.arn(alias))


def used(call: ApiCall, named: str, service: str, actions: Iterable[str], context: Context) -> Iterator[Check]:
    """Yield the checks of a service that uses a key for its caller; none for AWS's own key.

    The policies of AWS's own keys admit all principals that may use the service (KMS developer guide, "AWS managed
    keys").

    Args:
        named: the key, by its ARN, id or alias; empty if the call names no key.
        service: the service's name in `kms:ViaService`.
    """
    if not named or _AWS in named:
        return
    arn, aliases = _on(call, named)
    if arn.endswith("*"):
        # an alias without a key: there is nothing to check, and the service refuses the alias
        return
    via = {"kms:ViaService": (f"{service}.{call.region}.amazonaws.com",)}
    for action in actions:
        yield call.check(arn, {**aliases, **via, **context}, f"kms:{action}")


def _on(call: ApiCall, named: str) -> tuple[str, Context]:
    """Return the ARN of a key, named by ARN, id or alias, and the key's aliases as a condition key."""
    key = _key(call, named)
    if key is None:
        whole = named if ":key/" in named else call.arn(f"key/{named}", "kms")
        return call.arn("key/*", "kms") if "alias/" in named else whole, {}
    return key.arn, {"kms:ResourceAliases": tuple(sorted(key.aliases))} if key.aliases else {}


def _key(call: ApiCall, named: str) -> Any:
    backend = kms_backends[call.account][call.region]
    name = backend.get_alias_name(named)
    known = (key for key in backend.keys.values() if name in key.aliases)
    return next(known, None) or backend.keys.get(backend.get_key_id(named))
