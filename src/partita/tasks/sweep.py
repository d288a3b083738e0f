"""sweep: what temperature and min-p do to what a composer writes, as a table of distances from real music."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from partita import data as datasets
from partita.checkpoint import identity, load
from partita.composing.training_set import index_for
from partita.errors import CheckpointError, UsageError
from partita.likeness import Resemblance, SampleTest
from partita.models.base import choose_device
from partita.models.composer import Composer
from partita.sampling import Sampling
from partita.training import Progress

TEMPERATURES = (0.9, 1.0, 1.1)
MIN_PS = (0.0, 0.02, 0.05)


@dataclass(frozen=True)
class Sweep:
    """A row for each way of sampling, all against the same real clips."""

    rows: tuple[Resemblance, ...]

    @property
    def best(self) -> Resemblance:
        """The row of the least Fréchet distance.

        Overlapping areas reward diversity and are high even for notes transposed at random; distances are not.
        """
        return min(self.rows, key=lambda row: row.likeness.frechet_unbiased)

    def json(self) -> dict[str, Any]:
        """JSON-ready values; `best` is the sampling of the least Fréchet distance, as a card has it."""
        return {"best": self.best.sampling, "rows": [row.json() for row in self.rows]}


def sweep(
    model: str | Path,
    *,
    data: str,
    split: str = "valid",
    protocol: str | None = None,
    temperatures: Sequence[float] = TEMPERATURES,
    min_ps: Sequence[float] = MIN_PS,
    samples: int = 24,
    seconds: float = 30.0,
    seed: int = 0,
    out: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Sweep:
    """Let a composer write `samples` pieces of `seconds` at every pair of temperature and min-p, and compare each set.

    Choose on another part than the one that is reported, such as --protocol inner of maestro. With `out` samples are
    kept, a folder for each pair, and the same call goes on where it was stopped.
    Raises `UsageError` for the test split, which is not for choosing, or where nothing is to be swept.
    """
    if split == "test":
        raise UsageError("settings are not chosen on the test split; sweep valid")
    if not temperatures or not min_ps or samples < 2:
        raise UsageError("a sweep wants one temperature, one min-p and two samples at least")
    settings = [Sampling(temperature, min_p=min_p) for temperature, min_p in product(temperatures, min_ps)]
    composer = load(model, choose_device(device))
    if not isinstance(composer, Composer):
        raise CheckpointError(f"{model}: is a {composer.name}, which does not compose")
    pieces = datasets.load(data, protocol, seed)
    index = index_for(model, pieces)
    trial = SampleTest(
        composer, identity(model), pieces, split, samples=samples, seconds=seconds, seed=seed, index=index
    )
    rows = []
    for number, sampling in enumerate(settings):

        def tell(done: int, total: int, words: str, number: int = number) -> None:
            if progress:
                progress(number * total + done, len(settings) * total, words)

        folder = Path(out) / f"temperature-{sampling.temperature:g}-min-p-{sampling.min_p:g}" if out else None
        rows.append(trial.run(sampling, folder, tell))
    return Sweep(tuple(rows))
