"""Deliberate faults in the state, on this machine and in a bucket."""

from __future__ import annotations

from tests.simulation.mutation import Mutation

LOCAL, S3 = "local", "s3"
JOURNAL, STORE, LOCK = "state/journal.py", "state/local.py", "state/lock.py"
BUCKET, READING, OBJECTS, LEASE = "state/s3.py", "state/s3_read.py", "state/objects.py", "state/lease.py"

FAULTS = (
    Mutation(
        "an entry of the journal is not synced",
        LOCAL,
        JOURNAL,
        "self._disk.sync(self._file)",
        "",
    ),
    Mutation(
        "the new document is not synced before it is renamed",
        LOCAL,
        STORE,
        "self._disk.sync(file)",
        "",
    ),
    Mutation(
        "the directory is not synced after the rename",
        LOCAL,
        STORE,
        """
        self._disk.replace(draft, path)
        sync(self.directory, self._disk)
        """,
        "self._disk.replace(draft, path)",
    ),
    Mutation(
        "a reader does not look whether the document was replaced meanwhile",
        LOCAL,
        STORE,
        """
        if now != (None if file is None else disk.identity(file)):
            return None
        """,
        "",
    ),
    Mutation(
        "the lock is not taken",
        LOCAL,
        LOCK,
        """
        self._disk.lock(file)
        self._lock_directory()
        """,
        "pass",
    ),
    Mutation(
        "nobody looks whether the lock was replaced",
        LOCAL,
        STORE,
        "if not self._lock.held():",
        "if False:",
    ),
    Mutation(
        "objects are written whatever stands there",
        S3,
        OBJECTS,
        """condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}""",
        "condition = {}",
    ),
    Mutation(
        "the journal of a session that did not end well is not sealed",
        S3,
        BUCKET,
        "if not ended and not loaded.sealed:",
        "if False:",
    ),
    Mutation(
        "nobody looks at the lease after an entry",
        S3,
        BUCKET,
        """
        with self._last_if_it_fails():
            # nothing may follow the write if this process then slept so long that another command has taken over
            self._lease.check()
        """,
        "",
    ),
    Mutation(
        "entries are deleted before the document has them",
        S3,
        BUCKET,
        """
        with self._last_if_it_fails():
            self._replace(self._session)
        # an entry that cannot be deleted now is deleted at the end
        with suppress(StateError):
            self._tidy()
        """,
        """
        with suppress(StateError):
            self._tidy()
        with self._last_if_it_fails():
            self._replace(self._session)
        """,
    ),
    Mutation(
        "a reader of the bucket does not look whether the document was replaced meanwhile",
        S3,
        READING,
        "if (found or not problem) and objects.unchanged(DOCUMENT, found.etag if found else None):",
        "if True:",
    ),
    Mutation(
        "a silent bucket is asked on and on after Ctrl-C",
        S3,
        OBJECTS,
        "if self._silent and self._ending():",
        "if False:",
    ),
    Mutation(
        "after a write that failed the next one goes on",
        S3,
        BUCKET,
        "self._broken = broken or self._broken",
        "pass",
    ),
    Mutation(
        "a document that S3 does not show for a while counts as changed",
        S3,
        OBJECTS,
        "now = self.etag(name)",
        "pass",
    ),
    Mutation(
        "a lock that S3 does not show for a while counts as held",
        S3,
        LEASE,
        "found = taken.found",
        "raise StateLocked(_holder(taken.found)) from None",
    ),
)
