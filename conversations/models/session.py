"""What a session metadata file needs that the life of a conversation does not tell."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Channel
from conversations import session_facts
from conversations.models.conversation import Conversation
from conversations.session_facts import FACTS, LISTS, MOMENTS, PERMISSIONS


def _text(name: str, label: Any) -> models.CharField:
    schema = FACTS[name]
    longest = schema.get("maxLength") or max(len(value) for value in schema["enum"])
    return models.CharField(label, max_length=longest, blank=True, default="", db_default="")


def _list(label: Any) -> models.JSONField:
    return models.JSONField(label, default=list, db_default=[], blank=True)


def _is_list(name: str) -> Q:
    return Q(Exact(Func(F(name), function="jsonb_typeof", output_field=models.TextField()), Value("array")))


def not_told(name: str) -> Any:
    """The value of a fact that nobody told."""
    field = Session._meta.get_field(name)
    assert isinstance(field, models.Field)  # each fact is a column
    return field.get_default()


class SessionQuerySet(models.QuerySet["Session"]):
    def erase_customer_data(self) -> int:
        """Nothing is left of what customers said and are called; return of how many sessions."""
        return self.update(**{name: not_told(name) for name in Session.customer_data})


class Session(models.Model):
    """What was told of the session of a voice or chat conversation; without a row, nothing was.

    Fields are called as in the session metadata file, and hold what ``session_facts.FACTS`` describes. Empty: not told.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="session", primary_key=True
    )
    lang = _text("lang", _("language"))
    session_type_v2 = _text("session_type_v2", _("session type"))
    status = _text("status", _("status"))
    parent_id = models.BigIntegerField(_("parent session"), null=True, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled at"), null=True, blank=True)
    connected_at = models.DateTimeField(_("connected at"), null=True, blank=True)
    customer_connected_at = models.DateTimeField(_("customer connected at"), null=True, blank=True)
    support_number = _text("support_number", _("support number"))
    outbound_number = _text("outbound_number", _("outbound number"))
    menu_path = _list(_("menu path"))
    queue_priority_level = models.PositiveSmallIntegerField(_("queue priority"), null=True, blank=True)
    deflection = _text("deflection", _("deflection"))
    voicemail_reason = _text("voicemail_reason", _("voicemail reason"))
    fail_reason = _text("fail_reason", _("fail reason"))
    fail_details = _text("fail_details", _("fail details"))
    offer_type = _text("offer_type", _("offer type"))
    offer_events = _list(_("offer events"))
    recording_permission = _text("recording_permission", _("recording permission"))
    recording_url = _text("recording_url", _("recording address"))
    recordings = _list(_("recordings"))
    rating = models.PositiveSmallIntegerField(_("CSAT rating"), null=True, blank=True)
    feedback = _text("feedback", _("CSAT comment"))
    consumer_events = _list(_("events of the customer"))
    verified = models.BooleanField(_("verified"), null=True, blank=True)
    photos = _list(_("photos"))
    videos = _list(_("videos"))
    text_inputs = _list(_("text inputs"))
    in_call_sms = _list(_("in-call SMS"))
    wait_time_sms = _list(_("wait-time SMS"))
    out_ticket_id = _text("out_ticket_id", _("CRM ticket"))
    out_ticket_url = _text("out_ticket_url", _("address of the CRM ticket"))
    is_out_ticket_account = models.BooleanField(_("CRM ticket is an account"), null=True, blank=True)
    end_user_number = models.BigIntegerField(_("number of the customer"), null=True, blank=True)
    end_user_identifier = _text("end_user_identifier", _("identifier of the customer"))
    out_contact_id = _text("out_contact_id", _("CRM contact"))
    virtual_agents = _list(_("virtual agents"))
    dispositions = _list(_("dispositions from elsewhere"))

    told_at = models.DateTimeField(_("told at"), help_text=_("When something of it last changed"))
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("told by"), related_name="+", db_index=False
    )

    customer_data = (
        "menu_path",
        "fail_details",
        "offer_events",
        "recording_url",
        "recordings",
        "feedback",
        "consumer_events",
        "photos",
        "videos",
        "text_inputs",
        "in_call_sms",
        "wait_time_sms",
        "end_user_number",
        "end_user_identifier",
        "out_contact_id",
        "virtual_agents",
        "dispositions",
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(0, 5)),
                name="a_csat_rating_is_0_to_5",
                violation_error_message=_("A CSAT rating is 0 to 5."),
            ),
            models.CheckConstraint(
                condition=Q(queue_priority_level=None) | Q(queue_priority_level__range=(0, 8)),
                name="a_queue_priority_of_a_session_is_0_to_8",
                violation_error_message=_("A queue priority is 0 to 8."),
            ),
            models.CheckConstraint(
                condition=Q(recording_permission__in=["", *PERMISSIONS]),
                name="recording_is_granted_denied_or_not_asked",
                violation_error_message=_("A recording permission is granted, denied or not_asked."),
            ),
            models.CheckConstraint(
                condition=reduce(and_, map(_is_list, sorted(LISTS))),
                name="lists_of_a_session_are_lists",
                violation_error_message=_("It is of another type."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.conversation_id)

    def clean(self) -> None:
        """What is told is as described."""
        kind = "call" if self.conversation.channel.kind == Channel.Kind.VOICE else "chat"
        session_facts.check_kind(kind, session_type=self.session_type_v2, status=self.status)
        session_facts.check({name: value for name, value in self.facts.items() if name not in MOMENTS})

    @property
    def facts(self) -> dict[str, Any]:
        """Everything told, by name; times as datetimes."""
        return {name: getattr(self, name) for name in FACTS}
