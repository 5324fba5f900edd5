"""Data actions: one call to somebody else's API that an administrator described, and the connections they go over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_api_address, tidied_api_address
from channels_cfg.data_actions.definition import FIELDS_BY_NAME_IN_FILE, LONGEST_WAIT, ActionDefinition
from channels_cfg.data_actions.faults import ActionFinding, Severity
from channels_cfg.data_actions.lint import findings_about
from channels_cfg.data_actions.velocity_reading import LONGEST_TEMPLATE
from channels_cfg.integrations.action_calls import actions_called_in
from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.messaging_service import LONGEST_SECRET
from channels_cfg.models.rules import refuse, related
from channels_cfg.models.tidied import TidiedCharField, TidiedTextField
from channels_cfg.models.versioned import versioned

LONGEST_ADDRESS_TEMPLATE = 4_000
DEFAULT_SUCCESS_TEMPLATE = "${rawResult}"


def tidied_template(text: str) -> str:
    """With line feeds alone, and without space around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


@versioned()
class DataActionConnection(models.Model):
    """Where data actions go, and how they sign in; Genesys Cloud calls it an integration."""

    class SignInKind(models.TextChoices):
        NONE = "none", _("By the action itself")
        BASIC = "basic", _("Basic authentication")
        BEARER = "bearer", _("Bearer token")
        OAUTH2 = "oauth2", _("OAuth 2 client credentials")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: CRM"))
    integration_type = models.CharField(
        _("integration type"),
        max_length=100,
        blank=True,
        help_text=_(
            "Published files of this type get this connection when they are imported. Example: purecloud-data-actions"
        ),
    )
    base_address = TidiedCharField(
        _("base address"),
        max_length=200,
        blank=True,
        default="",
        tidy=tidied_api_address,
        validators=[check_api_address],
        help_text=_("Goes before addresses that begin with /. Example: https://api.example.com"),
    )
    sign_in = models.CharField(
        _("signing in"),
        max_length=8,
        choices=SignInKind.choices,
        default=SignInKind.NONE,
        help_text=_(
            "Basic needs the credentials username and password, a bearer token the credential token, OAuth 2 the "
            "credentials clientId and clientSecret. An action of the type customAuth signs in for all others."
        ),
    )
    token_address = TidiedCharField(
        _("token address"),
        max_length=200,
        blank=True,
        default="",
        tidy=tidied_api_address,
        validators=[check_api_address],
        help_text=_("Where OAuth 2 gives tokens. Example: https://login.example.com/oauth/token"),
    )
    hosts = ArrayField(
        models.CharField(
            max_length=200,
            validators=[
                RegexValidator(
                    r"^(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?\Z",
                    _("A host, or all hosts below one. Examples: api.example.com · *.example.com"),
                )
            ],
        ),
        verbose_name=_("other hosts"),
        default=list,
        blank=True,
        help_text=_(
            "Hosts besides those of the base and token addresses that may see the credentials. Example: *.example.com"
        ),
    )

    class Meta:
        verbose_name = _("data action connection")
        verbose_name_plural = _("data action connections")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sign_in="oauth2") ^ Q(token_address=""),
                name="oauth_2_of_a_connection_has_a_token_address",
                violation_error_message=_("OAuth 2 needs a token address, and nothing else has one."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if (self.sign_in == self.SignInKind.OAUTH2) != bool(self.token_address):
            refuse({"token_address": gettext("OAuth 2 needs a token address, and nothing else has one.")})


@versioned(exclude=["secret"])
class DataActionCredential(models.Model):
    """A secret of a connection, by the name under which templates ask for it: ``${credentials.name}``."""

    connection = models.ForeignKey(
        DataActionConnection, models.CASCADE, verbose_name=_("connection"), related_name="credentials"
    )
    name = models.CharField(
        _("name"),
        max_length=100,
        validators=[
            RegexValidator(r"^[A-Za-z]\w*\Z", _("A letter, then letters, digits and underscores. Example: clientId"))
        ],
        help_text=_("Example: clientId"),
    )
    secret = EncryptedTextField(
        _("secret"), validators=[MaxLengthValidator(LONGEST_SECRET)], help_text=_("It is not shown again.")
    )

    class Meta:
        verbose_name = _("data action credential")
        verbose_name_plural = _("data action credentials")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "name"], name="a_credential_has_a_name_of_its_own"),
            models.CheckConstraint(condition=~Q(secret=""), name="a_data_action_credential_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class DataActionContent(models.Model):
    """What an action sends and what it makes of the answer. Objects are JSON texts, as they are edited."""

    class RequestType(models.TextChoices):
        GET = "GET", _("GET")
        POST = "POST", _("POST")
        PUT = "PUT", _("PUT")
        PATCH = "PATCH", _("PATCH")
        DELETE = "DELETE", _("DELETE")
        HEAD = "HEAD", _("HEAD")
        OPTIONS = "OPTIONS", _("OPTIONS")

    timeout_seconds = models.PositiveSmallIntegerField(
        _("time limit (seconds)"),
        default=LONGEST_WAIT,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WAIT)],
        help_text=_("How long the whole action may take, from 1 to 60 seconds."),
    )
    request_type = models.CharField(
        _("request type"), max_length=7, choices=RequestType.choices, default=RequestType.GET
    )
    request_url_template = TidiedTextField(
        _("address"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_ADDRESS_TEMPLATE)],
        help_text=_("A template. Example: /api/v2/externalcontacts/contacts?q=$esc.url(${input.phone})"),
    )
    headers = TidiedTextField(
        _("headers"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_('A JSON object of templates. Example: {"x-api-key": "${credentials.apiKey}"}'),
    )
    request_template = TidiedTextField(
        _("body"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_('A template; GET sends none. Example: {"phone": "$esc.jsonString(${input.phone})"}'),
    )
    translation_map = TidiedTextField(
        _("translation map"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_('A JSON object of JSONPaths by name. Example: {"id": "$.entities[0].id"}'),
    )
    translation_map_defaults = TidiedTextField(
        _("defaults"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_('JSON for what a path does not find, each as a text. Example: {"id": "\\"\\""}'),
    )
    success_template = TidiedTextField(
        _("success template"),
        default=DEFAULT_SUCCESS_TEMPLATE,
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_('A template that makes JSON. ${rawResult} is the whole answer. Example: {"contactId": ${id}}'),
    )
    input_schema = TidiedTextField(
        _("input contract"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_("JSON Schema, draft 4: an object of texts, numbers and switches."),
    )
    success_schema = TidiedTextField(
        _("output contract"),
        blank=True,
        default="",
        tidy=tidied_template,
        validators=[MaxLengthValidator(LONGEST_TEMPLATE)],
        help_text=_("JSON Schema, draft 4, of what the success template makes."),
    )

    class Meta:
        abstract = True

    def definition(self) -> ActionDefinition:
        raise NotImplementedError

    def findings(self) -> list[ActionFinding]:
        """What is wrong with it, the worst first."""
        return findings_about(self.definition())

    def content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CONTENT}

    def refuse_unfit(self, *severities: Severity) -> None:
        """Raise ``ValidationError``, by field, for what is wrong to this degree."""
        complaints: dict[str, list[str]] = {}
        for finding in self.findings():
            if finding.severity in severities:
                field = FIELDS_BY_NAME_IN_FILE[finding.field]
                words = f"{finding.at}: {finding.words}" if finding.at.line else finding.words
                complaints.setdefault(field, []).append(words[:1].upper() + words[1:])
        refuse(complaints)


CONTENT: Iterable[str] = tuple(field.name for field in DataActionContent._meta.local_fields)


@versioned()
class DataAction(DataActionContent):
    """A data action (specification 004). Until it is published it is a draft itself; a published one is edited in a
    draft beside it, and runs on as it was until that is published."""

    class ActionType(models.TextChoices):
        CUSTOM = "custom", _("Custom")
        CUSTOM_AUTH = "customAuth", _("Signs in for its connection")
        STATIC = "static", _("Static")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")

    name = models.CharField(
        _("name"), max_length=256, unique=True, help_text=_("Example: Find contact by phone number")
    )
    category = models.CharField(_("category"), max_length=256, blank=True, help_text=_("Example: Contacts"))
    connection = models.ForeignKey(
        DataActionConnection,
        models.PROTECT,
        verbose_name=_("connection"),
        related_name="actions",
        null=True,
        blank=True,
        help_text=_("Where it goes and how it signs in; without one it uses whole addresses and no credentials."),
    )
    integration_type = models.CharField(
        _("integration type"),
        max_length=100,
        blank=True,
        default="custom-rest-actions",
        help_text=_("What published files call the kind of connection. Example: custom-rest-actions"),
    )
    action_type = models.CharField(
        _("action type"),
        max_length=10,
        choices=ActionType.choices,
        default=ActionType.CUSTOM,
        help_text=_("One that signs in gives its answer to the others of its connection, as authResponse."),
    )
    secure = models.BooleanField(_("secure"), default=False, help_text=_("It is made for sensitive data."))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.DRAFT)

    class Meta:
        verbose_name = _("data action")
        verbose_name_plural = _("data actions")
        ordering = ["name"]
        permissions = [("execute_dataaction", _("Can execute data action"))]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(action_type="customAuth", state="published"),
                name="one_action_signs_in_for_a_connection",
                violation_error_message=_("Another action signs in for this connection."),
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__range=(1, LONGEST_WAIT)), name="a_data_action_takes_a_minute_at_most"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_published(self) -> bool:
        return self.state == self.State.PUBLISHED

    def definition(self) -> ActionDefinition:
        return _definition(self, self)

    def clean(self) -> None:
        """What cannot be read is not kept; what cannot run is not published; what is called keeps its name."""
        self._refuse_another_name()
        self.refuse_unfit(*([Severity.UNREADABLE, Severity.BLOCKS] if self.is_published else [Severity.UNREADABLE]))

    def _refuse_another_name(self) -> None:
        stored = DataAction.objects.filter(pk=self.pk).first() if self.pk else None
        if stored and stored.name != self.name and (callers := stored.called_by()):
            words = gettext("Integrations call it by this name: %(names)s. Let them call another one first.")
            refuse({"name": words % {"names": ", ".join(callers[:3])}})

    def called_by(self) -> list[str]:
        """The integrations whose configuration names it."""
        integrations = apps.get_model("channels_cfg", "Integration").objects.filter(configuration__contains='"actions"')
        texts = integrations.values_list("name", "configuration")
        return [name for name, configuration in texts if self.name in actions_called_in(configuration)]


@versioned()
class DataActionDraft(DataActionContent):
    """What a published action is to become."""

    action = models.OneToOneField(DataAction, models.CASCADE, verbose_name=_("data action"), related_name="draft")

    class Meta:
        verbose_name = _("draft of a data action")
        verbose_name_plural = _("drafts of data actions")
        ordering = ["action__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(timeout_seconds__range=(1, LONGEST_WAIT)),
                name="a_draft_of_a_data_action_takes_a_minute_at_most",
            )
        ]

    def __str__(self) -> str:
        return gettext("Draft of %(action)s") % {"action": self.action}

    def definition(self) -> ActionDefinition:
        return _definition(related(self, "action") or DataAction(), self)

    def clean(self) -> None:
        """What cannot be read is not kept; what is no more than a draft is edited itself."""
        action = related(self, "action")
        if action and not action.is_published:
            refuse({"action": gettext("It is not published yet. Edit the data action itself.")})
        self.refuse_unfit(Severity.UNREADABLE)


def _definition(action: DataAction, content: DataActionContent) -> ActionDefinition:
    facts = {name: getattr(action, name) for name in ("name", "integration_type", "action_type", "secure")}
    return ActionDefinition(**facts, **content.content())
