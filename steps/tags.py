"""The user's tags on all resources."""

from __future__ import annotations

from provisioner import Stack, step
from provisioner.resources.stack_tags import StackTags


@step
def tags(stack: Stack) -> None:
    """Declare the tags of `[tags]`, if there are any. New resources have them from their create calls."""
    if stack.config.tags:
        stack.ensure(StackTags("main", dict(stack.config.tags)))
