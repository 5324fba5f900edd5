"""What is told about conversations."""

from reporting.models.bi_login import BiLogin
from reporting.models.contact_log import ContactLogEntry
from reporting.models.kept_key_name import KeptKeyName
from reporting.models.moved_entry import MovedEntry
from reporting.models.report_file import ReportDownload, ReportFile
from reporting.models.report_run import ReportRun
from reporting.models.saved_report import SavedReport

__all__ = [
    "BiLogin",
    "ContactLogEntry",
    "KeptKeyName",
    "MovedEntry",
    "ReportDownload",
    "ReportFile",
    "ReportRun",
    "SavedReport",
]
