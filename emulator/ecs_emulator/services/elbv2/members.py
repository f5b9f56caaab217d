"""Members as AWS sends them, and TLS policies that are not there.

Each was seen in recorded answers of AWS: `tests/contract` holds the whole cloud's answers against those.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.responses import ELBV2Response

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.sent_members import change_members
from ecs_emulator.services.elbv2 import texts

# DescribeListeners: the policy is of TLS listeners only, which are a network load balancer's
change_members(
    ELBV2Response,
    {
        "Listeners.Listener.AlpnPolicy": lambda policy: policy or None,
        "AvailabilityZones.AvailabilityZone.LoadBalancerAddresses": lambda addresses: addresses or [],
    },
)


@wrap(ELBV2Response, "describe_ssl_policies")
def describe_ssl_policies(original: Any, self: Any) -> Any:
    """DescribeSSLPolicies: SSLPolicyNotFound (API reference, Errors)."""
    answer = original(self)
    found = {policy["Name"] for policy in answer.result["SslPolicies"]}
    if missing := [name for name in self._get_param("Names", []) if name not in found]:
        refuse("SSLPolicyNotFound", texts.NO_SSL_POLICY.format(missing[0]))
    return answer
