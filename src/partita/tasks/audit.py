"""audit: look over a data set for copies, faulty recordings and labels that may be wrong.

What is certain (a copy, a file that can't be used) is told apart from what a person should listen to (a label that a
classifier, which never heard the song, contradicts).
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from partita import data as datasets
from partita.checkpoint import write_json
from partita.data import folds_by_group
from partita.data.faults import Fault, Heard, faults, listen
from partita.errors import DataError, UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.files import replacing
from partita.fingerprint import find_same
from partita.metrics.classification import Probabilities
from partita.metrics.labels import mislabelled
from partita.models.classifier import Classifier
from partita.settings import Plan, Settings
from partita.training import Progress, fit

KINDS = {
    "corrupt": "can't be decoded, or only in part",
    "silent": "no sound, or none for more than half of its time",
    "short": "shorter than 5 s, or than half the median",
    "clipped": "0.1 % of its samples or more are cut off at full scale",
    "duplicate": "the very same content",
    "near-duplicate": "the same recording in another form",
    "suspect": "a classifier that never heard it is sure of another label",
}
FOLDS = 5
OVERLAP = 5.0
"""Seconds that two recordings must have in common to be called the same."""


@dataclass(frozen=True)
class Finding:
    """Something found: its `kind` (one of KINDS), the songs, their labels, and in words what it is.

    `conflict` says that copies have different labels. `leave_out` names those songs that the cleaned list drops.
    """

    kind: str
    songs: tuple[str, ...]
    labels: tuple[str, ...]
    words: str
    conflict: bool = False
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What an audit found among so many `songs` of a data set, and which of them are left when it is cleaned."""

    data: str
    songs: int
    findings: list[Finding]
    clean: list[str]
    notes: list[str]

    @property
    def leave_out(self) -> list[str]:
        """The names that the cleaned list drops."""
        return sorted({name for finding in self.findings for name in finding.leave_out})

    @property
    def certain(self) -> list[Finding]:
        """All findings but suspects."""
        return [finding for finding in self.findings if finding.kind != "suspect"]

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "leave_out": self.leave_out}


