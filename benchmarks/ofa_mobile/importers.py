"""How files about Once-for-All's subnetworks become tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from estimator_bench.data.importer import Importer
from estimator_bench.data.labels_importer import LabelsImporter
from estimator_bench.space import AnySpace

from .predictor import MobileNetV3Predictor, PredictorImporter, ProxylessPredictor

_PREDICTORS: Mapping[str, type[PredictorImporter]] = {
    one.space: one for one in (MobileNetV3Predictor, ProxylessPredictor)
}


def importers(space: AnySpace) -> Sequence[Importer]:
    """Those of the published predictor and of labels that users have."""
    return [_PREDICTORS[space.name](), LabelsImporter(space)]
