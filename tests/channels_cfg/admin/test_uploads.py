"""Settings that come and go as files in the configurator: nothing counts before it is confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.models import AttachedKey, Channel, Queue, SystemSettings, User, WaitingUpload
from channels_cfg.tasks import delete_expired_uploads
from tests.factories import ChannelFactory, QueueFactory, UserFactory

FILE = reverse("admin:configuration_file")
IMPORT_QUEUES = reverse("admin:channels_cfg_queue_changelist") + "import/"


def send(browser: Client, content: str, *, to: str = FILE, name: str = "settings.yaml") -> HttpResponse:
    return browser.post(to, {"file": SimpleUploadedFile(name, content.encode())})


def channels(text: str) -> str:
    return f"keepsake_configuration: 1\ncomplete: true\nchannels:\n{text}"


def test_a_file_is_shown_first_and_counts_when_it_is_confirmed(browser: Client):
    sent = send(browser, channels("- {name: Web, kind: chat, statistics_keys: [tier]}\n"))
    page = browser.get(sent["Location"]).content.decode()
    assert "Channel “Web”" in page
    assert not Channel.objects.exists()

    browser.post(sent["Location"], {"why": "Web chat opens"})

    assert Channel.objects.get().statistics_keys == ["tier"]
    assert not WaitingUpload.objects.exists()
    newest = ChangeHistory.of(Channel.objects.get())[:1][0]
    assert (newest.by, newest.why) == ("aino", "Web chat opens")


def test_the_downloaded_file_has_nothing_to_change(browser: Client):
    QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))
    file = browser.get(reverse("admin:download_configuration"))
    assert file["Content-Disposition"] == 'attachment; filename="keepsake-configuration.yaml"'

    sent = send(browser, file.content.decode())

    assert "Everything is set as the file says." in browser.get(sent["Location"]).content.decode()


def test_a_broken_file_is_refused_at_once_with_line_and_column(browser: Client):
    answer = send(browser, "a: [1\nb: 2")

    assert answer.status_code == 422
    assert "<b>line 2, column 2</b>: This is not YAML" in answer.content.decode()
    assert not WaitingUpload.objects.exists()


def test_a_refused_file_says_where_and_cannot_be_confirmed(browser: Client):
    sent = send(browser, channels("- {name: Web, kind: chat, statistics_keys: [2nd]}\n"))
    page = browser.get(sent["Location"]).content.decode()

    assert "line 4, column 45, channels[0].statistics_keys[0]" in page
    assert "Apply" not in page
    browser.post(sent["Location"])
    assert not Channel.objects.exists()


def test_removing_asks_for_typed_words(browser: Client):
    ChannelFactory(name="Old")
    sent = send(browser, channels("[]\n").replace("channels:\n[]", "channels: []"))

    asked = browser.post(sent["Location"], {"_typed": "remove"})
    assert asked.status_code == 409
    assert "Type <strong>remove 1</strong> to confirm" in asked.content.decode()
    assert Channel.objects.exists()
    browser.post(sent["Location"], {"_typed": "remove 1"})

    assert not Channel.objects.exists()


def test_what_a_colleague_changes_in_between_is_shown_again_instead_of_overwritten(browser: Client):
    ChannelFactory(name="Web", description="old")
    sent = send(browser, channels("- {name: Web, kind: chat, description: mine}\n"))
    Channel.objects.update(description="a colleague's")

    answer = browser.post(sent["Location"], follow=True)

    page = answer.content.decode()
    assert "Somebody changed settings in between." in page
    assert "<del>a colleague&#x27;s</del>" in page
    assert Channel.objects.get().description == "a colleague's"
    browser.post(sent["Location"])
    assert Channel.objects.get().description == "mine"


def test_showing_a_sensitive_key_in_more_places_asks_for_typed_words(browser: Client):
    AttachedKey.objects.create(name="customer.iban", sensitive=True)
    ChannelFactory(name="Web")
    sent = send(browser, channels("- {name: Web, kind: chat, statistics_keys: [customer]}\n"))

    asked = browser.post(sent["Location"])
    assert "Sensitive keys are kept, or shown in more places: customer.iban." in asked.content.decode()
    assert Channel.objects.get().statistics_keys == []
    browser.post(sent["Location"], {"_typed": "show sensitive keys"})

    assert Channel.objects.get().statistics_keys == ["customer"]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("keepsake_configuration: 1\nkeys: [{name: iban, sensitive: false}]\n", "not sensitive"),
        ("keepsake_configuration: 1\ncomplete: true\nkeys: []\n", "remove 1"),
    ],
    ids=["switched off", "removed"],
)
def test_a_sensitive_key_that_loses_its_mark_asks_and_the_lists_are_named(browser: Client, file: str, words: str):
    AttachedKey.objects.create(name="iban", sensitive=True)
    ChannelFactory(name="Web", statistics_keys=["iban"])
    sent = send(browser, file)

    asked = browser.post(sent["Location"]).content.decode()
    is_still = AttachedKey.objects.filter(sensitive=True).exists()
    browser.post(sent["Location"], {"_typed": words})

    assert "is no longer marked as sensitive." in asked
    assert "“iban” stays on these lists, unmarked: Web, Extra Data Included in Statistics." in asked
    assert is_still and not AttachedKey.objects.filter(sensitive=True).exists()


def test_a_table_of_keys_asks_before_it_takes_a_mark_away(browser: Client):
    AttachedKey.objects.create(name="iban", sensitive=True)
    table = IMPORT_QUEUES.replace("queue", "attachedkey")
    sent = send(browser, "name,sensitive\niban,no\n", to=table, name="keys.csv")

    asked = browser.post(sent["Location"]).content.decode()

    assert "is no longer marked as sensitive." in asked
    assert AttachedKey.objects.get().sensitive


@pytest.mark.parametrize(
    "rows", ["name,aliases\ncustomertype,\n", 'name,aliases\nkind,"customer_type"\n'], ids=["key", "other name"]
)
def test_a_name_that_looks_like_another_asks_before_a_file_is_confirmed(browser: Client, rows: str):
    ChannelFactory(name="Web", statistics_keys=["customerType"])
    table = IMPORT_QUEUES.replace("queue", "attachedkey")
    name = "customertype" if "customertype" in rows else "customer_type"
    sent = send(browser, rows, to=table, name="keys.csv")

    shown = browser.get(sent["Location"]).content.decode()
    asked = browser.post(sent["Location"])
    assert not AttachedKey.objects.exists()
    browser.post(sent["Location"], {"_typed": "two keys"})

    assert f"“{name}” looks like “customerType”. They are two different keys." in shown
    assert asked.status_code == 409
    assert AttachedKey.objects.exists()


def test_a_reason_is_asked_for_where_the_settings_want_one(browser: Client):
    SystemSettings(why_required=True).save()
    sent = send(browser, channels("- {name: Web, kind: chat}\n"))

    asked = browser.post(sent["Location"])
    assert asked.status_code == 409
    assert not Channel.objects.exists()
    browser.post(sent["Location"], {"why": "Web chat opens"})

    assert Channel.objects.exists()


def test_a_forgotten_file_changes_nothing(browser: Client):
    sent = send(browser, channels("- {name: Web, kind: chat}\n"))

    browser.post(sent["Location"], {"discard": "yes"})

    assert not WaitingUpload.objects.exists()
    assert not Channel.objects.exists()


def test_a_file_waits_for_its_sender_alone(browser: Client, configurator: User):
    sent = send(browser, channels("- {name: Web, kind: chat}\n"))
    colleague = UserFactory(is_superuser=True, is_staff=True)
    other = Client()
    other.force_login(colleague)

    assert other.get(sent["Location"]).status_code == 404
    assert other.post(sent["Location"]).status_code == 404
    assert not Channel.objects.exists()


def test_a_file_waits_an_hour(browser: Client):
    with time_machine.travel(timezone.now() - timedelta(minutes=61), tick=False):
        client = Client()
        client.force_login(User.objects.get(username="aino"))
        sent = send(client, channels("- {name: Web, kind: chat}\n"))

    assert browser.get(sent["Location"]).status_code == 404
    delete_expired_uploads()
    assert not WaitingUpload.objects.exists()


def test_secrets_of_the_machine_are_none_of_an_uploads_business(browser: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_THING", "hush")
    monkeypatch.setenv("KEEPSAKE_SECRET_WHATSAPP", "open sesame")
    queue = QueueFactory()
    service = (
        "keepsake_configuration: 1\nmessaging_services:\n"
        f"- {{name: WhatsApp, queue: {queue.name}, project_id: e2df3a34-a71b-4448-9db5-a8d2baad28e4, "
        "app_id: 01EB37HMH1M6SV18ASNS3G135H, webhook_secrets: [{secret: env:NAME}]}\n"
    )

    refused = browser.get(send(browser, service.replace("NAME", "SECRET_THING"))["Location"]).content.decode()
    allowed = send(browser, service.replace("NAME", "KEEPSAKE_SECRET_WHATSAPP"))
    shown = browser.get(allowed["Location"]).content.decode()

    assert "Here only names that begin with KEEPSAKE_SECRET_ are read." in refused
    assert "adds one from env:KEEPSAKE_SECRET_WHATSAPP" in shown
    assert "open sesame" not in shown


def test_a_table_of_queues_is_shown_row_by_row_and_filtered_by_outcome(browser: Client):
    channel = ChannelFactory(name="Web")
    QueueFactory(name="Sales", channel=channel, description="old")
    sent = send(
        browser, "Name;Channel;Description\nSales;Web;new\nCare;Web;\nBad;Wbe;\n", to=IMPORT_QUEUES, name="q.csv"
    )

    refused = browser.get(sent["Location"]).content.decode()
    changed = browser.get(sent["Location"], {"outcome": "change"}).content.decode()

    assert "There is no channel “Wbe”. Did you mean “Web”?" in refused
    assert "Queue “Sales”" not in refused
    assert "<del>old</del>" in changed
    assert "<ins>new</ins>" in changed


def test_good_rows_are_applied_without_the_bad_ones_only_when_that_is_chosen(browser: Client):
    ChannelFactory(name="Web")
    sent = send(browser, "Name,Channel\nCare,Web\nBad,Wbe\n", to=IMPORT_QUEUES, name="q.csv")

    browser.post(sent["Location"])
    assert not Queue.objects.exists()
    browser.post(sent["Location"], {"without_refused": "yes"})

    assert [queue.name for queue in Queue.objects.all()] == ["Care"]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_refused_rows_and_templates_are_downloaded(browser: Client, format: str):
    sent = send(browser, "Name,Channel\nBad,Wbe\n", to=IMPORT_QUEUES, name="q.csv")

    refused = browser.get(f"{sent['Location']}refused.{format}")
    template = browser.get(reverse("admin:channels_cfg_queue_template", args=[format]))
    everything = browser.get(f"{reverse('admin:channels_cfg_queue_changelist')}table.{format}/")

    for answer in (refused, template, everything):
        assert answer.status_code == 200
        assert answer["Content-Disposition"].endswith(f'.{format}"')
    if format == "csv":
        assert "Bad,Wbe,Channel: There is no channel “Wbe”." in refused.content.decode()


def test_who_may_not_change_settings_finds_none_of_it(browser: Client, configurator: User):
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_queue"))
    client = Client()
    client.force_login(viewer)

    assert client.get(FILE).status_code == 403
    assert client.get(reverse("admin:download_configuration")).status_code == 403
    assert client.get(IMPORT_QUEUES).status_code == 403
    assert client.get(f"{reverse('admin:channels_cfg_queue_changelist')}table.csv/").status_code == 200


def test_a_preview_costs_the_same_for_ten_rows_and_for_a_thousand(browser: Client):
    def costs(rows: int) -> int:
        table = "Name\n" + "".join(f"key{number}\n" for number in range(rows))
        sent = send(browser, table, to=reverse("admin:channels_cfg_attachedkey_changelist") + "import/", name="k.csv")
        browser.get(sent["Location"])
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(sent["Location"])
        assert page.status_code == 200
        return len(queries)

    assert costs(10) == costs(1000)
    assert not AttachedKey.objects.exists()
