"""Where user data live."""

from __future__ import annotations

import pytest

from estimator_bench.cli.main import main


@pytest.mark.parametrize("words", ["data list", "data verify nb201", "list tasks", "info nb201/digits"])
def test_a_home_folder_of_nobody_is_a_mistake_that_is_explained(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESTIMATOR_BENCH_DATA", "~nouser/x")
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: $ESTIMATOR_BENCH_DATA is ~nouser/x: Could not determine home directory. Name another folder\n"
    )
