import pytest

from channels_cfg.keys.sensitive import newly_listed
from channels_cfg.models import AttachedKey

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([], ["iban", "tier"], ["iban"]),
        (["iban"], ["iban", "tier"], []),
        (["iban"], [], []),
        ([], ["customer"], ["customer.id"]),
        (["customer"], ["customer", "customer.id"], []),
        (["customer.id"], ["customer"], []),
        ([], ["Iban", "customerid"], []),
    ],
)
def test_what_is_added_is_found_also_below_a_parent(before: list[str], after: list[str], found: list[str]):
    for name in ("iban", "customer.id"):
        AttachedKey.objects.create(name=name, sensitive=True)
    AttachedKey.objects.create(name="tier")

    assert newly_listed(before=before, after=after) == found


def test_a_list_that_grows_by_nothing_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert newly_listed(before=["a", "b"], after=["b"]) == []
