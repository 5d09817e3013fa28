"""One transfer over HTTP: it goes on where an earlier one stopped, and trusts nothing that a server says.

pooch, which checks hashes and puts files in place, calls it as its downloader.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from estimator_bench import __version__
from estimator_bench.data.download import Download, Watcher
from estimator_bench.data.partial import PartialFile

CHUNK = 1 << 18
LONGEST_REASON = 300
_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Statuses of a server that may answer better in a while."""
_LENGTH = re.compile("[0-9]{1,18}")
_RANGE = re.compile("bytes (?:([0-9]{1,18})-[0-9]{1,18}|[*])/([0-9]{1,18}|[*])")


@dataclass(frozen=True)
class Limits:
    """How long and how much is waited for.

    Attributes:
        tries: of one location, in a row without getting on.
        pause: seconds before the second try; doubled before each further one.
        longest_pause: seconds, whatever a server asks for.
        connect: seconds to connect.
        silence: seconds without a byte that end a try.
        slowest: bytes a second, on average over `window` seconds; less ends a try.
        window: seconds.
        progress: bytes by which a try must get on so that the tries are counted afresh.
        largest: bytes of a file whose size is not known: more than the largest official one, NAS-Bench-201's 4.7 GB.
    """

    tries: int = 5
    pause: float = 1.0
    longest_pause: float = 60.0
    connect: float = 15.0
    silence: float = 30.0
    slowest: float = 1000.0
    window: float = 30.0
    progress: int = 1 << 20
    largest: int = 8 << 30


