from __future__ import annotations

from functools import reduce

import pytest
import torch
from estimator_bench.benchmarks.four_node_cells.edges import EDGES, NONE
from estimator_bench.benchmarks.four_node_cells.modules import edge_name
from estimator_bench.benchmarks.transnas.cell import Cell
from estimator_bench.benchmarks.transnas.macro import TransNasMacro
from estimator_bench.benchmarks.transnas.micro import TransNasMicro
from estimator_bench.benchmarks.transnas.network import cell_module
from estimator_bench.benchmarks.transnas.recipes import IMAGE, LINEAR, SEGMENTATION, TILES, task_recipe
from estimator_bench.benchmarks.transnas.skeleton import Skeleton, skeletons
from estimator_bench.benchmarks.transnas.supernet import MicroSupernet
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx, nn

from estimator_bench.errors import UsageError
from estimator_bench.layer_costs import Maps
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.networks.train_passes import forward, jacobian
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe

MICRO, MACRO = TransNasMicro(), TransNasMacro()
MINI = MICRO.recipes["mini"]
CELLS = st.builds(Cell, st.tuples(*[st.integers(0, 3)] * 6))
MIXED = Cell.parse("64-41414-3_02_132")
EMPTY = Cell((NONE,) * 6)
SHALLOW = Skeleton.parse("64-2311-basic")
DEEP = Skeleton.parse("64-244331-basic")


def any_recipe(space: AnySpace) -> st.SearchStrategy[NetworkRecipe]:
    """Small networks of every decoder, with images that can be halved four times."""
    return st.builds(
        lambda channels, height, width, classes, base, stride, tiles, decoder: NetworkRecipe(
            "any",
            (channels, 16 * stride**2 * tiles * height, 16 * stride**2 * tiles * width),
            classes,
            (
                ("width", 2 * base),
                ("modules", 3),
                ("stem_stride", stride),
                ("tiles", tiles if decoder == LINEAR else 1),
                ("decoder", decoder),
            ),
        ),
        channels=st.integers(1, 3),
        height=st.integers(1, 2),
        width=st.integers(1, 2),
        classes=st.integers(1, 12),
        base=st.integers(1, 3),
        stride=st.integers(1, 2),
        tiles=st.integers(1, 2),
        decoder=st.sampled_from([LINEAR, IMAGE, SEGMENTATION] if space is MACRO else [LINEAR, LINEAR, IMAGE]),
    )


def check_counts(space: AnySpace, arch: Architecture, recipe: NetworkRecipe) -> None:
    with torch.device("meta"):  # shapes without numbers, which take no time
        network = space.build(arch, recipe)
    macs = count_macs(network, recipe.input_shape)
    assert space.parameters(arch, recipe) == count_parameters(network)
    assert space.flops(arch, recipe) == macs
    assert space.flops(arch, recipe, "naslib") == macs + other_operations(network, recipe)


def other_operations(network: nn.Module, recipe: NetworkRecipe) -> int:
    """What NASLib counts beside multiply-adds, summed over the layers that run."""
    total = 0

    def count(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.BatchNorm2d):
            total += 2 * output.numel()
        elif isinstance(module, nn.ReLU):
            total += inputs[0].numel()
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            _, channels, height, width = inputs[0].shape
            total += (height + 1) * (width + 1) * channels

    for module in network.modules():
        module.register_forward_hook(count)
    network.eval()(torch.zeros(1, *recipe.input_shape, device="meta"))
    return total


@settings(max_examples=5, deadline=None)
@given(CELLS, any_recipe(MICRO))
def test_the_closed_forms_count_what_is_built_around_a_cell(cell: Cell, recipe: NetworkRecipe) -> None:
    check_counts(MICRO, cell, recipe)


@settings(max_examples=3, deadline=None)
@given(st.sampled_from(skeletons()), any_recipe(MACRO))
def test_the_closed_forms_count_what_is_built_of_a_skeleton(skeleton: Skeleton, recipe: NetworkRecipe) -> None:
    check_counts(MACRO, skeleton, recipe)


@pytest.mark.parametrize(
    ("space", "arch", "task"),
    [
        (MICRO, MIXED, "class_scene"),
        (MACRO, SHALLOW, "jigsaw"),
        (MICRO, MIXED, "segmentsemantic"),
        (MICRO, MIXED, "autoencoder"),
    ],
)
def test_the_closed_forms_count_the_networks_of_the_tasks(space: AnySpace, arch: Architecture, task: str) -> None:
    check_counts(space, arch, task_recipe(task))


