from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete
from django.utils.translation import gettext_lazy


class ConversationsConfig(AppConfig):
    """What happens: conversations, legs, messages, attached data, history."""

    name = "conversations"
    verbose_name = gettext_lazy("Conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from channels_cfg import jobs
        from channels_cfg.configuration_file import waiting
        from channels_cfg.models import WaitingUpload
        from conversations import wake_workers
        from conversations.attachments import fetch, store
        from conversations.contact_pages import imports
        from conversations.contacts.recognising import recognise
        from conversations.doors import deliveries, registry
        from conversations.doors.conversation_api.door import DOOR
        from conversations.doors.mail import reading
        from conversations.doors.mail.door import DOOR as MAIL_DOOR
        from conversations.doors.tasks.door import DOOR as TASK_DOOR
        from conversations.integrations import planning
        from conversations.integrations import run as integration_run
        from conversations.lifecycle import news
        from conversations.models import (
            Attachment,
            InboundDelivery,
            IntegrationRun,
            MailReading,
            MediaFetch,
            OutboundMessage,
        )
        from conversations.replies import send
        from conversations.routing.presence import note_sign_out

        registry.register(DOOR)
        registry.register(MAIL_DOOR)
        registry.register(TASK_DOOR)
        jobs.register(InboundDelivery, deliveries.work)
        jobs.register(MailReading, reading.work)
        jobs.register(MediaFetch, fetch.work, longest=fetch.LONGEST)
        jobs.register(OutboundMessage, send.work)
        at_once = settings.INTEGRATIONS_AT_ONCE
        at_once += integration_run.BESIDE if at_once > 1 else 0
        jobs.register(IntegrationRun, integration_run.work, longest=integration_run.LONGEST, at_once=at_once)
        waiting.work_by(WaitingUpload.Kind.CONTACTS, imports.work)
        news.follow(recognise)
        news.follow(planning.plan_runs)
        jobs.tell_workers_by(wake_workers.wake_workers)
        post_delete.connect(store.file_goes_too, sender=Attachment)
        news.listen(wake_workers.wake_routing)
        user_logged_out.connect(note_sign_out)