class TransferError(Exception):
    """A try that failed: its message says how; another one may go better after `wait` seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        # Part of it may be what a server has sent.
        super().__init__(
            "".join(character if character.isprintable() else " " for character in reason)[:LONGEST_REASON]
        )
        self.wait = wait


class RefusalError(TransferError):
    """A try that failed in a way that will not change."""


class Transfer:
    """Receives one file, behind what `partial` holds of it where that can be done.

    The beginning is continued if the server says that it is of the same version (`If-Range`), or if the file has a
    known hash, which will tell.
    """

    def __init__(self, download: Download, partial: PartialFile, limits: Limits, watcher: Watcher) -> None:
        self._download, self._partial, self._limits, self._watcher = download, partial, limits, watcher

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        """Receive the rest of the file from `url`, and put the whole in `output_file`.

        Raises:
            TransferError: it did not come, or not whole; what did is kept.
            OSError: it cannot be written.
        """
        headers = {"User-Agent": f"estimator-bench/{__version__}", "Accept-Encoding": "identity"} | self._range(url)
        timeout = (self._limits.connect, self._limits.silence)
        try:
            # requests itself refuses redirects to anything but http and https.
            with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
                self._receive(url, response, asked="Range" in headers)
        except requests.exceptions.InvalidSchema as error:
            raise RefusalError(f"is not fetched, since it is not http or https: {error}") from error
        except (requests.exceptions.InvalidURL, requests.TooManyRedirects, UnicodeError) as error:
            raise RefusalError(str(error)) from error
        except requests.RequestException as error:
            raise TransferError(f"cannot be reached ({_innermost(error)})") from error
        except urllib3.exceptions.HTTPError as error:  # from reading the body, of which requests knows nothing
            raise TransferError(f"breaks off after {self._partial.size:,} bytes ({_innermost(error)})") from error
        self._partial.complete(Path(output_file))

    def _range(self, url: str) -> dict[str, str]:
        """The headers that ask for the rest; none if what is here cannot be continued."""
        validator = self._partial.validator(url)
        if not self._partial.size or (validator is None and self._download.sha256 is None):
            return {}
        return {"Range": f"bytes={self._partial.size}-"} | ({"If-Range": validator} if validator else {})

    def _receive(self, url: str, response: requests.Response, *, asked: bool) -> None:
        _check_route(url, response)
        start, total = _place(response)
        if response.status_code == 416 and asked:
            if total == self._partial.size:
                return
            self._partial.discard()
            raise TransferError("has another file than the one whose beginning is here")
        if response.status_code not in (200, 206):
            raise _status_error(response)
        if "text/html" in response.headers.get("Content-Type", "").lower():
            raise RefusalError("answers with an HTML page and not with the file")
        packed = _is_packed(response, self._download.file)
        if response.status_code == 200:
            length = response.headers.get("Content-Length", "")
            total = int(length) if _LENGTH.fullmatch(length) and not packed else None
        elif not asked or packed or start != self._partial.size or self._is_of_another_version(url, response):
            self._partial.discard()
            raise TransferError("answers with something else than the rest of the file, which it was asked for")
        if self._download.size is None and (total or 0) > self._largest:
            raise RefusalError(f"announces {total:,} bytes, which the file does not have")
        if response.status_code == 200:
            self._partial.begin(url, None if packed else _validator(response))
        self._copy(response, total, unpack=packed)

    @property
    def _largest(self) -> int:
        """Bytes after which nothing is read."""
        return self._download.size or self._limits.largest

    def _is_of_another_version(self, url: str, response: requests.Response) -> bool:
        return self._partial.validator(url) not in (None, _validator(response))

    def _copy(self, response: requests.Response, total: int | None, *, unpack: bool) -> None:
        size = self._partial.size
        expected = self._download.size or total
        began, begun = time.monotonic(), size
        with self._partial.open() as file:
            # read1 returns what there is; read would wait for a whole chunk, and a slow server could take for ever.
            while chunk := response.raw.read1(min(CHUNK, self._largest - size), decode_content=unpack):
                size += len(chunk)
                file.write(chunk)
                file.flush()
                self._watcher.received(self._download.file, size, expected if size <= (expected or 0) else None)
                if size >= self._largest:
                    break
                if (seconds := time.monotonic() - began) >= self._limits.window:
                    if size - begun < self._limits.slowest * seconds:
                        raise TransferError(f"gives less than {self._limits.slowest:,.0f} bytes a second")
                    began, begun = time.monotonic(), size
        if self._download.size is None and size >= self._largest:
            self._partial.discard()
            raise RefusalError(f"gives {size:,} bytes and more, which the file does not have")
        if size < (expected or 0):
            raise TransferError(f"ends after {size:,} of {expected:,} bytes")


def _check_route(url: str, response: requests.Response) -> None:
    """Refuse a file that was asked for over an encrypted connection and came over another."""
    hops = [hop.url for hop in (*response.history, response)]
    if url.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
        raise RefusalError("is redirected from https to http, where anybody could change the file")


def _place(response: requests.Response) -> tuple[int | None, int | None]:
    """Where in the file the body begins, and how long the file is, as Content-Range says."""
    match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    start, total = match.groups() if match else (None, None)
    return (int(start) if start else None), (int(total) if total and total != "*" else None)


def _validator(response: requests.Response) -> str | None:
    """What `If-Range` may hold: a strong entity tag, or the time of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _is_packed(response: requests.Response, file: str) -> bool:
    """Whether the body is the file compressed once more, which was not asked for.

    Servers also declare a file as compressed that is so by itself, as the name says; it must then stay as it is.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    own = file.endswith((".gz", ".tgz")) and encoding in ("gzip", "x-gzip")
    return encoding not in ("", "identity") and not own


def _status_error(response: requests.Response) -> TransferError:
    reason = f"answers with HTTP status {response.status_code}"
    if response.status_code not in _PASSING:
        return RefusalError(reason)
    asked = response.headers.get("Retry-After", "")
    return TransferError(reason, wait=float(asked) if asked.isdecimal() else 0.0)


def _innermost(error: BaseException) -> str:
    """What requests and urllib3 have wrapped, without the addresses of objects."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return str(getattr(error, "reason", None) or error)
