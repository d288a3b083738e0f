"""A classifier on a data set: preparing it, the numbers with their intervals and baselines, comparison, calibration."""

from partita.evaluation.calibration import cross_validated_temperature
from partita.evaluation.comparison import Compared, compare_with, measure_beside
from partita.evaluation.measurement import Evaluation, measure_classifier
from partita.evaluation.predictions import Answers, SongPrediction, predict, read_predictions, write_predictions
from partita.evaluation.preparation import Prepared, prepare_all

__all__ = [
    "Answers",
    "Compared",
    "Evaluation",
    "Prepared",
    "SongPrediction",
    "compare_with",
    "cross_validated_temperature",
    "measure_beside",
    "measure_classifier",
    "predict",
    "prepare_all",
    "read_predictions",
    "write_predictions",
]
