"""What a mail says, whatever strangers send."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.doors.mail.parsing import MANY, MOST_FILES, WINMAIL, Mail, read


def mail(body: str = "Hello", *headers: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    head = ["From: =?utf-8?q?M=C3=A4rta?= <marta@example.com>", "Subject: =?iso-8859-1?q?Gr=FC=DFe?=", *headers]
    return "\r\n".join([*head, f"Content-Type: {kind}", "", body]).encode()


def several(*parts: str, kind: str = "mixed") -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return mail(body, kind=f'multipart/{kind}; boundary="b"')


def file(name: str, content: str = "aGVsbG8=", kind: str = "application/octet-stream") -> str:
    return (
        f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{content}"
    )


PLAIN = "Content-Type: text/plain\r\n\r\nHello"
HTML = 'Content-Type: text/html\r\n\r\n<p>Hello <b>you</b><script>x()</script><img src="https://t/1.gif"></p>'


def test_head_and_text_are_read():
    read_mail = read(mail("Hej", "Message-ID: <1@x>", "References: <a@x> <b@x>", "To: Sales <SALES@example.com>"))

    assert read_mail == Mail(
        message_id="<1@x>",
        thread=["<a@x>", "<b@x>"],
        from_address="marta@example.com",
        from_name="Märta",
        subject="Grüße",
        recipients=["SALES@example.com"],
        text="Hej",
    )


def test_of_two_versions_the_plain_is_the_text_and_the_html_is_cleaned():
    read_mail = read(several(PLAIN, HTML, kind="alternative"))

    assert (read_mail.text, read_mail.html, read_mail.images) == ("Hello", "<p>Hello <b>you</b></p>", 1)


def test_html_alone_has_a_text_and_a_footer_is_not_lost():
    read_mail = read(several(HTML, "Content-Type: text/plain\r\n\r\n<Footer>"))

    assert (read_mail.text, read_mail.html) == (
        "Hello you\n\n<Footer>",
        "<p>Hello <b>you</b></p><p>&lt;Footer&gt;</p>",
    )


def test_files_are_handed_on_by_name_and_winmail_is_named():
    files = read(
        several(PLAIN, file("a.txt"), file("winmail.dat", kind="application/ms-tnef"), file("../../etc/x"))
    ).files

    assert [(one.name, one.content, one.why) for one in files] == [
        ("a.txt", b"hello", ""),
        ("winmail.dat", b"", WINMAIL),
        ("../../etc/x", b"hello", ""),
    ]
    many = read(several(*[file(f"{number}.txt") for number in range(MOST_FILES + 5)])).files
    assert len(many) == MOST_FILES and many[-1].why == MANY


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"no mail at all",
        mail(kind="multipart/mixed"),
        mail(kind='multipart/mixed; boundary="never"'),
        mail(kind="text/plain; charset=nonsense"),
        mail(kind="text/plain; charset=punycode"),
        mail(kind="text/plain; charset=\"'''\""),
        mail("=?utf-8?b?broken", "Content-Transfer-Encoding: base64"),
        mail("half", "Subject: =?utf-8?b?/w==?=", "From: =?x?q?=FF?= <"),
        mail(kind="text/plain; name*=utf-8''%ff%fe; name*1=x"),
        several('Content-Disposition: attachment; filename*=broken"\r\n\r\nx', "Content-Type: \r\n\r\nx", ""),
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\nContent-Type: message/rfc822\r\n\r\n" * 5000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(5000)),
        b"\xff\xfe\x00" * 1000,
        b"From: " + b"x" * 2000 + b"@example.com\r\n\r\nHello",
        b"From: " + b"(" * 3900 + b"\r\nTo: " + b"(" * 3900 + b"\r\n\r\nHello",
        b"Content-Type: text/plain; charset=zlib\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n\xff",
        b"From: \x00\xed\xa0\x80 <a\x00@b>\r\nSubject: \x00\r\n\r\n\x00",
    ],
)
def test_whatever_is_sent_is_read_without_a_fault(raw):
    read_mail = read(raw)

    stored = [read_mail.from_address, read_mail.from_name, read_mail.subject, read_mail.text, *read_mail.recipients]
    assert "\0" not in "".join(stored)
    "".join(stored).encode()
    assert len(read_mail.from_address) <= 320 and len(read_mail.from_name) <= 200


MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    "bomb",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(5000)),
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * 400_000,
        b"From: a@b\r\n" + b"X: y\r\n" * 700_000,
        b"From: a@b\r\nSubject: " + b"x" * 4 * MEGABYTE,
    ],
    ids=["nested parts", "very many parts", "a head of very many lines", "a head of one line"],
)
def test_what_would_cost_out_of_all_proportion_is_not_unpacked(bomb):
    began = time.process_time()

    assert read(bomb).is_broken
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "raw",
    [
        mail("Hello\r\n" * 500_000),
        several(PLAIN, *[file(f"{number}.bin", "QUJD\r\n" * 100_000) for number in range(5)]),
        mail("<p>" * 9_000 + "Hello", kind="text/html"),
        several("Content-Type: text/plain" + ';"' * 2_000_000 + "\r\n\r\nHello"),
        several("Content-Type: multipart/mixed" + "; a=b" * 800_000 + "\r\n\r\nHello"),
        mail("x", "To: " + "a@b, " * 20_000, "References: " + "<a@b> " * 20_000, "X: =?utf-8?q?=41?= " * 2000),
    ],
    ids=["lines", "files", "depth", "parameters", "parameters of several", "headers"],
)
def test_what_is_large_is_read_in_time_that_grows_with_it(raw):
    began = time.process_time()

    assert not read(raw).is_broken
    assert time.process_time() - began < 3


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: a@b\r\nContent-Type: ", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"]),
)
def test_no_bytes_raise(raw, before):
    read(before + raw)
    read(before + raw, is_whole=False)
