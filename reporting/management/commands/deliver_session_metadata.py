from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination
from reporting.management.periods import add_period, period_of
from reporting.models import DeliveryPause, DeliveryRebuild, FileDelivery
from reporting.session_metadata.planning import plan_deliveries
from reporting.session_metadata.rebuilding import ask_for_rebuild

State = FileDelivery.State


class Command(BaseCommand):
    help = (
        "Deliver the session metadata files that are due now, and say what became of them. With --from, --to and "
        "--destination, deliver those of that period there once more. Exit status 1 where something was not delivered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_period(parser, what="are delivered once more")
        parser.add_argument("--destination", metavar="NAME", help="Where these are delivered")

    def handle(self, *args: Any, **options: Any) -> None:
        began = timezone.now()
        self._rebuild(options, began)
        plan_deliveries(now=began)
        while jobs.work_on_handful(jobs.kind_of(FileDelivery)):
            pass
        if self._tell(began):
            raise SystemExit(1)

    def _rebuild(self, options: dict[str, Any], now: datetime) -> None:
        period, name = period_of(options), options["destination"]
        if not period and not name:
            return
        if not period or not name:
            raise CommandError("--from, --to and --destination belong together.")
        destination = MetadataDestination.objects.filter(name=name).first()
        if destination is None:
            known = ", ".join(MetadataDestination.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no destination {name}. There are: {known}.")
        rebuild = ask_for_rebuild(destination, start=period[0], end=period[1], by=None, now=now)
        jobs.work_on(DeliveryRebuild, rebuild.pk)
        rebuild.refresh_from_db()
        self.stdout.write(f"Once more: {rebuild.total or 0}.")

    def _tell(self, since: datetime) -> int:
        """What became of those that were settled since then, and what is due still; how many were not delivered."""
        settled = FileDelivery.objects.filter(finished_at__gte=since).order_by()
        delivered, unchanged, parked = (
            settled.filter(state=state).count() for state in (State.DONE, State.UNCHANGED, State.FAILED)
        )
        due = FileDelivery.objects.unfinished().filter(due_at__lte=timezone.now()).count()
        for pause in DeliveryPause.objects.select_related("destination"):
            self.stdout.write(f"{pause.destination} cannot be reached: {pause.reason}")
        self.stdout.write(f"Delivered: {delivered}. Unchanged: {unchanged}. Parked: {parked}. Still due: {due}.")
        return parked + due
