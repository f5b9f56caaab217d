"""The models of the smaller tables of `stack.toml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from provisioner.config import reserved_words
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem

HOST = "app"
"""The host name of the file's own environment; that of another has the environment's name behind it."""

DatabaseLog = Literal["audit", "error", "general", "slowquery"]
Domain = Annotated[str, AfterValidator(values.domain(2))]
PrivateDomain = Annotated[str, AfterValidator(values.domain(1))]
Acu = Annotated[float, AfterValidator(values.acu)]
KmsKey = Annotated[str, AfterValidator(values.kms_key)]


class Dns(Model):
    """`[dns]`: the public name, and the two private zones."""

    domain: Domain = "example.com"
    host: Annotated[str, values.matching(values.LABEL, 'is not a single DNS label, such as "app"')] = HOST
    create_zone: bool = False
    private_domain: PrivateDomain = "db.internal"
    discovery_domain: PrivateDomain = "svc.internal"

    def problems(self) -> Iterator[Problem]:
        """Yield zones that would share a name, and a name too long for a certificate."""
        if self.discovery_domain == self.private_domain:
            reason = "Route 53 refuses a private zone with the name of a Cloud Map namespace"
            yield (
                "discovery_domain",
                f'"{self.discovery_domain}" is dns.private_domain too, and {reason}: use two names',
            )
        for key in ("private_domain", "discovery_domain"):
            if getattr(self, key) == self.domain:
                yield key, f'"{self.domain}" is dns.domain too, which it would hide inside the VPC: use another name'
        if len(fqdn := f"{self.host}.{self.domain}") > 64:
            yield (
                "host",
                f"{fqdn} has {len(fqdn)} characters, and a certificate's name has at most 64: use a shorter one",
            )


class Capacity(Model):
    """`[capacity]`: the Auto Scaling group that services with `launch = "ec2"` run on."""

    instance_types: Annotated[
        tuple[Annotated[str, AfterValidator(values.instance_type)], ...],
        LIST,
        values.not_empty('use at least one, such as ["c5.large"]'),
        values.unique("instance type"),
    ] = ("c5.large", "c5a.large")
    spot: bool = True
    min: Annotated[int, values.at_least(0, "there cannot be fewer than 0 instances")] = 0
    max: Annotated[int, values.at_least(1, "no task could be placed")] = 5

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than capacity.max, which is {self.max}: change one of them"


class Database(Model):
    """`[database]`: the Aurora MySQL Serverless v2 cluster."""

    name: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,63}", "is not a database name: use 1 to 64 letters and digits, a letter first"
        ),
        values.not_one_of(reserved_words.DATABASES, 'is a word reserved by MySQL: use another, such as "sample"'),
    ] = "sample"
    user: Annotated[
        str,
        values.matching(
            r"[A-Za-z][A-Za-z0-9]{0,15}", "is not a master user name: use 1 to 16 letters and digits, a letter first"
        ),
        values.not_one_of(reserved_words.USERS, 'is reserved by RDS or MySQL: use another, such as "dbadmin"'),
    ] = "dbadmin"
    min_acu: Acu = 0
    max_acu: Annotated[Acu, values.between(1, 256, "a valid maximum of Aurora Serverless v2")] = 4
    readers: Annotated[int, values.between(0, 15, "a valid number of Aurora readers")] = 0
    backup_days: Annotated[int, values.between(1, 35, "a valid retention period of Aurora backups")] = 7
    iam_authentication: bool = False
    logs: Annotated[tuple[DatabaseLog, ...], LIST, values.unique("log")] = ()

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min_acu > self.max_acu:
            yield (
                "min_acu",
                f"{self.min_acu:g} is more than database.max_acu, which is {self.max_acu:g}: change one of them",
            )


class LoadBalancer(Model):
    """`[load_balancer]`: what is kept of its requests, and what they have to pass."""

    access_logs: bool = False
    waf_acl: Annotated[
        str | None,
        values.matching(
            r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:(regional|global)/webacl/[\w-]+/[\w-]+",
            'is not the ARN of a web ACL, such as "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/example/1a2b"',
        ),
        values.matching(r"(?!.*:global/).*", "is for CloudFront: use a web ACL of scope REGIONAL"),
    ] = None


class Account(Model):
    """`[account]`: which AWS account it is, what is set for the whole of it, and what it demands of roles.

    With an `id`, no command works with another account on AWS. `trunking` is put back by `down`. `boundary` is the
    name, with its path if it has one, or the ARN of the policy that is the permissions boundary of all roles; without
    it, it is `<project>-<env>-boundary`, if there is one.
    """

    id: (
        Annotated[str, values.matching(r"\d{12}", "is not the id of an AWS account: write its 12 digits in quotes")]
        | None
    ) = None
    trunking: bool = True
    boundary: Annotated[str, AfterValidator(values.iam_policy)] | None = None
    role_path: Annotated[
        str,
        values.matching(
            r"(?=.{1,512}$)/([\w+=,.@-]+/)*",
            'is not a path of IAM: begin and end it with a slash, such as "/team/"; use letters, digits and +=,.@_-',
        ),
        values.matching(r"(?!/aws-(service-role|reserved)/).*", "is for AWS's own roles: use another"),
    ] = "/"


RESERVED_BUCKETS = r"sthree-|amzn-s3-demo-"
"""What S3 lets no bucket's name begin with (S3 user guide, "General purpose bucket naming rules")."""


class Logs(Model):
    """`[logs]`: how long CloudWatch keeps them, in days, and the key that they are encrypted with."""

    retention_days: Annotated[int, AfterValidator(values.retention)] = 7
    kms_key: KmsKey | None = None


class StateSettings(Model):
    """`[state]`: where the state of a stack on AWS is kept. Without a bucket it is kept on this machine."""

    bucket: Annotated[
        str | None,
        values.matching(
            rf"(?!xn--|{RESERVED_BUCKETS})[a-z0-9][a-z0-9-]{{1,61}}[a-z0-9]",
            "is not a bucket name: use 3 to 63 lower-case letters, digits and hyphens",
        ),
    ] = None


class StepsSettings(Model):
    """`[steps]`: the folder of the user's own steps and resource types, beside the file."""

    dir: Annotated[
        str,
        AfterValidator(values.inside),
        values.matching(r"(?!\./*$).*", 'is the directory of this file itself: use a folder in it, such as "steps"'),
    ] = "steps"
