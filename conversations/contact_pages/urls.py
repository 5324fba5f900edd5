"""Addresses of the pages of contacts."""

from django.urls import path

from conversations.contact_pages import import_views, views

app_name = "contacts"

urlpatterns = [
    path("", views.contact_list, name="index"),
    path("import/", import_views.import_file, name="import"),
    path("import/<uuid:pk>/", import_views.import_preview, name="import_preview"),
    path("import/<uuid:pk>/progress/", import_views.import_progress, name="import_progress"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/merge/", views.merge_contact, name="merge"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
    path("<uuid:pk>/notes/", views.add_note, name="add_note"),
    path("<uuid:pk>/notes/<uuid:note>/delete/", views.delete_note, name="delete_note"),
]
