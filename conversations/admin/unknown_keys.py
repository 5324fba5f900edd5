"""The inbox of unknown keys, and beside it keys that are listed and do not come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from channels_cfg.admin.safeguards.typed_confirmation import ask_to_confirm
from channels_cfg.admin.safeguards.undo import with_undo
from channels_cfg.history.change_reason import note_why
from channels_cfg.history.change_set import Confirmation
from channels_cfg.models import AttachedKey, Channel, Queue, SettingsVersion, User
from conversations.admin.what_if import hits_in_words, number_in, scope_of, what_if
from conversations.conversation_id import conversation_id
from conversations.key_usage import unknown_keys
from conversations.key_usage.observations import characters_in_words
from conversations.key_usage.unknown_keys import UnknownKey
from conversations.models import SeenKey, ValueType

PER_PAGE = 25
ORDERS = {"": ("-last_seen_at", "name"), "often": ("-seen", "name"), "name": ("name",)}
SUGGESTED = 20
SET_ASIDE = "keys_set_aside"
"""What the last action set aside, in the session, so that it can be taken back at once."""


@dataclass(frozen=True)
class UnknownKeyRow:
    """An unknown key in words."""

    unknown: UnknownKey
    types: str
    lengths: str
    sources: list[str]
    hits: list[str]

    @classmethod
    def of(cls, unknown: UnknownKey) -> UnknownKeyRow:
        key = unknown.key
        return cls(
            unknown,
            _shares({ValueType(name).label.lower(): number for name, number in key.types.items() if name != "group"}),
            characters_in_words([int(bucket) for bucket in key.lengths]),
            sorted(key.sources),
            list(hits_in_words(key.hits)),
        )


def _shares(numbers: Mapping[str, int]) -> str:
    """``text`` or ``text 90 %, integer 10 %``"""
    if len(numbers) < 2:
        return "".join(numbers)
    total = sum(numbers.values())
    common_first = sorted(numbers.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {max(1, round(100 * number / total))} %" for name, number in common_first)


@admin.register(SeenKey)
class UnknownKeysAdmin(ModelAdmin):
    """Three pages: keys that are unknown, listed keys that do not come in, and what was set aside."""

    def get_urls(self) -> Any:
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("silent/", self.silent_view, "silent_keys"),
            ("set-aside/", self.set_aside_view, "keys_set_aside"),
            ("live/", self.live_view, "live_conversation"),
            ("known-names/", self.known_names_view, "known_names"),
            ("what-if/", what_if, "what_if"),
        ]
        own = [path(route, self.admin_site.admin_view(view), name=name) for route, view, name in pages]
        return own + super().get_urls()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SeenKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SeenKey | None = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404

    # Pages

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The inbox; a post is an action."""
        self._check(request)
        if request.method == "POST":
            return self._do(request)
        now = timezone.now()
        search, order = request.GET.get("q", "").strip(), request.GET.get("order", "")
        channel = Channel.objects.filter(pk=number_in(request.GET.get("channel"))).first()
        unknown = unknown_keys.unknown_keys(now=now).order_by(*ORDERS.get(order, ORDERS[""]))
        if search:
            unknown = unknown.filter(name__finds=search)
        if channel:
            unknown = unknown_keys.seen_on(unknown, channel)
        if request.GET.get("hits"):
            unknown = unknown.exclude(hits={})
        page = Paginator(unknown, PER_PAGE).get_page(request.GET.get("page"))
        rows = [UnknownKeyRow.of(row) for row in unknown_keys.described(list(page))]
        places = {place.code: place for row in rows for place in row.unknown.places}
        return self._page(
            request,
            "inbox",
            page=page,
            rows=rows,
            bulk_places=sorted(places.values(), key=lambda place: (isinstance(place.record, Queue), str(place.record))),
            search=search,
            order=order,
            channel=channel,
            only_hits=bool(request.GET.get("hits")),
            is_filtered=bool(search or channel or request.GET.get("hits")),
            anything_seen=bool(page.paginator.count) or SeenKey.objects.exists(),
            just_set_aside=request.session.pop(SET_ASIDE, None) if SET_ASIDE in request.session else None,
            may=_actions_allowed(request),
        )

    def silent_view(self, request: HttpRequest) -> HttpResponse:
        """Keys on lists that no conversation had for 30 days."""
        self._check(request)
        now, search = timezone.now(), request.GET.get("q", "").strip()
        page = Paginator(unknown_keys.silent_names(now=now, part=search), PER_PAGE).get_page(request.GET.get("page"))
        keys = unknown_keys.silent_keys(list(page.object_list), now=now)
        rows = [(key, [(_address(record), str(record), words) for record, words in key.places]) for key in keys]
        return self._page(request, "silent", page=page, rows=rows, search=search)

    def set_aside_view(self, request: HttpRequest) -> HttpResponse:
        """What was answered with never or not now, to be taken back."""
        self._check(request)
        if request.method == "POST":
            return self._do(request)
        search = request.GET.get("q", "").strip()
        verdicts = unknown_keys.are_set_aside(now=timezone.now()).filter(name__finds=search)
        page = Paginator(verdicts, PER_PAGE).get_page(request.GET.get("page"))
        return self._page(request, "set_aside", page=page, search=search, may=_actions_allowed(request))

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """Asks for the id of a live conversation, and leads to its page, which is found by whoever may see it."""
        self._check(request)
        asked = request.GET.get("id", "").strip()
        wrong = ""
        if asked:
            try:
                return redirect("history:after_the_end", conversation_id(asked))
            except ValueError:
                wrong = _("That is no id. An id has 32 hexadecimal digits, as the history page and the desk show it.")
        return self._page(request, "live", asked=asked, wrong=wrong)

    def known_names_view(self, request: HttpRequest) -> HttpResponse:
        """Names that an alias can stand for, for the field that completes them."""
        self._check(request)
        part = request.GET.get("q", "").strip()
        found = AttachedKey.objects.filter(Q(name__finds=part) | Q(label__finds=part)).order_by("name")
        return JsonResponse({"names": list(found.values_list("name", flat=True)[:SUGGESTED])})

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        titles = {
            "inbox": _("Unknown keys"),
            "silent": _("Listed, but not seen"),
            "set_aside": _("Set aside"),
            "live": _("One live conversation"),
        }
        addresses = ("conversations_seenkey_changelist", "silent_keys", "keys_set_aside", "live_conversation")
        tabs = [
            (title, reverse(f"admin:{address}"), tab == name)
            for (tab, title), address in zip(titles.items(), addresses, strict=True)
        ]
        query = request.GET.copy()
        query.pop("page", None)
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": titles[name],
            "tabs": tabs,
            "query": query.urlencode(),
            "days": unknown_keys.RECENTLY.days,
        }
        return TemplateResponse(request, f"admin/conversations/seenkey/{name}.html", context)

    # Actions

    def _do(self, request: HttpRequest) -> HttpResponse:
        """``do`` says the action and what it needs: ``keep queue.5``, ``never``, ``snooze 7``, ``alias``, ``undo``."""
        action, _space, argument = request.POST.get("do", "").partition(" ")
        names = list(dict.fromkeys(request.POST.getlist("name")))
        if action != "undo":
            there = unknown_keys.unknown_keys(now=timezone.now()).filter(name__in=names)
            names = list(there.order_by("name").values_list("name", flat=True))
        if not names:
            messages.warning(request, _("Nothing is chosen, or somebody else has decided about it meanwhile."))
            return self._back(request)
        if not _actions_allowed(request).get(action):
            raise PermissionDenied
        answer = getattr(self, f"_{action}")(request, names, argument or request.POST.get("argument", "").strip())
        return answer or self._back(request)

    def _back(self, request: HttpRequest) -> HttpResponse:
        query = request.GET.urlencode()
        return redirect(f"{request.path}{'?' if query else ''}{query}")

    def _keep(self, request: HttpRequest, names: list[str], code: str) -> HttpResponse | None:
        channel, queue, is_saved = scope_of(code)
        record = queue or channel
        if record is None or not is_saved:
            messages.error(request, _("Choose the channel or queue on which to keep it."))
            return None
        if not request.user.has_perm(f"channels_cfg.change_{record._meta.model_name}"):
            raise PermissionDenied
        if asked := self._ask_about_hits(request, names, record):
            return asked
        had_own_list = bool(record.statistics_keys)
        note_why(_("Kept from the page Unknown keys"))
        with transaction.atomic():
            listed = unknown_keys.keep(names, on=record)
            made = SettingsVersion.of_this_transaction()
        kept = get_text_list(names, _("and"))
        said = _("%(place)s keeps %(keys)s from now on.") % {"place": record, "keys": kept}
        if not had_own_list and len(listed) > len(names):
            said += " " + _("It has a list of its own now: %(keys)s.") % {"keys": ", ".join(listed)}
        messages.success(request, with_undo(request, said, made))
        return None

    def _ask_about_hits(self, request: HttpRequest, names: list[str], record: Channel | Queue) -> HttpResponse | None:
        """Keeping what looks like a card number or an address is confirmed with typed words."""
        suspicious = SeenKey.objects.filter(name__in=names).exclude(hits={}).order_by("name")
        consequences = [
            _("%(key)s: of %(seen)d values, %(hits)s.")
            % {"key": key.name, "seen": key.seen, "hits": get_text_list(list(hits_in_words(key.hits)), _("and"))}
            for key in suspicious
        ]
        if not consequences:
            return None
        confirmation = Confirmation(
            title=_("Keep %(keys)s on %(place)s?") % {"keys": get_text_list(names, _("and")), "place": record},
            consequences=[
                *consequences,
                _("Values that are kept show in History, in contactData and in the Contact Log."),
            ],
            words=names[0] if len(names) == 1 else _("keep %(number)d keys") % {"number": len(names)},
            button=_("Keep"),
        )
        return ask_to_confirm(request, self.admin_site, confirmation, context={"opts": self.opts})

    def _never(self, request: HttpRequest, names: list[str], argument: str) -> None:
        unknown_keys.set_aside(names, by=_viewer(request), now=timezone.now())
        request.session[SET_ASIDE] = names

    def _snooze(self, request: HttpRequest, names: list[str], days: str) -> None:
        now = timezone.now()
        until = now + timedelta(days=min(number_in(days) or 7, 365))
        unknown_keys.set_aside(names, by=_viewer(request), now=now, until=until)
        request.session[SET_ASIDE] = names

    def _undo(self, request: HttpRequest, names: list[str], argument: str) -> None:
        number = unknown_keys.take_back(names)
        messages.success(
            request,
            ngettext(
                "%(number)d key is among the unknown keys again.",
                "%(number)d keys are among the unknown keys again.",
                number,
            )
            % {"number": number},
        )

    def _alias(self, request: HttpRequest, names: list[str], of: str) -> None:
        note_why(_("Made on the page Unknown keys"))
        for name in names:
            try:
                with transaction.atomic():
                    alias = unknown_keys.make_alias(name, of=of)
                    made = SettingsVersion.of_this_transaction()
            except ValidationError as refused:
                said = _("%(name)s cannot be another name of “%(key)s”: %(reason)s")
                reason = " ".join(refused.messages)
                messages.error(request, said % {"name": name, "key": of[:128], "reason": reason})
            else:
                said = _("What comes in as %(name)s is %(key)s from now on.")
                messages.success(request, with_undo(request, said % {"name": name, "key": alias.key}, made))


def _actions_allowed(request: HttpRequest) -> dict[str, bool]:
    may = request.user.has_perm
    return {
        "keep": may("channels_cfg.change_channel") or may("channels_cfg.change_queue"),
        "never": may("channels_cfg.add_keyverdict"),
        "snooze": may("channels_cfg.add_keyverdict"),
        "undo": may("channels_cfg.delete_keyverdict"),
        "alias": may("channels_cfg.add_attachedkeyalias"),
    }


def _viewer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _address(record: Any) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])
