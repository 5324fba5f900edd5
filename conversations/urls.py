"""Addresses of conversations: doors for machines, pages for people."""

from django.urls import path, register_converter

from conversations.api.contact_data import ContactDataListView, ContactDataView
from conversations.api.conversation_id import ConversationIdConverter

register_converter(ConversationIdConverter, "conversation")

api_urls = [
    path("RI/cmi/contactData", ContactDataListView.as_view(), name="contact_data_list"),
    path("RI/cmi/contactData/<conversation:conversation_id>", ContactDataView.as_view(), name="contact_data"),
]

urlpatterns = [
    *api_urls,
]
