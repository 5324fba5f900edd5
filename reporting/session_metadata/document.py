"""The document: a pure function of what is stored. Built twice, it is equal byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from channels_cfg.models import Queue
from conversations.session_facts import moment
from reporting.session_metadata import outcome
from reporting.session_metadata import participants as people
from reporting.session_metadata.durations import (
    Row,
    consumer_event_durations,
    consumer_handle_durations,
    consumer_in_menu_durations,
    handle_durations,
    lasted,
    queue_durations,
    response_times,
    virtual_agent_handle_durations,
)
from reporting.session_metadata.legs import SessionLegs, agent_json, menu_path, virtual_agent_json
from reporting.session_metadata.reading import StoredSession
from reporting.session_metadata.times import rewritten, written

FLAGS = ("verified_customer", "bad_actor", "repeat_customer")
"""Reserved data: each comes as the attached key ``reserved_…``."""

_MENU_TYPES = (("Web", "web_menu"), ("Mobile", "mobile_menu"), ("Messaging", "messaging_menu"))


def session_metadata(stored: StoredSession) -> dict[str, Any]:
    """The document of specification 003 as JSON types; what is not known is null or an empty list."""
    legs = SessionLegs(stored)
    waits, handled = queue_durations(stored, legs), handle_durations(stored, legs)
    queue = legs.waiting[0].queue if legs.waiting else stored.conversation.queue
    document = {
        **_kind(stored, legs),
        **_times(stored, legs),
        **_sums(stored, waits, handled),
        **_survey_and_crm(stored),
        **_media(stored),
        **_menu(stored, queue),
        **_agent_info(stored, legs),
        **_outcome(stored, legs, queue),
        "transfers": people.transfers(stored, legs, waits),
        "escalations": people.escalations(stored, legs),
        "participants": people.participants(stored, legs),
        "queue_durations": waits,
        "handle_durations": handled,
        **_other_durations(stored, legs, queue),
        "dispositions": _dispositions(stored),
        **_attached_data(stored),
    }
    return document | (_of_call(stored) if stored.is_call else _of_chat(stored))


def as_bytes(document: Mapping[str, Any]) -> bytes:
    """As it stands in the file: one line of JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _kind(stored: StoredSession, legs: SessionLegs) -> Row:
    kind = "call" if stored.is_call else "chat"
    session_type = outcome.session_type(stored)
    legacy = outcome.legacy_type(session_type)
    status = outcome.status(stored, legs)
    return {
        "id": stored.conversation.number,
        f"{kind}_uuid": str(stored.conversation.pk),
        "lang": stored.told.lang or None,
        f"{kind}_type": legacy,
        "session_type": legacy,
        "session_type_v2": session_type,
        "status": status,
        "status_code": outcome.status_code(status),
    }


def _times(stored: StoredSession, legs: SessionLegs) -> Row:
    conversation, told = stored.conversation, stored.told
    assigned_at = legs.serving[0].started_at if legs.serving else conversation.allocated_at
    # A virtual agent may have answered before anybody waited.
    connected_at = told.connected_at or _earliest(stored, "connected_at") or conversation.accepted_at
    return {
        "created_at": written(conversation.received_at),
        "queued_at": written(conversation.queued_at),
        "assigned_at": written(assigned_at),
        "connected_at": written(connected_at),
        "scheduled_at": written(told.scheduled_at),
        "ends_at": written(conversation.ended_at),
        "updated_at": written(stored.changed_at),
    }


def _earliest(stored: StoredSession, name: str) -> datetime | None:
    """Of a time of the virtual agents."""
    told = [moment(item[name]) for item in stored.told.virtual_agents if name in item]
    return min((at for at in told if at), default=None)


def _sums(stored: StoredSession, waits: Iterable[Row], handled: Iterable[Row]) -> Row:
    waited = total(waits, "queue_duration")
    served = total(handled, lasted(stored), "acw_duration", "bcw_duration")
    return {
        "wait_duration": waited,
        "queue_duration": waited,
        lasted(stored): served,
        **({"hold_duration": total(handled, "hold_duration")} if stored.is_call else {}),
    }


def total(rows: Iterable[Mapping[str, Any]], *names: str) -> int:
    """Null counts nothing."""
    return sum(row.get(name) or 0 for row in rows for name in names)


