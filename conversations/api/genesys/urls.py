"""Addresses of the door that imitates Genesys Cloud's API."""

from django.urls import path

from conversations.api.genesys import association, contact_notes, contacts, conversations, schemas
from conversations.api.genesys.participants import MEDIA

CONTACT = "externalcontacts/contacts/<str:contact_id>"

urlpatterns = [
    path("externalcontacts/contacts", contacts.ContactListView.as_view(), name="api_contacts"),
    path("externalcontacts/contacts/search", contacts.ContactSearchView.as_view(), name="api_contact_search"),
    path("externalcontacts/contacts/merge", contacts.MergeView.as_view(), name="api_contact_merge"),
    path("externalcontacts/contacts/enrich", contacts.EnrichView.as_view(), name="api_contact_enrich"),
    path("externalcontacts/contacts/schemas", schemas.SchemaListView.as_view(), name="api_contact_schemas"),
    path("externalcontacts/contacts/schemas/<str:schema_id>", schemas.SchemaView.as_view(), name="api_contact_schema"),
    path("externalcontacts/scan/contacts", contacts.ContactScanView.as_view(), name="api_contact_scan"),
    path("externalcontacts/merge/contacts", contacts.MergePairView.as_view(), name="api_contact_merge_pair"),
    path("externalcontacts/identifierlookup", contacts.IdentifierLookupView.as_view(), name="api_contact_lookup"),
    path(
        "externalcontacts/identifierlookup/contacts",
        contacts.IdentifierLookupView.as_view(),
        name="api_contact_identifier_lookup",
    ),
    path(
        "externalcontacts/reversewhitepageslookup", contacts.ReverseWhitepagesView.as_view(), name="api_contact_reverse"
    ),
    path(CONTACT, contacts.ContactView.as_view(), name="api_contact"),
    path(f"{CONTACT}/unresolved", contacts.UnresolvedContactView.as_view(), name="api_contact_unresolved"),
    path(f"{CONTACT}/identifiers", contacts.ContactIdentifiersView.as_view(), name="api_contact_identifiers"),
    path(f"{CONTACT}/notes", contact_notes.NoteListView.as_view(), name="api_contact_notes"),
    path(f"{CONTACT}/notes/<str:note_id>", contact_notes.NoteView.as_view(), name="api_contact_note"),
    path(
        "externalcontacts/conversations/<str:conversation_id>",
        association.AssociationView.as_view(),
        name="api_association",
    ),
    *[
        path(
            f"conversations/{medium.array}/<str:conversation_id>{rest}",
            view.as_view(),
            {"medium": medium},
            name=f"api_{medium.array}_{name}",
        )
        for medium in MEDIA
        for rest, view, name in (
            ("", conversations.MediaConversationView, "conversation"),
            ("/participants/<str:participant_id>/attributes", conversations.AttributesView, "attributes"),
        )
    ],
    path("conversations/<str:conversation_id>", conversations.WholeConversationView.as_view(), name="api_whole"),
    path(
        "conversations/<str:conversation_id>/communications",
        conversations.CommunicationListView.as_view(),
        name="api_communications",
    ),
    path(
        "conversations/<str:conversation_id>/participants/<str:participant_id>/attributes",
        conversations.AttributesView.as_view(),
        name="api_attributes",
    ),
    path(
        "analytics/conversations/details", conversations.AnalyticsListView.as_view(), name="api_analytics_conversations"
    ),
    path(
        "analytics/conversations/<str:conversation_id>/details",
        conversations.AnalyticsView.as_view(),
        name="api_analytics_conversation",
    ),
]
