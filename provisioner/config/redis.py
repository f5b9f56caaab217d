"""The table `[redis]`, and the key `redis` of services and jobs: Valkey for queues, sessions and caches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from provisioner.config import validators as values
from provisioner.config.base import Model, Problem

REDIS_URL = "REDIS_URL"
"""The variable with the URL of Valkey; `environment` and `secrets` of the file come first."""
PORT = 6379
GROUP = "redis"
"""The name of the security group of Valkey within the stack."""
VERSION = "8.1"
"""The first version of a new Valkey: AWS upgrades minor versions by itself."""
LONGEST = 40
"""The most characters of a replication group's id (ElastiCache API, CreateReplicationGroup)."""
MOST_REPLICAS = 5
"""The most replicas of a node group (ElastiCache API, IncreaseReplicaCount)."""


class Redis(Model):
    """`[redis]`: ElastiCache for Valkey, on nodes of its own and with cluster mode off."""

    node: Annotated[
        str,
        values.matching(
            r"cache\.(?!t1\.)[a-z][a-z0-9-]*\.[a-z0-9]+", 'is not a type of cache nodes, such as "cache.t4g.micro"'
        ),
    ] = "cache.t4g.micro"
    """The node type, of which memory and price follow."""
    replicas: Annotated[int, values.between(0, MOST_REPLICAS, "a valid number of replicas")] = 1
    """Nodes in other zones; one takes over if the primary fails. At 0 a failure or a maintenance empties it."""
    evict: bool = False
    """Make room by removing the keys that were used least recently; by default a full one refuses writes."""
    from_snapshot: (
        Annotated[
            str,
            values.matching(
                r"latest|[A-Za-z](-?[A-Za-z0-9])*|automatic\.[a-z0-9-]+",
                'is not the name of a snapshot of ElastiCache, or "latest"',
            ),
        ]
        | None
    ) = None
    """The snapshot that a new Valkey is made of, by name; `latest`: the newest final one of this stack."""

    @property
    def nodes(self) -> int:
        """Return the number of nodes: the primary and its replicas."""
        return 1 + self.replicas

    @property
    def policy(self) -> str:
        """Return the parameter `maxmemory-policy`."""
        return "allkeys-lru" if self.evict else "noeviction"


@dataclass(frozen=True)
class CacheSnapshot:
    """A snapshot that a new Valkey is made of: its name, and the version that the new one begins with."""

    name: str
    version: str = VERSION


def problems(redis: Redis | None, users: Sequence[str], names: Sequence[str], stack: str) -> Iterator[Problem]:
    """Yield users without a table `[redis]`, and names that are too long or taken.

    Args:
        users: the dotted keys of the workloads with `redis = true`.
        names: the dotted keys of all workloads.
        stack: the stack's name.
    """
    if redis is None:
        if users:
            others = f" (also of {', '.join(users[1:])})" if users[1:] else ""
            why = "there is no table [redis], and without it no Valkey"
            yield f"{users[0]}.redis", f"{why}: add it, or remove redis = true{others}"
        return
    if (excess := len(stack) - LONGEST) > 0:
        what = f"{stack} has {len(stack)} characters, and ElastiCache allows {LONGEST} with [redis]"
        yield "project", f"{what}: shorten project or env by {excess}"
    for key in names:
        if key.partition(".")[2] == GROUP:
            yield key, "is the name of a security group of the stack itself, with [redis]: use another name"
