"""The models of the smaller tables of `stack.toml`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from provisioner.config import tags
from provisioner.config import validators as values
from provisioner.config.base import LIST, Model, Problem
from provisioner.config.database_engines import DEFAULT, ENGINES, SIGN_INS, DatabaseEngine, EngineName
from provisioner.config.loader import shown
from provisioner.config.used_database import UsedDatabase, own_names

HOST = "app"
"""The host name of the file's own environment. Another environment's host name is `app-ENV`."""

DatabaseLog = Literal["audit", "error", "general", "iam-db-auth-error", "postgresql", "slowquery", "upgrade"]
Domain = Annotated[str, AfterValidator(values.domain(2))]
PrivateDomain = Annotated[str, AfterValidator(values.domain(1))]
Acu = Annotated[float, AfterValidator(values.acu)]
KmsKey = Annotated[str, AfterValidator(values.kms_key)]

Certificate = Annotated[
    str,
    values.matching(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+",
        'is not the ARN of a certificate of ACM, such as "arn:aws:acm:eu-west-1:123456789012:certificate/1a2b"',
    ),
]
MOST_CERTIFICATES = 26
"""The default certificate of a listener, and 25 further ones (quotas of Application Load Balancers)."""

AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
"""The domains of AWS's endpoints (general reference, "AWS service endpoints"; VPC user guide, dual-stack endpoints)."""


def _several(given: Any) -> Any:
    """Return one text as a list of one."""
    return (given,) if isinstance(given, str) else given


def _hides(zone: str, domain: str) -> bool:
    """Return whether a private zone takes names of a domain: as a part of it, or as a whole that it is a part of."""
    return f".{zone}".endswith(f".{domain}") or f".{domain}".endswith(f".{zone}")


class Dns(Model):
    """`[dns]`: the public name, and the two private zones."""

    domain: Domain | None = None
    """The public hosted zone; on AWS a domain of yours. Without it public services answer by HTTP under the load
    balancer's own name. `{project}` and `{env}` stand for these."""
    host: Annotated[
        str,
        # the words are filled in before this check: an editor checks the text with them
        values.matching(
            rf"{values.LABEL}|[a-z0-9-]*(\{{(project|env)\}}[a-z0-9-]*)+", 'is not a single DNS label, such as "app"'
        ),
    ] = HOST
    """The label before the domain: the address is `https://HOST.DOMAIN`. Another environment has `HOST-ENV`.
    `{project}` and `{env}` stand for these."""
    create_zone: bool = False
    """Create the public hosted zone if there is none."""
    certificate: Annotated[
        tuple[Certificate, ...],
        LIST,
        BeforeValidator(_several, json_schema_input_type=str | tuple[Certificate, ...]),
        values.unique("certificate"),
    ] = ()
    """An existing ACM certificate for all public names, by its ARN, or a list of them; without it the stack requests
    its own."""
    private_domain: PrivateDomain = "db.internal"
    """The private hosted zone with a name for the database. In `network.vpc` the default is `db.STACK.internal`."""
    discovery_domain: PrivateDomain = "svc.internal"
    """The Cloud Map namespace in which services find each other. In `network.vpc` the default is
    `svc.STACK.internal`."""

    def problems(self) -> Iterator[Problem]:
        """Yield keys without effect, zones that would share a name, and a name too long for a certificate."""
        for key in ("host", "create_zone", "certificate") if self.domain is None else ():
            if key in self.model_fields_set and getattr(self, key) not in (False, ()):
                yield key, f"has no effect without dns.domain: add that, or remove {key}"
        if (number := len(self.certificate)) > MOST_CERTIFICATES:
            yield "certificate", f"has {number}, and a load balancer shows {MOST_CERTIFICATES}: use fewer"
        if self.discovery_domain == self.private_domain:
            reason = "Route 53 refuses a private zone with the name of a Cloud Map namespace"
            yield (
                "discovery_domain",
                f'"{self.discovery_domain}" is dns.private_domain too, and {reason}: use two names',
            )
        for key in ("private_domain", "discovery_domain"):
            if getattr(self, key) == self.domain:
                yield key, f'"{self.domain}" is dns.domain too, which it would hide inside the VPC: use another name'
            zone = getattr(self, key)
            if hidden := next((one for one in AWS_DOMAINS if _hides(zone, one)), ""):
                yield key, f'"{zone}" would hide AWS\'s endpoints in {hidden} inside the VPC: use another name'
        if self.domain and not self.certificate and len(fqdn := f"{self.host}.{self.domain}") > 64:
            yield (
                "host",
                f"{fqdn} has {len(fqdn)} characters, and a certificate's name has at most 64: use a shorter one",
            )


