"""Put stand-ins into the embedded cloud for resources that a stack only uses: VPC, groups, certificates, secrets.

A stack that is written for an AWS account names them by their ids. The embedded cloud cannot have them, and nothing of
them is known here but their ids: so each has a stand-in by its id, and what is there already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from provisioner.operations.context import embedded_cloud
from provisioner.operations.rehearsal import unmanaged

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options

WORDS = {
    "zones": "public hosted zone",
    "keys": "KMS key",
    "aliases": "KMS key",
    "boundaries": "policy",
    "web_acls": "web ACL",
    "topics": "topic",
    "vpcs": "VPC",
    "groups": "security group",
    "certificates": "certificate",
    "listeners": "listener",
    "databases": "database",
    "parameters": "parameter",
    "secrets": "secret",
}
"""The kinds of things that a stack uses without owning them."""
MYSQL = "mysql"
"""The engine of an instance of somebody else: nobody here knows it."""
MOST = 3
"""The names of one kind that a note has."""


def put(options: Options, config: Config) -> list[str]:
    """Create a stand-in for each missing thing that a stack on the embedded cloud uses, and return a note on them.

    Raises:
        EmbeddedCloudFailed: it does not answer.
    """
    if not embedded_cloud.stands_in(config):
        return []
    from ecs_emulator import control

    with embedded_cloud.used():
        made = control.put_stand_ins(embedded_cloud.start(options, config), _wanted(config))
    if not made:
        return []
    named = "; ".join(_named(made))
    return [f"the embedded cloud has stand-ins, of unknown contents, for resources that this stack only uses: {named}"]


def _wanted(config: Config) -> dict[str, Any]:
    """Return all that the configuration names and the stack does not make, in the embedded cloud's form."""
    wanted, _ = unmanaged.resources({}, config)
    if config.public_zone and config.dns.domain and not config.dns.create_zone:
        wanted["zones"].append({"id": "ZSTANDIN0", "domain": config.dns.domain})
        wanted["delegated"].append(config.dns.domain)
    # a group is in some VPC: without an existing one nobody knows in which
    vpc = config.network.vpc
    groups = dict.fromkeys(group for one in config.workloads.values() for group in one.security_groups)
    wanted["groups"] = [{"id": group, "vpc": vpc} for group in groups] if vpc else []
    wanted["databases"] = [*_databases(config)]
    own = f"/{config.name}/"
    wanted["parameters"] = [name for name in wanted["parameters"] if not name.startswith(own)]
    return wanted


def _databases(config: Config) -> Iterator[dict[str, Any]]:
    """Yield the database of somebody else that the stack uses, with one security group."""
    if (used := config.used_database) and config.network.vpc:
        group = used.security_group or f"sg-{crc32(used.identifier.encode()):08x}"
        engine = MYSQL if used.cluster is None else used.kind.name
        yield {
            "id": used.identifier,
            "cluster": used.cluster is not None,
            "engine": engine,
            "name": used.name,
            "vpc": config.network.vpc,
            "groups": [group],
        }


def _named(made: Mapping[str, list[str]]) -> Iterator[str]:
    for kind, names in made.items():
        further = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        yield f"{WORDS[kind]} {', '.join(names[:MOST])}{further}"
