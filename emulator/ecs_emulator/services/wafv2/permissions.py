"""Permissions of WAF for web ACLs of load balancers, including Elastic Load Balancing's.

See the Service Authorization Reference, and the WAF developer guide ("How AWS WAF works with IAM") for the actions of
Elastic Load Balancing, which AWS checks on the load balancer, as the managed policy
AmazonECSInfrastructureRoleForGatewayHostSharedALB shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.wafv2.models import wafv2_backends

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check

_BALANCING: Mapping[str, tuple[str, ...]] = {
    "AssociateWebACL": ("CreateWebACLAssociation", "SetWebAcl"),
    "DisassociateWebACL": ("DeleteWebACLAssociation", "SetWebAcl"),
    "GetWebACLForResource": ("GetLoadBalancerWebACL",),
}
"""Further actions of Elastic Load Balancing that an operation needs."""


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to WAF."""
    operation, resource = call.operation, call.text("ResourceArn")
    if operation == "GetWebACL":
        scope = "global" if call.text("Scope") == "CLOUDFRONT" else "regional"
        yield call.check(call.arn(f"{scope}/webacl/{call.text('Name')}/{call.text('Id')}"))
        return
    if operation not in _BALANCING:
        yield call.check()
        return
    acls = {"AssociateWebACL": call.text("WebACLArn"), "GetWebACLForResource": _acl_of(call, resource)}
    if acl := acls.get(operation):
        yield call.check(acl)
        if operation == "GetWebACLForResource":
            yield call.check(acl, action="wafv2:GetWebACL")
    yield call.existing(resource)
    for action in _BALANCING[operation]:
        yield call.existing(resource, action=f"elasticloadbalancing:{action}")


def _acl_of(call: ApiCall, resource: str) -> str:
    """Return the ARN of a resource's web ACL, or the pattern of all ACLs if it has none."""
    known = wafv2_backends[call.account][call.region].wacls.values()
    return next((acl.arn for acl in known if resource in acl.associated_resources), call.arn("regional/webacl/*/*"))
