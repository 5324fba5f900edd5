"""A dangerous action asks for a few typed words before it is done.

Pages say what is dangerous and what it leads to; asking, comparing and carrying along what was typed is done here.
Saving a form: override ``confirmation_of_saving``. Deleting: set ``confirms_deleting``, or
override ``confirmation_of_deleting`` where it depends on the record. A page of one's own:

    if asked := ask_to_confirm(request, self.admin_site, confirmation):
        return asked
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.admin.safeguards.resubmission import RESUBMITTED, carry
from channels_cfg.history.change_set import Confirmation

TYPED = "_typed"
LONGEST_WORDS = 60
"""Nobody types more than this without a mistake."""


class NotConfirmed(Exception):
    """Nothing was saved: the action has yet to be confirmed."""

    def __init__(self, confirmation: Confirmation) -> None:
        super().__init__(confirmation.title)
        self.confirmation = confirmation


def is_confirmed(request: HttpRequest, confirmation: Confirmation) -> bool:
    """Whether the words were typed; spaces around them do not count, upper and lower case do."""
    return request.POST.get(TYPED, "").strip() == confirmation.words.strip()


def ask_to_confirm(
    request: HttpRequest, site: AdminSite, confirmation: Confirmation, *, context: dict[str, Any] | None = None
) -> HttpResponse | None:
    """The page that asks, or None where the words were typed. Its answer comes to the same address, with everything
    that was posted."""
    if is_confirmed(request, confirmation):
        return None
    context = {
        **site.each_context(request),
        **confirmation_context(request, confirmation),
        "title": confirmation.title,
        "carried_name": RESUBMITTED,
        "carried": carry(request.POST, without=[TYPED]),
        **(context or {}),
    }
    return TemplateResponse(request, "admin/confirm.html", context, status=409)


def confirmation_context(request: HttpRequest, confirmation: Confirmation) -> dict[str, Any]:
    """What a template needs to ask."""
    return {"confirmation": confirmation, "typed_name": TYPED, "typed_wrong": request.POST.get(TYPED)}


class AsksForConfirmation:
    """For a ``ModelAdmin``: saving and deleting ask where they are dangerous."""

    confirms_deleting = False
    deleting_leads_to: Sequence[str | Promise] = ()
    """Sentences about what is lost with a record."""

    def confirmation_of_saving(
        self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool
    ) -> Confirmation | None:
        """What is dangerous about saving these valid forms, or None."""
        return None

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        except NotConfirmed as asked:
            context = {"opts": self.opts, "subtitle": object_id and str(self.get_object(request, unquote(object_id)))}  # type: ignore[attr-defined]
            page = ask_to_confirm(request, self.admin_site, asked.confirmation, context=context)  # type: ignore[attr-defined]
            assert page is not None  # it was not confirmed
            return page

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The last step of saving, where everything is known to be valid. Not confirmed: all of it is rolled back."""
        confirmation = self.confirmation_of_saving(request, form, formsets, change)
        if confirmation and not is_confirmed(request, confirmation):
            raise NotConfirmed(confirmation)
        super().save_related(request, form, formsets, change)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        record = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        confirmation = self.confirmation_of_deleting([record]) if record else None
        if confirmation is None:
            return super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        asked = confirmation_context(request, confirmation)
        if not is_confirmed(request, confirmation):
            request.POST = QueryDict()  # which shows the question again
        return super().delete_view(request, object_id, {**asked, **(extra_context or {})})  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)  # type: ignore[misc]
        if "delete_selected" in actions:
            delete, name, description = actions["delete_selected"]
            actions["delete_selected"] = (self._asking(delete), name, description)
        return actions

    def _asking(self, delete: Callable[..., Any]) -> Callable[..., Any]:
        def ask_and_delete(model_admin: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Any:
            confirmation = self.confirmation_of_deleting(chosen)
            if confirmation is None:
                return delete(model_admin, request, chosen)
            asked = confirmation_context(request, confirmation)
            if not is_confirmed(request, confirmation):
                typed = request.POST.copy()
                typed.pop("post", None)
                request.POST = typed  # type: ignore[assignment]
            answer = delete(model_admin, request, chosen)
            if isinstance(answer, TemplateResponse) and answer.context_data is not None:
                answer.context_data.update(asked)
            return answer

        return ask_and_delete

    def confirmation_of_deleting(self, records: Sequence[Any] | QuerySet[Any]) -> Confirmation | None:
        """What asks before these are deleted, or None; reads no record where deleting is not confirmed."""
        if not self.confirms_deleting:
            return None
        if len(records) == 1:
            return Confirmation(
                title=_("Delete %(kind)s “%(name)s”?") % {"kind": self._kind(), "name": records[0]},
                consequences=self.deleting_leads_to,
                words=words_for(str(records[0]), otherwise=_("delete")),
                button=_("Delete %(kind)s") % {"kind": self._kind()},
            )
        kinds = self.opts.verbose_name_plural  # type: ignore[attr-defined]
        words = _("delete %(number)d %(kinds)s") % {"number": len(records), "kinds": kinds}
        return Confirmation(capfirst(words) + "?", self.deleting_leads_to, words, capfirst(words))

    def _kind(self) -> str:
        return str(self.opts.verbose_name)  # type: ignore[attr-defined]


def words_for(name: str, *, otherwise: str) -> str:
    """The name as what is typed, or something shorter where nobody would type that."""
    name = " ".join(name.split())
    return name if 0 < len(name) <= LONGEST_WORDS else otherwise
