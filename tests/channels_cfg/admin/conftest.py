"""Somebody who configures the portal, and nothing else."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from channels_cfg.models import User
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import UserFactory


@pytest.fixture
def configurator(db: None) -> User:
    """Staff in the group System Configurator, without any right on a queue."""
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def browser(configurator: User) -> Client:
    """A client signed in as the configurator, through the sign-in page."""
    client = Client()
    assert client.login(username="aino", password="correct horse")
    return client
