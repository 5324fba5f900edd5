"""What a plan says, what is refused, and that applying does just that."""

from __future__ import annotations

import threading
from textwrap import dedent

import pghistory.models
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.writing import export
from channels_cfg.history.change_set import NotApplied, apply
from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    Channel,
    MessagingService,
    Queue,
    SettingsVersion,
    SystemSettings,
    User,
    WebhookSecret,
)
from channels_cfg.rights.roles import CONFIGURATOR
from tests.channels_cfg.configuration_file.conftest import COMPLETE, OPENING, applied, planned
from tests.factories import ChannelFactory, ConversationFactory, QueueFactory, UserFactory


def problems(text: str, **given: object) -> list[str]:
    return [str(problem) for problem in planned(text, **given).problems]  # type: ignore[arg-type]


def test_a_plan_is_told_in_words(centre: None):
    plan = planned(
        """\
        keepsake_configuration: 1
        complete: true
        system_settings:
          false_attempt_seconds: 7
          statistics_keys: [customerType]
        keys:
        - {name: customerType, label: Customer type, kind: choice, choices: [gold, silver], aliases: [custmerType]}
        channels:
        - name: Customer chat
          kind: chat
          statistics_keys: [customerType, tier]
          precedence: [customer, agent, api, integration]
          live_data_until_handled: true
        - name: Phone
          kind: voice
        queues:
        - {name: Chat sales, channel: Customer chat, addresses: [sales@example.com]}
        """
    )

    assert wording.text(plan).splitlines() == [
        "System settings",
        "  change the system settings",
        "      False-attempt limit (seconds): 5 → 7",
        "      Extra Data Included in Statistics: adds customerType",
        "Keys",
        "  add key “customerType”",
        "      Name: customerType",
        "      Label: Customer type",
        "      Type: Choice",
        "      Choices: gold, silver",
        "      Other names: custmerType",
        "Channels",
        "  change channel “Customer chat”",
        "      Agents see all data until handled: no → yes",
        "      Extra Data Included in Statistics: adds tier; removes no",
        "      Order of sources: order agent, api, customer, integration → customer, agent, api, integration",
        "  change channel “Phone”",
        "      False-attempt limit (seconds): 9 → empty",
        "      Extra Data Included When Connecting Calls: removes customerId",
        "Queues",
        "  change queue “Chat sales”",
        "      Queue groups: removes Nordic: sales",
        "      Addresses: adds sales@example.com; removes sales@chat.example.com",
        "  remove queue “0800”",
        "1 to add, 4 to change, 1 to remove.",
        "The file has no section for these, so they stay as they are: outgoing, metadata destinations, "
        "pause reasons, opening hours, queue groups, ivrs, groups, users, reply template folders, reply templates, "
        "access rights, messaging services, integrations, data action connections, data actions, data action drafts, "
        "mail boxes.",
    ]


def test_what_a_file_of_a_few_lines_leaves_out_stays_as_it_is(centre: None):
    plan = applied(f"{OPENING}channels:\n- name: Phone\n  statistics_keys: [customerType]\n")

    assert [record.called for record in plan.effects] == ["channel “Phone”"]
    assert "Not in the file, and kept: channel “Customer chat”." in wording.text(plan)
    phone = Channel.objects.get(name="Phone")
    assert (phone.false_attempt_seconds, phone.connection_keys) == (9, ["customerId"])
    assert phone.statistics_keys == ["customerType"]


def test_a_plan_that_is_applied_is_empty_the_second_time(centre: None):
    text = export().replace("statistics_keys:\n  - customerType\n", "statistics_keys:\n  - tier\n").replace("9", "8")

    applied(text)

    assert planned(text).is_empty
    assert export() == text


