"""Looks every minute for orders that nobody shipped: the one process of which there must never be two."""

import logging
import signal
import threading
from datetime import timedelta

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from django.utils import timezone

from shop.models import Order

log = logging.getLogger("beat")
PAUSE = 60
PATIENCE = timedelta(hours=1)
"""How long an order may wait."""


class Command(BaseCommand):
    """Expires orders that have waited for too long."""

    help = "expire old orders every minute until told to end"

    def handle(self, *args, **options):
        """Tick until SIGTERM."""
        end = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: end.set())
        log.info("ready")
        while not end.wait(PAUSE):
            try:
                expired = Order.objects.filter(state=Order.NEW, ordered__lt=timezone.now() - PATIENCE)
                log.info("expired %s orders", expired.update(state=Order.EXPIRED))
            except OperationalError as error:
                log.warning("the database does not answer: %s", error.args[0])
                close_old_connections()
        log.info("ended")
