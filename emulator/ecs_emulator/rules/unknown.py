"""Lists that are asked for a name that nothing has: refused, where moto answers that there is nothing."""

from __future__ import annotations

from typing import Any

from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response

from ecs_emulator.patch import refuse, wrap


@wrap(ELBV2Response, "describe_ssl_policies")
def describe_ssl_policies(original: Any, self: Any) -> Any:
    """DescribeSSLPolicies: SSLPolicyNotFound (API reference, Errors)."""
    answer = original(self)
    found = {policy["Name"] for policy in answer.result["SslPolicies"]}
    if missing := [name for name in self._get_param("Names", []) if name not in found]:
        refuse("SSLPolicyNotFound", f"SSL policy '{missing[0]}' not found")
    return answer


def _prefix_lists(operation: str, code: str) -> None:
    @wrap(EC2Response, operation)
    def describe(original: Any, self: Any) -> Any:
        """The prefix lists of these ids; the code is spelt in two ways (terraform-provider-aws, ec2/errors.go)."""
        known = self.ec2_backend.managed_prefix_lists
        if missing := [one for one in self._get_param("PrefixListIds", []) if one not in known]:
            refuse(code, f"The prefix list ID '{missing[0]}' does not exist")
        return original(self)


_prefix_lists("describe_managed_prefix_lists", "InvalidPrefixListID.NotFound")
_prefix_lists("describe_prefix_lists", "InvalidPrefixListId.NotFound")
