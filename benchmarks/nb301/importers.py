"""How published files about DARTS cells become tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from estimator_bench.data.csv_importer import Columns, CsvImporter
from estimator_bench.data.importer import Importer
from estimator_bench.errors import MalformedArchitectureError

from .classes import representative
from .genotype import Genotype
from .yahpo import YahpoImporter


class SuiteZeroPredictions(CsvImporter):
    """What NAS-Bench-301's surrogate says of the genotypes that NASLib scored with zero-cost proxies."""

    space = "nb301"
    table = "suite-zero"
    expects = "accuracies.csv.gz"
    source = "NAS-Bench-Suite-Zero, by way of automl/NASLib @ 6639fd1579, 22280f71: naslib/data"
    licence = "Apache-2.0"
    citation = (
        "Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022; Zela et al., Surrogate NAS Benchmarks, ICLR 2022"
    )
    keys = ("genotype",)
    values: ClassVar[dict[str, str]] = {
        "cifar10_valid": "% of the validation images, predicted by NAS-Bench-301's surrogate",
        "mflops": "millions of operations as NASLib counts them",
        "mparams": "millions of parameters of NASLib's networks",
        "source": "which of NASLib's two files the row is of",
    }
    words: ClassVar[Mapping[str, Sequence[str]]] = {"source": ("a", "b")}

    def key_columns(self, path: Path, rows: Sequence[Sequence[str]]) -> Columns:
        """The genotypes as they are written, and with the pairs of each node in order."""
        genotypes = []
        for index, (text, *_) in enumerate(rows):
            try:
                genotypes.append(Genotype.parse(text))
            except MalformedArchitectureError as error:
                raise self.bad_row(path, index, str(error)) from None
        keys = [str(representative(genotype, "official")) for genotype in genotypes]
        return {"architecture": np.array(list(map(str, genotypes))), "key": np.array(keys)}


IMPORTERS: tuple[Importer, ...] = (SuiteZeroPredictions(), YahpoImporter())
