"""The promises of a configuration about the account, told by its table alone: nothing here is read from the tool.

Two stacks that the same tool makes may lack the same thing; so `tests.cloud.crash.stacks` also compares with these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud.crash.drawn import Table
from tests.cloud.inventory import Inventory, Resource
from tests.cloud.lookups import NAME, OWNER, TAGGED, rules

Clients = Callable[[str], Any]

RETENTION = 7
"""Days for which logs are kept if nothing is said, outside production."""
HEALTH = "/health"
"""The path of the health check if nothing is said."""
DRAWN = ("GREETING", "A", "B")
"""The variables that a drawn stack may set."""
USERS = "127.0.0.1/32"
"""The addresses from which users come: at the embedded cloud only the machine itself."""
STRATEGIES = {"canary": "CANARY", "blue-green": "BLUE_GREEN"}


def unkept(table: Table, found: Inventory, clients: Clients) -> list[str]:
    """Return all that the account has otherwise than the table says."""
    own = {one["VpcId"] for one in found["vpcs"] if "provisioner:address" in _pairs(one)}
    found = {**found, "security_groups": [one for one in found["security_groups"] if one["VpcId"] in own]}
    told = [*_network(table, found), *_logs(table, found), *_tags(table, found), *_database(table, found)]
    told += [*_redis(table, found), *_buckets(table, clients), *_queues(table, clients), *_alarms(table, found)]
    told += [*_balancer(table, found), *_doors(table, found), *_jobs(table, found)]
    for name, keys in table["services"].items():
        told += [f"{name}: {one}" for one in (*_service(table, found, name, keys), *_target(found, name, keys))]
    return told


def _is(what: str, shown: Any, wanted: Any) -> Iterator[str]:
    if shown != wanted:
        yield f"{what} is {shown}, and not {wanted}"


def _network(table: Table, found: Inventory) -> Iterator[str]:
    zones = table["network"]["zones"]
    gateways = {"nat": 1, "nat-per-zone": zones}.get(table["network"].get("egress", ""), 0)
    yield from _is("NAT gateways", len(found["nat_gateways"]), gateways)
    yield from _is("flow logs", len(found["flow_logs"]), int("flow_logs" in table["network"]))
    own = {one["VpcId"] for one in found["vpcs"] if "provisioner:address" in _pairs(one)}
    yield from _is("zones", len({one["AvailabilityZone"] for one in found["subnets"] if one["VpcId"] in own}), zones)
    ways = {
        route["NatGatewayId"] for one in found["route_tables"] for route in one["Routes"] if "NatGatewayId" in route
    }
    yield from _is("NAT gateways with a route", len(ways), gateways)


def _logs(table: Table, found: Inventory) -> Iterator[str]:
    days = table.get("logs", {}).get("retention_days", RETENTION)
    groups = {one["logGroupName"]: one.get("retentionInDays") for one in found["log_groups"]}
    for name in (*table["services"], *table.get("jobs", ())):
        yield from _is(f"retention of {name}", groups.get(f"/ecs/{NAME}/{name}"), days)
    (cluster,) = (one for one in found["clusters"] if one["clusterName"] == NAME)
    insights = "enabled" if table.get("logs", {}).get("insights", True) else "disabled"
    yield from _is("Container Insights", cluster["settings"][0]["value"], insights)


def _tags(table: Table, found: Inventory) -> Iterator[str]:
    wanted = OWNER | table.get("tags", {})
    for sort in (*TAGGED, "file_systems", "replication_groups"):
        for one in found[sort]:
            shown = _pairs(one)
            if shown.get("provisioner:address") and (sort != "task_definitions" or one["status"] == "ACTIVE"):
                # what is gone and kept has the tags of its time
                if _kept(table, shown["provisioner:address"]) or sort == "task_definitions":
                    continue
                lacking = {key: value for key, value in wanted.items() if shown.get(key) != value}
                yield from _is(f"{shown['provisioner:address']} lacks tags", lacking, {})


def _kept(table: Table, address: str) -> bool:
    sort, _, name = address.partition("/")
    data = ("bucket", "db_", "file_system", "replication_group", "queue", "topic", "repository", "log_group")
    return sort.startswith(data) or sort in ("parameter", "secret") or name.partition(".")[0] in ("database", "redis")


def _pairs(resource: Resource) -> dict[str, str]:
    tags: Any = next((resource[key] for key in ("Tags", "tags", "TagList", "TagSet") if resource.get(key)), {})
    return (
        tags if isinstance(tags, dict) else {t.get("Key", t.get("key")): t.get("Value", t.get("value")) for t in tags}
    )


# -- stores --------------------------------------------------------------------------------------------------------


def _database(table: Table, found: Inventory) -> Iterator[str]:
    if "database" not in table:
        return
    keys = table["database"]
    engine = keys.get("engine", "aurora-mysql")
    aurora = engine.startswith("aurora")
    (one,) = found["db_clusters" if aurora else "db_instances"][:1] or [{}]
    yield from _is("database's engine", one.get("Engine"), {"postgresql": "postgres"}.get(engine, engine))
    yield from _is("database's encryption", one.get("StorageEncrypted"), True)
    yield from _is("database's protection", one.get("DeletionProtection"), "protect" in table)
    yield from _is("public databases", [one for one in found["db_instances"] if one["PubliclyAccessible"]], [])
    yield from _is("database's backups", one.get("BackupRetentionPeriod", 0) > 0, True)
    if aurora:
        yield from _is("instances of the database", len(found["db_instances"]), 1 + keys.get("readers", 0))
    else:
        yield from _is("standby", one.get("MultiAZ"), keys.get("standby", False))
    iam = keys.get("iam_authentication", False)
    yield from _is("IAM authentication", one.get("IAMDatabaseAuthenticationEnabled"), iam)


def _redis(table: Table, found: Inventory) -> Iterator[str]:
    if "redis" not in table:
        return
    keys = table["redis"]
    (one,) = found["replication_groups"][:1] or [{}]
    yield from _is("Valkey's encryption", (one.get("TransitEncryptionEnabled"), one.get("AtRestEncryptionEnabled")),
                   (True, True))  # fmt: skip
    yield from _is("Valkey's nodes", len(found["cache_nodes"]), 1 + keys.get("replicas", 1))
    (settings,) = (each["own"] for each in found["cache_parameter_groups"] if each["own"])
    yield from _is("Valkey's eviction", "noeviction" in settings.values(), not keys.get("evict"))
    if "node" in keys:
        yield from _is("Valkey's size", one.get("CacheNodeType"), keys["node"])


def _buckets(table: Table, clients: Clients) -> Iterator[str]:
    s3 = clients("s3")
    for one in s3.list_buckets()["Buckets"]:
        name = one["Name"]
        if not name.startswith(f"{NAME}-"):
            continue
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        yield from _is(f"{name}: public access", set(blocked.values()), {True})
        keys = table.get("buckets", {}).get(name.rpartition("-")[2])
        if keys is not None:
            versions = s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled"
            yield from _is(f"{name}: versions", versions, keys.get("versions", False))
            policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
            denied = [one for one in policy if one["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(one)]
            yield from _is(f"{name}: only by TLS", bool(denied), True)


def _queues(table: Table, clients: Clients) -> Iterator[str]:
    sqs = clients("sqs")
    shown = {url.rpartition("/")[2]: url for url in sqs.list_queues().get("QueueUrls", ())}
    for name, keys in table.get("queues", {}).items():
        ending = ".fifo" if keys.get("fifo") else ""
        url = shown.get(f"{NAME}-{name}{ending}")
        yield from _is(f"queue {name}", bool(url), True)
        if url:
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            yield from _is(f"queue {name}: dead letters", "RedrivePolicy" in attributes, True)
            yield from _is(f"queue {name}: encryption", attributes.get("SqsManagedSseEnabled"), "true")


def _alarms(table: Table, found: Inventory) -> Iterator[str]:
    own = [one for one in found["alarms"] if one["AlarmName"].startswith(f"{NAME}-")]
    watched = {*table["services"], *table.get("jobs", ())}
    if "alarms" not in table:
        # those by which a deployment is rolled back are there without anybody being told
        if not any("alarms" in str(one.get("deployment")) for one in table["services"].values()):
            yield from _is("alarms", [one["AlarmName"] for one in own], [])
        return
    yield from _is("alarms that tell nobody", [one["AlarmName"] for one in own if not one["AlarmActions"]], [])
    yield from _is("subscriptions", [one["Endpoint"] for one in found["subscriptions"] if one["Protocol"] == "email"],
                   table["alarms"]["email"])  # fmt: skip
    cpu = {one["Threshold"] for one in own if one["AlarmName"] in {f"{NAME}-{name}-cpu" for name in watched}}
    if "cpu" in table["alarms"]:
        yield from _is("alarms' thresholds", cpu, {float(table["alarms"]["cpu"])})
    if table["alarms"].get("errors") is False:
        yield from _is("alarms on errors", [o["AlarmName"] for o in own if o["AlarmName"].endswith("errors")], [])
    for name in table["services"]:
        yield from _is(f"alarm on memory of {name}", f"{NAME}-{name}-memory" in {o["AlarmName"] for o in own}, True)


# -- what users and tasks reach --------------------------------------------------------------------------------------


def _balancer(table: Table, found: Inventory) -> Iterator[str]:
    public = any(one.get("public") for one in table["services"].values())
    yield from _is("load balancers", len(found["load_balancers"]), int(public))
    if not public:
        return
    keys, attributes = table.get("load_balancer", {}), found["load_balancers"][0]["attributes"]
    timeout = attributes["idle_timeout.timeout_seconds"]
    yield from _is("idle timeout", timeout, str(keys.get("idle_timeout", 60)))
    yield from _is(
        "its protection", attributes["deletion_protection.enabled"], "true" if "protect" in table else "false"
    )
    dropped = attributes["routing.http.drop_invalid_header_fields.enabled"]
    yield from _is("invalid headers are dropped", dropped, "true")
    logs = attributes["access_logs.s3.enabled"]
    yield from _is("access logs", logs, "true" if keys.get("access_logs") else "false")


def _doors(table: Table, found: Inventory) -> Iterator[str]:
    """Compare the peers that each security group lets in with the declared ones."""
    shown = rules(found, "IpPermissions")
    services = table["services"]
    for group, peers in shown.items():
        addresses = {peer for _, peer in peers if "/" in peer and not peer.startswith("10.")}
        yield from _is(f"addresses that reach {group}", addresses, {USERS} if group == "alb" else set())
    for store in ("database", "redis"):
        if store in table:
            users = {*services, *table.get("jobs", ())}
            using = {name for name in users if _keys(table, name).get(store)}
            yield from _is(f"{store}'s peers", {peer for _, peer in shown.get(store, ())} & users, using)
    for name, keys in services.items():
        callers = {one for one, of in services.items() if name in of.get("calls", ())}
        wanted = {(keys.get("port"), peer) for peer in callers | ({"alb"} if keys.get("public") else set())}
        yield from _is(f"peers of {name}", {one for one in shown.get(name, ()) if one[1] != name}, wanted)


def _keys(table: Table, name: str) -> Table:
    keys: Table = {**table["services"], **table.get("jobs", {})}[name]
    return keys


def _jobs(table: Table, found: Inventory) -> Iterator[str]:
    shown = {one["Name"]: one["ScheduleExpression"] for one in found["schedules"]}
    for name, keys in table.get("jobs", {}).items():
        yield from _is(f"schedule of {name}", shown.get(name), keys.get("schedule"))


# -- services --------------------------------------------------------------------------------------------------------


def _service(table: Table, found: Inventory, name: str, keys: Table) -> Iterator[str]:
    (one,) = [each for each in found["ecs_services"] if each["serviceName"] == name][:1] or [{}]
    if not one:
        yield "it is not there"
        return
    runs = one["taskDefinition"]
    (revision,) = (each for each in found["task_definitions"] if each["taskDefinitionArn"] == runs)
    containers = {each["name"]: each for each in revision["containerDefinitions"]}
    yield from _container(containers[name], keys)
    yield from _is("sidecar", "proxy" in containers, "proxy" in keys.get("sidecars", ()))
    for key in ("cpu", "memory"):
        if key in keys and keys.get("launch") != "ec2":
            yield from _is(key, revision[key], str(keys[key]))
    storage = revision.get("ephemeralStorage", {}).get("sizeInGiB")
    yield from _is("ephemeral storage", storage, keys.get("ephemeral_storage"))
    yield from _is("exec", bool(one.get("enableExecuteCommand")), keys.get("exec", one.get("enableExecuteCommand")))
    deployed = one["deploymentConfiguration"]
    strategy = keys.get("deployment", "rolling")
    strategy = strategy["strategy"] if isinstance(strategy, dict) else strategy
    yield from _is("strategy", deployed.get("strategy", "ROLLING"), STRATEGIES.get(strategy, "ROLLING"))
    if strategy == "recreate":
        yield from _is("lowest share while deploying", deployed["minimumHealthyPercent"], 0)
    alarms = deployed.get("alarms", {}).get("enable", False)
    yield from _is("rolled back by alarms", alarms, "alarms" in str(keys.get("deployment")))
    yield from _is("circuit breaker", deployed["deploymentCircuitBreaker"]["enable"], not alarms or
                   deployed["deploymentCircuitBreaker"]["enable"])  # fmt: skip
    (role,) = (each for each in found["roles"] if each["Arn"] == revision["taskRoleArn"])
    policies = [each["PolicyArn"] for each in role["AttachedManagedPolicies"]]
    yield from _is("managed policies", [each for each in policies if "SQSReadOnly" in each], keys.get("policies", []))
    rights = json.dumps(role.get("RolePolicyList", []), default=str)
    for store in ("buckets", "queues", "topics"):
        given = {one for one in table.get(store, ()) if re.search(rf"{NAME}-([\w-]+-)?{one}\b(?!-)", rights)}
        yield from _is(f"rights in {store}", given, {*keys.get(store, ())})
    if keys.get("public") and "grace" in keys.get("health", ()):
        yield from _is("grace", one["healthCheckGracePeriodSeconds"], keys["health"]["grace"])
    if keys.get("launch") != "ec2":
        weights = {each["capacityProvider"]: each["weight"] for each in one["capacityProviderStrategy"]}
        share = weights.get("FARGATE", 0) / sum(weights.values())
        yield from _is("share of on-demand", share, keys.get("on_demand", {"percent": share * 100})["percent"] / 100)
    yield from _is("tags of its tasks", one.get("propagateTags"), "SERVICE")
    tasks = [each for each in found["tasks"] if each["group"] == f"service:{name}"]
    # others are stopping
    for task in (each for each in tasks if each["desiredStatus"] == "RUNNING"):
        yield from _is("revision of a task", task["taskDefinitionArn"], runs)
        yield from _is("exec of a task", task["enableExecuteCommand"], one["enableExecuteCommand"])
    yield from _size(table, found, name, keys, one)


def _container(one: Resource, keys: Table) -> Iterator[str]:
    yield from _is("image", one["image"].partition("@")[0].partition(":")[0], keys["image"].rpartition(":")[0])
    variables = {each["name"]: each["value"] for each in one["environment"] if each["name"] in DRAWN}
    yield from _is("variables", variables, keys.get("environment", {}))
    names = {each["name"] for each in one.get("secrets", ())}
    yield from _is("secrets", names & {"DJANGO_KEY"}, {*keys.get("secrets", ())})
    yield from _is("password of the database", "DB_PASSWORD" in names, bool(keys.get("database")))
    yield from _is("URL of Valkey", "REDIS_URL" in names, bool(keys.get("redis")))
    yield from _is("command", one.get("command"), keys["command"].split() if "command" in keys else None)
    yield from _is("user", one.get("user"), keys.get("user"))
    yield from _is("read-only", bool(one.get("readonlyRootFilesystem")), keys.get("read_only", False))
    yield from _is("seconds to stop", one.get("stopTimeout"), keys.get("stop_timeout"))
    limits = {each["name"]: each["hardLimit"] for each in one.get("ulimits", ()) if each["name"] == "nofile"}
    if "ulimits" in keys:
        yield from _is("limits", limits, keys["ulimits"])
    mounts = [each["containerPath"] for each in one["mountPoints"] if each["containerPath"] == "/srv/media"]
    yield from _is("volumes", mounts, [*keys.get("volumes", {}).values()])
    checked = one.get("healthCheck", {}).get("command")
    wanted = isinstance(keys.get("health"), dict) and "command" in keys["health"]
    yield from _is("check of the container", bool(checked), wanted)


def _size(table: Table, found: Inventory, name: str, keys: Table, one: Resource) -> Iterator[str]:
    target = next((t for t in found["scalable_targets"] if t["ResourceId"] == f"service/{NAME}/{name}"), None)
    if "count" in keys:
        yield from _is("tasks", one["desiredCount"], keys["count"])
        yield from _is("scaling", target, None)
    if "scaling" in keys:
        bounds = (target or {}).get("MinCapacity"), (target or {}).get("MaxCapacity")
        if "schedule" not in table and "schedule" not in keys["scaling"]:
            yield from _is("bounds", bounds, (keys["scaling"]["min"], keys["scaling"].get("max", bounds[1])))
        policies = {p["PolicyName"].rpartition("-")[2] for p in found["scaling_policies"] if p["ResourceId"].endswith(
            f"/{name}")}  # fmt: skip
        yield from _is("scaling by memory", "memory" in policies, "memory" in keys["scaling"])
        actions = [a for a in found["scheduled_actions"] if a["ResourceId"].endswith(f"/{name}")]
        clock = [a for a in actions if a["ScheduledActionName"] == "day"]
        yield from _is("scaling by the clock", bool(clock), "schedule" in keys["scaling"])
    # autoscaling raises the number of tasks to a new minimum after `up` has ended
    complete = "scaling" in keys or one["runningCount"] == one["desiredCount"]
    if len(one["deployments"]) != 1 or not complete:
        yield f"it is not rolled out: {one['runningCount']} of {one['desiredCount']} tasks, {len(one['deployments'])}"


def _target(found: Inventory, name: str, keys: Table) -> Iterator[str]:
    if not keys.get("public"):
        return
    groups = [one for one in found["target_groups"] if _pairs(one).get("provisioner:address", "").endswith(f"/{name}")]
    yield from _is("target groups", bool(groups), True)
    for one in groups:
        path = keys["health"] if isinstance(keys.get("health"), str) else HEALTH
        yield from _is("path of the check", one["HealthCheckPath"], path)
        attributes = one["attributes"]
        yield from _is("stickiness", attributes["stickiness.enabled"], "true" if "sticky" in keys else "false")
        if "deregistration_delay" in keys:
            shown = attributes["deregistration_delay.timeout_seconds"]
            yield from _is("deregistration delay", shown, str(keys["deregistration_delay"]))
