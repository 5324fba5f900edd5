"""IVR definitions: what a caller hears and presses before a call waits in a queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pgtrigger
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_address, tidied_address
from channels_cfg.ivr.call_flow import FIELDS_OF_KIND, KEYS, CallFlow, FlowStep
from channels_cfg.ivr.faults import Fault, faults, faults_of_step
from channels_cfg.ivr.walk import LONGEST_ENTRY
from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models.access_right import Right
from channels_cfg.models.channel import Channel
from channels_cfg.models.extra_data import KeyListField
from channels_cfg.models.opening_hours import OpeningHours, tidied_lines
from channels_cfg.models.queue import ONE_ADDRESS, Queue, QueueAddress
from channels_cfg.models.rules import checked_with_its_parts, refuse, related
from channels_cfg.models.tidied import TidiedArrayField, TidiedCharField
from channels_cfg.models.user import User
from channels_cfg.models.versioned import versioned

LONGEST_PROMPT = 2000
LONGEST_STEP_NAME = 60
LONGEST_VALUE = 200
LONGEST_KEY_LINE = LONGEST_STEP_NAME + LONGEST_VALUE + 10

HAS_A_QUEUE = _("A queue has this address already. An address leads to a queue or to an IVR.")


def one_line(text: str) -> str:
    return " ".join(text.split())


class IvrDefinitionQuerySet(models.QuerySet["IvrDefinition"]):
    def granting(self, right: Right, *, to: User) -> IvrDefinitionQuerySet:
        """Those that lead to queues on all of which the user holds the right, and to at least one."""
        queues = Queue.objects.granting(right, to=to)
        leading = IvrStep.objects.filter(definition=models.OuterRef("pk"), queue__isnull=False)
        return self.filter(models.Exists(leading)).exclude(models.Exists(leading.exclude(queue__in=queues)))

    def reached_at(self, address: str) -> IvrDefinitionQuerySet:
        """The one that calls to this number come to."""
        return self.filter(pk__in=IvrAddress.objects.filter(address__iexact=address).values("definition"))


@versioned()
class IvrDefinition(models.Model):
    """What becomes of a call before it waits: steps that say, ask, decide, and transfer to a queue of the channel."""

    name = TidiedCharField(
        _("name"), max_length=100, unique=True, tidy=one_line, help_text=_("Example: Service number")
    )
    channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        verbose_name=_("channel"),
        related_name="ivrs",
        help_text=_("A voice channel: calls are transferred to its queues. Example: Phone"),
    )
    description = models.CharField(_("description"), max_length=300, blank=True)
    variables = KeyListField(
        verbose_name=_("variables"),
        help_text=_(
            "What the steps below set. A variable is named as a key of attached data is, since it may travel as one. "
            "Example: Selected_language, customerNumber"
        ),
    )

    objects = IvrDefinitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("IVR definition")
        verbose_name_plural = _("IVR definitions")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A voice channel; and steps through which calls find their way, as they are stored."""
        channel: Channel | None = related(self, "channel")
        if channel and channel.kind and channel.kind != Channel.Kind.VOICE:
            refuse({"channel": gettext("An IVR answers calls. Choose a voice channel.")})
        if self.pk and checked_with_its_parts(self):
            self.check_whole()

    def check_whole(self) -> None:
        """Raise ``ValidationError`` with everything that is wrong with the definition and its stored steps."""
        refuse_faults(self.faults())

    def faults(self, steps: Iterable[IvrStep] | None = None) -> list[Fault]:
        """What is wrong with it, with these steps instead of the stored ones."""
        return faults(self.flow_of(self.stored_steps() if steps is None else steps))

    def stored_steps(self) -> list[IvrStep]:
        return list(self.steps.select_related("queue", "opening_hours")) if self.pk else []

    def flow_of(self, steps: Iterable[IvrStep]) -> CallFlow:
        """The steps as plain data, in their order."""
        ordered = sorted(steps, key=lambda step: (step.position or 0, step.pk or 0))
        return CallFlow([step.as_flow_step() for step in ordered], self.variables, self.channel_id)

    @property
    def call_flow(self) -> CallFlow:
        """As it is stored."""
        return self.flow_of(self.stored_steps())


