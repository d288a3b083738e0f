"""render: make a labelled corpus of recordings from a folder of MIDI files, with its licence and source written down.

Recordings that may be shared are rare; MIDI that may be shared is not, and rendering adds what training wants to know
exactly: where the beats are. The corpus is laid out as the data set `folder` takes it (LABEL/GROUP/FILE), each file
carries its tempo as the tag `bpm`, and `manifest.csv` says of each where it comes from and what may be done with it.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from partita.audio import Audio
from partita.checkpoint import write_json
from partita.data.base import inside
from partita.data.midi import work
from partita.errors import DataError, PartitaError, UsageError
from partita.events import DRUMS
from partita.files import replacing
from partita.midi import Score
from partita.render import TAIL, installed_soundfont, render
from partita.soundfont import SoundFont
from partita.training import Progress

MANIFEST = "manifest.csv"
SETTINGS = "render.json"
FILE_COLUMNS = ("midi_filename", "file", "filename", "path")
"""What a table may call the column of files, the first that it has."""


@dataclass(frozen=True)
class Piece:
    """A MIDI file to render: its path inside the folder, its label, and the group that must stay on one side."""

    midi: str
    label: str
    group: str

    @property
    def stem(self) -> str:
        """The path of its recording inside the corpus, without an ending."""
        name = self.midi.rpartition(".")[0]
        return "/".join(re.sub(r"[^\w.+-]+", "-", part).strip(".-") or "_" for part in (self.label, self.group, name))


@dataclass(frozen=True)
class Voicing:
    """How pieces sound, the same for all of a corpus.

    `soundfont` is a path or "plain"; `programs` are General MIDI programs (for drums: kits) by label in place of the
    files' own; `drums` are pitches of the drum channel to be played as others; `seconds` cuts longer pieces at the bar
    line before it (0: not).
    """

    soundfont: str
    programs: Mapping[str, int]
    drums: Mapping[int, int]
    seconds: float
    rate: int
    mono: bool
    ending: str


@dataclass(frozen=True)
class Row:
    """A line of the manifest. `bpm` is 0 where the tempo changes; `sha256` is that of the MIDI file."""

    file: str
    label: str
    group: str
    seconds: float
    bpm: float
    beats_per_bar: int
    midi: str
    sha256: str
    source: str
    licence: str
    soundfont: str
    soundfont_licence: str


@dataclass(frozen=True)
class Corpus:
    """What was rendered to `folder`: the manifest's rows, and why other files were passed over."""

    folder: Path
    rows: tuple[Row, ...]
    failures: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The length of all recordings together."""
        return sum(row.seconds for row in self.rows)


def render_corpus(
    midi: str | Path,
    out: str | Path,
    *,
    licence: str,
    source: str = "",
    soundfont: str | Path | None = None,
    soundfont_licence: str = "",
    table: str | Path | None = None,
    label: str = "label",
    group: str = "group",
    where: Mapping[str, str] | None = None,
    labels: Sequence[str] | None = None,
    programs: Mapping[str, int] | None = None,
    drums: Mapping[int, int] | None = None,
    seconds: float = 0.0,
    rate: int = 22_050,
    mono: bool = False,
    format: Literal["flac", "ogg", "wav"] = "flac",
    processes: int = 1,
    progress: Progress | None = None,
) -> Corpus:
    """Render the MIDI files below the folder `midi` to the folder `out`; what is there already is not made again.

    A file's label is its first sub-folder and its group its work; with `table`, a CSV with a row for each file, they
    are its columns `label` and `group` (of "rock/halftime" the label is "rock"), and only rows that hold the words of
    `where` count. `labels` keeps these alone. `licence` and `source` are those of the MIDI files. For `soundfont` see
    `render.render`; other settings: `Voicing`. Damaged and unusable files are passed over with a reason.
    Raises `DataError` where there is nothing to render, `UsageError` where `out` holds a corpus of other settings.
    """
    root, folder = Path(midi).expanduser(), Path(out).expanduser()
    if not root.is_dir():
        raise DataError(f"{midi}: no such folder; it is a folder with MIDI files")
    if not licence.strip():
        raise UsageError("say under which licence the MIDI files are, such as 'CC BY 4.0': a corpus is marked with it")
    if seconds < 0 or not 8_000 <= rate <= 96_000 or processes < 1:
        raise UsageError("seconds is 0 or more, rate 8,000 to 96,000, processes 1 or more")
    found = _of_table(root, table, label, group, where) if table else _of_folders(root)
    pieces = [piece for piece in found if labels is None or piece.label in labels]
    if not pieces:
        raise DataError(f"{midi}: no MIDI file (.mid, .midi) here that has a wanted label")
    font = str(soundfont or installed_soundfont() or "plain")
    voicing = Voicing(font, dict(programs or {}), dict(drums or {}), seconds, rate, mono, format)
    _claim(folder, voicing)
    known = {"source": source, "licence": licence, "soundfont_licence": soundfont_licence}
    made = partial(_render_piece, root=root, folder=folder, voicing=voicing, known=known)
    rows, failures = [], []
    for number, (piece, result) in enumerate(zip(pieces, _each(made, pieces, processes), strict=True)):
        if isinstance(result, Row):
            rows.append(result)
        else:
            failures.append(result)
        if progress:
            progress(number + 1, len(pieces), piece.midi)
    if not rows:
        raise DataError(f"none of the {len(pieces)} files can be rendered; the first: {failures[0]}")
    _write_manifest(folder / MANIFEST, rows)
    return Corpus(folder, tuple(rows), tuple(failures))


def _of_folders(root: Path) -> Iterator[Piece]:
    """The MIDI files below a folder, labelled by their first sub-folder."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).as_posix()
        if path.suffix.lower() in {".mid", ".midi"} and path.is_file():
            yield Piece(inside, inside.split("/")[0] if "/" in inside else "music", work(inside))


