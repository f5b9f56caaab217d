"""Sentences of CloudWatch Logs that belong to several rules; `{}` stands for a name."""

from __future__ import annotations

NO_GROUP = "The specified log group does not exist."
