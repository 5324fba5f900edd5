"""What a page says to somebody who sees nothing: which rights are held, and who can grant more."""

from django import template
from django.http import HttpRequest

from channels_cfg.models import User
from channels_cfg.rights.effective import who_can_grant_in_words
from channels_cfg.rights.explained import Extent, extents

register = template.Library()


@register.simple_tag
def who_can_grant() -> str:
    """``Ada Lindgren or another System Configurator``."""
    return who_can_grant_in_words()


@register.simple_tag
def own_rights(request: HttpRequest) -> list[Extent]:
    """How far each right of the viewer reaches; says nothing about what lies beyond."""
    return extents(request.user) if isinstance(request.user, User) else []