def test_several_problems_are_named_at_once_each_with_line_column_and_path(centre: None):
    found = problems(
        """\
        keepsake_configuration: 1
        queus: []
        channels:
        - name: Customer chat
          statistics_keys: [customerType, tier, 2nd]
          live_data_until_handled: maybe
        - name: Web
          kind: chta
        - {name: Fax}
        queues:
        - name: Chat sales
          channel: Custmer chat
          adresses: []
        - name: "0800"
          addresses: ["sales@chat.example.com"]
          groups: Nordic
        users:
        - {username: aino, groups: [Agnet], time_zone: Europe/Helsingfors, is_api_client: true}
        """
    )

    assert found == [
        "line 2, column 1, queus: There is no section “queus”. Did you mean “queues”?",
        "line 5, column 41, channels[0].statistics_keys[2]: A key starts with a letter, but character 1 is “2”. "
        "A good name is customerType.",
        "line 6, column 28, channels[0].live_data_until_handled: Write true or false, not “maybe”.",
        "line 8, column 9, channels[1].kind: “chta” is none of voice, email, chat. Did you mean “chat”?",
        "line 9, column 3, channels[2]: A channel needs “kind”.",
        "line 12, column 12, queues[0].channel: There is no channel “Custmer chat”. Did you mean “Customer chat”?",
        "line 13, column 3, queues[0].adresses: A queue has no setting “adresses”. Did you mean “addresses”?",
        "line 15, column 15, queues[1].addresses[0]: Calls come in on a telephone number with + and country code, "
        "such as +358401234567.",
        "line 15, column 15, queues[1].addresses[0]: Queue “Chat sales” has “sales@chat.example.com” already. "
        "It can belong to one only.",
        "line 16, column 11, queues[1].groups: A list is expected here. For one item write [Nordic].",
        "line 18, column 3, users[0]: An API client cannot use the pages. Switch one of the two off.",
        "line 18, column 29, users[0].groups[0]: There is no group “Agnet”. Did you mean “Agent”?",
        "line 18, column 48, users[0].time_zone: “Europe/Helsingfors” is not a time zone that can be chosen. "
        "Use a name such as Europe/Helsinki.",
    ]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            "channels: [{name: Customer chat, kind: voice}]",
            "The kind is fixed, because the channel has queues (Chat sales).",
        ),
        (
            "channels: [{name: Customer chat, connection_keys: [a]}]",
            "says nothing on chat channels: a chat shows its agent everything.",
        ),
        (
            "queues: [{name: Chat sales, connection_keys: [a]}]",
            "Extra Data Included When Connecting Calls says nothing on chat channels",
        ),
        ("queues: [{name: 0800, channel: 3}]", "There is no channel “3”."),
        ("users: [{username: aino, is_api_client: true}]", "An API client cannot use the pages."),
        ("access_rights: [{right: serve, queue: 0800}]", "A right is held by one “user” or one “group”"),
        (
            "access_rights: [{user: aino, group: Agent, right: serve, queue: 0800}]",
            "A right is held by one “user” or one “group”",
        ),
        ("access_rights: [{user: aino, right: serve}]", "A right is held on one “queue”"),
        (
            "access_rights: [{user: aino, right: serve, queue: 0800}, {queue: 0800, user: aino, right: serve}]",
            "is here twice",
        ),
        ("messaging_services: [{name: WhatsApp, queue: 0800}]", "Queue “0800” is of a voice channel."),
        (
            "messaging_services: [{name: Other, project_id: e2df3a34-a71b-4448-9db5-a8d2baad28e4, "
            "app_id: 01EB37HMH1M6SV18ASNS3G135H, queue: Chat sales}]",
            "Messaging service “WhatsApp” has “01EB37HMH1M6SV18ASNS3G135H” already.",
        ),
        ("messaging_services: [{name: WhatsApp, webhook_secrets: [{secret: hunter2}]}]", "never the secret itself"),
        (
            "messaging_services: [{name: WhatsApp, webhook_secrets: [{secret: env:NOT_THERE}]}]",
            "The environment has no NOT_THERE here.",
        ),
        ("groups: [{name: System Configurator, permissions: [auth.add_group]}]", "come with the version of the portal"),
        (
            "groups: [{name: New, permissions: [auth.add_groop]}]",
            "There is no page right “auth.add_groop”. Did you mean “auth.add_group”?",
        ),
        ("keys: [{name: a, aliases: [b]}, {name: b}]", "“b” is a key of its own."),
        ("keys: [{name: a, aliases: [c]}, {name: b, aliases: [c]}]", "Key “a” has “c” already."),
        ("keys: [{name: a, kind: integer, minimum: few}]", "It should be"),
        ("keys: [{name: a}, {name: a}]", "Key “a” is here twice, first on line 2, column 8."),
        ("keys: {name: a}", "A list of keys is expected here, not a mapping."),
        ("keys: [a]", "Settings of a key are expected here, not “a”."),
        ("system_settings: {value_characters: 0}", "greater than or equal to 1"),
        ("system_settings: {value_characters: 99999999999999999999}", "A whole number is expected here"),
        ("system_settings: {precedence: [agent]}", "Name each source once"),
    ],
)
def test_what_breaks_a_rule_is_refused(centre: None, section: str, problem: str):
    found = problems(f"{OPENING}{section}\n")

    assert len(found) == 1, found
    assert problem in found[0]
    assert found[0].startswith("line 2, ")
    assert "hunter2" not in found[0]


