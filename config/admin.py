"""Pages of libraries in the System Configurator: periodic tasks stay, the rest is not for administrators; and links
between pages of different floors."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import PeriodicTaskAdmin as CeleryPeriodicTaskAdmin
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from unfold.admin import ModelAdmin
from unfold.decorators import display

from config.portal.extra_data import links  # noqa: F401  registers its pages

for application in ("oauth2_provider", "django_celery_beat"):
    for model in apps.get_app_config(application).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(CeleryPeriodicTaskAdmin, ModelAdmin):
    """What the scheduler starts by itself: how often may be changed, and whether at all."""

    form = ModelForm  # the library's own asks for a task's internal name
    compressed_fields = False
    change_form_template = None  # the library's holds a script, which the Content-Security-Policy forbids
    list_is_for = _("A periodic task is work that the scheduler starts by itself.")
    list_display = ["name", "how_often", "enabled", "last_run_at"]
    list_display_links = ["name"]
    list_filter = ["enabled"]
    list_select_related = ["interval", "crontab"]
    search_fields = ["name"]
    ordering = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "enabled", "description"]}),
        (_("How often"), {"description": _("One of the two."), "fields": ["interval", "crontab"]}),
        (_("Since"), {"classes": ["collapse"], "fields": ["last_run_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("interval", "crontab")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The portal has the tasks it has; each is scheduled from the start."""
        return False

    @display(description=_("How often"))
    def how_often(self, task: PeriodicTask) -> str:
        return str(task.scheduler)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin):
    search_fields = ["every", "period"]
    ordering = ["period", "every"]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ModelAdmin):
    search_fields = ["minute", "hour"]
    ordering = ["hour", "minute", "id"]