class Capacity(Model):
    """`[capacity]`: the Auto Scaling group of instances for services with `launch = "ec2"`."""

    instance_types: Annotated[
        tuple[Annotated[str, AfterValidator(values.instance_type)], ...],
        LIST,
        values.not_empty('use at least one, such as ["c5.large"]'),
        values.unique("instance type"),
    ] = ("c5.large", "c5a.large")
    """The instance types that AWS may choose from."""
    spot: bool = True
    """Use Spot instances; `false` for On-Demand. By default `false` if `env` is `prod`."""
    min: Annotated[int, values.at_least(0, "there cannot be fewer than 0 instances")] = 0
    """The fewest instances."""
    max: Annotated[int, values.at_least(1, "no task could be placed")] = 5
    """The most instances; their number follows the tasks."""

    def problems(self) -> Iterator[Problem]:
        """Yield a minimum above the maximum."""
        if self.min > self.max:
            yield "min", f"{self.min} is more than capacity.max, which is {self.max}: change one of them"


OF_AURORA = {
    "min_acu": ", and set the size by instance",
    "max_acu": ", and set the size by instance",
    "readers": "; standby = true is the instance that takes over",
}
"""The keys that only engines of Aurora have, each with the key to use instead."""
OF_INSTANCES = {
    "instance": ", and set the size by min_acu and max_acu",
    "storage": ": a disk of Aurora grows by itself",
    "standby": "; readers = 1 is the instance that takes over",
}
"""The keys that only engines with one instance have, each with the key to use instead."""


