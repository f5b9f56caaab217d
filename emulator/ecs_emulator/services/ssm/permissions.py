"""Permissions of Parameter Store and Session Manager, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ssm.models import ssm_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Systems Manager about parameters or sessions."""
    if call.operation.endswith("Session"):
        yield from _session(call)
        return
    names = call.many("Names") or [name for name in [call.text("Name") or call.text("ResourceId")] if name]
    if call.operation == "DescribeParameters" or not names:
        yield call.check()
        return
    brought = requested(call.tags("Tags"))
    if call.operation == "PutParameter":
        # Systems Manager user guide, parameter-store-policy-conditions
        brought = {**brought, "ssm:Overwrite": (str(bool(call.body.get("Overwrite"))).lower(),)}
    for name in names:
        if name.startswith("/aws/"):
            # public parameters belong to no account
            yield call.check(f"arn:{call.partition}:ssm:{call.region}::parameter{name}")
            continue
        arn = call.arn(f"parameter/{name.removeprefix('/')}")
        yield call.existing(arn, brought)
        if call.operation == "PutParameter" and call.tags("Tags"):
            # API reference, PutParameter, Tags
            yield call.check(arn, brought, "ssm:AddTagsToResource")
        yield from _encrypted(call, name, arn)


def _session(call: ApiCall) -> Iterator[Check]:
    """Yield the checks of a session: its start on task and document, other calls on the session itself.

    Systems Manager user guide, getting-started-restrict-access-quickstart; AWS's own documents belong to no account.
    """
    if call.operation != "StartSession":
        yield call.check(call.arn(f"session/{call.text('SessionId')}"))
        return
    cluster, _, rest = call.text("Target").removeprefix("ecs:").rpartition("_")[0].rpartition("_")
    document = call.text("DocumentName")
    checked = {"ssm:SessionDocumentAccessCheck": (str(bool(document)).lower(),)}
    yield call.existing(call.arn(f"task/{cluster}/{rest}", "ecs"), checked)
    if document:
        # without a document the session is a shell, and no document is checked unless the policy asks for that key
        # (user guide, getting-started-sessiondocumentaccesscheck)
        yield call.check(f"arn:{call.partition}:ssm:{call.region}::document/{document}")


def _encrypted(call: ApiCall, name: str, arn: str) -> Iterator[Check]:
    """Yield the checks on the key of a SecureString (KMS developer guide, services-parameter-store)."""
    key, action = "", "Encrypt"
    if call.operation == "PutParameter" and call.text("Type") == "SecureString":
        key = call.text("KeyId")
        # an advanced parameter is encrypted with a key of its own, which KMS makes
        action = "GenerateDataKey" if call.text("Tier") == "Advanced" else action
    elif call.body.get("WithDecryption"):
        there = ssm_backends[call.account][call.region].get_parameter(name)
        key, action = (there.keyid or "") if there else "", "Decrypt"
    yield from used(call, key, "ssm", (action,), {"kms:EncryptionContext:PARAMETER_ARN": (arn,)})
