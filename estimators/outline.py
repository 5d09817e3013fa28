"""Sizes that are counted on the graph of one image: of the whole network, and of what of it is alive."""

from __future__ import annotations

from typing import ClassVar

from estimator_bench import Kind, NetworkPasses, Pass, ZeroCostEstimator


class _Size(ZeroCostEstimator):
    """A whole number read off the pass `outline`, which needs neither data nor particular weights."""

    kind: ClassVar[Kind] = "complexity"
    estimates = "cost"
    needs: ClassVar[frozenset[Pass]] = frozenset({"outline"})
    conditions: ClassVar[frozenset[str]] = frozenset()


class ReluCount(_Size):
    """Calls of ReLU and ReLU6 modules in one forward pass of one image, in dead branches too.

    Other activations do not count, so that it is 0 for networks of SiLUs; `relu_logdet` looks at the same modules.
    """

    name: ClassVar[str] = "relu"
    citation: ClassVar[str] = "Ning et al., NeurIPS 2021"

    def measure(self, passes: NetworkPasses) -> float:
        """The number of calls."""
        return float(passes["outline"].relus)


class Activations(_Size):
    """Elements of the outputs of all convolutions for one image, before normalisation, in dead branches too.

    The paper finds them a better predictor of a network's time than FLOPs. Linear layers do not count.
    """

    name: ClassVar[str] = "activations"
    citation: ClassVar[str] = "Radosavovic et al., CVPR 2020"

    def measure(self, passes: NetworkPasses) -> float:
        """The number of elements."""
        return float(passes["outline"].activations)


class Depth(_Size):
    """Convolutions and linear layers on the path from the image to the output that has most of them.

    Those of projections, squeeze-excite and the classifier count like others, each call for one. 0 for a network that
    no image passes through.
    """

    name: ClassVar[str] = "depth"
    invariant_to = "functional"

    def measure(self, passes: NetworkPasses) -> float:
        """The number of layers."""
        return float(passes["outline"].depth)


class LiveParameters(_Size):
    """Trainable parameters of the layers on paths from the image to the output: `params` without dead branches.

    A tensor counts whole, even if the maps are too small for the rim of a kernel to matter. 0 for a network that no
    image passes through.
    """

    name: ClassVar[str] = "live_params"
    invariant_to = "functional"

    def measure(self, passes: NetworkPasses) -> float:
        """The number of parameters."""
        return float(passes["outline"].live_parameters)
