"""The output of `provision explain`: families of errors."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

from provisioner.engine.errors import ConfigurationError
from provisioner.render.aws_codes import SHAPE, named, of
from provisioner.render.error_families import FAMILIES, Family
from provisioner.render.text import cut

WIDTH = 80


def check(codes: Sequence[str], family_of: Callable[[str], str]) -> dict[str, str]:
    """Return the family of each code: of a family that itself, of AWS's own code the family of refusals with it.

    Args:
        family_of: returns the family of AWS's own code.

    Raises:
        ConfigurationError: there is no such family, and it has not the form of a code of AWS.
    """
    found = [code if code in FAMILIES else code.lower() if code.lower() in FAMILIES else code for code in named(codes)]
    for code in found:
        if code not in FAMILIES and not SHAPE.fullmatch(code):
            near = difflib.get_close_matches(code, FAMILIES, 1)
            hint = f'did you mean "{near[0]}"?' if near else "`provision explain` lists them"
            raise ConfigurationError(f'there is no family of errors "{code}"; {hint}')
    return {code: code if code in FAMILIES else family_of(code) for code in found}


def overview() -> Iterator[str]:
    """Yield all families by their groups: the code, the exit code and the first words of the meaning."""
    column = max(map(len, FAMILIES)) + 2
    for group, families in groupby(FAMILIES.values(), lambda family: family.group):
        yield from ["", group] if group != next(iter(FAMILIES.values())).group else [group]
        for family in families:
            first = re.split("[;:.]( |$)", family.means, maxsplit=1)[0]
            yield cut(f"  {family.code:{column}}{family.exit_code:<5}{first}", WIDTH)
    yield from ["", "The second column is the exit code. `provision explain CODE` says the rest."]


def lines(codes: Mapping[str, str]) -> Iterator[str]:
    """Yield the meaning and the remedy of each of these codes, one step a line.

    Args:
        codes: the family of each.
    """
    for number, (code, name) in enumerate(codes.items()):
        yield from [""] if number else []
        yield from _one(_meant(code, name), code)


def _meant(code: str, name: str) -> Family:
    """Return a family; of AWS's code its family, with the meaning of that code if it has one of its own."""
    family = FAMILIES[name]
    own = of(code) if family.code == "aws" and code not in FAMILIES else None
    return replace(family, means=own.means, fix=own.fix) if own else family


def _one(family: Family, code: str) -> Iterator[str]:
    own = "" if code == family.code else f"{code}: a code of AWS, of the family "
    yield f"{own}{family.code} (exit code {family.exit_code})"
    yield from textwrap.wrap(family.means, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield "What to do:"
    for step in family.fix:
        yield from textwrap.wrap(step, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
    if family.page:
        yield f"See docs/{family.page}."


def documents(codes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the families of these codes for `--json`; of AWS's code with that code as `aws_code`."""
    found = ((code, _meant(code, name)) for code, name in codes.items())
    return [
        asdict(one) | {"fix": list(one.fix)} | ({} if code == one.code else {"aws_code": code}) for code, one in found
    ]