class Database(UsedDatabase):
    """`[database]`: an Aurora Serverless v2 cluster, or one instance of RDS; or a database of somebody else."""

    engine: EngineName = DEFAULT
    """The database engine, which stays as it is once the database exists."""
    name: Annotated[
        str,
        values.matching(
            r"[A-Za-z_][A-Za-z0-9_$-]{0,63}", "is not a database name: use 1 to 64 letters and digits, a letter first"
        ),
    ] = "sample"
    """The database that is created with the server. With `cluster` or `instance_id` it exists, and by default has the
    name that RDS tells."""
    user: Annotated[
        str,
        values.matching(
            r"[A-Za-z_][A-Za-z0-9_$-]{0,62}",
            "is not a master user name: use 1 to 16 letters and digits, a letter first",
        ),
    ] = "dbadmin"
    """The master user; `up` generates its password, and Parameter Store keeps it. With `cluster` or `instance_id` a
    user that exists."""
    min_acu: Acu = 0
    """The least capacity in ACUs of about 2 GiB of memory; at 0 the database pauses without connections."""
    max_acu: Annotated[Acu, values.between(1, 256, "a valid maximum of Aurora Serverless v2")] = 4
    """The most capacity in ACUs."""
    readers: Annotated[int, values.between(0, 15, "a valid number of Aurora readers")] = 0
    """Instances of Aurora in other zones; one takes over if the writer fails."""
    instance: Annotated[
        str,
        values.matching(
            r"db\.[a-z][a-z0-9-]*\.[a-z0-9-]+", 'is not a class of RDS, such as "db.t4g.micro" or "db.m7g.large"'
        ),
    ] = "db.t4g.micro"
    """The class of the instance, for `mysql` and `postgresql`."""
    storage: Annotated[int, values.between(20, 65536, "a valid size of a gp3 disk in GB")] = 20
    """The GB of its disk, for `mysql` and `postgresql`: it grows, and never shrinks."""
    standby: bool = False
    """A second instance in another zone takes over if the first fails (Multi-AZ), for `mysql` and `postgresql`."""
    backup_days: Annotated[int, values.between(1, 35, "a valid retention period of database backups")] = 7
    """Days that automated backups are kept."""
    iam_authentication: bool = False
    """Services sign in with IAM instead of a password."""
    logs: Annotated[tuple[DatabaseLog, ...], LIST, values.unique("log")] = ()
    """The logs to export to CloudWatch Logs."""
    from_snapshot: (
        Annotated[
            str,
            values.matching(
                r"latest|[A-Za-z](-?[A-Za-z0-9])*|rds:[a-z0-9-]+|arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:[a-z0-9:-]+",
                'is not the name or the ARN of a database snapshot, or "latest"',
            ),
        ]
        | None
    ) = None
    """The snapshot that a new database is made of, by name or ARN; `latest`: the newest final one of this stack."""
    url_scheme: (
        Annotated[
            str,
            values.matching(
                r"[a-z][a-z0-9+.-]{0,31}", 'is not the scheme of a URL, such as "mysql2" or "mysql+pymysql"'
            ),
        ]
        | None
    ) = None
    """The scheme of `DATABASE_URL`, by default `mysql` or `postgresql`: the driver that reads it may want its own, such
    as `mysql2` for Rails."""
    url_query: (
        Annotated[
            str,
            values.matching(
                r"[A-Za-z0-9_.~%&=+,:/{}\"-]{0,256}", 'is not the query of a URL, such as "charset=utf8mb4&timeout=10"'
            ),
        ]
        | None
    ) = None
    """The options at the end of `DATABASE_URL`, without the `?`, such as `charset=utf8mb4`; by default none for MySQL,
    and `sslmode=require` for PostgreSQL."""

    @property
    def kind(self) -> DatabaseEngine:
        """Return the properties of its engine."""
        return ENGINES[self.engine]

    @property
    def pauses(self) -> bool:
        """Return whether it pauses by itself when nobody uses it, as only Aurora does, at 0 ACU."""
        return self.kind.aurora and self.min_acu == 0

    @property
    def scheme(self) -> str:
        """Return the scheme of its URL."""
        return self.url_scheme or self.kind.scheme

    @property
    def query(self) -> str:
        """Return the options at the end of its URL; empty if there are none."""
        return self.kind.query if self.url_query is None else self.url_query

    def problems(self) -> Iterator[Problem]:
        """Yield names and logs that the engine does not have, and a minimum above the maximum."""
        yield from self.misused()
        if self.used:
            return
        engine, product = self.kind, self.kind.product
        yield from self._of_other_engines()
        yield from own_names(self.name, self.user)
        if self.name.lower() in engine.reserved_databases:
            yield "name", f'{shown(self.name)} is a word reserved by {product}: use another, such as "sample"'
        if len(self.name) > engine.longest_database:
            yield "name", f"{self.name} is too long for {product}, which allows {engine.longest_database} characters"
        if self.user.lower() in engine.reserved_users:
            reserved = f"is reserved by RDS or {product}"
            yield "user", f'{shown(self.user)} {reserved}: use another, such as "dbadmin"'
        if wrong := [shown(log) for log in self.logs if log not in engine.logs]:
            there = " or ".join(map(shown, engine.logs))
            yield "logs", f"{engine.title} has no log {' or '.join(wrong)}: use {there}"
        if SIGN_INS in self.logs and not self.iam_authentication:
            yield "logs", f"the log {SIGN_INS} needs iam_authentication = true: write both, or neither"
        if self.min_acu > self.max_acu:
            yield (
                "min_acu",
                f"{self.min_acu:g} is more than database.max_acu, which is {self.max_acu:g}: change one of them",
            )

    def _of_other_engines(self) -> Iterator[Problem]:
        """Yield the keys that only the other engines have."""
        engine = self.kind
        for key, instead in (OF_INSTANCES if engine.aurora else OF_AURORA).items():
            if key in self.model_fields_set:
                others = " and ".join(shown(one.key) for one in ENGINES.values() if one.aurora is not engine.aurora)
                yield key, f"only {others} have it, and engine is {shown(engine.key)}: remove it{instead}"


