"""Proxies of users work from wherever they come, and harm nobody when they do not work."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forked
import pytest

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
SHORT = ("--space", "toy", "--limit", "4", "--metrics", "tau", "--plugin", str(TOY))

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the program in a folder of its own, with further places for modules and variables."""

    def call(*words: str, path: tuple[Path, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"ESTIMATOR_BENCH_DATA": str(tmp_path / "data")}
        return forked.call(words, tmp_path, own | variables, path)

    return call


def proxy(name: str, body: str, before: str = "") -> str:
    """The source of a decorated function."""
    start = f"from estimator_bench import zero_cost\n{before}\n@zero_cost()\n"
    return f"{start}def {name}(model, inputs, targets):\n    {body}\n"


def write(folder: Path, **sources: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return folder


def scores(folder: Path) -> dict[str, dict[str, tuple[object, ...]]]:
    """For each estimator, what is stored of each architecture: status, message, components."""
    with sqlite3.connect(folder / "results.sqlite") as db:
        found = db.execute(
            "SELECT spec, text, status, message, score.components FROM score "
            "JOIN run ON run.id = score.run JOIN architecture ON architecture.id = architecture"
        ).fetchall()
    result: dict[str, dict[str, tuple[object, ...]]] = {}
    for spec, text, *rest in found:
        result.setdefault(spec, {})[text] = tuple(rest)
    return result


COUNT = "return sum(p.numel() for p in model.parameters())"
HELPED = "return helper.count(model)"
HELPER = "def count(model):\n    return sum(p.numel() for p in model.parameters())\n"


def test_files_folders_packages_and_the_environment_give_proxies_to_workers_too(run: Run, tmp_path: Path) -> None:
    alone = write(tmp_path / "one", alone=proxy("alone", COUNT)) / "alone.py"
    folder = write(tmp_path / "many", a=proxy("beside", HELPED, "import helper"), helper=HELPER, constants="X = 3")
    write(folder, late=proxy("late", "from lazy import count\n    return count(model)"), lazy=HELPER)
    package = write(tmp_path / "pack", __init__="", p=proxy("inside", HELPED, "from . import helper"), helper=HELPER)
    write(package, q=proxy("from_itself", HELPED, "from pack import helper"))
    variable = write(tmp_path / "env", e=proxy("elsewhere", COUNT))
    names = ["alone", "beside", "late", "inside", "from_itself", "elsewhere"]
    plugins = [item for path in (alone, folder, package) for item in ("--plugin", str(path))]
    done = run(
        "run", *SHORT, *plugins, "--est", ",".join(names), "--workers", "1", ESTIMATOR_BENCH_PLUGINS=str(variable)
    )
    assert done.returncode == 0, done.stderr
    found = scores(tmp_path / "estimator-bench-results")
    assert len(found["params"]) == 4
    assert all(found[name] == found["params"] for name in names)


PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tiny-proxies"
version = "1"
[project.entry-points."estimator_bench.estimators"]
counted = "tiny_proxies.proxies:counted"
weighed = "tiny_proxies.proxies:Weighed"
misnamed = "tiny_proxies.proxies:counted"
number = "tiny_proxies.proxies:NUMBER"
gone = "tiny_proxies.gone:gone"
[tool.setuptools]
packages = ["tiny_proxies"]
"""
PROXIES = (
    proxy("counted", HELPED, "from estimator_bench import ZeroCostEstimator\nfrom . import helper\n\nNUMBER = 3\n")
    + """
class Weighed(ZeroCostEstimator):
    name = "weighed"

    def measure(self, passes):
        return helper.count(passes.fresh_network())
"""
)


def test_entry_points_of_an_installed_package_give_functions_and_classes_to_workers_too(
    run: Run, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    write(project / "tiny_proxies", __init__="", proxies=PROXIES, helper=HELPER)
    (project / "pyproject.toml").write_text(PROJECT)
    site = tmp_path / "site"
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(site))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(project)], check=True, timeout=120)

    words = ("run", *SHORT, "--est", "counted,weighed", "--workers", "1")
    done = run(*words, path=(site,))
    assert done.returncode == 0, done.stderr
    found = scores(tmp_path / "estimator-bench-results")
    assert found["counted"] == found["weighed"] == found["params"]

    (site / "tiny_proxies" / "helper.py").write_text(HELPER.replace("numel()", "numel() * 2"))
    again = run(*words, path=(site,))
    assert "counted starts anew, the old run is kept: changed code: tiny_proxies.helper" in again.stderr

    listed = {row["estimator"]: row for row in json.loads(run("list", "estimators", "--json", path=(site,)).stdout)}
    assert (listed["counted"]["from"], listed["counted"]["kind"]) == ("tiny-proxies", "zero-cost")
    assert "calls itself 'counted'" in listed["misnamed"]["what"]
    assert "tiny_proxies.proxies:NUMBER is no Estimator" in listed["number"]["what"]
    assert "No module named 'tiny_proxies.gone'" in listed["gone"]["what"]
    broken = run("run", *SHORT, "--est", "gone", path=(site,))
    assert (broken.returncode, "Traceback" in broken.stderr) == (5, False)
    assert "No module named 'tiny_proxies.gone'" in broken.stderr


def test_a_changed_helper_starts_a_new_run(run: Run, tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", a=proxy("mine", HELPED, "import helper"), helper=HELPER)
    words = ("run", *SHORT, "--plugin", str(folder), "--est", "mine", "--workers", "0")
    assert run(*words).returncode == 0
    (folder / "helper.py").write_text(HELPER.replace("numel()", "numel() * 2"))
    again = run(*words)
    assert "mine starts anew, the old run is kept: changed code: helper" in again.stderr, again.stderr


def test_a_helper_that_another_one_hides_is_an_error_that_names_both(run: Run, tmp_path: Path) -> None:
    folders = [
        write(tmp_path / one, a=proxy(one, HELPED, "import helper"), helper=HELPER) for one in ("first", "second")
    ]
    plugins = [item for path in folders for item in ("--plugin", str(path))]
    done = run("run", *SHORT, *plugins, "--est", "second")
    assert (done.returncode, "Traceback" in done.stderr) == (5, False), done.stderr
    for folder in folders:
        assert str(folder / "helper.py") in done.stderr


BROKEN = {
    "syntax": ("def mine(:\n", "SyntaxError: invalid syntax (syntax.py, line 1)"),
    "module": ("import no_such_module\n", "No module named 'no_such_module'"),
    "name": ("from estimator_bench import zero_costs\n", "zero_costs"),
    "leaving": ("raise SystemExit(3)\n", "SystemExit: 3"),
    "bare": (proxy("mine", COUNT).replace("@zero_cost()", "@zero_cost"), "zero_cost()"),
    "few": (proxy("mine", COUNT).replace("inputs, targets", "inputs"), "'mine' must take (model, inputs, targets)"),
    "many": (proxy("mine", COUNT).replace("targets", "targets, more"), "'mine' must take (model, inputs, targets)"),
}


def test_files_without_a_usable_proxy_are_explained_before_anything_is_scored(run: Run, tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", **{name: source for name, (source, _) in BROKEN.items()})
    done = run("run", *SHORT, "--plugin", str(folder), "--est", "mine")
    assert (done.returncode, "Traceback" in done.stderr, done.stdout) == (2, False, ""), done.stderr
    assert done.stderr.startswith("error: unknown estimator 'mine'")
    reasons = dict(
        part.split(" could not be imported: ") for part in done.stderr[done.stderr.index("(/") + 1 :].split("; ")
    )
    assert reasons.keys() == {str(folder / f"{name}.py") for name in BROKEN}
    for name, (_, reason) in BROKEN.items():
        assert reason in reasons[str(folder / f"{name}.py")]
    assert not (tmp_path / "estimator-bench-results").exists()


def test_a_folder_without_a_python_file_is_a_mistake(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("run", *SHORT, "--plugin", "empty", "--est", "mine")
    assert (done.returncode, "no .py file" in done.stderr) == (2, True)


FAILING = {
    "two": ("return inputs.flatten()[:2]", "element"),
    "nothing": ("return None", "NoneType"),
    "words": ("return 'high'", "high"),
    "leaving": ("import sys; sys.exit(4)", "SystemExit: 4"),
    "raising": ("raise KeyError('lost')", "lost"),
}
LEAKING = {
    "dtype": "torch.set_default_dtype(torch.float64)",
    "threads": "torch.set_num_threads(2)",
    "grad": "torch.set_grad_enabled(False)",
    "determinism": "torch.use_deterministic_algorithms(True)",
    "random": "torch.manual_seed(1), numpy.random.seed(1), random.seed(1)",
    "hooks": "torch.nn.modules.module.register_module_forward_hook(lambda module, given, result: result * 2)",
    "errors": "numpy.seterr(all='raise')",
    "network": "[p.data.zero_() for p in model.parameters()], inputs.zero_(), targets.zero_()",
}


def test_bad_proxies_get_a_reason_each_and_change_nothing_of_their_neighbours(run: Run, tmp_path: Path) -> None:
    folder = write(tmp_path / "bad", loud="print('imported')\n" + proxy("loud", f"print('scored'); {COUNT}"))
    write(folder, nan=proxy("a_nan", "return float('nan')"))
    write(folder, **{name: proxy(name, body) for name, (body, _) in FAILING.items()})
    imports = "import random\nimport numpy, torch"
    write(folder, **{f"leak_{name}": proxy(f"a_{name}", f"{body}; {COUNT}", imports) for name, body in LEAKING.items()})
    mine = ["loud", "a_nan", *FAILING, *(f"a_{name}" for name in LEAKING)]

    alone = run("run", *SHORT, "--est", "synflow,jacov", "--workers", "0", "--output", "alone")
    assert alone.returncode == 0, alone.stderr
    words = ("--plugin", str(folder), "--workers", "0", "--output", "beside", "--json")
    done = run("run", *SHORT, "--est", ",".join((*mine, "synflow", "jacov")), *words)
    assert (done.returncode, "Traceback" in done.stderr) == (7, False), done.stderr
    rows: dict[str, Any] = {row["spec"]: row for row in json.loads(done.stdout)["sections"][0]["rows"]}
    assert "imported" in done.stderr
    assert "scored" in done.stderr
    quiet, beside = scores(tmp_path / "alone"), scores(tmp_path / "beside")
    for name in ("synflow", "jacov", "params"):
        assert beside[name] == quiet[name], f"{name} changed"
    for name, (_, reason) in FAILING.items():
        assert all(status == "error" and reason in str(message) for status, message, _ in beside[name].values())
        assert reason in rows[name]["reasons"][0]
    assert {status for status, *_ in beside["a_nan"].values()} == {"nan"}
    for name in ("loud", *(f"a_{one}" for one in LEAKING if one != "network")):
        assert beside[name] == beside["params"], name


def test_what_plug_ins_print_never_mixes_with_results(run: Run, tmp_path: Path) -> None:
    write(tmp_path, loud="print('imported')\n" + proxy("loud", f"print('scored'); {COUNT}"))
    words = ("--plugin", "loud.py", "--json")
    done = run("run", *SHORT, *words, "--est", "loud", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sections"]
    assert "scored" in done.stderr
    assert any(row["estimator"] == "loud" for row in json.loads(run("list", "estimators", *words).stdout))
