"""Error messages of IAM that several rules use; `{}` stands for a name."""

from __future__ import annotations

NO_ROLE = "The role with name {} cannot be found."
