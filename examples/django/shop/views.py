"""The pages."""

import os
import uuid

import boto3
from django.conf import settings
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from shop.models import Order, Product

LARGEST_PHOTO = 2_000_000


def healthz(_request):
    """Whether this process answers. It asks no database: one that wakes up shall not end the tasks."""
    return HttpResponse("ok")


def products(request):
    """What there is to buy."""
    return render(request, "products.html", {"products": Product.objects.order_by("id"), "task": _task()})


@require_POST
def buy(_request, product_id):
    """Take an order; the worker does the rest."""
    Order.objects.create(product=get_object_or_404(Product, id=product_id))
    return redirect("/orders")


def orders(request):
    """What was ordered last, and what became of it."""
    last = Order.objects.select_related("product").order_by("-id")[:20]
    return render(request, "orders.html", {"orders": last, "paid_by": "Stripe" if settings.STRIPE_SECRET_KEY else ""})


@require_POST
def photo(request, product_id):
    """Keep a product's photo in the bucket."""
    product, sent = get_object_or_404(Product, id=product_id), request.FILES.get("photo")
    if sent is None or sent.size > LARGEST_PHOTO or not str(sent.content_type).startswith("image/"):
        return HttpResponseBadRequest("send an image of at most 2 MB")
    key = f"photos/{uuid.uuid4()}"
    boto3.client("s3").put_object(
        Bucket=settings.UPLOADS_BUCKET, Key=key, Body=sent.read(), ContentType=sent.content_type
    )
    product.photo = key
    product.save(update_fields=["photo"])
    return redirect("/")


def _task():
    return os.environ.get("HOSTNAME", "")
