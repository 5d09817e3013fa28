from __future__ import annotations

import pytest
import torch
from estimator_bench.benchmarks.nb_macro.layers import CHOICES, Layers, networks, without_order_of_identities
from estimator_bench.benchmarks.nb_macro.network import InvertedResidual
from estimator_bench.benchmarks.nb_macro.space import NasBenchMacro
from estimator_bench.benchmarks.nb_macro.supernet import MacroSupernet
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import fx, nn

from estimator_bench.errors import UsageError
from estimator_bench.networks.counting import count_macs, count_parameters
from estimator_bench.space import NetworkRecipe

SPACE = NasBenchMacro()
OFFICIAL, MINI = SPACE.recipes["official"], SPACE.recipes["mini"]
NETWORKS = st.sampled_from(networks())
RECIPES = st.builds(
    lambda channels, height, width, classes, base, head, stride: NetworkRecipe(
        "any", (channels, 8 * height, 8 * width), classes, (("width", base), ("head", head), ("first_stride", stride))
    ),
    channels=st.integers(1, 3),
    height=st.integers(1, 3),
    width=st.integers(1, 3),
    classes=st.integers(1, 12),
    base=st.integers(1, 5),
    head=st.integers(1, 9),
    stride=st.integers(1, 2),
)
MIXED = Layers.parse("02012100")


@settings(max_examples=15, deadline=None)
@given(NETWORKS, RECIPES)
def test_the_closed_forms_count_what_is_built(network: Layers, recipe: NetworkRecipe) -> None:
    with torch.device("meta"):
        built = SPACE.build(network, recipe)
    assert SPACE.parameters(network, recipe) == count_parameters(built)
    macs = count_macs(built, recipe.input_shape)
    assert SPACE.flops(network, recipe) == SPACE.flops(network, recipe, "official") == macs


def test_the_example_has_its_published_size() -> None:
    assert SPACE.parameters(MIXED, OFFICIAL) == 890_666
    assert SPACE.flops(MIXED, OFFICIAL) == 47_327_744


def test_a_convention_without_a_table_is_refused() -> None:
    with pytest.raises(
        UsageError, match="FLOPs of nb-macro are not counted by the convention 'naslib': ask for macs or official"
    ):
        SPACE.flops(MIXED, OFFICIAL, "naslib")


@given(NETWORKS)
def test_neighbours_are_16_and_differ_in_one_decision(network: Layers) -> None:
    neighbours = SPACE.neighbours(network)
    assert len(set(neighbours)) == 16
    here = SPACE.decisions(network)
    assert all(sum(here[layer] != SPACE.decisions(other)[layer] for layer in here) == 1 for other in neighbours)


@given(NETWORKS)
def test_choices_and_encoding_lead_back_to_the_network(network: Layers) -> None:
    assert SPACE.from_choices(SPACE.choices(network)) == network
    assert tuple(SPACE.encode(network).reshape(8, 3).argmax(axis=1)) == network.choices


def test_a_network_is_described_by_its_blocks() -> None:
    assert SPACE.structure(MIXED) == {
        "blocks": 4,
        "mb3_k3": 2,
        "mb6_k5": 2,
        "blocks in stage 1": 1,
        "blocks in stage 2": 2,
        "blocks in stage 3": 1,
    }


def test_the_graph_leaves_out_what_does_nothing() -> None:
    graph = SPACE.graph(MIXED)
    assert graph.nodes == ("stem", "identity /2", "mb6_k5", "identity /2", "mb3_k3", "mb6_k5", "mb3_k3 /2", "head")
    assert graph == SPACE.graph(Layers.parse("02012100"))
    assert len(graph.edges) == 7


@given(NETWORKS)
def test_graphs_are_equal_inside_a_class_only(network: Layers) -> None:
    other = SPACE.representative(network, "functional")
    assert SPACE.graph(network) == SPACE.graph(other)
    assert SPACE.representative(network, "official") == other
    assert SPACE.representative(network, "encoding") == network


