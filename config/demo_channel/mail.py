"""The page on which a customer of the demonstration writes a mail: it is put into the maildir that the portal reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from config.demo_channel import customers
from config.demo_channel.views import LARGEST_FILE, of_this_page
from conversations import safe_html
from conversations.demo_mail import SENDERS, put, written


@dataclass(frozen=True)
class WrittenMail:
    """A mail that was written here. ``path`` is where it lies until the portal has read it."""

    sender: str
    subject: str
    at: datetime
    path: Path

    @property
    def is_taken_in(self) -> bool:
        return not self.path.exists()


_sent: list[WrittenMail] = []


@of_this_page
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What was written, and a new one."""
    box = customers.mail_box()
    if not box:
        raise Http404
    if request.method == "POST":
        _send(request, box)
        return redirect("mail")
    context = {"portal": customers.portal(), "address": box["address"], "senders": SENDERS, "sent": _sent[::-1]}
    return render(request, "demo_channel/_mails.html" if "part" in request.GET else "demo_channel/mail.html", context)


def _send(request: HttpRequest, box: dict[str, str]) -> None:
    name = request.POST.get("from", "")
    sender = next((one for one in SENDERS if one[1] == name), SENDERS[0])
    is_html = bool(request.POST.get("is_html"))
    subject, text = (request.POST.get(field, "").strip() for field in ("subject", "text"))
    file = request.FILES.get("file")
    attached = file.read() if file and file.size and file.size <= LARGEST_FILE else b""
    now = timezone.now()
    mail = written(
        sender,
        to=box["address"],
        subject=subject,
        text=safe_html.as_text(text) if is_html else text,
        html=text if is_html else "",
        at=now,
        name=PurePath(file.name or "file").name if file else "",
        file=attached,
    )
    _sent.append(WrittenMail(sender[0], subject, now, put(Path(box["maildir"]), mail)))
