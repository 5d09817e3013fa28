"""The `run` command as its users meet it, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import forked
import pytest

ENVIRONMENT = os.environ | {"PYTHONPATH": forked.CHECKOUT}

Run = Callable[..., subprocess.CompletedProcess[str]]

SLOW = """
import time
from estimator_bench import Estimator

class Slow(Estimator):
    name = "slow"
    kind = "complexity"
    def score(self, problem, state, archs):
        time.sleep(0.1 * len(archs))
        return [float(sum(arch.ops)) for arch in archs]
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the program with the toy space in a folder of its own."""
    plugin = Path(__file__).parents[1] / "plugins" / "toy.py"

    def call(*words: str, plugins: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        added = [item for path in (str(plugin), *plugins) for item in ("--plugin", path)]
        if words[0] in ("run", "report") and "--metrics" not in words:
            added += ["--metrics", "tau"]  # the others take time and add nothing here
        return forked.call([*words, *added], tmp_path, {"ESTIMATOR_BENCH_DATA": str(tmp_path / "data")})

    return call


def result(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(findings: Any) -> dict[str, Any]:
    return {row["spec"]: row for row in findings["sections"][0]["rows"]}


def closing_row(errors: str, spec: str) -> list[str]:
    """What the closing summary says of an estimator: scored now, scored before, failed, missing."""
    (row,) = re.findall(rf"^{spec} +([\d-]+) +([\d-]+) +([\d-]+) +([\d-]+)$", errors, flags=re.MULTILINE)
    return list(row)


def advice(errors: str) -> dict[str, str]:
    """What the closing summary says to do next."""
    return dict(re.findall(r"^(finish|retry|look|report|status|export): +(.+)$", errors, flags=re.MULTILINE))


def scores(folder: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    """Everything that is scored, without the times; nothing while a run has only just made the file."""
    with closing(sqlite3.connect(folder / "results.sqlite")) as db:
        if not db.execute("SELECT name FROM sqlite_master WHERE name = 'score'").fetchall():
            return {}
        found = db.execute(
            "SELECT spec, text, status, message, score.components FROM score "
            "JOIN run ON run.id = score.run JOIN architecture ON architecture.id = architecture"
        ).fetchall()
    return {(spec, text): tuple(rest) for spec, text, *rest in found}


def test_a_run_ends_with_a_table_and_two_reports(run: Run, tmp_path: Path) -> None:
    done = run("run", "--space", "toy", "--est", "weights", "--workers", "0")
    assert done.returncode == 0, done.stderr
    for spec in ("weights", "random", "constant", "params", "flops"):
        assert spec in done.stdout
    folder = tmp_path / "estimator-bench-results"
    assert (folder / "report.md").stat().st_size > 0
    assert (folder / "report.html").stat().st_size > 0


def test_a_run_closes_with_what_it_did_and_where_to_look(run: Run, tmp_path: Path) -> None:
    words = ("run", "--space", "toy", "--est", "weights,rank-average:of=weights+jacov", "--workers", "0")
    first = run(*words, "--limit", "20")
    assert closing_row(first.stderr, "weights") == ["20", "0", "0", "0"]
    assert closing_row(first.stderr, r"rank-average\S*") == ["-"] * 4, "it scores nothing by itself"
    assert "toy/quality@made-up: complete after" in first.stderr
    again = run(*words, "--limit", "30")
    assert closing_row(again.stderr, "weights") == ["10", "20", "0", "0"]
    assert "closing" not in again.stdout
    assert advice(again.stderr).keys() == {"look", "status", "export"}
    for path in advice(again.stderr)["look"].split(", "):
        assert (tmp_path / path).exists()


def test_a_log_gets_no_control_characters(run: Run) -> None:
    done = run("run", "--space", "toy", "--est", "weights", "--workers", "2")
    assert [line for line in done.stderr.splitlines() if not line.isprintable()] == []
    assert "weights: 81 scored in" in done.stderr


def test_quiet_says_nothing_but_the_result_and_errors(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "faulty.py"
    plugin.write_text(FAULTY)
    words = ("run", "--space", "toy", "--workers", "0", "--quiet")
    done = run(*words, "--est", "weights")
    assert (done.returncode, done.stderr) == (0, "")
    assert "weights" in done.stdout
    failed = run(*words, "--est", "faulty", plugins=(str(plugin),))
    assert failed.returncode == 7
    assert failed.stderr.startswith("error: not every score could be made; faulty: 27 architectures")


def test_what_is_printed_beside_the_result_goes_to_standard_error(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "talkative.py"
    plugin.write_text(
        SLOW.replace("time.sleep(0.1 * len(archs))", "print('scoring'); os.system('echo from a child')").replace(
            "import time", "import os\nprint('imported')"
        )
    )
    for workers in ("0", "2"):
        words = ("run", "--space", "toy", "--est", "slow", "--workers", workers, "--output", workers, "--json")
        done = run(*words, plugins=(str(plugin),))
        assert rows(result(done))["slow"]["missing"] == 0
        assert all(word in done.stderr for word in ("imported", "scoring", "from a child"))


def test_json_is_the_same_in_every_process(run: Run) -> None:
    """An address of an object would not be."""
    words = ("run", "--space", "toy", "--est", "weights", "--workers", "0", "--metrics", "tau,p@top5%", "--json")
    first, second = (run(*words).stdout for _ in range(2))
    assert " at 0x" not in first
    assert (
        json.loads(first)["sections"][0]["metrics"]
        == json.loads(second)["sections"][0]["metrics"]
        == ["tau", "p@top5%"]
    )


def test_json_holds_every_number_and_nothing_else_is_printed(run: Run) -> None:
    found = rows(result(run("run", "--space", "toy", "--est", "weights", "--json", "--workers", "0")))
    assert 0.7 < found["weights"]["evaluation"]["results"]["tau"]["value"] <= 1
    assert found["constant"]["evaluation"]["results"]["tau"]["value"] is None
    assert "constant" in found["constant"]["evaluation"]["results"]["tau"]["reason"]


def test_workers_change_nothing(run: Run, tmp_path: Path) -> None:
    words = ("run", "--space", "toy", "--est", "synflow,jacov,ridge,rank-average", "--labels", "20", "--quiet")
    here = run(*words, "--output", "here", "--workers", "0")
    there = run(*words, "--output", "there", "--workers", "2")
    assert (here.returncode, there.returncode) == (0, 0), here.stderr + there.stderr
    assert scores(tmp_path / "here") == scores(tmp_path / "there")


def test_the_same_command_again_computes_nothing(run: Run, tmp_path: Path) -> None:
    words = ("run", "--space", "toy", "--est", "synflow", "--workers", "0")
    run(*words)
    before = (tmp_path / "estimator-bench-results" / "results.sqlite").stat().st_size
    again = run(*words)
    assert "every score asked for is stored already" in again.stderr
    assert before == (tmp_path / "estimator-bench-results" / "results.sqlite").stat().st_size


def test_a_larger_limit_goes_on_with_the_same_run(run: Run, tmp_path: Path) -> None:
    few = result(run("run", "--space", "toy", "--est", "weights", "--limit", "20", "--json", "--workers", "0"))
    many = result(run("run", "--space", "toy", "--est", "weights", "--limit", "50%", "--json", "--workers", "0"))
    assert [section["population"] for section in (few["sections"][0], many["sections"][0])] == [20, 40]
    assert rows(few)["weights"]["run"] == rows(many)["weights"]["run"]
    assert len([key for key in scores(tmp_path / "estimator-bench-results") if key[0] == "weights"]) == 40


def test_scores_of_a_class_are_made_once(run: Run, tmp_path: Path) -> None:
    run("run", "--space", "toy", "--est", "synflow", "--workers", "0")
    scored = [text for spec, text in scores(tmp_path / "estimator-bench-results") if spec == "synflow"]
    assert len(scored) == 1 + 2 + 4 + 8 + 16, "stacks that differ in skips alone are one class"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(run: Run, tmp_path: Path) -> None:
    done = run("run", "--space", "toy", "--est", "weights,synflow", "--limit", "10", "--dry-run")
    assert "10 of 81 architectures" in done.stdout
    assert "Nothing was done" in done.stdout
    assert not (tmp_path / "estimator-bench-results").exists()


def test_the_seed_changes_the_scores_and_other_runs_stay(run: Run) -> None:
    for seed in ("0", "1"):
        run("run", "--space", "toy", "--est", "jacov", "--limit", "5", "--seed", seed, "--workers", "0")
    done = run("list", "runs", "--json")
    listed = [entry for entry in json.loads(done.stdout) if entry["estimator"] == "jacov"]
    assert [entry["seed"] for entry in listed] == [0, 1]
    assert all(1 <= entry["scores"] <= 5 for entry in listed)


def test_a_changed_plug_in_starts_a_new_run_and_says_why(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "slow.py"
    plugin.write_text(SLOW)
    words = ("run", "--space", "toy", "--est", "slow", "--limit", "3", "--workers", "0")
    run(*words, plugins=(str(plugin),))
    plugin.write_text(SLOW.replace("float(sum", "-float(sum"))
    again = run(*words, plugins=(str(plugin),))
    assert "slow starts anew, the old run is kept: changed code: estimator_bench_plugin_slow" in again.stderr
    listed = json.loads(run("list", "runs", "--json", plugins=(str(plugin),)).stdout)
    assert [entry["scores"] for entry in listed if entry["estimator"] == "slow"] == [3, 3]


@pytest.mark.parametrize(
    ("stop", "workers"),
    [
        (signal.SIGTERM, "0"),
        # Of these the kill loop and the tests of partial runs and of progress do a few by default.
        pytest.param(signal.SIGTERM, "2", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, "0", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, "2", marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, "2", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_is_finished_by_the_same_command(run: Run, tmp_path: Path, stop: int, workers: str) -> None:
    plugin = tmp_path / "slow.py"
    plugin.write_text(SLOW)
    words = ["run", "--space", "toy", "--est", "slow", "--limit", "40", "--workers", workers]
    toy = Path(__file__).parents[1] / "plugins" / "toy.py"
    command = [sys.executable, "-m", "estimator_bench", *words, "--plugin", str(toy), "--plugin", str(plugin)]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # ignored where the tests run in the background
    )
    folder = tmp_path / "estimator-bench-results"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if (folder / "results.sqlite").exists() and sum(spec == "slow" for spec, _ in scores(folder)) >= 4:
            break
    os.kill(process.pid, stop)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if stop != signal.SIGKILL else -signal.SIGKILL), errors
    assert "Traceback" not in errors
    if stop != signal.SIGKILL:
        assert int(closing_row(errors, "slow")[0]) >= 4
        assert "interrupted after" in errors
    assert_no_process_is_left(process.pid)
    kept = scores(folder)
    assert 4 <= sum(spec == "slow" for spec, _ in kept) < 40
    partial = run("report", "--json", plugins=(str(plugin),))
    assert rows(json.loads(partial.stdout))["slow"]["missing"] > 0
    done = run(*words, "--json", plugins=(str(plugin),))
    assert rows(result(done))["slow"]["missing"] == 0
    assert all(scores(folder)[key] == value for key, value in kept.items())


def pasted(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command as a user would who copies it from the closing summary into a shell."""
    program = [sys.executable, "-m", "estimator_bench"]
    words = shlex.split(command)
    assert words[: len(program)] == program
    return forked.call(words[len(program) :], folder, {})


