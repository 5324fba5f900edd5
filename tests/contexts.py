"""What an answer's ``context`` holds: that of each template that was rendered for itself.

Django copies the context of every template that another one includes or extends as well, a hundred on a page of the
configurator, which takes a good part of rendering it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar

import pytest
from django.template import Context, Template
from django.test import utils
from django.utils.safestring import SafeString

is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)


def render(self: Template, context: Context) -> SafeString:
    """Instead of ``instrumented_test_render``: tell tests of the outermost template alone."""
    if is_inside.get():
        return self.nodelist.render(context)
    token = is_inside.set(True)
    try:
        return utils.instrumented_test_render(self, context)
    finally:
        is_inside.reset(token)


@pytest.fixture(scope="session", autouse=True)
def django_test_environment(django_test_environment: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", render)
        yield
