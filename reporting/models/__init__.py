"""What is told about conversations."""

from reporting.models.bi_login import BiLogin
from reporting.models.contact_log import ContactLogEntry
from reporting.models.daily_manifest import DailyManifest
from reporting.models.dataset_day import ChangedDay, DatasetDay
from reporting.models.delivery_pause import DeliveryPause
from reporting.models.delivery_rebuild import DeliveryRebuild
from reporting.models.file_delivery import FileDelivery
from reporting.models.kept_key_name import KeptKeyName
from reporting.models.moved_entry import MovedEntry
from reporting.models.report_file import ReportDownload, ReportFile
from reporting.models.report_file_slice import ReportFileSlice
from reporting.models.report_run import ReportRun
from reporting.models.report_schedule import ReportSchedule, RunRecipient, RunRow, ScheduledRun
from reporting.models.saved_report import SavedReport

__all__ = [
    "BiLogin",
    "ChangedDay",
    "ContactLogEntry",
    "DailyManifest",
    "DatasetDay",
    "DeliveryPause",
    "DeliveryRebuild",
    "FileDelivery",
    "KeptKeyName",
    "MovedEntry",
    "ReportDownload",
    "ReportFile",
    "ReportFileSlice",
    "ReportRun",
    "ReportSchedule",
    "RunRecipient",
    "RunRow",
    "SavedReport",
    "ScheduledRun",
]
