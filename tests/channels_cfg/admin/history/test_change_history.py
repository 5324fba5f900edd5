"""Who changed what, when: for every way of changing."""

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from channels_cfg.history.change_log import OUTSIDE, ChangeHistory
from channels_cfg.models import Channel, MessagingService, QueueAddress, Right, User, WebhookSecret
from tests.channels_cfg.admin.forms import save_form
from tests.factories import (
    ChannelFactory,
    GroupFactory,
    IvrDefinitionFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    grant,
)


def test_a_form_shows_who_changed_which_field_from_what_to_what(browser: Client):
    channel = ChannelFactory(statistics_keys=["tier"])
    address = reverse("admin:channels_cfg_channel_change", args=[channel.pk])

    save_form(browser, address, statistics_keys="customerType, tier")

    newest = ChangeHistory.of(channel)[:1][0]
    assert (newest.by, newest.action) == ("aino", "changed")
    assert [(field.field, field.old, field.new) for field in newest.fields] == [
        ("Extra Data Included in Statistics", "tier", "customerType, tier")
    ]
    page = browser.get(reverse("admin:channels_cfg_channel_history", args=[channel.pk])).content.decode()
    assert "<del>tier</del>" in page
    assert "<ins>customerType, tier</ins>" in page


def test_a_kind_is_called_by_its_everyday_name_inside_a_sentence_and_begins_one_with_a_capital(browser: Client):
    IvrDefinitionFactory()
    ChannelFactory()

    log = browser.get(reverse("admin:change_log")).content.decode()
    assert "<span>IVR definition <a" in log
    assert "<span>channel <a" in log
    table = b"".join(browser.get(reverse("admin:change_log_csv")).streaming_content).decode()
    assert {"IVR definition", "Channel"} <= {line.split(",")[5] for line in table.splitlines()[1:]}


def test_raw_sql_is_shown_as_done_outside_the_configurator(db: None):
    channel = ChannelFactory(description="old")

    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_cfg_channel SET description = 'new' WHERE id = %s", [channel.pk])

    newest = ChangeHistory.of(channel)[:1][0]
    assert newest.by == OUTSIDE
    assert [(field.old, field.new) for field in newest.fields] == [("old", "new")]


def test_a_bulk_update_is_in_the_history_of_each_record(db: None):
    channels = [ChannelFactory(), ChannelFactory()]

    Channel.objects.update(description="the same")

    assert [ChangeHistory.of(channel)[:1][0].action for channel in channels] == ["changed", "changed"]


def test_inline_rows_are_in_the_history_of_their_record_also_once_deleted(browser: Client):
    queue = QueueFactory()
    QueueAddress.objects.create(queue=queue, address="+358401234567")
    QueueAddress.objects.all().delete()

    page = browser.get(reverse("admin:channels_cfg_queue_history", args=[queue.pk])).content.decode()

    assert page.count("+358401234567") == 4


def test_rights_are_in_the_history_of_the_queue_with_names_instead_of_numbers(browser: Client):
    queue = QueueFactory(name="Chat sales")
    grant(UserFactory(username="matti"), Right.SERVE, on=queue)

    page = browser.get(reverse("admin:channels_cfg_queue_history", args=[queue.pk])).content.decode()

    assert "<ins>matti</ins>" in page
    assert "<ins>Serve</ins>" in page


def test_a_deleted_holder_of_a_right_keeps_its_name_in_the_history(browser: Client):
    queue = QueueFactory()
    grant(UserFactory(username="matti"), Right.SERVE, on=queue)
    User.objects.get(username="matti").delete()

    page = browser.get(reverse("admin:channels_cfg_queue_history", args=[queue.pk])).content.decode()

    assert "matti (deleted)" in page


def test_joining_and_leaving_a_group_is_recorded(browser: Client):
    user, group = UserFactory(), GroupFactory(name="Night shift")

    user.groups.add(group)
    user.groups.remove(group)

    page = browser.get(reverse("admin:channels_cfg_user_history", args=[user.pk])).content.decode()
    assert "<ins>Night shift</ins>" in page
    assert "<del>Night shift</del>" in page


def test_renaming_a_group_is_recorded(browser: Client):
    group = GroupFactory(name="Night shift")

    Group.objects.filter(pk=group.pk).update(name="Late shift")

    page = browser.get(reverse("admin:auth_group_history", args=[group.pk])).content.decode()
    assert "<del>Night shift</del>" in page


def test_secrets_and_passwords_are_nowhere_in_the_history(browser: Client):
    secret = WebhookSecretFactory(secret="canary-4711", note="from May")
    user = UserFactory(username="matti")
    user.set_password("canary-password")
    user.save()
    WebhookSecret.objects.filter(pk=secret.pk).delete()

    addresses = [
        reverse("admin:channels_cfg_messagingservice_history", args=[secret.service_id]),
        reverse("admin:channels_cfg_user_history", args=[user.pk]),
        reverse("admin:channels_cfg_settingsversion_changelist"),
        reverse("admin:change_log"),
        reverse("admin:change_log_csv"),
    ]
    pages = "".join(browser.get(address).getvalue().decode() for address in addresses)

    assert "from May" in pages
    assert "canary" not in pages
    assert user.password not in pages


def test_the_change_log_can_be_narrowed_to_a_kind_and_a_person(browser: Client, configurator: User):
    channel = ChannelFactory(name="Customer chat")
    MessagingServiceFactory(name="WhatsApp Finland")
    save_form(browser, reverse("admin:channels_cfg_channel_change", args=[channel.pk]), description="Web and WhatsApp")

    log = reverse("admin:change_log")
    everything = browser.get(log).content.decode()
    hers = browser.get(log, {"kind": "channel", "by": configurator.pk})

    assert "“WhatsApp Finland”" in everything
    assert [change.name for change in hers.context["page"]] == ["Customer chat"]
    assert MessagingService.objects.count() == 1


def test_the_history_costs_the_same_for_one_change_and_for_thirty(browser: Client, django_assert_max_num_queries):
    queue = QueueFactory()
    for number in range(30):
        grant(UserFactory(username=f"agent{number}"), Right.SERVE, on=queue)

    with django_assert_max_num_queries(25):
        page = browser.get(reverse("admin:channels_cfg_queue_history", args=[queue.pk])).content.decode()

    assert "agent29" in page