def _survey_and_crm(stored: StoredSession) -> Row:
    told = stored.told
    end_user = {
        "id": told.end_user_number,
        "identifier": told.end_user_identifier or None,
        "out_contact_id": told.out_contact_id or None,
    }
    return {
        "rating": told.rating,
        "has_feedback": told.rating is not None or bool(told.feedback),
        "feedback": told.feedback or None,
        "out_ticket_id": told.out_ticket_id or None,
        "out_ticket_url": told.out_ticket_url or None,
        "is_out_ticket_account": bool(told.is_out_ticket_account),
        "end_user": end_user if any(value is not None for value in end_user.values()) else None,
    }


def _media(stored: StoredSession) -> Row:
    """What came in by SmartActions."""
    told = stored.told
    return {
        "verified": bool(told.verified),
        "photos": [{"id": p["id"], "photo_type": p.get("photo_type", "photo"), "url": p["url"]} for p in told.photos],
        "videos": [{"id": video["id"], "url": video["url"]} for video in told.videos],
        "text_inputs": [
            {"id": item["id"], "text": item["text"], "created_at": rewritten(item.get("created_at"))}
            for item in told.text_inputs
        ],
    }


# Menus


def _menu(stored: StoredSession, queue: Queue | None) -> Row:
    """As told, else the queue as a menu of its own."""
    path = stored.told.menu_path
    if not path:
        return {"selected_menu": _queue_as_menu(stored, queue), "menu_path": menu_path(queue)}
    leaf, parent = path[-1], path[-2] if len(path) > 1 else None
    return {
        "selected_menu": {
            "id": leaf["id"],
            "name": leaf["name"],
            "parent_id": parent and parent["id"],
            "position": leaf.get("position"),
            "deleted": leaf.get("deleted", False),
            "hidden": leaf.get("hidden", False),
            "menu_type": leaf.get("menu_type") or _menu_type(stored),
            "output_msg": leaf.get("output_msg"),
        },
        "menu_path": {
            "items_count": len(path),
            "name": leaf["name"],
            "materialized_path": "/".join(str(menu["id"]) for menu in path),
        },
    }


def _queue_as_menu(stored: StoredSession, queue: Queue | None) -> Row | None:
    if queue is None:
        return None
    return {
        "id": queue.pk,
        "name": queue.name,
        "parent_id": None,
        "position": None,
        "deleted": False,
        "hidden": False,
        "menu_type": _menu_type(stored),
        "output_msg": None,
    }


def _menu_type(stored: StoredSession) -> str:
    session_type = outcome.session_type(stored)
    return next((menu for word, menu in _MENU_TYPES if word in session_type), "ivr_menu")


# Who answered, and what became of it


def _agent_info(stored: StoredSession, legs: SessionLegs) -> Row:
    """Of a call the agent, where people or virtual agents took part but not both; of a chat whoever had it last."""
    people = [leg.agent for leg in legs.serving or legs.agents]
    own = [agent for agent in people if agent and agent.pk == stored.conversation.agent_id]
    virtual = stored.told.virtual_agents
    if (not people and not virtual) or (stored.is_call and people and virtual):
        return {}
    return {"agent_info": agent_json((own or people)[-1]) if people else virtual_agent_json(virtual[-1])}


def _outcome(stored: StoredSession, legs: SessionLegs, queue: Queue | None) -> Row:
    told, conversation = stored.told, stored.conversation
    deflection = outcome.deflection(stored)
    detail = {
        "id": conversation.number,
        "call_id" if stored.is_call else "chat_id": conversation.number,
        "transfer_id": None,
        "deflection": deflection,
        "from_menu_path": menu_path(queue),
    }
    own_priority = queue.priority if queue and conversation.priority is None else conversation.priority
    return {
        "answer_type": outcome.answer_type(stored, legs),
        "queue_priority_level": (
            told.queue_priority_level if told.queue_priority_level is not None else people.priority_level(own_priority)
        ),
        "deflection": deflection,
        "deflection_details": [detail] if deflection != "no_deflection" else [],
        "disconnected_by": outcome.disconnected_by(stored),
        "finish_reason": "no_reason" if stored.is_call else "finish_reason_none",
        "fail_reason": outcome.fail_reason(stored, legs, outcome.status(stored, legs)),
        "fail_details": told.fail_details or None,
        "offer_type": told.offer_type or None,
        "offer_events": [
            {"casting_time": rewritten(event["casting_time"]), "group": event.get("group")}
            for event in told.offer_events
        ],
    }


