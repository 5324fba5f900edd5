"""In the place of Django's own ``{% csrf_token %}``, which stands in every form: the form is marked as well."""

from __future__ import annotations

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from channels_cfg.form_mark import MARK, new_mark

register = template.Library()


@register.simple_tag(takes_context=True)
def csrf_token(context: template.Context) -> str:
    token = CsrfTokenNode().render(context)
    request = context.get("request")
    if not token or request is None or not request.user.is_authenticated:
        return token
    return format_html('{}<input type="hidden" name="{}" value="{}">', token, MARK, new_mark(request))
