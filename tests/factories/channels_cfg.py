"""Records of what administrators decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import factory
from django.contrib.auth.models import Group

from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    MessagingService,
    Queue,
    QueueGroup,
    Right,
    User,
    WebhookSecret,
)


class ChannelFactory(factory.django.DjangoModelFactory[Channel]):
    name = factory.Sequence("Chat channel {}".format)
    kind = Channel.Kind.CHAT

    class Meta:
        model = Channel


class AttachedKeyFactory(factory.django.DjangoModelFactory[AttachedKey]):
    """``aliases`` are its other names."""

    name = factory.Sequence("key{}".format)

    class Meta:
        model = AttachedKey
        skip_postgeneration_save = True

    @factory.post_generation
    def aliases(self: AttachedKey, create: bool, names: Iterable[str] | None, **_: Any) -> None:  # type: ignore[misc]
        for name in names or ():
            AttachedKeyAlias.objects.create(key=self, name=name)


class QueueGroupFactory(factory.django.DjangoModelFactory[QueueGroup]):
    name = factory.Sequence("Queue group {}".format)

    class Meta:
        model = QueueGroup


class QueueFactory(factory.django.DjangoModelFactory[Queue]):
    name = factory.Sequence("Queue {}".format)
    channel = factory.SubFactory(ChannelFactory)

    class Meta:
        model = Queue


class GroupFactory(factory.django.DjangoModelFactory[Group]):
    name = factory.Sequence("Team {}".format)

    class Meta:
        model = Group


class UserFactory(factory.django.DjangoModelFactory[User]):
    username = factory.Sequence("user{}".format)
    password = factory.django.Password("correct horse")

    class Meta:
        model = User


class ApiKeyFactory(factory.django.DjangoModelFactory[ApiKey]):
    """``key.text`` is what a client shows."""

    user = factory.SubFactory(UserFactory, is_api_client=True)

    class Meta:
        model = ApiKey

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: Any, **kwargs: Any) -> ApiKey:
        key, text = ApiKey.objects.issue(**kwargs)
        key.text = text  # type: ignore[attr-defined]
        return key


class MessagingServiceFactory(factory.django.DjangoModelFactory[MessagingService]):
    name = factory.Sequence("Messaging service {}".format)
    project_id = "e2df3a34-a71b-4448-9db5-a8d2baad28e4"
    app_id = factory.Sequence("01EB37HMH1M6SV18ASNS3G{:04d}".format)
    queue = factory.SubFactory(QueueFactory)

    class Meta:
        model = MessagingService


class WebhookSecretFactory(factory.django.DjangoModelFactory[WebhookSecret]):
    service = factory.SubFactory(MessagingServiceFactory)
    secret = "foo_secret1234"

    class Meta:
        model = WebhookSecret


def grant(user: User, *rights: Right, on: Queue) -> User:
    """Give the user the rights on the queue, directly."""
    for right in rights:
        AccessRight.objects.get_or_create(user=user, right=right, queue=on)
    return user


def user_with(*rights: Right, on: Queue, **facts: Any) -> User:
    """A user who holds these rights on this queue, and nothing else."""
    return grant(UserFactory(**facts), *rights, on=on)