def test_every_fault_of_a_record_is_told_and_none_that_follows_from_another(db: None):
    key = "{name: 2nd, label: %s, kind: integer, minimum: few, on_violation: flag}" % ("x" * 121)
    unknown = "{name: size, kind: nummer, minimum: 1, longest: ten}"
    right = "{user: [ada], group: Nobody, right: serve}"

    found = problems(f"{OPENING}keys:\n- {key}\n- {unknown}\naccess_rights:\n- {right}\n")

    assert [problem.partition(": ")[0].partition(", ")[2].partition(", ")[2] for problem in found] == [
        *("keys[0].name", "keys[0].label", "keys[0].minimum"),
        *("keys[1].kind", "keys[1].longest"),
        *("access_rights[0]", "access_rights[0]", "access_rights[0].user", "access_rights[0].group"),
    ]


@pytest.mark.parametrize("listed", ["keys: [%s]", "system_settings: {statistics_keys: [%s]}", "keys: [{%s}]"])
def test_after_many_problems_the_rest_of_a_file_is_not_looked_at(db: None, listed: str):
    items = (f"{number}: {number}" if "{%s}" in listed else str(number) for number in range(3_000))

    found = problems(f"{OPENING}{listed % ', '.join(items)}\n")

    assert len(found) == 502
    assert found[-1].startswith("More than 500 problems. Nothing after them was read")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("channels: []\n", "line 1, column 1: The first line is missing: keepsake_configuration: 1"),
        ("keepsake_configuration: 2\n", "line 1, column 25, keepsake_configuration: This version reads"),
        ("[]", "line 1, column 1: This is no configuration of Keepsake"),
        (f"{OPENING}complete: perhaps\n", "line 2, column 11, complete: Write true or false."),
    ],
)
def test_a_file_says_what_it_is(db: None, text: str, problem: str):
    assert problems(text)[0].startswith(problem)


def test_what_is_in_use_is_not_removed_and_the_reason_is_said(centre: None):
    ConversationFactory(queue=Queue.objects.get(name="Chat sales"))

    assert problems(f"{COMPLETE}queues: []\nusers: []\n") == [
        "queues: Queue “Chat sales” is used by messaging services and conversations, so it stays. Keep it in the file."
    ]


def test_a_channel_that_the_file_removes_cannot_be_named_in_it(centre: None):
    assert (
        "The same file removes channel “Phone”."
        in problems(
            f"{COMPLETE}channels: [{{name: Customer chat, kind: chat}}]\nqueues: [{{name: 0800, channel: Phone}}]\n"
        )[0]
    )


def test_the_plan_says_what_goes_with_a_removed_record(centre: None):
    plan = planned(f"{COMPLETE}users: []\n")

    assert "remove user “aino”, and with it: 1 access right" in wording.text(plan)


