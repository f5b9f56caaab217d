"""Some of each engine's parameters, with its defaults (DescribeDBClusterParameters, DescribeDBParameters)."""

from __future__ import annotations

_MYSQL = {
    "binlog_format": "OFF",
    "character_set_client": None,
    "character_set_connection": None,
    "character_set_database": None,
    "character_set_results": None,
    "character_set_server": None,
    "collation_connection": None,
    "collation_server": None,
    "general_log": None,
    "innodb_file_per_table": "1",
    "log_output": None,
    "require_secure_transport": "OFF",
    "server_audit_events": None,
    "server_audit_logging": "0",
    "slow_query_log": None,
    "time_zone": "UTC",
    "tls_version": "TLSv1.2,TLSv1.3",
}
_POSTGRESQL = {
    "client_encoding": None,
    "log_min_duration_statement": "-1",
    "log_statement": None,
    # 1 from version 17 on, and 0 before (Aurora guide, AuroraPostgreSQL.Security)
    "rds.force_ssl": "1",
    "rds.logical_replication": "0",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
}
STATIC = ("binlog_format", "innodb_file_per_table", "rds.logical_replication", "shared_preload_libraries",
           "tls_version")  # fmt: skip


def engine_defaults(family: str) -> dict[str, str | None]:
    """Return the parameters of a family with the engine's defaults."""
    if family.startswith("mysql"):
        # RDS user guide, "Requiring SSL/TLS for all connections to a MySQL DB instance": 1 from version 8.4 on
        secure = "1" if family >= "mysql8.4" else "0"
        kept = {name: value for name, value in _MYSQL.items() if not name.startswith("server_audit_")}
        return {**kept, "require_secure_transport": secure}
    if family.startswith("postgres"):
        # RDS user guide, "Using SSL with a PostgreSQL DB instance": 1 from version 15 on
        return {**_POSTGRESQL, "rds.force_ssl": "1" if family >= "postgres15" else "0"}
    if not family.startswith("aurora-postgresql"):
        return _MYSQL
    return _POSTGRESQL if family >= "aurora-postgresql17" else {**_POSTGRESQL, "rds.force_ssl": "0"}
