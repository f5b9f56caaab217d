"""The certificate lists of HTTPS listeners: a client's name (SNI) chooses among them and the default certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.aws.client import Aws
from provisioner.aws.errors import IgnoreNotFound
from provisioner.aws.permissions import Use, grants
from provisioner.engine.resource import Observed, Resource
from provisioner.resources.elbv2.api import API
from provisioner.resources.elbv2.listeners import Listener

_WHY = "several certificates"


@dataclass(frozen=True)
class ListenerCertificate(Resource):
    """A certificate in the list of an HTTPS listener. The certificate itself may be anybody's, and stays as it is."""

    listener_arn: str
    certificate_arn: str

    type_name = "listener_certificate"
    has_tags = False
    api = API
    permissions = (
        *grants("elasticloadbalancing", "DescribeListenerCertificates", use=Use.OPTION, why=_WHY),
        *grants(
            "elasticloadbalancing",
            "AddListenerCertificates RemoveListenerCertificates",
            "listener/app/{stack}/*",
            use=Use.OPTION,
            why=_WHY,
        ),
    )
    identity = ("listener_arn", "certificate_arn")
    derived = ("id",)
    has_parent = True

    @classmethod
    def list(cls, aws: Aws, known: Sequence[Mapping[str, Any]]) -> Iterator[Observed]:
        # entries have no tags, and without a known one there is nothing to read
        if not known:
            return
        for listener in aws.live(Listener):
            if listener.attributes["protocol"] != "HTTPS":
                continue
            with IgnoreNotFound():
                shown = aws.client("elbv2").describe_listener_certificates(ListenerArn=listener.id)["Certificates"]
                for one in shown:
                    # a default certificate that is in the list is shown twice (ELBv2 API)
                    if not one["IsDefault"]:
                        yield cls._live(listener.id, one["CertificateArn"], owned=listener.owned)

    @staticmethod
    def _live(listener_arn: str, certificate_arn: str, *, owned: bool = True) -> Observed:
        attributes = {"listener_arn": listener_arn, "certificate_arn": certificate_arn}
        return Observed(f"{listener_arn}|{certificate_arn}", attributes, owned=owned)

    def create(self, aws: Aws, token: str) -> Observed:
        aws.client("elbv2").add_listener_certificates(
            ListenerArn=self.listener_arn, Certificates=[{"CertificateArn": self.certificate_arn}]
        )
        return self._live(self.listener_arn, self.certificate_arn)

    @classmethod
    def delete(cls, aws: Aws, live: Observed) -> None:
        listener_arn, _, certificate_arn = live.id.partition("|")
        aws.client("elbv2").remove_listener_certificates(
            ListenerArn=listener_arn, Certificates=[{"CertificateArn": certificate_arn}]
        )
