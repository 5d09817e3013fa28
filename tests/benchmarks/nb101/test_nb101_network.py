"""Networks as built against the plain definition, and the closed forms against the networks."""

from __future__ import annotations

import pytest
import torch
from estimator_bench.benchmarks.nb101.cell import CONV_1X1, CONV_3X3, MAX_POOL, Cell
from estimator_bench.benchmarks.nb101.complexity import vertex_channels
from estimator_bench.benchmarks.nb101.network import CellModule, CellNetwork
from hypothesis import given, settings
from hypothesis import strategies as st
from nb101_cells import CELLS, SPACE
from torch import fx, nn
from torch.nn import functional as F

from estimator_bench.errors import UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
MIXED = Cell.parse("3x3(0)-1x1(01)-pool(12)-3x3(0)-out(034)")
INCEPTION = Cell.pruned(
    [CONV_1X1, CONV_3X3, CONV_3X3, CONV_3X3, MAX_POOL],
    [(0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)],
)
"""The cell of the benchmark's README."""

RECIPES = st.builds(
    lambda channels, height, width, classes, base, cells: NetworkRecipe(
        "any", (channels, 4 * height, 4 * width), classes, (("width", base), ("cells", cells))
    ),
    channels=st.integers(1, 3),
    height=st.integers(1, 3),
    width=st.integers(1, 3),
    classes=st.integers(1, 12),
    base=st.integers(5, 9),
    cells=st.integers(1, 2),
)


@settings(max_examples=8, deadline=None)
@given(CELLS, RECIPES)
def test_the_closed_forms_count_what_is_built(cell: Cell, recipe: NetworkRecipe) -> None:
    network = SPACE.build(cell, recipe)
    macs = count_macs(network, recipe.input_shape)
    assert SPACE.parameters(cell, recipe) == count_parameters(network)
    assert SPACE.flops(cell, recipe) == macs
    assert SPACE.flops(cell, recipe, "naslib") == macs + other_operations(network, recipe)


def other_operations(network: nn.Module, recipe: NetworkRecipe) -> int:
    """What NASLib counts beside multiply-adds, summed over the layers that run (B.14, rule iii)."""
    total = 0

    def count(module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.BatchNorm2d):
            total += 2 * output.numel()
        elif isinstance(module, nn.ReLU):
            total += output.numel()
        elif isinstance(module, nn.MaxPool2d):
            total += {2: 4, 3: 9}[int(module.kernel_size)] * output.numel()  # type: ignore[arg-type]

    for module in network.modules():
        module.register_forward_hook(count)
    network.eval()(torch.zeros(1, *recipe.input_shape))
    return total


@pytest.mark.parametrize(
    ("cell", "parameters", "macs"),
    [(INCEPTION, 2_694_282, 402_002_944), (Cell((), ((0,),)), 882_570, None)],
)
def test_known_networks_have_their_known_size(cell: Cell, parameters: int, macs: int | None) -> None:
    assert SPACE.parameters(cell, OFFICIAL) == parameters
    assert macs is None or SPACE.flops(cell, OFFICIAL) == macs


def test_the_benchmark_has_no_flops_of_its_own() -> None:
    with pytest.raises(
        UsageError, match="FLOPs of nb101 are not counted by the convention 'official': ask for macs or naslib"
    ):
        SPACE.flops(MIXED, OFFICIAL, "official")


@given(CELLS, st.integers(5, 600))
def test_the_channels_of_the_output_are_shared_and_others_are_wide_enough(cell: Cell, channels: int) -> None:
    given = (channels, *vertex_channels(cell.reads, channels))
    read = [given[vertex] for vertex in cell.reads[-1] if vertex]
    assert sum(read) == channels or not read
    assert read == sorted(read, reverse=True)
    assert not read or max(read) - min(read) <= 1
    for vertex in range(1, cell.vertices - 1):
        readers = [given[reader] for reader in range(vertex + 1, cell.vertices - 1) if vertex in cell.reads[reader - 1]]
        assert all(given[vertex] >= reader for reader in readers)
        assert vertex in cell.reads[-1] or given[vertex] == max(readers)


@settings(max_examples=40, deadline=None)
@given(CELLS)
def test_a_cell_computes_what_its_graph_says(cell: Cell) -> None:
    """Against the plain definition, written with the functions of torch."""
    torch.manual_seed(0)
    module = CellModule(cell, 5, 7)
    images = torch.randn(2, 5, 4, 4)

    def conv(block: nn.Module, maps: torch.Tensor) -> torch.Tensor:
        weight = next(iter(block.parameters()))
        return F.relu(F.batch_norm(F.conv2d(maps, weight, padding=weight.shape[-1] // 2), None, None, training=True))

    nodes = {0: images}
    for vertex, sources in enumerate(cell.reads, start=1):
        output = vertex == len(cell.reads)
        terms = [conv(module.projections[str(vertex)], images)] if 0 in sources else []
        inner = [nodes[source] for source in sources if source]
        if output:
            terms += [torch.cat(inner, 1)] if inner else []
            nodes[vertex] = torch.stack(terms).sum(0)
            break
        channels = module.channels[vertex - 1]
        total = torch.stack([*terms, *(maps[:, :channels] for maps in inner)]).sum(0)
        pooled = cell.ops[vertex - 1] == MAX_POOL
        nodes[vertex] = F.max_pool2d(total, 3, 1, 1) if pooled else conv(module.ops[vertex - 1], total)
    torch.testing.assert_close(module(images), nodes[len(cell.reads)])


@pytest.mark.parametrize("size", [8, 16, 32])
def test_three_stacks_halve_the_maps_twice(size: int) -> None:
    recipe = NetworkRecipe("small", (3, size, size), 7, (("width", 4), ("cells", 2)))
    network = CellNetwork(MIXED, recipe)
    shapes: list[torch.Size] = []
    for layer in network.layers:
        if isinstance(layer, CellModule):
            layer.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape[1:]))
    assert network(torch.randn(2, 3, size, size)).shape == (2, 7)
    assert shapes == [(4 << stack, size >> stack, size >> stack) for stack in (0, 0, 1, 1, 2, 2)]


def test_convolutions_have_no_bias_and_relus_keep_their_input() -> None:
    modules = list(SPACE.build(MIXED, OFFICIAL).modules())
    assert all(one.bias is None for one in modules if isinstance(one, nn.Conv2d))
    assert not any(one.inplace for one in modules if isinstance(one, nn.ReLU))
    assert sum(isinstance(one, CellModule) for one in modules) == 9


def test_building_follows_the_global_generator() -> None:
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(SPACE.build(MIXED, MINI)(torch.ones(2, *MINI.input_shape)))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@settings(max_examples=10, deadline=None)
@given(CELLS)
def test_a_network_can_be_traced_as_a_graph(cell: Cell) -> None:
    network = SPACE.build(cell, MINI).eval()
    images = torch.randn(2, *MINI.input_shape)
    assert torch.equal(fx.symbolic_trace(network)(images), network(images))


def test_images_that_cannot_be_halved_twice_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 30, 32))
    for ask in (SPACE.parameters, SPACE.flops, SPACE.build):
        with pytest.raises(UsageError, match=r"30x32.*multiples of 4"):
            ask(MIXED, recipe)


def test_there_is_no_supernet_and_the_message_says_why() -> None:
    with pytest.raises(UsageError, match=r"channels of a vertex depend on the whole cell.*nb1shot1-1"):
        SPACE.supernet(MINI)
