"""Event-driven integrations: what is asked of other systems when something happens to a conversation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_outgoing_address
from channels_cfg.integrations.action_calls import KnownAction
from channels_cfg.integrations.configuration import Configuration, ConfigurationFaults, read_configuration
from channels_cfg.integrations.names import in_request, why_unknown
from channels_cfg.integrations.placeholders import Placeholder, PlaceholderFault, parse_text
from channels_cfg.models.called_actions import published_actions
from channels_cfg.models.channel import Channel
from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.http_authentication import header_field, scope_field, token_address_field
from channels_cfg.models.messaging_service import LONGEST_SECRET
from channels_cfg.models.queue import Queue
from channels_cfg.models.rules import refuse
from channels_cfg.models.tidied import TidiedArrayField, TidiedCharField
from channels_cfg.models.versioned import versioned

ECHO = "edi://echo"
"""The endpoint that calls nobody: what would be asked is what is answered."""
ACTIONS = "edi://actions"
"""The endpoint that calls data actions, in the order of the configuration."""
LONGEST_SECONDS = 60


def _each_once(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def check_endpoint(text: str) -> None:
    """An address over HTTPS, whose path may hold placeholders, ``edi://echo`` or ``edi://actions``."""
    if text in (ECHO, ACTIONS):
        return
    scheme, separator, rest = text.partition("://")
    host, _slash, path = rest.partition("/")
    if scheme == "edi":
        names = {"actions": ACTIONS, "echo": ECHO}
        raise ValidationError(gettext("Behind edi:// stands one of two: %(actions)s or %(echo)s.") % names)
    if "{" in host or "{" in scheme:
        raise ValidationError(gettext("Placeholders may stand in the path only, never in the name of the host."))
    check_outgoing_address(f"{scheme}{separator}{host}/")
    if "?" in path or "#" in path:
        raise ValidationError(
            gettext("What stands behind a question mark belongs into the configuration, below request, params.")
        )
    try:
        parts = parse_text(path)
    except PlaceholderFault as fault:
        at = len(text) - len(path) + fault.at + 1
        raise ValidationError(gettext("Character %(at)s: %(fault)s") % {"at": at, "fault": fault.text}) from None
    for placeholder in (part for part in parts if isinstance(part, Placeholder)):
        if why := why_unknown(placeholder.path, in_request(())):
            raise ValidationError(why)
    if not (path.isascii() and path.isprintable()) or " " in path:
        raise ValidationError(gettext("An address has neither spaces nor letters beyond ASCII."))


