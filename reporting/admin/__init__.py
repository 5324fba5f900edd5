"""Reports in the System Configurator: to look at, never to change."""

from reporting.admin import contact_log, report_files, report_runs  # noqa: F401  each registers its pages
