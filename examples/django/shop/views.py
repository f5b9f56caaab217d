"""The pages."""

import os
import uuid
from functools import cache

import boto3
from botocore.config import Config
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from shop.models import Order, Product

LARGEST_PHOTO = 2_000_000
IMAGES = ("image/jpeg", "image/png", "image/webp")


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


@require_http_methods(["GET", "POST"])
def photo(request, product_id):
    """Show a product's photo, or keep a new one in the bucket."""
    product = get_object_or_404(Product, id=product_id)
    if request.method == "POST":
        return _keep(product, request.FILES.get("photo"))
    if not product.photo:
        raise Http404
    # nobody but the shop may read the bucket: the browser gets an address that opens this one object, for a minute
    place = {"Bucket": settings.UPLOADS_BUCKET, "Key": product.photo}
    return redirect(_s3().generate_presigned_url("get_object", place, ExpiresIn=60))


def _keep(product, sent):
    if sent is None or sent.size > LARGEST_PHOTO or sent.content_type not in IMAGES:
        return HttpResponseBadRequest("send a JPEG, PNG or WebP of at most 2 MB")
    key = f"photos/{uuid.uuid4()}"
    _s3().put_object(Bucket=settings.UPLOADS_BUCKET, Key=key, Body=sent.read(), ContentType=sent.content_type)
    product.photo = key
    product.save(update_fields=["photo"])
    return redirect("/")


@cache
def _s3():
    """Region, credentials and endpoint are those that ECS gives the task, here as on AWS."""
    return boto3.client("s3", config=Config(signature_version="s3v4"))


def _task():
    return os.environ.get("HOSTNAME", "")
