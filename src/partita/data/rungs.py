"""One data set divided in four ways that leak less and less: the rungs of `partita ladder`.

    a  overlapping windows at random   neighbours share samples
    b  chunks at random                chunks of one song are on both sides
    c  songs at random                 artists, versions and duplicates are on both sides
    d  the data set's own protocol     what that protocol lets through

Rungs a to c divide the same songs, and all four have equally many windows to learn from and to be measured on.
"""

from collections.abc import Sequence
from dataclasses import replace

from partita.audio import Excerpt
from partita.data.base import Dataset, shuffled
from partita.errors import AudioError, DataError
from partita.example import Example, Spectrogram

RUNGS = {
    "a": "overlapping windows split at random",
    "b": "chunks that do not overlap, split at random",
    "c": "songs split at random",
    "d": "the data set's own protocol",
}
LEAKS = {
    "a": "the same samples, songs and artists are on both sides",
    "b": "chunks of one song are on both sides",
    "c": "artists, versions and duplicates may be on both sides",
}


def windows(song: Example, seconds: float, hop: float) -> list[Example]:
    """Whole windows of `seconds`, `hop` apart, named "SONG@START" and grouped by song; none of a shorter song.

    A spectrogram is cut in whole columns. A sound of unknown length or that can't be read has none.
    """
    media = song.recording
    if isinstance(media, Spectrogram):
        length, step = (max(1, int(span / media.seconds_per_column)) for span in (seconds, hop))
        places = range(0, media.levels.shape[1] - length + 1, step)
        return [
            replace(
                song,
                id=f"{song.id}@{place}",
                media=replace(media, levels=media.levels[:, place : place + length], name=f"{media.name}@{place}"),
                group=song.id,
            )
            for place in places
        ]
    if isinstance(media, Excerpt):
        raise DataError(f"{song.id}: is a window already")
    try:
        total = media.info().seconds if hasattr(media, "info") else media.seconds
    except AudioError:
        total = None
    count = int(((total or 0) - seconds) / hop + 1 + 1e-9) if (total or 0) >= seconds else 0
    return [
        replace(song, id=f"{song.id}@{i * hop:g}", media=Excerpt(media, i * hop, seconds), group=song.id)
        for i in range(count)
    ]


def song_of(window: Example) -> str:
    """The song that a window was cut from."""
    return window.id.rpartition("@")[0]


def rungs(honest: Dataset, pool: Sequence[Example], seconds: float, seed: int) -> dict[str, Dataset]:
    """The four rungs with parts "train" and "valid" of windows; `seed` draws songs and windows.

    `honest` is the data set under its own protocol, `pool` the songs from which the other rungs draw as many.
    Raises `DataError` where there are too few songs or no window is as long as wanted.
    """
    own = {part: honest.split(part) for part in ("train", "valid")}
    sizes = {part: len(songs) for part, songs in own.items()}
    by_name = {song.id: song for song in pool}
    drawn = [by_name[name] for name in shuffled(by_name, seed)[: sum(sizes.values())]]
    if len(drawn) < sum(sizes.values()):
        raise DataError(f"{honest.name}: {len(drawn)} songs to draw from, {sum(sizes.values())} are wanted")
    songs = {song.id: song for song in [*drawn, *own["train"], *own["valid"]]}
    chunks = {name: windows(song, seconds, seconds) for name, song in songs.items()}

    def cut(songs: Sequence[Example]) -> list[Example]:
        return [window for song in songs for window in chunks[song.id]]

    def grouped(songs: Sequence[Example]) -> list[Example]:
        return [replace(window, group=song.group) for song in songs for window in chunks[song.id]]

    c = {"train": cut(drawn[: sizes["train"]]), "valid": cut(drawn[sizes["train"] :])}
    d = {part: grouped(songs) for part, songs in own.items()}
    counts = {part: min(len(c[part]), len(d[part])) for part in c}
    if not all(counts.values()):
        raise DataError(f"{honest.name}: its songs hold no windows of {seconds:g} s")
    overlapping = [window for song in drawn for window in windows(song, seconds, seconds / 2)]
    divided = {"a": _divided(overlapping, counts, seed), "b": _divided(cut(drawn), counts, seed)}
    divided |= {"c": {part: _first(c[part], counts[part], seed) for part in c}}
    words = {name: f"windows of {seconds:g} s, {RUNGS[name]} (seed {seed})" for name in RUNGS}
    made = {
        name: Dataset(honest.name, parts, f"{words[name]}; {LEAKS[name]}", LEAKS[name], groups_cross=name in "ab")
        for name, parts in divided.items()
    }
    parts = {part: _first(d[part], counts[part], seed) for part in d}
    protocol = f"windows of {seconds:g} s; {honest.protocol}"
    return {**made, "d": Dataset(honest.name, parts, protocol, honest.leaks, honest.notes)}


def _first(items: Sequence[Example], count: int, seed: int) -> list[Example]:
    """`count` of the items, drawn from `seed`, in their own order."""
    kept = set(shuffled((item.id for item in items), seed)[:count])
    return [item for item in items if item.id in kept]


def _divided(items: Sequence[Example], counts: dict[str, int], seed: int) -> dict[str, list[Example]]:
    """Parts of so many items each, drawn from `seed`."""
    by_name = {item.id: item for item in items}
    order = [by_name[name] for name in shuffled(by_name, seed)]
    result, place = {}, 0
    for part, count in counts.items():
        result[part], place = order[place : place + count], place + count
    return result
