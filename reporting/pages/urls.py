from django.urls import path

from reporting.pages import (
    chosen_columns,
    contact_log,
    legs,
    report_files,
    report_runs,
    saved_reports,
    scheduled_runs,
    schedules,
)

app_name = "reports"
urlpatterns = [
    path("", contact_log.report, name="index"),
    path("rows/", contact_log.rows, name="rows"),
    path("rows/columns/", chosen_columns.choose, name="choose_columns"),
    path("legs/", legs.legs, name="legs"),
    path("saved/", saved_reports.report_list, name="saved"),
    path("saved/save/", saved_reports.save, name="save"),
    path("saved/<int:pk>/rename/", saved_reports.rename, name="rename_saved"),
    path("saved/<int:pk>/share/", saved_reports.share, name="share_saved"),
    path("saved/<int:pk>/delete/", saved_reports.delete, name="delete_saved"),
    path("files/", report_files.file_list, name="files"),
    path("files/ask/", report_files.ask, name="ask_for_file"),
    path("files/<uuid:pk>/", report_files.progress, name="file"),
    path("files/<uuid:pk>/cancel/", report_files.cancel, name="cancel_file"),
    path("files/<uuid:pk>/download/", report_files.download, name="download_file"),
    path("files/schema.json", report_files.line_schema, name="line_schema"),
    path("runs/", report_runs.run_list, name="runs"),
    path("schedules/", schedules.schedule_list, name="schedules"),
    path("schedules/new/", schedules.new, name="new_schedule"),
    path("schedules/times/", schedules.times_typed, name="schedule_times"),
    path("schedules/<int:pk>/", scheduled_runs.schedule, name="schedule"),
    path("schedules/<int:pk>/edit/", schedules.edit, name="edit_schedule"),
    path("schedules/<int:pk>/pause/", schedules.pause, name="pause_schedule"),
    path("schedules/<int:pk>/delete/", schedules.delete, name="delete_schedule"),
    path("schedules/<int:pk>/leave/", schedules.leave, name="leave_schedule"),
    path("schedules/<int:pk>/run/", scheduled_runs.start, name="run_schedule"),
    path("schedules/runs/<int:pk>/", scheduled_runs.scheduled_run, name="scheduled_run"),
    path("schedules/runs/<int:pk>/again/", scheduled_runs.again, name="run_again"),
    path("schedules/runs/<int:pk>/changes/", scheduled_runs.changes, name="run_changes"),
]
