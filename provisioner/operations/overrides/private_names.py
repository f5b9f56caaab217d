"""Keep the private names of a stack that stood in an existing VPC before their defaults had its name in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.config.private_names import default

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

RECORDED = {
    "private_domain": ("hosted_zone/private", "hosted_zone_name"),
    "discovery_domain": ("private_dns_namespace/main", "namespace_name"),
}
"""By the key of `[dns]`, the address and the field that have its value."""


def kept(config: Config, records: Mapping[str, Record]) -> tuple[Config, list[str]]:
    """Return the configuration with the recorded names in the place of defaults, and a notice on each.

    A zone cannot be renamed, and its names are known to running tasks.
    """
    if config.network.vpc is None:
        return config, []
    found = dict[str, str]()
    for key, (address, field) in RECORDED.items():
        name = records[address].arguments.get(field) if address in records else None
        if name and getattr(config.dns, key) == default(key, config.name) != name:
            found[key] = str(name)
    notices = [
        f'dns.{key} stays "{name}", as the stack was made: write it into [dns], so that its policies have it too'
        for key, name in found.items()
    ]
    return config.model_copy(update={"dns": config.dns.model_copy(update=found)}), notices