@versioned()
class IvrAddress(models.Model):
    """A number that calls come to, which the IVR answers."""

    definition = models.ForeignKey(
        IvrDefinition, models.CASCADE, verbose_name=_("IVR definition"), related_name="addresses"
    )
    address = TidiedCharField(_("address"), max_length=320, tidy=tidied_address, help_text=_("Example: +358401234567"))

    class Meta:
        verbose_name = _("IVR address")
        verbose_name_plural = _("IVR addresses")
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(
                Lower("address"),
                name="an_address_leads_to_one_ivr",
                violation_error_message=_("Another IVR has this address already."),
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name=ONE_ADDRESS,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("address"),  # type: ignore[no-untyped-call]
                when=pgtrigger.Before,
                func=f"""
    IF EXISTS (SELECT FROM channels_cfg_queueaddress WHERE lower(address) = lower(NEW.address)) THEN
        RAISE EXCEPTION 'a queue has the address %', NEW.address
              USING ERRCODE = 'unique_violation', CONSTRAINT = '{ONE_ADDRESS}';
    END IF;
    RETURN NEW;
""",
            )
        ]

    def __str__(self) -> str:
        return self.address

    def clean(self) -> None:
        """What callers can reach."""
        if self.address:
            try:
                check_address(self.address, kind=Channel.Kind.VOICE)
            except ValidationError as refused:
                raise ValidationError({"address": refused.messages}) from refused

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """No queue has it."""
        if self.address and QueueAddress.objects.filter(address__iexact=self.address).exists():
            refuse({"address": HAS_A_QUEUE}, exclude=exclude)
        super().validate_constraints(exclude=exclude)


