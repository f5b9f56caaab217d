"""Record the output of `provision policy` for a few configurations, to be compared with its output now.

`python -m tests.unit.permissions.printed_policies` rewrites it. A commit that changes it says so, and why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from provisioner.aws.permissions import Part
from provisioner.config.models import Config
from provisioner.permissions.printed import printed

RECORDED = Path(__file__).with_name("printed_policies.json")
KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACL = "arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/example/1234abcd-12ab-34cd-56ef-1234567890ab"
ECR = "{}.dkr.ecr.{}.amazonaws.com/web:1"
LISTENER = (
    "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
WEB = {"image": ECR.format("1" * 12, "ap-northeast-1"), "port": 80, "public": True}
PROVIDER = {
    "issuer": "https://login.example.org",
    "authorization_endpoint": "https://login.example.org/authorize",
    "token_endpoint": "https://login.example.org/token",
    "user_info_endpoint": "https://login.example.org/userinfo",
    "client_id": "shop",
}
OPTIONS: Mapping[str, Any] = {
    "project": "shop",
    "env": "live",
    "kms_key": KEY,
    "logs": {"kms_key": "alias/logs"},
    "network": {"flow_logs": True, "egress": "nat-per-zone"},
    "database": {"readers": 2, "iam_authentication": True, "logs": ["error"], "from_snapshot": "latest"},
    "load_balancer": {"access_logs": True, "waf_acl": ACL},
    "capacity": {"spot": True},
    "account": {
        "role_path": "/apps/",
        "boundary": "arn:aws:iam::123456789012:policy/most",
        "trunking": False,
        "bulk_roles": True,
    },
    "state": {"bucket": "states"},
}
CONFIGURATIONS: Mapping[str, Any] = {
    "one service": {"services": {"web": WEB}},
    "no domain": {"dns": {}, "services": {"web": WEB}},
    "built and copied": {
        "services": {
            "web": {"build": "web", "port": 80, "launch": "ec2", "database": True},
            "other": {"image": ECR.format("2" * 12, "us-east-1"), "port": 81},
        },
        "database": {},
    },
    "one instance of RDS": {
        "services": {"web": {**WEB, "database": True}},
        "database": {"engine": "postgresql", "iam_authentication": True, "from_snapshot": "latest"},
    },
    "hosts": {
        "dns": {"domain": "example.com"},
        "services": {"web": {**WEB, "hosts": ["www", "@"]}, "any": {**WEB, "hosts": ["*"]}},
    },
    "certificates": {
        "dns": {
            "domain": "example.com",
            "certificate": [f"arn:aws:acm:ap-northeast-1:123456789012:certificate/{one}" for one in ("a", "b")],
        },
        "services": {"web": WEB},
    },
    "listener of others": {
        "network": {"vpc": "vpc-0a1b2c3d4e5f67890"},
        "load_balancer": {"listener": LISTENER},
        "services": {"web": {**WEB, "deployment": "canary"}},
    },
    "task protection": {"services": {"web": {**WEB, "task_protection": True}}},
    "buckets": {
        "buckets": {"uploads": {}},
        "kms_key": "alias/main",
        "services": {"web": {**WEB, "buckets": ["uploads"]}},
    },
    "queues": {
        "queues": {"work": {}},
        "topics": {"orders": {"queues": ["work"]}},
        "kms_key": "alias/main",
        "services": {"web": {**WEB, "queues": ["work"], "topics": ["orders"]}},
    },
    "volumes": {
        "volumes": {"media": {}},
        "kms_key": "alias/main",
        "services": {"web": {**WEB, "volumes": {"media": "/srv/media"}}},
    },
    "redis": {
        "redis": {"from_snapshot": "latest"},
        "kms_key": "alias/main",
        "services": {"web": {**WEB, "redis": True}},
    },
    "flow logs": {"network": {"flow_logs": True}, "services": {"web": WEB}},
    "exported logs, key by alias": {
        "database": {"logs": ["error"]},
        "kms_key": "alias/main",
        "services": {"web": {**WEB, "database": True}},
    },
    "postgresql": {
        "database": {"engine": "aurora-postgresql", "logs": ["postgresql"]},
        "services": {"web": {**WEB, "database": True}},
    },
    "database of others": {
        "network": {"vpc": "vpc-0a1b2c3d4e5f67890"},
        "database": {
            "cluster": "shared",
            "security_group": "sg-0a1b2c3d4e5f67890",
            "user": "app",
            "password": "secretsmanager:shared/app#password",
        },
        "services": {"web": {**WEB, "database": True}},
    },
    "sign-ins": {
        "services": {name: {**WEB, "path": f"/{name}/*", "sign_in": name} for name in ("own", "parameter", "secret")},
        "sign_in": {
            "own": {**PROVIDER, "client_secret": "COMPANY"},
            "parameter": {**PROVIDER, "client_secret": "ssm:/shared/company"},
            "secret": {**PROVIDER, "client_secret": "secretsmanager:company#secret"},
        },
    },
    "every option": {**OPTIONS, "services": {"web": {**WEB, "launch": "ec2", "database": True}}},
}
FORMS: Mapping[str, Any] = {
    "main": {},
    "read-only": {"read_only": True},
    "boundary": {"boundary": True},
    "import": {"parts": {Part.IMPORT}},
    "run": {"parts": {Part.RUN}},
    "shell": {"parts": {Part.SHELL}},
    "doctor": {"parts": {Part.DOCTOR}},
}


def rows(documents: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Yield the permissions of policies: an action on a resource under conditions, from any statement."""
    for document in documents.values():
        for statement in document["Statement"]:
            action, resource = (
                [it] if isinstance(it, str) else it for it in (statement["Action"], statement["Resource"])
            )
            conditions = json.dumps(statement.get("Condition", {}), sort_keys=True)
            yield from ((a, r, conditions) for a, r in product(action, resource))


def now() -> dict[str, dict[str, str]]:
    """Return the present output, by configuration and form: actions by resource and conditions."""
    found = {}
    for (name, settings), (form, options) in product(CONFIGURATIONS.items(), FORMS.items()):
        if options and name != "every option":
            continue
        config = Config.model_validate({"dns": {"domain": "example.com"}, **settings})
        together: dict[str, list[str]] = {}
        for action, resource, conditions in sorted(set(rows(printed(config, account="1" * 12, **options)))):
            together.setdefault(f"{resource} {conditions}".removesuffix(" {}"), []).append(action)
        found[f"{name}: {form}"] = {where: " ".join(actions) for where, actions in together.items()}
    return found


def main() -> None:
    """Write the present output."""
    RECORDED.write_text(json.dumps(now(), indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