def _other_durations(stored: StoredSession, legs: SessionLegs, queue: Queue | None) -> Row:
    return {
        "virtual_agent_handle_durations": virtual_agent_handle_durations(stored, legs),
        "consumer_handle_durations": consumer_handle_durations(stored, legs),
        "consumer_in_menu_durations": consumer_in_menu_durations(stored, legs),
        "consumer_event_durations": consumer_event_durations(stored, queue),
    }


def _dispositions(stored: StoredSession) -> list[Row]:
    """What the agent chose and noted in wrap-up, then what other systems told."""
    conversation = stored.conversation
    own = {
        "code": conversation.disposition or None,
        "custom_code_id": None,
        "note": conversation.note or None,
        "agent_id": conversation.agent_id,
        "created_at": written(conversation.handled_at),
    }
    told = [
        {
            "code": item["code"],
            "custom_code_id": item.get("custom_code_id"),
            "note": item.get("note"),
            "agent_id": stored.user_ids.get(item.get("agent", "")),
            "created_at": rewritten(item.get("created_at")),
        }
        for item in stored.told.dispositions
    ]
    return [own, *told] if conversation.disposition or conversation.note else told


def _attached_data(stored: StoredSession) -> Row:
    """What was kept, where the settings say so."""
    kept = stored.conversation.kept_data if stored.shows_kept_data else {}
    flags = {flag: _as_flag(kept.get(f"reserved_{flag}")) for flag in FLAGS}
    reserved = {f"reserved_{flag}" for flag in FLAGS}
    pairs = {key: kept[key] for key in sorted(kept) if key not in reserved}
    return {
        "custom_data": {"signed": None, "unsigned": pairs} if stored.shows_kept_data else None,
        "customer_flags": flags if any(value is not None for value in flags.values()) else None,
    }


def _as_flag(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


# What only calls and only chats have


def _of_call(stored: StoredSession) -> Row:
    told = stored.told
    return {
        "parent_id": told.parent_id,
        "va_assigned_at": written(_earliest(stored, "started_at")),
        "va_connected_at": written(_earliest(stored, "connected_at")),
        "voip_provider": "deprecated",
        "recording_url": told.recording_url or None,
        "recording_permission": told.recording_permission or "not_asked",
        "voicemail_reason": told.voicemail_reason or "not_voicemail",
        "support_number": told.support_number or None,
        "outbound_number": told.outbound_number or None,
        "adapter_fail_code": None,
        "adapter_fail_message": None,
        "recordings": [_recording(stored, item) for item in told.recordings],
        "in_call_sms": [_sms(stored, item) for item in told.in_call_sms],
        "wait_time_sms": [_sms(stored, item) for item in told.wait_time_sms],
    }


def _recording(stored: StoredSession, item: Mapping[str, Any]) -> Row:
    return {
        "id": item["id"],
        "call_id": stored.conversation.number,
        "conference_sid": item.get("conference_sid"),
        "recording_type": item.get("recording_type", "default"),
        "started_at": rewritten(item.get("started_at")),
        "ended_at": rewritten(item.get("ended_at")),
        "duration": item.get("duration"),
        "redaction_times": [
            {
                "start": rewritten(pause["start"]),
                "end": rewritten(pause.get("end")),
                "duration": pause.get("duration"),
                "start_agent_id": stored.user_ids.get(pause.get("start_agent", "")),
                "end_agent_id": stored.user_ids.get(pause.get("end_agent", "")),
            }
            for pause in item.get("redaction_times", [])
        ],
    }


def _sms(stored: StoredSession, item: Mapping[str, Any]) -> Row:
    return {
        "id": item["id"],
        "direction": item["direction"],
        "body": item.get("body"),
        "media": item.get("media", []),
        "agent_id": stored.user_ids.get(item.get("agent", "")),
        "sent_at": rewritten(item["sent_at"]),
    }


def _of_chat(stored: StoredSession) -> Row:
    times = response_times(stored.messages, by="agent", since=stored.conversation.accepted_at)
    return {
        "first_msg_sent_at": written(stored.messages[0].sent_at if stored.messages else None),
        "last_msg_sent_at": written(stored.messages[-1].sent_at if stored.messages else None),
        "message_count": len(stored.messages),
        "average_response_time": round(sum(times) / len(times), 1) if times else None,
        "longest_response_time": max(times, default=None),
    }
