"""Every text on every page is marked for translation.

A language that puts what is looked up between ⟦ and ⟧ shows what was not: letters outside the brackets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import cache
from gettext import GNUTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from django.apps import apps
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.core.exceptions import SuspiciousOperation
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import trans_real
from pghistory.models import Context

from channels_cfg import jobs
from channels_cfg.configuration_file.waiting import take_in
from channels_cfg.history.planned_changes import plan_change
from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS
from channels_cfg.models import (
    ApiKey,
    Integration,
    IvrStep,
    KeyVerdict,
    MessagingService,
    Queue,
    Right,
    SecondFactor,
    SettingsVersion,
    SystemSettings,
    User,
    WaitingUpload,
)
from config.api_errors import bad_request, server_error
from conversations import lifecycle
from conversations.contact_pages.imports import take_in as take_in_contacts
from conversations.contacts.associating import associate
from conversations.contacts.merging import merge
from conversations.doors.registry import doors
from conversations.key_usage.aggregate import aggregate_observations
from conversations.models import (
    Association,
    ContactNote,
    Conversation,
    InboundDelivery,
    IntegrationRun,
    Message,
    State,
)
from reporting.contact_log import dataset
from reporting.contact_log.files import ask_for
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import DailyManifest, DatasetDay, DeliveryRebuild, FileDelivery, ReportFile
from reporting.saved_reports import save_report
from reporting.schedules.planning import run_now
from reporting.session_metadata.rebuilding import ask_for_rebuild
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import (
    ApiKeyFactory,
    DataActionDraftFactory,
    DataActionFactory,
    IntegrationFactory,
    MetadataDestinationFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    grant,
    queued_conversation,
)
from tests.reporting.schedules.schedules import ran, scheduled
from tests.small_centre import addresses as of_records
from tests.small_centre import different

pytestmark = pytest.mark.django_db

PSEUDO = "en-x-pseudo"
OPEN, CLOSE = "⟦⟧"


class Pseudo(trans_real.DjangoTranslation):
    """Every message that is looked up, between brackets."""

    def gettext(self, message: str) -> str:
        return bracketed(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return bracketed(singular if number == 1 else plural)


def bracketed(message: str) -> str:
    """The message alone, where it comes with its context. ``yes,no,maybe`` are three words for a filter."""
    text = message.rpartition("\x04")[2]
    if re.fullmatch(r"\w+(,\w+)+", text):
        return ",".join(map(bracketed, text.split(",")))
    return f"{OPEN}{text}{CLOSE}"


@pytest.fixture
def pseudo(settings: Any, tmp_path: Path) -> None:
    """Pages speak the pseudo-language; Django knows a language by its file, so it gets an empty one."""
    file = tmp_path / trans_real.to_locale(PSEUDO) / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    magic, no_messages, right_behind_the_header = GNUTranslations.LE_MAGIC, 0, 28
    header = (magic, 0, no_messages, *[right_behind_the_header] * 2, 0, right_behind_the_header)
    file.write_bytes(b"".join(number.to_bytes(4, "little") for number in header))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [(PSEUDO, "Pseudo")]
    settings.LANGUAGE_CODE = PSEUDO
    trans_real._translations[PSEUDO] = Pseudo(PSEUDO)


# Pages

NO_PAGES = ("api/", "RI/", "RTI/", "sms/", "visitor/", "oauth/", "health/", "metrics")
ONLY_POSTED = {
    *(f"contacts:{name}" for name in ("add_note", "delete_note")),
    *(f"desk:{name}_contact" for name in ("confirm", "create", "take_off")),
    "admin:cancel_rebuild",
    "admin:view_on_site",
    "admin:write_dataset_anew",
    "desk:do",
    "desk:transfer",
    "desk:typing",
    "desk:attach",
    "desk:consult",
    "desk:draft",
    "desk:fetch_again",
    "desk:presence",
    "desk:reply",
    "desk:take_back",
    "desk:wrap_up",
    "reports:cancel_file",
    "admin:data_action_edit",
    "admin:data_action_publish",
    "admin:integration_debug_window",
    "admin:metadata_destination_example",
    "reports:delete_saved",
    *(f"reports:{name}_schedule" for name in ("delete", "leave", "pause", "run")),
    "reports:run_again",
    "reports:rename_saved",
    "reports:share_saved",
}
"""Addresses with parameters that show no page of their own."""


@pytest.fixture
def busy(root: User, centre: None) -> dict[str, list[dict[str, Any]]]:
    """The small centre in the middle of a day: by name of an address, what it takes to show its pages."""
    now = timezone.now()
    queue = Queue.objects.get(name="Chat sales")
    grant(root, Right.VIEW_REPORTS, Right.MANAGE_CONTACTS, on=queue)
    waiting = queued_conversation(queue, data={"customerType": "gold", "custmerType": "gold"})
    served = accepted_conversation(queue, agent=root, data={"customerType": "gold", "note": "gold"})
    left = queued_conversation(queue, data={"customerType": "lost"})
    lifecycle.end(left.pk, now=now)
    for _conversation in range(6):
        ended_conversation(queue, agent=root, data={"custmerType": "gold", "card": "4111 1111 1111 1111"})
    for author in Message.Author:
        Message.objects.create(conversation=served, author=author, text="Hi", sent_at=now)
    aggregate_observations()
    service = MessagingService.objects.get()
    for outcome in InboundDelivery.State:
        InboundDelivery.objects.create(
            door="conversation_api",
            service=service,
            nonce=f"n-{outcome}",
            state=outcome,
            received_at=now,
            trigger="MESSAGE_INBOUND",
            notes=["1", "2"],
        )
    file = "keepsake_configuration: 1\nchannels:\n- {name: Web, kind: chat, statistics_keys: [orderId]}\n- {name: 3}\n"
    take_in(file.encode(), kind="configuration", name="all.yaml", user=root, environment={}, now=now)
    take_in(b"name,channel\nNew,Nowhere\n", kind="queues", name="queues.csv", user=root, environment={}, now=now)
    plan_change(queue, {"statistics_keys": ["orderId"]}, at=now + timedelta(days=1), by=root, why="x", now=now)
    KeyVerdict.objects.create(name="noise", verdict=KeyVerdict.Verdict.NEVER, said_by=root, said_at=now)
    factor = root.second_factors.create(kind=SecondFactor.Kind.TOTP, secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    client = UserFactory(username="crm", is_api_client=True)
    action = DataActionFactory()
    DataActionDraftFactory(action=action)
    key = ApiKeyFactory(user=client)
    contact = external_contact("Ada", "King", phone="+358401112222", title="Dr.")
    ContactNote.objects.create(contact=contact, text="Hi", author=root, created_at=now, modified_at=now)
    merge([contact.pk, external_contact("Ada", "K.").pk], now=now)
    associate(served.pk, contact.pk, how=Association.How.AGENT, by=root, now=now)
    associate(Conversation.objects.filter(state="wrap_up")[0].pk, contact.pk, how=Association.How.API, by=None, now=now)
    run_reporting_job()
    query = LogQuery.parse({"by": ["queue"], "column": ["customerType"]}, zone=zone_of(root), now=now)
    saved = save_report(query=query, name="Mine", owner=root, now=now)
    report = ask_for(query, format=ReportFile.Format.XLSX, owner=root, now=now)
    places = [{"level": "channel", "pk": queue.channel_id}, {"level": "queue", "pk": queue.pk}]
    conversations = [{"pk": pk} for pk in Conversation.objects.values_list("pk", flat=True)]
    large = WaitingUpload.objects.create(
        user=root, kind="configuration", name="large.yaml", content=b"-", uploaded_at=now
    )
    uploads = list(WaitingUpload.objects.values("pk"))
    contacts = take_in_contacts(b"last_name,title\nKing,\n,Dr.\n", name="all.yaml", user=root, now=now)
    reading = WaitingUpload.objects.create(user=root, kind="contacts", name="large.yaml", content=b"-", uploaded_at=now)
    run = IntegrationRun.objects.create(
        conversation=served,
        integration=IntegrationFactory(),
        integration_name="CRM",
        event=Integration.AnsweredEvent.RECEIVED,
        happened_at=now,
        made_at=now,
        exchange={
            "payload": {"event": {"name": "received"}, "contact": {}},
            "request": {},
            "response": {"status": 200, "headers": {}, "body": {}},
        },
    )
    rebuild = rebuilt_period(root)
    schedule = scheduled(root, report=saved)
    runs = [{"pk": run.pk} for run in (ran(schedule), run_now(schedule, now=now))]
    return {
        "file": [],
        "extra_data_place": places,
        "extra_data_impact": places,
        "admin:app_list": [{"app_label": "channels_cfg"}, {"app_label": "reporting"}],
        "admin:api_client_new_key": [{"client_id": client.pk}],
        "admin:api_client_rotate": [{"client_id": client.pk, "key_id": key.pk}],
        "admin:data_action_file": [{"pk": action.pk}],
        "admin:data_action_try": [{"pk": action.pk}],
        "admin:integration_bench": [{"pk": run.pk}],
        "admin:rebuild_progress": [{"pk": rebuild.pk}],
        "admin:auth_group_copy_role": [{"object_id": Group.objects.first().pk}],
        "admin:channels_cfg_user_copy_rights": [{"object_id": root.pk}],
        "admin:channels_cfg_user_reset_second_factor": [{"object_id": root.pk}],
        "admin:upload_preview": uploads,
        "admin:upload_progress": [{"pk": large.pk}],
        "admin:upload_refused": [upload | {"format": "csv"} for upload in uploads],
        "admin:undo_version": [{"number": pk} for pk in SettingsVersion.objects.values_list("pk", flat=True)[:3]],
        **{f"contacts:{page}": [{"pk": contact.pk}] for page in ("detail", "edit", "merge", "delete")},
        "contacts:import_preview": [{"pk": contacts.pk}, {"pk": reading.pk}],
        "contacts:import_progress": [{"pk": reading.pk}],
        "desk:find_contact": [{"pk": served.pk}],
        "desk:conversation": [{"pk": waiting.pk}, {"pk": served.pk}],
        "history:detail": conversations,
        "history:after_the_end": conversations,
        "remove_second_factor": [{"pk": factor.pk}],
        "reports:file": [{"pk": report.pk}],
        **{f"reports:{page}": [{"pk": schedule.pk}] for page in ("schedule", "edit_schedule")},
        **{f"reports:{page}": runs for page in ("scheduled_run", "run_changes")},
        "reports:download_file": [{"pk": report.pk}],
        **{f"admin:channels_cfg_{name}_template": [{"format": "csv"}] for name in ("attachedkey", "queue", "user")},
    }


def rebuilt_period(root: User) -> DeliveryRebuild:
    """Its files wait, are delivered and are parked."""
    now, destination = timezone.now(), MetadataDestinationFactory()
    day = timedelta(days=1)
    rebuild = ask_for_rebuild(destination, start=now - day, end=now + day, by=root, now=now)
    jobs.work_on(DeliveryRebuild, rebuild.pk)
    done, failed, *_waiting = FileDelivery.objects.order_by("pk")
    there = {"revision": 1, "size": 2000, "delivered_at": now}
    FileDelivery.objects.filter(pk=done.pk).update(state="done", finished_at=now, **there)
    FileDelivery.objects.filter(pk=failed.pk).update(state="failed", finished_at=now)
    DailyManifest.objects.create(destination=destination, day=now.date(), changed_at=now)
    MetadataDestinationFactory(dataset_folder="contact_log")
    dataset.plan(now=now)
    DatasetDay.objects.update(state="done", finished_at=now, written_at=now, size=2000, row_count=7)
    return rebuild


def patterns(below: Any = None, route: str = "", names: tuple[str, ...] = ()) -> Iterator[tuple[str, str, URLPattern]]:
    """Route, name and pattern of every address."""
    for pattern in (below or get_resolver()).url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield here, ":".join([*names, pattern.name or ""]), pattern
        else:
            yield from patterns(pattern, here, (*names, pattern.namespace) if pattern.namespace else names)


def addresses(takes: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Every address that may show a page; those of records in the configurator are in ``of_records``."""
    for route, name, pattern in patterns():
        if route.startswith(NO_PAGES) or not pattern.name or name in ONLY_POSTED:
            continue
        if not pattern.pattern.regex.groups:
            yield reverse(name)
        elif not name.endswith(("_change", "_history", "_delete")):
            assert name in takes, f"{name} takes something: say in “busy” what shows its page"
            yield from (reverse(name, kwargs=given) for given in takes[name])


