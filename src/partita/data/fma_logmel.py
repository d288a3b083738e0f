"""FMA-small as log-mel spectrograms: uint8 (n, 64 bands, 128 columns over 30 s), genre, split and artist, in one .npz.

Bands are pairs of 128 Slaney mels averaged, up to half of the tracks' own 44.1 or 48 kHz; 4.3 columns a second hold
timbre and hardly any rhythm. The archive states no validation part, so one is cut by artist.
"""

from partita.data.base import Dataset, split_by_group
from partita.data.fma import CITATION, LICENCE, SOURCE
from partita.data.logmel import read_archive
from partita.example import Example, Spectrogram

__all__ = ["CITATION", "LICENCE", "PROTOCOLS", "SOURCE", "load"]

PROTOCOLS = {
    "artist": "the archive's test part, and its training part split 80/20 by artist, stratified by genre",
    "stated": "split as the archive states",
}
SECONDS_PER_COLUMN = 30 / 128
STATED = {"training": "train", "train": "train", "validation": "valid", "valid": "valid", "test": "test"}


def load(path: str, protocol: str, seed: int) -> Dataset:
    """Load the archive; tracks that are in no part of the official split ("unlisted") are left out.

    A validation part is cut from the training part where the archive states none.
    """
    rows = read_archive(path, ("logmel", "track_id", "genre", "split", "artist_id"), bands=64)
    parts: dict[str, list[Example]] = {"train": [], "valid": [], "test": []}
    left_out = 0
    for levels, track, genre, split, artist in zip(*rows.values(), strict=True):
        if str(split) not in STATED:
            left_out += 1
            continue
        name = f"{int(track):06d}"
        media = Spectrogram(levels, SECONDS_PER_COLUMN, "fma-logmel", name)
        parts[STATED[str(split)]].append(Example(name, media, str(genre), f"artist {artist}"))
    notes = [f"{left_out} tracks that are in no part of the official split are left out"] if left_out else []
    if protocol == "artist" and parts["train"] and not parts["valid"]:
        cut = split_by_group(parts["train"], seed, {"train": 0.8, "valid": 0.2})
        return Dataset("fma-logmel", {**parts, **cut}, f"{PROTOCOLS[protocol]} (seed {seed})", notes=notes)
    return Dataset("fma-logmel", parts, PROTOCOLS["stated"], notes=notes)
