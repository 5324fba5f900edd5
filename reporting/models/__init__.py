"""What is told about conversations."""

from reporting.models.contact_log import ContactLogEntry
from reporting.models.report_file import ReportFile
from reporting.models.report_run import ReportRun
from reporting.models.saved_report import SavedReport

__all__ = ["ContactLogEntry", "ReportFile", "ReportRun", "SavedReport"]
