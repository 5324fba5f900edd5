"""The dataset in an object store: a real server of S3's language, from the log to what lies there."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from pyarrow import parquet

from reporting.models import DatasetDay
from tests.channels_cfg.metadata_destinations.test_s3 import Bucket, place, server  # noqa: F401
from tests.factories import MetadataDestinationFactory, QueueFactory
from tests.reporting.contact_log.datasets import NOON, follow
from tests.reporting.stories import abandoned, served

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, SECOND = (f"contact_log/year=2026/month=3/day-2026-03-0{day}.parquet" for day in (2, 3))


def test_days_lie_in_the_bucket_and_are_replaced(place: Bucket):  # noqa: F811
    MetadataDestinationFactory(
        kind="s3", bucket="archive", endpoint=place.endpoint, account=place.key_id, secret=place.secret,
        folder="contact-centre", dataset_folder="contact_log",
    )  # fmt: skip
    queue = QueueFactory(statistics_keys=["customerType"])
    served(queue, received_at=NOON, data={"customerType": "gold"})
    served(queue, received_at=NOON + timedelta(days=1))
    follow()
    abandoned(queue, received_at=NOON)
    follow()

    files = place.files()
    rows = {name: parquet.read_table(BytesIO(content)).num_rows for name, content in files.items()}
    assert rows == {FIRST: 2, SECOND: 1}
    assert set(DatasetDay.objects.values_list("state", "attempts")) == {("done", 1)}
    head = place.client.head_object(Bucket="archive", Key=f"contact-centre/{FIRST}")
    assert head["ContentType"] == "application/vnd.apache.parquet"
