"""The places that have extra-data lists: channels and queues, where their page is, and many of them as one choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import CharField, F, Q, QuerySet, Value
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from channels_cfg.keys.effective_settings import LISTS_OF_KIND
from channels_cfg.models import Channel, Queue, User

Place = Channel | Queue
CHANNEL, QUEUE = "channel", "queue"
LONGEST_SEARCH = 100
LISTS = ("statistics_keys", "allocation_keys", "connection_keys", "outbound_keys")
"""In the order of the pages: what is kept comes first."""


def level_of(place: Place) -> str:
    return QUEUE if isinstance(place, Queue) else CHANNEL


def kind_of(place: Place) -> str:
    return place.channel.kind if isinstance(place, Queue) else place.kind


def lists_of(place: Place) -> list[str]:
    """The lists that say anything on this kind of channel."""
    return [name for name in LISTS if name in LISTS_OF_KIND[kind_of(place)]]


def find_place(level: str, pk: int) -> Place:
    if level == QUEUE:
        return get_object_or_404(Queue.objects.select_related("channel"), pk=pk)
    return get_object_or_404(Channel, pk=pk)


def address_of(place: Place) -> str:
    """The page on which its lists are decided."""
    return reverse("extra_data_place", args=[level_of(place), place.pk])


def check_may(request: HttpRequest, action: str, *levels: str) -> User:
    """Who is signed in, where they may view, or change, places of these levels."""
    if not all(may(request, action, level) for level in levels):
        raise PermissionDenied
    assert isinstance(request.user, User)  # the admin lets nobody else in
    return request.user


def may(request: HttpRequest, action: str, level: str) -> bool:
    return request.user.has_perm(f"channels_cfg.{action}_{level}")


@dataclass(frozen=True)
class PlaceSearch:
    """Channels and queues that a search finds; a queue also by the name of its channel. Every one if the text is
    empty."""

    text: str

    @property
    def channels(self) -> QuerySet[Channel]:
        return Channel.objects.filter(name__finds=self.text)

    @property
    def queues(self) -> QuerySet[Queue]:
        return Queue.objects.filter(Q(name__finds=self.text) | Q(channel__name__finds=self.text))

    def rows(self) -> QuerySet[Any, Any]:
        """``level``, ``pk``, ``title`` and, of a queue, ``below``, its channel; channels first. One query a page."""
        text: Any = CharField()
        channels = self.channels.annotate(level=Value(CHANNEL, text), title=F("name"), below=Value("", text)).values(
            "level", "pk", "title", "below"
        )
        queues = self.queues.annotate(level=Value(QUEUE, text), title=F("name"), below=F("channel__name")).values(
            "level", "pk", "title", "below"
        )
        return channels.union(queues, all=True).order_by("level", "title")


@dataclass
class Chosen:
    """Channels and queues that were chosen. As text, ``channel-1 queue-7``, thousands travel in one field of a form."""

    pks: dict[str, set[int]] = field(default_factory=lambda: {CHANNEL: set(), QUEUE: set()})

    @classmethod
    def read(cls, *texts: str) -> Chosen:
        chosen = cls()
        for code in " ".join(texts).split():
            level, _, pk = code.partition("-")
            if level in chosen.pks and pk.isascii() and pk.isdecimal() and len(pk) <= 18:
                chosen.pks[level].add(int(pk))
        return chosen

    def __str__(self) -> str:
        return " ".join(self)

    def __iter__(self) -> Iterator[str]:
        return (code_of(level, pk) for level, pks in self.pks.items() for pk in sorted(pks))

    def __contains__(self, code: str) -> bool:
        level, _, pk = code.partition("-")
        return int(pk) in self.pks[level]

    def __len__(self) -> int:
        return sum(map(len, self.pks.values()))

    def add(self, level: str, pks: Iterable[int]) -> None:
        self.pks[level].update(pks)

    def replace(self, shown: Chosen, ticked: Chosen) -> None:
        """Of those that were shown, exactly the ticked ones are chosen."""
        for level, pks in self.pks.items():
            pks -= shown.pks[level]
            pks |= ticked.pks[level]

    def places(self) -> list[Place]:
        """The chosen places that there still are, channels first; three queries."""
        queues = Queue.objects.prefetch_related("channel").filter(pk__in=self.pks[QUEUE])
        return [*Channel.objects.filter(pk__in=self.pks[CHANNEL]), *queues]


def code_of(level: str, pk: int) -> str:
    return f"{level}-{pk}"
