"""What the jobs write, administrators only read."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from channels_cfg.admin.read_only import ReadOnlyAdmin


class StaffReadOnlyAdmin(ReadOnlyAdmin):
    """Open to every administrator: such a page holds no customer data, or obeys rights."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))
