"""A score is bit-equal in any company, and its cost is that of its own chain of passes."""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest
import torch
from estimator_bench.estimators.fisher import Fisher
from estimator_bench.estimators.grad_norm import GradNorm
from estimator_bench.estimators.grasp import Grasp
from estimator_bench.estimators.jacov import Jacov
from estimator_bench.estimators.l2_norm import L2Norm
from estimator_bench.estimators.plain import Plain
from estimator_bench.estimators.relu_logdet import ReluLogdet
from estimator_bench.estimators.snip import Snip
from estimator_bench.estimators.synflow import Synflow
from stacks import TEXTS, Given, archs, scores, toy_problem, values
from torch import nn

from estimator_bench import NetworkPasses, Pass, Problem, Protocol, ZeroCostEstimator, registry, zero_cost
from estimator_bench.networks import passes
from estimator_bench.networks.scoring import score_networks
from estimator_bench.runs.engine import Engine, ProcessEngine, SerialEngine
from estimator_bench.runs.jobs import Answer, Chunk, Job, Work
from estimator_bench.stopwatch import Seconds

pytestmark = pytest.mark.usefixtures("toy")

NINE = (Synflow(), Jacov(), Snip(), Fisher(), ReluLogdet(), GradNorm(), Plain(), Grasp(), L2Norm())


@pytest.fixture
def problem(toy: str) -> Problem:
    assert toy
    return toy_problem()


def by_name(problem: Problem, *estimators: ZeroCostEstimator) -> Mapping[str, Sequence[float]]:
    found = scores(problem, *estimators)
    assert [scored.failures for scored in found] == [{}] * len(found)
    return {one.name: values(scored) for one, scored in zip(estimators, found, strict=True)}


# ---------------------------------------------------------------------------------------------- users' functions


