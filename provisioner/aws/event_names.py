"""The events of botocore's sessions and clients, with a quick look at their names."""

from __future__ import annotations

from typing import Any

from botocore.hooks import EVENT_ALIASES, EventAliaser

_PARTS = frozenset(name for name in EVENT_ALIASES if "." not in name)
_PATHS = tuple(name for name in EVENT_ALIASES if "." in name)


class Events(EventAliaser):
    """Events as botocore's, for which a name without an alias is compared with all aliases at once.

    botocore splits each new name again for each of its 65 aliases, and a call has ten names: 20 ms of a `status`.
    """

    def _alias_event_name(self, event_name: str) -> Any:
        if _PARTS.isdisjoint(event_name.split(".")) and not any(path in event_name for path in _PATHS):
            return event_name
        parent: Any = super()
        return parent._alias_event_name(event_name)  # noqa: SLF001 (botocore has no public name for it)
