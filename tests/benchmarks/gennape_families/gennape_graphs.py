"""The computation graph of a network, counted as GENNAPE counts: nodes of primitive operations, and edges."""

from __future__ import annotations

import operator
from collections import Counter
from typing import NamedTuple

import torch
from torch import fx, nn

TYPES = {
    nn.BatchNorm2d: "BN",
    nn.ReLU: "ReLU",
    nn.ReLU6: "ReLU6",
    nn.MaxPool2d: "MaxPool",
    nn.AvgPool2d: "AvgPool",
    nn.AdaptiveAvgPool2d: "Mean",
    nn.Linear: "MatMul",
}
FUNCTIONS = {torch.add: "Add", operator.add: "Add", torch.cat: "Concat"}


class Graph(NamedTuple):
    """How many nodes there are of each type, and how many edges."""

    nodes: Counter[str]
    edges: int


def computation_graph(network: nn.Module) -> Graph:
    """What a trace of the network shows; nodes that only reshape are bridged."""
    types: dict[str, str] = {}
    sources: dict[str, frozenset[str]] = {}
    edges = 0
    for node in fx.symbolic_trace(network).graph.nodes:
        read = frozenset[str]().union(*(sources[one.name] for one in node.all_input_nodes))
        kind = _type(node, network)
        if kind:
            types[node.name] = kind
            edges += len(read)
        sources[node.name] = frozenset([node.name]) if kind else read
    return Graph(Counter(types.values()), edges)


def _type(node: fx.Node, network: nn.Module) -> str:
    """The type of a node; empty if it is bridged."""
    if node.op in ("placeholder", "output"):
        return {"placeholder": "Input", "output": "Output"}[node.op]
    if node.op == "call_function":
        return FUNCTIONS[node.target]  # type: ignore[index]
    module = network.get_submodule(str(node.target))
    if isinstance(module, nn.Conv2d):
        return "Depthwise" if module.groups > 1 else "Conv"
    return "" if isinstance(module, nn.Flatten) else TYPES[type(module)]
