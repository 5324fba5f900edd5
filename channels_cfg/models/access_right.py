"""Who may do what, on which queues and with which reply templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.rules import refuse
from channels_cfg.models.versioned import versioned

if TYPE_CHECKING:
    from channels_cfg.models.user import User


class Right(models.TextChoices):
    """What may be granted (rule 10 of the domain)."""

    VIEW_HISTORY = "view_history", _("View history")
    SERVE = "serve", _("Serve")
    MANAGE_CONTACTS = "manage_contacts", _("Manage contacts")
    VIEW_REPORTS = "view_reports", _("View reports")
    VIEW_CONSENTS = "view_consents", _("View consents")
    USE_TEMPLATES = "use_templates", _("Use templates")


QUEUE_RIGHTS = tuple(right for right in Right if right != Right.USE_TEMPLATES)
"""Held on a queue, a queue group, or direct conversations."""
FOLDER_RIGHTS = (Right.USE_TEMPLATES,)
"""Held on a reply-template folder (specification 002, WhatsApp)."""
PLACES = ("queue", "queue_group", "direct_conversations_of", "reply_template_folder")
"""Where a right may be held: the fields of which one is set."""
TEMPLATES_IN_FOLDERS = _("“Use templates” is held on a reply-template folder, every other right elsewhere.")


class _IsOneOf(Func):
    """Whether an array holds the value. PostgreSQL looks that up in an index, whatever it is joined to by OR."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = models.BooleanField()


class AccessRightQuerySet(models.QuerySet["AccessRight"]):
    def held_by(self, user: User) -> AccessRightQuerySet:
        """Rights the user holds directly or through a group."""
        their_groups = get_user_model().groups.through.objects.filter(user=user).values("group")
        return self.filter(Q(user=user) | Q(_IsOneOf("group", ArraySubquery(their_groups))))

    def holders(self) -> models.QuerySet[User]:
        """The users who hold any of these rights directly or through a group."""
        users = get_user_model()
        in_groups = users.groups.through.objects.filter(user=OuterRef("pk"), group__in=self.values("group"))
        return users.objects.filter(Exists(self.filter(user=OuterRef("pk"))) | Exists(in_groups))


def _exactly_one(*fields: str) -> Q:
    """Holds where one of the fields is set and the others are not."""
    alternatives = Q()
    for chosen in fields:
        alternatives |= Q(**{f"{field}__isnull": field != chosen for field in fields})
    return alternatives


@versioned()
class AccessRight(models.Model):
    """One right, held by one user or group, on one queue, queue group, the direct conversations of a group, or a
    reply-template folder."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("user"),
        null=True,
        blank=True,
        related_name="access_rights",
    )
    group = models.ForeignKey(
        Group, models.CASCADE, verbose_name=_("group"), null=True, blank=True, related_name="access_rights"
    )
    right = models.CharField(
        _("right"),
        max_length=20,
        choices=Right.choices,
        help_text=_(
            "View history: ended conversations. Serve: accept and handle. "
            "Manage contacts: read and post kept data. View reports: the Contact Log. "
            "View consents: whether customers opted in. Use templates: those of a reply-template folder."
        ),
    )
    queue = models.ForeignKey(
        "channels_cfg.Queue",
        models.CASCADE,
        verbose_name=_("queue"),
        null=True,
        blank=True,
        related_name="access_rights",
    )
    queue_group = models.ForeignKey(
        "channels_cfg.QueueGroup",
        models.CASCADE,
        verbose_name=_("queue group"),
        null=True,
        blank=True,
        related_name="access_rights",
    )
    direct_conversations_of = models.ForeignKey(
        Group,
        models.CASCADE,
        verbose_name=_("direct conversations of"),
        null=True,
        blank=True,
        related_name="rights_on_direct_conversations",
        help_text=_("Conversations without a queue, served by a member of this group."),
    )
    reply_template_folder = models.ForeignKey(
        "channels_cfg.ReplyTemplateFolder",
        models.CASCADE,
        verbose_name=_("reply-template folder"),
        null=True,
        blank=True,
        related_name="access_rights",
    )

    objects = AccessRightQuerySet.as_manager()

    class Meta:
        verbose_name = _("access right")
        verbose_name_plural = _("access rights")
        ordering = ["right", "id"]
        constraints = [
            models.CheckConstraint(
                condition=_exactly_one("user", "group"),
                name="a_right_is_held_by_one_user_or_group",
                violation_error_message=_("Choose a user or a group, and only one of them."),
            ),
            models.CheckConstraint(
                condition=_exactly_one(*PLACES),
                name="a_right_is_held_on_one_place",
                violation_error_message=_(
                    "Choose a queue, a queue group, direct conversations or a reply-template folder, and only one of "
                    "them."
                ),
            ),
            models.CheckConstraint(
                condition=Q(right__in=QUEUE_RIGHTS, reply_template_folder=None)
                | Q(right__in=FOLDER_RIGHTS, reply_template_folder__isnull=False),
                name="templates_are_used_by_folder",
                violation_error_message=TEMPLATES_IN_FOLDERS,
            ),
            models.UniqueConstraint(
                fields=["user", "group", "right", *PLACES],
                nulls_distinct=False,
                name="a_right_is_granted_once",
                violation_error_message=_("This right is granted already."),
            ),
        ]

    def __str__(self) -> str:
        holder = self.user or self.group
        place = (
            self.queue
            or self.queue_group
            or self.reply_template_folder
            or gettext("direct conversations of %(direct_conversations_of)s")
            % {"direct_conversations_of": self.direct_conversations_of}
        )
        return gettext("%(holder)s: %(get_right_display)s on %(place)s") % {
            "holder": holder,
            "get_right_display": self.get_right_display(),
            "place": place,
        }

    def clean(self) -> None:
        """What a right is about decides where it is held."""
        if self.right and (self.right in FOLDER_RIGHTS) != (self.reply_template_folder is not None):
            refuse({"right": TEMPLATES_IN_FOLDERS})
