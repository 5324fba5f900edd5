"""The session metadata file over the API."""

from __future__ import annotations

from channels_cfg.models import QUEUE_RIGHTS, Right
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import read_sessions
from tests.conversations.api.conftest import client_with
from tests.factories import ChannelFactory, QueueFactory, UserFactory, accepted_conversation
from tests.reporting.session_metadata.conftest import served_chat


def test_whoever_views_reports_is_answered_the_same_document(db):
    queue = QueueFactory()
    chat, active = served_chat(queue, UserFactory()), accepted_conversation(queue)
    mail = accepted_conversation(QueueFactory(channel=ChannelFactory(kind="email")))
    reader = client_with(Right.VIEW_REPORTS, on=queue)
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))
    server = client_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)

    def asked(client, conversation):
        return client.get(f"/api/v1/conversations/{conversation.pk}/session-metadata")

    (stored,) = read_sessions([chat.pk])
    assert asked(reader, chat).content == as_bytes(session_metadata(stored))
    assert asked(reader, active).json()["status"] == "assigned"
    assert [asked(client, chat).status_code for client in (outsider, server)] == [404, 404]
    assert asked(client_with(Right.VIEW_REPORTS, on=mail.queue), mail).status_code == 404
