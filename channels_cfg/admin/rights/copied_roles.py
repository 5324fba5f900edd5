"""Copying a role to a new group, and one user's rights to another: shown in words first, then done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.admin.rights.rights_preview import may_change, preview_or_save
from channels_cfg.models import AccessRight, User
from channels_cfg.rights.changes import rights_in_words
from channels_cfg.rights.copied import CopiedRights, copied_rights, copy_group, own_cells, pages_to_copy
from channels_cfg.rights.effective import GROUP, Holder, names_of


class NewNameForm(forms.ModelForm):
    """The name of a copy; the form refuses one that is taken."""

    class Meta:
        model = Group
        fields = ["name"]


class LikeWhomForm(forms.Form):
    """Who is to hold the same, and whether as a member of the same groups."""

    target = forms.ModelChoiceField(
        User.objects.all(),
        label=gettext_lazy("Copy to"),
        widget=AutocompleteSelect(AccessRight._meta.get_field("user"), admin.site),
        help_text=gettext_lazy("Keeps what this user holds already."),
    )
    groups = forms.BooleanField(
        label=gettext_lazy("Join the same groups"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Most rights come from groups."),
    )

    def __init__(self, source: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clean_target(self) -> User:
        target: User = self.cleaned_data["target"]
        if target == self.source:
            raise ValidationError(_("Choose somebody else: these are the rights that are copied."))
        return target


def copy_group_page(request: HttpRequest, group: Group | None) -> HttpResponse:
    """What the copy will hold, and a name for it."""
    if not (request.user.has_perm("auth.add_group") and request.user.has_perm("channels_cfg.add_accessright")):
        raise PermissionDenied
    by = request.user
    assert isinstance(by, User)  # staff are signed in
    if group is None:
        raise Http404
    form = NewNameForm(request.POST or None, initial={"name": f"{group.name} 2"})
    if request.method == "POST" and form.is_valid():
        copy = copy_group(group, name=form.cleaned_data["name"], by=by)
        messages.success(
            request,
            _("Group “%(copy)s” holds what “%(group)s” holds. Add members below.")
            % {"copy": copy.name, "group": group.name},
        )
        return HttpResponseRedirect(reverse("admin:auth_group_change", args=[copy.pk]))
    cells = own_cells(Holder(GROUP, group.pk))
    pages, left_out = pages_to_copy(group, by=by)
    context = {
        **admin.site.each_context(request),
        "title": _("Copy the group %(group)s") % {"group": group.name},
        "opts": Group._meta,
        "group": group,
        "form": form,
        "rights": rights_in_words(cells, names_of(cell.scope for cell in cells)),
        "pages": [page.name for page in pages],
        "left_out": [page.name for page in left_out],
    }
    return TemplateResponse(request, "admin/auth/group/copy.html", context)


def copy_rights_page(request: HttpRequest, source: User | None) -> HttpResponse:
    """Choose who is to hold the same, see what that means, and save it."""
    if source is None:
        raise Http404
    users = admin.site._registry[User]
    if not (may_change(request) and users.has_change_permission(request)):
        raise PermissionDenied
    by = request.user
    assert isinstance(by, User)  # staff are signed in
    form = LikeWhomForm(source, request.POST or None, initial={"groups": True})
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["target"]
        if users.has_change_permission(request, target):
            return _previewed_or_copied(request, source, target, by=by, with_groups=form.cleaned_data["groups"])
        form.add_error("target", _("Only a superuser may change a superuser."))
    context = {
        **admin.site.each_context(request),
        "title": _("Copy the rights of %(source)s") % {"source": source},
        "opts": User._meta,
        "source": source,
        "form": form,
    }
    return TemplateResponse(request, "admin/channels_cfg/user/copy_rights.html", context)


def _previewed_or_copied(
    request: HttpRequest, source: User, target: User, *, by: User, with_groups: bool
) -> HttpResponse:
    page_of_target = reverse("admin:channels_cfg_user_change", args=[target.pk])

    def propose() -> CopiedRights:
        return copied_rights(source, target, by=by, with_groups=with_groups)

    if propose().is_empty:
        messages.info(request, _("%(target)s holds all of it already.") % {"target": target})
        return HttpResponseRedirect(page_of_target)
    return preview_or_save(
        request,
        propose,
        next_address=page_of_target,
        said=_("%(target)s now holds what %(source)s holds.") % {"target": target, "source": source},
        title=_("Copy the rights of %(source)s to %(target)s") % {"source": source, "target": target},
        may_edit=False,
        carried_fields=[("target", target.pk), *([("groups", "on")] if with_groups else [])],
        leave=reverse("admin:channels_cfg_user_change", args=[source.pk]),
    )
