"""The limit of the replies: the calls that sending makes, one after the other, and nothing around them.

``python -m tests.bench.bare_calls COUNT`` signs in at ``CHANNEL``, says so, and calls once a line has come in.
"""

import os
import sys

import django

django.setup()

from channels_cfg.messaging.sinch_connection import SinchConnection, sign_in  # noqa: E402
from channels_cfg.outgoing import ask  # noqa: E402

connection = SinchConnection("eu", "bench", "BENCH", "key", "secret", os.environ["CHANNEL"])
headers = {"Authorization": f"Bearer {sign_in(connection)[0]}"}
identity = {"channel": "WHATSAPP", "identity": "358600000000"}
document = {
    "app_id": "BENCH",
    "recipient": {"identified_by": {"channel_identities": [identity]}},
    "message": {"text_message": {"text": "It leaves today, and arrives tomorrow."}},
    "channel_priority_order": ["WHATSAPP"],
    "message_metadata": "keepsake:00000000000000000000000000000000",
}
address = connection.address_of("messages:send")
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[1])):
    assert ask("POST", address, headers=headers, document=document).status == 200
