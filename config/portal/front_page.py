"""Where a person lands who only knows the portal's name."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from channels_cfg.models import User
from config.templatetags.navigation import address, names_open_to


@login_required
def front_page(request: HttpRequest) -> HttpResponse:
    """Administrators go to the System Configurator, everybody else to the first page that their rights open."""
    assert isinstance(request.user, User)  # signed in
    if request.user.is_staff:
        return redirect("admin:index")
    for name in names_open_to(request.user):
        if url := address(name):
            return redirect(url)
    return redirect("history:index")


def configurator_sign_in(request: HttpRequest) -> HttpResponse:
    """Whom the System Configurator does not let in signs in; whoever has done so is told what is missing."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
    if admin.site.has_permission(request):
        return redirect("admin:index")
    return render(request, "403.html", {"is_configurator": True}, status=403)
