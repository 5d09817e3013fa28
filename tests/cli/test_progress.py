"""What is shown while a run goes on: rates that mean something, failures as they come, no spoilt log."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import estimator_bench
from estimator_bench.cli import progress as module
from estimator_bench.cli.progress import Progress
from estimator_bench.cli.tally import SETTLE, WINDOW, Tally, duration

PLUGIN = """
import time
from estimator_bench import Estimator

class Base(Estimator):
    kind = "predictor"
    def score(self, problem, state, archs):
        time.sleep(0.05 * len(archs))
        return [float(sum(arch.ops)) for arch in archs]

class First(Base):
    name = "first"

class Second(Base):
    name = "second"
    def prepare(self, problem):
        time.sleep(1)
"""


@given(
    speed=st.floats(0.01, 1000),
    start=st.floats(0, 100),
    chunk=st.floats(0.2, 3),
    elapsed=st.floats(SETTLE + 4, 1000),
)
def test_the_rate_of_a_steady_estimator_is_its_speed_however_long_it_took_to_start(
    speed: float, start: float, chunk: float, elapsed: float
) -> None:
    size = max(1, round(speed * chunk))  # networks per chunk, handed in as each chunk ends
    tally, begun = Tally(total=10**9), 1000.0
    tally.begin(begun)
    times = (begun + start + number * size / speed for number in count(1))
    now = next(times)
    for after in times:
        tally.add(size, 0, now)
        if now > begun + start + size / speed + max(elapsed, 20 * size / speed):
            break
        now = after
    rate = tally.rate(now)
    assert rate is not None
    assert rate == pytest.approx(speed, rel=0.35)


def test_a_rate_follows_networks_that_get_slower() -> None:
    tally = Tally(total=10_000)
    tally.begin(0.0)
    for second in range(1, 101):
        tally.add(10, 0, float(second))
    for second in range(101, 101 + 2 * int(WINDOW)):
        tally.add(1, 0, float(second))
    assert tally.rate(100 + 2 * WINDOW) == pytest.approx(1, rel=0.05)


def test_the_time_left_grows_while_nothing_comes() -> None:
    tally = Tally(total=20)
    tally.begin(0.0)
    tally.add(10, 0, 10.0)
    assert tally.state(10.0) == "1.0/s, 10.0 s left"
    assert tally.state(20.0) == "2.0 s each, 20.0 s left"


def test_there_is_no_time_left_for_what_has_not_begun_or_given_a_score() -> None:
    tally = Tally(total=20)
    assert tally.state(1e6) == "waiting"
    tally.preparing = 100.0
    assert tally.state(190.0) == "preparing for 0:01:30"
    tally.preparing = None
    assert tally.state(200.0) == "waiting"
    tally.begin(200.0)
    tally.begin(230.0)
    assert tally.state(245.0) == "started 45.0 s ago", "the first time counts"
    tally.hopeless = True
    assert (tally.state(300.0), tally.finished) == ("cannot be prepared", True)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "0:01:00"), (3725, "1:02:05"), (90000, "1 day, 1:00:00")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_a_log_gets_one_line_as_each_estimator_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=False) as progress:
        progress.expect({"synflow": 4, "ridge": 2})
        progress.preparing("ridge")
        progress.prepared("ridge", None)
        for spec, many in (("synflow", 2), ("synflow", 2), ("ridge", 2)):
            progress.scoring(spec)
            progress.scored(spec, many, {})
    assert lines(capsys) == ["ridge: prepared in 0.0 s", "synflow: 4 scored in 0.0 s", "ridge: 2 scored in 0.0 s"]


def test_estimators_that_stand_alike_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=False)
    progress.expect({"snip": 9, "fisher": 9, "gcn": 9, "ridge": 9, "params": 1})
    progress.preparing("gcn")
    progress.scoring("params")
    progress.scored("params", 1, {})
    progress.scoring("snip")
    progress.scored("snip", 3, {"a": "no"})
    lines(capsys)
    progress.tell()
    started, *others = lines(capsys)
    assert re.fullmatch(r"snip: 3 of 9, [\d.]+/s, 0\.0 s left, 1 failed", started)
    assert others == ["fisher, ridge: 0 of 9, waiting", "gcn: 0 of 9, preparing for 0.0 s"]


def test_a_line_names_some_of_many(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=False)
    progress.expect(dict.fromkeys("abcdefghij", 5))
    progress.tell()
    assert lines(capsys) == ["a, b, c, d, e, f and 4 more: 0 of 5, waiting"]


def test_a_log_hears_of_a_long_silence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.05)
    with Progress(quiet=False) as progress:
        progress.expect({"one-shot": 5})
        progress.preparing("one-shot")
        time.sleep(0.4)
    heard = lines(capsys)
    assert 2 <= len(heard) <= 8
    assert all(line.startswith("one-shot: 0 of 5, preparing for 0.") for line in heard)
    time.sleep(0.2)
    assert lines(capsys) == [], "and nothing after the end"


def test_the_first_failures_are_told_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=False) as progress:
        progress.expect({"jacov": 100})
        progress.scoring("jacov")
        for place in range(0, 10, 2):
            progress.scored("jacov", 20, {f"arch {place}": "ValueError: a", f"arch {place + 1}": "ValueError: b"})
    *told, counted, done = lines(capsys)
    assert told == [f"jacov failed on arch {place}: ValueError: {letter}" for place, letter in enumerate("aba")]
    assert counted == "jacov: further failures are counted, not told"
    assert done == "jacov: 90 scored, 10 failed in 0.0 s"


def test_exactly_the_failures_that_are_told_have_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=False) as progress:
        progress.expect({"jacov": 3})
        progress.scoring("jacov")
        progress.scored("jacov", 3, dict.fromkeys("abc", "no"))
    assert not any("further" in line for line in lines(capsys))


def test_what_cannot_be_prepared_is_told_and_no_longer_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=False)
    progress.expect({"gcn": 5})
    progress.preparing("gcn")
    progress.prepared("gcn", "RuntimeError: no supernet")
    progress.prepared("of a shared job, with every score stored", None)
    progress.tell()
    assert lines(capsys) == ["gcn cannot be prepared: RuntimeError: no supernet"]


def test_dead_workers_are_told_then_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=False) as progress:
        for _ in range(7):
            progress.died("the worker process was killed by SIGKILL")
    heard = lines(capsys)
    assert len([line for line in heard if "SIGKILL" in line]) == 3
    assert heard[-1] == "7 worker processes died in all"


def test_what_a_plug_in_says_stays_on_one_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=False)
    progress.expect({"evil": 1})
    progress.scoring("evil")
    progress.scored("evil", 1, {"a": "Error: [bold]one\ntwo\r\x1b[31mred\x07 " + "x" * 1000})
    told, _ = lines(capsys)
    assert told.isprintable()
    assert told.startswith("evil failed on a: Error: [bold]one two  [31mred")
    assert (len(told), told[-3:]) == (300, "...")


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    with Progress(quiet=True) as progress:
        progress.expect({"jacov": 2})
        progress.note("anything")
        progress.scoring("jacov")
        progress.scored("jacov", 1, {"a": "no"})
        time.sleep(0.05)
    assert lines(capsys) == []


def on_a_terminal(folder: Path, *words: str, until: str = "") -> tuple[int, str, str]:
    """Runs the program with standard error on a terminal: (exit code, standard output, standard error).

    Interrupted as by Ctrl-C once the terminal shows `until`.
    """
    (folder / "plugin.py").write_text(PLUGIN)
    toy = Path(__file__).parents[1] / "plugins" / "toy.py"
    command = [sys.executable, "-m", "estimator_bench", *words, "--plugin", str(toy), "--plugin", "plugin.py"]
    environment = os.environ | {
        "PYTHONPATH": str(Path(estimator_bench.__file__).parents[1]),
        "TERM": "xterm",
        "COLUMNS": "100",
        "LINES": "30",
    }
    ours, theirs = pty.openpty()
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=out, stderr=theirs, env=environment)
    os.close(theirs)
    shown, waiting = "", bool(until)
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how a terminal on Linux says that nobody writes to it any more
            break
        if not part:
            break
        shown += part.decode(errors="replace")
        if waiting and until in shown:
            process.send_signal(signal.SIGINT)
            waiting = False
    os.close(ours)
    return process.wait(60), (folder / "out").read_text(), shown


RUN = ("run", "--space", "toy", "--est", "first,second", "--workers", "2", "--metrics", "tau")


def test_a_terminal_shows_a_bar_for_each_estimator_with_what_it_is_doing(tmp_path: Path) -> None:
    code, out, shown = on_a_terminal(tmp_path, *RUN)
    assert code == 0, shown
    assert "━" in shown
    for state in (r"second.*preparing for", r"first.*waiting", r"first.*\d+/81.*\d/s, .* left", r"random.*waiting"):
        assert re.search(state, shown), state
    assert not re.search(r"second[^\r\n]*waiting[^\r\n]*left", shown)
    assert shown.rstrip().rfind("\x1b[?25h") > shown.rfind("\x1b[?25l"), "the cursor is back"
    assert "complete after" in shown[shown.rfind("\x1b[?25h") :]
    assert "\x1b" not in out
    assert "toy/quality@made-up" in out


def test_an_interrupt_on_a_terminal_leaves_it_clean_and_tells_where_the_run_stands(tmp_path: Path) -> None:
    code, out, shown = on_a_terminal(tmp_path, *RUN, until="4/81")
    assert (code, out) == (130, ""), shown
    assert "Traceback" not in shown
    end = shown[shown.rfind("\x1b[?25h") :]
    assert re.search(r"first +[1-9]\d* +0 +0 +\d+", end)
    assert "interrupted after" in end
    assert "finish:  " in end
