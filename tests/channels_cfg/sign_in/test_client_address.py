"""Where a request comes from."""

import pytest

from channels_cfg.sign_in.client_address import client_address, counted_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),  # nobody stands in front, so the sender wrote it
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),  # came past one of the proxies
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::9]:4711", "2001:db8::9"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "unknown", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_heard_from(rf, settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies

    request = rf.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded} if forwarded else {})

    assert client_address(request) == address


def test_changing_the_address_inside_ones_ipv6_network_changes_nothing_of_what_is_counted(rf):
    addresses = {counted_address(rf.get("/", REMOTE_ADDR=f"2001:db8:1:2::{number:x}")) for number in range(1, 9)}

    assert addresses == {"2001:db8:1:2::"}
    assert counted_address(rf.get("/", REMOTE_ADDR="")) is None
