"""Reports in the System Configurator: to look at, never to change."""

from reporting.admin import (  # noqa: F401  each registers its pages
    contact_log,
    dataset_days,
    delivery_rebuilds,
    file_deliveries,
    report_files,
    report_runs,
    report_schedules,
)
