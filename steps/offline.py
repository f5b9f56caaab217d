"""Run the steps without any cloud, to learn the variables and permissions that the user's own steps give."""

from __future__ import annotations

from provisioner.config.facts import ExistingDatabase, ExistingListener, ExistingVpc, Facts
from provisioner.config.models import Config
from provisioner.config.redis import CacheSnapshot
from provisioner.engine import own_code
from provisioner.engine.declaration import STEPS, dependencies_of, reachable
from provisioner.steps.stack import Stack, run

ANY_ACCOUNT = "123456789012"


def given(config: Config) -> Stack | None:
    """Run the user's own steps, and the steps that they need, on placeholder facts; return the stack, None without any.

    Raises:
        ConfigurationError: one of the user's own steps failed; the message has its file and line.
    """
    own = [name for name, function in STEPS.items() if own_code.is_own(function)]
    if not own:
        return None
    wanted = {one for name in own for one in reachable(name, lambda step: dependencies_of(STEPS[step]))}
    return run(config, facts(config), {name: STEPS[name] for name in STEPS if name in wanted})


def facts(config: Config) -> Facts:
    """Return placeholders for all facts that AWS knows, so that every configuration can be declared."""
    return Facts(
        account=ANY_ACCOUNT,
        partition="aws",
        region=config.region,
        zones=tuple(f"{config.region}{letter}" for letter in "abcd"[: config.network.zones]),
        image_id="ami-any",
        public_zone_id="any" if config.public_zone and not config.dns.create_zone else None,
        allow=("192.0.2.1/32",),
        engine=False,
        local=True,
        s3_prefix_list="pl-any",
        cloudfront_prefix_list="pl-cloudfront" if config.distributed else "",
        snapshot=config.own_database.from_snapshot if config.own_database else None,
        redis_snapshot=CacheSnapshot(of) if config.redis and (of := config.redis.from_snapshot) else None,
        kms_key=config.kms_key,
        logs_key=config.logs.kms_key or config.kms_key,
        vpc=existing_vpc(config),
        listener=existing_listener(config),
        database=existing_database(config),
        name_zones={name: (name.partition(".")[2], "any") for name in config.whole_names},
    )


def existing_vpc(config: Config) -> ExistingVpc | None:
    """Return a placeholder for the VPC that the configuration names; None if it names none."""
    if config.network.vpc is None:
        return None
    public, private = ("subnet-any-public",), ("subnet-any-private",)
    return ExistingVpc(config.network.vpc, config.network.cidr, (), public, private, private, way_out=True)


def existing_listener(config: Config) -> ExistingListener | None:
    """Return a placeholder for the listener that the configuration names; None if it names none."""
    if config.listener is None:
        return None
    name = f"any.{config.region}.elb.amazonaws.com"
    protocol, port = ("HTTPS", 443) if config.dns.domain else ("HTTP", 80)
    return ExistingListener(config.listener, name, "any", protocol, port, ("sg-any",))


def existing_database(config: Config) -> ExistingDatabase | None:
    """Return a placeholder for the database of somebody else that the configuration names; None if it names none."""
    if (used := config.used_database) is None:
        return None
    host, engine = f"{used.identifier}.any.{config.region}.rds.amazonaws.com", used.kind
    return ExistingDatabase(used.identifier, host, engine.port, engine.name, "available", used.name, ("sg-any",))
