"""A centre as large as wanted, made in few statements, and every page of its configurator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pgtrigger
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import (
    QUEUE_RIGHTS,
    AccessRight,
    ApiKey,
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    Right,
    ScheduledChange,
    SettingsVersion,
    User,
    WebhookSecret,
)
from tests.small_centre import addresses
from tests.statistics import gather_statistics


@dataclass(frozen=True)
class Size:
    """How much there is of everything; ``mark`` is in all names."""

    keys: int = 10_000
    queues: int = 2_000
    channels: int = 40
    queue_groups: int = 200
    users: int = 3_000
    groups: int = 60
    changes: int = 20_000
    mark: str = ""


MODEST = Size(keys=220, queues=120, channels=110, queue_groups=110, users=120, groups=110, changes=200)
"""Enough that every list has a second page."""

TWICE = replace(MODEST, mark="Again")


def enlarge(size: Size) -> None:
    """Add so much of everything, each connected with the rest."""
    channels = _channels(size)
    queues = _queues(size, channels)
    _people(size, queues)
    _keys_that_came_in(size)
    _changes(size)
    gather_statistics()


def _channels(size: Size) -> list[Channel]:
    keys = AttachedKey.objects.bulk_create(
        AttachedKey(name=f"key{size.mark}{number}", label=f"Key number {number}", group=f"Group {number % 20}")
        for number in range(size.keys)
    )
    AttachedKeyAlias.objects.bulk_create(AttachedKeyAlias(key=key, name=f"other{key.name}") for key in keys)
    return Channel.objects.bulk_create(
        Channel(
            name=f"Channel{size.mark} number {number}",
            kind=Channel.Kind.VOICE if number % 2 else Channel.Kind.CHAT,
            statistics_keys=[f"key{size.mark}{number * 7 % size.keys + step}" for step in range(10)],
        )
        for number in range(size.channels)
    )


def _queues(size: Size, channels: list[Channel]) -> list[Queue]:
    groups = QueueGroup.objects.bulk_create(
        QueueGroup(name=f"Queue group{size.mark} number {number}") for number in range(size.queue_groups)
    )
    queues = Queue.objects.bulk_create(
        Queue(
            name=f"Queue{size.mark} number {number}",
            channel=channels[number % size.channels],
            statistics_keys=[f"key{size.mark}{(number + step) % size.keys}" for step in range(10)]
            if number % 3 == 0
            else [],
        )
        for number in range(size.queues)
    )
    QueueAddress.objects.bulk_create(
        QueueAddress(queue=queue, address=f"queue{size.mark}{number}@example.com")
        for number, queue in enumerate(queues)
    )
    Queue.groups.through.objects.bulk_create(
        Queue.groups.through(queue=queue, queuegroup=group)
        for number, queue in enumerate(queues)
        for group in {groups[0], groups[number % size.queue_groups]}
    )
    chats = [queue for queue in queues if queue.channel.kind == Channel.Kind.CHAT]
    services = MessagingService.objects.bulk_create(
        MessagingService(
            name=f"Service{size.mark} number {number}",
            app_id=f"app{size.mark}{number}",
            project_id="project",
            queue=queue,
        )
        for number, queue in enumerate(chats[:40])
    )
    WebhookSecret.objects.bulk_create(WebhookSecret(service=service, secret="s" * 20) for service in services)
    return queues


def _people(size: Size, queues: list[Queue]) -> None:
    users = User.objects.bulk_create(
        User(username=f"user{size.mark}-{number:04}", first_name="User", last_name=f"Number {number}", password="!")
        for number in range(size.users)
    )
    clients = User.objects.bulk_create(
        User(username=f"client{size.mark}-{number:03}", is_api_client=True, password="!")
        for number in range(size.groups)
    )
    ApiKey.objects.bulk_create(ApiKey(user=client, digest=client.username, hint="abcd") for client in clients)
    teams = Group.objects.bulk_create(Group(name=f"Team{size.mark} number {number}") for number in range(size.groups))
    User.groups.through.objects.bulk_create(
        User.groups.through(user=user, group=team)
        for number, user in enumerate(users)
        for team in {teams[0], teams[number % size.groups]}
    )
    everywhere = QueueGroup.objects.order_by("pk")[1]
    AccessRight.objects.bulk_create(
        [
            *[AccessRight(group=teams[0], right=right, queue_group=everywhere) for right in QUEUE_RIGHTS],
            *[AccessRight(user=users[0], right=right, queue=queue) for queue in queues for right in QUEUE_RIGHTS],
            *[
                AccessRight(group=team, right=Right.SERVE, queue=queues[(number + step) % size.queues])
                for number, team in enumerate(teams)
                for step in range(20)
            ],
        ]
    )


def _keys_that_came_in(size: Size) -> None:
    """Half of them are listed or in the catalogue, half unknown; each on every day of a month."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_seenkey (name, paths, seen, types, lengths, sources, hits, first_seen_at,
                                               last_seen_at)
            SELECT name, ARRAY[name], n + 1, '{"text": 1}', '{"3": 1}', '{"customer": 1}', '{"card": 1}',
                   now() - interval '90 days', now() - n * interval '1 minute'
              FROM generate_series(1, %(keys)s) AS n,
                   LATERAL (VALUES ('unknownKey' || %(mark)s || n), ('key' || %(mark)s || n * 2)) AS of_both (name);
            INSERT INTO conversations_keyusage (channel_id, queue_id, key, day, seen, keepable, bytes, types, lengths,
                                                sources, hits, first_seen_at, last_seen_at)
            SELECT queue.channel_id, queue.id, of_both.name, current_date - day, 1, 1, 9,
                   '{}', '{}', '{}', '{}', now(), now()
              FROM generate_series(1, %(keys)s) AS n
              JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM channels_cfg_queue) AS queue
                ON queue.place = n %% %(queues)s + 1,
                   LATERAL (VALUES ('unknownKey' || %(mark)s || n), ('key' || %(mark)s || n)) AS of_both (name),
                   generate_series(0, 14) AS day;
            """,
            {"keys": size.keys, "queues": size.queues, "mark": size.mark},
        )


_LONG_AGO = 10**15
"""Added to the numbers of transactions that never were."""

_VERSIONS = """
    INSERT INTO channels_cfg_settingsversion (transaction, made_at)
    SELECT %s + number, now() - number * interval '1 minute' FROM generate_series(1, %s) AS number
