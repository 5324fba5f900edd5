"""The pages of reporting staff, as a browser without scripts sees them."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Right, SystemSettings
from conversations import lifecycle
from reporting.contact_log.columns import FIELDS_OF_ROWS
from reporting.contact_log.files import clear_away
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.measures import IN_TABLES
from reporting.models import ReportDownload, ReportFile
from tests.factories import QueueFactory, QueueGroupFactory, UserFactory, grant, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR = "received_after=2026-01-01&received_before=2027-01-01"


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def queue():
    return QueueFactory(name="Sales", statistics_keys=["customerType"])


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_REPORTS, on=queue)


def page(client, user, address: str) -> str:
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return unescape(response.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/reports/", "/reports/rows/", "/reports/files/", "/reports/runs/"])
def test_a_stranger_is_asked_to_sign_in(client, address):
    assert client.get(address).headers["Location"].startswith("/accounts/login/?next=/reports/")


@pytest.mark.django_db
def test_who_may_view_no_report_sees_none_and_is_told_who_can_help(client, queue):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()

    shown = page(client, user_with(Right.VIEW_HISTORY, on=queue), f"/reports/?{YEAR}&by=key:customerType")

    assert "no report for you to view" in shown
    assert "gold" not in shown
    assert "Sales" not in shown


@pytest.mark.django_db
def test_before_the_job_ran_the_page_says_so(client, viewer):
    assert "The reporting job has not run yet" in page(client, viewer, "/reports/")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/reports/?", "/reports/rows/?"])
def test_where_nothing_matches_a_key_that_nobody_kept_is_named(client, queue, viewer, address):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    served(QueueFactory(statistics_keys=["hidden"]), received_at=NOON, data={"hidden": "1"})
    run_reporting_job()

    def said_of(key: str) -> bool:
        shown = page(client, viewer, f"{address}{YEAR}&kept={key}~1")
        assert "No conversation matches" in shown
        return f"Of no conversation of this period that you may see “{key}” was kept." in shown

    assert [said_of(key) for key in ("custmerType", "hidden", "customerType")] == [True, True, False]


@pytest.mark.django_db
def test_a_count_leads_to_as_many_rows(client, queue, viewer):
    for value in ("gold", "gold", "silver"):
        served(queue, received_at=NOON, data={"customerType": value})
    served(queue, received_at=NOON)
    run_reporting_job()

    report = page(client, viewer, f"/reports/?{YEAR}&interval=none&by=key:customerType")

    counts = dict(
        re.findall(r'<th scope="row"[^>]*>([^<]+)</th>\s*<td class="num">\s*<a href="[^"]+">(\d+)</a>', report)
    )
    assert counts == {"gold": "2", "silver": "1", "Not provided": "1", "All": "4"}
    for label, count in counts.items():
        pattern = rf'>{label}</th>\s*<td class="num">\s*<a href="([^"]+)">'
        rows = page(client, viewer, re.search(pattern, report)[1])
        assert f"<h1>{count} conversation" in rows
        assert rows.count('<td data-label="Received">') == int(count)


@pytest.mark.django_db
def test_a_value_that_readers_cannot_tell_apart_is_one_group(client, queue, viewer):
    for form in ("NFC", "NFD"):
        served(queue, received_at=NOON, data={"customerType": unicodedata.normalize(form, "Märta")})
    run_reporting_job()

    report = page(client, viewer, f"/reports/?{YEAR}&interval=none&by=key:customerType")
    (address,) = re.findall(r'>Märta</th>\s*<td class="num">\s*<a href="([^"]+)">2<', report)

    assert "<h1>2 conversations" in page(client, viewer, address)


@pytest.mark.django_db
def test_every_empty_cell_says_why(client, queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    served(queue, received_at=NOON)
    abandoned(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()

    rows = page(client, viewer, f"/reports/rows/?{YEAR}")

    cells = re.findall(r'data-label="customerType">\s*(?:<span class="is-reason">)?([^<]+?)\s*<', rows)
    assert sorted(cells) == ["Abandoned: nothing is kept", "Not provided", "gold"]
    assert "Never accepted" in rows


def table_of(rows: str) -> list[list[str]]:
    """The texts of headings and cells."""
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", rows, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL) for line in lines]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in line] for line in cells]


@pytest.mark.django_db
def test_rows_have_the_columns_that_were_ticked_in_their_order_under_their_headings(client, queue, viewer):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    usual = page(client, viewer, f"/reports/rows/?{YEAR}")
    ticked = ["field:", "customerType", *(f"field:{name}" for name in reversed(FIELDS_OF_ROWS))]
    sent = {"received_after": "2026-01-01", "received_before": "2027-01-01", "zone": "UTC", "column": ticked}
    sent |= {"heading:field:queue": " Team ", "heading:field:agent": "", "heading:never": "Not ticked"}

    answer = client.post("/reports/rows/columns/", sent)
    head, row = table_of(page(client, viewer, answer.headers["Location"]))

    assert [head[0], head[9], len(head)] == ["customerType", "Direction", 19]
    cells = dict(zip(head, row, strict=True))
    assert "Not ticked" not in answer.headers["Location"]
    assert cells == {
        "customerType": "gold", "Empty because": "", "Disposition": "", "Within service level": "No",
        "On hold": "0:00", "In the IVR": "0:00", "Handling": "5:00", "Waited": "1:00", "State": "Handled",
        "Direction": "Inbound", "Agent": str(conversation.agent), "Team": "Sales", "Messaging channel": "",
        "Channel": str(conversation.channel), "Handled": "2026-03-02 12:06:00", "Ended": "2026-03-02 12:05:00",
        "Accepted": "2026-03-02 12:01:00", "Received": "2026-03-02 12:00:00",
        "Conversation": f"…{str(conversation.pk)[-8:]}",
    }  # fmt: skip
    assert table_of(usual)[0][:3] == ["Received", "Conversation", "Channel"]
    assert "without" not in usual.split("column-rows")[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pressed", "order", "place"),
    [
        ({"up": "field:agent"}, ["Agent", "Team", "State"], "#column-1"),
        ({"down": "field:agent"}, ["Team", "State", "Agent"], "#column-3"),
        ({"up": "field:queue"}, ["Team", "Agent", "State"], "#column-1"),
        ({"down": "field:state"}, ["Team", "Agent", "State"], "#column-3"),
        ({"up": "field:channel"}, ["Team", "Agent", "State"], ""),
    ],
)
def test_a_column_is_moved_past_its_neighbour_by_what_a_button_sends(client, queue, viewer, pressed, order, place):
    served(queue, received_at=NOON)
    run_reporting_job()
    client.force_login(viewer)
    sent = {"received_after": "2026-01-01", "received_before": "2027-01-01", "heading:field:queue": "Team"}
    ticked = ["field:", "field:queue", "field:agent", "field:state"]

    shown = client.post("/reports/rows/columns/", sent | {"column": ticked} | pressed).headers["Location"]

    assert table_of(page(client, viewer, shown))[0] == order
    assert shown.partition("#")[1:] == place.partition("#")[1:]


@pytest.mark.django_db
def test_wrong_columns_and_headings_are_told_and_can_be_mended_where_they_were_typed(client, queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    client.force_login(viewer)
    sent = {"received_after": "2026-01-01", "received_before": "2027-01-01", "column": ["field:", "field:queue"]}

    wrong = client.post("/reports/rows/columns/", sent | {"heading:field:queue": "=1+1"}).headers["Location"]
    shown = page(client, viewer, wrong)
    none = page(client, viewer, client.post("/reports/rows/columns/", sent | {"column": "field:"}).headers["Location"])

    assert "Headings: A spreadsheet may take “=1+1” for a formula." in shown
    (field,) = re.findall(r'<input[^>]* value="=1[^>]*>', shown)
    assert 'name="heading:field:queue"' in field and "aria-invalid" in field
    assert table_of(shown) == [["Queue"], ["Sales"]]
    assert "Rows as CSV" not in shown
    assert "Columns: Choose at least one column." in none


@pytest.mark.django_db
def test_what_changed_late_is_counted_and_its_rows_say_what_it_was(client, queue, viewer):
    late = served(queue, received_at=NOON, handled=False)
    served(queue, received_at=NOON)
    run_reporting_job()
    lifecycle.handle(late.pk, by=late.agent, now=NOON + timedelta(minutes=8))
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}")
    rows = page(client, viewer, f"/reports/rows/?{YEAR}&late=any")

    assert "late=any" in shown
    assert (str(late.pk) in rows, rows.count("Changed late: Handling")) == (True, 1)
    assert "First reported" in rows
    assert 'title="First' not in rows


@pytest.mark.django_db
def test_a_row_leads_to_history_only_for_who_may_view_it(client, queue, viewer):
    conversation = served(queue, received_at=NOON)
    run_reporting_job()
    address = f"/reports/rows/?{YEAR}"

    assert f"/history/{conversation.pk}/" not in page(client, viewer, address)
    grant(viewer, Right.VIEW_HISTORY, on=queue)
    assert f"/history/{conversation.pk}/" in page(client, viewer, address)


@pytest.mark.django_db
def test_nothing_of_a_foreign_queue_is_offered_or_counted(client, queue, viewer):
    foreign = QueueFactory(name="Secret desk", statistics_keys=["secretKey"])
    group = QueueGroupFactory(name="Secret group")
    foreign.groups.set([group])
    served(foreign, received_at=NOON, data={"secretKey": "secret value"}, agent=UserFactory(username="secretagent"))
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}") + page(client, viewer, f"/reports/rows/?{YEAR}")

    by_group = page(client, viewer, f"/reports/?{YEAR}&by=queue_group")
    asked_by_id = page(client, viewer, f"/reports/?{YEAR}&queue_group={group.pk}&queue_group=only:{group.pk}")

    assert "ecret" not in shown + by_group + asked_by_id
    assert "<h1>1 conversation" in shown


@pytest.mark.django_db
def test_a_question_that_makes_no_sense_is_answered_in_words(client, viewer):
    shown = page(client, viewer, "/reports/?zone=Mars&by=nothing")

    assert "“Mars” is not a time zone" in shown
    assert "Choose of: channel" in shown
    for asked in ("?interval=none&at=2026-11-29", "rows/?at=2026-11-29"):
        assert "at which an interval starts needs the interval, too" in page(client, viewer, f"/reports/{asked}")


@pytest.mark.django_db
def test_a_wrong_question_keeps_all_that_was_typed_and_marks_its_field_by_its_label(client, queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    asked = {
        "period": "custom", "received_after": "first of March", "received_before": "2026-04-01", "zone": "Mars",
        "interval": "week", "by": ["queue", "key:customerType"], "queue": str(queue.pk), "state": "handled",
        "kept": ["customerType=gold", "customerType~"],
    }  # fmt: skip

    shown = page(client, viewer, f"/reports/?{urlencode(asked, doseq=True)}")

    assert '<a href="#id_zone">Time zone</a>: “Mars” is not a time zone' in shown
    assert '<a href="#id_received_after">From</a>: This is not a date or time' in shown
    assert '<a href="#id_kept_key">Kept data</a>: Say what the value of customerType should contain' in shown
    assert not re.search(r"\b(zone|received_after|kept): ", shown)
    fields = {
        name: tag for tag in re.findall(r"<(?:input|select)[^>]*>", shown) for name in re.findall(r'name="(\w+)"', tag)
    }
    for name, typed in {"received_after": "first of March", "received_before": "2026-04-01", "zone": "Mars"}.items():
        assert f'value="{typed}"' in fields[name]
    marked = {name for name, tag in fields.items() if 'aria-invalid="true"' in tag}
    assert marked == {"received_after", "zone", "kept_key"}
    chosen = set(re.findall(r'value="([^"]*)" (?:selected|checked)', shown))
    assert {"custom", "week", "queue", "key:customerType", str(queue.pk), "handled", "~"} <= chosen
    assert 'name="kept" value="customerType=gold" form="filters"' in shown
    assert 'name="kept_key" value="customerType"' in shown


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["files/ask/", "saved/save/"])
def test_a_file_or_a_saved_report_that_makes_no_sense_leads_back_with_all_that_was_typed(client, viewer, way):
    client.force_login(viewer)

    answer = client.post(f"/reports/{way}", {"zone": "Mars", "by": "queue", "format": "csv", "name": "Mine"})

    assert answer.headers["Location"] == "/reports/?zone=Mars&by=queue"


@pytest.mark.django_db
def test_more_groups_than_can_be_shown_are_folded_and_the_page_says_so(client, viewer, queue):
    for number in range(9):
        served(queue, received_at=NOON, data={"customerType": f"type {number}"})
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}&interval=month&by=key:customerType")

    assert "customerType has 9 different values. The 6 with the most conversations are shown" in shown


@pytest.mark.django_db
def test_others_lead_to_as_many_rows(client, viewer, queue, monkeypatch):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_ROWS", 6)
    for number in range(9):
        values = {"customerType": f"type {number:02}"} if number else {}
        for times in range(1 + (number % 4 == 0)):
            served(queue, received_at=NOON + times * 40 * timedelta(days=1), data=values)
    run_reporting_job()

    for interval, expected in {"month": 2, "none": 2}.items():
        address = f"/reports/?{YEAR}&interval={interval}&by=key:customerType&by=queue"
        links = re.findall(r'<a href="([^"]+others=[^"]+)">([\d,]+)<', page(client, viewer, address))
        assert len(links) == expected  # of March and the year; of all conversations and of those served
        for link, count in links:
            rows = page(client, viewer, link)
            assert f"<h1>{count} conversation" in rows
            assert "customerType · Queue: none of the 6 largest groups" in rows


@pytest.mark.django_db
def test_a_group_of_too_long_a_value_to_ask_for_is_a_number_alone(client, viewer, queue):
    SystemSettings.objects.update_or_create(pk=1, defaults={"value_characters": 10_000})
    for value in ("x" * 4096, "y" * 4097):
        served(queue, received_at=NOON, data={"customerType": value})
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}&interval=none&by=key:customerType&measure=conversations")

    leads = [row.split("</th>")[0].strip()[-1] for row in shown.split('<th scope="row"')[1:3] if "kept=" in row]
    assert leads == ["x"]


@pytest.mark.django_db
def test_the_measures_asked_for_are_columns_with_their_definitions(client, viewer, queue):
    abandoned(queue, received_at=NOON)
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}&interval=month&measure=service_level&measure=average_handling")

    headings = re.findall(r'<th scope="col" class="num"\s+title="([^"]+)" abbr="([^"]+)"', shown)
    assert [label for _definition, label in headings] == ["Service level", "Average handling"]
    assert headings[1][0] == "From first accepted to handled; handled conversations only"
    assert {"none was handled", "no conversations"} <= set(re.findall(r'<span title="([^"]+)" class="because"', shown))
    assert '<option value="service_level" selected>' in shown


@pytest.mark.django_db
def test_empty_intervals_show_0_or_that_there_is_no_data(client, viewer, queue):
    abandoned(queue, received_at=NOON)
    served(queue, received_at=NOON + timedelta(days=2), data={"customerType": "gold"})
    run_reporting_job()
    days = "received_after=2026-03-02&received_before=2026-03-05&measure=abandoned&measure=average_wait"

    zero = page(client, viewer, f"/reports/?{days}")
    empty = page(client, viewer, f"/reports/?{days}&empty=no_data&compare=previous")
    across = page(client, viewer, f"/reports/?{days}&empty=no_data&across=key:customerType&measure=conversations")

    assert [row[:2] for row in table_of(zero)[1:-1]] == [["Mon 03-02", "1"], ["Tue 03-03", "0"], ["Wed 03-04", "0"]]
    no_data = "no data no conversations"  # what is seen, then what is heard
    mon, tue, wed, _all = table_of(empty)[1:]
    assert (mon[1][:17], tue[1:], wed[1][:17]) == ("1 against no data", [no_data, no_data], "0 against no data")
    assert '"data": [1.0, 0.0, 0.0]' in zero
    assert '"data": [1.0, null, 0.0]' in empty and '"data": [null, null, null]' in empty
    assert table_of(across)[2][1:] == [no_data] * 3
    assert '<option value="no_data" selected>' in empty


@pytest.mark.django_db
def test_the_usual_measures_are_not_in_the_address(client, viewer, queue):
    client.force_login(viewer)
    measures = [("measure", name) for name in ("conversations", *IN_TABLES)]  # as the form sends them
    ways = {"usual": measures, "other": [("measure", "late"), *measures]}

    pushed = {
        way: client.get("/reports/?" + urlencode(sent), headers={"HX-Request": "true"}).headers["HX-Push-Url"]
        for way, sent in ways.items()
    }

    assert ("measure" in pushed["usual"], pushed["other"].count("measure")) == (False, 1 + len(IN_TABLES))


@pytest.mark.django_db
def test_groups_are_laid_across(client, viewer, queue):
    for value in ("gold", "gold", "silver"):
        served(queue, received_at=NOON, data={"customerType": value})
    abandoned(queue, received_at=NOON)
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}&interval=none&by=queue&across=key:customerType")

    assert "<caption>Conversations by customerType</caption>" in shown
    headings = re.findall(r'<th scope="col"[^>]*>([^<]+)<', shown)
    assert headings == ["Queue", "gold", "Abandoned: nothing is kept", "silver", "All"]
    (address,) = re.findall(r'>Sales</th>\s*<td class="num">\s*<a href="([^"]+)">2<', shown)
    assert "<h1>2 conversations" in page(client, viewer, address)


@pytest.mark.django_db
def test_numbers_are_shown_beside_those_of_the_month_before(client, viewer, queue):
    for number, month in ((30, 2), (33, 3)):
        for _ in range(number):
            abandoned(queue, received_at=NOON.replace(month=month))
    served(queue, received_at=NOON.replace(month=2))
    run_reporting_job()
    march = "received_after=2026-03-01&received_before=2026-04-01"

    shown = page(client, viewer, f"/reports/?{march}&interval=day&compare=previous&measure=abandoned&measure=served")

    assert "Compared with 2026-02-01 00:00 to before 2026-03-01 00:00" in shown
    table = " ".join(re.sub(r"<[^>]+>", " ", shown.split("<tbody>")[1].split("</tbody>")[0]).split())
    assert "Mon 03-02 33 +3 (+10 %) against 30 0 −1 (−100 %) against 1 Tue 03-03 0 0 Wed" in table
    assert table.endswith("All 33 +3 (+10 %) against 30 0 −1 (−100 %) against 1")
    addresses = re.findall(r'against\s+<a href="([^"]+)">30<', shown)
    assert len(addresses) == 3  # in the card, of the day and of all
    assert "<h1>30 conversations" in page(client, viewer, addresses[0])
    assert '"label": "The period before"' in shown
    assert "few to compare with" not in shown


@pytest.mark.django_db
def test_a_fall_to_nothing_is_shown(client, viewer, queue):
    served(queue, received_at=NOON.replace(month=2))
    run_reporting_job()
    march = "received_after=2026-03-01&received_before=2026-04-01&compare=previous"

    by_nothing, by_queue = (page(client, viewer, f"/reports/?{march}&{by}") for by in ("", "interval=none&by=queue"))

    for shown in (by_nothing, by_queue):
        assert "No conversation matches" not in shown
        assert re.search(r"−1 \(−100 %\)\s*against", re.sub(r"<[^>]+>", " ", shown))


@pytest.mark.django_db
@pytest.mark.parametrize(("other", "is_told"), [("previous", True), ("weekdays", True), ("queue:{}", False)])
def test_a_period_that_is_not_over_is_told_where_it_is_compared_with_another(client, viewer, queue, other, is_told):
    served(queue, received_at=timezone.now() - timedelta(hours=1))
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?period=last_30_days&interval=none&compare={other.format(queue.pk)}")

    assert "Compared with" in shown.split('id="results"')[1]
    assert ("The period is not over yet" in shown) == is_told


@pytest.mark.django_db
def test_a_table_marks_what_is_compared_with_few_and_says_once_what_the_mark_means(client, viewer, queue):
    for month in (2, 3):
        served(queue, received_at=NOON.replace(month=month))
    run_reporting_job()
    march = "received_after=2026-03-01&received_before=2026-04-01"

    shown = page(client, viewer, f"/reports/?{march}&interval=month&compare=previous")

    cells = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert cells.count(' title="few to compare with">*<') == cells.count("against") > 0
    assert shown.count("* few to compare with: fewer than 20 conversations") == 1


@pytest.mark.django_db
def test_what_each_measure_counts_is_there_for_those_who_cannot_hover(client, viewer, queue):
    served(queue, received_at=NOON)
    run_reporting_job()

    shown = page(client, viewer, "/reports/?received_after=2026-03-01&received_before=2026-04-01")

    assert "<dt>Abandoned</dt><dd>Ended before an agent accepted</dd>" in shown


@pytest.mark.django_db
def test_a_queue_that_is_not_granted_is_compared_no_more_than_one_that_is_not_there(client, viewer, queue):
    foreign = QueueFactory(name="Secret desk")
    abandoned(foreign, received_at=NOON)
    run_reporting_job()

    shown = [page(client, viewer, f"/reports/?{YEAR}&compare=queue:{queue}") for queue in (foreign.pk, 123456)]

    for text in shown:
        assert '<a href="#id_compare">Compare with</a>: There is no such queue' in text
        assert "ecret" not in text


@pytest.mark.django_db
def test_small_groups_are_counted_together_and_lead_nowhere(client, viewer, queue):
    for value, times in {"gold": 5, "silver": 2, "bronze": 1}.items():
        for _ in range(times):
            served(queue, received_at=NOON, data={"customerType": value})
    run_reporting_job()
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 3})
    by_type = f"/reports/?{YEAR}&interval=none&by=key:customerType"

    shown = page(client, viewer, by_type)
    across = page(client, viewer, f"/reports/?{YEAR}&interval=none&by=state&across=key:customerType")
    silver = page(client, viewer, f"{by_type}&kept=customerType=silver")

    table = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert re.search(r">Others, and fewer than 3</th>\s*<td class=\"num\">\s*3\s*<", table)
    assert ("silver" in table, "bronze" in table, "others=" in table) == (False, False, False)
    assert "Groups of fewer than 3 conversations are among them." in shown
    assert ">Others, and fewer than 3</th>" in across
    assert "Fewer than 3 conversations match" in silver
    assert "measure" not in silver.split('id="results"')[1]


@pytest.mark.django_db
def test_a_question_too_large_for_a_page_is_offered_as_a_file(client, viewer):
    shown = page(client, viewer, f"/reports/?{YEAR}&interval=15_minutes&by=queue")

    assert '<a href="#id_interval">Interval</a>: The period has about 35,040 of these' in shown
    assert "Rows as CSV" in shown
    form = shown.split('class="download"')[1]
    assert 'name="received_after" value="2026-01-01T00:00:00' in form
    assert 'name="interval"' not in form
    assert "Rows as CSV" not in page(client, viewer, "/reports/?interval=day&zone=Mars")


@pytest.mark.django_db
def test_pages_of_rows_follow_one_another_without_gap_or_repetition(client, viewer, queue, monkeypatch):
    monkeypatch.setattr("reporting.pages.contact_log.PAGE_SIZE", 4)
    for _ in range(10):
        abandoned(queue, received_at=NOON)
    run_reporting_job()

    seen, address = [], f"/reports/rows/?{YEAR}"
    while address:
        rows = page(client, viewer, address)
        seen += re.findall(r'<span class="mono" title="([^"]+)"', rows)
        older = re.search(r'rel="next" href="([^"]+)"', rows)
        address = older[1] if older else None

    assert len(seen) == len(set(seen)) == 10


# Files


def ask(client, viewer, **params) -> ReportFile:
    client.force_login(viewer)
    answer = client.post(
        "/reports/files/ask/",
        {"received_after": "2026-01-01", "received_before": "2027-01-01", "format": "csv", **params},
    )
    assert answer.headers["Location"] == "/reports/files/"
    return ReportFile.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_file_is_fetched_by_its_owner_and_not_found_by_anybody_else(client, queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    file = ask(client, viewer)
    jobs.work_on(ReportFile, file.pk)
    address = f"/reports/files/{file.pk}/"

    fetched = client.get(f"{address}download/")

    assert b"gold" in b"".join(fetched.streaming_content)
    assert file.name in fetched.headers["Content-Disposition"]
    assert {"private", "no-store"} <= set(fetched.headers["Cache-Control"].split(", "))
    client.force_login(user_with(Right.VIEW_REPORTS, on=queue, is_superuser=True))
    assert {client.get(address).status_code, client.get(f"{address}download/").status_code} == {404}
    assert client.post(f"{address}cancel/").status_code == 404
    assert file.name not in client.get("/reports/files/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_who_fetched_a_file_is_known_when_the_file_is_gone(client, queue, viewer):
    served(queue, received_at=NOON)
    run_reporting_job()
    file = ask(client, viewer, format="jsonl")
    jobs.work_on(ReportFile, file.pk)

    client.get(f"/reports/files/{file.pk}/download/")
    client.get(f"/reports/files/{file.pk}/")
    file.delete()

    (noted,) = ReportDownload.objects.all()
    assert (noted.name, noted.rows, noted.user, noted.address) == (file.name, 1, viewer, "127.0.0.1")
    clear_away(now=noted.fetched_at + timedelta(days=366))
    assert not ReportDownload.objects.exists()


@pytest.mark.django_db
def test_a_csv_is_asked_for_with_a_delimiter(client, viewer):
    file = ask(client, viewer, delimiter=";", without_mark="on")

    assert (file.delimiter, file.byte_order_mark) == (";", False)
    assert client.post("/reports/files/ask/", {"format": "csv", "delimiter": "x"}).status_code == 404


def test_a_file_says_how_long_the_rest_takes():
    ago = timezone.now() - timedelta(seconds=10)
    file = ReportFile(state="writing", started_at=ago, rows_total=1000, rows_done=250)

    assert round(file.time_left.total_seconds()) == 30
    assert ReportFile(state="writing", started_at=ago, rows_total=1000).time_left is None


@pytest.mark.django_db(transaction=True)
def test_a_right_withdrawn_since_the_file_was_made_counts_at_download(client, queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    file = ask(client, viewer)
    jobs.work_on(ReportFile, file.pk)

    viewer.access_rights.all().delete()
    refused = client.get(f"/reports/files/{file.pk}/download/")

    assert refused.status_code == 403
    assert "Your rights changed" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_expired_file_is_refused_even_before_it_is_cleared_away(client, queue, viewer):
    file = ask(client, viewer)
    jobs.work_on(ReportFile, file.pk)
    ReportFile.objects.update(expires_at=timezone.now())

    assert client.get(f"/reports/files/{file.pk}/download/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_waiting_file_can_be_cancelled(client, viewer):
    file = ask(client, viewer)

    client.post(f"/reports/files/{file.pk}/cancel/")
    jobs.work_on(ReportFile, file.pk)

    file.refresh_from_db()
    assert file.state == "cancelled"


@pytest.mark.django_db
def test_what_the_chart_says_names_no_span_where_there_is_none(client, viewer, queue):
    march = "received_after=2026-03-01&received_before=2026-04-01&interval=day&measure=service_level"
    served(queue, received_at=NOON)
    run_reporting_job()
    assert re.search(r"Service level: \d+\s% \(Mon 03-02\)\.", page(client, viewer, f"/reports/?{march}"))

    served(queue, received_at=NOON + timedelta(days=1))
    run_reporting_job()
    assert re.search(r"Service level: \d+\s% throughout\.", page(client, viewer, f"/reports/?{march}"))


@pytest.mark.django_db
def test_a_report_without_conversations_can_be_saved_for_the_days_to_come(client, viewer):
    assert "Save this report" in page(client, viewer, "/reports/?period=yesterday")


@pytest.mark.django_db
def test_several_queues_are_chosen_in_the_form(client, viewer, queue):
    for name in ("Care", "Service"):
        other = QueueFactory(name=name)
        grant(viewer, Right.VIEW_REPORTS, on=other)
        served(other, received_at=NOON)
    served(queue, received_at=NOON)
    run_reporting_job()

    shown = page(client, viewer, f"/reports/?{YEAR}")

    assert re.search(r'<select id="id_queue" name="queue" multiple', shown)


@pytest.mark.django_db
def test_who_may_view_no_report_but_grant_rights_is_led_there(client):
    root = UserFactory(is_staff=True, is_superuser=True)

    for address in ("/reports/", "/reports/runs/", "/reports/schedules/"):
        assert 'href="/admin/channels_cfg/accessright/"' in page(client, root, address)


@pytest.mark.django_db
def test_a_file_leads_to_what_was_asked_as_long_as_that_is_known(client, queue, viewer):
    for name in ("Sales", "Care"):
        served(queue if name == "Sales" else QueueFactory(name=name), received_at=NOON)
    run_reporting_job()
    file = ask(client, viewer, queue=str(queue.pk))

    for page_with_file in ("/reports/files/", f"/reports/files/{file.pk}/"):
        (address,) = re.findall(r'<a href="([^"]+)"[^>]*>Show what was asked<', page(client, viewer, page_with_file))
        assert "<h1>1 conversation<" in page(client, viewer, address) and f"queue={queue.pk}" in address

    client.post(f"/reports/files/{file.pk}/cancel/")
    assert "Show what was asked" not in page(client, viewer, "/reports/files/")


@pytest.mark.django_db
def test_a_file_in_no_known_format_is_not_found(client, viewer):
    client.force_login(viewer)

    assert client.post("/reports/files/ask/", {"format": "exe"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["reportrun", "reportfile", "reportdownload", "contactlogentry"])
def test_administrators_read_reports_in_the_configurator_within_their_rights(client, queue, name):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()
    administrator = UserFactory(is_staff=True, is_superuser=True)

    shown = page(client, administrator, f"/admin/reporting/{name}/")

    assert str(conversation.pk) not in shown
    assert client.get(f"/admin/reporting/{name}/add/").status_code == 403
    if name == "contactlogentry":
        grant(administrator, Right.VIEW_REPORTS, on=queue)
        assert str(conversation.pk) in page(client, administrator, f"/admin/reporting/{name}/")