def _of_table(
    root: Path, table: str | Path, label: str, group: str, where: Mapping[str, str] | None
) -> Iterator[Piece]:
    """The MIDI files that a table names."""
    path = Path(table).expanduser()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: not a table of files ({error})") from None
    columns = set(rows[0]) if rows else set()
    name = next((column for column in FILE_COLUMNS if column in columns), FILE_COLUMNS[0])
    if missing := sorted({name, label, group, *(where or {})} - columns):
        raise DataError(f"{table}: has no column {missing[0]!r}; it has {', '.join(sorted(map(str, columns)))}")
    for row in rows:
        if all(row[column] == words for column, words in (where or {}).items()):
            yield Piece(row[name], row[label].split("/")[0], row[group])


def _claim(folder: Path, voicing: Voicing) -> None:
    """Mark the folder as a corpus of this voicing."""
    settings = json.loads(json.dumps(asdict(voicing)))
    path = folder / SETTINGS
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise UsageError(f"{folder}: holds a corpus of other settings (see {SETTINGS}); give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, settings)


def _each(made: "partial[Row | str]", pieces: Sequence[Piece], processes: int) -> Iterable[Row | str]:
    """The results in order, from this process or from several."""
    if processes == 1:
        return map(made, pieces)
    return _pooled(made, pieces, processes)


def _pooled(made: "partial[Row | str]", pieces: Sequence[Piece], processes: int) -> Iterator[Row | str]:
    # spawned, since a fork of a process that has started threads can hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(made, pieces)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _render_piece(piece: Piece, *, root: Path, folder: Path, voicing: Voicing, known: Mapping[str, str]) -> Row | str:
    """Render one file unless that is done, and give its row, or the reason why it can't be."""
    target = folder / f"{piece.stem}.{voicing.ending}"
    try:
        path = inside(root, piece.midi)
        score = _cut(Score.read(path), voicing.seconds)
        pace, beats = _pace(score)
        row = Row(
            file=target.relative_to(folder).as_posix(),
            label=piece.label,
            group=piece.group,
            seconds=round(score.seconds + TAIL, 3),
            bpm=round(pace, 3),
            beats_per_bar=beats,
            midi=piece.midi,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            soundfont=Path(voicing.soundfont).name,
            **known,
        )
        if not target.exists():
            sound = _sound(_played(score, voicing.programs.get(piece.label), voicing.drums), voicing)
            target.parent.mkdir(parents=True, exist_ok=True)
            tags = {"title": Path(piece.midi).stem, "genre": piece.label, "bpm": f"{pace:g}", "copyright": row.licence}
            sound.write(target, {k: v for k, v in tags.items() if pace or k != "bpm"})
    except (PartitaError, OSError) as error:
        return str(error) if str(root) in str(error) else f"{piece.midi}: {error}"
    return row


_FONTS: dict[str, SoundFont] = {}
"""The soundfont that this process plays, read once: large ones take a second."""


def _sound(score: Score, voicing: Voicing) -> Audio:
    path = voicing.soundfont
    if path != "plain" and path not in _FONTS:
        _FONTS[path] = SoundFont.read(path)
    audio = render(score, voicing.rate, _FONTS.get(path, "plain"))
    return Audio(audio.mono()[None], audio.rate, audio.name) if voicing.mono else audio


def _cut(score: Score, seconds: float) -> Score:
    """The score up to the last bar line before `seconds`, or whole where it is shorter or `seconds` is 0."""
    if not seconds or score.seconds <= seconds:
        return score
    bar = score.ticks_per_beat * _pace(score)[1]
    last = max(int(score.ticks_at(seconds)) // bar, 1) * bar
    tracks = []
    for track in score.tracks:
        notes = track.notes[track.notes["tick"] < last].copy()
        notes["duration"] = [min(d, last - t) for t, d in zip(notes["tick"], notes["duration"], strict=True)]
        controls, bends = track.controls[track.controls["tick"] < last], track.bends[track.bends["tick"] < last]
        tracks.append(replace(track, notes=notes, controls=controls, bends=bends))
    return replace(score, tracks=tuple(tracks))


def _pace(score: Score) -> tuple[float, int]:
    """Beats a minute (0 where the tempo changes) and quarter notes a bar (4 where it is not said or changes)."""
    paces = {round(60e6 / microseconds, 3) for microseconds in score.tempos["microseconds"].tolist()} or {120.0}
    bars = {4 * n / d for n, d in score.time_signatures[["numerator", "denominator"]].tolist()}
    beats = bars.pop() if len(bars) == 1 else 4
    return (paces.pop() if len(paces) == 1 else 0.0), int(beats) if float(beats).is_integer() else 4


def _played(score: Score, program: int | None, drums: Mapping[int, int]) -> Score:
    """The score with every track's instrument, or kit, changed to `program`, and pitches of drums changed."""
    tracks = []
    for track in score.tracks:
        notes = track.notes.copy()
        if track.channel == DRUMS:
            notes["pitch"] = [drums.get(pitch, pitch) for pitch in notes["pitch"].tolist()]
        tracks.append(replace(track, notes=notes, program=track.program if program is None else program))
    return replace(score, tracks=tuple(tracks))


def _write_manifest(path: Path, rows: Sequence[Row]) -> None:
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(map(asdict, rows))
