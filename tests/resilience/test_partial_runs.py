"""A run that is not whole says so wherever it is shown."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from program import Program, wait_until

COMMAND = ("--est", "counted", "--workers", "1", "--quiet")


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_an_interrupted_run_is_partial_everywhere_until_it_is_finished(tmp_path: Path, how: signal.Signals) -> None:
    program = Program(tmp_path)
    process = program.start(*COMMAND)
    wait_until(lambda: any(spec == "counted" for spec, _ in program.committed()), "scores")
    process.send_signal(signal.SIGSTOP)  # so that it is not done before it is looked at
    (running,) = json.loads(program.call("status", "--json").stdout)
    assert (running["state"], running["pid"]) == ("running", process.pid)
    process.send_signal(how)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    before = program.committed()
    report = program.call("report")
    texts = [report.stdout, *((program.output / f"report.{suffix}").read_text() for suffix in ("md", "html"))]
    assert all("PARTIAL" in text for text in texts)
    exported = json.loads(program.results())
    (one,) = (one for one in exported["requests"][0]["estimators"] if one["estimator"] == "counted")
    assert (exported["complete"], exported["requests"][0]["complete"], one["complete"]) == (False, False, False)
    assert one["missing"] == 81 - one["scored"] > 0
    (stopped,) = json.loads(program.call("status", "--json").stdout)
    assert (stopped["state"], stopped["pid"]) == ("interrupted", None)
    assert stopped["command"] in stopped["advice"]
    program.run(*COMMAND)
    assert before.items() <= program.committed().items()
    assert json.loads(program.results())["complete"]
    (ended,) = json.loads(program.call("status", "--json").stdout)
    assert (ended["state"], ended["commands"]) == ("finished complete", 2)
    assert {one["scored"] for one in ended["estimators"]} == {81}


@pytest.mark.slow
def test_a_run_with_failures_is_finished_and_not_complete(tmp_path: Path) -> None:
    program = Program(tmp_path)
    done = program.run("--est", "prepared", "--labels", "20", "--workers", "0", "--quiet", code=7)
    assert "prepared" in done.stderr
    (standing,) = json.loads(program.call("status", "--json").stdout)
    assert standing["state"] == "finished incomplete"
    assert "--retry-failed" in standing["advice"]
    (one,) = (one for one in standing["estimators"] if one["estimator"] == "prepared")
    assert (one["scored"], one["failed"], one["reason"]) == (81, 9, "ValueError: nothing wide")
    text = program.call("status").stdout
    assert "finished incomplete" in text
    assert "nothing wide" in text
    assert not json.loads(program.results())["complete"]
