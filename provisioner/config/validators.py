"""Checks of single values of `stack.toml`: each returns the value, or raises ValueError with the fault and the fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from provisioner.config.loader import shown
from provisioner.docker import reference

PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
DOCKER = IPv4Network("172.17.0.0/16")
"""The bridge network that Docker makes on each instance (VPC guide, VPC CIDR blocks)."""
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
FARGATE_MEMORY: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
"""The memory in MiB that Fargate allows for each number of CPU units (ECS API, RegisterTaskDefinition)."""
KMS_KEY = re.compile(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/|alias/)[A-Za-z0-9/_-]{1,250}")
IAM_POLICY = re.compile(r"(arn:aws[a-z-]*:iam::(\d{12}|aws):policy/)?([\w+=,.@-]+/)*[\w+=,.@-]{1,128}", re.ASCII)
EMAIL = r"[\w.+-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
"""E-mail addresses that can be part of a resource's name here; other addresses are rare."""
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?", re.ASCII)
GATEWAYS = ("s3", "dynamodb")
"""The services that have gateway endpoints (AWS PrivateLink guide)."""
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


@dataclass(frozen=True)
class Check(AfterValidator):
    """A check of a value, with the keywords that say the same in a JSON schema (`provision config --schema`)."""

    # before Python 3.13, the hash of an optional type includes its annotations
    keywords: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the value with the keywords of this check, for pydantic."""
        found = handler(core)
        if found.keys() & self.keywords.keys():
            return {**found, "allOf": [*found.get("allOf", ()), self.keywords]}
        return {**found, **self.keywords}


def matching(pattern: str, rule: str) -> AfterValidator:
    """Accept only text that the whole pattern matches; `rule` follows the value in the message."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"{shown(value)} {rule}")
        return value

    return Check(check, {"pattern": f"^({pattern})$"})


def or_false(least: int, most: int, what: str) -> BeforeValidator:
    """Accept only `false`, or a whole number in a range; the last argument describes the numbers in the message."""

    def check(value: Any) -> Any:
        if value is not False and (type(value) is not int or not least <= value <= most):
            raise ValueError(f"{shown(value)} is neither {what}, nor false")
        return value

    return BeforeValidator(check)


def topic(value: str) -> str:
    """Accept only the ARN of a topic that a CloudWatch alarm can publish to."""
    if not TOPIC.fullmatch(value):
        raise ValueError(
            f'{shown(value)} is not the ARN of an SNS topic, such as "arn:aws:sns:eu-west-1:123456789012:ops"'
        )
    if value.endswith(".fifo"):
        raise ValueError(f"{shown(value)} is a FIFO topic, which alarms cannot publish to: use a standard one")
    return value


def not_one_of(words: Collection[str], rule: str) -> AfterValidator:
    """Accept only text that is not in `words`, in upper or lower case; `rule` follows the value in the message."""

    def check(value: str) -> str:
        if value.lower() in words:
            raise ValueError(f"{shown(value)} {rule}")
        return value

    return AfterValidator(check)


def one_of(choices: Sequence[str], rule: str) -> AfterValidator:
    """Accept only one of these words; `rule` follows the value in the message."""

    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"{shown(value)} {rule}: use {', '.join(choices)}")
        return value

    return Check(check, {"enum": list(choices)})


