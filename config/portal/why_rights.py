"""“Why can this user not see this?”, and why somebody can: answered by right, origin, and who can grant it.

A configurator without rights learns nothing about conversations here: of a conversation's id it is said where it
belongs only to somebody who holds a right on it. Others hear the same whether there is such a conversation or not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.admin.rights.effective import panel_of
from channels_cfg.admin.rights.matrix_question import matrix_of
from channels_cfg.models import FOLDER_RIGHTS, QUEUE_RIGHTS, AccessRight, Queue, ReplyTemplateFolder, Right, User
from channels_cfg.rights.effective import DIRECT, FOLDER, QUEUE, Scope, who_can_grant
from channels_cfg.rights.explained import Extent, RightAnswer, Way, direct_scopes_of, explain, extents
from conversations.models import Conversation

NAMED = 5
OF_NO_USE = gettext_lazy(
    "You hold no right on a conversation with this id, so it cannot be said here whether there is one. "
    "Choose its queue instead."
)
RIGHTS_OF_PAGES = {
    "desk": (Right.SERVE,),
    "history": (Right.VIEW_HISTORY,),
    "reports": (Right.VIEW_REPORTS,),
}
RIGHTS_OF_DOORS = {
    "contact_data": (Right.MANAGE_CONTACTS,),
    "contact_data_list": (Right.MANAGE_CONTACTS,),
    "customer_consents": (Right.VIEW_CONSENTS,),
    "customer_consent": (Right.VIEW_CONSENTS,),
    "api_contact_log": (Right.VIEW_REPORTS,),
    "api_contact_log_csv": (Right.VIEW_REPORTS,),
    "api_conversations": (Right.VIEW_HISTORY, Right.SERVE),
    "api_conversation": (Right.VIEW_HISTORY, Right.SERVE),
    "api_messages": (Right.VIEW_HISTORY, Right.SERVE),
}
ACTION_PREFIX = "api_"


class WhyForm(forms.Form):
    """Who, and where: a queue, direct conversations, a folder, or what was in the address line or after it."""

    user = forms.ModelChoiceField(
        User.objects.all(),
        label=gettext_lazy("Who"),
        widget=AutocompleteSelect(AccessRight._meta.get_field("user"), admin.site),
    )
    queue = forms.ModelChoiceField(
        Queue.objects.all(),
        label=gettext_lazy("Queue"),
        required=False,
        widget=AutocompleteSelect(AccessRight._meta.get_field("queue"), admin.site),
    )
    direct = forms.ModelChoiceField(
        Group.objects.all(),
        label=gettext_lazy("or direct conversations of"),
        required=False,
        widget=AutocompleteSelect(AccessRight._meta.get_field("direct_conversations_of"), admin.site),
    )
    folder = forms.ModelChoiceField(
        ReplyTemplateFolder.objects.all(),
        label=gettext_lazy("or reply-template folder"),
        required=False,
        widget=AutocompleteSelect(AccessRight._meta.get_field("reply_template_folder"), admin.site),
    )
    what = forms.CharField(
        label=gettext_lazy("or address or conversation id"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "A page or API address as the user sees it, or an id. Examples: /history/ · /api/v1/conversations"
        ),
    )


@dataclass
class Explanation:
    """What the page answers."""

    user: User
    hurdles: list[str] = field(default_factory=list)
    """What stands in the way before any right counts."""
    notes: list[str] = field(default_factory=list)
    rights: tuple[Right, ...] = tuple(Right)
    scopes: list[Scope] = field(default_factory=list)
    answers: list[RightAnswer] = field(default_factory=list)
    extents: list[Extent] = field(default_factory=list)
    configures: bool = False
    """The question was about the System Configurator, where access rights count for nothing."""


def why_rights(request: HttpRequest) -> HttpResponse:
    """The question and its answer; everything is in the address, so that it can be sent on."""
    asking = request.user
    if not isinstance(asking, User) or not asking.has_perms(
        ["channels_cfg.view_accessright", "channels_cfg.view_user"]
    ):
        raise PermissionDenied
    form = WhyForm(request.GET) if request.GET.get("user") else WhyForm(initial=request.GET.dict())
    explanation = explained(form.cleaned_data, asking=asking) if form.is_bound and form.is_valid() else None
    people = list(who_can_grant()[: NAMED + 1])
    context = {
        **admin.site.each_context(request),
        "title": _("Why, or why not?"),
        "form": form,
        "explanation": explanation,
        "answers": [(answer, _linked(answer.through), _linked(answer.could)) for answer in explanation.answers]
        if explanation
        else [],
        "people": people[:NAMED],
        "more_people": len(people) > NAMED,
    }
    if explanation and not explanation.answers and not explanation.configures:
        context["effective"] = panel_of(explanation.user)
    return TemplateResponse(request, "admin/why_rights.html", context)


def explained(asked: dict[str, Any], *, asking: User) -> Explanation:
    """The answer to what was asked; ``asking`` decides what may be said about a conversation."""
    explanation = Explanation(asked["user"])
    if not explanation.user.is_active:
        explanation.hurdles.append(
            _("%(user)s is inactive, and so can neither sign in nor use an API key.") % {"user": explanation.user}
        )
    if queue := asked["queue"]:
        explanation.scopes = [Scope(QUEUE, queue.pk)]
    elif group := asked["direct"]:
        explanation.scopes = [Scope(DIRECT, group.pk)]
    elif folder := asked["folder"]:
        explanation.scopes = [Scope(FOLDER, folder.pk)]
    if what := asked["what"].strip():
        _take_in(what, explanation, asking=asking)
    if explanation.configures:
        return explanation
    if explanation.scopes:
        held = FOLDER_RIGHTS if asked["folder"] and not asked["queue"] else QUEUE_RIGHTS
        rights = [right for right in explanation.rights if right in held]
        explanation.answers = explain(explanation.user, rights, explanation.scopes)
    else:
        explanation.extents = [extent for extent in extents(explanation.user) if extent.right in explanation.rights]
    return explanation


def _take_in(what: str, explanation: Explanation, *, asking: User) -> None:
    """What an address or an id adds to the question."""
    if conversation_id := _as_id(what):
        _scope_of(conversation_id, explanation, asking=asking)
        return
    try:
        page = resolve(urlsplit(what).path)
    except (Resolver404, ValueError):  # no such page, or no address at all
        explanation.notes.append(_("The portal has no page or door under this address. Is it mistyped?"))
        return
    name = page.view_name.partition(":")[0]
    if name in ("admin", "why_rights"):
        explanation.configures = True
        explanation.hurdles += list(_hurdles_of_configurator(explanation.user))
        return
    explanation.rights = rights_needed(page)
    if not explanation.rights:
        explanation.notes.append(_("This address needs no access right."))
    elif name in RIGHTS_OF_PAGES and explanation.user.is_api_client:
        explanation.hurdles.append(_("%(user)s is an API client, and cannot use pages.") % {"user": explanation.user})
    if conversation_id := page.kwargs.get("pk") or page.kwargs.get("conversation_id"):
        if page.view_name.startswith("reports:"):
            explanation.notes.append(
                _("A file can be fetched only by who ordered it, with the rights it was made with.")
            )
        elif not explanation.scopes:
            _scope_of(conversation_id, explanation, asking=asking)


def rights_needed(page: ResolverMatch) -> tuple[Right, ...]:
    """The rights of which one opens the page or door; empty where it takes none."""
    if page.namespace in RIGHTS_OF_PAGES:
        return RIGHTS_OF_PAGES[page.namespace]
    name = page.url_name or ""
    if name in RIGHTS_OF_DOORS:
        return RIGHTS_OF_DOORS[name]
    is_action = name.startswith(ACTION_PREFIX) and "conversation_id" in page.kwargs
    return (Right.SERVE,) if is_action else ()


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _scope_of(conversation_id: uuid.UUID, explanation: Explanation, *, asking: User) -> None:
    """Where the conversation belongs, if who asks holds any right on it."""
    for right in QUEUE_RIGHTS:
        seen = Conversation.objects.granting(right, to=asking).filter(pk=conversation_id)
        if conversation := seen.select_related("agent").first():
            break
    else:
        explanation.notes.append(str(OF_NO_USE))
        return
    if conversation.queue_id:
        explanation.scopes = [Scope(QUEUE, conversation.queue_id)]
    elif conversation.agent:
        explanation.scopes = direct_scopes_of(conversation.agent)
    elif conversation.ended_in_ivr:
        queues = Queue.objects.filter(channel=conversation.channel_id).order_by("name")
        explanation.scopes = [Scope(QUEUE, pk) for pk in queues.values_list("pk", flat=True)]
        explanation.notes.append(_("The call ended in the IVR: a right on any queue of its channel reaches it."))


def _hurdles_of_configurator(user: User) -> list[str]:
    """What keeps the user out of the System Configurator."""
    hurdles = []
    if user.is_api_client:
        hurdles.append(_("%(user)s is an API client, and cannot use pages.") % {"user": user})
    if not user.is_staff:
        hurdles.append(
            _("“May open the System Configurator” is off for %(user)s. Switch it on on the user's page.")
            % {"user": user}
        )
    if not user.is_superuser and not any(name.startswith("channels_cfg.") for name in user.get_all_permissions()):
        hurdles.append(
            _("%(user)s is in no group that opens its pages. Add the user to the group System Configurator.")
            % {"user": user}
        )
    return hurdles


def _linked(ways: Any) -> list[tuple[str, str]]:
    """Each way with the address of the matrix where it is granted."""
    return [(way.words, _address(way)) for way in ways]


def _address(way: Way) -> str:
    return matrix_of(way.origin.holder, rows=way.origin.scope.kind)
