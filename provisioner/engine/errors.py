"""Every way in which a command can end badly, each with its exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.engine.words import names

UNPROTECT = "`provision down --unprotect`"
STACK = "the stack"
"""The name of the whole stack among the addresses of protected resources."""


class ProvisionError(Exception):
    """Base of all errors that are shown to the user as one message, never as a traceback.

    Attributes:
        code: the family that it belongs to, as `provision explain` takes it: durable, since programs may read it.
    """

    code = "stopped"
    exit_code = 1

    def in_full(self) -> str:
        """Return the message for the end of a command: several lines, where there is more to show."""
        return str(self)


class ConfigurationError(ProvisionError):
    """The configuration or the command line is wrong; nothing was written."""

    code = "configuration"
    exit_code = 4


class NobodyToAsk(ConfigurationError):
    """The user would have to agree, and there is no terminal to ask on."""

    code = "no-terminal"


class WaitingOnUser(ProvisionError):
    """Nothing is wrong, but somebody has to act outside this tool first (for example delegate a zone)."""

    code = "waiting"
    exit_code = 3


class Interrupted(ProvisionError):
    """The user stopped the command; calls under way are recorded."""

    code = "interrupted"
    exit_code = 130


class ReadInterrupted(Interrupted):
    """A read was not made any more, since the user stopped the command: it says nothing of a write before it."""


class Cancelled(ProvisionError):
    """The user was asked and did not agree. Terraform exits with 1 here too ("Apply cancelled.")."""

    code = "cancelled"


class NotOwned(ProvisionError):
    """A resource under our name does not carry this stack's tags."""

    code = "not-owned"


class ReplacementRequired(ProvisionError):
    """A field differs that AWS cannot change in place."""

    code = "create-only"


class Protected(ProvisionError):
    """Resources that are protected from deletion would have to be removed; nothing was.

    Args:
        addresses: the protected resources; `STACK` for all.
        command: the command that deletes them all the same, in backticks.
    """

    code = "protected"

    def __init__(self, addresses: Sequence[str], command: str = UNPROTECT) -> None:
        verb = "is" if len(addresses) == 1 else "are"
        super().__init__(
            f"{' and '.join(addresses)} {verb} protected from deletion, so nothing was deleted. To delete anyway, "
            f"run {command}: it disables the protection, and takes a final snapshot of each database that it deletes"
        )


class PartProtected(Protected):
    """A part of a protected stack would have to be removed, with data or services in it; nothing was.

    Args:
        lost: the addresses of the resources that hold data or serve.
        protected: the settings that protect the stack.
        command: the command that deletes them all the same, in backticks.
    """

    def __init__(self, lost: Sequence[str], protected: Sequence[str], command: str = UNPROTECT) -> None:
        ProvisionError.__init__(
            self,
            f"the stack is protected from deletion ({' and '.join(protected)}), so nothing was deleted: "
            f"{names(lost)} would be lost. To delete anyway, run {command}",
        )


class PlanChanged(ProvisionError):
    """The work to do now differs from the plan that was reviewed; nothing was changed."""

    code = "plan-changed"


class EmbeddedCloudFailed(ProvisionError):
    """The embedded cloud could not be started, or does not answer."""

    code = "embedded-cloud"


class Blocked(ProvisionError):
    """Other people's resources keep AWS from removing a resource, and nothing takes them away by itself.

    Args:
        obstacles: the resources of others, in words.
    """

    code = "blocked"

    def __init__(self, obstacles: str) -> None:
        super().__init__(
            f"it is kept by resources that are not this stack's: {obstacles}. Delete them, then run the same command "
            f"again"
        )


class TimedOut(ProvisionError):
    """Something did not become ready, or did not go away, within its budget."""

    code = "timed-out"


class Failed(ProvisionError):
    """AWS reports that a resource failed; the message is AWS's reason."""

    code = "resource-failed"


class OutcomeUnknown(ProvisionError):
    """A write got no usable answer: its effect has to be looked up before it is repeated."""

    code = "outcome-unknown"


class NotCreated(ProvisionError):
    """A call before the create call failed: there is nothing to look for."""

    code = "not-created"


class ReadOnly(ProvisionError):
    """A write was about to be made while only reads are allowed."""

    code = "read-only"


class SomeFailed(ProvisionError):
    """Some resources failed; the others were finished.

    Args:
        failures: address to the error that stopped it.
        skipped: addresses that were not started, each with the address that it was waiting for.
    """

    code = "some-failed"

    def __init__(self, failures: Mapping[str, BaseException], skipped: Mapping[str, str]) -> None:
        self.failures, self.skipped = dict(failures), dict(skipped)
        waiting = [e for e in failures.values() if isinstance(e, WaitingOnUser)]
        if waiting and len(waiting) == len(self.failures):
            self.exit_code = WaitingOnUser.exit_code
        count = f"{len(self.failures)} failed" + (f", {len(self.skipped)} not started" if self.skipped else "")
        super().__init__(f"{count}: {', '.join(sorted(self.failures or self.skipped))}")


class Withdrawn(SomeFailed):
    """Some resources failed, and the run has restored the former revisions.

    Args:
        error: the failures.
        told: the lines for the user: the running revisions, and the reasons.
    """

    def __init__(self, error: SomeFailed, told: Sequence[str]) -> None:
        super().__init__(error.failures, error.skipped)
        self.args = ("\n".join(told),)
