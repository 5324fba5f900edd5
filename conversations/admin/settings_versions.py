"""How many conversations each version of the settings judged, on its pages in the System Configurator."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, OuterRef
from django.http import HttpRequest
from django.utils.translation import gettext as _

from channels_cfg.admin.history.versions import VersionsAdmin
from channels_cfg.models import Right, SettingsVersion
from conversations.models import Conversation
from conversations.signed_in import viewer

COUNTED_IN_THE_LIST = 1000

admin.site.unregister(SettingsVersion)


@admin.register(SettingsVersion)
class VersionsWithConversationsAdmin(VersionsAdmin):
    """Counts only conversations whose history the viewer may see; who may see none sees no count."""

    def conversations_judged(self, request: HttpRequest, numbers: Sequence[int]) -> dict[int, str]:
        judged = Conversation.objects.granting(Right.VIEW_HISTORY, to=viewer(request)).order_by()
        if len(numbers) == 1:
            number = judged.filter(settings_version=numbers[0]).count()
            return {numbers[0]: f"{number:,}"} if number else {}
        if not judged.filter(settings_version__in=numbers).exists():
            return {}
        some = judged.filter(settings_version=OuterRef("pk"))[: COUNTED_IN_THE_LIST + 1]
        counted = Func(ArraySubquery(some.values("version")), function="cardinality", output_field=IntegerField())
        asked = SettingsVersion.objects.filter(pk__in=numbers).annotate(judged=counted)
        counts = asked.filter(judged__gt=0).values_list("pk", "judged")
        return {
            number: f"{count:,}"
            if count <= COUNTED_IN_THE_LIST
            else _("more than %(number)s") % {"number": f"{COUNTED_IN_THE_LIST:,}"}
            for number, count in counts
        }
