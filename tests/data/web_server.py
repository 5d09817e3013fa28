"""A web server on this machine that behaves well or badly, as a test asks it to."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

CHUNK = 4096


class Request(BaseHTTPRequestHandler):
    """One request; a behaviour answers it."""

    server: Site  # type: ignore[assignment]

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answers = self.server.answers[self.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            answer(self)

    def start(self, status: int, headers: Mapping[str, object]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


Answer: TypeAlias = Callable[[Request], None]


class Site(ThreadingHTTPServer):
    """Answers every path with its answers in turn, the last one again and again; notes what was asked and sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0

    def add(self, path: str, *answers: Answer) -> str:
        """Let a path have these answers; returns its URL."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    @property
    def ranges(self) -> list[str | None]:
        """The header `Range` of each request so far."""
        return [headers.get("Range") for _, headers in self.asked]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


@contextmanager
def site() -> Iterator[Site]:
    """A server that stops when the block ends."""
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@dataclass(frozen=True)
class Serve:
    """Serves a file.

    Attributes:
        content: of the file.
        tag: its ETag; None for none.
        until: bytes of the body after which the connection is closed; None for all.
        ranges: whether parts can be asked for.
        believes: whether a part is given although `If-Range` names another version.
        length: what Content-Length says, whatever is true; None for the truth.
        headers: further ones.
    """

    content: bytes
    tag: str | None = '"1"'
    until: int | None = None
    ranges: bool = True
    believes: bool = False
    length: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)

    def __call__(self, request: Request) -> None:
        start, status, headers = 0, 200, {"Content-Type": "application/octet-stream", **self.headers}
        if self.tag is not None:
            headers["ETag"] = self.tag
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        same = self.believes or request.headers.get("If-Range") in (None, self.tag)
        if wanted and self.ranges and same:
            start, status = int(wanted[1]), 206
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
            if start >= len(self.content):
                return request.start(416, {"Content-Range": f"bytes */{len(self.content)}", "Content-Length": 0})
        body = self.content[start:]
        headers["Content-Length"] = len(body) if self.length is None else self.length
        request.start(status, headers)
        for place in range(0, len(body[: self.until]), CHUNK):
            part = body[: self.until][place : place + CHUNK]
            request.wfile.write(part)
            request.server.sent += len(part)
        return None


def status(code: int, **headers: object) -> Answer:
    """Answers with a status and no file."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: request.start(code, {"Content-Length": 0, **named})
