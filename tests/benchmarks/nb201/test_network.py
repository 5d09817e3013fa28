from __future__ import annotations

from functools import reduce

import pytest
import torch
from estimator_bench.benchmarks.four_node_cells.edges import CONV_3X3, EDGES, NONE, SKIP
from estimator_bench.benchmarks.four_node_cells.modules import edge_name
from estimator_bench.benchmarks.nb201.cell import Cell
from estimator_bench.benchmarks.nb201.network import CellNetwork, cell_module, operation
from estimator_bench.benchmarks.nb201.space import NasBench201
from estimator_bench.benchmarks.nb201.supernet import Nb201Supernet
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx, nn

from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = NasBench201()
MINI = SPACE.recipes["mini"]
CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 4)] * 6))
RECIPES = st.builds(
    lambda channels, height, width, classes, base, cells: NetworkRecipe(
        "any", (channels, 4 * height, 4 * width), classes, (("width", base), ("cells", cells))
    ),
    channels=st.integers(1, 3),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    classes=st.integers(1, 12),
    base=st.integers(1, 6),
    cells=st.integers(1, 2),
)
MIXED = Cell.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_3x3~2|")
EMPTY = Cell((NONE,) * 6)


@settings(max_examples=25, deadline=None)
@given(CELLS, RECIPES)
def test_the_closed_forms_count_what_is_built(cell: Cell, recipe: NetworkRecipe) -> None:
    network = SPACE.build(cell, recipe)
    macs = count_macs(network, recipe.input_shape)
    assert SPACE.parameters(cell, recipe) == count_parameters(network)
    assert SPACE.flops(cell, recipe) == macs
    assert SPACE.flops(cell, recipe, "official") == macs + recipe.classes
    assert SPACE.flops(cell, recipe, "naslib") == macs + other_operations(network, recipe)


def other_operations(network: nn.Module, recipe: NetworkRecipe) -> int:
    """What NASLib counts beside multiply-adds, summed over the layers that run (B.14, rule iii)."""
    total = 0

    def count(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.BatchNorm2d):
            total += 2 * output.numel()
        elif isinstance(module, nn.ReLU):
            total += inputs[0].numel()
        elif isinstance(module, nn.AvgPool2d):
            total += {2: 4, 3: 9}[int(module.kernel_size)] * output.numel()  # type: ignore[arg-type]
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            _, channels, height, width = inputs[0].shape
            total += (height + 1) * (width + 1) * channels

    for module in network.modules():
        module.register_forward_hook(count)
    network.eval()(torch.zeros(1, *recipe.input_shape))
    return total


@settings(max_examples=50, deadline=None)
@given(CELLS)
def test_a_cell_sums_what_its_edges_make_of_their_sources(cell: Cell) -> None:
    """Against the plain definition, with `none` as times zero on every edge that has it."""
    torch.manual_seed(0)
    module = cell_module(cell, channels=3)
    maps = torch.randn(2, 3, 4, 4)
    nodes = [maps]
    for target in (1, 2, 3):
        terms = []
        for op, (source, goal) in zip(cell.ops, EDGES, strict=True):
            if goal == target:
                node = nodes[source]
                terms.append(node * 0 if op == NONE else module.edges[edge_name(source, goal)](node))
        nodes.append(reduce(torch.add, terms))
    assert torch.equal(module(maps), nodes[3])


def test_a_network_holds_the_operations_of_its_cell_only() -> None:
    network = SPACE.build(MIXED, SPACE.recipes["official"])
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convs) == 1 + 15 * 3 + 2 * 3
    assert all(conv.bias is None for conv in convs)
    assert all(
        norm.affine and norm.track_running_stats for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)
    )
    assert not any(relu.inplace for relu in network.modules() if isinstance(relu, nn.ReLU))