@pytest.mark.parametrize(
    ("space", "arch", "task"),
    [
        (MICRO, MIXED, "class_object"),
        (MACRO, SHALLOW, "room_layout"),
        (MACRO, SHALLOW, "jigsaw"),
        (MACRO, SHALLOW, "segmentsemantic"),
        (MICRO, MIXED, "normal"),
    ],
)
def test_every_task_gives_one_row_of_numbers_per_image(space: AnySpace, arch: Architecture, task: str) -> None:
    recipe = task_recipe(task)
    with torch.device("meta"):
        network = space.build(arch, recipe).eval()
        assert network(torch.zeros(2, *recipe.input_shape)).shape == (2, recipe.classes)


@pytest.mark.parametrize("decoder", [IMAGE, SEGMENTATION])
@pytest.mark.parametrize("text", ["64-1123-basic", "64-1343-basic", "64-3332-basic", "64-333321-basic"])
def test_a_decoder_makes_maps_of_the_size_of_the_image(decoder: int, text: str) -> None:
    settings = (("width", 4), ("modules", 5), ("stem_stride", 2), ("tiles", 1), ("decoder", decoder))
    with torch.device("meta"):
        network = MACRO.build(MACRO.parse(text), NetworkRecipe("maps", (3, 64, 128), 5, settings)).eval()
        shapes = []
        network.decoder.layers.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape))
        network(torch.zeros(1, 3, 64, 128))
    assert shapes == [(1, 5, 64, 128)]


@pytest.mark.parametrize(("before", "behind"), [(Maps(2, 4, 4), Maps(4, 2, 2)), (Maps(4, 2, 2), Maps(4, 2, 2))])
@settings(max_examples=30, deadline=None)
@given(cell=CELLS)
def test_a_cell_sums_what_its_edges_make_of_their_sources(cell: Cell, before: Maps, behind: Maps) -> None:
    """Against the plain definition, with `none` as zeros on every edge that has it."""
    torch.manual_seed(0)
    module = cell_module(cell, before, behind)
    nodes = [torch.randn(3, *before)]
    for target in (1, 2, 3):
        terms = [torch.zeros(3, *behind)]
        for op, (source, goal) in zip(cell.ops, EDGES, strict=True):
            if goal == target and op != NONE:
                terms.append(module.edges[edge_name(source, goal)](nodes[source]))
        nodes.append(reduce(torch.add, terms))
    assert torch.equal(module(nodes[0]), nodes[3])


def test_a_skip_that_changes_the_size_reads_every_other_pixel_twice() -> None:
    skip = cell_module(Cell((0, 0, 0, 1, 0, 0)), Maps(1, 4, 4), Maps(2, 2, 2)).edges["0to3"].eval()
    for conv in skip.halves:
        nn.init.ones_(conv.weight)
    maps = torch.arange(16.0).reshape(1, 1, 4, 4)
    expected = torch.stack([maps[0, 0, ::2, ::2], maps[0, 0, 1::2, 1::2]])[None]
    torch.testing.assert_close(skip(maps), expected / (1 + 1e-5) ** 0.5)


def test_a_network_without_a_path_ignores_its_images_and_passes_zero_gradients() -> None:
    network = MICRO.build(EMPTY, MINI)
    images = torch.randn(5, *MINI.input_shape, requires_grad=True)
    scores = network(images)
    assert torch.equal(scores, scores[:1].expand(5, -1))
    scores.sum().backward()
    assert images.grad is not None
    assert not images.grad.any()


def test_the_tiles_of_a_puzzle_pass_one_encoder_and_meet_in_the_decoder() -> None:
    settings = (("width", 4), ("modules", 3), ("stem_stride", 1), ("tiles", TILES), ("decoder", LINEAR))
    recipe = NetworkRecipe("puzzle", (1, 24, 24), 7, settings)
    network = MICRO.build(MIXED, recipe).eval()
    images = torch.randn(2, 1, 24, 24)
    seen: list[torch.Tensor] = []
    network.stem.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    network(images)
    tiles = [
        images[:, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] for row in range(3) for column in range(3)
    ]
    assert all(torch.equal(*pair) for pair in zip(seen, tiles, strict=True))
    assert network.decoder[-1].in_features == 9 * 16


