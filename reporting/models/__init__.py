"""What is told about conversations."""

from reporting.models.contact_log import ContactLogEntry
from reporting.models.report_file import ReportDownload, ReportFile
from reporting.models.report_run import ReportRun
from reporting.models.saved_report import SavedReport

__all__ = ["ContactLogEntry", "ReportDownload", "ReportFile", "ReportRun", "SavedReport"]
