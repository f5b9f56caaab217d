"""What only a few resource types have: each is a class that such a type names before `Resource`.

The engine asks for it with `issubclass`. What three types or more have stands in `Resource` itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from provisioner.engine.resource import Aws, Observed, Resource


class Leads:
    """It leads traffic to the resources that it names, or sets how many tasks they have.

    Orphaned, it is deleted before they are drained, and before former settings go.
    """


class ServesData:
    """It serves the data of what it is built on: orphaned, it stays as long as that does."""


class Runs:
    """Something runs in it and uses its dependencies until it is deleted, as in a service."""

    @classmethod
    def winding_down(cls, aws: Aws) -> str:
        """Say which resources of this type are stopping, and use their former settings until then; empty if none."""
        return ""


class WaitsForUsers:
    """What a change takes away of it may be in use without failing it: it is asked before that, and waits."""

    def still_in_use(self, aws: Aws, live: Observed) -> str:
        """Say what still uses the settings that the change from `live` removes; empty if nothing does."""
        raise NotImplementedError


class FreesDependenciesEarly:
    """Its dependencies can be deleted as soon as AWS has accepted its own deletion."""


class ListedOneByOne:
    """Its list costs a call a resource, so that a deletion lists it only when its turn comes."""


class CreatedLater:
    """AWS accepts its creation, makes it later, and may give up; then no list shows it, but AWS says why."""

    @classmethod
    def creation_failed(cls, aws: Aws, outputs: Mapping[str, Any]) -> str:
        """Say why AWS gave up making a resource that is not listed; empty if it did not.

        Args:
            outputs: those that `create` returned.
        """
        return ""


class ListedLate(CreatedLater):
    """A new one is not listed before AWS has made it, and may have no id until then.

    Class variables:
        listed_within: seconds within which AWS lists a new one, if it has no id before.
    """

    listed_within: ClassVar[float]


class KnownByContent:
    """It stands without tags in what may be somebody else's, and is this stack's by what it says.

    Class variables:
        foreign: why one is not this stack's, to be put behind its id.
    """

    foreign: ClassVar[str]

    @classmethod
    def list_unlisted(cls, aws: Aws) -> Iterable[Observed]:
        """Yield this stack's resources that `list` finds only by their names."""
        return ()

    @classmethod
    def shared(cls, aws: Aws, live: Observed) -> bool:
        """Whether others have come to need the resource too, so that `down` leaves it where it is."""
        return False

    @classmethod
    def way_in(cls, live: Observed) -> str:
        """Say how what stands in the way becomes this stack's, as a sentence after others; empty if it cannot."""
        return ""


class Displaces:
    """A change of it may take the place of what somebody else made: that is recorded before the change is sent."""

    @classmethod
    def displaced(cls, live: Observed) -> Mapping[str, Any]:
        """Return the outputs to record before `live` is changed; none if the change displaces nothing."""
        raise NotImplementedError


class LeftToAws:
    """AWS may refuse to delete it, since it takes it away by itself before long: then it is left to AWS."""

    @classmethod
    def left_because(cls, live: Observed) -> str:
        """Say why AWS would not delete it now, to be put behind a colon; empty if it would."""
        raise NotImplementedError


SHARED = "it is also used outside this stack"


def why_left(aws: Aws, resource_type: type[Resource], live: Observed) -> str:
    """Say why a resource is not deleted, though nobody here wants it any more; empty if it is."""
    if issubclass(resource_type, LeftToAws):
        return resource_type.left_because(live)
    return SHARED if issubclass(resource_type, KnownByContent) and resource_type.shared(aws, live) else ""
