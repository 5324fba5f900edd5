"""What a value may be. The numbers are those that issuers and banks publish for testing."""

import pytest

from conversations.pii_detectors import Hit, hits_of

CARDS = {
    "Visa": "4111111111111111",
    "Visa, 13 digits": "4222222222222",
    "Mastercard": "5555555555554444",
    "Mastercard, new range": "2223003122003222",
    "American Express": "378282246310005",
    "Diners Club": "30569309025904",
    "Discover": "6011111111111117",
    "JCB": "3530111333300000",
    "UnionPay": "6250941006528599",
    "Maestro": "6759649826438453",
}
IBANS = (
    "FI2112345600000785",
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "SE4550000000058398257466",
)


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS)
def test_a_card_number_is_found(number):
    assert hits_of(number) == {Hit.CARD}


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111–1111–1111–1111",
        "４１１１１１１１１１１１１１１１",
        "my card is 4111 1111 1111 1111, thanks",
        "12 4111 1111 1111 1111",
        "3782 822463 10005",
    ],
)
def test_a_card_number_is_found_however_it_is_written(text):
    assert Hit.CARD in hits_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "411111111111111",  # a Visa number has no 15 digits
        "1111111111111117",  # no issuer begins with 1
        "9999999999999995",
        "0000000000000000",
        "41111111111111111111111",  # too long to hold one
        "1763693340000",  # milliseconds
        "490154203237518",  # the number of a telephone set, which has a Luhn digit too
        "7cb1f3a4-4111-4111-8111-111111111111",
    ],
)
def test_other_long_numbers_are_no_card_numbers(text):
    assert Hit.CARD not in hits_of(text)


@pytest.mark.parametrize("account", IBANS)
def test_an_iban_is_found(account):
    in_fours = " ".join(account[at : at + 4] for at in range(0, len(account), 4))

    assert Hit.IBAN in hits_of(account)
    assert Hit.IBAN in hits_of(account.lower())
    assert Hit.IBAN in hits_of(in_fours)
    assert Hit.IBAN in hits_of(f"Please pay to {in_fours} by Friday")


@pytest.mark.parametrize(
    "text",
    [
        "FI2112345600000786",  # the check digits are wrong
        "FI21123456000007851",  # one too long for Finland
        "FI211234560000078",
        "ZZ2112345600000785",  # no such country
        "AFI2112345600000785",
        "order FI21",
    ],
)
def test_near_misses_are_no_iban(text):
    assert Hit.IBAN not in hits_of(text)


@pytest.mark.parametrize(
    "text", ["maija@example.com", "Erik <erik.svensson+shop@mail.example.se>", "o'neil@example.co.uk", "päivi@öljy.fi"]
)
def test_an_email_address_is_found(text):
    assert hits_of(text) == {Hit.EMAIL}


@pytest.mark.parametrize("text", ["maija at example.com", "@example", "user@localhost", "a@b", "3@4.5", "gold@"])
def test_near_misses_are_no_email_address(text):
    assert hits_of(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "+358401234567",
        "+358 40 123 4567",
        "(+49) 151-12345678",
        "0046 70 123 45 67",
        "040 123 4567",
        "0401234567",
        "(212) 555-0123",
        "212-555-0123",
        "call +44 (0)7700 900123 today",
    ],
)
def test_a_phone_number_is_found(text):
    assert hits_of(text) == {Hit.PHONE}


@pytest.mark.parametrize(
    "text",
    ["1234567", "358401234567", "2026-11-21", "2026-11-21T03:49:00+02:00", "000123456", "+1", "3.14159265358979",
     "10.0.0.212", "order 0401234567", "gold", "", "true"],
)  # fmt: skip
def test_ids_dates_and_words_are_nothing(text):
    assert hits_of(text) == set()


def test_a_value_can_be_several_things():
    assert hits_of("Maija, maija@example.com, +358 40 123 4567") == {Hit.EMAIL, Hit.PHONE}


@pytest.mark.timeout(20)  # one that is slow takes minutes
@pytest.mark.parametrize("text", ["1 " * 2048, "4" * 4096, "a" * 4096, "a.b@" * 1024, "FI21 " * 800, "+1 " * 1300])
def test_a_value_made_to_be_slow_is_not(text):
    assert hits_of(text) <= set(Hit)
