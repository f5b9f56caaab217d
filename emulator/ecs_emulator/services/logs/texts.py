"""Error messages of CloudWatch Logs that several rules use; `{}` stands for a name."""

from __future__ import annotations

NO_GROUP = "The specified log group does not exist."
