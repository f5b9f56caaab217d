"""The models of `[sign_in.NAME]` in `stack.toml`: providers at which the load balancer has clients sign in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator

from provisioner.config import protocols
from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.loader import shown, suggestion
from provisioner.config.path_patterns import length, longest, meet
from provisioner.config.secrets import Secret, read_client_secret

if TYPE_CHECKING:
    from provisioner.config.services import Service

WEEK = 604_800
CALLBACK = "/oauth2/idpresponse"
"""The path to which a provider sends clients back (Application Load Balancer guide, "Authenticate users")."""
_PLACE = r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d{1,5})?(/[^\s?#]*)?"

Url = Annotated[
    str, values.matching(rf"{_PLACE}(\?[^\s#]*)?", 'is not a whole URL by HTTPS, such as "https://login.example.com/x"')
]


class SignIn(Model):
    """`[sign_in.NAME]`: a provider of OpenID Connect; the load balancer lets its users alone through to a service.

    Nothing is read from the provider's own description, `ISSUER/.well-known/openid-configuration`: a plan calls AWS
    alone, and whoever could change that answer would choose where the client secret is sent.
    """

    issuer: Annotated[str, values.matching(_PLACE, 'is not a whole URL by HTTPS, such as "https://login.example.com"')]
    """The provider's `issuer`, exactly as in `ISSUER/.well-known/openid-configuration`."""
    authorization_endpoint: Url
    """Its `authorization_endpoint`, to which clients are sent."""
    token_endpoint: Url
    """Its `token_endpoint`, which the load balancer asks."""
    user_info_endpoint: Url
    """Its `userinfo_endpoint`, which the load balancer asks."""
    client_id: Annotated[str, values.matching(r"\S{1,255}", "is not the id of a client at a provider")]
    """The client that the provider knows the load balancer by."""
    client_secret: Annotated[Secret, BeforeValidator(read_client_secret, json_schema_input_type=str)]
    """The name of the client's secret, which `provision secret set` sets, or its place: `ssm:/path`,
    `secretsmanager:name#key`, or an ARN of one of the two, in which `{project}` and `{env}` stand for these."""
    scope: Annotated[str, values.matching(r"[!-~]+( [!-~]+)*", 'is not a scope, such as "openid email"')] = "openid"
    """The claims about users that the load balancer asks for: words with single spaces between them."""
    session_timeout: Annotated[int, values.between(1, WEEK, "a number of seconds up to a week")] = WEEK
    """Seconds after which a user has to sign in again."""
    on_unauthenticated: Literal["authenticate", "allow", "deny"] = "authenticate"
    """The answer to a client that has not signed in: the provider's page, the service itself, or status 401."""


def callbacks(hosts: Sequence[str]) -> list[str]:
    """Return the URLs that the provider has to know for a service with these hosts."""
    return [f"https://{host}{CALLBACK}" for host in hosts]


def problems(
    services: Mapping[str, "Service"], tables: Mapping[str, SignIn], generated: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield sign-ins that there are not, that nobody uses, and that a service cannot have.

    Args:
        generated: the secrets that `up` generates, with the table of each.
    """
    for name, service in services.items():
        if service.sign_in is None:
            continue
        key = f"services.{name}"
        if service.sign_in not in tables:
            there = suggestion(service.sign_in, tables) if tables else f": add [sign_in.{service.sign_in}]"
            yield f"{key}.sign_in", f"there is no [sign_in] table {shown(service.sign_in)}{there}"
        if service.protocol in protocols.BY_HTTPS:
            # Application Load Balancer guide, "Target groups": the only supported action type is forward
            why = f'protocol is "{service.protocol}", for which AWS has no sign-in at the load balancer'
            yield f"{key}.sign_in", f'{why}: use "http", or have the service sign its users in'
        if service.deployment.shifts:
            why = f'ECS rewrites the rule of a service with deployment "{service.deployment.strategy}"'
            fix = 'use deployment = "rolling"'
            yield f"{key}.sign_in", f"{why}, and AWS does not say that a sign-in stays in it: {fix}, or remove sign_in"
    for name, table in tables.items():
        if not any(service.sign_in == name for service in services.values()):
            fix = f'write sign_in = "{name}" in a service, or remove the table'
            yield f"sign_in.{name}", f"protects nothing, as no service names it: {fix}"
        secret = table.client_secret
        if secret.kind == "own" and (other := generated.get(secret.place)):
            why = f"{secret.place} is generated for {other}, and the provider gives a client secret"
            yield f"sign_in.{name}.client_secret", f"{why}: use another name"


def between_services(public: Mapping[str, "Service"], hosts: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield paths without a sign-in that would take requests from a longer path of another service.

    Args:
        hosts: the whole names of services that have `hosts`; others answer under the stack's public name.
    """
    for name, service in public.items():
        place = length(longest(service.sign_in_except)) if service.sign_in_except else 0
        for other, theirs in public.items() if place else ():
            shared = {*hosts.get(name, ("",))} & {*hosts.get(other, ("",))}
            if other == name or not shared or length(longest(theirs.path)) > place:
                continue
            pairs = ((one, its) for one in service.sign_in_except for its in theirs.path)
            for one, its in pairs:
                if length(one) <= length(its) and meet(one, its):
                    why = f'is tried before "{its}" of services.{other}, and takes requests of it'
                    yield f"services.{name}.sign_in_except", f'"{one}" {why}: use patterns of one length'
                    break


def without_https(public: Mapping[str, "Service"], *, https: bool, clear: bool, cloudfront: bool) -> Iterator[Problem]:
    """Yield sign-ins of services that clients reach by HTTP, where AWS has none, or where they would go round it.

    Args:
        https: whether the load balancer has a listener for HTTPS. clear: whether it serves requests by HTTP, too.
        cloudfront: whether clients come through CloudFront, which reaches it by HTTP.
    """
    for name in (name for name, service in public.items() if service.sign_in):
        what = "needs HTTPS between client and load balancer, by which alone AWS has users sign in"
        if cloudfront:
            yield f"services.{name}.sign_in", f"{what}, and [cloudfront] reaches it by HTTP: use dns.domain instead"
        elif not https:
            yield f"services.{name}.sign_in", f"{what}: add dns.domain, or remove sign_in"
        elif clear:
            why = f"would answer clients of services.{name} who have not signed in"
            yield "load_balancer.http", f"{why}: remove it, or services.{name}.sign_in"


def settings(table: SignIn, name: str) -> dict[str, Any]:
    """Return a sign-in in AWS's spelling, without the secret.

    Services with one provider share its cookie; that of another provider's is no other's session (ELBv2 API,
    AuthenticateOidcActionConfig, SessionCookieName).
    """
    return {
        "Issuer": table.issuer,
        "AuthorizationEndpoint": table.authorization_endpoint,
        "TokenEndpoint": table.token_endpoint,
        "UserInfoEndpoint": table.user_info_endpoint,
        "ClientId": table.client_id,
        "SessionCookieName": f"AWSELBAuthSessionCookie-{name}",
        "Scope": table.scope,
        "SessionTimeout": table.session_timeout,
        "OnUnauthenticatedRequest": table.on_unauthenticated,
    }
