"""Elastic Load Balancing: the sign-in of clients at a provider of OpenID Connect, before a request is forwarded.

AWS never shows the client secret. A tag has the version of the secret that a listener or rule was given; only if it
differs, the value is read and given. Otherwise a change tells AWS to keep it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from provisioner.aws.client import Aws, batches
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.ownership import tag_pairs
from provisioner.aws.parameters import parameter_value
from provisioner.aws.tagging import tag_map
from provisioner.engine.errors import ConfigurationError
from provisioner.engine.resource import Changes, Observed
from provisioner.resources.elbv2.actions import Action, normal_action, weights

SignIn = Mapping[str, Any]
"""A sign-in in AWS's spelling, without the secret (ELBv2 API, AuthenticateOidcActionConfig)."""
OIDC, CONFIG = "authenticate-oidc", "AuthenticateOidcConfig"
KEPT = "UseExistingClientSecret"
TAG = "provisioner:client-secret-version"
"""The tag of a listener or rule for the version of the client secret that it was given."""
FIELDS = frozenset({"sign_in", "secret_version"})
"""The fields that go into a call as an action."""
_OF_SECRET = ("Issuer", "TokenEndpoint", "ClientId")
"""With another of these, the secret is another one too, or goes to somebody else."""


def of(actions: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the sign-in among the actions that AWS shows; None if there is none."""
    found = next((dict(one.get(CONFIG) or {}) for one in actions if one.get("Type") == OIDC), None)
    return None if found is None else {name: value for name, value in found.items() if name != KEPT and value != {}}


def versions(aws: Aws, actions: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Return the versions of the secrets that listeners or rules were given, by ARN.

    Their tags are read singly: what the bulk read of tags shows may be older.

    Args:
        actions: the actions of each, by ARN.
    """
    signed = [arn for arn, some in actions.items() if of(some)]
    found: dict[str, dict[str, str]] = {}
    for some in batches(signed, 20):
        # one may be gone since it was listed
        with IgnoreNotFound():
            told = aws.client("elbv2").describe_tags(ResourceArns=some)["TagDescriptions"]
            found |= {item["ResourceArn"]: tag_map(item["Tags"]) for item in told}
    return {arn: tags[TAG] for arn, tags in found.items() if TAG in tags}


def shown(actions: Sequence[Mapping[str, Any]], version: str | None) -> dict[str, Any]:
    """Return the settings of a sign-in as fields."""
    found = of(actions)
    return {"sign_in": found, "secret_version": version if found else None}


def others(actions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the actions beside the sign-in, in their normal form."""
    return [normal_action(one) for one in actions if one.get("Type") != OIDC]


def asked(
    aws: Aws,
    actions: Sequence[Action],
    wanted: SignIn | None,
    place: str | None,
    live: Observed | None = None,
    changes: Changes | None = None,
) -> Sequence[Action]:
    """Return the actions of a call; the secret is read and among them only if AWS does not have this one yet.

    Args:
        place: where the secret is kept, as `ssm:NAME`, or `secretsmanager:ARN#KEY`.
        live: the listener or rule that is changed, and changes: what differs; None for a new one.
    """
    if wanted is None:
        return actions
    there = (live.attributes.get("sign_in") if live else None) or {}
    same = all(there.get(name) == wanted.get(name) for name in _OF_SECRET)
    known = same and "secret_version" not in (changes or ())
    secret = {KEPT: True} if known else {"ClientSecret": _value(aws, place or "")}
    first = {"Type": OIDC, "Order": 1, CONFIG: {**wanted, **secret}}
    return [first, *({**one, "Order": 2} for one in actions)]


def tags(version: str | None) -> list[dict[str, str]]:
    """Return the tag for the version of a secret; none without a sign-in."""
    return tag_pairs({TAG: version}) if version else []


def note_version(aws: Aws, arn: str, address: str, version: str | None, changes: Changes) -> None:
    """Record the version of the secret after the change that wrote it: an interrupted run then repeats that."""
    if version and FIELDS & changes.keys():
        # policies allow tags only together with the stack's own
        aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=[*aws.tag_list(address), *tags(version)])


def meanwhile(
    wanted: SignIn | None, own: Sequence[Action], chosen: Sequence[Action], live: Observed, *, shifted: bool
) -> bool:
    """Return whether the wanted sign-in is in force in a part of a change; if not, the present one stays.

    It comes at once if the wanted target group gets requests already, and else together with them. A sign-in that goes
    stays until the new tasks serve: the former ones may not be able to do without it.

    Args:
        own: the wanted actions. chosen: those of this part.
    """
    if shifted or live.attributes.get("sign_in") == wanted:
        return True
    if wanted is None:
        return False
    served = weights(chosen[0]) if len(chosen) == 1 else {}
    groups = weights(own[0])
    return not groups or any(served.get(arn) for arn in groups)


def present(before: Mapping[str, Any], live: Observed) -> dict[str, Any]:
    """Return the fields of the present sign-in, with the place of its secret as recorded."""
    there = {name: live.attributes.get(name) for name in FIELDS}
    return {**there, "secret_place": before.get("secret_place")}


def _value(aws: Aws, place: str) -> str:
    """Return the client secret from the place that keeps it; no message repeats it.

    Raises:
        ConfigurationError: it is a document without this key.
    """
    api, _, named = place.partition(":")
    if api == "ssm":
        return parameter_value(aws, named)
    arn, _, key = named.partition("#")
    value = str(aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    if not key:
        return value
    try:
        return str(json.loads(value)[key])
    except (ValueError, KeyError, TypeError):
        wrong = f"the client secret {arn} is no JSON document with the key {key}: correct it, or name another key"
        raise ConfigurationError(wrong) from None
