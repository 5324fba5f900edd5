"""What goes in and out at the addresses of web chat."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels_cfg.api.bodies import FlagField, StrictSerializer, TextField
from conversations.doors.web_chat import chat, news

KNOWS = "Visitor-Knows"
"""The header in which a page says what it has."""

MOST_QUEUES = 10

# What comes in


class QueueShape(StrictSerializer):
    address = TextField(max_length=320, help_text="An address of a queue. Example: sales@shop.example.com")


class StartOrder(StrictSerializer):
    """What a chat begins with; nothing of it can be changed afterwards."""

    queues = serializers.ListField(
        child=QueueShape(), min_length=1, max_length=MOST_QUEUES, help_text="The first that takes the chat has it"
    )
    name = TextField(max_length=200, required=False, help_text="Attached as `name`")
    email = TextField(max_length=320, required=False, help_text="Attached as `email`")
    attached_data = serializers.DictField(required=False, help_text="Further pairs: text, numbers, true, false, null")


class SetOrder(StrictSerializer):
    """What cannot be set any more."""

    name = TextField(max_length=200, required=False)
    email = TextField(max_length=320, required=False)
    attached_data = serializers.DictField(required=False)


class MessageOrder(StrictSerializer):
    id = serializers.RegexField(
        r"^[A-Za-z0-9_-]{8,64}$", help_text="The page's own id of the message; sent again, the message is there once"
    )
    text = TextField(max_length=chat.LONGEST_MESSAGE, trim_whitespace=False)

    def validate_text(self, text: str) -> str:
        if not text.strip():
            raise serializers.ValidationError("Write something.")
        return text


class TypingOrder(StrictSerializer):
    typing = FlagField()


class ReadOrder(StrictSerializer):
    message = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The last one on the screen")


# What goes out


class FileShape(serializers.Serializer[Any]):
    url = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    size = serializers.IntegerField()


class VisitorMessageShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    client_id = serializers.CharField(allow_null=True)
    author = serializers.ChoiceField(["visitor", "agent", "system"])
    name = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    file = FileShape(allow_null=True)


class StandingShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField([news.PROCEEDING, news.CONNECTED, news.COMPLETED])
    agent = serializers.CharField(allow_null=True, help_text="Who answers")
    ended_by = serializers.ChoiceField(["visitor", "agent", "system"], allow_null=True)
    read_to = serializers.IntegerField(help_text="The last message that was on the visitor's screen")
    typing_seconds = serializers.IntegerField(help_text="So long the agent is known to be typing; 0: not")
    knows = serializers.CharField(help_text=f"Shown as {KNOWS} with the next question for news")


class NewsShape(StandingShape):
    messages = VisitorMessageShape(many=True)
    more = serializers.BooleanField(help_text="There are more at once")


class ParticipantShape(serializers.Serializer[Any]):
    role = serializers.ChoiceField(["visitor", "agent"])
    name = serializers.CharField()


class DetailsShape(StandingShape):
    participants = ParticipantShape(many=True)
    transcript = VisitorMessageShape(many=True)


class QuestionShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field's own label is not used
    type = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    pattern = serializers.CharField()
    minimum = serializers.CharField()
    maximum = serializers.CharField()
    longest = serializers.IntegerField()
    rule = serializers.CharField(help_text="Said where a value breaks it")


class EntryShape(serializers.Serializer[Any]):
    form = QuestionShape(many=True)
    texts = serializers.DictField(child=serializers.CharField())
    language = serializers.CharField(help_text="Of the texts")
    longest_message = serializers.IntegerField()