@versioned()
class IvrStep(models.Model):
    """One step: what is said there, what the caller may enter, and where that leads. Which fields say something is
    decided by the kind."""

    part_of = "definition"

    class Kind(models.TextChoices):
        SAY = "say", _("Say something")
        MENU = "menu", _("Menu: press a key")
        DIGITS = "digits", _("Digits: enter a number")
        HOURS = "hours", _("Opening hours decide")
        ASSIGN = "assign", _("Set a variable")
        TRANSFER = "transfer", _("Transfer to a queue")
        HANG_UP = "hang_up", _("Hang up")

    definition = models.ForeignKey(
        IvrDefinition, models.CASCADE, verbose_name=_("IVR definition"), related_name="steps"
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("A call begins with the lowest. Example: 10")
    )
    name = TidiedCharField(
        _("name"),
        max_length=LONGEST_STEP_NAME,
        tidy=one_line,
        validators=[
            RegexValidator(
                r"^[^\W_][\w .,()'/&+-]*\Z",
                _("Begin with a letter or digit; after it use letters, digits, spaces and . , ( ) ' / & + - _ only."),
            )
        ],
        help_text=_("By which other steps lead to it. Example: Language"),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    prompt = models.TextField(
        _("prompt"),
        blank=True,
        validators=[MaxLengthValidator(LONGEST_PROMPT)],
        help_text=_(
            "What the caller hears; {{variable}} says what the variable holds. "
            "Example: For Finnish press 1, for English press 2."
        ),
    )
    variable = TidiedCharField(
        _("variable"),
        max_length=MAX_KEY_LENGTH,
        blank=True,
        tidy=str.strip,
        help_text=_("Gets what is pressed, entered or set here. Example: Selected_language"),
    )
    value = models.CharField(
        _("value"), max_length=LONGEST_VALUE, blank=True, help_text=_("What the variable is set to. Example: evening")
    )
    keys = TidiedArrayField(
        models.CharField(max_length=LONGEST_KEY_LINE),
        verbose_name=_("keys"),
        default=list,
        blank=True,
        tidy=tidied_lines,
        help_text=_(
            "What each key gives the variable and where it leads: key = value > step. Without a value the variable "
            "gets the key. Example: 1 = fi > Sales hours"
        ),
    )
    back_key = models.CharField(
        _("key for the way back"),
        max_length=1,
        blank=True,
        choices=[(key, key) for key in f"*#{KEYS[:10]}"],
        help_text=_("Leads back to what was asked before. Empty: there is no way back. Example: *"),
    )
    shortest = models.PositiveSmallIntegerField(
        _("fewest digits"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: 1. Example: 5"),
    )
    longest = models.PositiveSmallIntegerField(
        _("most digits"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_ENTRY)],
        help_text=_("Empty: 64. Example: 7"),
    )
    pattern = models.CharField(
        _("pattern"),
        max_length=200,
        blank=True,
        help_text=_("A regular expression for all digits together. Empty: any. Example: [1-9][0-9]{6}"),
    )
    most_wrong = models.PositiveSmallIntegerField(
        _("wrong entries"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_("After so many in this step the call goes where it otherwise leads. Example: 3"),
    )
    opening_hours = models.ForeignKey(
        OpeningHours,
        models.PROTECT,
        verbose_name=_("opening hours"),
        null=True,
        blank=True,
        related_name="ivr_steps",
        help_text=_("Open leads to the next step, closed otherwise. Example: Office hours Finland"),
    )
    next_step = TidiedCharField(
        _("next step"),
        max_length=LONGEST_STEP_NAME,
        blank=True,
        tidy=one_line,
        help_text=_("Follows what is said, set or entered, or while it is open. Example: Customer number"),
    )
    other_step = TidiedCharField(
        _("otherwise"),
        max_length=LONGEST_STEP_NAME,
        blank=True,
        tidy=one_line,
        help_text=_("Follows too many wrong entries, or while it is closed. Example: Goodbye"),
    )
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        verbose_name=_("queue"),
        null=True,
        blank=True,
        related_name="ivr_steps",
        help_text=_("Where the call waits then; a queue of the IVR's channel. Example: Phone sales"),
    )
    attached_variables = KeyListField(
        verbose_name=_("Call Attached Data"),
        help_text=_("The variables that go along as attached data. Example: Selected_language"),
    )

    class Meta:
        verbose_name = _("IVR step")
        verbose_name_plural = _("IVR steps")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                "definition",
                "name",
                name="a_step_has_a_name_of_its_own",
                violation_error_message=_("Another step has this name already. Give it another one."),
            ),
            models.CheckConstraint(
                condition=Q(kind="transfer", queue__isnull=False) | ~Q(kind="transfer") & Q(queue=None),
                name="an_ivr_transfers_to_a_queue",
                violation_error_message=_("A transfer leads to a queue, and nothing else does."),
            ),
            models.CheckConstraint(
                condition=Q(kind="hours", opening_hours__isnull=False) | ~Q(kind="hours") & Q(opening_hours=None),
                name="an_ivr_asks_opening_hours_where_they_decide",
                violation_error_message=_("Opening hours stand where they decide, and nowhere else."),
            ),
            models.CheckConstraint(
                condition=Q(most_wrong__gte=1, most_wrong__lte=10),
                name="an_ivr_bears_1_to_10_wrong_entries",
                violation_error_message=_("Allow from 1 to 10 wrong entries."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def as_flow_step(self) -> FlowStep:
        """The step as plain data."""
        facts = {name: getattr(self, name) for name in PLAIN_FIELDS}
        return FlowStep(**facts, opening_hours=related(self, "opening_hours"), queue=related(self, "queue"))

    def clean(self) -> None:
        """What can be told of the step without the others."""
        complaints: dict[str, Any] = {}
        for fault in faults_of_step(self.as_flow_step()):
            complaints.setdefault(fault.field, []).append(fault.text)
        refuse(complaints)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The definition is whole with it, beside the steps that are stored."""
        super().validate_constraints(exclude=exclude)
        definition: IvrDefinition | None = related(self, "definition")
        if definition and checked_with_its_parts(self):
            others = [step for step in definition.stored_steps() if step.pk != self.pk]
            refuse_faults(definition.faults([*others, self]))


def refuse_faults(found: Iterable[Fault]) -> None:
    """Raise ``ValidationError`` where there are faults: about the variables by field, and else about the whole."""
    complaints: dict[str, list[str]] = {}
    for fault in found:
        name = NON_FIELD_ERRORS if fault.step else fault.field or NON_FIELD_ERRORS
        complaints.setdefault(name, []).append(str(fault))
    refuse(complaints)


PLAIN_FIELDS = (
    "name",
    "kind",
    *dict.fromkeys(
        name for fields in FIELDS_OF_KIND.values() for name in fields if name not in ("opening_hours", "queue")
    ),
)