@versioned(related_name="recorded_changes")
class Integration(models.Model):
    """One request to another system, what causes it, and what becomes of the answer (specification 001)."""

    class ConversationDirection(models.TextChoices):
        INBOUND = "inbound", _("Inbound")
        OUTBOUND = "outbound", _("Outbound")
        BOTH = "both", _("Both")

    class AnsweredEvent(models.TextChoices):
        RECEIVED = "received", _("Received")
        QUEUED = "queued", _("Queued")
        ALLOCATED = "allocated", _("Allocated")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        TRANSFERRED = "transferred", _("Transferred")
        FORWARDED = "forwarded", _("Forwarded")
        ENDED = "ended", _("Ended")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: CRM lookup"))
    description = models.CharField(_("description"), max_length=300, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it answers no event."))
    endpoint = TidiedCharField(
        _("endpoint"),
        max_length=500,
        tidy=str.strip,
        validators=[check_endpoint],
        help_text=_(
            "Where the request goes; the path may hold placeholders. edi://actions calls data actions in order, "
            "edi://echo asks nobody. Example: https://crm.example.com/contacts"
        ),
    )
    channels = TidiedArrayField(
        models.CharField(max_length=10, choices=Channel.Kind.choices),
        verbose_name=_("channels"),
        default=list,
        blank=True,
        tidy=_each_once,
        help_text=_("Kinds of channels. Empty: all. Example: voice, chat"),
    )
    direction = models.CharField(
        _("conversation direction"),
        max_length=8,
        choices=ConversationDirection.choices,
        default=ConversationDirection.INBOUND,
    )
    events = TidiedArrayField(
        models.CharField(max_length=11, choices=AnsweredEvent.choices),
        verbose_name=_("events"),
        tidy=_each_once,
        help_text=_("What it answers. Example: received, transferred, forwarded"),
    )
    direct = models.BooleanField(
        _("direct conversations"), default=False, help_text=_("Also those that wait in no queue.")
    )
    all_queues = models.BooleanField(_("all queues"), default=False)
    queues = models.ManyToManyField(
        Queue, blank=True, related_name="integrations", verbose_name=_("queues"), help_text=_("Or all, above.")
    )
    ordinal = models.PositiveSmallIntegerField(
        _("ordinal"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Of those that answer the same event, the lowest come first; three are asked at most. Example: 1"),
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        _("time limit (seconds)"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_SECONDS)],
        help_text=_("So long one request may take. The conversation never waits for it. Example: 10"),
    )
    configuration = models.TextField(
        _("JSON for configuration"),
        help_text=_('What is asked, and what becomes of the answer: {"request": {…}, "response": {…}}'),
    )

    given_authentications: Mapping[str, str] | None = None
    """Types by name of those that are about to be saved with it; None: those that are stored count."""

    given_actions: Mapping[str, KnownAction] | None = None
    """Data actions that will be published when it is saved; None: those that are published count."""

    kept_secrets: Collection[str] | None = None
    """Names of those whose stored secret stays; None: of all."""

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        ordering = ["ordinal", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ordinal__gte=1, timeout_seconds__range=(1, LONGEST_SECONDS)),
                name="an_integration_has_an_ordinal_and_a_time_limit",
                violation_error_message=_("The ordinal is 1 or more; the time limit 1 to 60 seconds."),
            ),
            models.CheckConstraint(
                condition=~Q(events=[]),
                name="an_integration_answers_an_event",
                violation_error_message=_("Choose an event."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_echo(self) -> bool:
        return self.endpoint == ECHO

    @property
    def calls_actions(self) -> bool:
        return self.endpoint == ACTIONS

    @property
    def has_address(self) -> bool:
        return not (self.is_echo or self.calls_actions)

    @property
    def endpoint_name(self) -> str:
        """Whom it asks, in one word: host and port; where it calls actions, their row."""
        if self.calls_actions:
            return f"actions/{self.pk}"
        return urlsplit(self.endpoint.partition("{")[0]).netloc.lower()

    def _shown_elsewhere(self) -> list[str]:
        """The authentications whose stored secret another host would see."""
        stored = Integration.objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or stored.endpoint_name in ("", self.endpoint_name) or not self.has_address:
            return []
        names = stored.authentications.values_list("name", flat=True)
        return [name for name in names if self.kept_secrets is None or name in self.kept_secrets]

    def types_of_authentications(self) -> Mapping[str, str]:
        if self.given_authentications is not None:
            return self.given_authentications
        return dict(self.authentications.values_list("name", "kind")) if self.pk else {}

    def read(self) -> Configuration:
        """Its JSON. Raises ``ConfigurationFaults``."""
        return read_configuration(
            self.configuration, authentications=self.types_of_authentications(), actions=self._known_actions()
        )

    def _known_actions(self) -> Mapping[str, KnownAction] | None:
        if not self.calls_actions:
            return None
        return self.given_actions if self.given_actions is not None else published_actions()

    def clean(self) -> None:
        """The JSON says something that can be done, and no stored secret goes to a host that did not have it."""
        complaints: dict[str, Any] = {}
        if shown := self._shown_elsewhere():
            words = gettext("Enter the secret of %(names)s again: it would be shown to another host.")
            complaints["endpoint"] = words % {"names": ", ".join(shown)}
        try:
            self.read()
        except ConfigurationFaults as refused:
            complaints["configuration"] = [str(fault) for fault in refused.faults]
        refuse(complaints)


@versioned(exclude=["secret"])
class Authentication(models.Model):
    """How an integration says who asks. The secret is stored encrypted and never shown."""

    class Kind(models.TextChoices):
        BASIC = "basic", _("Basic: user name and password")
        BEARER = "bearer", _("Bearer token")
        API_KEY = "api_key", _("API key")
        OAUTH2 = "oauth2", _("OAuth2 client credentials")

    integration = models.ForeignKey(
        Integration, models.CASCADE, verbose_name=_("integration"), related_name="authentications"
    )
    name = models.CharField(
        _("name"),
        max_length=60,
        validators=[
            RegexValidator(r"^[A-Za-z][A-Za-z0-9_-]*\Z", _("A letter, then letters, digits, hyphens and underscores."))
        ],
        help_text=_("By which the JSON names it. Example: crm"),
    )
    kind = models.CharField(_("type"), max_length=7, choices=Kind.choices, default=Kind.BASIC)
    username = models.CharField(
        _("user name or client ID"), max_length=200, blank=True, default="", help_text=_("Of basic and OAuth2.")
    )
    secret = EncryptedTextField(
        _("secret"),
        validators=[MaxLengthValidator(LONGEST_SECRET)],
        help_text=_("The password, token, key or client secret. It is not shown again."),
    )
    header = header_field()
    token_address = token_address_field()
    scope = scope_field()

    class Meta:
        verbose_name = _("authentication")
        verbose_name_plural = _("authentications")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["integration", "name"], name="an_authentication_has_its_own_name"),
            models.CheckConstraint(condition=~Q(secret=""), name="an_authentication_has_a_secret"),
            models.CheckConstraint(
                condition=Q(kind="oauth2") & ~Q(token_address="") | ~Q(kind="oauth2") & Q(token_address="", scope=""),
                name="oauth2_and_nothing_else_has_a_token_address",
                violation_error_message=_("OAuth2, and nothing else, has a token address."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Each type has what it needs, and nothing of another."""
        complaints: dict[str, Any] = {}
        for name, kinds in NEEDED_BY.items():
            if self.kind in kinds and not getattr(self, name):
                complaints[name] = gettext("This type of authentication needs it.")
        for name, kinds in MAY_HAVE.items():
            if getattr(self, name) and self.kind not in kinds:
                complaints[name] = gettext("This type of authentication has none. Leave it empty.")
        refuse(complaints)


NEEDED_BY: Mapping[str, Iterable[str]] = {"username": ("basic", "oauth2"), "token_address": ("oauth2",)}
MAY_HAVE: Mapping[str, Iterable[str]] = {**NEEDED_BY, "header": ("api_key",), "scope": ("oauth2",)}


@versioned(model_name="IntegrationQueueEvent")
class IntegrationQueue(Integration.queues.through):  # type: ignore[name-defined]
    """A queue of an integration."""

    class Meta:
        proxy = True
        verbose_name = _("queue of an integration")
        verbose_name_plural = _("queues of integrations")
        default_permissions = ()
