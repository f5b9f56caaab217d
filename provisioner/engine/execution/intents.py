"""Intents: a record is written before its call, and withdrawn if the call had no effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.engine.errors import Interrupted, NotCreated, ReadInterrupted

if TYPE_CHECKING:
    from provisioner.engine.ports import Errors
    from provisioner.engine.scheduling.progress import RecordStore
    from provisioner.state.model import Record


@contextmanager
def withdrawn_if_refused(store: RecordStore, address: str, before: Record | None, errors: Errors) -> Iterator[None]:
    """Withdraw a recorded intent if AWS refuses the call that the context makes.

    Args:
        before: the record before the intent, if there was one.
    """
    try:
        yield
    except ClientError as error:
        # a read refused after the call says nothing of that call
        if errors.refused_write(error):
            _withdraw(store, address, before)
        raise
    except ReadInterrupted:
        # as above: the call may have been made
        raise
    except (NotCreated, Interrupted):
        _withdraw(store, address, before)
        raise


def _withdraw(store: RecordStore, address: str, before: Record | None) -> None:
    if before:
        store.put(before)
    else:
        store.drop(address)
