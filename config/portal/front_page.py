"""Where a person lands who only knows the portal's name."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

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
