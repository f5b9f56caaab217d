"""List the keys that Copilot knows, and leave out the others, which Copilot passes over without a word.

From the structs of aws/copilot-cli v1.33.2, internal/pkg/manifest. It reads manifests by yaml.Unmarshal without
KnownFields (workload.go, UnmarshalWorkload; env.go, UnmarshalEnvironment), so that a key of no struct has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.migration.draft import Draft
from provisioner.migration.yaml_tree import Value

Tree = Mapping[str, "Tree | None"]
"""Keys of a table, each with the keys below it; None where any key may follow. `*` is any key."""
IGNORED = "is no key of Copilot's, which passes over it: it has no effect there"


def _keys(names: str, **below: Tree | None) -> Tree:
    return {**dict.fromkeys(names.split()), **below}


_COMMAND = "command entrypoint"
_BUILD = _keys("context dockerfile target cache_from", args=None)
_IMAGE: Tree = _keys("location credentials labels depends_on", build=_BUILD)
_CHECK = _keys("command interval retries timeout start_period")
_ADVANCED = _keys("value cooldown")
_COUNT: Tree = _keys(
    "spot cooldown",
    range=_keys("min max spot_from"),
    cpu_percentage=_ADVANCED,
    memory_percentage=_ADVANCED,
    requests=_ADVANCED,
    response_time=_ADVANCED,
    queue_delay=_keys("acceptable_latency msg_processing_time cooldown"),
)
_PLATFORM = _keys("osfamily architecture")
_EFS = _keys("id root_dir uid gid", auth=_keys("iam access_point_id"))
_STORAGE: Tree = _keys("ephemeral readonly_fs", volumes={"*": _keys("path read_only", efs=_EFS)})
_TASK: Tree = _keys(
    "cpu memory variables env_file secrets",
    platform=_PLATFORM,
    count=_COUNT,
    exec=_keys("enable"),
    storage=_STORAGE,
)
_LOGGING = _keys("retention image destination enableMetadata secretOptions configFilePath variables secrets env_file")
_SIDECAR: Tree = _keys(
    f"port essential credentialsParameter variables env_file secrets labels depends_on {_COMMAND}",
    image=_keys("location", build=_BUILD),
    mount_points=_keys("source_volume path read_only"),
    healthcheck=_CHECK,
)
_VPC: Tree = _keys("", placement=_keys("subnets"), security_groups=_keys("groups deny_default from_cfn"))
_NETWORK: Tree = _keys("", vpc=_VPC, connect=_keys("alias"))
_HTTP_CHECK = _keys("path port success_codes healthy_threshold unhealthy_threshold timeout interval grace_period")
_RULE: Tree = _keys(
    "path version stickiness deregistration_delay target_container target_port allowed_source_ips hosted_zone "
    "redirect_to_https",
    alias=_keys("name hosted_zone"),
    healthcheck=_HTTP_CHECK,
)
_HTTP: Tree = {**_RULE, **_keys("alb targetContainer", additional_rules=_RULE)}
_TRACING = _keys("tracing")
_ON_ECS: Tree = {
    **_TASK,
    **_keys(
        f"name type publish taskdef_overrides {_COMMAND}",
        logging=_LOGGING,
        sidecars={"*": _SIDECAR},
        network=_NETWORK,
    ),
}
_SERVICE: Tree = {**_ON_ECS, **_keys("", deployment=_keys("rolling rollback_alarms"), observability=_TRACING)}
_LISTENING: Tree = {**_IMAGE, **_keys("port", healthcheck=_CHECK)}
WORKLOADS: Mapping[str, Tree] = {
    "Load Balanced Web Service": {**_SERVICE, **_keys("nlb", image=_LISTENING, http=_HTTP)},
    "Backend Service": {**_SERVICE, **_keys("", image=_LISTENING, http=_HTTP)},
    "Worker Service": {**_SERVICE, **_keys("subscribe", image={**_IMAGE, "healthcheck": _CHECK})},
    "Scheduled Job": {
        **_ON_ECS,
        **_keys("timeout retries", image={**_IMAGE, "healthcheck": _CHECK}, on=_keys("schedule")),
    },
    "Request-Driven Web Service": _keys(
        "name type cpu memory variables secrets command tags publish count",
        platform=_PLATFORM,
        image={**_IMAGE, "port": None},
        http=_keys("alias private", healthcheck=_HTTP_CHECK),
        network=_keys("", vpc=_keys("", placement=_keys("subnets"))),
        observability=_TRACING,
    ),
}
"""The keys of each type of manifest."""
_INGRESS = _keys("cdn source_ips")
_GROUPS = _keys("", ingress=_keys("from_vpc", restrict_to=_keys("cidr cdn source_ips")))
ENVIRONMENT: Tree = _keys(
    "name type",
    network=_keys(
        "",
        vpc=_keys(
            "id cidr",
            subnets={tier: _keys("id cidr az") for tier in ("public", "private")},
            security_group=None,
            flow_logs=_keys("retention"),
        ),
    ),
    observability=_keys("container_insights"),
    http=_keys(
        "",
        public=_keys(
            "certificates ssl_policy",
            access_logs=_keys("bucket_name prefix"),
            ingress=_INGRESS,
            security_groups=_GROUPS,
        ),
        private=_keys("subnets certificates ssl_policy", ingress=_keys("vpc"), security_groups=_GROUPS),
    ),
    cdn=None,
)
"""The keys of an environment's manifest."""


def pruned(manifest: Value, tree: Tree | None, found: Draft, of: str = "") -> Value:
    """Return a manifest without the keys that Copilot does not know, and note these.

    Args:
        tree: the keys of its type.
        of: the service or job, such as `services.web`.
    """
    if tree is None:
        return manifest
    for key, value in _unknown(manifest, tree):
        found.leave(value, key, IGNORED, of, cost="nothing")
    return _known(manifest, tree)


def _unknown(value: Value, tree: Tree | None, at: str = "") -> Iterator[tuple[str, Value]]:
    if tree is None:
        return
    for key, one in value.table.items():
        if key in tree or "*" in tree:
            yield from _unknown(one, tree.get(key, tree.get("*")), f"{at}{key}.")
        else:
            yield f"{at}{key}", one
    for one in value.values:
        yield from _unknown(one, tree, at)


def _known(value: Value, tree: Tree | None) -> Value:
    if tree is None:
        return value
    if isinstance(value.content, Mapping):
        kept = {key: one for key, one in value.content.items() if key in tree or "*" in tree}
        return replace(value, content={key: _known(one, tree.get(key, tree.get("*"))) for key, one in kept.items()})
    return replace(value, content=[_known(one, tree) for one in value.values]) if value.values else value
