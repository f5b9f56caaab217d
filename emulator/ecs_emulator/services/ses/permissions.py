"""Permissions of SES, by call (Service Authorization Reference, Amazon SES and Amazon SES v2)."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from moto.ses.models import ses_backends

from ecs_emulator.authorization.api_call import ApiCall
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to SES: on the sender's identity, and on the configuration set."""
    sender = call.text("Source") or call.text("FromEmailAddress")
    if not call.operation.startswith("Send") or not sender:
        yield call.check()
        return
    address = parseaddr(sender)[1]
    from_address = {"ses:FromAddress": (address,)}
    yield call.check(call.arn(f"identity/{_identity(call, address)}"), from_address)
    if named := call.text("ConfigurationSetName"):
        # usdigitalresponse/usdr-gost#3080
        yield call.check(call.arn(f"configuration-set/{named}"), from_address)


def _identity(call: ApiCall, address: str) -> str:
    """Return an address's verified identity: itself before its domain (SES guide, "Verified identities")."""
    known: Any = ses_backends[call.account][call.region].email_identities
    domain = address.rpartition("@")[2]
    return domain if domain in known and address not in known else address