# What is read on them


class Reader(HTMLParser):
    """Collects what a page says outside the brackets."""

    SILENT = {"script", "style", "code", "pre", "kbd"}
    SPOKEN = ("title", "aria-label", "aria-description", "placeholder", "alt", "data-label")
    VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[bool] = []
        self.depth = 0
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = tag in self.SILENT or "material-symbols-outlined" in (given.get("class") or "")
        silent = silent or given.get("translate") == "no" or self.is_silent
        self.said += [outside(value or "") for name, value in attrs if name.startswith("data-says-")]
        if not silent:
            self.said += [outside(given[name] or "") for name in self.SPOKEN if name in given]
            if tag == "input" and given.get("type") in ("submit", "button", "reset"):
                self.said.append(outside(given.get("value") or ""))
        if tag not in self.VOID:
            self.open.append(silent)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.is_silent or not data.strip():
            return
        text = ""
        for character in data:
            self.depth += (character == OPEN) - (character == CLOSE)
            text += character if self.depth == 0 else " "
        self.said.append(text.replace(CLOSE, " "))

    @property
    def is_silent(self) -> bool:
        return bool(self.open) and self.open[-1]


def outside(text: str) -> str:
    """What of the text is outside the brackets."""
    while OPEN in text and text != (text := re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", text)):
        pass
    return text


SAYS = {"channels_cfg", "conversations", "reporting", "auth", "django_celery_beat"}
CODES = {"codename", "content_type", "model"}


def data() -> list[str]:
    """What people, senders and other packages call things, the longest first."""
    said = {
        "Keepsake",
        *(name for door in doors() for name in door.triggers),
        *CHANNEL_NAMES,
        *ZONES,
        *UNMARKED_BY_OTHERS,
    }
    for model in apps.get_models():
        if model._meta.app_label in SAYS:
            fields = [field.attname for field in model._meta.concrete_fields if is_said(field)]
            said.update(str(value) for row in model._base_manager.values_list(*fields) for value in row if value)
    for pairs in Conversation.objects.values_list("kept_data", "dropped_keys"):
        said.update(*pairs, map(str, pairs[0].values()))
    said.update(key.value for step in IvrStep.objects.all() for key in step.as_flow_step().pressed.values())
    said.update(metadata.get("why", "") for metadata in Context.objects.values_list("metadata", flat=True))
    known = {" ".join(text.split()) for text in said if re.search(LETTER, text)}
    return sorted(known | set(map(capfirst, known)), key=len, reverse=True)


def is_said(field: models.Field) -> bool:
    """Whether somebody made the value up."""
    is_text = isinstance(field, models.CharField | models.TextField | models.UUIDField | models.GenericIPAddressField)
    return is_text and not field.choices and field.name not in CODES


CHANNEL_NAMES = [name for channel in MESSAGING_CHANNELS for name in (channel.label, *channel.wires)]
ZONES = [zone.replace("_", " ") for zone in available_timezones()]
UNMARKED_BY_OTHERS = [
    str(name)
    for app in map(apps.get_app_config, ("oauth2_provider", "pghistory"))
    for name in (app.verbose_name, *(model._meta.verbose_name for model in app.get_models()))
] + ["One of clocked, interval, crontab, or solar must be set.", "{no schedule}"]

LETTER = r"[^\W\d_]"
NO_WORDS = re.compile(
    r"""
      \bmanage\.py[ ]\w+ | \S*@\S+ | (?<!\w)/[\w/.-]+  # commands, addresses of people and pages
    | \b[a-z_]+(\.[a-z_]+)+\b             # dotted names of tasks
    | \w+\[\d+\]                          # paths in files
    | \b[0-9A-Fa-f]{8,}\b | \d\dT\d\d     # ids, times
    | \b(CSV|XLSX|ID|POST|PUT)\b          # formats, methods, and what Django calls every id
    | \b[A-Z]\b                          # initials
    | \borderId\b                        # a key in examples
    | \w*-\w+[ ]relationships?(:[ ]\w+[ ]object)?  # what Django calls rows that only join two others
    """,
    re.VERBOSE,
)
"""What is the same in every language."""


def unmarked(html: str, without_data: Callable[[str], str]) -> list[str]:
    """The texts of a page in which something is left that nobody marked."""
    reader = Reader()
    reader.feed(html)
    left = [text for said in reader.said if re.search(LETTER, text := without_data(said))]
    return left if reader.depth == 0 else [*left, f"a {OPEN} without its {CLOSE}, which hides what follows"]


def removal_of(known: Iterable[str]) -> Callable[[str], str]:
    """What is left of a text without these names. Pages say the same again and again: each text is looked at once."""

    @cache
    def without_data(text: str) -> str:
        text = " ".join(text.split())
        for name in known:
            if name in text:
                text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
        return " ".join(NO_WORDS.sub(" ", text).split())

    return without_data


def complaints(answers: Iterable[HttpResponse]) -> list[str]:
    """What is not marked, with one of the pages that say it; no page may fail."""
    answers, without_data = list(answers), removal_of(data())
    assert [answer.wsgi_request.path for answer in answers if answer.status_code >= 500] == []  # type: ignore[attr-defined]
    said = {
        text: answer.wsgi_request.path  # type: ignore[attr-defined]
        for answer in answers
        if answer["Content-Type"].startswith("text/html")
        for text in unmarked(answer.content.decode(), without_data)
    }
    return [f"{address}: {text}" for text, address in said.items()]


@pytest.fixture
def browser(root: User) -> Client:
    root.set_unusable_password()  # of a password its page says how it is kept
    root.save()
    browser = Client(raise_request_exception=False)
    browser.force_login(root)
    return browser


def test_a_text_that_nobody_marked_is_found():
    page = "<title>⟦Keys⟧ | Keepsake</title><p title='Help'>⟦Kept by ⟦⟦queue⟧ “x”⟧⟧ or <b>not</b> <code>ok</code></p>"

    assert unmarked(page, removal_of(["Keepsake"])) == ["Help", "or", "not"]


def test_every_page_is_marked(pseudo, root: User, busy, browser: Client):
    opened = [browser.get(address) for address in different([*addresses(busy), *of_records(root)], "history")]

    assert complaints(opened) == []
    assert sum(answer.status_code == 200 for answer in opened) > 100


def test_every_complaint_of_a_form_is_marked(pseudo, root: User, busy, browser: Client):
    forms = [address for address in of_records(root) if address.endswith(("/add/", "/change/"))]

    assert complaints(browser.post(address, {}) for address in forms) == []


def test_what_is_asked_before_an_action_is_marked(pseudo, root: User, busy, browser: Client):
    queue = Queue.objects.get(name="Chat sales")
    matrix, serve = reverse("admin:rights_matrix"), f"u{root.pk}-q{queue.pk}-serve"
    settings = reverse("admin:channels_cfg_systemsettings_change", args=[1])
    mine = {**open_form(browser, page := reverse("admin:channels_cfg_queue_change", args=[queue.pk]))}
    mine |= {"_loaded": browser.get(page).context["loaded"], "description": "Customer type"}
    Queue.objects.filter(pk=queue.pk).update(description="theirs")

    asked = [
        chosen(browser, ApiKey, "revoke"),
        chosen(browser, Queue, "delete_selected"),
        chosen(browser, MessagingService, "delete_selected"),
        browser.post(matrix, {"before": serve}),
        browser.post(reverse("admin:configuration_file"), {}),
        save_form(browser, settings, statistics_keys="customerType", ask_why="on"),
        browser.post(page, mine),
    ]

    assert [answer.status_code for answer in asked] == [200] * 5 + [409] * 2
    assert complaints(asked) == []


def test_what_the_desk_says_and_refuses_is_marked(pseudo, root: User, busy, browser: Client):
    queue = Queue.objects.get(name="Chat sales")
    served = Conversation.objects.get(state=State.ACCEPTED)
    waiting, theirs = queued_conversation(queue), accepted_conversation(queue)
    orders: list[tuple[Conversation, str, dict[str, str]]] = [
        (served, "attach", {"key": "1", "value": "x"}),
        (served, "transfer", {"to": "agent:0"}),
        (served, "reply", {"text": "Hello"}),
        (served, "take-back/0", {}),
        *((waiting, action, {}) for action in ("wrap-up", "reject", "hold", "handle", "accept_consultation", "end")),
        *((theirs, action, {}) for action in ("accept", "conference", "end_consultation")),
        *((waiting, action, {"note": "x"}) for action in ("accept", "end", "wrap-up", "handle")),
    ]

    answers = [browser.post(f"/desk/{one.pk}/{action}/", order, follow=True) for one, action, order in orders]

    assert complaints(answers) == []
    assert all(answer.context["messages"] for answer in answers)


def chosen(browser: Client, model: type[models.Model], action: str) -> HttpResponse:
    """What the list answers to an action on all of its records."""
    records = list(model._default_manager.values_list("pk", flat=True))
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return browser.post(address, {"action": action, ACTION_CHECKBOX_NAME: records})


def test_pages_for_strangers_and_of_failures_are_marked(pseudo, busy, browser: Client):
    stranger = Client()
    nobody = Client()
    nobody.force_login(UserFactory(username="mary"))
    strict = Client(enforce_csrf_checks=True)
    request = RequestFactory().get("/desk/")

    answers = [
        stranger.get(reverse("login")),
        stranger.post(reverse("login"), {"username": "mary", "password": "wrong"}),
        strict.post(reverse("login"), {}),
        *[nobody.get(reverse(name)) for name in ("desk:index", "history:index", "reports:index", "reports:runs")],
        nobody.get(reverse("admin:index"), follow=True),
        browser.get("/nowhere"),
        browser.get("/admin/nowhere/"),
    ]
    mary = User.objects.get(username="mary")
    demanded = Client()
    demanded.force_login(UserFactory(is_staff=True))
    SystemSettings(administrators_need_second_factor=True).save()
    answers += [demanded.get("/admin/", follow=True), demanded.post(reverse("add_passkey"))]
    answers += [nobody.get(reverse("add_app")), nobody.post(reverse("add_app"), {"code": "1"})]
    mary.second_factors.create(kind=SecondFactor.Kind.TOTP, secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    answers += [nobody.post(reverse("new_recovery_codes"), {"password": word}) for word in ("wrong", "correct horse")]
    answers += [stranger.post(reverse("login"), {"username": "mary", "password": "correct horse"}, follow=True)]
    answers += [stranger.post(reverse("second_step"), {"code": "1"}) for _number in range(5)]
    failures = [bad_request(request, SuspiciousOperation()), server_error(request)]
    without_data = removal_of(data())

    assert complaints(answers) == []
    assert [unmarked(failure.content.decode(), without_data) for failure in failures] == [[], []]


CALLS_OF_GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}


def test_every_text_stands_where_tools_for_translators_read_it():
    """As a literal, and in no f-string: xgettext reads neither."""
    sources = [*Path("channels_cfg").rglob("*.py"), *Path("conversations").rglob("*.py")]
    sources += [*Path("reporting").rglob("*.py"), *Path("config").rglob("*.py")]

    hidden = [
        f"{source}:{call.lineno}"
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        for call in (ast.walk(node) if isinstance(node, ast.JoinedStr) else [node])
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in CALLS_OF_GETTEXT
        if isinstance(node, ast.JoinedStr) or not isinstance(call.args[0], ast.Constant)
    ]

    assert len(sources) > 300 and hidden == []


def test_machines_are_answered_in_english_whatever_they_accept(pseudo, settings: Any):
    settings.LANGUAGES = [("en", "English"), (PSEUDO, "Pseudo")]
    settings.LANGUAGE_CODE = "en"
    trans_real._translations[PSEUDO] = Pseudo(PSEUDO)
    stranger = Client(headers={"Accept-Language": PSEUDO})

    page, door = stranger.get(reverse("login")), stranger.get(reverse("api_conversations"))

    assert OPEN in page.content.decode()
    assert OPEN not in door.content.decode()
    assert door.json()["detail"] == "Authentication credentials were not provided."
