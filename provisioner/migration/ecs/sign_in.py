"""Translate the sign-in before a service's rules into `sign_in`, and its provider into a table of `[sign_in]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from provisioner.config import protocols
from provisioner.config import validators as values
from provisioner.config.sign_in import SignIn
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Gathered, Workload

OIDC, CONFIG, SECRET = "authenticate-oidc", "AuthenticateOidcConfig", "client_secret"
KEYS = (
    ("issuer", "Issuer"),
    ("authorization_endpoint", "AuthorizationEndpoint"),
    ("token_endpoint", "TokenEndpoint"),
    ("user_info_endpoint", "UserInfoEndpoint"),
    ("client_id", "ClientId"),
    ("scope", "Scope"),
    ("session_timeout", "SessionTimeout"),
    ("on_unauthenticated", "OnUnauthenticatedRequest"),
)
"""The keys of a provider's table, each with AWS's name for it (ELBv2 API, AuthenticateOidcActionConfig)."""
SHIFTING = ("canary", "linear", "blue-green")


def fill(workload: Workload, routes: Sequence[Answer]) -> None:
    """Write the sign-in that all of a service's rules have; note a sign-in of some rules alone."""
    found = [next(_configs(route), None) for route in routes]
    tables = [_table(one) for one in found if one]
    if not tables:
        return
    if len(tables) < len(found) or any(one != tables[0] for one in tables):
        why = f"{OIDC}: of some of its rules: write sign_in, and the other paths into sign_in_except"
        workload.leave("rule.actions", why)
        return
    name = _provider(workload.gathered, tables[0])
    workload.table["sign_in"] = name
    secret = workload.gathered.providers[name][SECRET]
    why = f"AWS does not show it: `provision secret set {secret}`; users sign in again"
    workload.tell("rule.actions.ClientSecret", why)
    if any(one.get("AuthenticationRequestExtraParams") for one in found if one):
        workload.leave(
            "rule.actions.AuthenticationRequestExtraParams", "a provider is asked without further words here"
        )


def keep(gathered: Gathered, *, https: bool) -> dict[str, Any]:
    """Return the tables of the providers in use; take the sign-in from services that cannot have it here.

    Args:
        https: whether clients reach the stack by HTTPS alone.
    """
    for one in gathered.services.values():
        if "sign_in" in one.table and (why := _hindered(one.table, https=https)):
            del one.table["sign_in"]
            one.leave("rule.actions", f"{OIDC}: {why}")
    used = {one.table.get("sign_in") for one in gathered.services.values()}
    return {name: table for name, table in gathered.providers.items() if name in used}


def _hindered(table: Mapping[str, Any], *, https: bool) -> str:
    """Return why a service cannot have a sign-in here; empty if it can."""
    deployment = table.get("deployment")
    strategy = deployment.get("strategy") if isinstance(deployment, Mapping) else deployment
    if not https:
        return "needs dns.domain, and no load_balancer.http: write sign_in then"
    if strategy in SHIFTING:
        return f'needs deployment = "rolling" here, and it is "{strategy}"'
    if table.get("protocol") in protocols.BY_HTTPS:
        return f"AWS has none for {table['protocol']}"
    return "" if table.get("public") else "the service is not public here"


def _configs(route: Answer) -> Iterator[Mapping[str, Any]]:
    yield from (one.get(CONFIG) or {} for one in route.get("Actions") or () if one.get("Type") == OIDC)


def _table(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provider's table without its secret, and without the keys that are as by default."""
    usual = {key: one.default for key, one in SignIn.model_fields.items()}
    told = {key: config.get(member) for key, member in KEYS}
    found = {key: int(one) if key == "session_timeout" else one for key, one in told.items() if one is not None}
    return {key: one for key, one in found.items() if one != usual[key]}


def _provider(gathered: Gathered, table: Mapping[str, Any]) -> str:
    """Return the name of the table of a provider, from the last but one label of its host; add it if it is new."""
    for known, one in gathered.providers.items():
        if {key: value for key, value in one.items() if key != SECRET} == table:
            return known
    label = (urlsplit(str(table.get("issuer"))).hostname or "").split(".")[-2:][0]
    base = label if re.fullmatch(values.NAME, label) else "provider"
    number, name = 1, base
    while name in gathered.providers:
        number += 1
        name = f"{base}-{number}"
    gathered.providers[name] = {**table, SECRET: f"{name.replace('-', '_').upper()}_CLIENT_SECRET"}
    return name
