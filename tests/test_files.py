"""Files that appear whole or not at all."""

from pathlib import Path

import pytest

from partita.files import replacing


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "song.wav"
    place.write_text("old")

    def fail() -> None:
        with replacing(place) as partial:
            partial.write_text("ne")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]
    assert place.read_text() == "old"


def test_a_block_that_ends_has_replaced_the_file(tmp_path: Path) -> None:
    place = tmp_path / "song.wav"
    with replacing(place) as partial:
        assert partial.suffix == ".wav"
        partial.write_text("new")
        assert not place.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]
    assert place.read_text() == "new"
