"""Secrets of a call: find them by the API's own model and hide them in parameters, answers and refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.config.secret_values import looks_secret
from provisioner.config.secret_words import without_secrets as without_secret_words
from provisioner.engine.planning.actions import HIDDEN, HIDDEN_CHANGE

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

OWN = frozenset(
    {
        *("authorizationToken", "ClientSecret", "MasterUserPassword", "SecretAccessKey", "SecretString"),
        *("SessionToken", "TokenValue"),
        *("privateRegistryCredentials", "RoleDetailList", "UserData"),
    }
)
"""Members that are always hidden: AWS's model does not mark all of them as sensitive in all versions, and the roles of
a whole account with their policies in none."""
COMMANDS, HEALTH = ("command", "entryPoint"), "healthCheck"
"""ECS's members for the commands of a container; a health check has a command too."""
SHORTEST = 8
"""The length from which hidden texts are searched for in refusals: a short port number would match everywhere."""


def redacted(value: Any, shape: Shape | None, name: str = "") -> Any:
    """Return a parameter or an answer without the members that the model marks as sensitive; binary data as its size.

    Of commands, which no model marks, the words are hidden that look like secrets.

    Args:
        shape: its shape in the API's model; a value without a shape is hidden.
        name: the name of the member that holds it.
    """
    if value is None:
        return None
    if shape is None or _secret(shape, name):
        return HIDDEN
    match value:
        case Mapping():
            return {key: redacted(item, _below(shape, key), str(key)) for key, item in value.items()}
        case list() | tuple() if name in COMMANDS:
            return without_secret_words(map(str, value), HIDDEN)
        case str() if name in COMMANDS:
            return without_secret_words([value], HIDDEN)[0]
        case list() | tuple():
            return [redacted(item, _below(shape)) for item in value]
        case str() | bytes() | bytearray() if shape.type_name == "blob":
            return f"({len(value)} bytes)"
        case _ if shape.type_name == "blob":
            return "(a stream)"
        case _:
            return value


def secrets_in(value: Any, shape: Shape | None, name: str = "", hidden: bool = False) -> Iterator[str]:
    """Yield every text that `redacted` hides and that is long enough to be recognised elsewhere."""
    hidden = hidden or shape is None or _secret(shape, name)
    match value:
        case Mapping():
            for key, item in value.items():
                yield from secrets_in(item, _below(shape, key), str(key), hidden)
        case list() | tuple():
            for item in value:
                yield from secrets_in(item, _below(shape), "", hidden)
        case str() if hidden and len(value) >= SHORTEST:
            yield value


def without_secrets(text: str, parameters: Any, shape: Shape | None) -> str:
    """Return a text of AWS without the call's own secrets that it repeats."""
    for secret in secrets_in(parameters, shape):
        text = text.replace(secret, HIDDEN)
    return text


def without_secret_values(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables with the values hidden that look like secrets."""
    return {name: HIDDEN if looks_secret(name, value) else value for name, value in variables.items()}


def without_secret_variables(old: Any, new: Any) -> tuple[Any, Any]:
    """Return the present and the wanted container definitions without values and words that look like secrets.

    A variable that is hidden on one side is hidden on the other, too; if both sides have it, the text says whether its
    value changes. Of commands, single words are hidden.
    """
    before, after = _variables(old), _variables(new)
    secret = {key for some in (before, after) for key, value in some.items() if looks_secret(key[1], value)}
    unchanged = {key for key in secret if before.get(key) == after.get(key)}
    changed = secret & before.keys() - unchanged
    return _without_secret_words(
        _hidden(old, dict.fromkeys(secret, HIDDEN)),
        _hidden(new, dict.fromkeys(secret, HIDDEN) | dict.fromkeys(changed, HIDDEN_CHANGE)),
    )


def _variables(containers: Any) -> dict[tuple[str, str], str]:
    """Return the values of variables by container and name."""
    return {
        (str(container.get("name")), str(one.get("name"))): one["value"]
        for container in containers or ()
        for one in container.get("environment") or ()
        if isinstance(one.get("value"), str)
    }


def _hidden(containers: Any, words: Mapping[tuple[str, str], str]) -> Any:
    """Return containers with the given texts in place of some variables' values."""
    if not containers or not words:
        return containers

    def variables(container: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        keys = [(str(container.get("name")), str(one.get("name"))) for one in container["environment"]]
        return [
            {**one, "value": words[key]} if key in words else one
            for key, one in zip(keys, container["environment"], strict=True)
        ]

    return [one | {"environment": variables(one)} if one.get("environment") else one for one in containers]


def _without_secret_words(old: Any, new: Any) -> tuple[Any, Any]:
    """Return the containers of both sides without words of commands that look like secrets."""
    before, after = _commands(old), _commands(new)
    words = {key: without_secret_words(line, HIDDEN) for key, line in after.items()}
    for key, line in before.items():
        # a change of nothing but hidden words would look like none
        if after.get(key, line) != line and words[key] == without_secret_words(line, HIDDEN):
            words[key] = without_secret_words(after[key], HIDDEN_CHANGE)
    hidden = {key: without_secret_words(line, HIDDEN) for key, line in before.items()}
    return _with_commands(old, before, hidden), _with_commands(new, after, words)


Commands = Mapping[tuple[str, str], list[str]]
"""Commands by container and member; a health check's by the member that holds it."""


def _commands(containers: Any) -> Commands:
    found = {
        (str(container.get("name")), member): line
        for container in containers or ()
        for member, line in (
            *((name, container.get(name)) for name in COMMANDS),
            (HEALTH, (container.get(HEALTH) or {}).get("command")),
        )
    }
    return {key: [str(word) for word in line] for key, line in found.items() if line}


def _with_commands(containers: Any, there: Commands, words: Commands) -> Any:
    """Return containers with these words in place of each command that has others."""
    changed = {key for key, line in there.items() if line != words[key]}
    if not changed:
        return containers

    def own(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, member in changed:
            if name == str(container.get("name")):
                line = words[name, member]
                yield member, {**container[HEALTH], "command": line} if member == HEALTH else line

    return [{**container, **dict(own(container))} for container in containers]


def check(params: Any, model: OperationModel, **_: Any) -> None:
    """Refuse parameters that the model does not allow, as botocore does, but without showing secret values.

    Raises:
        ParamValidationError: in botocore's words, with the secrets hidden.
    """
    from botocore.exceptions import ParamValidationError
    from botocore.validate import ParamValidator

    shape = model.input_shape
    if shape is None or not ParamValidator().validate(params, shape).has_errors():
        return
    report = ParamValidator().validate(redacted(params, shape), shape).generate_report()
    raise ParamValidationError(report=report or "a secret has the wrong type or length")


def _secret(shape: Shape, name: str) -> bool:
    return name in OWN or bool(shape.metadata.get("sensitive"))


def _below(shape: Shape | None, key: Any = None) -> Shape | None:
    """Return the shape of a member, item or value inside a shape, or None if the model does not have it."""
    from botocore.model import ListShape, MapShape, StructureShape

    match shape:
        case StructureShape():
            return shape.members.get(key)
        case ListShape():
            return shape.member
        case MapShape():
            return shape.value
        case _:
            return None
