"""Members of answers as AWS sends them, and unknown TLS policies.

Recorded answers of AWS show each of these: `tests/contract` compares all answers of the cloud with the records.
"""

from __future__ import annotations

from typing import Any

from moto.elbv2.responses import ELBV2Response

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.sent_members import change_members
from ecs_emulator.services.elbv2 import texts

# DescribeListeners: only TLS listeners, of network load balancers, have an ALPN policy
change_members(
    ELBV2Response,
    {
        "Listeners.Listener.AlpnPolicy": lambda policy: policy or None,
        "AvailabilityZones.AvailabilityZone.LoadBalancerAddresses": lambda addresses: addresses or [],
    },
)


_POLICY_TYPES = ["network", "application"]
"""The types of load balancers that take TLS policies: those with listeners for HTTPS or TLS (API reference, SslPolicy,
and AWS CLI's example)."""


@wrap(ELBV2Response, "describe_ssl_policies")
def describe_ssl_policies(original: Any, self: Any) -> Any:
    """DescribeSSLPolicies: name the types of each policy, list the policies of a type, and refuse unknown names.

    Source: API reference, DescribeSSLPolicies (LoadBalancerType; Errors, SSLPolicyNotFound).
    """
    answer = original(self)
    policies = answer.result["SslPolicies"]
    for policy in policies:
        policy["SupportedLoadBalancerTypes"] = _POLICY_TYPES
    found = {policy["Name"] for policy in policies}
    if missing := [name for name in self._get_param("Names", []) if name not in found]:
        refuse("SSLPolicyNotFound", texts.NO_SSL_POLICY.format(missing[0]))
    if self._get_param("LoadBalancerType") not in (None, *_POLICY_TYPES):
        answer.result["SslPolicies"] = []
    return answer
