"""Sentences of IAM that belong to several rules; `{}` stands for a name."""

from __future__ import annotations

NO_ROLE = "The role with name {} cannot be found."
