"""Telephone numbers as people write them, and as they are stored: digits, with the country's code before them."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException

FEWEST_DIGITS = 5
_WRITTEN = re.compile(r"\(?\+?[\d\s()\[\]./~·-]+")
# One country for each code: how numbers are dialled at home differs between codes.
_COUNTRIES = sorted({regions[0] for regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.values()} - {"001"})


def numbers_meant(text: str) -> set[str]:
    """The digits, or the last ones, of every stored number that the text may mean; none where it is no number.

    “+358 (0)40 123 4567” and “00358…” say their country. “040 123 4567” may be dialled in any, and its last digits are
    those of one of its countries: 401234567.
    """
    written = _plain(text)
    digits = re.sub(r"\D", "", written)
    if not _WRITTEN.fullmatch(written) or len(digits) < FEWEST_DIGITS:
        return set()
    if "+" in written or digits.startswith("00"):
        international = digits.removeprefix("00")
        return {international, *_parsed(f"+{international}", None)}
    at_home = {number for country in _COUNTRIES for number in _parsed(written, country)}
    without_zero = digits.lstrip("0")
    return {digits, *at_home} | ({without_zero} if len(without_zero) >= FEWEST_DIGITS else set())


def e164(text: str, country: str = "") -> str:
    """``+358401234567``: the number in full, with an extension ``+35891234;ext=12`` (RFC 3966); empty where the text is
    no such number. ``country`` is where a number without a country's code is dialled, such as ``FI``."""
    written = _plain(text)
    written = f"+{written[2:]}" if written.startswith("00") else written
    with suppress(NumberParseException):
        number = phonenumbers.parse(written, country.upper() or None)
        if phonenumbers.is_possible_number(number):
            plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"{plain};ext={number.extension}" if number.extension else plain
    return ""


def e164_of_sender(address: str) -> str:
    """The same of an address that a channel or a telephone system told, which may leave out the plus."""
    return e164(address) or (e164(f"+{address}") if address.isdecimal() else "")


def shown_number(e164_number: str) -> str:
    """``+358 40 1234567 ext. 12``, as people read it."""
    with suppress(NumberParseException):
        number = phonenumbers.parse(e164_number)
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
    return e164_number


def country_of(e164_number: str) -> str:
    """``FI``; empty where the number does not say."""
    with suppress(NumberParseException):
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164_number)) or ""
    return ""


def _plain(text: str) -> str:
    """ASCII digits, one kind of dash, no invisible marks, and no zero in brackets, which nobody dials."""
    plain = []
    for character in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(character)
        if category == "Nd":
            plain.append(str(unicodedata.decimal(character)))
        elif category == "Pd" or character == "−":
            plain.append("-")
        elif category != "Cf":
            plain.append(character)
    return "".join(plain).replace("(0)", "").strip()


def _parsed(written: str, country: str | None) -> set[str]:
    with suppress(NumberParseException):
        number = phonenumbers.parse(written, country, keep_raw_input=True)
        if phonenumbers.is_valid_number(number):
            national = phonenumbers.national_significant_number(number)
            at_home = number.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY
            return {national if at_home else f"{number.country_code}{national}"}
    return set()