def test_default_groups_and_superusers_stay(centre: None):
    UserFactory(username="root", is_superuser=True)

    plan = applied(f"{COMPLETE}users: []\ngroups: []\naccess_rights: []\n")

    assert "user “root”, a superuser, whom no file removes" in wording.text(plan)
    assert set(User.objects.values_list("username", flat=True)) == {"root"}
    assert Group.objects.filter(name=CONFIGURATOR).exists()
    assert not Group.objects.filter(name="Team #1").exists()


def test_an_address_moves_from_one_queue_to_another_in_one_file(centre: None):
    QueueFactory(name="Care", channel=Channel.objects.get(name="Customer chat"))

    moved = "{name: Care, addresses: [sales@chat.example.com]}, {name: Chat sales, addresses: []}"
    applied(f"{OPENING}queues: [{moved}]")

    assert Queue.objects.get(addresses__address="sales@chat.example.com").name == "Care"


def test_a_queue_with_conversations_keeps_its_channel(centre: None):
    ConversationFactory(queue=Queue.objects.get(name="Chat sales"))
    ChannelFactory(name="Web")

    found = problems(f"{OPENING}queues: [{{name: Chat sales, channel: Web}}]\n")

    assert "The channel is fixed, because the queue has had conversations." in found[0]


def test_lists_name_keys_by_their_own_name(centre: None):
    Channel.objects.filter(name="Phone").update(outbound_keys=["custmerType"])

    plan = applied(
        f"{OPENING}keys: [{{name: customerType, aliases: [custmerType]}}]\n"
        "channels: [{name: Customer chat, statistics_keys: [custmerType, customerType]}]\n"
    )

    assert "and with it: channel “Phone” lists it instead of “custmerType”" in wording.text(plan)
    assert Channel.objects.get(name="Customer chat").statistics_keys == ["customerType"]
    assert Channel.objects.get(name="Phone").outbound_keys == ["customerType"]


# Secrets


def test_a_secret_comes_from_the_environment_and_is_told_by_its_reference(centre: None):
    text = f"""\
    {OPENING.strip()}
    messaging_services:
    - name: WhatsApp
      key_id: sales
      key_secret: {{secret: env:KEY}}
      webhook_secrets: [{{secret: env:HOOK, note: new}}]
    """
    environment = {"KEY": "open sesame", "HOOK": "hush"}

    plan = applied(text, environment=environment)

    assert MessagingService.objects.get().key_secret == "open sesame"
    assert [(secret.secret, secret.note) for secret in WebhookSecret.objects.all()] == [("hush", "new")]
    told = wording.text(plan)
    assert "Webhook secrets: adds one “new” from env:HOOK; removes “old”" in told
    assert not any(secret in told + repr(plan) for secret in ("open sesame", "hush", "foo_secret1234"))
    assert planned(text, environment=environment).is_empty
    assert planned(export()).is_empty


def test_secrets_stay_where_the_file_names_none(centre: None):
    applied(export().replace("01EB37HMH1M6SV18ASNS3G135H", "01EB37HMH1M6SV18ASNS3G136H"))

    assert MessagingService.objects.get().app_id == "01EB37HMH1M6SV18ASNS3G136H"
    assert WebhookSecret.objects.get().note == "old"


def test_new_users_cannot_sign_in_before_a_password_is_set(centre: None):
    password = User.objects.get(username="aino").password

    applied(f"{OPENING}users: [{{username: new, groups: [Agent]}}, {{username: aino, first_name: Aino}}]\n")

    assert not User.objects.get(username="new").has_usable_password()
    assert User.objects.get(username="aino").password == password


# One transaction


def test_a_refused_file_changes_nothing(centre: None):
    before, version = export(), SettingsVersion.current()

    with pytest.raises(NotApplied):
        applied(f"{OPENING}channels: [{{name: Web, kind: chat}}]\nqueues: [{{name: x, channel: Nowhere}}]\n")

    assert export() == before
    assert SettingsVersion.current() == version


