"""A file is what its bytes are."""

from io import BytesIO

import pytest

from conversations.attachments.media_types import typed
from tests.factories.files import HTML, MP4, OGG, PDF, PNG, SVG

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PNG, "", "image/png"),
        (PNG, "photo.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\0" * 50, "", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 30, "", "image/webp"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + b"\0" * 30, "", "audio/wav"),
        (MP4, "", "video/mp4"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + b"\0" * 40, "", "audio/mp4"),
        (OGG, "voice", "audio/ogg"),
        (b"#!AMR\n" + b"\0" * 30, "", "audio/amr"),
        (PDF, "", "application/pdf"),
        (b"PK\3\4\x14\0" + b"\0" * 40, "", "application/zip"),
        (b"PK\3\4\x14\0" + b"\0" * 40, "offer.docx", DOCX),
        ("Käse, 2 €".encode(), "", "text/plain"),
        (b"BM is no bitmap here", "notes.txt", "text/plain"),
        (b"a;b\n<1;2\n", "table.csv", "text/csv"),
        (HTML, "page.txt", "text/plain"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_type_is_told_by_bytes_and_a_name_only_chooses_among_those_that_fit(
    content: bytes, name: str, media_type: str
) -> None:
    found = typed(BytesIO(content), name)

    assert found and found.name == media_type


@pytest.mark.parametrize("name", ["", "photo.jpg", "page.html", "photo.svg", "photo"])
@pytest.mark.parametrize("content", [HTML, SVG, b'<?xml version="1.0"?>' + SVG, b"MZ\x90\0\3" + b"\0" * 60, b""])
def test_markup_and_programs_have_no_type_whatever_they_are_called(content: bytes, name: str) -> None:
    assert typed(BytesIO(content), name) is None


@pytest.mark.parametrize("content", [b"alert(1)", b"Hello"])
def test_a_text_that_is_called_a_picture_is_none(content: bytes) -> None:
    assert typed(BytesIO(content), "photo.jpg") is None
