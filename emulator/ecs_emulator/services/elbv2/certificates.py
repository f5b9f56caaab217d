"""The certificates of HTTPS listeners: the default one, and the list from which a client's name (SNI) chooses.

In moto's `listener.certificates` the first is the default one; the others are the list, which may contain it again
(ELBv2 API, DescribeListenerCertificates).
"""

from __future__ import annotations

from typing import Any, NoReturn

from moto.acm.models import acm_backends
from moto.elbv2.models import ELBv2Backend

from ecs_emulator import durations
from ecs_emulator.clock import later, passed
from ecs_emulator.patch import refuse, replace
from ecs_emulator.services.elbv2 import texts
from ecs_emulator.services.elbv2.lookup import resource

_MOST = 25
"""Certificates of a load balancer without the default ones (quotas of Application Load Balancers)."""


def check_certificate(elb: Any, arn: str | None) -> None:
    """Refuse a certificate of another Region or account, an unknown one, and a known one until it is usable.

    An ARN of another Region is no valid one to Elastic Load Balancing (aws-load-balancer-controller#2754).
    """
    if not arn:
        refuse("ValidationError", "A certificate must be specified for HTTPS listeners")
    if ":iam:" in arn:
        if not elb._certificate_exists(arn):
            _missing(arn)
        return
    *_, api, region, account, _ = arn.split(":", 5) if arn.count(":") >= 5 else ("", "", "", "", "")
    if api != "acm" or region != elb.region_name:
        refuse("ValidationError", texts.CERTIFICATE_NOT_VALID.format(arn))
    acm = acm_backends[elb.account_id][elb.region_name]
    if account != elb.account_id or arn not in acm._certificates:
        _missing(arn)
    bundle = acm.get_certificate(arn)
    if bundle.status != "ISSUED" or not passed(getattr(bundle, "usable_at", 0)):
        refuse("UnsupportedCertificate", texts.CERTIFICATE_NOT_FIT.format(arn))


def _missing(arn: str) -> NoReturn:
    refuse("CertificateNotFound", texts.NO_CERTIFICATE.format(arn))


def free_certificates(elb: Any, arns: list[str]) -> None:
    """Keep former certificates in use for a while: ACM learns late, and refuses DeleteCertificate until then."""
    known = acm_backends[elb.account_id][elb.region_name]._certificates
    for arn in arns:
        if arn in known:
            known[arn].free_at = later(durations.CERTIFICATE_FREE)  # type: ignore[attr-defined]


def certificate_users(elb: Any, arn: str) -> list[str]:
    """Return the ARNs of the balancers whose listeners use a certificate, as in ACM's InUseBy."""
    balancers = elb.load_balancers.values()
    return [lb.arn for lb in balancers if any(arn in listener.certificates for listener in lb.listeners.values())]


@replace(ELBv2Backend, "add_listener_certificates")
def add_listener_certificates(self: Any, arn: str, certificates: list[dict[str, Any]]) -> list[str]:
    """AddListenerCertificates: refuse unusable ones, and more than 25; one in the list already is not added again."""
    listener = resource(self, arn)
    if listener.protocol != "HTTPS":
        refuse("ValidationError", "Certificates cannot be specified for HTTP listeners")
    wanted = [certificate["CertificateArn"] for certificate in certificates]
    for certificate in wanted:
        check_certificate(self, certificate)
    new = [one for one in dict.fromkeys(wanted) if one not in listener.certificates[1:]]
    listeners = resource(self, listener.load_balancer_arn).listeners.values()
    if sum(len(one.certificates[1:]) for one in listeners) + len(new) > _MOST:
        refuse("TooManyCertificates", "You've reached the limit on the number of certificates per load balancer")
    listener.certificates = [*listener.certificates, *new]
    return wanted


@replace(ELBv2Backend, "remove_listener_certificates")
def remove_listener_certificates(self: Any, arn: str, certificates: list[dict[str, Any]]) -> None:
    """RemoveListenerCertificates: refuse the default one; a certificate outside of the list changes nothing."""
    listener = resource(self, arn)
    gone = [certificate["CertificateArn"] for certificate in certificates]
    default, *further = listener.certificates
    if default in gone and default not in further:
        refuse("OperationNotPermitted", f"Default certificate '{default}' cannot be removed from the listener")
    listener.certificates = [default, *(one for one in further if one not in gone)]
    free_certificates(self, [one for one in further if one in gone and one != default])


@replace(ELBv2Backend, "describe_listener_certificates")
def describe_listener_certificates(self: Any, arn: str) -> list[str]:
    """DescribeListenerCertificates: refuse an unknown listener; the first one is the default one."""
    return list(resource(self, arn).certificates)
