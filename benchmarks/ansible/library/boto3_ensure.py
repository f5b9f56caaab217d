"""Ansible module: create a resource that Ansible's collections do not support, and wait until it exists."""

from __future__ import annotations

import time
from typing import Any

import jmespath
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

ATTEMPTS, DELAY = 300, 1


def main() -> None:
    """Read, create if `found` finds nothing in the answer, then read until `found` does.

    Options: `service` is the client's name; `read` and `create` each map one method of it to its arguments; `found` is
    the JMESPath expression of the resource in the answer of `read`. The module returns it as `found`.
    """
    options = {
        "service": {"required": True},
        "read": {"type": "dict", "required": True},
        "found": {"required": True},
        "create": {"type": "dict", "required": True},
    }
    module = AnsibleAWSModule(argument_spec=options, supports_check_mode=True)
    client = module.client(module.params["service"])

    def call(named: dict[str, dict[str, Any]]) -> Any:
        ((method, arguments),) = named.items()
        return getattr(client, method)(**arguments)

    def find() -> Any:
        return jmespath.search(module.params["found"], call(module.params["read"]))

    found = find()
    if found or module.check_mode:
        module.exit_json(changed=not found, found=found)
    call(module.params["create"])
    for _ in range(ATTEMPTS):
        if found := find():
            module.exit_json(changed=True, found=found)
        time.sleep(DELAY)
    module.fail_json(msg=f"was made, and not found for {ATTEMPTS * DELAY} s: {module.params['create']}")


if __name__ == "__main__":
    main()
