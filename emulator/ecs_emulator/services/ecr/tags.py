"""Tags of repositories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.ecr.models import ecr_backends

from ecs_emulator.authorization.tags import pairs


def of(account: str, region: str, arn: str, resource: str) -> Mapping[str, str]:
    """Return the tags of a repository."""
    return pairs(ecr_backends[account][region].list_tags_for_resource(arn)["tags"])


def rows(account: str, region: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the ARN, the tags and the type of each repository."""
    ecr = ecr_backends[account][region]
    for repository in ecr.repositories.values():
        yield repository.arn, ecr.tagger.get_tag_dict_for_resource(repository.arn), "ecr:repository"
