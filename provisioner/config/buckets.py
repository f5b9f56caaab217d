"""The tables `[buckets.NAME]`, and the key `buckets` of services and jobs: S3 buckets for the objects of tasks."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from provisioner.config import short_names
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Name, Problem
from provisioner.config.loader import Inconsistent, shown, suggestion
from provisioner.config.long_forms import long_form

Access = Literal[True, "read", "write"]
"""The rights of a task in a bucket: to read, to write, or (`true`) both."""
Accesses = tuple[Name, ...] | Mapping[Name, Access]
"""The forms of `buckets`: a list of names, to read and write, or a table of names and rights."""
_CHOICES = 'use true, "read" or "write"'

READING = ("s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket")
READING_VERSIONS = ("s3:GetObjectVersion", "s3:ListBucketVersions")
"""The actions that read former versions of objects; no task may delete one."""
WRITING = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject")
"""The actions that write and delete objects, large ones in parts.

Source: S3 user guide, "Multipart upload API and permissions".
"""

OWN = ("access-logs", "logs")
"""Names of the bucket that the load balancer's log has, in addresses and at the end of its name on AWS."""
ALIAS = "-s3alias"
"""An end that S3 refuses in names (S3 user guide, "General purpose bucket naming rules"); others have double hyphens
or dots, which names here cannot have."""
ACCOUNT = 12
"""The digits of an account's id."""
ORIGIN = r"https?://(\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+(:\d{1,5})?|\*"


Origin = Annotated[
    str,
    values.matching(ORIGIN, 'is not an origin: use scheme and host without a path, such as "https://www.example.com"'),
]
Origins = Annotated[tuple[Origin, ...], LIST, values.unique("origin")]


class Bucket(Model):
    """`[buckets.NAME]`: an S3 bucket, private and encrypted, for the services and jobs that name it."""

    expire_days: Annotated[int, values.between(1, 36_500, "a number of days after which objects expire")] | None = None
    """Days after which S3 deletes objects; by default it keeps them."""
    versions: bool = False
    """Keep former versions of objects that are overwritten or deleted, for 30 days."""
    cors: bool | Origins = False
    """Origins whose web pages may read and write by signed URLs; `true` for the names of the public services that use
    the bucket."""


def read_access(value: Any) -> Any:
    """Return the key `buckets` as a table, from a list of names too.

    Raises:
        ValueError: it is neither. Inconsistent: rights are wrong, by name.
    """
    table = long_form("buckets", value)
    if not isinstance(table, Mapping):
        # of the file, not of a type
        raise ValueError(  # noqa: TRY004
            'must be a list of buckets, such as ["uploads"], or a table, such as { uploads = "read" }'
        )
    wrong = [(str(name), one) for name, one in table.items() if one is not True and one not in ("read", "write")]
    if wrong:
        raise Inconsistent([(name, f"{shown(one)} is no right in a bucket: {_CHOICES}") for name, one in wrong])
    return table


def variable(bucket: str) -> str:
    """Return the name of the variable with a bucket's name, in the containers of its users."""
    return f"{bucket.upper().replace('-', '_')}_BUCKET"


def name_of(stack: str, account: str, region: str, bucket: str) -> str:
    """Return a bucket's name on AWS, which nobody else's has.

    Account and Region follow the stack's name, so that no pattern for this stack's buckets fits those of another.
    """
    return short_names.shortened(f"{stack}-{account}-{region}-{bucket}", short_names.BUCKET)


def actions(access: Access, *, versions: bool) -> tuple[str, ...]:
    """Return the actions that a right allows, on the bucket and on its objects."""
    reading = (*READING, *(READING_VERSIONS if versions else ())) if access != "write" else ()
    return (*reading, *(WRITING if access != "read" else ()))


def of_workload(buckets: Mapping[str, Bucket], used: Mapping[str, Access]) -> tuple[str, ...]:
    """Return the actions of S3 that a workload has in its buckets."""
    found = (one for name, access in used.items() if name in buckets for one in _of(buckets[name], access))
    return tuple(dict.fromkeys(found))


def _of(bucket: Bucket, access: Access) -> tuple[str, ...]:
    return actions(access, versions=bucket.versions)


def origins(bucket: Bucket, hosts: Iterable[str]) -> Sequence[str]:
    """Return the origins whose pages may use a bucket.

    Args:
        hosts: the public names of the services that use it.
    """
    if isinstance(bucket.cors, bool):
        return [f"https://{host}" for host in hosts] if bucket.cors else []
    return [*bucket.cors]


def bucket_problems(
    buckets: Mapping[str, Bucket],
    users: Mapping[str, Collection[str]],
    stack: str,
    region: str,
    hosts: Mapping[str, Collection[str]],
) -> Iterator[Problem]:
    """Yield buckets that are not declared, names that S3 would refuse, and origins that nobody knows.

    Args:
        users: the names of the buckets of each workload, by the dotted key of its table.
        hosts: by bucket, the public names of its users.
    """
    for key, used in users.items():
        for name in used:
            if name not in buckets:
                fix = suggestion(name, buckets) if buckets else f": add it, or remove {name}"
                yield f"{key}.buckets", f"there is no table [buckets.{name}]{fix}"
    if buckets and (excess := len(_beginning(stack, region)) - short_names.room(short_names.BUCKET) - 1) > 0:
        what = f"{stack} is too long for names of buckets, which go on with account and Region in {short_names.BUCKET}"
        yield "project", f"{what} characters: shorten project or env by {excess}"
    for name, bucket in buckets.items():
        if name in OWN:
            yield f"buckets.{name}", "is the name of the bucket with the load balancer's log: use another name"
        if f"-{name}".endswith(ALIAS):
            yield f"buckets.{name}", f"ends with {ALIAS}, which S3 refuses in names of buckets: use another name"
        if bucket.cors is True and not hosts[name]:
            why = "no public service with a name below dns.domain uses the bucket"
            yield f"buckets.{name}.cors", f'true, but {why}: list the origins, such as ["https://www.example.com"]'


def _beginning(stack: str, region: str) -> str:
    return f"{stack}-{'0' * ACCOUNT}-{region}"
