"""Labels that may be wrong, told from what models think that did not learn from the song."""

import numpy as np

from partita.metrics.classification import Labels, Probabilities


def mislabelled(probabilities: Probabilities, truth: Labels) -> dict[int, int]:
    """Places whose label is doubtful, with the label that is more likely.

    A song is counted to another label where that label's probability reaches the mean that songs so labelled have of
    it: the confident joint of confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021). `probabilities` (n,
    labels) must come from models that did not learn from the song itself.
    """
    present = np.unique(truth)
    usual = np.full(probabilities.shape[1], np.inf)
    usual[present] = [probabilities[truth == label, label].mean() for label in present]
    reached = np.where(probabilities >= usual, probabilities, -1.0)
    likely = reached.argmax(1)
    doubtful = (reached.max(1) >= 0) & (likely != truth)
    return {int(place): int(likely[place]) for place in np.flatnonzero(doubtful)}
