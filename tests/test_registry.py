"""Names are found, near misses are pointed at, and plug-ins of any quality never stop a run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import estimator_bench
from estimator_bench import registry
from estimator_bench.cli.options import split_names
from estimator_bench.data.home import data_home
from estimator_bench.data.manage import import_tables
from estimator_bench.errors import PluginError, UnknownNameError, UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.estimator_spec import make_estimator, spec_of
from estimator_bench.registry import broken_plugins, find_space, find_task, load, load_plugins, names

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


def test_a_task_without_label_is_the_first_whose_data_are_installed(shared_data: Path) -> None:
    import_tables(find_space("nb201"), shared_data / "nb201" / "cifar10_test_by_seed.csv.gz", data_home())
    assert str(find_task("nb201/cifar10")[2]) == "nb201/cifar10@trials"
    assert str(find_task("nb201")[2]) == "nb201/digits@mini"


def test_a_task_without_label_is_the_first_of_its_name() -> None:
    assert str(find_task("nb201")[2]) == "nb201/digits@mini"
    assert str(find_task("nb201/cifar10")[2]) == "nb201/cifar10@nats"
    assert str(find_task("nb201/cifar10@trials")[2]) == "nb201/cifar10@trials"


@pytest.mark.parametrize(
    "spec",
    [
        "ridge",
        "ridge:alpha=0.1",
        "one-shot:epochs=4:checkpoints=2",
        "rank-average:of=params+ridge",
        "rank-average:of=[ridge:alpha=0.1]+params",
        "rank-average:of=[rank-average:of=[ridge:alpha=0.1]+params]+[ridge:alpha=2.0]",
        "rank-average:of=[rank-average:of=params+flops]",
        "rank-average:of=",
        "one-shot:recipe=[a:b,c]",
    ],
)
def test_a_spec_and_its_estimator_make_each_other(spec: str) -> None:
    assert spec_of(make_estimator(spec)) == spec
    assert make_estimator(spec_of(make_estimator(spec))) == make_estimator(spec)


PARAMETERS = """
from dataclasses import dataclass
from typing import Literal, Optional
from estimator_bench import Estimator

@dataclass(frozen=True)
class Plenty(Estimator):
    needed: int
    texts: tuple[str, ...] = ()
    sizes: tuple[float, ...] = (1.0,)
    depth: Optional[int] = 3
    width: int | None = None
    level: Literal[1, 2] = 1
    ready: bool = False
    word: str = "x"
    table: dict[str, int] | None = None
    name = "plenty"
    kind = "complexity"
    def __post_init__(self):
        if self.word == "bad":
            raise KeyError("bad word")
    def score(self, problem, state, archs):
        return [0.0 for _ in archs]

@dataclass(frozen=True)
class Undefined(Plenty):
    strange: "NoSuchType" = 0
    name = "undefined"
"""


@pytest.fixture
def plenty(fresh_registry: None, tmp_path: Path) -> str:  # noqa: ARG001
    load_plugins([write(tmp_path / "plenty.py", PARAMETERS)])
    return "plenty"


@given(
    texts=st.lists(st.text("ab:+,", max_size=4) | st.just("ridge:alpha=[x]")).map(tuple),
    sizes=st.lists(st.floats(allow_nan=False)).map(tuple),
    depth=st.none() | st.integers(),
    width=st.none() | st.integers(),
    level=st.sampled_from([1, 2]),
    ready=st.booleans(),
    word=st.text("ab:+,", max_size=4) | st.just("[x]"),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_type_of_parameter_round_trips_and_survives_a_list_of_estimators(plenty: str, **values: Any) -> None:
    estimator = load("estimator", plenty)(7, **values)
    spec = spec_of(estimator)
    assert make_estimator(spec) == estimator
    nested = spec_of(replace(make_estimator("rank-average"), of=(spec, "params")))  # type: ignore[type-var]
    assert make_estimator(nested).members == (spec, "params")
    assert split_names([f"{spec}, {nested}", "ridge"]) == [spec, nested, "ridge"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "missing 1 required positional argument: 'needed'"),
        ("needed=None", "needed must be int, not 'None'"),
        ("needed=1.5", "needed must be int"),
        ("needed=1:sizes=1+", "sizes must be float, not ''"),
        ("needed=1:depth=deep", "depth must be int"),
        ("needed=1:level=3", "level is one of 1, 2"),
        ("needed=1:ready=yes", "ready is one of False, True"),
        ("needed=1:table=3", "table cannot be given here"),
        ("needed=1:word=bad", "bad word"),
        ("needed=1:texts=[a", "a bracket has no partner"),
        ("needed=1:texts=a]+[b", "a bracket has no partner"),
    ],
)
def test_a_value_of_another_type_is_explained(plenty: str, given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_estimator(f"{plenty}:{given}")


@pytest.mark.usefixtures("plenty")
def test_parameters_of_undefined_types_are_the_fault_of_the_plug_in() -> None:
    with pytest.raises(PluginError, match="NoSuchType"):
        make_estimator("undefined:needed=1")


def test_a_choice_that_there_is_not_is_met_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean macs\? \(.*one of macs, official, naslib"):
        make_estimator("flops:convention=mac")


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


def test_a_missing_plug_in_of_the_environment_is_listed_and_stops_no_command(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = os.pathsep.join([str(tmp_path / "gone.py"), str(tmp_path / "empty"), write(tmp_path / "mine.py", GOOD)])
    run = subprocess.run(
        [sys.executable, "-m", "estimator_bench", "list", "estimators"],
        env={**os.environ, "ESTIMATOR_BENCH_PLUGINS": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sharpness" in run.stdout
    assert f"not imported: $ESTIMATOR_BENCH_PLUGINS: plug-in {tmp_path / 'gone.py'}: no such file" in run.stderr


def test_importing_the_package_and_naming_things_does_not_import_torch() -> None:
    code = (
        "import sys, estimator_bench.cli.verbs; from estimator_bench.registry import names; "
        "names('estimator'); print('torch' in sys.modules, 'scipy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("False")


def test_a_second_name_for_a_proxy_in_its_file_is_no_second_proxy(fresh_registry: None, tmp_path: Path) -> None:  # noqa: ARG001
    registry.load_plugins([write(tmp_path / "mine.py", GOOD + "\nold_name = sharpness\n")])
    assert "sharpness" in registry.names("estimator")


def test_a_home_that_nobody_has_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match="nobody-at-all"):
        registry.load_plugins(["~nobody-at-all/x.py"])
