"""An alarm of the stack, as the steps describe it to the step `alarms`."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Handle


@dataclass(frozen=True)
class Watched:
    """One alarm: its subject, the statistic of a metric, the threshold, and the resources that come before it.

    Attributes:
        text: the description in the e-mail.
        quiet: whether it sends nothing, because of `sleep`.
        minutes: for how many minutes in a row the threshold must be passed.
    """

    address: str
    text: str
    metric: tuple[str, str]
    dimensions: dict[str, str]
    statistic: str
    beyond: tuple[str, float]
    missing: str
    quiet: bool = False
    minutes: int = 5
    after: tuple[Handle, ...] = ()