Listener = Annotated[
    str,
    values.matching(
        r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[\w-]+/[0-9a-f]+/[0-9a-f]+",
        "is not the ARN of a listener of an Application Load Balancer, such as "
        '"arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"',
    ),
]

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3 and 1.2 with forward secrecy, and post-quantum key exchange for clients that support it.

It is the default of AWS's console (Application Load Balancer user guide, "Security policies").
"""


class LoadBalancer(Model):
    """`[load_balancer]`: an existing listener; or HTTP in clear, idle timeout, TLS policy, log of requests, web ACL."""

    listener: Listener | None = None
    """The ARN of an existing listener in `network.vpc`: the stack makes its target groups and rules there, and no load
    balancer, listener or certificate of its own."""
    http: bool = False
    """Answer by HTTP, in clear, beside HTTPS, instead of redirecting to it. Without `dns.domain` there is only HTTP,
    and `true` is needed to open it to everybody."""
    idle_timeout: Annotated[int, values.between(1, 4000, "an idle timeout in seconds")] = 60
    """Seconds after which the load balancer closes a connection on which nothing is sent."""
    tls_policy: Annotated[
        str,
        values.matching(
            r"ELBSecurityPolicy-[A-Za-z0-9-]{1,80}",
            'is not the name of a security policy, such as "ELBSecurityPolicy-TLS13-1-2-2021-06"',
        ),
    ] = TLS_POLICY
    """The security policy of HTTPS: the versions of TLS and the ciphers that clients may use."""
    access_logs: bool = False
    """Keep a log of each request in an S3 bucket of the stack. The bucket stays when this is turned off."""
    waf_acl: Annotated[
        str | None,
        values.matching(
            r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:(regional|global)/webacl/[\w-]+/[\w-]+",
            'is not the ARN of a web ACL, such as "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/example/1a2b"',
        ),
        values.matching(r"(?!.*:global/).*", "is for CloudFront: use a web ACL of scope REGIONAL"),
    ] = None
    """The ARN of a web ACL of scope REGIONAL that filters all requests."""

    def problems(self) -> Iterator[Problem]:
        """Yield settings of the load balancer beside an existing listener, whose owner has them."""
        for key in sorted(self.model_fields_set - {"listener"}) if self.listener else ():
            yield (
                key,
                f"is a setting of the load balancer, which load_balancer.listener leaves to its owner: remove {key}",
            )


class CloudFront(Model):
    """`[cloudfront]`: HTTPS under a name of CloudFront's, in front of an internal load balancer."""

    cache: bool = False
    """Let CloudFront keep answers for as long as their `Cache-Control` says. By default it keeps none."""
    read_timeout: Annotated[int, values.between(1, 120, "a read timeout in seconds")] = 30
    """Seconds for which CloudFront waits for an answer of the load balancer, and between two parts of one."""
    waf_acl: Annotated[
        str | None,
        values.matching(
            r"arn:aws:wafv2:(us-east-1:\d{12}:global|[a-z0-9-]+:\d{12}:regional)/webacl/[\w-]+/[\w-]+",
            'is not the ARN of a web ACL, such as "arn:aws:wafv2:us-east-1:123456789012:global/webacl/example/1a2b"',
        ),
        values.matching(r"(?!.*:regional/).*", "is for load balancers: use a web ACL of scope CLOUDFRONT"),
    ] = None
    """The ARN of a web ACL of scope CLOUDFRONT that filters all requests."""