"""
_EVENTS = """
    INSERT INTO channels_cfg_queueevent (
        pgh_created_at, pgh_label, pgh_version_id, pgh_obj_id, id, name, description, channel_id,
        priority, allocation_keys, connection_keys, outbound_keys, statistics_keys)
    SELECT version.made_at, 'update', version.id, queue.id, queue.id, queue.name, version.id::text,
           queue.channel_id, 50, '{}', '{}', '{}', ARRAY['key' || version.id]
      FROM channels_cfg_settingsversion AS version
      JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
              FROM channels_cfg_queue WHERE name LIKE %s) AS queue
        ON queue.place = version.transaction %% queue.total
     WHERE version.transaction > %s
     ORDER BY version.id
"""


def _changes(size: Size) -> None:
    """As many versions, each of which changed one queue, as if made over years; and some that are planned."""
    before = _LONG_AGO + SettingsVersion.objects.count()
    with pgtrigger.ignore("channels_cfg.QueueEvent:join_settings_version"), connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [before, size.changes])
        cursor.execute(_EVENTS, [f"Queue{size.mark} number %", before])
    ScheduledChange.objects.bulk_create(
        ScheduledChange(
            model=Queue.__name__,
            object_id=queue,
            changes={"description": "new"},
            replaces={"description": ""},
            planned_at=timezone.now(),
            takes_effect_at=timezone.now() + timedelta(days=1),
        )
        for queue in Queue.objects.order_by("pk").values_list("pk", flat=True)[: size.groups]
    )


def every_page(root: User) -> Iterator[str]:
    """Every page of the configurator that is read, each as an administrator asks for it: opened, searched, filtered."""
    yield from addresses(root)
    queue, user = Queue.objects.order_by("pk")[0], User.objects.order_by("pk")[1]
    for model, model_admin in admin.site._registry.items():
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if model_admin.search_fields:
            yield f"{listed}?q=number 1"
        yield f"{listed}?p=1"
    autocomplete = reverse("admin:autocomplete")
    for model, field in (("queue", "channel"), ("accessright", "user"), ("accessright", "queue")):
        yield f"{autocomplete}?term=number&app_label=channels_cfg&model_name={model}&field_name={field}"
    yield f"{reverse('find_anything')}?s=key1"
    yield f"{reverse('extra_data_keys')}?q=key12"
    yield f"{reverse('extra_data_places')}?q=number"
    yield f"{reverse('extra_data')}?q=number"
    yield f"{reverse('extra_data_bulk')}?q=number"
    yield reverse("extra_data_place", args=["channel", queue.channel_id])
    yield reverse("extra_data_place", args=["queue", queue.pk])
    yield f"{reverse('why_rights')}?user={user.pk}&queue={queue.pk}"
    matrix = reverse("admin:rights_matrix")
    for asked in ("page=2", "granted=1&q=queue", "by=place&rows=u&granted=1", "rows=s", "rows=d", f"column=u{user.pk}"):
        yield f"{matrix}?{asked}"
    last = SettingsVersion.current() or 0
    as_of, difference = reverse("admin:settings_as_of"), reverse("admin:settings_difference")
    yield f"{as_of}?version={last}&kind=queue"
    yield f"{as_of}?version={last}&kind=attachedkey&q=key1"
    yield f"{as_of}?version={last}&kind=in-effect&page=2"
    yield f"{difference}?from_version={max(last - 30, 0)}"
    yield f"{reverse('admin:channels_cfg_settingsversion_changelist')}?record=queue.{queue.pk}"
    yield reverse(
        "admin:undo_version", args=[SettingsVersion.objects.filter(transaction__gt=_LONG_AGO).latest("pk").pk]
    )
    inbox = reverse("admin:conversations_seenkey_changelist")
    yield f"{inbox}?q=un&order=often&hits=1"
    for page in ("silent", "set-aside", "live", "known-names", "what-if"):
        yield f"{inbox}{page}/?q=key1&channel={queue.channel_id}&keys=key1,key2"
    yield f"{reverse('admin:channels_cfg_attachedkey_changelist')}near-names/?name=kye77"
