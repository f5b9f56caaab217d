"""The table `[redis]`: its defaults, and the errors that name key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.redis import Redis
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "public.ecr.aws/x/web:1"\nport = 80\nredis = true\n'


def test_the_defaults_fail_over_and_evict_nothing() -> None:
    assert (Redis().nodes, Redis().policy, Redis(evict=True).policy) == (2, "noeviction", "allkeys-lru")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (WEB, "services.web.redis: there is no table [redis]"),
        (f'{WEB}[redis]\nnode = "t4g.micro"\n', "redis.node"),
        (f'{WEB}[redis]\nnode = "cache.t1.micro"\n', "redis.node"),
        (f"{WEB}[redis]\nreplicas = 6\n", "redis.replicas"),
        (f'{WEB}[redis]\nengine = "redis"\n', "the engine is Valkey"),
        (f"{WEB.replace('.web', '.redis')}[redis]\n", "services.redis: is the name of a security group"),
        (f'project = "{"a" * 30}"\nenv = "{"b" * 11}"\n{WEB}[redis]\n', "ElastiCache allows 40"),
    ],
)
def test_an_error_names_the_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert says in str(caught.value)


def test_without_the_table_a_service_may_be_called_redis(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(WEB.replace(".web", ".redis").replace("redis = true\n", ""))
    assert load(path).redis is None
