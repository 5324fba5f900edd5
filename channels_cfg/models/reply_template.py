"""Reply templates: texts that agents send as they are, or with a few words filled in, kept in folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.access_right import AccessRight, Right
from channels_cfg.models.rules import refuse
from channels_cfg.models.versioned import versioned

if TYPE_CHECKING:
    from channels_cfg.models.user import User

LONGEST_TEXT = 4096
"""Characters that WhatsApp takes in one message."""
LONGEST_PARAMETER_NAME = 60

PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_PARAMETER_NAME = re.compile(rf"[\w.\[\]-]{{1,{LONGEST_PARAMETER_NAME}}}", re.ASCII)


def check_placeholders(text: str) -> None:
    """Raise ``ValidationError`` for braces that are no ``{{name}}``, naming the place."""
    rest = PLACEHOLDER.sub(lambda found: " " * len(found[0]), text)
    for braces in ("{{", "}}"):
        if (at := rest.find(braces)) >= 0:
            raise ValidationError(
                gettext("Character %(position)d, “%(braces)s”: a placeholder is written {{name}}, in one word.")
                % {"position": at + 1, "braces": braces}
            )
    for name in PLACEHOLDER.findall(text):
        if not _PARAMETER_NAME.fullmatch(name):
            raise ValidationError(
                gettext(
                    "“%(name)s” cannot name a parameter: use at most %(most)d letters, digits, dots, hyphens, "
                    "underscores and square brackets, such as first_name or body[1]text."
                )
                % {"name": name[:100], "most": LONGEST_PARAMETER_NAME}
            )


@versioned()
class ReplyTemplateFolder(models.Model):
    """Templates that the same people may use: the right to use them is held on their folder (specification 002)."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: WhatsApp deliveries"))
    description = models.CharField(_("description"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("reply-template folder")
        verbose_name_plural = _("reply-template folders")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ReplyTemplateQuerySet(models.QuerySet["ReplyTemplate"]):
    def usable_by(self, user: User) -> ReplyTemplateQuerySet:
        """Those in folders on which the user holds the right, by folder and name."""
        held = AccessRight.objects.held_by(user).filter(right=Right.USE_TEMPLATES)
        found = self.filter(folder__in=held.values("reply_template_folder"))
        return found.select_related("folder").order_by("folder__name", "name")


@versioned()
class ReplyTemplate(models.Model):
    """One text. A WhatsApp template was approved there under a name of its own, and may be sent at any time to
    customers who opted in; of it agents see the text, and its name, language and parameters are sent."""

    class Kind(models.TextChoices):
        PLAIN = "plain", _("Plain text")
        WHATSAPP = "whatsapp", _("WhatsApp template")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Delivery tomorrow"))
    folder = models.ForeignKey(
        ReplyTemplateFolder,
        models.PROTECT,
        verbose_name=_("folder"),
        related_name="templates",
        help_text=_("Whoever may use the folder may use the template."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=8,
        choices=Kind.choices,
        default=Kind.PLAIN,
        help_text=_("Plain text goes over every channel. A WhatsApp template goes out as approved at WhatsApp."),
    )
    template_id = models.CharField(
        _("name at WhatsApp"),
        max_length=512,
        blank=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9_]+\Z", _("As approved: small letters, digits and underscores. Example: delivery_update")
            )
        ],
        help_text=_("As approved there. Example: delivery_update"),
    )
    language_code = models.CharField(
        _("language"),
        max_length=12,
        blank=True,
        validators=[
            RegexValidator(
                r"^[a-z]{2,3}(_[A-Z]{2})?\Z",
                _("A language, and where it was approved with one a country, with an underscore: fi or en_US."),
            )
        ],
        help_text=_("As approved at WhatsApp, with an underscore. Examples: fi · en_US"),
    )
    text = models.TextField(
        _("text"),
        validators=[MaxLengthValidator(LONGEST_TEXT), check_placeholders],
        help_text=_(
            "What agents see, and of plain text what customers get; the agent fills in each {{name}}. For a WhatsApp "
            "template name the parameters as they are sent. Example: Good day {{name}}, your order {{order}} comes "
            "tomorrow."
        ),
    )

    objects = ReplyTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="plain", template_id="", language_code="")
                | Q(kind="whatsapp") & ~Q(template_id="") & ~Q(language_code=""),
                name="a_whatsapp_template_has_a_name_and_a_language_there",
                violation_error_message=_(
                    "A WhatsApp template has a name and a language at WhatsApp; plain text has neither."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def parameters(self) -> list[str]:
        """The names of its placeholders, each once, in the order of the text."""
        return list(dict.fromkeys(PLACEHOLDER.findall(self.text)))

    def clean(self) -> None:
        """What WhatsApp calls it: needed for its templates, and for nothing else."""
        complaints: dict[str, Any] = {}
        for name, example in (("template_id", "delivery_update"), ("language_code", "en_US")):
            given = bool(getattr(self, name))
            if self.kind == self.Kind.WHATSAPP and not given:
                complaints[name] = gettext("A WhatsApp template needs it. Example: %(example)s") % {"example": example}
            if self.kind == self.Kind.PLAIN and given:
                complaints[name] = gettext("Only a WhatsApp template has one. Leave it empty.")
        refuse(complaints)
