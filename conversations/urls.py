"""Addresses of conversations: doors for machines, pages for people."""

from django.urls import include, path, register_converter

from conversations.api.contact_data import ContactDataListView, ContactDataView
from conversations.conversation_id import ConversationIdConverter
from conversations.doors.conversation_api.receive import receive

register_converter(ConversationIdConverter, "conversation")

api_urls = [
    path("RI/cmi/contactData", ContactDataListView.as_view(), name="contact_data_list"),
    path("RI/cmi/contactData/<conversation:conversation_id>", ContactDataView.as_view(), name="contact_data"),
]

urlpatterns = [
    path("desk/", include("conversations.desk.urls")),
    path("history/", include("conversations.history.urls")),
    path("sms/sinchconversation/all", receive, name="conversation_api_callbacks"),
    *api_urls,
]
