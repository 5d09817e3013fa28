"""The networks have the published sizes, and the supernet's paths compute what the networks do."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.fx
from estimator_bench.benchmarks.cell_networks.network import CellNetwork
from estimator_bench.benchmarks.cell_networks.operations import FactorizedReduce, operation
from estimator_bench.benchmarks.cell_networks.stack import NamedCell, places
from estimator_bench.benchmarks.nb301.genotype import NODES, Genotype
from estimator_bench.benchmarks.nb301.network import stack
from nb301_genotypes import DARTS_V1, DARTS_V2, KEY
from torch import nn

from estimator_bench.errors import UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.registry import find_space
from estimator_bench.space import NetworkRecipe

SPACE = find_space("nb301")
OFFICIAL, NASLIB, MINI = (SPACE.recipes[name] for name in ("official", "naslib", "mini"))
PUBLISHED = replace(OFFICIAL, settings=(("width", 36), ("layers", 20), ("affine", 1), ("pool_norm", 0)))
"""The networks that the authors of DARTS trained."""
ALL = (len(NODES), len(NODES))


@pytest.mark.parametrize(
    ("text", "recipe", "parameters", "macs"),
    [
        (DARTS_V2, PUBLISHED, 3_349_342, 528_359_040),
        (DARTS_V2, OFFICIAL, 919_722, 159_765_504),
        (DARTS_V1, PUBLISHED, 3_169_414, None),
        (DARTS_V1, OFFICIAL, 871_786, None),
        (KEY, NASLIB, 856_298, 144_552_960),
        (KEY, OFFICIAL, 864_874, 144_552_960),
    ],
)
def test_known_networks_have_their_known_size(
    text: str, recipe: NetworkRecipe, parameters: int, macs: int | None
) -> None:
    genotype = SPACE.parse(text)
    assert SPACE.parameters(genotype, recipe) == parameters
    assert macs is None or SPACE.flops(genotype, recipe) == macs
    with pytest.raises(
        UsageError, match="FLOPs of nb301 are not counted by the convention 'official': ask for macs or naslib"
    ):
        SPACE.flops(genotype, recipe, "official")


def test_sizes_of_all_rows_of_the_published_table_are_exact(shared_data: Path) -> None:
    with gzip.open(shared_data / "nb301" / "accuracies.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1_218
    for row in rows:
        genotype = SPACE.parse(row["genotype"])
        assert f"{SPACE.parameters(genotype, NASLIB) / 1e6:.6f}" == f"{float(row['mparams']):.6f}", row
        assert f"{SPACE.flops(genotype, NASLIB, 'naslib') / 1e6:.6f}" == f"{float(row['mflops']):.6f}", row


@pytest.mark.parametrize(("name", "seed"), [("official", 0), ("naslib", 1), ("mini", 2), ("mini", 3), ("mini", 4)])
def test_sizes_are_those_of_the_network_as_built(name: str, seed: int) -> None:
    recipe = SPACE.recipes[name]
    genotype = SPACE.sample(np.random.default_rng(seed))
    network = SPACE.build(genotype, recipe)
    assert count_parameters(network) == SPACE.parameters(genotype, recipe)
    assert count_macs(network, recipe.input_shape) == SPACE.flops(genotype, recipe)


def test_naslib_counts_what_it_says_on_the_network_as_built() -> None:
    """One image through the network, with every element that NASLib counts counted by a hook."""
    recipe = MINI.adapted(input_shape=(3, 16, 16), classes=7)
    recipe = replace(recipe, settings=NASLIB.settings)
    genotype = SPACE.parse(DARTS_V1)
    network = SPACE.build(genotype, recipe).eval()
    counted = 0

    def count(module: nn.Module, given: tuple[torch.Tensor], made: torch.Tensor) -> None:
        nonlocal counted
        if isinstance(module, nn.BatchNorm2d):
            counted += made.numel() * (2 if module.affine else 1)
        elif isinstance(module, nn.ReLU):
            counted += given[0].numel()
        elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            counted += 9 * made.numel()
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            _, channels, height, width = given[0].shape
            counted += (height + 1) * (width + 1) * channels

    for module in network.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.randn(1, *recipe.input_shape))
    assert SPACE.flops(genotype, recipe, "naslib") - SPACE.flops(genotype, recipe) == counted


def test_cells_stand_where_the_benchmark_has_them() -> None:
    row = places(stack(OFFICIAL), ALL)
    assert [place.channels for place in row] == [32, 32, 64, 64, 64, 128, 128, 128]
    assert [place.reduction for place in row] == [layer in (2, 5) for layer in range(8)]
    assert [place.after_reduction for place in row] == [layer in (3, 6) for layer in range(8)]
    assert [place.height for place in row] == [32, 32, 16, 16, 16, 8, 8, 8]
    assert [(place.before, place.previous) for place in row[:4]] == [(96, 96), (96, 128), (128, 128), (128, 256)]
    assert [place.reduction for place in places(stack(MINI), ALL)] == [False, True, False, True, False]


@pytest.mark.parametrize("shape", [(3, 32, 30), (3, 30, 32), (3, 2, 32)])
def test_images_that_the_reduction_cells_cannot_halve_are_refused(shape: tuple[int, int, int]) -> None:
    recipe = OFFICIAL.adapted(input_shape=shape)
    genotype = SPACE.parse(KEY)
    for use in (SPACE.parameters, SPACE.build):
        with pytest.raises(UsageError, match=f"{shape[1]}x{shape[2]}.*multiples of 4"):
            use(genotype, recipe)
    with pytest.raises(UsageError, match="multiples of 4"):
        SPACE.supernet(recipe)


def test_a_factorised_reduction_reads_even_and_odd_pixels() -> None:
    module = FactorizedReduce(1, 2, nn.Identity)  # type: ignore[arg-type]
    module.norm = nn.Identity()
    for conv in (module.even, module.odd):
        conv.weight.data.fill_(1)
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert module(maps)[0].tolist() == [[[0, 2], [8, 10]], [[5, 7], [13, 15]]]


@pytest.mark.parametrize("name", ["sep_conv_3x3", "dil_conv_5x5", "skip_connect", "avg_pool_3x3", "max_pool_3x3"])
@pytest.mark.parametrize("stride", [1, 2])
def test_operations_keep_channels_and_their_input(name: str, stride: int) -> None:
    maps = torch.randn(2, 4, 8, 8)
    before = maps.clone()
    made = operation(name, 4, stride, nn.BatchNorm2d)(maps)
    assert made.shape == (2, 4, 8 // stride, 8 // stride)
    assert torch.equal(maps, before)


def test_a_network_can_be_traced_as_a_graph() -> None:
    network = SPACE.build(SPACE.parse(DARTS_V2), MINI).eval()
    traced = torch.fx.symbolic_trace(network)
    images = torch.randn(2, *MINI.input_shape)
    with torch.no_grad():
        assert torch.equal(traced(images), network(images))


def test_cells_may_put_out_other_nodes() -> None:
    """What other spaces of such cells do."""
    pairs = (*[(0, "sep_conv_3x3"), (1, "skip_connect")] * 2, (2, "max_pool_3x3"), (3, "dil_conv_5x5"))
    network = CellNetwork(NamedCell(pairs, (4,)), NamedCell(pairs, (2, 3, 4)), stack(MINI))
    assert network(torch.randn(2, *MINI.input_shape)).shape == (2, 10)
    assert [place.previous for place in places(stack(MINI), (1, 3))] == [12, 4, 24, 8, 48]


def test_an_operation_that_does_not_exist_has_no_module() -> None:
    with pytest.raises(ValueError, match="none_3x3 has no module"):
        operation("none_3x3", 4, 1, nn.BatchNorm2d)


@cache
def supernet() -> nn.Module:
    torch.manual_seed(0)
    return SPACE.supernet(MINI).double()


def same_path(genotype: Genotype) -> CellNetwork:
    """The network of a genotype with the weights and the normalisation that the supernet has on its path."""
    settings = (("width", MINI["width"]), ("layers", MINI["layers"]), ("affine", 0), ("pool_norm", 1))
    network = SPACE.build(genotype, replace(MINI, settings=settings)).double()
    assert isinstance(network, CellNetwork)
    shared = supernet()
    network.stem.load_state_dict(shared.stem.state_dict(), strict=False)  # type: ignore[union-attr]
    network.head.load_state_dict(shared.head.state_dict())  # type: ignore[union-attr]
    for own, cell in zip(network.cells, shared.cells, strict=True):  # type: ignore[arg-type]
        own.preprocess.load_state_dict(cell.preprocess.state_dict(), strict=False)
        for position, (source, op) in enumerate(genotype.reduce if cell.reduction else genotype.normal):
            edge = cell.edges[f"{source}to{NODES[position // 2]}"]
            own.operations[position].load_state_dict(edge[op].state_dict(), strict=False)
    return network


@pytest.mark.parametrize("seed", range(3))
def test_a_path_of_the_supernet_computes_what_the_network_with_its_weights_does(seed: int) -> None:
    genotype = SPACE.sample(np.random.default_rng(seed))
    images = torch.randn(6, *MINI.input_shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        expected = same_path(genotype).train()(images)
        assert torch.allclose(supernet()(images, genotype), expected)
        assert torch.allclose(supernet().eval()(images, genotype), expected), "batch statistics in evaluation too"


def test_only_the_weights_on_the_path_get_a_gradient() -> None:
    genotype = SPACE.parse(KEY)
    shared = SPACE.supernet(MINI)
    shared(torch.randn(4, *MINI.input_shape), genotype).sum().backward()
    touched = {name for name, one in shared.named_parameters() if one.grad is not None and "edges" in name}
    for name in touched:
        _, layer, _, edge, op, *_ = name.split(".")
        source, node = (int(part) for part in edge.split("to"))
        reduction = places(stack(MINI), ALL)[int(layer)].reduction
        cell = genotype.reduce if reduction else genotype.normal
        assert (source, int(op)) in cell[2 * node - 4 : 2 * node - 2], name
    assert touched
    norms = [module for module in shared.modules() if isinstance(module, nn.BatchNorm2d)]
    assert not any(norm.track_running_stats for norm in norms)