def between(low: float, high: float, what: str) -> AfterValidator:
    """Accept only numbers from `low` to `high`, both included."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise ValueError(f"{value} is not {what}: use {low} to {high}")
        return value

    return Check(check, {"minimum": low, "maximum": high})


def at_least(low: int, why: str) -> AfterValidator:
    """Accept only numbers from `low` on."""

    def check(value: int) -> int:
        if value < low:
            raise ValueError(f"{value} is too small: {why}, so use {low} or more")
        return value

    return Check(check, {"minimum": low})


def _above_zero(value: float) -> float:
    if not 0 < value < float("inf"):
        raise ValueError(f"{value} is no value to keep: use a number above 0")
    return value


above_zero = Check(_above_zero, {"exclusiveMinimum": 0})
"""Accept only numbers above 0."""


def threshold(value: Any) -> int | str:
    """Accept only a number from 1 on, or a percentage from 1 to 100 such as "50%"."""
    if isinstance(value, str) and re.fullmatch(r"([1-9]\d?|100)%", value, re.ASCII):
        return value
    if type(value) is int and value > 0:
        return value
    raise ValueError(f'{shown(value)} is no threshold: use a number of failed tasks from 1 on, or "1%" to "100%"')


def unique(what: str) -> AfterValidator:
    """Accept only lists without duplicates."""

    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for value in values:
            if value in seen:
                raise ValueError(f"{shown(value)} is listed twice: list each {what} once")
            seen.add(value)
        return values

    return Check(check, {"uniqueItems": True})


def not_empty(why: str) -> AfterValidator:
    """Accept only lists and tables that are not empty."""

    def check(value: Any) -> Any:
        if not value:
            raise ValueError(f"is empty: {why}")
        return value

    return Check(check, {"minItems": 1, "minProperties": 1})


def _network(value: str, what: str) -> IPv4Network:
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise ValueError(f"{shown(value)} is not {what}") from None
    # AWS wants the prefix written out, and no bits set behind it.
    if str(network) != value:
        # nobody has the address 0.0.0.0, so the user means all addresses
        meant = "0.0.0.0/0" if value == "0.0.0.0" else network  # noqa: S104
        raise ValueError(f'{shown(value)} is not {what}; did you mean "{meant}"?')
    return network


def vpc_cidr(value: str) -> str:
    """Accept only private networks that have room for a VPC with 16 blocks of subnets."""
    network = _network(value, 'an IPv4 network in CIDR notation, such as "10.0.0.0/16"')
    if not any(network.subnet_of(private) for private in PRIVATE_RANGES):
        ranges = ", ".join(map(str, PRIVATE_RANGES))
        raise ValueError(f"{value} is not private: the stack would hide public addresses; use a part of {ranges}")
    if network.overlaps(DOCKER):
        raise ValueError(
            f"{value} overlaps {DOCKER}, which Docker uses on the instances: they could not reach it. Use another "
            f"range, such as 10.0.0.0/16"
        )
    if not 16 <= network.prefixlen <= 20:
        raise ValueError(
            f"/{network.prefixlen} does not fit: AWS allows no VPC larger than /16, and three tiers in up to four "
            "Availability Zones need /20 or larger (16 blocks of 251 addresses); use /16 to /20"
        )
    return value


def allowed(value: str) -> str:
    """Accept only `my-ip` and IPv4 networks: the load balancer has no IPv6 address."""
    if value != "my-ip":
        _network(value, 'a source: write "my-ip" or an IPv4 network such as "203.0.113.0/24"')
    return value


def domain(labels: int) -> Callable[[str], str]:
    """Return a check for domain names with this number of labels or more."""
    pattern = re.compile(rf"(?=.{{1,253}}$)({LABEL}\.){{{labels - 1},}}(?![0-9]+$){LABEL}")

    def check(value: str) -> str:
        if pattern.fullmatch(value):
            return value
        tidy = re.sub(r"^https?://", "", value.strip().lower()).strip("/.")
        instead = f'; did you mean "{tidy}"?' if pattern.fullmatch(tidy) else ', such as "example.com"'
        raise ValueError(f"{shown(value)} is not a domain name in lower case without a final dot{instead}")

    return check


def instance_type(value: str) -> str:
    """Accept only text in the form of an EC2 instance type."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}\.[a-z0-9-]{1,30}", value):
        raise ValueError(f'{shown(value)} is not an EC2 instance type, such as "c5.large"')
    return value


def is_arm(instance_type: str) -> bool:
    """Return whether a type has an ARM processor: a g behind the generation's number stands for Graviton."""
    return bool(re.match(r"a1\.|[a-z]+\d+[a-z]*g[a-z]*[.-]", instance_type))


def acu(value: float) -> float:
    """Accept only capacities of Aurora Serverless v2 (RDS API, ServerlessV2ScalingConfiguration)."""
    if not 0 <= value <= 256 or value % 0.5:
        raise ValueError(f"{value:g} is not a capacity of Aurora Serverless v2: use 0 to 256 in steps of 0.5")
    return value


