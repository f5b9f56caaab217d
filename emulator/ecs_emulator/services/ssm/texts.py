"""Error messages of Systems Manager that several rules use; `{}` stands for a name."""

from __future__ import annotations

PARAMETER_EXISTS = (
    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
)
