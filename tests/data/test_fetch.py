"""Files are fetched whole or not at all, whatever the server does; what has come is not asked for again."""

from __future__ import annotations

import gzip
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_server import Request, Serve, Site, site, status

from estimator_bench.data.download import Download, Watcher
from estimator_bench.data.fetch import fetch
from estimator_bench.data.transfer import Limits, RefusalError, _check_route
from estimator_bench.errors import DownloadError

CONTENT = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
LIMITS = Limits(tries=3, pause=0.01, longest_pause=0.05, connect=5, silence=5, largest=1_000_000)


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        yield running


def known(*urls: str, size: int | None = None, file: str = "table.bin") -> Download:
    """A download with a known hash."""
    return Download(file, urls, hashlib.sha256(CONTENT).hexdigest(), size)


def unknown(*urls: str, file: str = "table.bin") -> Download:
    return Download(file, urls)


def got(download: Download, folder: Path, limits: Limits = LIMITS) -> bytes:
    path = fetch(download, folder, Watcher(), limits)
    assert path == folder / download.file
    assert [file.name for file in folder.iterdir()] == [download.file], "nothing else is left"
    return path.read_bytes()


def failure(download: Download, folder: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(download, folder, Watcher(), limits)
    assert not (folder / download.file).exists()
    return str(caught.value)


def test_a_file_is_fetched_once(server: Site, tmp_path: Path) -> None:
    url = server.add("/table.bin", Serve(CONTENT))
    for _ in range(2):
        assert got(known(url), tmp_path / "new" / "folder") == CONTENT
    assert server.ranges == [None]


def test_a_damaged_file_under_the_name_is_replaced(server: Site, tmp_path: Path) -> None:
    (tmp_path / "table.bin").write_bytes(CONTENT[:-1])
    assert got(known(server.add("/", Serve(CONTENT))), tmp_path) == CONTENT


def test_after_a_break_only_the_rest_is_asked_for(server: Site, tmp_path: Path) -> None:
    url = server.add("/", Serve(CONTENT, until=200_000), Serve(CONTENT, until=50_000), Serve(CONTENT))
    assert got(unknown(url), tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=200000-", "bytes=250000-"]
    assert [headers.get("If-Range") for _, headers in server.asked] == [None, '"1"', '"1"']
    assert server.sent == len(CONTENT), "no byte was sent twice"


class Recorder(Watcher):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def received(self, file: str, size: int, total: int | None) -> None:  # noqa: ARG002
        self.seen.append((size, total))


def test_progress_counts_what_is_here_and_gives_a_total_only_where_there_is_one(server: Site, tmp_path: Path) -> None:
    url = server.add("/", Serve(CONTENT, until=200_000), Serve(CONTENT))
    honest = Recorder()
    fetch(unknown(url), tmp_path / "a", honest, LIMITS)
    sizes = [size for size, _ in honest.seen]
    assert sizes == sorted(sizes), "the second try begins where the first one ended"
    assert (sizes[-1], {total for _, total in honest.seen}) == (300_000, {300_000})

    def silent_on_length(request: Request) -> None:
        request.start(200, {})
        request.wfile.write(CONTENT)

    silent = Recorder()
    fetch(unknown(server.add("/silent", silent_on_length)), tmp_path / "b", silent, LIMITS)
    assert silent.seen[-1] == (300_000, None)


@pytest.mark.parametrize(
    ("answer", "resumes"),
    [
        (Serve(CONTENT, tag=None), False),
        (Serve(CONTENT, tag='W/"1"'), False),
        (Serve(CONTENT, tag=None, headers={"Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"}, believes=True), True),
    ],
)
def test_without_a_hash_bytes_are_continued_only_where_the_server_names_their_version(
    answer: Serve, resumes: bool, server: Site, tmp_path: Path
) -> None:
    url = server.add("/", replace(answer, until=100_000), answer)
    assert got(unknown(url), tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=100000-" if resumes else None]


def test_with_a_hash_a_mirror_continues_what_another_one_began(server: Site, tmp_path: Path) -> None:
    first = server.add("/first", Serve(CONTENT, until=100_000), status(404))
    second = server.add("/second", Serve(CONTENT, tag='"another"'))
    assert got(known(first, second), tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=100000-"]
    assert server.sent == len(CONTENT)


def test_a_server_that_ignores_ranges_is_read_from_the_start(server: Site, tmp_path: Path) -> None:
    url = server.add("/", Serve(CONTENT, until=200_000), Serve(CONTENT, ranges=False))
    assert got(unknown(url), tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=200000-"]


@pytest.mark.parametrize("believes", [False, True])
def test_versions_of_a_file_are_never_mixed(believes: bool, server: Site, tmp_path: Path) -> None:
    url = server.add("/", Serve(OTHER, '"old"', until=200_000), Serve(CONTENT, '"new"', believes=believes))
    assert got(unknown(url), tmp_path) == CONTENT
    assert got(known(server.add("/more", Serve(OTHER, None, until=100), Serve(CONTENT))), tmp_path / "b") == CONTENT


@pytest.mark.parametrize("served", [OTHER, b"", CONTENT[:-1], CONTENT + b"x", b"<html>log in</html>"])
def test_what_has_another_hash_is_not_kept_and_a_mirror_is_asked(served: bytes, server: Site, tmp_path: Path) -> None:
    bad, good = server.add("/bad", Serve(served)), server.add("/good", Serve(CONTENT))
    assert got(known(bad, good), tmp_path) == CONTENT
    text = failure(known(bad), tmp_path / "alone")
    assert f"{bad} gives something else" in text
    assert not list((tmp_path / "alone").iterdir())


def test_a_page_in_place_of_the_file_is_refused_without_a_hash_too(server: Site, tmp_path: Path) -> None:
    page = Serve(b"<html>log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    assert "an HTML page and not" in failure(unknown(server.add("/", page)), tmp_path)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_content_length_that_is_too_long_is_not_believed(size: int | None, server: Site, tmp_path: Path) -> None:
    url = server.add("/", Serve(CONTENT, length=len(CONTENT) + 10, ranges=False))
    if size is not None:
        assert got(known(url, size=size), tmp_path) == CONTENT
        return
    text = failure(known(url), tmp_path)
    assert "(3 tries)" in text
    assert "300,000 bytes" in text
    assert "10 more expected" in text


def test_a_content_length_that_is_too_short_gives_a_part_which_the_hash_refuses(server: Site, tmp_path: Path) -> None:
    short = server.add("/short", Serve(CONTENT, length=1000, ranges=False))
    good = server.add("/good", Serve(CONTENT))
    assert got(known(short, good), tmp_path) == CONTENT
    assert "something else" in failure(known(short), tmp_path / "alone")
    assert "ends after 1,000 of 300,000 bytes" in failure(known(short, size=len(CONTENT)), tmp_path / "sized")


@pytest.mark.parametrize("length", ["-5", "9" * 5000, "1e3", "²"])
def test_a_content_length_that_is_no_number_is_not_used(length: str, server: Site, tmp_path: Path) -> None:
    def answer(request: Request) -> None:
        request.wfile.write(f"HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode("latin-1") + CONTENT)

    assert got(known(server.add("/", answer), size=len(CONTENT)), tmp_path) == CONTENT


def test_a_missing_file_is_looked_for_at_the_mirror_at_once(server: Site, tmp_path: Path) -> None:
    urls = [server.add("/gone", status(404)), server.add("/secret", status(403)), server.add("/good", Serve(CONTENT))]
    assert got(unknown(*urls), tmp_path) == CONTENT
    assert [path for path, _ in server.asked] == ["/gone", "/secret", "/good"]


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_server_is_asked_again_and_then_the_mirror(code: int, server: Site, tmp_path: Path) -> None:
    busy = server.add("/busy", status(code, Retry_After="86400"))
    assert got(unknown(busy, server.add("/good", Serve(CONTENT))), tmp_path) == CONTENT
    assert [path for path, _ in server.asked] == ["/busy"] * 3 + ["/good"]
    assert got(unknown(server.add("/soon", status(code), Serve(CONTENT))), tmp_path / "b") == CONTENT


def test_every_failure_is_in_the_message(server: Site, tmp_path: Path) -> None:
    urls = [
        server.add("/a", status(404)),
        server.add("/b", status(500)),
        server.add("/c", Serve(OTHER)),
        "http://127.0.0.1:1/nobody",
        "ftp://127.0.0.1/file",
        "file:///etc/hostname",
        "http://[bad",
    ]
    text = failure(known(*urls), tmp_path)
    reasons = ["status 404", "status 500 (3 tries)", "something else", "refused", "not http", "not http", ""]
    lines = text.splitlines()[1 : 1 + len(urls)]
    for url, reason, line in zip(urls, reasons, lines, strict=True):
        assert url in line
        assert reason in line
    assert "same command again" in text


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("announced", [None, 10**15])
def test_an_endless_body_is_not_read_to_the_end(
    size: int | None, announced: int | None, server: Site, tmp_path: Path
) -> None:
    def endless(request: Request) -> None:
        request.start(200, {} if announced is None else {"Content-Length": announced})
        while True:
            request.wfile.write(bytes(4096))
            request.server.sent += 4096

    text = failure(known(server.add("/", endless), size=size), tmp_path)
    assert "which the file does not have" in text if size is None else "something else" in text
    assert server.sent < 20_000_000
    assert not list(tmp_path.iterdir())


def test_a_trickle_and_a_silence_end_a_try_and_what_came_is_kept(server: Site, tmp_path: Path) -> None:
    def trickle(request: Request) -> None:
        request.start(200, {"Content-Length": len(CONTENT), "ETag": '"1"'})
        for place in range(200):
            request.wfile.write(CONTENT[place : place + 1])
            time.sleep(0.01)

    def silence(request: Request) -> None:
        request.start(200, {"Content-Length": len(CONTENT)})
        time.sleep(1.5)

    url = server.add("/slow", trickle, Serve(CONTENT))
    slow = replace(LIMITS, window=0.2, slowest=10_000)
    assert got(unknown(url), tmp_path, slow) == CONTENT
    assert len(server.asked) == 2
    assert 0 < int(str(server.ranges[1])[len("bytes=") : -1]) < 200
    url = server.add("/silent", silence, Serve(CONTENT))
    assert got(unknown(url), tmp_path / "b", replace(LIMITS, silence=0.2)) == CONTENT


def test_redirects_are_followed_to_the_web_only(server: Site, tmp_path: Path) -> None:
    target = server.add("/target", Serve(CONTENT))
    assert got(unknown(server.add("/moved", status(302, Location=target))), tmp_path) == CONTENT
    (tmp_path / "secret").write_text("secret")
    for place in (f"file://{tmp_path}/secret", "ftp://127.0.0.1/x", "data:,x"):
        text = failure(unknown(server.add("/evil", status(302, Location=place))), tmp_path / "none")
        assert "not http or https" in text
    text = failure(unknown(server.add("/loop", status(302, Location="/loop"))), tmp_path / "none")
    assert "30 redirects" in text


def test_an_encrypted_request_may_not_end_unencrypted() -> None:
    response, hop = requests.Response(), requests.Response()
    response.url, hop.url = "https://b/x", "http://b/x"
    _check_route("https://a/x", response)
    response.history = [hop]
    with pytest.raises(RefusalError, match="from https to http"):
        _check_route("https://a/x", response)
    _check_route("http://a/x", response)


def test_a_file_that_is_declared_as_compressed_stays_as_it_is(server: Site, tmp_path: Path) -> None:
    content = gzip.compress(CONTENT, mtime=0)
    url = server.add("/", Serve(content, headers={"Content-Encoding": "gzip"}, until=100), Serve(content))
    assert got(Download("t.csv.gz", (url,), hashlib.sha256(content).hexdigest()), tmp_path) == content
    assert server.asked[0][1]["Accept-Encoding"] == "identity"


def test_a_file_that_is_packed_for_the_way_is_unpacked_and_never_continued(server: Site, tmp_path: Path) -> None:
    packed = Serve(gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})
    url = server.add("/", replace(packed, until=1000), packed)
    assert got(unknown(url), tmp_path) == CONTENT
    assert server.ranges == [None, None]
    bomb = Serve(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})
    assert "and more" in failure(unknown(server.add("/bomb", bomb)), tmp_path / "none")


@pytest.mark.parametrize("whole", [True, False])
def test_a_body_in_pieces_is_whole_only_with_its_end(whole: bool, server: Site, tmp_path: Path) -> None:
    def pieces(request: Request) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for place in range(0, len(CONTENT), 50_000):
            request.wfile.write(b"%x\r\n%s\r\n" % (50_000, CONTENT[place : place + 50_000]))
        request.wfile.write(b"0\r\n\r\n" if whole else b"")

    url = server.add("/", pieces)
    if whole:
        assert got(unknown(url), tmp_path) == CONTENT
    else:
        assert "breaks off after" in failure(unknown(url), tmp_path)


def test_a_part_that_is_whole_needs_no_further_byte(server: Site, tmp_path: Path) -> None:
    (tmp_path / "table.bin.part").write_bytes(CONTENT)
    assert got(known(server.add("/", Serve(CONTENT))), tmp_path) == CONTENT
    assert (server.ranges, server.sent) == ([f"bytes={len(CONTENT)}-"], 0)


@pytest.mark.parametrize(
    "place", ["bytes 5-9/10", "bytes */300000", "bytes 200000-", "x", "bytes 300000-299999/300000"]
)
def test_a_part_that_was_not_asked_for_is_not_taken(place: str, server: Site, tmp_path: Path) -> None:
    def other_part(request: Request) -> None:
        request.start(206, {"Content-Range": place, "ETag": '"1"'})
        request.wfile.write(b"other")

    url = server.add("/", other_part, Serve(CONTENT, until=200_000), other_part, Serve(CONTENT))
    assert got(unknown(url), tmp_path, replace(LIMITS, tries=4)) == CONTENT
    assert server.ranges == [None, None, "bytes=200000-", None]


@pytest.mark.parametrize("note", [b"", b"[]", b'{"url": 1}', b"\xff", b"[" * 100_000])
def test_a_part_nothing_is_known_of_is_not_continued(note: bytes, server: Site, tmp_path: Path) -> None:
    (tmp_path / "table.bin.part").write_bytes(OTHER[:1000])
    (tmp_path / "table.bin.part.json").write_bytes(note)
    assert got(unknown(server.add("/", Serve(CONTENT))), tmp_path) == CONTENT
    assert server.ranges == [None]


CHILD = """
import sys
from pathlib import Path
from estimator_bench.data.download import Download, Watcher
from estimator_bench.data.fetch import fetch
fetch(Download("table.bin", (sys.argv[1],)), Path(sys.argv[2]), Watcher())
"""


def test_a_killed_download_goes_on_behind_what_had_come(server: Site, tmp_path: Path) -> None:
    def stuck(request: Request) -> None:
        request.start(200, {"Content-Length": len(CONTENT), "ETag": '"1"'})
        request.wfile.write(CONTENT[:200_000])
        time.sleep(30)

    url = server.add("/", stuck, Serve(CONTENT))
    child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        part = tmp_path / "table.bin.part"
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size == 200_000) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait(timeout=30)
    assert got(unknown(url), tmp_path) == CONTENT
    assert server.ranges == [None, "bytes=200000-"]


TAGS = st.sampled_from(['"1"', '"2"', 'W/"1"', None])


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(breaks=st.lists(st.tuples(st.integers(0, 300_000), st.booleans(), TAGS), max_size=5), hash_known=st.booleans())
def test_however_transfers_break_the_file_is_right(
    breaks: list[tuple[int, bool, str | None]], hash_known: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with site() as server:
        answers = [Serve(CONTENT, tag, until, ranges) for until, ranges, tag in breaks]
        url = server.add("/", *answers, Serve(CONTENT))
        download = known(url) if hash_known else unknown(url)
        limits = replace(LIMITS, tries=8, pause=0.0)
        assert got(download, tmp_path_factory.mktemp("folder"), limits) == CONTENT
