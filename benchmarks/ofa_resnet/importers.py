"""How files about Once-for-All's ResNet50 subnetworks become tables."""

from __future__ import annotations

from collections.abc import Sequence

from estimator_bench.data.importer import Importer
from estimator_bench.data.labels_importer import LabelsImporter
from estimator_bench.space import AnySpace

from .predictor import PredictorImporter


def importers(space: AnySpace) -> Sequence[Importer]:
    """Those of the published predictor and of labels that users have."""
    return [PredictorImporter(), LabelsImporter(space)]
