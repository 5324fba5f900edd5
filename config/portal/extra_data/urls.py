"""Addresses of the pages about extra data, below the configurator's own."""

from django.contrib import admin
from django.urls import path, re_path

from config.portal.extra_data import bulk, matrix, overview

PLACE = r"^(?P<level>channel|queue)/(?P<pk>\d{1,18})/"

urlpatterns = [
    path("", admin.site.admin_view(overview.overview), name="extra_data"),
    path("keys/", admin.site.admin_view(overview.find_keys), name="extra_data_keys"),
    path("places/", admin.site.admin_view(overview.find_places), name="extra_data_places"),
    path("bulk/", admin.site.admin_view(bulk.bulk), name="extra_data_bulk"),
    re_path(f"{PLACE}$", admin.site.admin_view(matrix.place_page), name="extra_data_place"),
    re_path(f"{PLACE}impact/$", admin.site.admin_view(matrix.impact_panel), name="extra_data_impact"),
]
