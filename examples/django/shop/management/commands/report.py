"""Tells how many orders are in which state: a job, by hand or every night."""

from django.core.management.base import BaseCommand
from django.db.models import Count

from shop.models import Order


class Command(BaseCommand):
    """Writes one line a state."""

    help = "count the orders"

    def handle(self, *args, **options):
        """Count."""
        for row in Order.objects.values("state").annotate(number=Count("id")).order_by("state"):
            self.stdout.write(f"{row['state']}: {row['number']}")
        self.stdout.write("report done")
