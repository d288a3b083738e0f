"""Classifiers of spectrogram pictures: what the networks of the report Lil Data see.

The report cuts genre mixes into clips of 5 s and draws each as a picture of 631 x 631. It does not say how. FFTs of
1,260 samples, 175 apart and centred, give exactly that of 110,250 samples at 22,050 Hz, and are assumed. The decibel
scale is unstated, too: here it is that of librosa's pictures, decibels below the loudest value of the picture, at most
80, stretched to 0..255; so the loudness of a clip is no feature. The low frequencies are the first rows.

The report then applies "the built-in Keras function for ResNet 50", which takes the mean colour of ImageNet away. One
channel loses the mean of the three colours. `scale="standardised"` is what suits a spectrogram: every frequency gets
mean 0 and deviation 1, measured on the training part.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partita.errors import unknown
from partita.features import power_to_db, spectrogram
from partita.models.chunks import ChunkClassifier
from partita.models.layers import Standardise

IMAGENET_MEAN = (103.939, 116.779, 123.68)
"""Mean blue, green and red of ImageNet on 0..255, in the order in which Keras's ResNet50 takes them."""
DECIBELS = 80.0
SCALES = ("imagenet", "standardised")


@dataclass(frozen=True)
class PictureConfig:
    """A picture has 1 + fft / 2 frequencies and as many frames, `hop` samples apart: `fft` / 2 * `hop` samples.

    `scale` is "imagenet" or "standardised".
    """

    labels: tuple[str, ...] = ()
    fft: int = 1260
    hop: int = 175
    scale: Literal["imagenet", "standardised"] = "imagenet"


class PictureClassifier(ChunkClassifier):
    """A classifier of pictures (n, 1, 631 frequencies, 631 frames); its config is a `PictureConfig` or more."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if config.scale not in SCALES:
            raise unknown("scale", config.scale, list(SCALES))
        self.input_shape = (1, self.side, self.side)
        self.standardise = Standardise(self.side, axis=2) if config.scale == "standardised" else nn.Identity()

    @property
    def side(self) -> int:
        """Frequencies, and frames, of a picture: 631."""
        return int(self.config.fft) // 2 + 1

    @property
    def chunk(self) -> int:
        """Samples of a picture: 110,250 (5 s)."""
        return (self.side - 1) * int(self.config.hop)

    def pictures(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chunks (n, samples) as pictures (n, 1, frequencies, frames) of 0..255."""
        spectra = [power_to_db(spectrogram(wave, self.config.fft, self.config.hop), span=DECIBELS) for wave in waves]
        return (np.stack(spectra)[:, None] + np.float32(DECIBELS)) * np.float32(255 / DECIBELS)

    def inputs(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pictures, less ImageNet's mean unless they are standardised."""
        mean = np.mean(IMAGENET_MEAN) if self.config.scale == "imagenet" else 0
        return self.pictures(waves) - np.float32(mean)

    def ready(self, x: Tensor) -> Tensor:
        """Inputs as the first layer takes them: standardised where asked for, channels last in memory (for speed)."""
        standardised: Tensor = self.standardise(x)
        return standardised.to(memory_format=torch.channels_last)