def test_members_of_a_class_compute_the_same() -> None:
    for text in ("01001001", "20220020", "10010201"):
        network = Layers.parse(text)
        built, other = (SPACE.build(one, MINI) for one in (network, without_order_of_identities(network)))
        other.load_state_dict(dict(zip(other.state_dict(), built.state_dict().values(), strict=True)))
        images = torch.randn(4, *MINI.input_shape)
        assert torch.equal(built(images), other(images))


def test_a_block_adds_its_input_where_the_size_stays() -> None:
    network = SPACE.build(Layers.parse("11111111"), MINI)
    assert [block.adds for block in network.layers] == [False, True, False, True, True, False, True, True]
    block = network.layers[1]
    assert isinstance(block, InvertedResidual)
    maps = torch.randn(2, 8, 8, 8)
    torch.testing.assert_close(block(maps), maps + block.body(maps))


def test_a_network_holds_what_it_asks_for_only() -> None:
    network = SPACE.build(MIXED, OFFICIAL)
    convs = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convs) == 2 + 2 * 1 + 4 * 3
    assert all(conv.bias is None for conv in convs)
    assert sorted({conv.kernel_size[0] for conv in convs if conv.groups > 1}) == [3, 5]
    assert not any(relu.inplace for relu in network.modules() if isinstance(relu, nn.ReLU))


def test_three_stages_halve_the_maps() -> None:
    shapes: list[torch.Size] = []
    network = SPACE.build(MIXED, OFFICIAL).eval()
    for layer in network.layers:
        layer.register_forward_hook(lambda _module, _inputs, output: shapes.append(output.shape[1:]))
    network(torch.zeros(1, 3, 32, 32))
    sizes = [(64, 16, 16), (128, 8, 8), (256, 4, 4)]
    assert shapes == [sizes[stage] for stage in (0, 0, 1, 1, 1, 2, 2, 2)]


def test_images_that_cannot_be_halved_three_times_are_refused() -> None:
    recipe = OFFICIAL.adapted(input_shape=(3, 32, 28))
    with pytest.raises(UsageError, match=r"32x28.*multiples of 8"):
        SPACE.parameters(MIXED, recipe)
    with pytest.raises(UsageError, match=r"32x28.*multiples of 8"):
        SPACE.build(MIXED, recipe)


def test_a_network_can_be_traced_as_a_graph() -> None:
    network = SPACE.build(MIXED, MINI).eval()
    images = torch.randn(2, *MINI.input_shape)
    assert torch.equal(fx.symbolic_trace(network)(images), network(images))


@settings(max_examples=15, deadline=None)
@given(NETWORKS)
def test_the_supernet_computes_the_network_it_is_given(network: Layers) -> None:
    torch.manual_seed(0)
    supernet, built = MacroSupernet(MINI), SPACE.build(network, MINI)
    shared, own = supernet.state_dict(), built.state_dict()
    for name in own:
        parts = name.split(".")
        if parts[0] == "layers":
            parts.insert(2, CHOICES[network.choices[int(parts[1])]])
        own[name] = shared.get(".".join(parts), own[name])
    built.load_state_dict(own)
    images = torch.randn(4, *MINI.input_shape)
    assert torch.equal(supernet(images, network), built(images))
    assert torch.equal(supernet.eval()(images, network), supernet.train()(images, network))


def test_only_the_weights_of_the_network_get_gradients() -> None:
    supernet = SPACE.supernet(MINI)
    supernet(torch.randn(4, *MINI.input_shape), MIXED).sum().backward()
    trained = {
        tuple(name.split(".")[1:3])
        for name, parameter in supernet.named_parameters()
        if name.startswith("layers") and parameter.grad is not None
    }
    chosen = {(str(layer), CHOICES[choice]) for layer, choice in enumerate(MIXED.choices)}
    assert trained == chosen - {("4", "identity"), ("6", "identity"), ("7", "identity")}


def test_normalisation_in_the_supernet_keeps_no_state_and_is_affine_outside_layers_only() -> None:
    supernet = SPACE.supernet(MINI)
    assert not list(supernet.buffers())
    for name, module in supernet.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.affine == (not name.startswith("layers"))
