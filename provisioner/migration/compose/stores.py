"""Recognise services of a Compose file that hold data: ECS must not run them, as it may replace a task at any time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from provisioner.migration.compose.findings import context_of
from provisioner.migration.yaml_tree import Value

_DATABASES = (
    *("postgres", "postgresql", "postgis", "pgvector", "pgautoupgrade", "timescaledb", "mysql", "mariadb", "percona"),
    *(
        "mssql",
        "oracle",
        "cockroach",
        "cockroachdb",
        "clickhouse",
        "mongo",
        "couchdb",
        "couchbase",
        "neo4j",
        "influxdb",
    ),
    *("cassandra", "scylla", "questdb", "surrealdb", "rethinkdb", "arangodb", "dgraph", "edgedb", "yugabyte", "tidb"),
)
_POSTGRESQL = frozenset(_DATABASES[:5])
"""Words in the names of images of PostgreSQL."""
_MYSQL = ("mysql", "mariadb", "percona")
"""Words in the names of images of MySQL."""
_REDIS = ("redis", "redismod", "valkey", "keydb", "dragonfly")
"""Words in the names of images that speak Redis's protocol."""
OBJECTS, SQS = "an object store", "a stand-in for SQS"
_KINDS = {
    **dict.fromkeys(_DATABASES, "a database"),
    **dict.fromkeys((*_REDIS, "memcached"), "a cache"),
    **dict.fromkeys(
        ("rabbitmq", "activemq", "kafka", "redpanda", "nats", "pulsar", "zookeeper", "etcd", "beanstalkd"), "a queue"
    ),
    **dict.fromkeys(
        ("elasticsearch", "opensearch", "meilisearch", "typesense", "solr", "qdrant", "weaviate", "milvus", "chroma"),
        "a search engine",
    ),
    **dict.fromkeys(("minio", "seaweedfs", "garage"), OBJECTS),
    **dict.fromkeys(("elasticmq", "goaws"), SQS),
    "localstack": "a stand-in for AWS",
}
"""Words in the names of images, and the kind of each image."""
_TOOLS = frozenset(
    {
        *(
            "admin",
            "agent",
            "backup",
            "board",
            "box",
            "client",
            "commander",
            "console",
            "dashboard",
            "dashboards",
            "dump",
        ),
        *(
            "express",
            "exporter",
            "insight",
            "init",
            "manager",
            "mc",
            "meta",
            "migrate",
            "operator",
            "proxy",
            "ui",
            "web",
        ),
    }
)
"""Words in the names of images that use a store and hold no data."""
_PLACES = (
    *("/var/lib/postgresql", "/var/lib/mysql", "/var/lib/mariadb", "/data/db", "/var/lib/redis", "/var/lib/clickhouse"),
    *("/var/opt/mssql", "/var/lib/mongodb", "/var/lib/neo4j", "/var/lib/cassandra", "/var/lib/influxdb", "/meili_data"),
    *("/var/lib/rabbitmq", "/usr/share/elasticsearch/data", "/usr/share/opensearch/data", "/qdrant/storage"),
)
"""Directories in which databases keep their data."""


def why_left_out(service: Value, directory: Path, others: Sequence[Value], *, used: bool) -> str:
    """Return the reason why a service is left out, as it holds data; empty if it holds none.

    Args:
        directory: the directory of the file, to which directories of builds are relative.
        others: the other services of the file.
        used: whether another service depends on it, or names it in an address.
    """
    image, build = service.at("image"), service.at("build")
    kept = list(mounts(service))
    if kind := _word(service, directory):
        engine = ' with engine = "aurora-postgresql"' if kind in _POSTGRESQL else ""
        instead = f"[database]{engine}, or AWS's service for it"
        if kind in _REDIS:
            instead = "[redis], and redis = true in the services that use it"
        if _KINDS[kind] == OBJECTS:
            instead = "[buckets.NAME], by S3's own endpoint"
        if _KINDS[kind] == SQS:
            instead = "[queues.NAME], by SQS's own endpoint"
        return f"is {_KINDS[kind]}, and holds data that a task would lose: use {instead}"
    if place := next((path for _, path in kept if path.startswith(_PLACES)), ""):
        return f"keeps a database's data at {place}, which a task would lose: it is left out"
    named = next((source for source, _ in kept if is_volume(source)), "")
    alone = image and not build and not service.at("ports") and image.text not in _images(others)
    if named and used and alone:
        return f"keeps data in the volume {named}, which a task would lose: it is left out"
    return ""


def engine_of(service: Value, directory: Path) -> str | None:
    """Return the engine of `[database]` for a service that holds data, empty for Redis; None if the stack has none."""
    word = _word(service, directory)
    if word in _REDIS:
        return ""
    return "aurora-postgresql" if word in _POSTGRESQL else "aurora-mysql" if word in _MYSQL else None


def _word(service: Value, directory: Path) -> str:
    """Return the word of `_KINDS` for a service's image, or for the base of its build if it keeps data."""
    image, build = service.at("image"), service.at("build")
    if build:
        return _kind(_base(build, directory)) if list(mounts(service)) else ""
    return _kind(image.text or "") if image else ""


def _images(services: Sequence[Value]) -> set[str | None]:
    return {image.text for one in services if (image := one.at("image"))}


def is_volume(source: str) -> bool:
    """Return whether the source of a mount is the name of a volume, and not a directory of the machine."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*", source, re.ASCII))


def is_read_only(mount: Value) -> bool:
    """Return whether a service only reads a volume: `read_only`, or `ro` behind the path."""
    if mount.table:
        only = mount.at("read_only")
        return only is not None and only.flag is True
    _, _, options = (mount.text or "").partition(":")[2].partition(":")
    return "ro" in options.split(",")


def mounts(service: Value) -> Iterator[tuple[str, str]]:
    """Yield the source and the path of each volume of a service; an empty source if it has no name."""
    for one in (service.at("volumes") or Value("", 0, [])).values:
        if one.table:
            yield tuple((one.at(key) or Value("", 0, "")).text or "" for key in ("source", "target"))  # type: ignore[misc]
        elif one.text:
            source, colon, rest = one.text.partition(":")
            yield (source, rest.partition(":")[0]) if colon else ("", source)


def _kind(image: str) -> str:
    """Return the word of `_KINDS` in an image's name, without registry, tag and digest; empty if it is no store."""
    path = image.partition("@")[0]
    head, slash, rest = path.partition("/")
    path = rest if slash and (re.search(r"[.:]", head) or head == "localhost") else path
    parts = re.sub(r":[^/]*$", "", path).lower().split("/")
    words = re.split(r"[^a-z0-9]+", parts[-1])
    if _TOOLS.intersection(words) or words[0].endswith(("admin", "insight")):
        return ""
    if words == ["server"]:
        # as of mcr.microsoft.com/mssql/server
        words = re.split(r"[^a-z0-9]+", "-".join(parts[:-1]))
    return next((word for word in words if word in _KINDS), "")


def _base(build: Value, directory: Path) -> str:
    """Return the image that a build begins with, in its last stage; empty if its Dockerfile cannot be read."""
    file = (build.at("dockerfile") or Value("", 0, "Dockerfile")).text
    try:
        lines = (directory / context_of(build) / (file or "Dockerfile")).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    stages = [found[1] for line in lines if (found := re.match(r"\s*FROM\s+(?:--\S+\s+)*(\S+)", line, re.IGNORECASE))]
    return stages[-1] if stages else ""
