"""How report pages word numbers."""

from django import template

from reporting.pages.count_table import duration

register = template.Library()

register.filter("as_duration", duration)