class Account(Model):
    """`[account]`: the AWS account, its ENI trunking, and its rules for roles."""

    id: (
        Annotated[str, values.matching(r"\d{12}", "is not the id of an AWS account: write its 12 digits in quotes")]
        | None
    ) = None
    """The account's 12 digits; commands refuse credentials of any other account."""
    trunking: bool = True
    """Allow more tasks on an instance (`awsvpcTrunking`), a setting of the whole account; `down` puts it back."""
    boundary: Annotated[str, AfterValidator(values.iam_policy)] | None = None
    """The permissions boundary of all roles: a policy's name, with its path if it has one, or its ARN. By default
    `PROJECT-ENV-boundary`, if that policy exists."""
    role_path: Annotated[
        str,
        values.matching(
            r"(?=.{1,512}$)/(([\w+=,.@-]|\{project\}|\{env\})+/)*",
            'is not a path of IAM: begin and end it with a slash, such as "/{project}/{env}/"; use letters, digits, '
            "+=,.@_- and the words {project} and {env}",
        ),
        values.matching(r"(?!/aws-(service-role|reserved)/).*", "is for AWS's own roles: use another"),
    ] = "/"
    """The IAM path of the roles; `{project}` and `{env}` stand for these. For new stacks only; `init` writes
    `"/{project}/{env}/"`, by which no policy of another stack fits the roles."""
    bulk_roles: bool = False
    """Read all roles of the account by one call instead of four a role. That call shows every policy of the account to
    whoever may `plan`, so that the printed policies have it only with this key."""


RESERVED_BUCKETS = r"sthree-|amzn-s3-demo-"
"""Prefixes that S3 refuses in bucket names (S3 user guide, "General purpose bucket naming rules")."""


class Logs(Model):
    """`[logs]`: the days that CloudWatch keeps the logs, the KMS key that encrypts them, and Container Insights."""

    retention_days: Annotated[int, AfterValidator(values.retention)] = 7
    """Days that CloudWatch keeps the logs."""
    kms_key: KmsKey | None = None
    """A KMS key for the logs alone."""
    insights: bool = True
    """Watch the cluster by Container Insights, which is charged for as 11 metrics and 21 for each service; `init`
    writes `false`."""


class StateSettings(Model):
    """`[state]`: the place of the state of a stack on AWS: an S3 bucket, or without it this machine."""

    bucket: Annotated[
        str | None,
        values.matching(
            rf"(?!xn--|{RESERVED_BUCKETS})[a-z0-9][a-z0-9-]{{1,61}}[a-z0-9]",
            "is not a bucket name: use 3 to 63 lower-case letters, digits and hyphens",
        ),
    ] = None
    """The S3 bucket for the state of stacks on AWS, for teams."""


class Cost(Model):
    """`[cost]`: the budget of the stack, in US dollars a month, by list prices."""

    budget: Annotated[float, values.between(1, 10_000_000, "a budget in US dollars a month, such as 400")] | None = None
    """US dollars a month that the declared stack may cost, by list prices; `plan` and `up` refuse a higher cost."""


class StepsSettings(Model):
    """`[steps]`: the folder of the user's own steps and resource types, beside the file."""

    dir: Annotated[
        str,
        AfterValidator(values.inside),
        values.matching(r"(?!\./*$).*", 'is the directory of this file itself: use a folder in it, such as "steps"'),
    ] = "steps"
    """The folder of your steps and resource types, beside the file."""


Tags = Annotated[Mapping[str, str], AfterValidator(tags.check)]
"""`[tags]`: tags of all resources, by key."""
