"""What is kept: products, and orders with what became of them."""

from django.db import models


class Product(models.Model):
    """Something that is sold. `photo` is its key in the bucket of the uploads."""

    name = models.CharField(max_length=80)
    cents = models.PositiveIntegerField()
    photo = models.CharField(max_length=200, blank=True)

    @property
    def price(self):
        """The price as people read it."""
        return f"{self.cents / 100:.2f}"


class Order(models.Model):
    """One order: the web server writes it, the worker ships it."""

    NEW, SHIPPED, EXPIRED = "new", "shipped", "expired"

    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    state = models.CharField(max_length=10, default=NEW, db_index=True)
    ordered = models.DateTimeField(auto_now_add=True)
