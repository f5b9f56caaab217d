"""Error messages of WAF that several rules use; `{}` stands for a name."""

from __future__ import annotations

CANNOT_RETRIEVE = "AWS WAF couldn’t retrieve the resource that you requested. Retry your request."
