"""Damaged MIDI files: a typed error with a reason, or a reading; never a crash of the process, a hang, or a bomb."""

import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from scores import performance
from test_midi import file

from partita.cli import main
from partita.errors import UnreadableMidiError
from partita.midi import Score

READER = """
import sys, time
from pathlib import Path
from partita.errors import UnreadableMidiError
from partita.midi import Score
slowest = 0.0
for path in sys.argv[1:]:
    begin = time.process_time()
    try:
        score = Score.read(path)
        assert Score.from_bytes(score.to_bytes()) == score, path
        score.sustained()
    except UnreadableMidiError as error:
        assert error.reason and "\\n" not in error.reason, path
    slowest = max(slowest, time.process_time() - begin)
try:  # on Linux, ru_maxrss begins with the peak of the process that started this one, here the whole test run's
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(slowest, peak / 2**20)
"""


def damaged(data: bytes, seed: int) -> bytes:
    """The bytes with some of them flipped, cut off, or put in."""
    rng = random.Random(seed)
    changed = bytearray(data)
    count, kind = rng.choice([1, 2, 5, 20, 100]), rng.random()
    if kind < 0.7:
        for _ in range(count):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    elif kind < 0.85:
        del changed[rng.randrange(len(changed)) :]
    else:
        place = rng.randrange(len(changed))
        changed[place:place] = rng.randbytes(count)
    return bytes(changed)


def read_all(paths: list[Path]) -> tuple[float, float]:
    """Read files in another process, which has to survive; the slowest one's processor seconds and GiB of memory."""
    done = subprocess.run([sys.executable, "-c", READER, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    slowest, memory = map(float, done.stdout.split())
    return slowest, memory


def test_damaged_files_never_take_the_process_with_them(tmp_path: Path) -> None:
    sources = [performance(60, seed).to_bytes() for seed in range(4)]
    sources.append(file("00 c0 05 00 90 3c 50 10 3c 00 00 c0 06 00 90 3c 50 10 3c 00 00 ff 05 03 61 62 63"))
    paths = []
    for seed in range(500):
        paths.append(tmp_path / f"{seed}.mid")
        paths[-1].write_bytes(damaged(sources[seed % len(sources)], seed))
    slowest, memory = read_all(paths)
    assert slowest < 5
    assert memory < 1


def test_real_hostile_files(real_data: Path) -> None:
    slowest, memory = read_all(sorted((real_data / "hostile" / "midi").glob("*.mid")))
    assert slowest < 5
    assert memory < 1


def test_real_files_damaged(real_data: Path, tmp_path: Path) -> None:
    sources = sorted((real_data / "midi").rglob("*.mid"))[::40]
    paths = []
    for seed in range(500):
        paths.append(tmp_path / f"{seed}.mid")
        paths[-1].write_bytes(damaged(sources[seed % len(sources)].read_bytes(), seed))
    slowest, memory = read_all(paths)
    assert slowest < 5
    assert memory < 1


PROGRAMS = "".join(f"00c0{p:02x}00903c40013c00" for p in range(128))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"RIFFxxxxWAVEfmt ", "not a MIDI file"),
        (file()[:10], "not a MIDI file"),
        (file(kind=3), "format 3"),
        (file(division=0), "0 ticks a beat"),
        (file(division=0x8000), "frames a second"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60", "none of the 1 tracks"),
        (file("00 90 3c"), "track 1, from byte 14"),
        (file("00 90 3c 40 ff ff ff 7f 3c 00 ff ff ff 7f 90 3c 40 10 3c 00"), "it may be 0..268435455"),
        (b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"MTrk\0\0\0\0" * 70_000, "70000 tracks"),
        (b"MThd" + bytes(2**25), "files of up to 32 MB"),
        (file("01 b0 40 40" + "01 40 00" * 100_000 + PROGRAMS), "too large for as many changes of program"),
    ],
)
def test_the_reason_is_given(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMidiError, match=reason):
        Score.from_bytes(data, "x.mid")


@pytest.mark.parametrize("length", [0, 3, 11, 2**31, 2**32 - 1])
def test_wrong_chunk_lengths_lose_at_most_their_chunk(length: int) -> None:
    data = file("00 90 3c 50 60 3c 00", "00 91 3e 50 60 3e 00")
    wrong = data[:18] + struct.pack(">I", length) + data[22:]
    try:
        score = Score.from_bytes(wrong)
    except UnreadableMidiError:
        return
    assert score.tracks[-1] == Score.from_bytes(data).tracks[-1]


def test_a_wrong_header_length_is_seen_through() -> None:
    data = file("00 90 3c 50 60 3c 00")
    assert Score.from_bytes(data[:7] + b"\x16" + data[8:]) == Score.from_bytes(data)


def test_info_of_midi(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = performance()
    score.write(tmp_path / "piece.mid")
    assert main(["info", str(tmp_path / "piece.mid")]) == 0
    shown = capsys.readouterr().out
    assert "300 notes in 2 tracks" in shown
    assert "3/4" in shown
    assert "C minor" in shown
    assert "right" in shown
    (tmp_path / "bad.mid").write_bytes(b"MThd but no more")
    assert main(["info", str(tmp_path / "bad.mid")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert main(["info", str(tmp_path / "bad.mid"), str(tmp_path / "piece.mid"), "--json"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("name", ["missing.mid", ""])
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableMidiError):
        Score.read(tmp_path / name)