@pytest.mark.parametrize(
    ("space", "arch", "convs"), [(MICRO, MIXED, 2 + 10 * 4), (MACRO, DEEP, 2 + 6 * 2 * 2 + 5)], ids=["micro", "macro"]
)
def test_a_network_holds_what_its_architecture_asks_for_only(space: AnySpace, arch: Architecture, convs: int) -> None:
    network = space.build(arch, space.recipes["official"])
    found = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    # a skip of the input is two convolutions in each of the three cells that change the size
    assert len(found) == convs + (3 * 2 if space is MICRO else 0)
    assert all(conv.bias is None for conv in found)
    assert not any(relu.inplace for relu in network.modules() if isinstance(relu, nn.ReLU))


@pytest.mark.parametrize(("space", "arch"), [(MICRO, MIXED), (MACRO, DEEP)])
def test_building_follows_the_global_generator(space: AnySpace, arch: Architecture) -> None:
    outputs = []
    mini = space.recipes["mini"]
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(space.build(arch, mini)(torch.ones(2, *mini.input_shape)))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize(("space", "arch"), [(MICRO, MIXED), (MICRO, EMPTY), (MACRO, DEEP)])
def test_a_network_can_be_traced_as_a_graph(space: AnySpace, arch: Architecture) -> None:
    mini = space.recipes["mini"]
    network = space.build(arch, mini).eval()
    images = torch.randn(2, *mini.input_shape)
    assert torch.equal(fx.symbolic_trace(network)(images), network(images))


@pytest.mark.parametrize(("space", "arch", "factor"), [(MICRO, MIXED, 32), (MACRO, SHALLOW, 8), (MACRO, DEEP, 64)])
def test_images_that_cannot_be_halved_so_often_are_refused(space: AnySpace, arch: Architecture, factor: int) -> None:
    recipe = task_recipe("class_scene").adapted(input_shape=(3, 64, 100))
    with pytest.raises(UsageError, match=rf"64x100 .*multiples of {factor}"):
        space.parameters(arch, recipe)
    with pytest.raises(UsageError, match=rf"64x100 .*multiples of {factor}"):
        space.build(arch, recipe)


@settings(max_examples=15, deadline=None)
@given(CELLS)
def test_the_supernet_computes_the_network_of_the_cell_it_is_given(cell: Cell) -> None:
    torch.manual_seed(0)
    supernet, network = MicroSupernet(MINI), MICRO.build(cell, MINI)
    shared, own = supernet.state_dict(), network.state_dict()
    options = {edge_name(*edge): name for edge, name in zip(EDGES, MICRO.decisions(cell).values(), strict=True)}
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
    supernet = MICRO.supernet(MINI)
    supernet(torch.randn(4, *MINI.input_shape), MIXED).sum().backward()
    trained = {
        tuple(name.split(".")[3:5])
        for name, parameter in supernet.named_parameters()
        if "edges" in name and parameter.grad is not None
    }
    assert trained == {
        ("0to1", "nor_conv_3x3"),
        ("1to2", "nor_conv_1x1"),
        ("0to3", "skip_connect"),
        ("1to3", "nor_conv_3x3"),
        ("2to3", "nor_conv_1x1"),
    }


def test_normalisation_in_the_supernet_keeps_no_state_and_is_affine_outside_cells_only() -> None:
    supernet = MICRO.supernet(MINI)
    assert not list(supernet.buffers())
    for name, module in supernet.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.affine == ("edges" not in name)


def test_the_macro_space_says_why_it_has_no_supernet() -> None:
    with pytest.raises(UsageError, match=r"transnas-macro.*no supernet.*changes the channels"):
        MACRO.supernet(MACRO.recipes["mini"])


@pytest.mark.parametrize(("space", "arch"), [(MICRO, MIXED), (MACRO, SHALLOW)], ids=["micro", "macro"])
def test_the_logits_of_a_batch_add_up_to_a_constant(space: AnySpace, arch: Architecture) -> None:
    """So that the scores of jacov that are published for these spaces are made of rounding."""
    torch.manual_seed(0)
    network, images = space.build(arch, space.recipes["mini"]).train(), torch.randn(2, 6, 1, 8, 8)
    one, other = network(images[0]), network(images[1])
    assert not torch.allclose(one, other, atol=0.1)
    torch.testing.assert_close(one.sum(), other.sum(), rtol=1e-4, atol=1e-4)
    assert not jacobian(forward(network, images[0], torch.zeros(6, dtype=torch.int64))).any()
