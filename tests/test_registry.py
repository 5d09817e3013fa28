"""Names are found, near misses are pointed at, and plug-ins of any quality never stop a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import estimator_bench
from estimator_bench import registry
from estimator_bench.errors import PluginError, UnknownNameError, UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.registry import broken_plugins, find_task, load, load_plugins, names

GOOD = """
from estimator_bench import zero_cost

@zero_cost(citation="me")
def sharpness(model, inputs, targets):
    "What it is."
    return float(model(inputs).std())
"""


def write(path: Path, source: str) -> str:
    path.write_text(source)
    return str(path)


def test_every_built_in_name_loads() -> None:
    assert len(names("estimator")) >= 9
    for what in ("estimator", "space", "report"):
        for name in names(what):
            assert load(what, name).name == name


def test_every_public_name_loads_and_no_module_hides_one() -> None:
    for name, module in estimator_bench.PUBLIC.items():
        assert getattr(sys.modules.get(module) or __import__(module, fromlist=[name]), name) is getattr(
            estimator_bench, name
        )
        assert f"estimator_bench.{name}" not in sys.modules


def test_an_unknown_name_is_met_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean synflow"):
        make_estimator("sinflow")
    with pytest.raises(UnknownNameError, match="did you mean nb201"):
        find_task("nb202/digits")
    with pytest.raises(UnknownNameError, match="did you mean cifar10"):
        find_task("nb201/cifar-10")
    with pytest.raises(UnknownNameError, match="parameter of 'ridge' 'alfa': did you mean alpha"):
        make_estimator("ridge:alfa=1")


def test_a_task_without_label_is_the_first_of_its_name() -> None:
    assert str(find_task("nb201")[2]) == "nb201/digits@mini"
    assert str(find_task("nb201/cifar10")[2]) == "nb201/cifar10@nats"
    assert str(find_task("nb201/cifar10@trials")[2]) == "nb201/cifar10@trials"


@pytest.mark.parametrize(
    "spec", ["ridge", "ridge:alpha=0.1", "one-shot:epochs=4:checkpoints=2", "rank-average:of=params+ridge"]
)
def test_a_spec_and_its_estimator_make_each_other(spec: str) -> None:
    assert spec_of(make_estimator(spec)) == spec
    assert make_estimator(spec_of(make_estimator(spec))) == make_estimator(spec)


def test_defaults_are_left_out_of_a_spec() -> None:
    assert spec_of(make_estimator("ridge:alpha=1")) == "ridge"


@pytest.mark.parametrize(
    ("spec", "message"),
    [("ridge:alpha=much", "alpha must be float, not 'much'"), ("ridge:alpha", "write parameters as")],
)
def test_a_parameter_that_makes_no_sense_is_explained(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_estimator(spec)


@pytest.mark.usefixtures("fresh_registry")
class TestPlugins:
    def test_a_decorated_function_is_an_estimator_and_still_a_function(self, tmp_path: Path) -> None:
        load_plugins([write(tmp_path / "mine.py", GOOD)])
        estimator = make_estimator("sharpness")
        assert isinstance(estimator, Estimator)
        assert (estimator.kind, estimator.citation, type(estimator).__doc__) == ("zero-cost", "me", "What it is.")
        assert registry.origin("estimator", "sharpness") == str(tmp_path / "mine.py")

    def test_a_folder_of_plug_ins_is_loaded_whole(self, tmp_path: Path) -> None:
        write(tmp_path / "a.py", GOOD)
        write(tmp_path / "b.py", GOOD.replace("sharpness", "bluntness"))
        load_plugins([str(tmp_path)])
        assert {"sharpness", "bluntness"} <= set(names("estimator"))

    def test_a_plug_in_is_loaded_once_however_often_it_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.py", GOOD)
        load_plugins([path, path, str(tmp_path)])
        assert registry.plugin_files() == (path,)

    @pytest.mark.parametrize("source", ["import no_such_module", "def (", "1/0", "raise SystemError('no')"])
    def test_a_plug_in_that_cannot_be_imported_is_listed_with_its_reason(self, tmp_path: Path, source: str) -> None:
        path = write(tmp_path / "bad.py", source)
        load_plugins([path, write(tmp_path / "good.py", GOOD)])
        (broken,) = broken_plugins()
        assert broken.origin == path
        assert "Error" in broken.reason
        assert "sharpness" in names("estimator")

    def test_asking_for_an_estimator_of_a_broken_plug_in_tells_the_reason(self, tmp_path: Path) -> None:
        load_plugins([write(tmp_path / "bad.py", "import no_such_module")])
        with pytest.raises(UnknownNameError, match="No module named 'no_such_module'"):
            make_estimator("sharpness")

    def test_two_of_one_name_are_an_error_that_names_both_files(self, tmp_path: Path) -> None:
        first, second = write(tmp_path / "a.py", GOOD), write(tmp_path / "b.py", GOOD)
        with pytest.raises(PluginError, match=r"two estimators are called 'sharpness': one in .*a\.py, one in .*b\.py"):
            load_plugins([first, second])

    def test_a_built_in_name_cannot_be_taken(self, tmp_path: Path) -> None:
        with pytest.raises(PluginError, match="one in built-in"):
            load_plugins([write(tmp_path / "a.py", GOOD.replace("sharpness", "synflow"))])

    def test_a_missing_plug_in_file_is_a_usage_error(self) -> None:
        with pytest.raises(UsageError, match="no such file"):
            load_plugins(["/no/such/plugin.py"])


def test_plug_ins_of_the_environment_are_registered(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.py", GOOD)
    code = "from estimator_bench.registry import names; print('sharpness' in names('estimator'))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"ESTIMATOR_BENCH_PLUGINS": path, "PYTHONPATH": str(Path(estimator_bench.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "True\n"


def test_importing_the_package_and_naming_things_does_not_import_torch() -> None:
    code = (
        "import sys, estimator_bench.cli.main; from estimator_bench.registry import names; "
        "names('estimator'); print('torch' in sys.modules, 'scipy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("False")
