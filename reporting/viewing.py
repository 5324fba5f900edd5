"""Who views reports."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from channels_cfg.models import AccessRight, OpeningHours, Queue, Right, User
from reporting.models import ReportSchedule


def may_view_reports(user: User) -> bool:
    """Whether the user holds the right anywhere; where, each report finds out for itself."""
    return AccessRight.objects.held_by(user).filter(right=Right.VIEW_REPORTS).exists()


def opening_hours_known_to(user: User) -> QuerySet[OpeningHours]:
    """Those of the queues on which the user views reports, and those that schedules of the user name already."""
    queues = Queue.objects.granting(Right.VIEW_REPORTS, to=user)
    named = ReportSchedule.objects.filter(owner=user)
    return OpeningHours.objects.filter(
        Q(pk__in=queues.values("opening_hours")) | Q(pk__in=named.values("opening_hours"))
    )


def report_recipients() -> QuerySet[User]:
    """For whom files may be made: people who may sign in, and view reports."""
    viewers = AccessRight.objects.filter(right=Right.VIEW_REPORTS).holders()
    return viewers.filter(is_active=True, is_api_client=False)


def may_receive_reports(user: User) -> bool:
    """As ``report_recipients`` says it of many."""
    return report_recipients().filter(pk=user.pk).exists()
