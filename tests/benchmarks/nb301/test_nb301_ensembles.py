"""NAS-Bench-301's ensembles answer through a real child process with a package written here; failures are named."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from estimator_bench.benchmarks.nb301 import ensemble_process
from estimator_bench.benchmarks.nb301.ensemble_process import EnsembleError, EnsembleProcess
from nb301_genotypes import DARTS_V1, DARTS_V2, KEY

from estimator_bench.cli.main import main
from estimator_bench.errors import BenchError, CorruptDataError, MissingDataError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.registry import find_space, find_task

SPACE = find_space("nb301")

PACKAGE = '''
import os, pathlib, sys, time

class Ensemble:
    """Predicts from what the genotype says, so that a wrong translation is seen."""

    def __init__(self, folder):
        self.base = float((pathlib.Path(folder) / "surrogate_model.model").read_text())

    def predict(self, config, representation, with_noise=True):
        print("a package may print what it wants", flush=True)
        os.write(1, b"even so\\n")
        assert representation == "genotype" and with_noise is False
        assert config.normal_concat == config.reduce_concat == [2, 3, 4, 5]
        with open(os.environ["ASKED"], "a") as file:
            file.write(repr(tuple(config)) + "\\n")
        if ("dil_conv_3x3", 2) in config.normal:
            {instead}
        return self.base + sum(source for _, source in config.normal) + len(config.reduce[0][0]) / 100

def load_ensemble(folder):
    print("loading ...")
    sys.stderr.write("warning: old pins\\n")
    {loading}
    return Ensemble(folder)
'''
"""What `nasbench301` offers, with a place where it goes wrong; genotypes like DARTS_V2 meet the first one."""


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    ensemble_process.stop_all()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of ensembles, and the variables that lead to it and to an interpreter with the package."""
    for name, base in (("xgb_v1.0", "90"), ("lgb_runtime_v1.0", "5000")):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "surrogate_model.model").write_text(base)
    write_package(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("ESTIMATOR_BENCH_NASBENCH301_PYTHON", sys.executable)
    monkeypatch.setenv("ESTIMATOR_BENCH_NASBENCH301_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def write_package(folder: Path, *, loading: str = "pass", instead: str = "pass") -> None:
    package = folder / "packages" / "nasbench301"
    package.mkdir(parents=True, exist_ok=True)
    text = PACKAGE.replace("{loading}", loading).replace("{instead}", instead)
    (package / "__init__.py").write_text(text)


def asked(name: str = "cifar10@nasbench301-xgb") -> tuple[GroundTruth, Task]:
    return find_task(f"nb301/{name}")[1:]


def test_any_genotype_is_answered_without_noise_and_in_the_words_of_the_package(models: Path) -> None:
    truth, task = asked()
    assert truth.installed
    assert truth.population(task) is None
    found = truth.trials(task, [SPACE.parse(DARTS_V1), SPACE.parse(KEY)])
    assert found.means_only
    assert found.values.tolist() == [[90 + 5 + 0.12], [90 + 7 + 0.12]]
    first, _ = (models.parent / "asked").read_text().splitlines()
    normal = "[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    assert first.startswith(f"({normal}")
    assert truth.trials(task, []).values.shape == (0, 1)


def test_each_ensemble_answers_its_task(models: Path) -> None:
    seconds, task = asked("cifar10-train-seconds@nasbench301-lgb")
    assert seconds.trials(task, [SPACE.parse(DARTS_V1)]).values.tolist() == [[5000 + 5 + 0.12]]
    assert (task.unit, task.quantity, task.source) == ("s", "cost", "surrogate")
    gnn, task = asked("cifar10@nasbench301-gnn")
    assert not gnn.installed
    with pytest.raises(MissingDataError, match=r"ensemble 'gnn_gin'.*_PYTHON.*_MODELS.*gnn_gin_v1\.0"):
        gnn.population(task)
    assert models.is_dir()


def test_a_configuration_is_asked_once_and_one_process_serves_all_questions(models: Path) -> None:
    archs = [SPACE.sample(np.random.default_rng(seed)) for seed in range(3)]
    turned = [SPACE.representative(arch, "official") for arch in archs]
    truth, task = asked()
    first = truth.trials(task, [*archs, *turned]).values
    (process,) = ensemble_process._running.values()
    again, task = asked()
    assert np.array_equal(np.concatenate([again.trials(task, [arch]).values for arch in [*archs, *turned]]), first)
    assert len((models.parent / "asked").read_text().splitlines()) == 3
    again.trials(task, [SPACE.parse(KEY)])
    assert list(ensemble_process._running.values()) == [process]


def test_other_models_are_another_truth(models: Path) -> None:
    truth, task = asked()
    before, digest = truth.trials(task, [SPACE.parse(KEY)]).values, truth.digest
    assert asked()[0].digest == digest
    (models / "xgb_v1.0" / "surrogate_model.model").write_text("80.5")
    assert truth.digest != digest
    ensemble_process.stop_all()
    assert truth.trials(task, [SPACE.parse(KEY)]).values == before - 9.5


def test_several_versions_of_an_ensemble_are_refused(models: Path) -> None:
    (models / "xgb_v0.9").mkdir()
    truth, task = asked()
    with pytest.raises(UsageError, match=r"several versions of the ensemble 'xgb', xgb_v0\.9, xgb_v1\.0"):
        truth.population(task)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"python": "/no/such/python"}, MissingDataError, "/no/such/python cannot be run .*No such file"),
        ({"python": "MODELS"}, MissingDataError, "cannot be run .*(Permission denied|Is a directory)"),
        ({"python": "/bin/true"}, EnsembleError, "died with exit code 0"),
        ({"python": "/bin/echo"}, EnsembleError, "said b'.*ensemble_child.py.*which is no answer"),
        ({"package": False}, MissingDataError, "cannot import nasbench301 .*No module named 'nasbench301'.*install"),
        ({"loading": "1 / 0"}, CorruptDataError, "cannot load it .*ZeroDivisionError.*get the models again"),
        ({"loading": "os._exit(3)"}, EnsembleError, "died with exit code 3; its last words: .*warning: old pins"),
        ({"loading": "time.sleep(60)"}, EnsembleError, "said nothing for 3 seconds"),
    ],
)
def test_a_process_that_cannot_start_is_explained(
    models: Path, change: dict[str, str | bool], kind: type[BenchError], message: str
) -> None:
    python = str(change.get("python", sys.executable)).replace("MODELS", str(models))
    if "loading" in change:
        write_package(models.parent, loading=str(change["loading"]))
    if change.get("package") is False:
        (models.parent / "packages" / "nasbench301" / "__init__.py").unlink()
        (models.parent / "packages" / "nasbench301").rmdir()
    with pytest.raises(kind, match=f"(?s){message}"):
        EnsembleProcess(python, models / "xgb_v1.0", loading_seconds=3)


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        ("raise KeyError('no such operation')", "cannot predict .*KeyError: 'no such operation'"),
        ("os._exit(7)", "died with exit code 7; its last words: .*warning: old pins"),
        ("os.kill(os.getpid(), 9)", "died with exit code -9"),
        ("time.sleep(60)", "said nothing for 2 seconds and was stopped"),
        ("return float('nan')", "said .*NaN.*which is no answer"),
        ("return 'much'", "cannot predict .*ValueError"),
        ("sys.exit()", "died with exit code 0"),
    ],
)
def test_a_process_that_fails_in_the_middle_is_explained_and_stopped(models: Path, instead: str, message: str) -> None:
    write_package(models.parent, instead=instead)
    process = EnsembleProcess(sys.executable, models / "xgb_v1.0", answering_seconds=2)
    assert process.predict(SPACE.parse(DARTS_V1)) == 95.12
    start = time.monotonic()
    with pytest.raises(EnsembleError, match=f"(?s){message}"):
        process.predict(SPACE.parse(DARTS_V2))
    assert time.monotonic() - start < 20
    assert not process.alive


