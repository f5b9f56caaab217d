"""Permissions for the state in a bucket: its objects, reads of the bucket's settings, and its creation."""

from __future__ import annotations

from provisioner.aws.permissions import ASKED_BEFOREHAND, EVERY, Part, Permission, Use, grants
from provisioner.config.models import Config

_BUCKET, _OBJECTS = "{bucket}", "{bucket}/{stack}/*"
_SETTINGS = (
    *("BucketOwnershipControls", "BucketPolicy", "BucketPublicAccessBlock", "BucketTagging", "BucketVersioning"),
    *("EncryptionConfiguration", "LifecycleConfiguration"),
)
"""Settings of the bucket that the tool reads, and that `state init` writes (`StateBucket`)."""
_WHY, _SET_UP, _INIT = "the state's bucket", "doctor; state init", "state init"


def _bucket(config: Config) -> bool:
    return config.state.bucket is not None


STATE: tuple[Permission, ...] = (
    *grants(
        "s3",
        "ListBucket",
        _BUCKET,
        use=Use.OTHER,
        why=_WHY,
        wanted=_bucket,
        parts=ASKED_BEFOREHAND | {Part.STATE, Part.RUN, Part.SHELL},
    ),
    *grants("s3", "GetObject", _OBJECTS, use=Use.OTHER, why=_WHY, wanted=_bucket, parts=EVERY | {Part.RUN, Part.SHELL}),
    *grants("s3", "PutObject DeleteObject", _OBJECTS, use=Use.OTHER, why=_WHY, wanted=_bucket),
    *grants(
        "s3",
        " ".join(f"Get{it}" for it in _SETTINGS),
        _BUCKET,
        use=Use.OTHER,
        why=_SET_UP,
        wanted=_bucket,
        parts=ASKED_BEFOREHAND | {Part.STATE},
    ),
    *grants(
        "s3",
        " ".join(["CreateBucket", *(f"Put{it}" for it in _SETTINGS)]),
        _BUCKET,
        use=Use.OTHER,
        why=_INIT,
        wanted=_bucket,
        parts=frozenset({Part.STATE}),
    ),
)
