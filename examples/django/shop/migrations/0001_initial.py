"""The tables, and three products to begin with."""

import django.db.models.deletion
from django.db import migrations, models


def first_products(apps, _schema_editor):
    """Put three products in."""
    product = apps.get_model("shop", "Product")
    for name, cents in (("Tea pot", 3900), ("Cup", 1200), ("Tray", 2500)):
        product.objects.create(name=name, cents=cents)


class Migration(migrations.Migration):
    """The first."""

    operations = (
        migrations.CreateModel(
            "Product",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=80)),
                ("cents", models.PositiveIntegerField()),
                ("photo", models.CharField(max_length=200, blank=True)),
            ],
        ),
        migrations.CreateModel(
            "Order",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("product", models.ForeignKey("shop.Product", on_delete=django.db.models.deletion.PROTECT)),
                ("state", models.CharField(max_length=10, default="new", db_index=True)),
                ("ordered", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunPython(first_products, migrations.RunPython.noop),
    )
