"""transfer: content, style and result as sounds that can be heard side by side, with what was measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from partita.audio import Audio
from partita.studio.work.base import Work
from partita.studio.work.classify import overview
from partita.tasks.transfer import transfer
from partita.transfers.library import recordings
from partita.transfers.stems import middle

STYLE_SECONDS = 30.0
"""The middle of the style recording that can be listened to."""


def run(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    """Transfer, and write content and result in one form, so that they can be mixed sample by sample."""
    work.progress(0, 0, "listening to both")
    made = transfer(**work.arguments, progress=work.progress)
    donor, several = work.names["to"], recordings(work.arguments["to"])
    if several:
        donor = f"{donor}, {Path(made.donor).name}"
    values = {**made.json(), "donor": donor, "donors": list(several)}
    stamp = {"encodedby": f"partita transfer, {made.method}, style of {donor}"}
    sounds = {"content": made.content, "style": middle(made.style, STYLE_SECONDS), "result": made.audio}
    work.tell(progress=[0, 0, "writing"])
    for name, audio in sounds.items():
        values[name] = _written(audio, work.folder / f"{name}.flac", stamp if name == "result" else {})
    made.audio.write(work.folder / "result.wav", stamp)
    return values, {"donor": donor, "seconds": made.audio.seconds}


def _written(audio: Audio, path: Path, tags: dict[str, str]) -> dict[str, Any]:
    """Write a sound, and give what the page draws of it."""
    replace(audio, samples=audio.samples[:2]).write(path, tags)
    peaks = overview(path, audio.seconds)[1]
    return {"file": path.name, "seconds": audio.seconds, "peaks": peaks}
