"""The YAHPO Gym surrogate of the NAS-Bench-301 data: a neural network that knows genotypes as 34 categories.

Source: Pfisterer et al., "YAHPO Gym", AutoML 2022, scenario nb301, fitted to the trainings of NAS-Bench-301. A cell has
14 edges from an input or a node to a later node; a genotype gives the operation on 8 of them, and for nodes 3 to 5 of
each cell the two inputs. The other edges are absent, category 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from estimator_bench.data.files_importer import FilesImporter
from estimator_bench.data.onnx_model import OnnxModel
from estimator_bench.data.surrogate_truth import SurrogateTruth
from estimator_bench.errors import CorruptDataError
from estimator_bench.space import Architecture

from .genotype import CELLS, NODES, OPS, Genotype

EPOCH = 98
"""The last epoch that the surrogate was made for, of the 100 of each training."""

ACCURACY, SECONDS = range(2)
"""Outputs: % of the validation images after `EPOCH` epochs, and seconds of training until then."""

_PREFIX = "NetworkSelectorDatasetInfo_COLON_darts_COLON_"
_ABSENT = "#na#"

_CHOICES: Mapping[str, Sequence[str]] = {
    **{f"{_PREFIX}edge_{cell}_{edge}": OPS for cell in CELLS for edge in range(sum(NODES))},
    **{
        f"{_PREFIX}inputs_node_{cell}_{node}": [f"{one}_{other}" for one, other in combinations(range(node), 2)]
        for cell in CELLS
        for node in NODES[1:]
    },
}
"""Names of the 34 categories, each with what a genotype may say."""


def categories(genotype: Genotype) -> dict[str, str]:
    """What a genotype says of the 34 categories; those of absent edges are left out."""
    return dict(_categories(genotype))


def _categories(genotype: Genotype) -> Iterator[tuple[str, str]]:
    for name, cell in zip(CELLS, genotype.cells, strict=True):
        first_edge = 0
        for node in NODES:
            first = 2 * (node - NODES[0])
            pairs = sorted(cell[first : first + 2])
            for source, op in pairs:
                yield f"{_PREFIX}edge_{name}_{first_edge + source}", OPS[op]
            if node != NODES[0]:
                yield f"{_PREFIX}inputs_node_{name}_{node}", f"{pairs[0][0]}_{pairs[1][0]}"
            first_edge += node


class YahpoImporter(FilesImporter):
    """The model and what it takes to ask it."""

    space = "nb301"
    table = "yahpo"
    expects = "the folder of model.onnx, config_space.json and encoding.json"
    source = "slds-lmu/yahpo_data @ 3a646b87: nb301"
    licence = "Apache-2.0"
    citation = "Pfisterer et al., YAHPO Gym, AutoML 2022; fitted to the data of Zela et al., ICLR 2022"
    files: ClassVar[Mapping[str, str]] = {
        "model": "model.onnx",
        "config_space": "config_space.json",
        "encoding": "encoding.json",
    }
    extra: ClassVar[Mapping[str, str | int | float]] = {"epoch": EPOCH}

    def check(self, path: Path, contents: Mapping[str, bytes]) -> None:
        """The encoding must know every genotype, and the space of configurations end at `EPOCH`."""
        for column, problem in (
            ("encoding", _problem_of_encoding(_json(contents["encoding"]))),
            ("config_space", _problem_of_space(_json(contents["config_space"]))),
        ):
            if problem:
                raise CorruptDataError(f"{path / self.files[column]} {problem}; get the file again")


class YahpoTruth(SurrogateTruth):
    """Answers by the surrogate, at `EPOCH`."""

    columns = tuple(YahpoImporter.files)

    def predict(self, archs: Sequence[Architecture]) -> NDArray[np.floating]:
        """(architectures, 2) accuracy and seconds."""
        encoding, model = self._encoding, self._model
        epoch = np.array([[EPOCH]], dtype=np.float32)
        predicted = np.empty((len(archs), 2), dtype=np.float32)
        for row, arch in enumerate(archs):  # the model takes one configuration at a time
            chosen = categories(cast(Genotype, arch))
            codes = [[codes[chosen.get(name, _ABSENT)] for name, codes in encoding.items()]]
            said = model.run({"x_cat": np.array(codes, dtype=np.int32), "x_cont": epoch})
            if said.shape != (1, 2) or not np.isfinite(said).all():
                raise self.corrupt(
                    f"holds a model that says {said.tolist()!s:.60} of {arch}, not an accuracy and seconds"
                )
            predicted[row] = said
        return predicted

    @cached_property
    def _model(self) -> OnnxModel:
        return OnnxModel(self.file("model"), "the surrogate of nb301/cifar10@yahpo", self.command)

    @cached_property
    def _encoding(self) -> Mapping[str, Mapping[str, int]]:
        """The number of each choice, by category in the order of the model's inputs."""
        encoding = _json(self.file("encoding"))
        if problem := _problem_of_encoding(encoding):
            raise self.corrupt(f"holds an encoding that {problem}")
        return cast(Mapping[str, Mapping[str, int]], encoding)


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _problem_of_encoding(encoding: object) -> str | None:
    if not isinstance(encoding, dict) or encoding.keys() != _CHOICES.keys():
        return f"does not encode the {len(_CHOICES)} categories of a genotype"
    for name, choices in _CHOICES.items():
        codes = encoding[name]
        if not isinstance(codes, dict) or codes.keys() != {_ABSENT, *choices}:
            return f"does not encode the choices of {name}"
        numbers = [number for number in codes.values() if type(number) is int]
        if sorted(numbers) != list(range(len(codes))):
            return f"does not number the choices of {name} from 0"
    return None


def _problem_of_space(space: object) -> str | None:
    parameters = space.get("hyperparameters") if isinstance(space, dict) else None
    known = [one for one in parameters if isinstance(one, dict)] if isinstance(parameters, list) else []
    named = {str(one.get("name")): one for one in known}
    if named.keys() != {*_CHOICES, "epoch"}:
        return f"does not hold the {len(_CHOICES)} categories of a genotype and the epoch"
    if named["epoch"].get("upper") != EPOCH:
        return f"ends at epoch {named['epoch'].get('upper')}, not at {EPOCH}"
    return None
