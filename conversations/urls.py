"""Addresses of conversations: doors for machines, pages for people."""

from django.urls import include, path, register_converter

from conversations import files
from conversations.api import actions, calls, data_actions, handing_over
from conversations.api.attached_data import AttachedDataView
from conversations.api.call_ivr import CallIvrView
from conversations.api.contact_data import ContactDataListView, ContactDataView
from conversations.api.conversations import ConversationListView, ConversationView
from conversations.api.customer_consents import CustomerConsentListView, CustomerConsentView
from conversations.api.files import FileListView, FileView
from conversations.api.messages import MessageListView, MessageView
from conversations.api.presence import PresenceView
from conversations.api.session import SessionView
from conversations.api.tasks import TaskListView, TaskView
from conversations.attachments.public import ADDRESS
from conversations.conversation_id import ConversationIdConverter

register_converter(ConversationIdConverter, "conversation")

ACTIONS = {
    "queue": actions.QueueView,
    "allocate": actions.AllocateView,
    "accept": actions.AcceptView,
    "reject": actions.RejectView,
    "hold": actions.HoldView,
    "consult": handing_over.ConsultView,
    "conference": handing_over.ConferenceView,
    "transfer": handing_over.TransferView,
    "end": actions.EndView,
    "handle": actions.HandleView,
}

of_conversation = [
    path("messages", MessageListView.as_view(), name="api_messages"),
    path("messages/<int:message_id>", MessageView.as_view(), name="api_message"),
    path("attached-data", AttachedDataView.as_view(), name="api_attached_data"),
    path("session", SessionView.as_view(), name="api_session"),
    path("files", FileListView.as_view(), name="api_files"),
    path("files/<uuid:pk>", FileView.as_view(), name="api_file"),
    *[path(name, view.as_view(), name=f"api_{name}") for name, view in ACTIONS.items()],
]

of_call = [
    path("ivr", CallIvrView.as_view(), name="api_call_ivr"),
    *[path(name, view.as_view(), name=f"api_call_{name}") for name, view in calls.ACTIONS.items()],
]

api_urls = [
    path("RI/cmi/contactData", ContactDataListView.as_view(), name="contact_data_list"),
    path("RI/cmi/contactData/<conversation:conversation_id>", ContactDataView.as_view(), name="contact_data"),
    path("RI/cmi/customerConsents", CustomerConsentListView.as_view(), name="customer_consents"),
    path("RI/cmi/customerConsents/<path:consent_id>", CustomerConsentView.as_view(), name="customer_consent"),
    path("RTI/tasks", TaskListView.as_view(), name="rti_tasks"),
    path("RTI/tasks/<conversation:conversation_id>", TaskView.as_view(), name="rti_task"),
    path("api/v1/presence", PresenceView.as_view(), name="api_presence"),
    path("api/v1/conversations", ConversationListView.as_view(), name="api_conversations"),
    path("api/v1/conversations/<conversation:conversation_id>", ConversationView.as_view(), name="api_conversation"),
    path("api/v1/conversations/<conversation:conversation_id>/", include(of_conversation)),
    path("api/v1/calls", calls.CallListView.as_view(), name="api_calls"),
    path("api/v1/calls/<conversation:conversation_id>/", include(of_call)),
    path("api/v2/integrations/actions", data_actions.DataActionListView.as_view(), name="api_data_actions"),
    path("api/v2/integrations/actions/<str:action_id>", data_actions.DataActionView.as_view(), name="api_data_action"),
    *[
        path(f"api/v2/integrations/actions/<str:action_id>/{name}", view.as_view(), name=f"api_data_action_{short}")
        for name, view, short in (
            ("execute", data_actions.ExecuteDataActionView, "execute"),
            ("test", data_actions.TestDataActionView, "test"),
            ("schemas/<str:file_name>", data_actions.DataActionPartView, "schema"),
            ("templates/<str:file_name>", data_actions.DataActionPartView, "template"),
        )
    ],
    path("api/v2/", include("conversations.api.genesys.urls")),
]

urlpatterns = [
    *api_urls,
    path("contacts/", include("conversations.contact_pages.urls")),
    path("desk/", include("conversations.desk.urls")),
    path("history/", include("conversations.history.urls")),
    path("conversations/<conversation:conversation_id>/files/<uuid:pk>", files.file, name="file"),
    path(f"{ADDRESS}/<str:token>/<str:name>", files.public_file, name="public_file"),
    path("visitor/", include("conversations.doors.web_chat.urls")),
]
