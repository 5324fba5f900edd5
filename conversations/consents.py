"""Consents of customers: recorded, looked up, and shown to whoever may view them (specification 002, WhatsApp).

A consent is given to a messaging service over one of its channels; of all that was said the latest counts.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from channels_cfg.addresses import ADDRESS_DOMAIN
from channels_cfg.messaging.messaging_channels import channel_of
from channels_cfg.models import MessagingService, Queue, QueueAddress, Right, SystemSettings, User
from conversations.models import Consent, Conversation
from conversations.models.consent import ConsentQuerySet, tidied_customer


def record(
    service: MessagingService,
    *,
    channel: str,
    address: str,
    given: bool,
    at: datetime,
    contact_external_id: str = "",
    source: Consent.ConsentSource = Consent.ConsentSource.CALLBACK,
    by: User | None = None,
) -> Consent:
    """Store what was said about being written to over the channel, once, however often it is told. ``by`` is who
    recorded it; None where the customer said it."""
    consent, _is_new = Consent.objects.get_or_create(
        service=service,
        channel=channel,
        address=tidied_customer(address)[:320],
        contact_external_id=contact_external_id,
        given=given,
        at=at,
        defaults={"source": source, "recorded_by": by},
    )
    return consent


def withdraw(consent: Consent, *, source: Consent.ConsentSource, by: User, now: datetime) -> bool:
    """The customer of this consent is not to be written to any more; whether that is news."""
    if not consent.given:
        return False
    record(
        consent.service,
        channel=consent.channel,
        address=consent.address,
        contact_external_id=consent.contact_external_id,
        given=False,
        at=max(now, consent.at),
        source=source,
        by=by,
    )
    return True


def all_of(consent: Consent) -> ConsentQuerySet:
    """What the same customer said to the same service over the same channel, the newest first."""
    of_customer = Consent.objects.filter(service=consent.service_id, channel=consent.channel, address=consent.address)
    if not consent.address:
        of_customer = of_customer.filter(contact_external_id=consent.contact_external_id)
    return of_customer.select_related("service", "recorded_by").newest_first()


def consents_of(conversation: Conversation) -> ConsentQuerySet:
    """All that the conversation's customer said to its service over its channel, the newest first."""
    reference = conversation.reference
    if reference is None or reference.service_id is None:
        return Consent.objects.none()
    whose = Q(pk__in=[])
    if conversation.customer_address:
        whose |= Q(address=tidied_customer(conversation.customer_address))
    if reference.contact_external_id:
        whose |= Q(contact_external_id=reference.contact_external_id)
    said = Consent.objects.filter(whose, service=reference.service_id, channel=conversation.messaging_channel)
    return said.select_related("recorded_by").newest_first()


def has_opted_in(conversation: Conversation) -> bool:
    """Whether templates may be sent to the customer at any time. Where the settings leave opt-ins to another system,
    it is not for us to refuse."""
    takes_templates = channel_of(conversation.messaging_channel).templates
    if takes_templates and not SystemSettings.load().manages_whatsapp_opt_ins:
        return True
    latest = consents_of(conversation).first()
    return latest is not None and latest.given


def may_rely_on_consents(user: User, conversation: Conversation) -> bool:
    """Whether the user may send by what the customer said: whoever may see it, and everybody where another system sees
    to opt-ins."""
    return not SystemSettings.load().manages_whatsapp_opt_ins or _may_view(user, conversation)


def _may_view(user: User, conversation: Conversation) -> bool:
    return Conversation.objects.granting(Right.VIEW_CONSENTS, to=user).filter(pk=conversation.pk).exists()


def shown_to(user: User, conversation: Conversation) -> list[Consent] | None:
    """What the customer said, the newest first; None for whoever does not hold the right “View consents”, and where
    there is nothing to say: the channel asks for no opt-in, and the customer said nothing."""
    if conversation.reference is None or conversation.reference.service_id is None:
        return None
    if not _may_view(user, conversation):
        return None
    said = list(consents_of(conversation))
    return said if said or channel_of(conversation.messaging_channel).templates else None


def services_for(user: User) -> QuerySet[MessagingService]:
    """The services whose conversations wait in a queue on which the user holds the right “View consents”: in the
    service's own, or in one with an address of its app."""
    queues = Queue.objects.granting(Right.VIEW_CONSENTS, to=user)
    addresses = QueueAddress.objects.filter(queue__in=queues, address__endswith=f".{ADDRESS_DOMAIN}")
    apps = {address.partition("@")[0] for address in addresses.values_list("address", flat=True)}
    return MessagingService.objects.filter(Q(queue__in=queues) | Q(app_id__in=apps)).order_by("name")
