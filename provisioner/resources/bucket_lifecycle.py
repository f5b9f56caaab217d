"""The one lifecycle rule of a bucket, for all its objects: from days to S3's form, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAME = "expire"
"""The name of the one rule."""
_PARTS = {
    *("ID", "Status", "Prefix", "Filter", "Expiration", "NoncurrentVersionExpiration"),
    "AbortIncompleteMultipartUpload",
}


@dataclass(frozen=True)
class Lifecycle:
    """The days after which S3 deletes objects, their former versions, and unfinished uploads; None: it does not."""

    objects: int | None = None
    former: int | None = None
    uploads: int | None = None

    def rules(self) -> list[dict[str, Any]]:
        """Return the rule as PutBucketLifecycleConfiguration takes it; none without days.

        With days S3 itself deletes the markers that no version is left behind (S3 API, LifecycleExpiration); without,
        the rule says so where former versions go.
        """
        found: dict[str, Any] = {}
        if self.objects:
            found["Expiration"] = {"Days": self.objects}
        elif self.former:
            found["Expiration"] = {"ExpiredObjectDeleteMarker": True}
        if self.former:
            found["NoncurrentVersionExpiration"] = {"NoncurrentDays": self.former}
        if self.uploads:
            found["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": self.uploads}
        return [{"ID": NAME, "Status": "Enabled", "Filter": {"Prefix": ""}, **found}] if found else []


def read(rules: Sequence[Mapping[str, Any]]) -> Lifecycle:
    """Return the days of a bucket's rules; none if they are not one rule for all objects, as this tool writes it."""
    enabled = [rule for rule in rules if rule["Status"] == "Enabled"]
    if len(enabled) != 1 or not _ours(enabled[0]):
        return Lifecycle()
    (rule,) = enabled
    former = rule.get("NoncurrentVersionExpiration", {})
    found = Lifecycle(
        rule.get("Expiration", {}).get("Days"),
        former.get("NoncurrentDays"),
        rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )
    # a date, a number of versions to keep, or other markers
    same = all(rule.get(part) == found.rules()[0].get(part) for part in _DAYS) if found.rules() else False
    return found if same else Lifecycle()


_DAYS = ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")


def _ours(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule is for all objects and does no more than delete."""
    whole = not rule.get("Prefix") and not any(rule.get("Filter", {}).values())
    return whole and not rule.keys() - _PARTS
