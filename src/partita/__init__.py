"""partita: classify music by genre, and train, evaluate and use such models on your own music.

>>> import partita
>>> partita.classify("song.mp3").genre  # doctest: +SKIP
'jazz'

Names are imported when first used, so that `import partita` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Audio": "partita.audio",
    "AudioFile": "partita.audio",
    "Audit": "partita.tasks.audit",
    "Classification": "partita.tasks.classify",
    "Corpus": "partita.tasks.render",
    "Evaluation": "partita.evaluation",
    "Example": "partita.example",
    "Ladder": "partita.tasks.ladder",
    "Note": "partita.midi",
    "PartitaError": "partita.errors",
    "Score": "partita.midi",
    "Spectrogram": "partita.example",
    "Sounds": "partita.tasks.generate",
    "Track": "partita.midi",
    "audit": "partita.tasks.audit",
    "classify": "partita.tasks.classify",
    "classify_many": "partita.tasks.classify",
    "compose": "partita.tasks.compose",
    "evaluate": "partita.tasks.evaluate",
    "generate": "partita.tasks.generate",
    "ladder": "partita.tasks.ladder",
    "load": "partita.checkpoint",
    "render_corpus": "partita.tasks.render",
    "repeat": "partita.tasks.evaluate",
    "reproduce": "partita.tasks.reproduce",
    "sweep": "partita.tasks.sweep",
    "train": "partita.tasks.train",
    "transfer": "partita.tasks.transfer",
    "tune": "partita.tasks.tune",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604 - names only

if TYPE_CHECKING:
    from partita.audio import Audio as Audio
    from partita.audio import AudioFile as AudioFile
    from partita.checkpoint import load as load
    from partita.errors import PartitaError as PartitaError
    from partita.evaluation import Evaluation as Evaluation
    from partita.example import Example as Example
    from partita.example import Spectrogram as Spectrogram
    from partita.midi import Note as Note
    from partita.midi import Score as Score
    from partita.midi import Track as Track
    from partita.tasks.audit import Audit as Audit
    from partita.tasks.audit import audit as audit
    from partita.tasks.classify import Classification as Classification
    from partita.tasks.classify import classify as classify
    from partita.tasks.classify import classify_many as classify_many
    from partita.tasks.compose import compose as compose
    from partita.tasks.evaluate import evaluate as evaluate
    from partita.tasks.evaluate import repeat as repeat
    from partita.tasks.generate import Sounds as Sounds
    from partita.tasks.generate import generate as generate
    from partita.tasks.ladder import Ladder as Ladder
    from partita.tasks.ladder import ladder as ladder
    from partita.tasks.render import Corpus as Corpus
    from partita.tasks.render import render_corpus as render_corpus
    from partita.tasks.reproduce import reproduce as reproduce
    from partita.tasks.sweep import sweep as sweep
    from partita.tasks.train import train as train
    from partita.tasks.transfer import transfer as transfer
    from partita.tasks.tune import tune as tune


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'partita' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
