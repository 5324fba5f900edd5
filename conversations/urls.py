"""Addresses of conversations: doors for machines, pages for people."""

from django.urls import include, path, register_converter

from conversations.api import actions
from conversations.api.contact_data import ContactDataListView, ContactDataView
from conversations.api.conversations import ConversationListView, ConversationView, MessageListView
from conversations.conversation_id import ConversationIdConverter
from conversations.doors import registry

register_converter(ConversationIdConverter, "conversation")

ACTIONS = {
    "queue": actions.QueueView,
    "allocate": actions.AllocateView,
    "accept": actions.AcceptView,
    "reject": actions.RejectView,
    "hold": actions.HoldView,
    "transfer": actions.TransferView,
    "end": actions.EndView,
    "handle": actions.HandleView,
}

api_urls = [
    path("RI/cmi/contactData", ContactDataListView.as_view(), name="contact_data_list"),
    path("RI/cmi/contactData/<conversation:conversation_id>", ContactDataView.as_view(), name="contact_data"),
    path("api/v1/conversations", ConversationListView.as_view(), name="api_conversations"),
    path("api/v1/conversations/<conversation:conversation_id>", ConversationView.as_view(), name="api_conversation"),
    path(
        "api/v1/conversations/<conversation:conversation_id>/messages", MessageListView.as_view(), name="api_messages"
    ),
    *[
        path(f"api/v1/conversations/<conversation:conversation_id>/{name}", view.as_view(), name=f"api_{name}")
        for name, view in ACTIONS.items()
    ],
]

urlpatterns = [
    path("desk/", include("conversations.desk.urls")),
    path("history/", include("conversations.history.urls")),
    *registry.urls(),
    *api_urls,
]
