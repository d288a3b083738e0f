"""Data sets: forms, protocols, faults named, and groups that never cross a split."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import tone
from hypothesis import given, settings
from hypothesis import strategies as st

from partita import data, train
from partita.audio import Audio
from partita.data import gtzan
from partita.data.base import Dataset, folds_by_group, split_by_group
from partita.data.cache import cached
from partita.errors import DataError, UsageError
from partita.example import Example, Spectrogram


def example(name: str, label: str, group: str) -> Example:
    return Example(name, Spectrogram(np.zeros((128, 4), np.uint8), 0.1, "gtzan-logmel"), label, group)


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=1, max_size=80)


@given(rows=ROWS, seed=st.integers(0, 5))
def test_no_group_ever_crosses_a_split(rows: list[tuple[str, int]], seed: int) -> None:
    examples = [example(str(i), label, f"artist {group}") for i, (label, group) in enumerate(rows)]
    splits = split_by_group(examples, seed)
    groups = [{item.group for item in part} for part in splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert sorted(item.id for part in splits.values() for item in part) == sorted(item.id for item in examples)
    again = split_by_group(list(reversed(examples)), seed)
    ids = [{name: sorted(item.id for item in part) for name, part in each.items()} for each in (splits, again)]
    assert ids[0] == ids[1], "the order of files must not matter"


@given(rows=ROWS, folds=st.integers(2, 5))
def test_folds_part_the_groups(rows: list[tuple[str, int]], folds: int) -> None:
    examples = [example(str(i), label, f"artist {group}") for i, (label, group) in enumerate(rows)]
    parts = folds_by_group(examples, folds)
    assert len(parts) == folds
    assert sum(len(part) for part in parts) == len(examples)
    seen = [group for part in parts for group in {item.group for item in part}]
    assert len(seen) == len(set(seen))


def test_splits_are_stratified_and_near_their_shares() -> None:
    examples = [example(f"{label}{i}", label, f"{label}{i}") for label in "abcd" for i in range(40)]
    for name, part in split_by_group(examples).items():
        counts = [sum(item.label == label for item in part) for label in "abcd"]
        assert max(counts) == min(counts) == {"train": 28, "valid": 6, "test": 6}[name]


def test_a_data_set_whose_groups_cross_is_refused() -> None:
    a, b = example("1", "x", "artist"), example("2", "x", "artist")
    with pytest.raises(DataError, match="group 'artist' is in train and in valid"):
        Dataset("made", {"train": [a], "valid": [b]}, "none")


def write(path: Path, hz: float = 440.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(1.2, hz=hz), 22_050)


def test_folder_takes_labels_groups_and_only_audio(tmp_path: Path) -> None:
    for label in ("jazz", "rock"):
        for i in range(4):
            write(tmp_path / label / f"{i}.wav", 300 + 10 * i)
        for i in range(3):
            write(tmp_path / label / "one album" / f"{i}.flac")
    (tmp_path / "jazz" / "cover.jpg").write_bytes(b"x")
    write(tmp_path / "jazz" / ".hidden.wav")
    dataset = data.load(f"folder:{tmp_path}")
    assert dataset.labels == ("jazz", "rock")
    assert len(dataset.examples) == 14
    assert {e.group for e in dataset.examples if "album" in e.id} == {"jazz/one album", "rock/one album"}


def test_folder_with_parts_keeps_them(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("valid", 2)):
        for label in ("a", "b"):
            for i in range(count):
                write(tmp_path / part / label / f"{i}.wav")
    dataset = data.load(f"folder:{tmp_path}")
    assert {name: len(part) for name, part in dataset.splits.items()} == {"train": 6, "valid": 4}


def test_folder_by_artist_tags(tmp_path: Path) -> None:
    for label in ("a", "b"):
        for i in range(6):
            path = tmp_path / label / f"{i}.flac"
            path.parent.mkdir(exist_ok=True)
            Audio(tone(1.2).T, 22_050).write(path, {"artist": f"Band {i // 3}"})
    dataset = data.load(f"folder:{tmp_path}", "artist")
    assert {e.group for e in dataset.examples} == {"artist band 0", "artist band 1"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("folder:/nowhere/at/all", "no such folder"),
        ("nonsense:x", "unknown data set"),
        ("floder:x", "Did you mean 'folder'"),
        ("music", "NAME:PATH"),
        ("gtzan-logmel:/nowhere.npz", "no such file"),
        ("synthetic:many", "songs per label"),
        ("fma:/tmp", "no tracks.csv"),
    ],
)
def test_a_wrong_specification_says_what_would_be_right(spec: str, message: str) -> None:
    with pytest.raises((DataError, UsageError), match=message):
        data.load(spec)


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    write(tmp_path / "jazz" / "x.wav")
    with pytest.raises(DataError, match="at least two"):
        data.load(f"folder:{tmp_path}")


def test_synthetic_is_the_same_every_time() -> None:
    a, b = data.load("synthetic:3"), data.load("synthetic:3")
    assert [e.content for e in a.examples] == [e.content for e in b.examples]
    assert len({e.content for e in a.examples}) == 12


def test_gtzan_catalogue_is_the_published_split() -> None:
    songs = gtzan.catalogue()
    splits = [song.split for song in songs.values()]
    counts = {name: splits.count(name) for name in set(splits)}
    assert counts == {"train": 443, "valid": 197, "test": 290, "excluded": 70}
    pairs = gtzan.duplicates()
    assert len(pairs) == 14
    assert ["metal.00058", "rock.00016"] in pairs


def test_gtzan_names_corrupt_changed_missing_and_duplicate_songs(tmp_path: Path) -> None:
    for name in ("blues.00000", "blues.00029", "metal.00058", "rock.00016", "jazz.00007"):
        write(tmp_path / name.split(".")[0] / f"{name}.wav")
    (tmp_path / "jazz" / "jazz.00054.wav").write_bytes(b"RIFF")
    dataset = data.load(f"gtzan:{tmp_path}")
    notes = "\n".join(dataset.notes)
    assert "994 of 1000 songs are missing" in notes
    assert "jazz.00054 is corrupt and left out" in notes
    assert "differ from the originals" in notes
    assert "metal.00058 = rock.00016" in notes
    assert {e.id for e in dataset.splits["valid"]} == {"blues.00000", "jazz.00007"}


def test_gtzan_accepts_an_original_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "blues.00000.wav")
    content = (tmp_path / "blues.00000.wav").read_bytes()
    song = gtzan.Song("valid", len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(gtzan.catalogue(), "blues.00000", song)
    assert not any("differ" in note for note in data.load(f"gtzan:{tmp_path}").notes)


@pytest.mark.parametrize("protocol", ["stratified", "random"])
def test_gtzan_random_protocols_say_what_they_leak(tmp_path: Path, protocol: str) -> None:
    for i in range(8):
        write(tmp_path / "blues" / f"blues.{i:05d}.wav")
    dataset = data.load(f"gtzan:{tmp_path}", protocol)
    assert dataset.leaks
    assert "artists" in dataset.protocol
    pair = {gtzan.recording("metal.00058"), gtzan.recording("rock.00016")}
    assert pair == {"metal.00058"}, "the same recording is one group"


def archive(path: Path, **changes: object) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "logmel": rng.integers(0, 256, (6, 128, 40)).astype(np.uint8),
        "name": np.array([f"blues/blues.{i:05d}.wav" for i in range(6)]),
        "genre": np.array(["blues"] * 6),
        "split": np.array(["train"] * 3 + ["valid"] * 2 + ["excluded"]),
    } | changes
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_gtzan_archive_keeps_its_split(tmp_path: Path) -> None:
    dataset = data.load(f"gtzan-logmel:{archive(tmp_path / 'a.npz')}")
    assert [len(part) for part in dataset.splits.values()] == [3, 2, 0]
    assert "1 songs are in no split" in dataset.notes[0]
    with pytest.raises(DataError, match="no songs in the test split"):
        dataset.split("test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logmel": np.zeros((6, 128, 40), np.float32)}, "must be uint8"),
        ({"genre": np.array(["blues"])}, "1 of genre but 6"),
        ({"logmel": np.zeros((6, 64, 40), np.uint8)}, "128, columns"),
        ({"name": np.array([{}] * 6, dtype=object)}, "not a readable"),
    ],
)
def test_a_wrong_archive_is_refused_and_never_unpickled(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        data.load(f"gtzan-logmel:{archive(tmp_path / 'a.npz', **changes)}")


def test_an_archive_of_noise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(DataError, match="not a readable"):
        data.load(f"gtzan-logmel:{tmp_path / 'a.npz'}")


def test_fma_reads_the_official_split(tmp_path: Path) -> None:
    for track in (2, 5, 10, 99134):
        write(tmp_path / "fma_small" / f"{track // 1000:03d}" / f"{track:06d}.wav")
    (tmp_path / "fma_metadata").mkdir()
    with (tmp_path / "fma_metadata" / "tracks.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", "artist", "set", "track"])
        rows.writerow(["", "id", "split", "genre_top"])
        rows.writerow(["track_id", "", "", ""])
        rows.writerows([["2", "1", "training", "Rock"], ["5", "2", "validation", "Folk"], ["10", "3", "training", ""]])
        rows.writerow(["99134", "4", "test", "Pop"])
    dataset = data.load(f"fma:{tmp_path}")
    assert [e.id for e in dataset.splits["train"]] == ["000002"]
    assert [e.group for e in dataset.splits["valid"]] == ["artist 2"]
    assert "1 tracks left out: without a top genre" in dataset.notes
    assert "1 tracks left out: known to hold no audio" in dataset.notes


def fma_archive(path: Path, splits: list[str]) -> Path:
    count = len(splits)
    np.savez(
        path,
        logmel=np.random.default_rng(0).integers(0, 64, (count, 64, 128)).astype(np.uint8) * 4 + 2,
        track_id=np.arange(count),
        genre=np.array(["Rock", "Folk"] * (count // 2)),
        split=np.array(splits),
        artist_id=np.arange(count) // 4,
    )
    return path


def test_fma_archive_splits_by_artist(tmp_path: Path) -> None:
    dataset = data.load(f"fma-logmel:{fma_archive(tmp_path / 'fma.npz', ['training'] * 38 + ['unlisted'] * 2)}")
    assert len(dataset.examples) == 38
    assert dataset.splits["valid"]


def test_fma_archive_may_hold_a_test_part_alone(tmp_path: Path) -> None:
    assert len(data.load(f"fma-logmel:{fma_archive(tmp_path / 'fma.npz', ['test'] * 4)}").split("test")) == 4


def test_fma_archive_trains_and_is_measured_beside_what_takes_its_spectrograms(tmp_path: Path) -> None:
    name = f"fma-logmel:{fma_archive(tmp_path / 'fma.npz', ['training'] * 40)}"
    small = {"steps": 2, "batch": 8, "dense": 1, "width": 8, "channels": 2}
    trained = train("genre-cnn-fma", data=name, out=tmp_path / "out", settings=small, device="cpu")
    assert trained.evaluation is not None
    assert trained.evaluation.baselines.keys() == {"majority"}


def test_cache_returns_what_was_prepared_and_knows_content(tmp_path: Path) -> None:
    calls = []

    def prepare(item: Example) -> dict[str, np.ndarray]:
        calls.append(item.id)
        return {"x": np.arange(3), "y": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "z": np.array(7)}

    sound = data.load("synthetic:1").examples[0]
    first, second = cached(sound, "a", prepare), cached(sound, "a", prepare)
    assert len(calls) == 1
    assert all((first[key] == second[key]).all() for key in first)
    cached(sound, "b", prepare)
    assert len(calls) == 2


@settings(max_examples=20)
@given(st.integers(0, 255))
def test_content_differs_where_the_media_do(value: int) -> None:
    one = Example("a", Spectrogram(np.full((2, 2), value, np.uint8), 1.0, "x"), "l", "g")
    other = Example("b", Spectrogram(np.full((2, 2), (value + 1) % 256, np.uint8), 1.0, "x"), "l", "g")
    assert one.content != other.content


def test_genres_are_chosen_and_evened_out() -> None:
    examples = [
        example(f"{label}{i}", label, f"{label}{i}") for label, n in (("a", 20), ("b", 8), ("c", 30)) for i in range(n)
    ]
    dataset = Dataset("some", {"train": examples, "valid": [example("v", "b", "v")]}, "as it came")
    chosen = dataset.only(["b", "c"]).balanced(seed=1)
    assert [sum(e.label == label for e in chosen.split("train")) for label in "abc"] == [0, 8, 8]
    assert len(chosen.split("valid")) == 1
    assert "evened out to 8" in chosen.notes[-1]
    assert chosen.splits["train"] == dataset.only(["c", "b"]).balanced(seed=1).splits["train"]
    with pytest.raises(UsageError, match="label of some 'jaz'"):
        dataset.only(["jaz"])
