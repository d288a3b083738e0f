"""The data set `midi`: what is one work is on one side."""

from pathlib import Path

import pytest
from scores import performance

from partita import data
from partita.data.midi import work
from partita.errors import DataError, UsageError
from partita.midi import Score
from partita.models.genre_linear import GenreLinear, GenreLinearConfig

HEADER = "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"


def write(root: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        performance(20, seed).write(root / name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mozart/mz_331_1.mid", "mozart/mz_331"),
        ("brahms/BR_IM6.MID", "brahms/br_im"),
        ("chopin/chpn_op10_e05.mid", "chopin/chpn_op10"),
        ("chopin/chpn-p24.mid", "chopin/chpn-p"),
        ("chopin/chp_op18.mid", "chopin/chp_op18"),
        ("bach/bach_846.mid", "bach/bach_846"),
        ("schubert/schumm-3.mid", "schubert/schumm"),
        ("liszt/liz_et_trans4.mid", "liszt/liz_et_trans"),
        ("pop/001/001.mid", "pop/001/001"),
        ("a/_1.mid", "a/_1"),
        ("song_1.mid", "song_1"),
    ],
)
def test_the_work_of_a_name(name: str, expected: str) -> None:
    assert work(name) == expected


def test_movements_stay_together_and_the_rest_is_by_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        *(f"{c}/{c}_{n}_{m}.mid" for c in ("haydn", "mozart") for n in (33, 35, 43) for m in (1, 2, 3)),
        "a.mid",
    )
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    Score().write(tmp_path / "empty.midi")
    dataset = data.load(f"midi:{tmp_path}")
    assert len({example.group for example in dataset.examples}) == 7
    assert dataset.labels == ("haydn", "mozart")
    assert sorted(dataset.notes) == ["1 files left out: can't be read", "1 files left out: without notes"]
    assert all(isinstance(example.media, Score) for example in dataset.examples)
    assert dataset.splits["train"]
    assert dataset.splits["valid"]


def test_performances_of_a_title_stay_together(tmp_path: Path) -> None:
    write(tmp_path, "2004/x.midi", "2006/y.midi", "2006/z.midi")
    rows = [
        "Bach,Toccata,train,2004,2004/x.midi,,1",
        "Bach,Toccata,test,2006,2006/y.midi,,1",
        "Liszt,Toccata,train,2006,2006/z.midi,,1",
    ]
    (tmp_path / "maestro-v3.0.0.csv").write_text(HEADER + "\n".join(rows), encoding="utf-8")
    groups = {example.id: (example.group, example.label) for example in data.load(f"midi:{tmp_path}").examples}
    assert groups == {
        "2004/x.midi": ("Bach: Toccata", "Bach"),
        "2006/y.midi": ("Bach: Toccata", "Bach"),
        "2006/z.midi": ("Liszt: Toccata", "Liszt"),
    }
    (tmp_path / "maestro-v3.0.0.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="canonical_title"):
        data.load(f"midi:{tmp_path}")


@pytest.mark.parametrize("path", ["", "/no/such/folder", "."])
def test_what_is_no_folder_of_midi(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="folder"):
        data.load(f"midi:{path}")


def test_the_content_of_a_score_is_its_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a/x.mid", "b/y.mid")
    (tmp_path / "b" / "z.mid").write_bytes((tmp_path / "a" / "x.mid").read_bytes())
    contents = {example.id: example.content for example in data.load(f"midi:{tmp_path}").examples}
    assert contents["a/x.mid"] == contents["b/z.mid"] != contents["b/y.mid"]


def test_a_classifier_of_sound_refuses_a_score(tmp_path: Path) -> None:
    write(tmp_path, "a/x.mid")
    model = GenreLinear(GenreLinearConfig(labels=("a", "b")))
    with pytest.raises(UsageError, match="is a score"):
        model.prepare(data.load(f"midi:{tmp_path}").examples[0])


def test_real_works(real_data: Path) -> None:
    dataset = data.load(f"midi:{real_data / 'midi' / 'classical-piano'}")
    assert len(dataset.examples) == 295
    assert len({example.group for example in dataset.examples}) == 111
    assert min(len(part) for part in dataset.splits.values()) >= 30
