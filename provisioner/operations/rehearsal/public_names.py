"""Find the zones and the existing certificates that the public names of a stack's copy need."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioner.config.host_names import zone_of
from provisioner.resources.acm.certificates import Certificate
from provisioner.resources.elbv2.listener_certificates import ListenerCertificate
from provisioner.resources.elbv2.listeners import Listener
from provisioner.resources.route53.records import RecordSet

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

CERTIFICATE = re.compile(r"arn:[\w-]+:acm:[\w-]+:\d+:certificate/[\w-]+")
SHOWING = (Listener.type_name, ListenerCertificate.type_name)
"""The types of the resources that show a certificate."""


def stand_in_zones(config: Config, zones: Mapping[str, str]) -> dict[str, str]:
    """Return a zone by id for each whole name that no zone of the stack has; nobody knows where its own zone begins."""
    known = {*zones.values(), config.dns.domain or ""}
    without = [name for name in config.whole_names if zone_of(name, known) is None]
    domains = dict.fromkeys(name.partition(".")[2] for name in without)
    return {f"ZSTANDIN{number}": domain for number, domain in enumerate(domains, 1)}


def certificates(records: Mapping[str, Record], config: Config, assumed: list[str]) -> dict[str, list[str]]:
    """Return the names for each existing certificate that the stack shows or is to show."""
    own = {record.id for record in records.values() if record.type == Certificate.type_name}
    shown = [json.dumps(one.arguments) for one in records.values() if one.type in SHOWING]
    arns = [arn for arn in sorted({*CERTIFICATE.findall(" ".join(shown)), *config.dns.certificate}) if arn not in own]
    recorded = [
        str(one.arguments.get("record_name", "")) for one in records.values() if one.type == RecordSet.type_name
    ]
    names = [name for name in dict.fromkeys((*config.names, *recorded)) if name]
    assumed += [f"{arn} is issued for {', '.join(config.names)}" for arn in config.dns.certificate if config.names]
    return dict.fromkeys(arns, names) if names else {}
