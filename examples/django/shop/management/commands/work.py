"""Ships what was ordered: the worker."""

import logging
import signal
import threading

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, transaction

from shop.models import Order

log = logging.getLogger("worker")
PAUSE = 2
"""Seconds between two looks at the table when there was nothing to do."""


class Command(BaseCommand):
    """Takes one order after the other. Several workers do not wait for each other."""

    help = "ship orders until told to end"

    def handle(self, *args, **options):
        """Work until SIGTERM; the order under way is finished first."""
        end = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: end.set())
        log.info("ready")
        while not end.is_set():
            try:
                busy = ship_one()
            except OperationalError as error:
                log.warning("the database does not answer: %s", error.args[0])
                close_old_connections()
                busy = False
            if not busy:
                end.wait(PAUSE)
        log.info("ended")


def ship_one():
    """Ship the oldest new order that no other worker has; say whether there was one."""
    with transaction.atomic():
        order = Order.objects.select_for_update(skip_locked=True).filter(state=Order.NEW).order_by("id").first()
        if order is None:
            return False
        order.state = Order.SHIPPED
        order.save(update_fields=["state"])
    log.info("shipped order %s", order.id)
    return True
