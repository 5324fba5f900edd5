"""What a value may be: a card number, an IBAN, an e-mail address, a phone number. Words only, no database.

A detector answers whether a value looks like it, never which part of it or what it is. Numbers are found inside longer
text as well, with spaces, hyphens or dots between their digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from django.db import models
from django.utils.translation import gettext_lazy as _


class Hit(models.TextChoices):
    """What a value may be, as far as a detector can tell."""

    CARD = "card", _("Card number")
    IBAN = "iban", _("IBAN")
    EMAIL = "email", _("E-mail address")
    PHONE = "phone", _("Phone number")


def hits_of(text: str) -> set[Hit]:
    """Everything that the text looks like, or has in it."""
    if len(text) < SHORTEST:
        return set()
    text = unicodedata.normalize("NFKC", text).translate(_HYPHENS)
    return {hit for hit, looks_like in _DETECTORS.items() if looks_like(text)}


SHORTEST = 6
"""a@b.fi"""

_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")

# Card numbers: ISO/IEC 7812. Length, prefix and check digit must all fit.

_PREFIXES = (
    # lowest and highest prefix, lengths
    ("4", "4", {13, 16, 19}),  # Visa
    ("51", "55", {16}),  # Mastercard
    ("2221", "2720", {16}),
    ("34", "34", {15}),  # American Express
    ("37", "37", {15}),
    ("300", "305", {14, 16, 17, 18, 19}),  # Diners Club
    ("36", "36", {14, 16, 17, 18, 19}),
    ("38", "39", {14, 16, 17, 18, 19}),
    ("3528", "3589", {16, 17, 18, 19}),  # JCB
    ("6011", "6011", {16, 17, 18, 19}),  # Discover
    ("644", "649", {16, 17, 18, 19}),
    ("65", "65", {16, 17, 18, 19}),
    ("62", "62", {16, 17, 18, 19}),  # UnionPay
    ("2200", "2205", {16, 17, 18, 19}),  # Mir
    ("5018", "5020", {13, 14, 15, 16, 17, 18, 19}),  # Maestro, Dankort
    ("5038", "5038", {13, 14, 15, 16, 17, 18, 19}),
    ("5893", "5893", {13, 14, 15, 16, 17, 18, 19}),
    ("6304", "6304", {13, 14, 15, 16, 17, 18, 19}),
    ("6759", "6763", {13, 14, 15, 16, 17, 18, 19}),
    ("60", "60", {16}),  # RuPay
    ("81", "82", {16}),
    ("9792", "9792", {16}),  # Troy
)
_DIGIT_RUNS = re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){12,}")
_DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def is_card_number(digits: str) -> bool:
    """Whether 13 to 19 digits are a card number that its issuer could have given out."""
    return _has_known_prefix(digits) and passes_luhn(digits) and len(set(digits)) > 1


def passes_luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def _has_known_prefix(digits: str) -> bool:
    return any(len(digits) in lengths and low <= digits[: len(low)] <= high for low, high, lengths in _PREFIXES)


def _has_card_number(text: str) -> bool:
    return any(is_card_number(digits) for run in _DIGIT_RUNS.findall(text) for digits in _numbers_in(run))


def _numbers_in(run: str) -> Iterator[str]:
    """Every 13 to 19 digits that start and end with a group: “12 4111 1111 1111 1111” has a card number in it."""
    groups = re.split(r"[ .-]", run)
    for first in range(len(groups)):
        digits = ""
        for group in groups[first : first + 19]:
            digits += group
            if len(digits) > 19:
                break
            if len(digits) >= 13:
                yield digits


# IBAN: ISO 13616. The length is that of the country, the remainder by 97 is 1.

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")


def _has_iban(text: str) -> bool:
    return any(_is_iban_from(text, start) for start in _IBAN_START.finditer(text))


def _is_iban_from(text: str, start: re.Match[str]) -> bool:
    length = _IBAN_LENGTHS.get(start[0][:2].upper())
    if length is None:
        return False
    rest = re.compile(rf"(?:[ -]?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])").match(text, start.end())
    return rest is not None and is_iban(start[0] + re.sub("[ -]", "", rest[0]))


def is_iban(account: str) -> bool:
    """Whether the account number, without spaces, has the length of its country and the right check digits."""
    account = account.upper()
    if _IBAN_LENGTHS.get(account[:2]) != len(account):
        return False
    return int("".join(str(int(character, 36)) for character in account[4:] + account[:4])) % 97 == 1


# Addresses and phone numbers

_EMAIL = re.compile(r"[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")

_PHONES = re.compile(
    # International, anywhere in the text: +358 40 123 4567, (+49) 151-12345678, 0046 70 123 45 67
    r"(?<![\w.+-])\(?\+[1-9](?:[ ()./-]{0,2}[0-9]){7,14}(?![0-9])"
    r"|(?<![\w.+-])00[1-9](?:[ /-]?[0-9]){9,13}(?![0-9])"
)
_NATIONAL_PHONES = re.compile(
    # National, where it is the whole value: 040 123 4567, 0401234567, (212) 555-0123
    r"\(?0[1-9](?:[ ()/-]{0,2}[0-9]){7,9}"
    r"|\(?[2-9][0-9]{2}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}"
)


def _has_email_address(text: str) -> bool:
    return "@" in text and _EMAIL.search(text) is not None


def _has_phone_number(text: str) -> bool:
    return _PHONES.search(text) is not None or _NATIONAL_PHONES.fullmatch(text.strip()) is not None


_DETECTORS: dict[Hit, Callable[[str], bool]] = {
    Hit.CARD: _has_card_number,
    Hit.IBAN: _has_iban,
    Hit.EMAIL: _has_email_address,
    Hit.PHONE: _has_phone_number,
}
