"""Where a person lands who only knows the portal's name."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

PLACES_OF_WORK = ["desk:index", "history:index", "reports:index"]


@login_required
def front_page(request: HttpRequest) -> HttpResponse:
    """Administrators go to the System Configurator, everybody else to the first page there is for them."""
    if request.user.is_staff:
        return redirect("admin:index")
    for name in PLACES_OF_WORK:
        try:
            return redirect(reverse(name))
        except NoReverseMatch:
            continue
    return redirect("/history/")
