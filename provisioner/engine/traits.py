"""Traits of a few resource types: each is a class that such a type names before `Resource`.

The engine tests for them with `issubclass`. Traits of three types or more are in `Resource` itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from provisioner.engine.resource import Aws, Observed, Resource


class Leads:
    """A type that leads traffic to the resources it names, or sets how many tasks they have.

    An orphaned one is deleted before they are drained, and before former settings are removed.
    """


class BeginsUnused:
    """A type that would take traffic from others as soon as it is there: a new one begins without any.

    It gets its traffic with all other traffic that moves (`Resource.shifted`).
    """

    def begun(self, created: Collection[str]) -> Self:
        """Return the settings of a new resource until everything that it leads to is ready.

        Args:
            created: the ids of the resources that this run has created: nothing new has traffic yet.
        """
        raise NotImplementedError


class KnowsRequests:
    """A type that compares AWS's answer with its last request, and so recognizes the changes of others."""


class ServesData:
    """A type that serves the data of its dependencies: an orphaned one stays as long as they stay."""


class Runs:
    """A type that runs code and uses its dependencies until it is deleted, as a service does."""

    @classmethod
    def winding_down(cls, aws: Aws) -> str:
        """Return the resources of this type that are stopping, in words, and use former settings; empty if none."""
        return ""


class EndsFailed:
    """A type whose failed change AWS would go on with: the run that finds the failure ends it."""

    @classmethod
    def end_failed(cls, aws: Aws, live: Observed) -> str:
        """End a change that has failed by `pending`; return the reason if AWS goes on with it, empty if not."""
        raise NotImplementedError


class WaitsForUsers:
    """A type whose change may remove settings in use without failing: it is asked first, and waits."""

    def still_in_use(self, aws: Aws, live: Observed) -> str:
        """Return the users of the settings that the change from `live` removes, in words; empty if none."""
        raise NotImplementedError


class FreesDependenciesEarly:
    """A type whose dependencies can be deleted as soon as AWS has accepted its own deletion."""


class ListedOneByOne:
    """A type whose list costs a call a resource: a deletion lists it only when its turn comes."""


class CreatedLater:
    """A type that AWS creates after it has accepted the call, or gives up with a reason and never lists."""

    @classmethod
    def creation_failed(cls, aws: Aws, outputs: Mapping[str, Any]) -> str:
        """Return AWS's reason for giving up a resource that is not listed; empty if it did not.

        Args:
            outputs: the outputs that `create` returned.
        """
        return ""


class ListedLate(CreatedLater):
    """A type whose new resources are listed, and may get an id, only after AWS has made them.

    Class variables:
        listed_within: seconds within which AWS lists a new resource that has no id yet.
    """

    listed_within: ClassVar[float]


class KnownByContent:
    """A type without tags, inside a place that may be somebody else's: its content shows its owner.

    Class variables:
        foreign: the reason why a resource is not this stack's, to be put behind its id.
    """

    foreign: ClassVar[str]

    @classmethod
    def list_unlisted(cls, aws: Aws) -> Iterable[Observed]:
        """Yield this stack's resources that `list` finds only by their names."""
        return ()

    @classmethod
    def shared(cls, aws: Aws, live: Observed) -> bool:
        """Return whether others have come to need the resource too, so that `down` does not delete it."""
        return False

    @classmethod
    def way_in(cls, live: Observed) -> str:
        """Return the way to hand a foreign resource over to this stack, as a sentence; empty if there is none."""
        return ""

    @classmethod
    def displaced(cls, live: Observed) -> Mapping[str, Any]:
        """Return the outputs to record before a change replaces somebody else's content; none if it replaces none."""
        return {}


class LeftToAws:
    """A type that AWS may refuse to delete, since AWS deletes it by itself before long: it is left to AWS."""

    @classmethod
    def left_because(cls, live: Observed) -> str:
        """Return the reason why AWS would not delete it now, to be put behind a colon; empty if AWS would."""
        raise NotImplementedError


SHARED = "it is also used outside this stack"


def why_left(aws: Aws, resource_type: type[Resource], live: Observed) -> str:
    """Return the reason why `down` keeps an unwanted resource; empty if it deletes it."""
    if issubclass(resource_type, LeftToAws):
        return resource_type.left_because(live)
    return SHARED if issubclass(resource_type, KnownByContent) and resource_type.shared(aws, live) else ""
