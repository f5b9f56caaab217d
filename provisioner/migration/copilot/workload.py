"""Translate manifests of Copilot's services and jobs into `[services.NAME]` and `[jobs.NAME]`."""

from __future__ import annotations

from provisioner.config import validators as values
from provisioner.migration.copilot import http, image, runs, sidecars
from provisioner.migration.copilot.count import ON_DEMAND
from provisioner.migration.copilot.findings import JOB, Gathered, Workload
from provisioner.migration.copilot.keys import HANDLERS, RECREATE, ordered_keys
from provisioner.migration.yaml_tree import Value

BALANCED, APP_RUNNER = "Load Balanced Web Service", "Request-Driven Web Service"
SERVICES = frozenset({BALANCED, "Backend Service", "Worker Service", APP_RUNNER})
LEFT_OUT = {"Static Site": "files in S3 behind CloudFront are no service: keep it there"}
TLS = 443
"""The port for which Copilot's target group uses HTTPS."""
ELSEWHERE = frozenset(
    {"name", "type", "http", "image", "environments", "cpu", "memory", "sidecars", "timeout", "retries"}
)
"""Keys that other functions read."""
WHY = {
    "nlb": "a Network Load Balancer is not made here",
    "observability": "no tracing sidecar is added here: write it in sidecars",
    "tags": "resources have the tags of the stack, and no others",
}
"""Keys of a manifest without a counterpart, and the reason or the fix."""


def add(gathered: Gathered, name: str, manifest: Value) -> None:
    """Add a service or a job to the environment, or note why it is left out."""
    kind = manifest.at("type")
    sort = kind.text if kind and kind.text else ""
    if sort not in SERVICES and sort != JOB:
        why = LEFT_OUT.get(sort, "is of no type that is known here")
        gathered.found.leave(kind or manifest, "type", f"{sort or 'there is none'}: {why}", f"services.{name}", "all")
        return
    workload = Workload(name, sort, gathered)
    if not _fill(workload, manifest):
        return
    gathered.table.setdefault("jobs" if sort == JOB else "services", {})[name] = workload.table
    if workload.table.get("public"):
        gathered.public[name] = manifest.at("http") or manifest
        gathered.hosts += [(name, alias, where) for alias, where in workload.aliases]


def _fill(workload: Workload, manifest: Value) -> bool:
    """Write the keys of a manifest into the table, and note the rest; return False without an image or on Windows."""
    found = manifest.at("image")
    if not found or not image.fill(workload, found) or not _on_linux(workload, manifest.at("platform")):
        return False
    _reached(workload, manifest, found)
    for key, value in ordered_keys(manifest):
        if handler := HANDLERS.get(key):
            handler(workload, value)
        elif key in WHY:
            workload.leave(value, key, WHY[key])
        elif key not in ELSEWHERE:
            workload.leave(value, key, "is not known here")
    sidecars.fill(workload, manifest)
    runs.fill(workload, manifest)
    if manifest.at("network", "vpc", "placement") is None:
        workload.gathered.placements[workload.name] = "public"
    _tasks(workload, manifest)
    _size(workload, manifest)
    return True


def _reached(workload: Workload, manifest: Value, image: Value) -> None:
    """Write the way in for users, and the health checks, into the table; note the rest."""
    reached = manifest.at("http")
    public = _public(workload, reached)
    if public:
        workload.table["public"] = True
        http.fill(workload, reached)
        if (port := image.at("port")) and port.number == TLS and workload.sort == BALANCED:
            workload.table["tls"] = True
        if workload.sort == APP_RUNNER:
            workload.gathered.on_app_runner.add(workload.name)
            why = "answers by HTTPS under App Runner's name there; here by HTTP, until you write dns.domain"
            workload.leave(manifest.at("type") or manifest, "type", why)
    elif reached and reached.flag is not False:
        workload.leave(reached, "http", "an internal load balancer is not made here: callers find the service by name")
    http.container(workload, image.at("healthcheck"), public=public)


def _tasks(workload: Workload, manifest: Value) -> None:
    """Write the default number of tasks, and replace `recreate` if there may be several tasks."""
    if "count" not in manifest.table and workload.sort != JOB:
        # Copilot runs one task by default
        workload.table |= {"count": 1, **ON_DEMAND}
    if workload.sort != JOB:
        # Copilot allows no ECS Exec by default
        workload.table.setdefault("exec", False)
    most = workload.table.get("scaling", {}).get("max", workload.table.get("count", 1))
    if workload.table.get("deployment") == "recreate" and most > 1:
        workload.table["deployment"] = {**RECREATE}


def _on_linux(workload: Workload, platform: Value | None) -> bool:
    system = (platform.at("osfamily") or platform).text if platform else "linux"
    if platform and not (system or "").lower().startswith("linux"):
        workload.leave(platform, "platform", f"only Linux runs here: {workload.name} is left out", "all")
        return False
    return True


def _public(workload: Workload, reached: Value | None) -> bool:
    if workload.sort == APP_RUNNER:
        return not (reached and reached.at("private"))
    balanced = workload.sort == BALANCED and not (reached and reached.flag is False)
    return balanced and "port" in workload.table


def _size(workload: Workload, manifest: Value) -> None:
    named = {key: one for key in ("cpu", "memory") if (one := manifest.at(key))}
    size = {"cpu": 256, "memory": 512} | {key: one.number or 0 for key, one in named.items()}
    for key, why in values.fargate_size(size["cpu"], size["memory"]):
        workload.leave(named.get(key) or next(iter(named.values())), key, why)
        return
    workload.table |= {key: size[key] for key in named}
