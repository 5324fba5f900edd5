"""Mail boxes: where mail of customers is read, and which queue it waits in."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import is_own_host
from channels_cfg.models.channel import Channel
from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.queue import Queue
from channels_cfg.models.rules import refuse, related
from channels_cfg.models.versioned import versioned

LONGEST_PASSWORD = 512
LARGEST_PORT = 65535


@versioned(exclude=["password"])
class MailBox(models.Model):
    """A box of a mail server that is read every minute. Each mail in it becomes a conversation, without attached data
    (specification 000)."""

    class BoxKind(models.TextChoices):
        IMAP = "imap", _("IMAP")
        MAILDIR = "maildir", _("Maildir folder")

    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("None")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Sales mail"))
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        verbose_name=_("queue"),
        related_name="mail_boxes",
        limit_choices_to={"channel__kind": "email"},
        help_text=_("Where its mail waits, unless the recipient is an address of another e-mail queue."),
    )
    kind = models.CharField(_("kind"), max_length=7, choices=BoxKind.choices, default=BoxKind.IMAP)
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        validators=[RegexValidator(r"^[A-Za-z0-9.:_-]+\Z", _("A host's name, such as imap.example.com."))],
        help_text=_(
            "Of an IMAP server. One in a private network is named among the allowed hosts of the system settings. "
            "Example: imap.example.com"
        ),
    )
    port = models.PositiveIntegerField(
        _("port"),
        default=993,
        validators=[MinValueValidator(1), MaxValueValidator(LARGEST_PORT)],
        help_text=_("993 with TLS, 143 with STARTTLS."),
    )
    security = models.CharField(
        _("security"),
        max_length=8,
        choices=Security.choices,
        default=Security.TLS,
        help_text=_("None: for the allowed hosts of the system settings alone."),
    )
    username = models.CharField(_("user name"), max_length=200, blank=True, help_text=_("Example: sales@example.com"))
    password = EncryptedTextField(
        _("password"),
        blank=True,
        default="",
        validators=[MaxLengthValidator(LONGEST_PASSWORD)],
        help_text=_("It is not shown again."),
    )
    folder = models.CharField(
        _("folder"),
        max_length=300,
        help_text=_("On the IMAP server; or, of a maildir, on this machine. Examples: INBOX · /var/mail/sales"),
        default="INBOX",
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it is not read."))

    class Meta:
        verbose_name = _("mail box")
        verbose_name_plural = _("mail boxes")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="maildir", folder__startswith="/") | Q(kind="imap") & ~Q(host="") & ~Q(username=""),
                name="a_mail_box_says_where_it_is",
                violation_error_message=_(
                    "An IMAP box has a host and a user name; a maildir is a folder whose path begins with /."
                ),
            ),
            models.CheckConstraint(
                condition=Q(port__range=(1, LARGEST_PORT)),
                name="a_port_is_between_1_and_65535",
                violation_error_message=_("A port is between 1 and 65535."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """What its kind needs; mail waits in queues of e-mail channels; nobody reads along."""
        complaints: dict[str, Any] = {}
        if self.kind == self.BoxKind.IMAP:
            for name in ("host", "username"):
                if not getattr(self, name):
                    complaints[name] = gettext("An IMAP box needs it.")
            if self.security == self.Security.NONE and self.host and not is_own_host(self.host, self.port):
                complaints["security"] = gettext(
                    "Passwords and mail of %(host)s would be readable on the way. Choose TLS, or name the host among "
                    "the allowed hosts of the system settings if it is yours."
                ) % {"host": self.host}
        elif not self.folder.startswith("/"):
            complaints["folder"] = gettext("Enter the whole path of the maildir, beginning with /.")
        queue = related(self, "queue")
        if queue and queue.kind not in ("", Channel.Kind.EMAIL):
            complaints["queue"] = gettext(
                "Queue “%(queue)s” is of a %(kind)s channel. Choose one of an e-mail channel."
            ) % {"queue": queue, "kind": queue.kind}
        refuse(complaints)
