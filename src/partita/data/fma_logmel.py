"""FMA-small as log-mel spectrograms: uint8 (n, 64 bands, 128 columns over 30 s), genre, split and artist, in one .npz.

Bands are pairs of 128 Slaney mels averaged, up to half of the tracks' own 44.1 or 48 kHz; 4.3 columns a second hold
timbre and hardly any rhythm. The archive states no validation part, so one is cut by artist.
"""

from partita.data.base import Dataset, split_by_group
from partita.data.fma import CITATION, LICENCE, SOURCE
from partita.data.logmel import read_archive
from partita.example import Example, Spectrogram

__all__ = ["CITATION", "LICENCE", "PROTOCOLS", "SOURCE", "load"]

PROTOCOLS = {"artist": "artists of the official training part split 80/20 at random, stratified by genre"}
SECONDS_PER_COLUMN = 30 / 128


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load the archive; tracks that the official split does not list are left out."""
    rows = read_archive(path, ("logmel", "track_id", "genre", "split", "artist_id"))
    examples = [
        Example(
            f"{int(track):06d}",
            Spectrogram(levels, SECONDS_PER_COLUMN, "fma-logmel", f"{int(track):06d}"),
            str(genre),
            f"artist {artist}",
        )
        for levels, track, genre, split, artist in zip(*rows.values(), strict=True)
        if split == "training"
    ]
    left_out = len(rows["logmel"]) - len(examples)
    notes = [f"{left_out} tracks that the official split does not list are left out"] if left_out else []
    splits = split_by_group(examples, seed, {"train": 0.8, "valid": 0.2})
    return Dataset("fma-logmel", splits, f"{PROTOCOLS[protocol]} (seed {seed})", notes=notes)
