"""Full disks, read-only folders and a second writer: a clear message, nothing lost, and the same command goes on."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from disks import MountsAreNotPermittedError, fill, mounted, read_only, resize, small_disk
from program import Program, wait_until

COMMAND = ("--est", "counted", "--workers", "1", "--quiet")


@contextmanager
def permitted() -> Iterator[None]:
    """Skips the test where this process may not mount."""
    try:
        yield
    except MountsAreNotPermittedError as error:
        pytest.skip(f"needs the right to mount: {error}")


def test_a_full_disk_is_explained_and_the_same_command_finishes_on_a_larger_one(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", output=tmp_path / "small")
    with permitted(), small_disk(program.output, "200k"):
        done = program.run(*COMMAND, code=6)
        assert "the disk is full" in done.stderr
        assert "give the same command again" in done.stderr
        kept, begun = program.committed(), len(program.computed())
        resize(program.output, "20m")
        program.run(*COMMAND)
        assert kept.items() <= program.committed().items()
        assert not set(kept).intersection(program.computed()[begun:])


@pytest.mark.slow
def test_reports_and_exports_on_a_full_disk_are_whole_or_not_there(tmp_path: Path) -> None:
    program = Program(tmp_path / "home", output=tmp_path / "small")
    with permitted(), small_disk(program.output, "2m"):
        program.run(*COMMAND)
        report = program.output / "report.html"
        report.write_text("old")
        fill(program.output)
        assert "No space left on device" in program.call("report", code=6).stderr
        assert report.read_text() == "old"
        target = program.output / "export.json"
        assert "free some space" in program.call("export", "--to", str(target), code=6).stderr
        assert not target.exists()
        assert json.loads(program.call("export").stdout)["complete"]


def test_a_read_only_folder_can_be_looked_at_and_not_written(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.run(*COMMAND)
    with permitted(), read_only(program.output):
        assert json.loads(program.results())["complete"]
        (standing,) = json.loads(program.call("status", "--json").stdout)
        assert standing["state"] == "finished complete"
        assert "writable folder" in program.run(*COMMAND, code=6).stderr


def test_a_folder_left_by_a_killed_run_can_be_looked_at_when_it_is_read_only(tmp_path: Path) -> None:
    program = Program(tmp_path)
    process = program.start(*COMMAND)
    wait_until(lambda: len(program.committed()) > 4, "scores")
    process.kill()
    process.communicate()
    kept = len([spec for spec, _ in program.committed() if spec == "counted"])
    with permitted(), read_only(program.output):
        (standing,) = json.loads(program.call("status", "--json").stdout)
    assert standing["state"] == "interrupted"
    assert [one["scored"] for one in standing["estimators"] if one["estimator"] == "counted"] == [kept]


@pytest.mark.slow
def test_a_second_run_in_one_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    program = Program(tmp_path)
    process = program.start(*COMMAND)
    wait_until(program.committed, "scores")
    process.send_signal(signal.SIGSTOP)  # so that it is not done before the second has started
    refused = program.run(*COMMAND, code=6)
    process.send_signal(signal.SIGCONT)
    assert "another run is writing" in refused.stderr
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    computed = program.computed()
    assert len(computed) == len(set(computed)) == 81


def test_what_may_not_be_mounted_is_told(tmp_path: Path) -> None:
    with pytest.raises(MountsAreNotPermittedError), mounted(tmp_path / "folder", "-t", "no-such-disk", "none"):
        pass
