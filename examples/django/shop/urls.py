"""The paths of the shop."""

from django.urls import path

from shop import views

urlpatterns = [
    path("", views.products),
    path("buy/<int:product_id>", views.buy),
    path("photo/<int:product_id>", views.photo),
    path("orders", views.orders),
    path("healthz", views.healthz),
]
