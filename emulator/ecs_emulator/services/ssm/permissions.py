"""Permissions of Parameter Store and Session Manager, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ssm.models import ssm_backends

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield what Systems Manager asks for at one call about parameters or sessions."""
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
            # public parameters are of no account
            yield call.check(f"arn:{call.partition}:ssm:{call.region}::parameter{name}")
            continue
        arn = call.arn(f"parameter/{name.removeprefix('/')}")
        yield call.existing(arn, brought)
        if call.operation == "PutParameter" and call.tags("Tags"):
            # API reference, PutParameter, Tags
            yield call.check(arn, brought, "ssm:AddTagsToResource")
        yield from _encrypted(call, name, arn)


def _session(call: ApiCall) -> Iterator[Check]:
    """What is asked for about a session: of who starts one the task and the document, of others the session itself.

    Systems Manager user guide, getting-started-restrict-access-quickstart; a document of AWS's is of no account.
    """
    if call.operation != "StartSession":
        yield call.check(call.arn(f"session/{call.text('SessionId')}"))
        return
    cluster, _, rest = call.text("Target").removeprefix("ecs:").rpartition("_")[0].rpartition("_")
    yield call.existing(call.arn(f"task/{cluster}/{rest}", "ecs"))
    yield call.check(f"arn:{call.partition}:ssm:{call.region}::document/{call.text('DocumentName')}")


def _encrypted(call: ApiCall, name: str, arn: str) -> Iterator[Check]:
    """What is asked for of the key of a SecureString (KMS developer guide, services-parameter-store)."""
    key, action = "", "Encrypt"
    if call.operation == "PutParameter" and call.text("Type") == "SecureString":
        key = call.text("KeyId")
        # an advanced parameter is encrypted with a key of its own, which KMS makes
        action = "GenerateDataKey" if call.text("Tier") == "Advanced" else action
    elif call.body.get("WithDecryption"):
        there = ssm_backends[call.account][call.region].get_parameter(name)
        key, action = (there.keyid or "") if there else "", "Decrypt"
    yield from used(call, key, "ssm", (action,), {"kms:EncryptionContext:PARAMETER_ARN": (arn,)})
