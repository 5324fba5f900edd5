"""Somebody's API on loopback, which answers as told; and an answer that fits paths and contract of an action."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from channels_cfg.data_actions.contract import sample_of
from channels_cfg.data_actions.definition import ActionDefinition


@dataclass
class AskedRequest:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class RemoteApi:
    """``status``, ``body`` and ``headers`` are the answer to whatever is asked; by path, ``answers`` are others."""

    url: str
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[AskedRequest] = field(default_factory=list)

    def answers_with(self, document: Any, *, status: int = 200) -> None:
        self.status, self.body = status, document if isinstance(document, bytes) else json.dumps(document).encode()


@contextmanager
def running_remote_api() -> Iterator[RemoteApi]:
    """Listening until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.daemon_threads = True
    api = server.api = RemoteApi(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    yield api
    server.shutdown()
    server.server_close()


class _Answering(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        api: RemoteApi = self.server.api  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode() if length else ""
        api.asked.append(AskedRequest(self.command, self.path, dict(self.headers), body))
        status, answer = api.answers.get(self.path.partition("?")[0], (api.status, api.body))
        time.sleep(api.seconds)
        with suppress(OSError):
            self.send_response(status)
            for name, value in api.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  # as the library calls them

    def log_message(self, *_: Any) -> None:
        pass


_STEP = re.compile(r"(?P<deep>\.\.)?\.?(?P<name>[A-Za-z_]\w*)|\[(?P<index>-?\d+|\*)\]|\[\?\((?P<filter>.*?)\)\]")
_EQUAL = re.compile(r"@((?:\.\w+|\[0\])+)\s*(==|!=)\s*[\"']([^\"']*)[\"']")


def answer_for(definition: ActionDefinition) -> Any:
    """A document in which every path of the translation map finds something, of the type its output has."""
    if not definition.paths:
        return sample_of(definition.outputs)
    document: dict[str, Any] = {}
    for name, path in definition.paths.items():
        if path.strip() == "$.size()":
            return [1, 2]
        _put(document, path, _leaf(definition, name))
    return document


def _leaf(definition: ActionDefinition, name: str) -> Any:
    """What the path of this name should find, by the output that the success template puts it into."""
    written = re.search(rf'"([\w.]+)"\s*:\s*"?[^,:]*?\$\{{{name}\}}', definition.success_template)
    schema = definition.outputs if not written else definition.outputs.get("properties", {}).get(written[1], {})
    value = sample_of(schema)
    is_first = "*" in definition.paths[name] or "[?" in definition.paths[name] or ".." in definition.paths[name]
    return value[0] if is_first and isinstance(value, list) and value else value


def _put(document: Any, path: str, value: Any) -> None:
    steps = list(_STEP.finditer(path.removeprefix("$").removesuffix(".size()")))
    if path.endswith(".size()"):
        value = [{}]
    place: Any = document
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        below: Any = value if following is None else ({} if following["name"] else [])
        if step["name"]:
            if isinstance(place, list):
                place.append({}) if not place else None
                place = place[0]
            if following is None or step["name"] not in place or not isinstance(place[step["name"]], dict | list):
                place[step["name"]] = below
            place = place[step["name"]]
            continue
        if isinstance(place, dict):
            continue
        if not place:
            place.append({} if following is None or following["name"] else [])
        if step["filter"]:
            for condition in _EQUAL.finditer(step["filter"]):
                _put(place[0], "$" + condition[1], condition[3] if condition[2] == "==" else f"not {condition[3]}")
        if following is None:
            place[0] = value
        place = place[0]
