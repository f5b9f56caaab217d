"""The action `authenticate-oidc` of listeners and rules: AWS's rules for it, and the secret that it never shows.

ELBv2 API, AuthenticateOidcActionConfig, Action and CreateRule; Application Load Balancer guide, "Action types for
listener rules" and "Target groups". Of the refusals, only the words about both ways to give a secret are AWS's
(amazon.aws#1877); the others, and their codes, are by analogy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ecs_emulator.patch import refuse
from ecs_emulator.services.elbv2 import texts

OIDC, CONFIG = "authenticate-oidc", "AuthenticateOidcConfig"
ACTIONS = (OIDC, "authenticate-cognito", "jwt-validation")
"""The actions that come before another one; only HTTPS listeners have them (Action)."""
ROUTING = ("forward", "redirect", "fixed-response")
_SECRET, _KEPT = "ClientSecret", "UseExistingClientSecret"
_URLS = ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint")
_USUAL: Mapping[str, Any] = {
    "SessionCookieName": "AWSELBAuthSessionCookie",
    "Scope": "openid",
    "SessionTimeout": 604_800,
    "OnUnauthenticatedRequest": "authenticate",
}
"""The values that AWS takes for members that a call leaves out, and shows afterwards."""
_MOST_EXTRA = 10
_CODE = "InvalidLoadBalancerAction"

Actions = Sequence[Mapping[str, Any]]


def checked(
    protocol: str, actions: Actions, groups: Iterable[Any] = (), before: Iterable[Any] = ()
) -> list[dict[str, Any]]:
    """Return the actions of a call in their order, complete and with the secret that is kept; refuse wrong ones.

    Args:
        protocol: the listener's. groups: the target groups that the actions name.
        before: the present actions of the listener or rule, as moto keeps them; none for a new one.
    """
    signing = [one for one in actions if one.get("Type") in ACTIONS]
    if not signing:
        return [dict(one) for one in actions]
    if protocol != "HTTPS":
        refuse(_CODE, texts.ONLY_HTTPS.format(signing[0]["Type"]))
    orders = [one.get("Order") for one in actions]
    if None in orders or len({*map(str, orders)}) < len(orders):
        refuse(_CODE, "Each action of several must have an order of its own")
    ordered = sorted((dict(one) for one in actions), key=lambda one: int(one["Order"]))
    routing = [one for one in ordered if one.get("Type") in ROUTING]
    if len(signing) > 1 or len(routing) != 1 or ordered[-1] is not routing[0]:
        refuse(_CODE, "A rule takes one authentication action, and one routing action, which must be last")
    if versions := [one.protocol_version for one in groups if one.protocol_version in ("HTTP2", "GRPC")]:
        # the guide, "Target groups": the only supported action type for these versions is forward
        refuse(_CODE, f"Action '{signing[0]['Type']}' is not supported with protocol version '{versions[0]}'")
    known = next((one.client_secret for one in before if getattr(one, "client_secret", None)), None)
    return [
        {**one, CONFIG: _completed(one.get(CONFIG) or {}, known)} if one["Type"] == OIDC else one for one in ordered
    ]


def _completed(config: Mapping[str, Any], known: str | None) -> dict[str, Any]:
    """Return the settings of a sign-in with AWS's defaults, and with the kept secret."""
    for name in _URLS:
        url = urlsplit(config[name])
        if url.scheme != "https" or not url.hostname:
            refuse(_CODE, f"The {name} '{config[name]}' must be a full URL with the protocol HTTPS")
    if len(config.get("AuthenticationRequestExtraParams") or {}) > _MOST_EXTRA:
        refuse("ValidationError", f"There can be at most {_MOST_EXTRA} extra parameters")
    kept = str(config.get(_KEPT, "")).lower() == "true"
    if kept and config.get(_SECRET):
        refuse(_CODE, texts.TWO_SECRETS)
    if not config.get(_SECRET) and not (kept and known):
        refuse(_CODE, "A client secret must be specified, unless a rule that has one is modified")
    found = {key: value for key, value in config.items() if key not in (_SECRET, _KEPT)}
    found["SessionTimeout"] = int(found.get("SessionTimeout") or _USUAL["SessionTimeout"])
    return {**_USUAL, **found, _SECRET: known if kept else config[_SECRET]}


def parted(data: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return an action as Describe calls show it, and the secret that they never show."""
    config = dict(data.get(CONFIG) or {})
    if not config:
        return data, None
    secret = config.pop(_SECRET, None)
    config.pop(_KEPT, None)
    return {**data, CONFIG: config}, secret


def standing(actions: Iterable[Any]) -> list[dict[str, Any]]:
    """Return actions that moto keeps in the form of a call that changes nothing about them."""
    return [
        {**one.data, CONFIG: {**one.data[CONFIG], _KEPT: True}} if CONFIG in one.data else one.data for one in actions
    ]


def of(actions: Iterable[Any]) -> dict[str, Any] | None:
    """Return the settings of the sign-in among the actions that moto keeps; None if there is none."""
    return next((one.data[CONFIG] for one in actions if one.data.get("Type") == OIDC), None)
