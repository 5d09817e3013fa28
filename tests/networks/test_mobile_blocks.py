"""Networks of inverted residual blocks cost what their layouts say, and compute what the papers say."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx, nn

from estimator_bench.layer_costs import Maps
from estimator_bench.mobile_layout import Activation, InvertedBlock, MobileLayout, block_cost, divisible, first_halvings
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.networks.mobile_blocks import ACTIVATIONS, InvertedResidual, MobileNetwork, SqueezeExcite
from estimator_bench.space import NetworkRecipe

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 19), st.integers(1, 19))
ACTIVATION = st.sampled_from(sorted(ACTIVATIONS))


@st.composite
def layouts(draw: st.DrawFn) -> MobileLayout:
    stem = draw(st.integers(1, 5))
    blocks, inputs = [], stem
    for _ in range(draw(st.integers(1, 4))):
        outputs = draw(st.sampled_from([inputs, 3, 6]))
        sizes = (
            draw(st.integers(1, 3)),
            draw(st.sampled_from([3, 5, 7])),
            draw(st.integers(1, 2)),
            draw(st.integers(0, 2)),
        )
        blocks.append(InvertedBlock(inputs, outputs, *sizes, draw(ACTIVATION)))
        inputs = outputs
    image = draw(st.tuples(st.integers(1, 19), st.integers(1, 19)))
    head, hidden = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    return MobileLayout(image, stem, draw(st.integers(1, 2)), draw(ACTIVATION), tuple(blocks), head, "h-swish", hidden)


@settings(max_examples=25, deadline=None)
@given(layouts(), SHAPES, st.integers(1, 5))
def test_a_layout_costs_what_its_network_costs(layout: MobileLayout, shape: tuple[int, int, int], classes: int) -> None:
    recipe = NetworkRecipe("any", shape, classes)
    with torch.device("meta"):
        network = MobileNetwork(layout, recipe)
    parameters, macs, _ = layout.cost(recipe).tolist()
    assert parameters == count_parameters(network)
    assert macs == count_macs(network, shape)


def test_a_block_of_mobilenet_v2_has_its_known_size() -> None:
    # The second bottleneck of MobileNetV2 with 24 channels and expansion 6: 24*144 + 9*144 + 144*24 and 2*(144+144+24).
    block = InvertedBlock(24, 24, 6, 3)
    parameters, macs, _ = block_cost(block, Maps(24, 56, 56)).tolist()
    assert parameters == 3_456 + 1_296 + 3_456 + 624
    assert macs == (3_456 + 1_296 + 3_456) * 56 * 56


@pytest.mark.parametrize(
    ("block", "adds"),
    [
        (InvertedBlock(4, 4, 3, 3), True),
        (InvertedBlock(4, 4, 3, 3, stride=2), False),
        (InvertedBlock(4, 6, 3, 3), False),
        (InvertedBlock(4, 4, 1, 5, squeezed=2), True),
    ],
)
def test_a_block_adds_its_input_where_the_size_stays(block: InvertedBlock, adds: bool) -> None:
    module = InvertedResidual(block).eval()
    maps = torch.randn(2, block.inputs, 7, 5)
    computed = module.body(maps)
    assert module.adds == adds
    torch.testing.assert_close(module(maps), computed + maps if adds else computed)


def test_without_expansion_there_are_two_convolutions_and_none_has_biases_but_those_of_the_gates() -> None:
    module = InvertedResidual(InvertedBlock(4, 6, 1, 5, squeezed=2))
    convolutions = [one for one in module.body if isinstance(one, nn.Conv2d)]
    assert [(one.kernel_size[0], one.groups) for one in convolutions] == [(5, 4), (1, 1)]
    assert [one.bias is not None for one in module.modules() if isinstance(one, nn.Conv2d)] == [
        False,
        True,
        True,
        False,
    ]
    assert isinstance(module.body[-1], nn.BatchNorm2d), "no activation behind the last convolution"


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gates_are_those_of_the_family_of_the_block(activation: Activation) -> None:
    module = SqueezeExcite(6, 2, activation).double()
    maps = torch.randn(3, 6, 4, 4, dtype=torch.float64, requires_grad=True)
    smooth = activation == "silu"
    _, narrow, _, wide, _ = module.gates
    squeezed = (nn.functional.silu if smooth else torch.relu)(narrow(maps.mean((2, 3), keepdim=True)))
    gates = (torch.sigmoid if smooth else nn.functional.hardsigmoid)(wide(squeezed))
    computed = module(maps)
    torch.testing.assert_close(computed, maps * gates)
    (gradient,) = torch.autograd.grad(computed.square().sum(), maps, create_graph=True)
    gradient.sum().backward()  # grasp asks for second derivatives
    assert maps.grad is not None


def test_images_are_scaled_to_what_the_layout_asks_for_and_left_alone_otherwise() -> None:
    block = InvertedBlock(2, 2, 1, 3)
    layout = MobileLayout((6, 9), 2, 1, "relu", (block,), 4, "relu")
    scaled, alone = (MobileNetwork(layout, NetworkRecipe("any", (1, *size), 3)) for size in ((12, 18), (6, 9)))
    assert len(scaled.stem) == len(alone.stem) + 1
    images = torch.randn(2, 1, 12, 18)
    assert scaled.stem[0](images).shape == (2, 1, 6, 9)
    assert torch.allclose(
        scaled.stem[0](torch.ones(1, 1, 12, 18, dtype=torch.float64)), torch.ones(1, dtype=torch.float64)
    )
    alone.load_state_dict(dict(zip(alone.state_dict(), scaled.state_dict().values(), strict=True)))
    assert torch.equal(scaled(images), alone(scaled.stem[0](images)))


def test_a_network_can_be_traced_as_a_graph() -> None:
    blocks = (InvertedBlock(2, 2, 2, 3, squeezed=1, activation="h-swish"),)
    recipe = NetworkRecipe("any", (1, 8, 8), 3)
    network = MobileNetwork(MobileLayout((9, 9), 2, 2, "relu6", blocks, 4, "silu", 3), recipe).eval()
    images = torch.randn(2, 1, 8, 8)
    assert torch.equal(fx.symbolic_trace(network)(images), network(images))


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(19.2, 24), (28.8, 32), (41.6, 40), (20.8, 24), (31.2, 32), (124.8, 128), (3, 8), (249.6, 248), (51.2, 48)],
)
def test_multiplied_widths_are_rounded_as_in_the_mobilenet_family(channels: float, rounded: int) -> None:
    assert divisible(channels, 8) == rounded


def test_the_first_halvings_are_kept() -> None:
    assert first_halvings((1, 2, 2, 1, 2), 2) == (1, 2, 2, 1, 1)
    assert first_halvings((1, 2, 2, 1, 2), 0) == (1, 1, 1, 1, 1)
    assert first_halvings((1, 2, 2, 1, 2), 9) == (1, 2, 2, 1, 2)
