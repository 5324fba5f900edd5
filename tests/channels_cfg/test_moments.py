from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template
from django.utils import formats, timezone

AT = datetime(2026, 11, 28, 17, 7, 13, tzinfo=UTC)


def shown(text: str) -> str:
    return Template("{% load moments tz %}" + text).render(Context({"at": AT}))


def test_a_time_is_written_in_one_form_on_the_viewers_clock_and_says_its_zone_when_pointed_at():
    with timezone.override(ZoneInfo("Europe/Helsinki")):
        minute, elsewhere = shown("{{ at|moment }}"), shown("{{ at|timezone:'Asia/Tokyo'|second }}")
        by_django = formats.localize(timezone.localtime(AT))

    assert minute == (
        '<time datetime="2026-11-28T19:07:13+02:00" title="2026-11-28 19:07:13 (Europe/Helsinki)">'
        "2026-11-28 19:07</time>"
    )
    assert elsewhere == (
        '<time datetime="2026-11-29T02:07:13+09:00" title="2026-11-29 02:07:13 (Asia/Tokyo)">2026-11-29 02:07:13</time>'
    )
    assert by_django == "2026-11-28 19:07"


@pytest.mark.parametrize(
    ("now", "words"), [("2026-11-28 21:59:59Z", "19:07"), ("2026-11-28 22:00Z", "2026-11-28 19:07")]
)
def test_a_list_tells_the_day_of_what_is_not_of_the_viewers_today(now: str, words: str):
    with timezone.override(ZoneInfo("Europe/Helsinki")), time_machine.travel(now):
        assert f">{words}</time>" in shown("{{ at|clock_today }}")