def test_after_a_failure_the_next_question_starts_another_process(models: Path) -> None:
    write_package(models.parent, instead="os._exit(7)")
    truth, task = asked()
    with pytest.raises(EnsembleError):
        truth.trials(task, [SPACE.parse(DARTS_V2)])
    assert truth.trials(task, [SPACE.parse(DARTS_V1)]).values == 95.12


SPEAKERS = {
    "garbage": (r"print('\x00\xff' * 9); import time; time.sleep(60)", "which is no answer"),
    "another protocol": ("print('[1, 2]', flush=True); import time; time.sleep(60)", "which is no answer"),
    "no end of a line": ("import sys\nwhile True: sys.stdout.write('x' * 999)", "which is no answer"),
    "no end of lines": ("while True: print('{}')", "which is no answer"),
    "deep nesting": ("print('[' * 9999)", "which is no answer"),
}


@pytest.mark.parametrize("name", list(SPEAKERS))
def test_a_program_that_speaks_something_else_is_stopped(tmp_path: Path, name: str) -> None:
    program, message = SPEAKERS[name]
    other = tmp_path / "python"
    other.write_text(f"#!{sys.executable}\n{program}\n")
    other.chmod(0o755)
    with pytest.raises(EnsembleError, match=message) as refusal:
        EnsembleProcess(str(other), tmp_path, loading_seconds=20)
    assert len(str(refusal.value)) < 1_500


def test_a_run_is_measured_on_the_ensembles_without_a_trace_of_the_process(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--space", "nb301", "--est", "params", "--limit", "5", "--workers", "0"])
    output, errors = capfd.readouterr()
    assert not ended.value.code, errors
    assert "nb301/cifar10@nasbench301-xgb: 5 architectures, %  SURROGATE: predicted, not measured" in output
    assert "even so" not in output + errors
    report = (tmp_path / "estimator-bench-results" / "report.md").read_text()
    assert "SURROGATE" in report
    assert models.is_dir()
