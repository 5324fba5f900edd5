import logging
from io import StringIO

import pytest
from celery.app.trace import TraceInfo
from structlog.stdlib import ProcessorFormatter

from config.celery import app

CANARY = "canary-31337"


@pytest.fixture
def written():
    """What a handler with our formatter writes."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    (formatter,) = [formatter for formatter in formatters if isinstance(formatter, ProcessorFormatter)]
    handler.setFormatter(formatter)
    loggers = [logging.getLogger("conversations"), logging.getLogger("celery.app.trace")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lines
    for logger in loggers:
        logger.removeHandler(handler)


def test_a_line_carries_time_level_logger_and_sentence(written):
    logging.getLogger("conversations").warning("Delivery %s waits", 7)

    line = written.getvalue()
    assert "level=warning" in line and "logger=conversations" in line and 'event="Delivery 7 waits"' in line


def test_a_failure_is_told_by_its_kind_and_place_without_the_value_it_quotes(written):
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("conversations").exception("Delivery %s failed", 7)

    line = written.getvalue()
    assert "ValueError" in line and f"{__name__}:" in line
    assert CANARY not in line


def test_an_address_is_told_without_its_query_string(written):
    logging.getLogger("conversations").error("Error handling request %s %s", "GET", f"/history/?q={CANARY}&queue=1")

    assert "GET /history/" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_the_public_address_of_a_file_is_told_without_what_opens_it(written):
    logging.getLogger("conversations").warning("Gone: %s", f"/sms/richcontent/{CANARY}/A name of {CANARY}.png")

    assert "Gone: /sms/richcontent/" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_the_web_servers_own_lines_have_the_same_form():
    server = logging.getLogger("gunicorn.error")

    assert ProcessorFormatter in [type(handler.formatter) for handler in server.handlers]
    assert not server.propagate


def test_a_failed_task_is_told_without_the_value_its_exception_quotes(written):
    @app.task(name="tests.fail")
    def fail():
        raise ValueError(CANARY)

    fail.push_request(id="b7", args=(), kwargs={}, is_eager=False)
    try:
        fail.run()
    except ValueError as failure:
        TraceInfo("FAILURE", failure).handle_failure(fail, fail.request, store_errors=False)

    line = written.getvalue()
    assert "tests.fail" in line and "ValueError" in line
    assert CANARY not in line
