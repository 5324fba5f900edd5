"""How the System Configurator looks and what its menu offers."""

from typing import Any

from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Keepsake",
    "SITE_HEADER": "Keepsake",
    "SITE_SUBHEADER": _("System Configurator"),
    "SITE_SYMBOL": "inventory_2",
    "SITE_URL": "/history/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    # The other parts of the portal, under the name at the top.
    "SITE_DROPDOWN": [
        {"icon": "tune", "title": _("System Configurator"), "link": "/admin/"},
        {"icon": "headset_mic", "title": _("Desk"), "link": "/desk/"},
        {"icon": "history", "title": _("History"), "link": "/history/"},
        {"icon": "bar_chart", "title": _("Contact Log"), "link": "/reports/"},
        {"icon": "api", "title": _("API"), "link": "/api/docs/"},
    ],
    "DASHBOARD_CALLBACK": "config.portal.home.home",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
    },
    # Teal; 600 carries white text at 5:1.
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(70.4% .14 182.503)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .055 190)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
}
