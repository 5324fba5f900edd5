"""Who belongs to which group: recorded like every other setting, since rights follow from it."""

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.queue import Queue
from channels_cfg.models.user import User
from channels_cfg.models.versioned import versioned


@versioned(model_name="RecordedGroupEvent")
class RecordedGroup(Group):
    """A group, as Django defines it."""

    class Meta:
        proxy = True
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        default_permissions = ()


@versioned(model_name="GroupMembershipEvent")
class GroupMembership(User.groups.through):  # type: ignore[name-defined]
    """A user in a group."""

    class Meta:
        proxy = True
        verbose_name = _("group membership")
        verbose_name_plural = _("group memberships")
        default_permissions = ()


@versioned(model_name="QueueGroupMembershipEvent")
class QueueGroupMembership(Queue.groups.through):  # type: ignore[name-defined]
    """A queue in a queue group."""

    class Meta:
        proxy = True
        verbose_name = _("queue in a queue group")
        verbose_name_plural = _("queues in queue groups")
        default_permissions = ()
