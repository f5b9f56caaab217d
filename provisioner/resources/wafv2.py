"""WAF: the association of the load balancer with somebody else's web ACL, which checks its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.api import Api
from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.permissions import Use, grants
from provisioner.engine.ports import Row
from provisioner.engine.resource import Changes, Observed, Resource
from provisioner.resources.elbv2.balancer import LoadBalancer

API = Api(
    "wafv2",
    "WAF",
    transient=(
        Row("not_yet_consistent", "WAFUnavailableEntityException|WAFNonexistentItemException", "resource", 600,
            "the load balancer is not visible to WAF yet",
            "terraform-provider-aws#17527, aws-load-balancer-controller#2022"),
        Row("not_found", "WAFNonexistentItemException"),
    ),
)  # fmt: skip


_WHY = "`[load_balancer] waf_acl`"
_WAF = "https://docs.aws.amazon.com/waf/latest/developerguide/security_iam_service-with-iam.html"
_BALANCER = "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{stack}/*"


@dataclass(frozen=True)
class WebAclAssociation(Resource):
    """The association of a load balancer with its web ACL; a load balancer has at most one."""

    resource_arn: str
    web_acl_arn: str

    type_name = "web_acl_association"
    has_tags = False
    api = API
    permissions = (
        # also for a web ACL that somebody has put in the place of the declared one
        *grants("wafv2", "GetWebACL", "regional/webacl/*", use=Use.OPTION, why=_WHY),
        *grants(
            "wafv2",
            "GetWebACLForResource",
            *("regional/webacl/*", _BALANCER),
            use=Use.OPTION,
            why=_WHY,
        ),
        *grants("wafv2", "AssociateWebACL", "{acl}", _BALANCER, use=Use.OPTION, why=_WHY),
        # the reference has it on the load balancer, AWS's managed policies have it on web ACLs
        *grants(
            "wafv2",
            "DisassociateWebACL",
            *("regional/webacl/*", _BALANCER),
            use=Use.OPTION,
            why=_WHY,
        ),
        *grants(
            "elasticloadbalancing",
            "GetLoadBalancerWebACL",
            _BALANCER,
            use=Use.IMPLIED,
            why="GetWebACLForResource",
            source=_WAF,
        ),
        *grants(
            "elasticloadbalancing",
            "CreateWebACLAssociation DeleteWebACLAssociation SetWebAcl",
            _BALANCER,
            use=Use.IMPLIED,
            why="AssociateWebACL, DisassociateWebACL",
            source=_WAF,
        ),
    )
    identity = ("resource_arn",)
    derived = ("id",)
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # associations have no tags, and without a declaration there is nothing to read
        if not known:
            return
        for balancer in aws.live(LoadBalancer):
            with IgnoreNotFound():
                acl = aws.client("wafv2").get_web_acl_for_resource(ResourceArn=balancer.id).get("WebACL")
                if acl:
                    attributes = {"resource_arn": balancer.id, "web_acl_arn": acl["ARN"]}
                    yield Observed(balancer.id, attributes, owned=balancer.owned)

    def create(self, aws: Aws, token: str) -> Observed:
        self._associate(aws)
        return Observed(self.resource_arn, self.fields())

    def update(self, aws: Aws, live: Observed, changes: Changes) -> None:
        self._associate(aws)

    def _associate(self, aws: Aws) -> None:
        aws.client("wafv2").associate_web_acl(WebACLArn=self.web_acl_arn, ResourceArn=self.resource_arn)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        aws.client("wafv2").disassociate_web_acl(ResourceArn=live.id)