@pytest.mark.django_db(transaction=True)
def test_a_file_makes_one_settings_version_with_who_and_why():
    version = SettingsVersion.objects.count()

    applied(
        f"{OPENING}channels: [{{name: Web, kind: chat}}]\nqueues: [{{name: a, channel: Web}}]\n",
        command="apply_configuration",
        why="Web chat opens",
    )

    assert SettingsVersion.objects.count() == version + 1
    context = pghistory.models.Context.objects.latest("created_at")
    assert context.metadata == {"command": "apply_configuration", "why": "Web chat opens"}


@pytest.mark.django_db(transaction=True)
def test_what_somebody_changes_in_between_is_not_overwritten():
    ChannelFactory(name="Web", description="old")
    text = f"{OPENING}channels: [{{name: Web, description: from the file}}]\n"
    shown = planned(text)
    Channel.objects.update(description="from a colleague")

    with pytest.raises(NotApplied, match="Somebody changed settings in between"):
        apply(lambda: planned(text), agreed_to=shown.fingerprint)

    assert Channel.objects.get().description == "from a colleague"


@pytest.mark.django_db(transaction=True)
def test_a_change_at_the_same_moment_waits_for_the_file():
    ChannelFactory(name="Web")
    waited: list[str] = []

    def save_meanwhile() -> None:
        Channel.objects.update(description="later")
        waited.append("done")
        connections.close_all()

    thread = threading.Thread(target=save_meanwhile)

    def plan_while_somebody_saves() -> object:
        thread.start()
        thread.join(0.3)
        assert waited == []
        return planned(f"{OPENING}channels: [{{name: Web, description: first}}]\n")

    apply(plan_while_somebody_saves)  # type: ignore[arg-type]
    thread.join()

    assert Channel.objects.get().description == "later"


def test_a_plan_costs_the_same_for_few_records_and_for_many(centre: None):
    def costs() -> int:
        text = export()
        with CaptureQueriesContext(connection) as queries:
            planned(text)
        return len(queries)

    few = costs()
    for _ in range(20):
        AttachedKey.objects.create(name=f"key{AttachedKey.objects.count()}")
        AccessRight.objects.create(user=UserFactory(), right="serve", queue=QueueFactory())

    assert costs() == few


def test_system_settings_that_nobody_saved_are_made(db: None):
    SystemSettings.objects.all().delete()

    applied(f"{OPENING}system_settings: {{false_attempt_seconds: 8}}\n")

    assert SystemSettings.objects.get().false_attempt_seconds == 8
    assert dedent(export()).count("false_attempt_seconds: 8") == 1


def test_a_configurator_may_not_raise_anybody_to_superuser(centre: None):
    configurator = UserFactory(username="ada", is_staff=True)
    configurator.groups.add(Group.objects.get(name=CONFIGURATOR))
    UserFactory(username="root", is_superuser=True)

    found = problems(
        f"{OPENING}users: [{{username: aino, is_superuser: true}}, {{username: root, email: a@example.com}}, "
        "{username: ada, is_active: false}]\ngroups: [{name: Agent, permissions: [auth.add_group]}]\n",
        by=User.objects.get(username="ada"),
    )

    assert [found[0].endswith("Superusers are changed by superusers only."), found[1].endswith("superusers only.")] == [
        True,
        True,
    ]
    assert "This is you." in found[2]
    assert "Which pages a group opens is for superusers to say." in found[3]


def test_who_may_not_change_a_kind_of_record_is_refused(centre: None):
    viewer = UserFactory(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_channel"))

    found = problems(f"{OPENING}channels: [{{name: Phone, description: x}}]\nqueues: []\n", by=viewer)

    assert "You may not change channels." in found[0]
    assert found[1] == "line 3, column 1, queues: You may not see queues. Leave the section out."


def test_the_plan_says_which_sensitive_keys_are_shown_in_more_places(centre: None):
    plan = planned(
        f"{OPENING}keys: [{{name: customer.iban, sensitive: true}}, {{name: tier}}]\n"
        "channels: [{name: Customer chat, statistics_keys: [customer, tier]}]\n"
    )

    assert plan.sensitive == ["customer.iban"]
    assert "      Sensitive, and kept or shown from then on: customer.iban" in wording.text(plan).splitlines()
