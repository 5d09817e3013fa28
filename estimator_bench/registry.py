"""Names of spaces, estimators and reports: built in, from entry points, and from the user's plug-in files.

Nothing is imported before it is asked for. A plug-in that cannot be imported is listed with its reason.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from estimator_bench.errors import PluginError, UnknownNameError, UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.guard import Failure, attempt
from estimator_bench.plugin_modules import import_file
from estimator_bench.proxies import DecoratedFunction
from estimator_bench.report import Renderer
from estimator_bench.space import AnySpace, SearchSpace

What = Literal["estimator", "space", "report"]
FOLDERS: Mapping[What, str] = {"estimator": "estimators", "space": "benchmarks", "report": "reports"}
BASES: Mapping[What, type] = {"estimator": Estimator, "space": SearchSpace, "report": Renderer}
PLUGIN_VARIABLE = "ESTIMATOR_BENCH_PLUGINS"


@dataclass(frozen=True)
class Entry:
    """A registered name: where it comes from and how to load it."""

    name: str
    origin: str
    load: Callable[[], Any]


@dataclass(frozen=True)
class BrokenPlugin:
    """A plug-in that could not be imported."""

    origin: str
    reason: str


_entries: dict[What, dict[str, Entry]] = {"estimator": {}, "space": {}, "report": {}}
_broken: list[BrokenPlugin] = []
_loaded_files: list[Path] = []


def load_plugins(paths: Iterable[str]) -> None:
    """Import plug-in files, or every .py file of a folder, and register what they define.

    A file can import what lies beside it. In a folder with `__init__.py`, which is a package, relative imports work.

    Raises:
        UsageError: there is no such file or folder, or no .py file in it.
        PluginError: a name is taken already; the message names both places.
    """
    for text in paths:
        try:
            path = Path(text).expanduser().resolve()
        except RuntimeError as error:
            raise UsageError(f"plug-in {text}: {error}") from None
        if not path.exists():
            raise UsageError(f"plug-in {text}: no such file or folder")
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"--plugin {text}: there is no .py file in this folder")
        for file in files:
            if file not in _loaded_files:
                _loaded_files.append(file)
                _load_file(file)


def plugin_files() -> tuple[str, ...]:
    """The plug-in files loaded so far, for worker processes to load them too."""
    _builtin_names()
    return tuple(map(str, _loaded_files))


def names(what: What) -> list[str]:
    """All registered names of one sort."""
    _builtin_names()
    return sorted(_entries[what])


def broken_plugins() -> list[BrokenPlugin]:
    """Plug-ins that could not be imported, with the reason."""
    _builtin_names()
    return list(_broken)


def origin(what: What, name: str) -> str:
    """Where a registered name comes from: `built-in`, a distribution, or a file."""
    return _entry(what, name).origin


def load(what: What, name: str) -> Any:
    """The class registered under a name.

    Raises:
        UnknownNameError: there is none; the message holds the nearest names.
        PluginError: it cannot be imported.
    """
    entry = _entry(what, name)
    with redirect_stdout(sys.stderr):  # standard output is for results
        loaded = attempt(entry.load)
    if isinstance(loaded, Failure):
        raise PluginError(f"{what} '{name}' from {entry.origin} cannot be imported: {loaded.reason}")
    return loaded


@cache
def find_space(name: str) -> AnySpace:
    """The search space of a name; one object per process.

    Raises:
        UnknownNameError: there is none.
        PluginError: it cannot be imported or made.
    """
    space: AnySpace | Failure = attempt(load("space", name))
    if isinstance(space, Failure):
        raise PluginError(f"space '{name}' from {origin('space', name)} cannot be made: {space.reason}")
    return space


def truths_of(space: AnySpace) -> Sequence[GroundTruth]:
    """What is known of a space, the default first.

    Raises:
        PluginError: the space fails to tell.
    """
    truths = attempt(space.ground_truths)
    if isinstance(truths, Failure):
        raise PluginError(f"space '{space.name}' does not tell its ground truths: {truths.reason}")
    return truths


def find_task(text: str) -> tuple[AnySpace, GroundTruth, Task]:
    """The task written `space/name@label`; without the label, the first of the name whose data are installed.

    `space` alone stands for the first installed task of the space. Where none is installed, the first counts.

    Raises:
        UnknownNameError: there is no such space or task.
        PluginError: the space is broken.
    """
    space_name, slash, wanted = text.partition("/")
    space = find_space(space_name)
    tasks = [(truth, task) for truth in truths_of(space) for task in truth.tasks]
    meant = [one for one in tasks if not slash or wanted in (one[1].name, f"{one[1].name}@{one[1].label}")]
    if not meant:
        raise UnknownNameError(f"task of {space_name}", wanted, {f"{task.name}@{task.label}" for _, task in tasks})
    truth, task = next((one for one in meant if one[0].installed), meant[0])
    return space, truth, task


def _entry(what: What, name: str) -> Entry:
    _builtin_names()
    if name not in _entries[what]:
        hint = "; ".join(f"{broken.origin} could not be imported: {broken.reason}" for broken in _broken)
        raise UnknownNameError(what, name, _entries[what], hint)
    return _entries[what][name]


def _register(what: What, entry: Entry) -> None:
    taken = _entries[what].get(entry.name)
    if taken is not None:
        raise PluginError(f"two {what}s are called '{entry.name}': one in {taken.origin}, one in {entry.origin}")
    _entries[what][entry.name] = entry


@cache
def _builtin_names() -> None:
    """Register the built-in folders, then entry points, then the files of $ESTIMATOR_BENCH_PLUGINS."""
    for what, folder in FOLDERS.items():
        package = f"estimator_bench.{folder}"
        for name, target in import_module(package).BUILTIN.items():
            _register(what, Entry(name, "built-in", _loader(package + target)))
        for point in entry_points(group=f"estimator_bench.{what}s"):
            distribution = point.dist.name if point.dist else point.value
            _register(what, Entry(point.name, distribution, partial(_load_point, what, point)))
    for text in filter(None, os.environ.get(PLUGIN_VARIABLE, "").split(os.pathsep)):
        try:
            load_plugins([text])
        except UsageError as error:  # a variable outlives the files it names, and must not stop every command
            _broken.append(BrokenPlugin(f"${PLUGIN_VARIABLE}", str(error)))


def _loader(target: str) -> Callable[[], Any]:
    module, _, attribute = target.partition(":")
    return lambda: getattr(import_module(module), attribute)


def _load_point(what: What, point: EntryPoint) -> Any:
    value = _class_of(point.load())
    if not _is_a(what, value):
        raise TypeError(f"{point.value} is no {BASES[what].__name__}")
    if _name_of(value) != point.name:
        raise TypeError(f"{point.value} calls itself '{_name_of(value)}': give the entry point the same name")
    return value


def _load_file(file: Path) -> None:
    with redirect_stdout(sys.stderr):  # standard output is for results
        module = attempt(import_file, file)
    if isinstance(module, Failure):
        _broken.append(BrokenPlugin(str(file), module.reason))
        return
    for defined in {id(defined): defined for defined in vars(module).values()}.values():  # an alias is no other thing
        value = attempt(_class_of, defined)
        if isinstance(value, Failure):
            _broken.append(BrokenPlugin(str(file), value.reason))
            continue
        for what in BASES:
            if _is_a(what, value) and value.__module__ == module.__name__:
                _register(what, Entry(_name_of(value), str(file), partial(_same, value)))


def _class_of(defined: Any) -> Any:
    """What a plug-in defines: the thing itself, or the class that `@zero_cost` leaves on a function."""
    if not isinstance(defined, DecoratedFunction):
        return defined
    try:
        inspect.signature(defined.function).bind("model", "inputs", "targets")
    except TypeError as error:
        raise TypeError(f"'{_name_of(defined.estimator)}' must take (model, inputs, targets): {error}") from None
    return defined.estimator


def _is_a(what: What, value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, BASES[what]) and not inspect.isabstract(value)


def _name_of(value: Any) -> str:
    return getattr(value, "name", "") or value.__name__


def _same(value: Any) -> Any:
    return value