def test_average_pooling_does_not_count_the_padding() -> None:
    pool = operation(4, channels=1)
    assert torch.equal(pool(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


@pytest.mark.parametrize("size", [8, 16, 32])
def test_three_stages_halve_the_maps_twice(size: int) -> None:
    recipe = NetworkRecipe("small", (3, size, size), 7, (("width", 4), ("cells", 1)))
    network = CellNetwork(MIXED, recipe)
    shapes: list[torch.Size] = []
    for layer in network.layers:
        layer.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape[1:]))
    assert network(torch.randn(2, 3, size, size)).shape == (2, 7)
    halves = [(4, size, size), (8, size // 2, size // 2), (16, size // 4, size // 4)]
    assert shapes == [halves[i] for i in (0, 1, 1, 2, 2)]


def test_a_network_without_a_path_ignores_its_images_and_passes_zero_gradients() -> None:
    network = SPACE.build(EMPTY, MINI)
    images = torch.randn(5, *MINI.input_shape, requires_grad=True)
    scores = network(images)
    assert torch.equal(scores, scores[:1].expand(5, -1))
    scores.sum().backward()
    assert images.grad is not None
    assert not images.grad.any()


def test_unused_convolutions_run_and_see_zeros_behind_none() -> None:
    dead_end = Cell((CONV_3X3, NONE, NONE, SKIP, NONE, CONV_3X3))
    module = cell_module(dead_end, channels=2)
    seen: list[bool] = []
    for edge in module.edges.values():
        edge.register_forward_hook(lambda _module, inputs, _output: seen.append(bool(inputs[0].any())))
    maps = torch.randn(2, 2, 4, 4)
    assert torch.equal(module(maps), maps)
    assert seen == [True, True, False]
    # Once training has moved the shift, a convolution of zeros adds it.
    nn.init.ones_(module.edges["2to3"].get_submodule("2").bias)  # type: ignore[arg-type]
    assert torch.allclose(module(maps), maps + 1)


def test_building_follows_the_global_generator() -> None:
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(SPACE.build(MIXED, MINI)(torch.ones(2, *MINI.input_shape)))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize("cell", [MIXED, EMPTY])
def test_a_network_can_be_traced_as_a_graph(cell: Cell) -> None:
    network = SPACE.build(cell, MINI).eval()
    images = torch.randn(2, *MINI.input_shape)
    assert torch.equal(fx.symbolic_trace(network)(images), network(images))


@settings(max_examples=15, deadline=None)
@given(CELLS)
def test_the_supernet_computes_the_network_of_the_cell_it_is_given(cell: Cell) -> None:
    torch.manual_seed(0)
    supernet = Nb201Supernet(MINI)
    network = CellNetwork(cell, MINI)
    shared = supernet.state_dict()
    options = {edge_name(*edge): name for edge, name in zip(EDGES, SPACE.decisions(cell).values(), strict=True)}
    own = network.state_dict()
    for name in own:
        parts = name.split(".")
        if "edges" in parts:
            place = parts.index("edges") + 2
            parts.insert(place, options[parts[place - 1]])
        own[name] = shared.get(".".join(parts), own[name])
    network.load_state_dict(own)
    images = torch.randn(4, *MINI.input_shape)
    assert torch.equal(supernet(images, cell), network(images))
    assert torch.equal(supernet.eval()(images, cell), supernet.train()(images, cell))


def test_only_the_weights_of_the_cell_get_gradients() -> None:
    supernet = SPACE.supernet(MINI)
    supernet(torch.randn(4, *MINI.input_shape), MIXED).sum().backward()
    trained = {
        tuple(name.split(".")[3:5])
        for name, parameter in supernet.named_parameters()
        if "edges" in name and parameter.grad is not None
    }
    assert trained == {("0to1", "nor_conv_3x3"), ("1to2", "nor_conv_1x1"), ("2to3", "nor_conv_3x3")}


def test_normalisation_in_the_supernet_keeps_no_state_and_is_affine_outside_cells_only() -> None:
    supernet = SPACE.supernet(MINI)
    assert not list(supernet.buffers())
    for name, module in supernet.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.affine == ("edges" not in name)
    convs = 1 + 2 * 3 + 9 * 12
    assert sum(isinstance(module, nn.Conv2d) for module in supernet.modules()) == convs
