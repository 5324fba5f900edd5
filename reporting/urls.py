"""Addresses of reports: pages for people, doors for machines."""

from django.urls import include, path

from reporting.api.contact_log import ContactLogCsvView, ContactLogView
from reporting.api.session_metadata import SessionMetadataView

urlpatterns = [
    path("reports/", include("reporting.pages.urls")),
    path("api/v1/contact-log", ContactLogView.as_view(), name="api_contact_log"),
    path("api/v1/contact-log.csv", ContactLogCsvView.as_view(), name="api_contact_log_csv"),
    path(
        "api/v1/conversations/<conversation:conversation_id>/session-metadata",
        SessionMetadataView.as_view(),
        name="api_session_metadata",
    ),
]
