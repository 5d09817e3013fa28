"""Progress of a download says what is known: bytes that are here, and a total only where there is one."""

from __future__ import annotations

import pytest

from estimator_bench.cli import downloading
from estimator_bench.cli.downloading import Downloading


def test_a_terminal_shows_a_bar_for_each_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Downloading() as watcher:
        watcher.received("[a].gz", 2_000_000, None)
        watcher.note("a [note]")
        watcher.received("b.gz", 2_000_000, 4_000_000)
    out, err = capsys.readouterr()
    assert out == ""
    for text in ("[a].gz", "2.0/? MB", "a [note]", "b.gz", "2.0/4.0 MB"):
        assert text in err
    with Downloading() as watcher:
        watcher.received("c.gz", 2_000_000, 1_000_000)
        watcher.received("c.gz", 2_000_000, None)
    assert "2.0/? MB" in capsys.readouterr().err, "a total that was a lie is forgotten"


def test_elsewhere_a_line_tells_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Downloading() as watcher:
        watcher.received("a.gz", 1000, 4000)
        monkeypatch.setattr(downloading, "EVERY", 0.0)
        watcher.received("a.gz", 2000, 4000)
        watcher.received("a.gz", 3000, None)
    assert capsys.readouterr().err == "a.gz: 2.0 kB of 4.0 kB\na.gz: 3.0 kB\n"


def test_an_interruption_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Downloading():
        raise KeyboardInterrupt
    assert "the same command goes on" in capsys.readouterr().err
