"""What a request comes to: runs with their identities, the architectures they miss, and the jobs that share work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from estimator_bench.class_truth import truth_of
from estimator_bench.errors import UsageError
from estimator_bench.estimator import Estimator
from estimator_bench.estimator_spec import make_estimator, spec_of, split_outside_brackets
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.identity import code_closure, digest_of, library_versions
from estimator_bench.problem import require_others
from estimator_bench.protocol import Limit, Protocol, full_population, scored_population
from estimator_bench.registry import find_task, load, plugin_files
from estimator_bench.runs.jobs import Job
from estimator_bench.space import AnySpace, Architecture

BASELINES = ("random", "constant", "params", "flops")
"""In every report: a score means something only beside what chance and size alone reach."""


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Attributes:
        task: `space`, `space/name` or `space/name@label`.
        estimators: specs; the baselines are added.
        protocol: the conditions.
        limit: how much of the population is scored, None for all.
        only: texts of the architectures the population is cut down to first, None for all; in a population of classes,
            their classes.
        given: by spec, scores that are there already, by architecture; for estimators of the kind `given`.
    """

    task: str
    estimators: Sequence[str]
    protocol: Protocol
    limit: Limit | None = None
    only: Sequence[str] | None = None
    given: Mapping[str, Mapping[str, float]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class PlannedRun:
    """One estimator's view of the work.

    Attributes:
        spec: the estimator in its shortest form.
        estimator: itself.
        identity: everything its scores depend on.
        id: digest of the identity.
        requested: asked for by name or a baseline, not only a member of another estimator.
        members: ids of the runs it combines.
        representatives: for each architecture of the population, the one that is scored for it.
    """

    spec: str
    estimator: Estimator
    identity: Mapping[str, Any]
    id: str
    requested: bool
    members: tuple[str, ...]
    representatives: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """A request with everything resolved; `notes` say what a user would not expect."""

    request: Request
    space: AnySpace
    truth: GroundTruth
    task: Task
    available: int
    population: Sequence[Architecture] = field(repr=False)
    runs: Sequence[PlannedRun]
    notes: Sequence[str] = ()

    def missing(self, scored: Callable[[str], Collection[str]]) -> dict[str, list[str]]:
        """For each run that scores by itself, by id: the representatives without a score yet.

        Args:
            scored: the architectures stored for a run id.
        """
        return {
            run.id: [arch for arch in dict.fromkeys(run.representatives) if arch not in known]
            for run in self.runs
            if not run.members
            for known in [scored(run.id)]
        }

    def jobs(self) -> dict[Job, list[PlannedRun]]:
        """The runs that score by themselves, grouped into the jobs that serve them."""
        groups: dict[object, list[PlannedRun]] = {}
        for run in self.runs:
            if not run.members:
                one = run.estimator
                groups.setdefault((one.shares, one.uses_labels) if one.shares else run.id, []).append(run)
        task, protocol, plugins = str(self.task), self.request.protocol, plugin_files()
        return {Job(task, protocol, tuple(run.spec for run in runs), plugins): runs for runs in groups.values()}


def images_digest(dataset: str) -> str:
    """sha256 of a data set of images; imports torch, which most plans need not."""
    from estimator_bench.data.images import images_digest as digest

    return digest(dataset)


def make_plan(request: Request) -> Plan:
    """Resolve a request: names, population, identities.

    Raises:
        UnknownNameError: a name that is not registered.
        MalformedArchitectureError: a text in `only` is no architecture of the space.
        UsageError: the task is one of its own sources.
        MissingDataError: the ground truth, or that of a source, is not installed; the message holds the command.
    """
    space, truth, task = find_task(request.task)
    request = replace(request, protocol=replace(request.protocol, sources=_sources(request, task)))
    truth = truth_of(space, truth, request.protocol.population)
    everything = full_population(space, truth, task)
    chosen, notes = (everything, []) if request.only is None else _only(request, space)
    population = scored_population(chosen, request.protocol, request.limit)
    planner = _Planner(request, space, truth, task, population)
    for spec in dict.fromkeys([*request.given, *request.estimators, *BASELINES]):
        planner.add(spec, requested=True)
    return Plan(request, space, truth, task, len(everything), population, list(planner.runs.values()), notes)


def _sources(request: Request, task: Task) -> tuple[str, ...]:
    """Full names of the sources, each of which has labels to show."""
    found = [find_task(name) for name in request.protocol.sources]
    require_others(task, [source for _, _, source in found])
    for space, truth, source in found:  # what is missing is said now, and not once for each chunk
        full_population(space, truth_of(space, truth, request.protocol.population), source)
    return tuple(sorted({str(source) for _, _, source in found}))


def _only(request: Request, space: AnySpace) -> tuple[list[Architecture], list[str]]:
    """What the population is cut down to, each once, and what became of it."""
    archs = list(dict.fromkeys(map(space.parse, request.only or ())))
    kind = request.protocol.population
    if kind == "all":
        return archs, []
    classes = list(dict.fromkeys(space.representative(arch, kind) for arch in archs))
    moved = len(archs) - len({*archs} & {*classes})
    if not moved:
        return classes, []
    return classes, [
        f"{len(archs):,} architectures belong to {len(classes):,} {kind} classes, and the representatives of these are "
        f"scored; {moved:,} of the architectures are none themselves"
    ]


def _digest_of_scores(scores: Mapping[str, float]) -> str:
    """sha256 of scores, in whatever order they are given."""
    lines = (f"{arch}\t{score.hex()}\n" for arch, score in sorted(scores.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Planner:
    """Adds runs, members before those that combine them, each once."""

    def __init__(
        self, request: Request, space: AnySpace, truth: GroundTruth, task: Task, population: Sequence[Architecture]
    ) -> None:
        self._request, self._space, self._truth, self._task = request, space, truth, task
        self._population = population
        self._representatives: dict[str, list[str]] = {}
        self.runs: dict[str, PlannedRun] = {}

    def add(self, text: str, *, requested: bool, within: tuple[str, ...] = ()) -> PlannedRun:
        kind = load("estimator", split_outside_brackets(text, ":")[0]).kind
        if kind == "given" and text not in self._request.given:
            raise UsageError(f"the scores of '{text}' come from a file: `estimator-bench evaluate FILE` takes them in")
        estimator = make_estimator(text)
        spec = spec_of(estimator)
        if spec in within:
            raise UsageError(f"'{spec}' combines itself: {' -> '.join((*within, spec))}")
        members = [self.add(member, requested=False, within=(*within, spec)) for member in estimator.members]
        identity = self._identity(spec, estimator, members)
        run_id = digest_of(identity)
        known = self.runs.get(run_id)
        run = PlannedRun(
            spec,
            estimator,
            identity,
            run_id,
            requested or (known is not None and known.requested),
            tuple(member.id for member in members),
            self._representatives_for(estimator),
        )
        self.runs[run_id] = run
        return run

    def _identity(self, spec: str, estimator: Estimator, members: Sequence[PlannedRun]) -> dict[str, Any]:
        identity = {
            "estimator": spec,
            "revision": estimator.revision,
            "code": dict(code_closure(type(estimator).__module__, type(self._space).__module__)),
            "task": str(self._task),
            "recipe": asdict(self._task.recipe),
            "truth": self._truth.digest,
            "protocol": self._conditions(estimator),
            "libraries": dict(library_versions()),
            "members": [member.id for member in members],
        }
        if spec in self._request.given:
            identity["scores"] = _digest_of_scores(self._request.given[spec])
        # As it comes back from the store, so that the two can be compared.
        plain: dict[str, Any] = json.loads(json.dumps(identity))
        return plain

    def _conditions(self, estimator: Estimator) -> dict[str, Any]:
        """What of the protocol the scores depend on, and the data it names."""
        protocol = self._request.protocol
        protocol = replace(protocol, repeat=protocol.repeat.on(estimator.conditions))
        shown = {*estimator.conditions, "repeat"}
        found = {name: value for name, value in protocol.plain().items() if name in shown}
        if estimator.uses_labels != "none" or found.get("sources"):
            found["population"] = protocol.population  # labels are drawn from it, and are those of classes
        datasets = set(estimator.datasets)
        if "inputs" in estimator.conditions:
            datasets |= {variant.inputs for _, variant in protocol.variants()} - {"gaussian"}
        if datasets:
            found["images"] = {name: images_digest(name) for name in sorted(datasets)}
        if found.get("sources"):
            found["sources"] = {name: find_task(name)[1].digest for name in protocol.sources}
        return found

    def _representatives_for(self, estimator: Estimator) -> list[str]:
        kind = estimator.invariant_to
        if kind not in self._representatives:
            self._representatives[kind] = [str(self._space.representative(arch, kind)) for arch in self._population]
        return self._representatives[kind]
