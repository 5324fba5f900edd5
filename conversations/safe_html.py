"""HTML that strangers send, as it may stand in a page: text, lists and tables, and links that somebody has to follow.

Nothing in it runs, is fetched, looks like the portal's own, or leads to the portal itself.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import nh3
from django.utils.safestring import SafeString, mark_safe

MOST_TAGS = 10_000
LONGEST = 200_000
"""Characters. Cleaning takes longer with the square of how deep tags are nested; so much takes a second at worst."""

_BLOCKS = {
    *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "figcaption", "figure"),
    *("footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section"),
    *("table", "tr", "ul"),
}
_SHOWN = {
    *_BLOCKS,
    *("a", "abbr", "b", "br", "caption", "cite", "code", "col", "colgroup", "del", "em", "i", "ins", "kbd", "mark"),
    *("q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tbody", "td", "tfoot", "th", "thead"),
    *("u", "var"),
}
_DROPPED_WHOLE = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math"}

_LOOKS_LIKE_HTML = re.compile(
    rf"<(?:!doctype html|/?(?:html|head|body|img|font|form|script|style|{'|'.join(sorted(_SHOWN))})(?:\s[^<>]*)?/?)>",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"<(?:img|image|picture|video)\b", re.IGNORECASE)
_BREAK = re.compile(rf"<br>|</?(?:{'|'.join(sorted(_BLOCKS))})>")
_TAG = re.compile(r"<[^<>]*>")
_GAPS = re.compile(r"\s*\n\s*\n\s*")

_CLEANER = nh3.Cleaner(
    tags=_SHOWN,
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_BARE = nh3.Cleaner(tags={*_BLOCKS, "br"}, clean_content_tags=_DROPPED_WHOLE, attributes={})


@dataclass(frozen=True)
class Body:
    """A text as a page shows it: ``markup`` where it is HTML, else ``text``. ``images`` is how many are not shown."""

    text: str
    markup: SafeString | str = ""
    images: int = 0

    def __bool__(self) -> bool:
        return bool(self.text or self.markup)


def body_of(text: str) -> Body:
    """What is HTML, cleaned; plain text as it is. HTML that is too much is shown as its source."""
    if not looks_like_html(text) or is_too_much(text):
        return Body(text)
    return Body("", cleaned(text), images_in(text))


def images_in(text: str) -> int:
    """How many images the HTML would load; none of them is."""
    return len(_IMAGE.findall(text))


def looks_like_html(text: str) -> bool:
    """Whether it holds a tag of HTML; “5 < 6” and ``<maija@example.com>`` are none."""
    return bool(_LOOKS_LIKE_HTML.search(text))


def is_too_much(text: str) -> bool:
    """Whether cleaning it would keep a page waiting."""
    return len(text) > LONGEST or text.count("<") > MOST_TAGS


def cleaned(text: str) -> SafeString:
    """The HTML without what is not shown; ``is_too_much`` is asked first."""
    return mark_safe(_CLEANER.clean(text))


def as_text(text: str) -> str:
    """What somebody reads of the HTML, in lines; ``is_too_much`` is asked first."""
    bare = _BREAK.sub("\n", " ".join(_BARE.clean(text).split()))
    lines = html.unescape(_TAG.sub("", bare)).replace("\xa0", " ").split("\n")
    return _GAPS.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()