def test_every_command_of_the_closing_summary_can_be_pasted(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "faulty.py"
    plugin.write_text(FAULTY)
    done = run(
        "run", "--space", "toy", "--est", "faulty,hopeless", "--workers", "0", "--output", "some folder",
        plugins=(str(plugin),),
    )  # fmt: skip
    found = advice(done.stderr)
    assert found.keys() == {"retry", "look", "status", "export"}
    retried = pasted(found["retry"], tmp_path)
    assert retried.returncode == 7
    assert closing_row(retried.stderr, "faulty") == ["0", "54", "27", "0"], "tried again, and failed again"
    assert found["retry"] == advice(retried.stderr)["retry"]
    shown = pasted(found["status"], tmp_path)
    assert (shown.returncode, "faulty" in shown.stdout) == (0, True), shown.stderr
    exported = pasted(found["export"], tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert "faulty" in (tmp_path / "results.json").read_text()


def assert_no_process_is_left(group: int) -> None:
    """Workers must not outlive a coordinator, not even a killed one."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a worker outlived its coordinator")


FAULTY = """
from estimator_bench import Estimator

class Faulty(Estimator):
    name = "faulty"
    kind = "complexity"
    def score(self, problem, state, archs):
        if any(str(arch).startswith("wide") for arch in archs):
            raise ValueError("nothing wide")
        return [float(sum(arch.ops)) for arch in archs]

class Hopeless(Estimator):
    name = "hopeless"
    kind = "complexity"
    def prepare(self, problem):
        raise ValueError("never ready")
    def score(self, problem, state, archs):
        return [0.0] * len(archs)
"""


def test_failures_are_told_stored_and_shown_and_the_rest_is_done(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "faulty.py"
    plugin.write_text(FAULTY)
    done = run("run", "--space", "toy", "--est", "faulty,hopeless,weights", "--workers", "2", plugins=(str(plugin),))
    assert done.returncode == 7
    assert "Traceback" not in done.stderr
    assert "nothing wide" in done.stderr
    assert "never ready" in done.stderr
    found = rows(json.loads(run("report", "--json", plugins=(str(plugin),)).stdout))
    assert (found["faulty"]["failed"], found["faulty"]["evaluation"]["coverage"]) == (27, pytest.approx(54 / 81))
    assert found["hopeless"]["missing"] == 81
    assert "never ready" in found["hopeless"]["reasons"][0]
    assert found["weights"]["missing"] == found["weights"]["failed"] == 0
    for name in ("report.md", "report.html"):
        assert "PARTIAL" in (tmp_path / "estimator-bench-results" / name).read_text()


def test_failed_scores_are_tried_again_when_asked(run: Run, tmp_path: Path) -> None:
    plugin, flag = tmp_path / "flaky.py", tmp_path / "repaired"
    plugin.write_text(
        FAULTY.replace('startswith("wide")', f'startswith("wide") and not __import__("os").path.exists({str(flag)!r})')
    )
    words = ("run", "--space", "toy", "--est", "faulty", "--workers", "0")
    assert run(*words, plugins=(str(plugin),)).returncode == 7
    flag.touch()
    again = run(*words, plugins=(str(plugin),))
    assert again.returncode == 7, "a failure is a result, and is kept"
    assert closing_row(again.stderr, "faulty") == ["0", "54", "27", "0"]
    retried = pasted(advice(again.stderr)["retry"], tmp_path)
    assert retried.returncode == 0, retried.stderr
    assert closing_row(retried.stderr, "faulty") == ["27", "54", "0", "0"]


def test_a_metric_that_labels_leave_no_room_for_has_its_reason_after_the_work(run: Run) -> None:
    """81 toys are scored; the 20 whose label ridge saw leave the headline, so that 81 cannot be selected any more."""
    words = ("--space", "toy", "--est", "ridge", "--labels", "20", "--metrics", "p@top81", "--workers", "0", "--json")
    found = rows(result(run("run", *words)))
    assert found["ridge"]["evaluation"]["results"]["p@top81"]["reason"] == "K is 81, but there are 61 architectures"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("run", "--space", "toi", "--est", "weights"), 2, "did you mean toy"),
        (("run", "--space", "toy", "--est", "weight"), 2, "did you mean weights"),
        (("run", "--space", "toy", "--est", "weights", "--task", "qualty"), 2, "did you mean quality"),
        (("run", "--space", "toy", "--est", "weights", "--metrics", "taus"), 2, "did you mean tau"),
        (("run", "--space", "toy", "--est", "weights", "--metrics", "p@top0"), 2, "p@top0"),
        (("run", "--space", "toy", "--est", "weights", "--metrics", "p@top100", "--workers", "0"), 2, "100"),
        (("run", "--space", "toy", "--est", "weights", "--limit", "none"), 2, "write a count such as 200"),
        (("run", "--space", "toy", "--est", "jacov", "--inputs", "imagenet", "--workers", "0"), 2, "imagenet"),
        (("run", "--space", "toy", "--est", "weights", "--device", "cuda"), 2, "--device cuda cannot be used"),
        (("run", "--space", "toy", "--est", "jacov", "--inputs", "digits", "--batch-size", "200"), 2, "--batch-size"),
        (("run", "--space", "nb201", "--task", "cifar10@nats", "--est", "params"), 3, "data import nb201"),
        (("run", "--space", "toy", "--est", "weights", "--output", "/proc/no"), 6, "--output"),
        (("report", "--output", "nowhere"), 6, "no results in nowhere"),
        (("info", "synflov"), 2, "did you mean synflow"),
        (("check", "synflov"), 2, "did you mean synflow"),
    ],
)
def test_a_users_mistake_gets_a_message_and_an_exit_code(
    run: Run, words: tuple[str, ...], code: int, message: str
) -> None:
    done = run(*words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("error: ")


def test_debug_shows_the_traceback(run: Run) -> None:
    assert "Traceback" in run("run", "--space", "toi", "--est", "weights", "--debug").stderr


def test_lower_is_better_turns_predictions_of_the_task_and_nothing_else(run: Run) -> None:
    words = ("run", "--space", "toy", "--est", "weights,ridge", "--labels", "20", "--json", "--workers", "0")
    quality = rows(result(run(*words, "--task", "quality", "--output", "a")))
    loss = rows(result(run(*words, "--task", "loss", "--output", "b")))
    for spec in ("weights", "ridge", "params"):
        assert loss[spec]["evaluation"]["results"]["tau"]["value"] == pytest.approx(
            quality[spec]["evaluation"]["results"]["tau"]["value"], abs=0.02
        ), spec
    latency = rows(result(run(*words, "--task", "latency", "--output", "c")))
    assert latency["params"]["evaluation"]["results"]["tau"]["value"] > 0.7, "many parameters promise a high latency"
    assert latency["weights"]["evaluation"]["results"]["tau"]["value"] == -1, "a promise of quality is not turned"


def test_architectures_whose_labels_were_seen_leave_the_headline_for_all(run: Run) -> None:
    found = result(run("run", "--space", "toy", "--est", "ridge", "--labels", "20", "--json", "--workers", "0"))
    section = found["sections"][0]
    assert (section["population"], section["headline"]) == (81, 61)
    assert {row["evaluation"]["architectures"] for row in section["rows"]} == {61}
    assert rows(found)["ridge"]["cost"]["labels"] == 20
    assert rows(found)["ridge"]["with_seen"]["tau"]["value"] is not None
    assert rows(found)["params"]["with_seen"] == {}
