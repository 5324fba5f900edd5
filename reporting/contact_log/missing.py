"""Why keys have no value, for whoever has a row and no database. It knows nothing of the portal's tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from channels_cfg.key_names import is_listed


def missing_reasons(
    *, is_served: bool, kept: Collection[str], dropped: Mapping[str, str], judged: Collection[str] | None
) -> dict[str, str]:
    """Why keys that were configured or came have no value in a row of the Contact Log: ``{key: code}``."""
    configured = judged or ()
    if not is_served:
        return dict.fromkeys([*configured, *dropped], "abandoned")
    without = [key for key in configured if not any(is_listed(name, [key]) for name in kept)]
    return {**dict.fromkeys(without, "not_provided"), **dropped}
