"""Runs the steps without any cloud: what the user's own give to services is known before facts can be read."""

from __future__ import annotations

from provisioner.config.facts import Facts
from provisioner.config.models import Config
from provisioner.engine import own_code
from provisioner.engine.declaration import STEPS
from provisioner.steps.stack import Stack, run

ANY_ACCOUNT = "123456789012"


def given(config: Config, partition: str = "aws") -> Stack | None:
    """Return the stack as it is declared with facts that stand for any account's; None without steps of the user's.

    Raises:
        ConfigurationError: a step of the user's own failed: with its file and line.
    """
    if not any(own_code.is_own(function) for function in STEPS.values()):
        return None
    zones = tuple(f"{config.region}{letter}" for letter in "abcd"[: config.network.zones])
    return run(
        config,
        Facts(
            account=ANY_ACCOUNT,
            partition=partition,
            region=config.region,
            zones=zones,
            image_id="ami-0",
            public_zone_id=None,
            allow=("192.0.2.1/32",),
            engine=True,
            local=True,
        ),
    )
