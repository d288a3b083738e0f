"""fstmuse: five convolutions on a clip of 30 s, seven genres of the Free Music Archive, from the report FstMuse.

7,521,479 parameters at 7 labels; `variant="repository"` is what the report's repository holds instead, six convolutions
and 1,463,559 parameters. 10 epochs, Adam, cross-entropy, as in the report; silent are rate (0.001), batch (32) and
activation (ReLU). Front end, `scale` and `pooling`: `tracks.py`.

The seven genres are pop, jazz, rock, folk, hip-hop, electronic and punk. Of these FMA-small has no jazz and no punk, so
its clips can't repeat the report; `--genres` and `--balance` choose and even out what there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from partita.errors import unknown
from partita.models.keras import ADAM
from partita.models.tracks import Step, TrackClassifier, TrackConfig

PLANS = {
    "report": (Step(1, 9), Step(2, 3, pool=2), Step(2, 9), Step(4, 3, pool=4), Step(4, 2)),
    "repository": (Step(1, 9), Step(2, 3, pool=2), Step(2, 9), Step(4, 3, pool=4), Step(2, 9), Step(4, 3, pool=2)),
}


@dataclass(frozen=True)
class FstMuseConfig(TrackConfig):
    """A clip's size and scale; `variant` is "report" or "repository"."""

    variant: Literal["report", "repository"] = "report"


class FstMuse(TrackClassifier):
    """Five or six convolutions over clips (n, 1, 1291, 128)."""

    name = "fstmuse"
    Config = FstMuseConfig
    recipe = replace(ADAM, epochs=10, batch=32)

    @classmethod
    def tiny(cls) -> Self:
        """Two labels, a second, 48 bands, narrow layers."""
        shape = {"samples": 24_500, "mels": 48, "width": 4, "dense": 8}
        return cls(FstMuseConfig(labels=("a", "b"), scale="log", **shape))  # type: ignore[arg-type]

    @property
    def plan(self) -> Sequence[Step]:
        """The report's ends with (156, 11, 128), the repository's with (73, 1, 128)."""
        if self.config.variant not in PLANS:
            raise unknown("variant", self.config.variant, list(PLANS))
        return PLANS[self.config.variant]
