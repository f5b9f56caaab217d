"""Web ACLs of load balancers: at most one for each active balancer, and no deletion while in use."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.wafv2.models import WAFV2Backend, wafv2_backends

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.wafv2 import texts


def _check(waf: Any, arn: str) -> None:
    """Refuse a load balancer that does not exist or is not active yet.

    Sources: aws-load-balancer-controller#2022, terraform-provider-aws#17527.
    """
    if ":loadbalancer/app/" not in arn:
        return
    balancer = elbv2_backends[waf.account_id][waf.region_name].load_balancers.get(arn)
    if balancer is None:
        refuse(
            "WAFNonexistentItemException",
            "AWS WAF couldn\u2019t perform the operation because your resource doesn\u2019t exist.",
        )
    balancer.activate()
    if balancer.state != "active":
        refuse(
            "WAFUnavailableEntityException",
            texts.CANNOT_RETRIEVE,
        )


@wrap(WAFV2Backend, "associate_web_acl")
def associate_web_acl(original: Any, self: Any, web_acl_arn: str, resource_arn: str) -> None:
    """AssociateWebACL: replace the former association; moto would keep both."""
    _check(self, resource_arn)
    if web_acl_arn in self.wacls:
        self.disassociate_web_acl(resource_arn)
    original(self, web_acl_arn, resource_arn)


@wrap(WAFV2Backend, "get_web_acl_for_resource")
def get_web_acl_for_resource(original: Any, self: Any, resource_arn: str) -> Any:
    """GetWebACLForResource: refuse an unknown load balancer."""
    if ":loadbalancer/app/" in resource_arn:
        balancers = elbv2_backends[self.account_id][self.region_name].load_balancers
        if resource_arn not in balancers:
            _check(self, resource_arn)
    return original(self, resource_arn)


@wrap(WAFV2Backend, "delete_web_acl")
def delete_web_acl(original: Any, self: Any, name: str, scope: str, _id: str, lock_token: str) -> None:
    """DeleteWebACL: refuse while a resource uses the ACL (API reference, Errors)."""
    if any(acl.name == name and acl.id == _id and acl.associated_resources for acl in self.wacls.values()):
        refuse(
            "WAFAssociatedItemException",
            "AWS WAF couldn\u2019t perform the operation because your resource is being used by another resource or "
            "it\u2019s associated with another resource.",
        )
    original(self, name, scope, _id, lock_token)


@wrap(ELBv2Backend, "delete_load_balancer")
def delete_load_balancer(original: Any, self: Any, arn: str) -> None:
    """DeleteLoadBalancer: remove its association too."""
    original(self, arn)
    if arn not in self.load_balancers:
        wafv2_backends[self.account_id][self.region_name].disassociate_web_acl(arn)