@zero_cost()
def vandal(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Destroys everything it is given."""
    before = float(inputs.sum() + targets.sum() + sum(parameter.detach().sum() for parameter in model.parameters()))
    with torch.no_grad():
        for tensor in (inputs, targets, *model.parameters()):
            tensor.zero_()
    model.eval()
    return before


@zero_cost()
def piling(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    """What the anchors' code does: asks for gradients of the batch it was given, and reads them there."""
    inputs.requires_grad_()
    model(inputs).square().sum().backward()
    assert inputs.grad is not None
    return float(inputs.grad.abs().sum())


@zero_cost()
def mode(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """1 if it gets a network to train, without gradients, and the batch."""
    clean = all(parameter.grad is None for parameter in model.parameters())
    return float(model.training and clean and not inputs.requires_grad and len(inputs) == len(targets) == 8)


def test_each_proxy_is_bit_equal_alone_among_all_nine_beside_a_vandal_and_in_any_order(problem: Problem) -> None:
    loud = (vandal.estimator(), *NINE, piling.estimator(), mode.estimator())
    together = by_name(problem, *loud)
    assert by_name(problem, *loud[::-1]) == together
    for one in loud:
        assert values(scores(problem, one)[0]) == together[one.name], one.name
    assert together["mode"] == [1.0] * 3
    assert all(len(set(found)) == 3 for name, found in together.items() if name != "mode")


def test_each_proxy_is_bit_equal_whatever_network_came_before(problem: Problem) -> None:
    everybody = (*NINE, vandal.estimator(), piling.estimator())
    forwards = by_name(problem, *everybody)
    backwards = score_networks(problem, archs(problem)[::-1], [(one, range(3)) for one in everybody])
    for one, scored in zip(everybody, backwards, strict=True):
        assert values(scored)[::-1] == forwards[one.name], one.name


def test_a_network_is_scored_only_for_those_who_want_it(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    every = by_name(problem, Jacov(), Synflow())
    calls = count(monkeypatch)
    jacov, synflow = score_networks(problem, archs(problem), [(Jacov(), [2]), (Synflow(), [0, 2])])
    assert calls == {"forward": 1, "jacobian": 1, "synaptic_flow": 2}
    assert values(jacov) == [every["jacov"][2]]
    assert values(synflow) == [every["synflow"][place] for place in (0, 2)]


PLUGIN = """
import torch
from estimator_bench import zero_cost

@zero_cost()
def burglar(model, inputs, targets):
    for tensor in (inputs, *model.parameters()):
        tensor.data.zero_()
    return 1.0

@zero_cost(reads_only=True)
def liar(model, inputs, targets):
    for parameter in model.parameters():
        parameter.data.neg_()
    return 1.0
"""


def test_each_proxy_is_bit_equal_in_this_process_and_in_others(toy: str, tmp_path: Path, problem: Problem) -> None:
    path = tmp_path / "burglar.py"
    path.write_text(PLUGIN)
    registry.load_plugins([str(path)])
    names = ("burglar", "liar", *(one.name for one in NINE))
    job = Job("toy/quality@made-up", Protocol(batch_size=8), names, (toy, str(path)))
    chunks = [Chunk(job, (text,), ((0,),) * len(names)) for text in TEXTS]

    def found(engine: Engine) -> list[list[float]]:
        waiting: list[Work] = [*chunks]
        with engine:
            answers = dict(engine.execute(lambda: waiting.pop(0) if waiting else None))
        scored = [cast(Answer, answers[chunk]).scored for chunk in chunks]
        assert all(not one.failures for row in scored for one in row[:1] + row[2:])
        assert all("liar says that it only reads" in row[1].failures[0] for row in scored)
        return [[values(one)[0] for one in row[2:]] for row in scored]

    here = found(SerialEngine())
    assert here == found(ProcessEngine(2))
    alone = by_name(problem, *NINE)
    assert here == [[alone[one.name][place] for one in NINE] for place in range(3)]


# ---------------------------------------------------------------------------------------------- passes and failures


def count(monkeypatch: pytest.MonkeyPatch, fail: str = "") -> Counter[str]:
    """Counts the passes from now on; one of them may fail."""
    calls: Counter[str] = Counter()

    def counted(name: str, compute: Callable[[NetworkPasses], Any]) -> Callable[[NetworkPasses], Any]:
        def call(given: NetworkPasses) -> Any:
            calls[name] += 1
            if name == fail:
                raise MemoryError("no room")
            return compute(given)

        return call

    known = {name: replace(one, compute=counted(name, one.compute)) for name, one in passes.PASSES.items()}
    monkeypatch.setattr(passes, "PASSES", known)
    return calls


def test_a_pass_runs_once_per_network_whoever_needs_it(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count(monkeypatch)
    scores(problem, *NINE)
    assert calls == dict.fromkeys(passes.with_prerequisites(set().union(*(one.needs for one in NINE))), 3)
    calls.clear()
    scores(problem, Jacov(), Jacov(k=0.1), L2Norm(), Snip(), GradNorm())
    assert calls == {"forward": 3, "jacobian": 3, "loss_gradients": 3}
    calls.clear()
    scores(problem, L2Norm(), vandal.estimator())
    assert not calls


@dataclass(frozen=True)
class Undeclared(ZeroCostEstimator):
    """Reads a pass that it names, and one that it does not."""

    name: ClassVar[str] = "undeclared"
    needs: ClassVar[frozenset[Pass]] = frozenset({"jacobian"})
    wanted: Pass = "loss_gradients"

    def measure(self, passes: NetworkPasses) -> float:
        return float(len(passes["jacobian"])) + len(passes[self.wanted])


@pytest.mark.parametrize("beside", [(), (Snip(),), NINE])
@pytest.mark.parametrize("wanted", ["loss_gradients", "forward"])
def test_an_undeclared_pass_is_a_named_mistake_even_where_somebody_else_runs_it(
    problem: Problem, wanted: Pass, beside: Sequence[ZeroCostEstimator]
) -> None:
    undeclared, *others = scores(problem, Undeclared(wanted), *beside)
    reason = f"PluginError: the pass '{wanted}' was not asked for: name it in `needs`"
    assert undeclared.failures == dict.fromkeys(range(3), reason)
    assert np.isnan(values(undeclared)).all()
    assert all(one.failures == {} for one in others)
    assert by_name(problem, Undeclared(wanted="jacobian")) == {"undeclared": [16.0] * 3}


@pytest.mark.parametrize(("needs", "alive"), [(set(), 0), ({"jacobian"}, 0), ({"forward"}, 1)])
def test_a_graph_is_freed_before_anybody_measures_unless_somebody_reads_it(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, needs: set[Pass], alive: int
) -> None:
    runs: list[weakref.ref[object]] = []
    one = passes.PASSES["forward"]

    def noted(given: NetworkPasses) -> object:
        run = one.compute(given)
        runs.append(weakref.ref(run.logits))
        return run

    class Later(ZeroCostEstimator):
        name: ClassVar[str] = "later"

        def measure(self, passes: NetworkPasses) -> float:  # noqa: ARG002 - looks at what is left instead
            return sum(ref() is not None for ref in runs)

    Later.needs = frozenset(needs)
    monkeypatch.setattr(passes, "PASSES", {**passes.PASSES, "forward": replace(one, compute=noted)})
    found = score_networks(problem, archs(problem)[:1], [(each, [0]) for each in (Snip(), Later(), Jacov())])
    assert values(found[1]) == [alive]


def test_a_failing_pass_costs_those_who_need_it_only(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = by_name(problem, *NINE)
    count(monkeypatch, fail="jacobian")
    found = dict(zip((one.name for one in NINE), scores(problem, *NINE), strict=True))
    jacov = found.pop("jacov")
    assert jacov.failures == dict.fromkeys(range(3), "RuntimeError: the pass 'jacobian' failed: MemoryError: no room")
    assert {name: values(one) for name, one in found.items()} == {
        name: scored for name, scored in expected.items() if name != "jacov"
    }


class Picky(nn.Sequential):
    """A network that takes whole batches of single precision badly."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.dtype == torch.float32:
            raise ValueError("not in single precision")
        return cast(torch.Tensor, super().forward(images))


def test_a_failing_forward_pass_names_itself_in_all_that_read_it(problem: Problem) -> None:
    given = Given(Picky(*problem.network(archs(problem)[0]).children()))
    found = dict(zip((one.name for one in NINE), scores(given, *NINE), strict=True))
    untouched = {name: found.pop(name) for name in ("synflow", "l2_norm")}
    assert all(scored.failures == {} and min(values(scored)) > 0 for scored in untouched.values())
    for name, scored in found.items():
        assert set(scored.failures) == {0, 1, 2}, name
        first = "hessian_weights" if name == "grasp" else "forward"
        assert f"the pass '{first}' failed: ValueError: not in single precision" in scored.failures[0]
        assert np.isnan(values(scored)).all()


# ---------------------------------------------------------------------------------------------- costs


def test_alone_a_proxy_costs_its_chain_and_marginally_what_nobody_else_needs(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With clocks that show a power of two each, every sum tells its terms."""
    fixed = ("forward", "loss_gradients", "jacobian", "synaptic_flow", "snip", "fisher", "jacov", "synflow", "l2_norm")
    seconds = {name: float(2 ** (index + 10)) for index, name in enumerate(fixed)}
    measured = NetworkPasses.measured

    def stopped(self: NetworkPasses, purpose: str, *rest: Any) -> tuple[object, Seconds]:
        return measured(self, purpose, *rest)[0], Seconds(seconds[purpose], 2 * seconds[purpose])

    monkeypatch.setattr(NetworkPasses, "measured", stopped)

    def check(estimator: ZeroCostEstimator, beside: Sequence[ZeroCostEstimator], alone: str, marginal: str) -> None:
        wanted = [(one, [0]) for one in (estimator, *beside)]
        first = score_networks(problem, archs(problem)[:1], wanted)[0]
        last = score_networks(problem, archs(problem)[:1], wanted[::-1])[-1]
        for scored in (first, last):
            expected = sum(seconds[name] for name in alone.split())
            assert 0 < scored.wall.item() - expected < 10, "the time of building the network"
            assert 0 < scored.cpu.item() - 2 * expected < 10
            assert scored.marginal.item() == sum(seconds[name] for name in marginal.split())

    chain = "forward loss_gradients snip"
    check(Snip(), [], alone=chain, marginal=chain)
    check(Snip(), [Fisher()], alone=chain, marginal="snip")
    check(Snip(), [Jacov()], alone=chain, marginal="loss_gradients snip")
    check(Snip(), [Jacov(), Fisher(), Synflow()], alone=chain, marginal="snip")
    check(Snip(), [Synflow(), L2Norm()], alone=chain, marginal=chain)
    check(Jacov(), [Snip()], alone="forward jacobian jacov", marginal="jacobian jacov")
    check(Synflow(), NINE[1:4], alone="synaptic_flow synflow", marginal="synaptic_flow synflow")
    check(L2Norm(), NINE[:4], alone="l2_norm", marginal="l2_norm")


def test_costs_are_really_measured(problem: Problem) -> None:
    for scored in scores(problem, *NINE):
        assert (scored.marginal > 0).all()
        assert (scored.wall > scored.marginal).all(), "the network is built for all"
        assert (scored.cpu > 0).all()


# ---------------------------------------------------------------------------------------------- reads_only


def weight_sum(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Reads everything and changes nothing."""
    tensors = (*model.parameters(), *model.buffers(), inputs, targets)
    return float(sum(tensor.detach().double().square().sum() for tensor in tensors)) + model.training


def test_a_function_that_only_reads_gets_the_same_values_without_a_copy(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: Counter[str] = Counter()
    fresh = NetworkPasses.fresh_network

    def counted(self: NetworkPasses) -> nn.Module:
        copies["copy"] += 1
        return fresh(self)

    monkeypatch.setattr(NetworkPasses, "fresh_network", counted)
    reads, changes = (zero_cost(reads_only=only)(weight_sum).estimator() for only in (True, False))
    read = values(scores(problem, reads)[0])
    assert copies["copy"] == 0
    assert values(scores(problem, changes)[0]) == read
    assert copies["copy"] == 3
    assert len(set(read)) == 3


def trains(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    return float(model(inputs).detach().sum())


def overwrites(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    with torch.no_grad():
        return float(sum(parameter.mul_(0).sum() for parameter in model.parameters()))


def overwrites_data(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    return float(sum(parameter.data.abs_().sum() for parameter in model.parameters()))


def hooks(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    for module in model.modules():
        module.register_forward_hook(lambda _module, _inputs, output: output * 0)
    return 1.0


def accumulates(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    sum(parameter.square().sum() for parameter in model.parameters()).backward()  # type: ignore[union-attr]
    return 1.0


def evaluates(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    return float(model.eval()(inputs).detach().sum())


def keeps(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> float:  # noqa: ARG001
    for module in model.modules():
        vars(module)["kept"] = [parameter * 2 for parameter in module.parameters()]
    return 1.0


@pytest.mark.parametrize("function", [trains, overwrites, overwrites_data, hooks, accumulates, evaluates, keeps])
@pytest.mark.parametrize("first", [True, False])
def test_a_function_that_breaks_its_word_fails_by_name_and_its_neighbours_do_not_notice(
    problem: Problem, function: Callable[..., float], first: bool
) -> None:
    neighbours = (L2Norm(), Snip(), Synflow(), zero_cost(reads_only=True)(weight_sum).estimator(), mode.estimator())
    quiet = by_name(problem, *neighbours)
    liar = zero_cost(reads_only=True)(function).estimator()
    everybody = (liar, *neighbours) if first else (*neighbours, liar)
    found = dict(zip((one.name for one in everybody), scores(problem, *everybody), strict=True))
    broken = found.pop(function.__name__)
    assert set(broken.failures) == {0, 1, 2}
    assert broken.failures[0].startswith(f"PluginError: {function.__name__} says that it only reads the network")
    assert math.isnan(values(broken)[0])
    assert {name: values(scored) for name, scored in found.items()} == quiet
    assert all(scored.failures == {} for scored in found.values())


def test_what_breaks_a_promise_is_free_to_who_made_none(problem: Problem) -> None:
    free = [zero_cost()(function).estimator() for function in (trains, overwrites, hooks, accumulates, evaluates)]
    assert all(np.isfinite(found).all() for found in by_name(problem, *free).values())
