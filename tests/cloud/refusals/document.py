"""Writes the catalogue to `build/refusals.md`, and its figures into docs/developers/cloud.md: `make refusals`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.cloud.refusals import CASES
from tests.cloud.refusals.case import Case

ROOT = Path(__file__).parents[3]
PAGE, WHOLE = ROOT / "docs" / "developers" / "cloud.md", ROOT / "build" / "refusals.md"
HEADING = "## What it refuses\n"
_DOCS = "https://docs.aws.amazon.com/"
# A service's name, and where its API reference is.
_SERVICES = {
    "ec2": ("EC2 and VPC", "AWSEC2/latest/APIReference/"),
    "elbv2": ("Elastic Load Balancing", "elasticloadbalancing/latest/APIReference/"),
    "acm": ("Certificate Manager", "acm/latest/APIReference/"),
    "route53": ("Route 53", "Route53/latest/APIReference/"),
    "servicediscovery": ("Cloud Map", "cloud-map/latest/api/"),
    "iam": ("IAM", "IAM/latest/APIReference/"),
    "ecs": ("ECS", "AmazonECS/latest/APIReference/"),
    "autoscaling": ("EC2 Auto Scaling", "autoscaling/ec2/APIReference/"),
    "application-autoscaling": ("Application Auto Scaling", "autoscaling/application/APIReference/"),
    "rds": ("RDS", "AmazonRDS/latest/APIReference/"),
    "elasticache": ("ElastiCache", "AmazonElastiCache/latest/APIReference/"),
    "s3": ("S3", "AmazonS3/latest/API/"),
    "efs": ("EFS", "efs/latest/ug/"),
    "ssm": ("Parameter Store", "systems-manager/latest/APIReference/"),
    "secretsmanager": ("Secrets Manager", "secretsmanager/latest/apireference/"),
    "ecr": ("ECR", "AmazonECR/latest/APIReference/"),
    "logs": ("CloudWatch Logs", "AmazonCloudWatchLogs/latest/APIReference/"),
    "cloudfront": ("CloudFront", "cloudfront/latest/APIReference/"),
    "cloudwatch": ("CloudWatch", "AmazonCloudWatch/latest/APIReference/"),
    "sqs": ("SQS", "AWSSimpleQueueService/latest/APIReference/"),
    "sns": ("SNS", "sns/latest/api/"),
    "events": ("EventBridge", "eventbridge/latest/APIReference/"),
    "cloudcontrol": ("Cloud Control", "cloudcontrolapi/latest/APIReference/"),
    "stepfunctions": ("Step Functions", "step-functions/latest/apireference/"),
    "scheduler": ("EventBridge Scheduler", "scheduler/latest/APIReference/"),
    "wafv2": ("WAF", "waf/latest/APIReference/"),
    "resourcegroupstaggingapi": ("Resource Groups Tagging API", "resourcegroupstagging/latest/APIReference/"),
}
_ISSUE = re.compile(r"https://github\.com/[^/]+/([^/]+)/(?:issues|pull)/(\d+)")


def kind(case: Case) -> str:
    """Return the sort of a case's source."""
    if case.source.startswith(_DOCS):
        return "AWS's guides and lists of codes"
    if case.source.startswith("https://github.com/"):
        return "reported on AWS"
    return "API reference, Errors" if case.source.endswith("Errors") else "API reference, descriptions"


def by_source(cases: Iterable[Case]) -> str:
    """Count the cases by sort of source, in words."""
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(map(kind, cases)).items()))


def section() -> str:
    """Return the documentation's section: the number of cases, and the cases that are not refused."""
    missing = [case for case in CASES if case.why_not]
    refused = len(CASES) - len(missing)
    lines = [
        HEADING,
        f"It returns AWS's error code for {refused} of {len(CASES)} cases. Sources: {by_source(CASES)}.",
        "",
        "The cases are data in `tests/cloud/refusals`, each with its call; `make test-cloud` makes all these calls.",
        "`make refusals` writes them to `build/refusals.md`, each with AWS's code and where that is known from.",
        "",
        "| API | cases |",
        "|---|---|",
    ]
    lines += [f"| {_SERVICES[service][0]} | {count} |" for service, count in Counter(c.service for c in CASES).items()]
    lines += ["", "### Not refused", "| operation | | code on AWS | why |", "|---|---|---|---|"]
    lines += [f"| {case.operation} | {case.when} | `{case.code}` | {case.why_not} |" for case in missing]
    return "\n".join(lines) + "\n"


def catalogue() -> str:
    """All cases: a table a service, and the sources."""
    lines = [
        "# What the embedded cloud refuses",
        "",
        '"API reference" is that of the service: the page of the operation, its list of errors, or the parameter.',
        "",
    ]
    for service in dict.fromkeys(case.service for case in CASES):
        name, place = _SERVICES[service]
        lines += [f"## {name}", f"API reference: {_DOCS}{place}, the page `API_<operation>.html`.", ""]
        lines += ["| operation | | code | source |", "|---|---|---|---|"]
        lines += [_row(case) for case in CASES if case.service == service]
        lines.append("")
    pages = sorted({(_label(case.source), case.source) for case in CASES if case.source.startswith("https://")})
    return "\n".join([*lines, *(f"[{label}]: {address}" for label, address in pages)]) + "\n"


def _row(case: Case) -> str:
    code = f"({case.code})" if case.why_not else f"`{case.code}`"
    source = f"[{_label(case.source)}]" if case.source.startswith("https://") else case.source
    return f"| {case.operation} | {case.when} | {code} | {source} |"


def _label(address: str) -> str:
    """A page's name, by which a link refers to it."""
    if found := _ISSUE.fullmatch(address):
        return f"{found[1]}#{found[2]}"
    return address.rpartition("/")[2].removesuffix(".html")


def page(text: str) -> str:
    """The page with the section of this moment in the place of the former one, which is its last."""
    return text.partition(HEADING)[0] + section()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    WHOLE.parent.mkdir(exist_ok=True)
    WHOLE.write_text(catalogue())
