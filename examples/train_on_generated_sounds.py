"""Train on generated sounds and classify one that was not among them: python examples/train_on_generated_sounds.py."""

import tempfile
from pathlib import Path

from partita import Audio, classify, train
from partita.data.synthetic import RATE, song

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        trained = train("genre-linear", data="synthetic:8", out=Path(folder) / "sounds")
        unheard = Audio(song("drone", number=99)[None], RATE)
        print(classify(unheard, model=str(trained.folder)).genre)