def audit(
    data: str,
    *,
    out: str | Path | None = None,
    suspects: bool = True,
    model: str = "genre-linear",
    settings: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Audit:
    """Look over all songs of a data set given as NAME:PATH; files that can't be used are findings, not errors.

    To find `suspects`, `model` with `settings` is cross-validated. With `out`, audit.json, audit.csv, clean.txt and
    leave-out.txt are written to that folder; `train(..., leave_out="DIR/leave-out.txt")` does without those songs.
    """
    name = data.partition(":")[0]
    source = datasets.module(name)
    first, last = next(iter(source.PROTOCOLS)), next(reversed(source.PROTOCOLS))
    dataset = datasets.load(data, last, seed)  # the last protocol leaves the fewest songs out, the first is trained on
    in_use = {song.id for song in (dataset if first == last else datasets.load(data, first, seed)).examples}
    songs = sorted(dataset.examples, key=lambda song: song.id)
    results: list[Heard | Fault] = []
    for number, song in enumerate(songs):
        results.append(listen(song))
        if progress:
            progress(number + 1, len(songs), "listening")
    heard = [each for each in results if isinstance(each, Heard)]
    wrong = [*(each for each in results if isinstance(each, Fault)), *faults(heard)]
    copies = _copies(heard, source.duplicates() if hasattr(source, "duplicates") else [], in_use)
    findings, notes = [*(_found(fault) for fault in wrong), *copies], list(dataset.notes)
    if suspects:
        fatal = {fault.song.id for fault in wrong if fault.fatal}
        usable = [each.song for each in heard if each.song.id not in fatal]
        try:
            findings += _suspects(_with_copies_together(usable, copies), model, settings or {}, seed, progress)
        except (UsageError, DataError) as error:
            notes.append(f"labels are not checked: {error}")
    left_out = {song for finding in findings for song in finding.leave_out}
    result = Audit(name, len(songs), findings, [song.id for song in songs if song.id not in left_out], notes)
    if out is not None:
        _write(result, Path(out))
    return result


def _found(fault: Fault) -> Finding:
    name = (fault.song.id,)
    return Finding(fault.kind, name, (fault.song.label,), fault.words, leave_out=name if fault.fatal else ())


def _copies(heard: Sequence[Heard], known: Iterable[Sequence[str]], in_use: Collection[str]) -> list[Finding]:
    """Songs of equal content, or `known` to be; then those that sound the same. Of each, one `in_use` is kept."""
    here = {each.song.id: each.song for each in heard}
    equal: dict[str, list[str]] = defaultdict(list)
    for each in heard:
        equal[each.content].append(each.song.id)
    listed = ([name for name in names if name in here] for names in known)
    exact = [names for names in _merged([*equal.values(), *listed]) if len(names) > 1]
    findings = [_copy("duplicate", [here[name] for name in names], "the very same content", in_use) for names in exact]
    again = {name for names in exact for name in names[1:]}
    for scale in sorted({each.seconds_per_column for each in heard}):
        songs = [each for each in heard if each.seconds_per_column == scale and each.song.id not in again]
        pairs: list[list[str]] = []
        words: dict[str, list[str]] = defaultdict(list)
        for match in find_same([each.print for each in songs], overlap=round(OVERLAP / scale)):
            a, b = songs[match.first].song.id, songs[match.second].song.id
            pairs.append([a, b])
            words[a].append(f"{a} = {b}, alike {match.similarity:.2f}, {-match.lag * scale:+.1f} s")
        for names in _merged(pairs):
            text = "; ".join(line for name in names for line in words[name])
            findings.append(_copy("near-duplicate", [here[name] for name in names], text, in_use))
    return findings


def _copy(kind: str, songs: Sequence[Example], words: str, in_use: Collection[str]) -> Finding:
    """A finding of copies: all but one are left out; where their labels differ, all of them."""
    names, labels = tuple(song.id for song in songs), tuple(song.label for song in songs)
    conflict = len(set(labels)) > 1
    kept = None if conflict else min(names, key=lambda name: (name not in in_use, name))
    return Finding(kind, names, labels, words, conflict, tuple(name for name in names if name != kept))


def _merged(clusters: Iterable[Sequence[str]]) -> list[list[str]]:
    """The clusters, those that share a name as one; names sorted."""
    home: dict[str, tuple[str, ...]] = {}
    for names in clusters:
        joined = tuple(sorted({other for name in names for other in home.get(name, (name,))}))
        home |= dict.fromkeys(joined, joined)
    return [list(names) for names in dict.fromkeys(home.values())]


def _with_copies_together(songs: Sequence[Example], copies: Sequence[Finding]) -> list[Example]:
    """The songs, copies as one group: nobody is judged by a model that has learnt from a copy."""
    groups = _merged([(f"group {song.group}", song.id) for song in songs])
    groups = _merged([*groups, *(finding.songs for finding in copies)])
    place = {name: f"{number}" for number, names in enumerate(groups) for name in names}
    return [replace(song, group=place[song.id]) for song in songs]


def _suspects(
    songs: Sequence[Example], model: str, settings: Settings, seed: int, progress: Progress | None
) -> list[Finding]:
    """Songs whose label a model of the other folds contradicts, the surest first; rare labels are not judged."""
    counts = Counter(song.label for song in songs)
    songs = [song for song in songs if counts[song.label] >= FOLDS]
    labels = tuple(sorted({song.label for song in songs}))
    if len(labels) < 2:
        raise UsageError(f"that takes two labels or more with {FOLDS} songs or more")
    judged, probabilities = _cross_validated(songs, Plan.of(model, labels, settings), seed, progress)
    truth = np.array([labels.index(song.label) for song in judged])
    found = []
    for place, other in mislabelled(probabilities, truth).items():
        song, here, there = judged[place], probabilities[place, truth[place]], probabilities[place, other]
        words = f"{labels[other]} {there:.2f} against {song.label} {here:.2f}"
        found.append((here - there, song.id, Finding("suspect", (song.id,), (song.label,), words)))
    return [finding for _, _, finding in sorted(found, key=lambda row: row[:2])]


def _cross_validated(
    songs: Sequence[Example], plan: Plan, seed: int, progress: Progress | None
) -> tuple[list[Example], Probabilities]:
    """The songs that could be used, and their probabilities (n, labels) by models of the other folds."""
    prepared = prepare_all(_classifier(plan, seed), songs, progress)
    items = {song.id: item for song, item in zip(prepared.examples, prepared.items, strict=True)}
    judged: list[Example] = []
    rows: list[Probabilities] = []
    for number, part in enumerate(folds_by_group(prepared.examples, FOLDS)):
        network, held = _classifier(plan, seed), {song.id for song in part}
        fit(network, [item for name, item in items.items() if name not in held], [], plan.recipe, seed=seed)
        if part:
            judged += part
            rows.append(network.probabilities(network.song_log_probabilities([items[song.id] for song in part])))
        if progress:
            progress(number + 1, FOLDS, "checking labels")
    return judged, np.concatenate(rows)


def _classifier(plan: Plan, seed: int) -> Classifier:
    network = plan.new(seed)
    if not isinstance(network, Classifier):
        raise UsageError(f"{plan.kind.name} does not classify")
    return network


def _write(result: Audit, folder: Path) -> None:
    """Write audit.json, audit.csv, leave-out.txt and clean.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "audit.json", result.json())
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("kind", "songs", "labels", "labels differ", "left out", "words"))
    for finding in result.findings:
        parts = (" = ".join(finding.songs), " = ".join(finding.labels), str(finding.conflict).lower())
        rows.writerow((finding.kind, *parts, " = ".join(finding.leave_out), finding.words))
    texts = {
        "audit.csv": table.getvalue(),
        "leave-out.txt": "".join(f"{line}\n" for line in _leave_out_lines(result)),
        "clean.txt": "".join(f"{name}\n" for name in result.clean),
    }
    for name, text in texts.items():
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")


def _leave_out_lines(result: Audit) -> list[str]:
    """Names with reasons, as `data.read_names` takes them; suspects as comments, to be listened to first."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for finding in result.findings:
        for name in finding.leave_out:
            others = " = ".join(other for other in finding.songs if other != name)
            reasons[name].append(f"{finding.kind} of {others}" if others else finding.kind)
    lines = [f"{name}  # {', '.join(reasons[name])}" for name in result.leave_out]
    suspects = [finding for finding in result.findings if finding.kind == "suspect"]
    if suspects:
        lines.append("# Suspects, the surest first. Listen, and take the first # away where the label is wrong.")
        lines += [f"# {finding.songs[0]}  # {finding.words}" for finding in suspects]
    return lines
