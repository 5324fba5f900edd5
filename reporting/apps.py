from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ReportingConfig(AppConfig):
    """What is told about conversations: the Contact Log and its files."""

    name = "reporting"
    verbose_name = gettext_lazy("Reporting")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from datetime import timedelta

        from django.db.models.signals import post_delete, post_migrate, pre_migrate

        from channels_cfg import jobs
        from channels_cfg.history.change_set import keys_lost
        from reporting.bi import logins, views
        from reporting.contact_log import building, dataset, slices
        from reporting.models import (
            BiLogin,
            DailyManifest,
            DatasetDay,
            DeliveryRebuild,
            FileDelivery,
            ReportFile,
            ReportFileSlice,
            ScheduledRun,
        )
        from reporting.saved_reports import reports_losing
        from reporting.schedules import running
        from reporting.session_metadata import delivering, manifests, rebuilding

        pre_migrate.connect(views.drop_views, sender=self, dispatch_uid="views of BI")
        post_migrate.connect(views.create_views, sender=self, dispatch_uid="views of BI")
        post_delete.connect(logins.drop_role, sender=BiLogin, dispatch_uid="role of a BI login")
        jobs.register(ScheduledRun, running.work)
        jobs.register(ReportFile, building.build, longest=timedelta(hours=6))
        jobs.register(ReportFileSlice, slices.write, turn=timedelta(seconds=1))
        jobs.register(FileDelivery, delivering.deliver, handful=delivering.HANDFUL)
        jobs.register(DailyManifest, manifests.write)
        jobs.register(DeliveryRebuild, rebuilding.plan)
        jobs.register(DatasetDay, dataset.write)

        def answer(sender: type, *, keys: list[str], **_facts: object) -> list[object]:
            return [*reports_losing(keys)]

        keys_lost.connect(answer, weak=False, dispatch_uid="saved reports")
