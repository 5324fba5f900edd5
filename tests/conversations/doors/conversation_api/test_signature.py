import json
from typing import Any

import pytest

from conversations.doors.conversation_api.signature import Signature
from tests.conversations.doors.conversation_api.conftest import CALLBACKS, needs_callbacks

VECTORS = CALLBACKS / "signature_vectors.json"


@needs_callbacks
@pytest.mark.parametrize(
    "vector",
    json.loads(VECTORS.read_text()) if VECTORS.is_file() else [{}],
    ids=lambda vector: vector.get("name", "none"),
)
def test_signatures_are_judged_as_the_senders_own_tools_do(vector: dict[str, Any]) -> None:
    signature = Signature(digest=vector["signature"], nonce=vector["nonce"], timestamp=vector["timestamp"])

    fits = signature.fits(vector["body"].encode(), vector["secret"])

    assert fits is vector["valid"]


def test_a_signature_without_an_algorithm_is_read() -> None:
    headers = {
        "x-sinch-webhook-signature": "c2ln",
        "x-sinch-webhook-signature-nonce": "01FJA8B4A7BM43YGWSG9GBV067",
        "x-sinch-webhook-signature-timestamp": "1634579353",
    }

    signature = Signature.read(headers)

    assert signature == Signature("c2ln", "01FJA8B4A7BM43YGWSG9GBV067", "1634579353")
