"""The audit: copies in every disguise, faults by kind, doubtful labels, and a list that training can use."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import encode, tone

from partita import audit, data, evaluate, train
from partita.audio import Audio
from partita.cli import main
from partita.data import read_names
from partita.data.synthetic import LABELS, song
from partita.errors import DataError
from partita.features import GTZAN_RATE, gtzan_levels
from partita.fingerprint import find_same, fingerprint
from partita.metrics.labels import mislabelled

SECONDS = 12.0


def tune(seed: int, seconds: float = SECONDS) -> np.ndarray:
    """A melody with chords and drums that no other seed has: mono (frames,)."""
    rng = np.random.default_rng([11, seed])
    beat = int(GTZAN_RATE * rng.uniform(0.18, 0.3))
    time = np.arange(beat) / GTZAN_RATE
    parts = []
    for _ in range(int(seconds * GTZAN_RATE / beat) + 1):
        pitches = 110 * 2 ** (rng.integers(0, 36, 3) / 12)
        note = sum(np.sin(2 * np.pi * hz * k * time) / k for hz in pitches for k in (1, 2, 3, 4, 6))
        drum = rng.uniform(0, 1.5) * rng.normal(size=beat) * np.exp(-rng.uniform(20, 80) * time)
        parts.append(note * np.exp(-rng.uniform(1, 8) * time) + drum)
    wave = np.concatenate(parts)[: int(seconds * GTZAN_RATE)]
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def prints(waves: list[np.ndarray]) -> list[np.ndarray]:
    return [fingerprint(gtzan_levels(wave)) for wave in waves]


class TestFingerprint:
    @pytest.mark.parametrize("disguise", ["mp3", "later", "quiet", "equalised", "noisy", "all"])
    def test_copies_are_found_in_every_disguise(self, disguise: str, tmp_path: Path) -> None:
        originals = [tune(seed) for seed in range(8)]
        copies = [self.disguised(wave, disguise, tmp_path) for wave in originals]
        found = {(match.first, match.second - 8) for match in find_same(prints(originals + copies))}
        assert found == {(i, i) for i in range(8)}

    @staticmethod
    def disguised(wave: np.ndarray, disguise: str, folder: Path) -> np.ndarray:
        rng = np.random.default_rng(0)
        if disguise in ("later", "all"):
            wave = wave[GTZAN_RATE:]
        if disguise in ("quiet", "all"):
            wave = wave * np.float32(0.3)
        if disguise in ("equalised", "all"):
            wave = np.convolve(wave, [1, 0.5], mode="same").astype(np.float32)
        if disguise == "noisy":
            wave = wave + 0.1 * wave.std() * rng.normal(size=len(wave)).astype(np.float32)
        if disguise in ("mp3", "all"):
            path = encode(folder / "copy.mp3", wave[:, None], GTZAN_RATE, "libmp3lame")
            wave = Audio.read(path).mono(GTZAN_RATE)
        return wave

    def test_the_lag_says_how_much_later(self) -> None:
        wave = tune(0)
        match = find_same(prints([wave, wave[2 * GTZAN_RATE :]]))[0]
        assert match.lag * 0.0771 == pytest.approx(-2, abs=0.1)
        assert match.overlap == pytest.approx(10 / 0.0771, abs=2)

    def test_different_songs_are_not_called_the_same(self) -> None:
        songs = [song(label, number, seconds=SECONDS) for label in LABELS for number in range(6)]
        assert find_same(prints(songs + [tune(seed) for seed in range(12)])) == []

    def test_silence_and_scraps_match_nothing(self) -> None:
        blank = np.zeros((128, 300), np.uint8)
        scraps = [fingerprint(np.full((128, columns), 9, np.uint8)) for columns in (1, 2, 4, 5, 40)]
        assert find_same([fingerprint(blank), fingerprint(blank), *scraps]) == []
        assert find_same([]) == []


def test_confident_learning_finds_swapped_labels() -> None:
    rng = np.random.default_rng(0)
    right = rng.integers(0, 3, 300)
    probabilities = np.full((300, 3), 0.15)
    probabilities[np.arange(300), right] = 0.7
    probabilities = rng.dirichlet([1, 1, 1], 300) * 0.2 + probabilities * 0.8
    truth = right.copy()
    truth[:15] = (right[:15] + 1) % 3
    found = mislabelled(probabilities, truth)
    assert set(found.items()) <= {(i, int(right[i])) for i in range(15)}
    assert len(found) >= 8, "about half of a label's songs reach its mean"
    assert mislabelled(probabilities, right) == {}


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder of two labels with one of every fault, two copies, and a copy under the other label."""
    root = tmp_path / "music"
    for label, first in (("a", 0), ("b", 50)):
        (root / label).mkdir(parents=True)
        for i in range(6):
            soundfile.write(root / label / f"{i}.wav", tune(first + i), GTZAN_RATE)
    (root / "a" / "same.wav").write_bytes((root / "a" / "0.wav").read_bytes())
    (root / "b" / "other label.wav").write_bytes((root / "a" / "1.wav").read_bytes())
    encode(root / "a" / "copy.mp3", tune(2)[GTZAN_RATE:, None] * 0.4, GTZAN_RATE, "libmp3lame")
    (root / "a" / "broken.mp3").write_bytes(b"no music")
    (root / "b" / "empty.wav").write_bytes(b"")
    cut = (root / "b" / "0.wav").read_bytes()
    (root / "b" / "cut.wav").write_bytes(cut[: len(cut) * 2 // 3])
    soundfile.write(root / "b" / "silent.wav", np.zeros(GTZAN_RATE * 10), GTZAN_RATE)
    soundfile.write(root / "a" / "mostly silent.wav", np.pad(tune(70, 4), (0, GTZAN_RATE * 8)), GTZAN_RATE)
    soundfile.write(root / "a" / "short.wav", tone(2.0), GTZAN_RATE)
    soundfile.write(root / "b" / "clipped.wav", np.clip(9 * tune(71), -1, 1), GTZAN_RATE)
    return root


def test_everything_planted_is_found_and_nothing_else(music: Path, tmp_path: Path) -> None:
    result = audit(f"folder:{music}", out=tmp_path / "audit", suspects=False)
    found = {(finding.kind, finding.songs) for finding in result.findings}
    assert found == {
        ("duplicate", ("a/0.wav", "a/same.wav")),
        ("duplicate", ("a/1.wav", "b/other label.wav")),
        ("near-duplicate", ("a/2.wav", "a/copy.mp3")),
        ("near-duplicate", ("b/0.wav", "b/cut.wav")),
        ("corrupt", ("a/broken.mp3",)),
        ("corrupt", ("b/cut.wav",)),
        ("corrupt", ("b/empty.wav",)),
        ("silent", ("a/mostly silent.wav",)),
        ("silent", ("b/silent.wav",)),
        ("short", ("a/short.wav",)),
        ("clipped", ("b/clipped.wav",)),
    }
    assert [finding.songs[0] for finding in result.findings if finding.conflict] == ["a/1.wav"]
    expected = {"a/same.wav", "a/1.wav", "b/other label.wav", "a/copy.mp3", "b/cut.wav", "a/broken.mp3", "b/empty.wav"}
    expected |= {"a/mostly silent.wav", "b/silent.wav", "a/short.wav"}
    assert set(result.leave_out) == read_names(tmp_path / "audit" / "leave-out.txt") == expected
    assert sorted([*result.clean, *expected]) == sorted(str(p.relative_to(music)) for p in music.rglob("*.*"))
    assert json.loads((tmp_path / "audit" / "audit.json").read_text()) == json.loads(json.dumps(result.json()))
    with (tmp_path / "audit" / "audit.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(result.findings)


def test_a_swapped_label_is_suspected_and_only_commented_on(tmp_path: Path) -> None:
    root = tmp_path / "music"
    for label in ("arpeggio", "noise"):
        (root / label).mkdir(parents=True)
        for i in range(6):
            soundfile.write(root / label / f"{i}.wav", song(label, i), GTZAN_RATE)
    (root / "noise" / "5.wav").rename(root / "arpeggio" / "swapped.wav")
    result = audit(f"folder:{root}", out=tmp_path, settings={"columns": 64, "copies": 0})
    assert [(finding.kind, finding.songs) for finding in result.findings] == [("suspect", ("arpeggio/swapped.wav",))]
    assert not result.certain
    assert read_names(tmp_path / "leave-out.txt") == set()
    assert "# arpeggio/swapped.wav  # noise" in (tmp_path / "leave-out.txt").read_text()
    assert main(["audit", f"folder:{root}", "--no-suspects"]) == 0


def test_the_command_says_what_it_found_and_exits_with_1(
    music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", f"folder:{music}", "--no-suspects", "--out", str(tmp_path / "out")]) == 1
    shown = capsys.readouterr()
    assert "a/1.wav = b/other label.wav LABELS DIFFER" in shown.out
    assert "22 songs; 12 are left" in shown.out
    assert "--leave-out" in shown.err
    assert main(["audit", f"folder:{music}", "--no-suspects", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["songs"] == 22


def test_archives_name_known_copies_and_keep_those_in_use(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [
        "metal/metal.00058.wav",
        "rock/rock.00016.wav",
        "pop/pop.00054.wav",
        "pop/pop.00060.wav",
        "pop/pop.00001.wav",
    ]
    archive = tmp_path / "a.npz"
    np.savez(
        archive,
        logmel=rng.integers(0, 256, (5, 128, 387)).astype(np.uint8),
        name=np.array(names),
        genre=np.array([name.split("/")[0] for name in names]),
        split=np.array(["train", "train", "excluded", "train", "valid"]),
    )
    result = audit(f"gtzan-logmel:{archive}", suspects=False)
    assert [finding.songs for finding in result.findings] == [("metal.00058", "rock.00016"), ("pop.00054", "pop.00060")]
    assert result.leave_out == ["metal.00058", "pop.00054", "rock.00016"]
    np.savez(
        archive,
        logmel=rng.integers(0, 256, (4, 64, 128)).astype(np.uint8),
        track_id=np.arange(4),
        genre=np.array(["Rock", "Folk"] * 2),
        split=np.array(["training"] * 4),
        artist_id=np.arange(4),
    )
    assert "labels are not checked" in audit(f"fma-logmel:{archive}").notes[-1]


def test_a_list_is_left_out_of_training_and_evaluation(tmp_path: Path) -> None:
    names = [example.id for example in data.load("synthetic:6").split("train")]
    listed = tmp_path / "list.txt"
    listed.write_text(f"{names[0]}  # a copy\n# {names[1]}  # a suspect\n\n{names[2]}\n")
    left = data.load("synthetic:6", leave_out=listed)
    assert {e.id for e in left.split("train")} == set(names) - {names[0], names[2]}
    assert "2 songs are left out" in left.notes[-1]
    options = {"columns": 32, "copies": 0}
    done = train("genre-linear", data="synthetic:6", out=tmp_path / "m", leave_out=listed, settings=options)
    card = json.loads((done.folder / "card.json").read_text())
    assert card["data"]["train"] == len(names) - 2
    assert any("left out" in note for note in card["data"]["notes"])
    valid = [example.id for example in data.load("synthetic:6").split("valid")]
    listed.write_text(f"{valid[0]}\n")
    assert evaluate(done.folder, data="synthetic:6", leave_out=listed, baselines=False).n == len(valid) - 1
    listed.write_text("something else\n")
    with pytest.raises(DataError, match="none of its 1 names"):
        data.load("synthetic:6", leave_out=listed)
    with pytest.raises(DataError, match="not a list of names"):
        data.load("synthetic:6", leave_out=tmp_path)


def test_the_real_archive_holds_ten_identical_pairs(real_data: Path) -> None:
    result = audit(f"gtzan-logmel:{real_data / 'gtzan' / 'gtzan_logmel.npz'}", suspects=False)
    exact = [finding for finding in result.findings if finding.kind == "duplicate"]
    assert len(exact) == 10
    assert [finding.songs for finding in exact if finding.conflict] == [("metal.00058", "rock.00016")]
    assert len(result.findings) - 10 >= 30