def endpoint(value: str) -> str:
    """Accept only the part behind the Region in the name of an endpoint service: `sqs`, `ecr.api`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*", value) or value.startswith(("com.", "cn.", "aws.")):
        raise ValueError(
            f'{shown(value)} is not a service of a VPC endpoint as AWS names it after the Region, such as "sqs" or '
            f'"ecr.api"'
        )
    if value in GATEWAYS:
        raise ValueError(f"\"{value}\" has a gateway endpoint: S3's is always there, and DynamoDB's is not offered yet")
    return value


def retention(value: int) -> int:
    """Accept only numbers of days that CloudWatch Logs offers (PutRetentionPolicy)."""
    if value not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda days: abs(days - value))
        raise ValueError(f"CloudWatch Logs does not support a retention of {value} days; the nearest is {nearest}")
    return value


def kms_key(value: str) -> str:
    """Accept only a customer managed key: its ARN, the ARN of an alias, or an alias (KMS API, DescribeKey)."""
    if not KMS_KEY.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is not a KMS key: write the key's ARN, the ARN of an alias of it, or the alias itself, "
            'such as "alias/example"'
        )
    if value.rpartition(":")[2].startswith("alias/aws/"):
        raise ValueError(
            f"{shown(value)} is an AWS managed key, whose policy cannot be changed: use a customer managed key"
        )
    return value


def iam_policy(value: str) -> str:
    """Accept only a managed policy: its ARN, or its name with the path before it (IAM identifiers)."""
    if not IAM_POLICY.fullmatch(value):
        raise ValueError(
            f'{shown(value)} is not an IAM policy: write its name, such as "team-boundary", or its ARN, such as '
            '"arn:aws:iam::123456789012:policy/team-boundary"'
        )
    return value


def path_pattern(value: str) -> str:
    """Accept only a path pattern that one rule of a load balancer supports, and that does not mislead.

    AWS's pages differ on the number of wildcards in a rule: five (condition types), six (quotas). A rule compares the
    pattern with the whole path (Application Load Balancer guide, path conditions).
    """
    if value == "/":
        raise ValueError('"/" is the pattern of the root alone on AWS, not of the paths below it: write "/*"')
    if (found := sum(map(value.count, "*?"))) > 5:
        raise ValueError(f"{shown(value)} has {found} wildcards (* and ?), and AWS allows five in a rule: use fewer")
    return value


def inside(value: str) -> str:
    """Accept only relative paths that do not lead out of their base directory."""
    if not _relative(value) or ".." in value.split("/"):
        raise ValueError(f'{shown(value)} is not a directory beside this file, such as "app/web"')
    return value


def dockerfile(value: str) -> str:
    """Accept only relative paths of a file."""
    if not _relative(value) or value.endswith("/"):
        raise ValueError(f'{shown(value)} is not a path relative to build, such as "web.Dockerfile"')
    return value


def _relative(value: str) -> bool:
    """Return whether a text is a relative path that Linux can look up."""
    if not value or not value.isprintable() or value != value.strip() or value.startswith(("/", "~")):
        return False
    return len(value) <= 1000 and all(len(part.encode()) <= 255 for part in value.split("/"))


def environment(values: Mapping[str, str]) -> Mapping[str, str]:
    """Accept only names that a shell can use, and values that a process can get."""
    for key, value in values.items():
        if not re.fullmatch(VARIABLE, key):
            raise ValueError(f"{shown(key)} is not a variable name: use letters, digits and underscores")
        if "\0" in value:
            raise ValueError(f"the value of {shown(key)} contains a NUL character: remove it")
    return values


def fargate_size(cpu: int, memory: int) -> Iterator[tuple[str, str]]:
    """Yield `cpu` or `memory` with a message, if Fargate does not support this pair of CPU units and MiB."""
    if cpu not in FARGATE_MEMORY:
        yield "cpu", f"{cpu} is not a CPU size of Fargate: use one of {', '.join(map(str, FARGATE_MEMORY))}"
    elif memory not in (sizes := FARGATE_MEMORY[cpu]):
        nearest = min(sizes, key=lambda size: abs(size - memory))
        few = ", ".join(map(str, sizes))
        choice = few if len(sizes) <= 4 else f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
        yield "memory", f"Fargate does not support {memory} MiB with {cpu} CPU units: use {choice} (nearest: {nearest})"


def image(value: str) -> str:
    """Accept only names of images that Docker can read."""
    try:
        reference.parse(value)
    except ValueError as error:
        raise ValueError(f"{shown(value)} {error}") from None
    return value
