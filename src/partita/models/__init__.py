"""The registry of models: names to classes, imported only when asked for.

Listing names imports no torch. Adding a model takes its file and a line in `MODELS`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from partita.errors import unknown

if TYPE_CHECKING:
    from partita.models.base import Model


class Entry(NamedTuple):
    """Where a model lives and what it is, in one line."""

    target: str
    summary: str


MODELS = {
    "genre-cnn": Entry("genre_cnn:GenreCNN", "genre by a small convolutional network on log-mel; the default"),
    "genre-cnn-fma": Entry("genre_cnn_fma:GenreCNNFMA", "genre by networks over statistics of timbre, for FMA"),
    "genre-linear": Entry(
        "genre_linear:GenreLinear", "genre by summary statistics and a linear decision; the baseline"
    ),
    "aaa-lstm": Entry("aaa_lstm:AAALSTM", "the next row of a squeezed piano roll by two LSTMs (report AAA)"),
    "aaa-lstm-notes": Entry("aaa_lstm_notes:AAALSTMNotes", "continues piano pieces by LSTMs: report AAA's, corrected"),
    "aaa-vae": Entry("aaa_vae:AAAVAE", "whole pieces as pictures by a variational autoencoder (report AAA)"),
    "aaa-vae-notes": Entry("aaa_vae_notes:AAAVAENotes", "new and varied piano pieces: report AAA's, corrected"),
    "bach": Entry("bach:Bach", "genre of 0.3 s of raw samples by convolutions (report P66)"),
    "beethoven": Entry("beethoven:Beethoven", "genre of 0.3 s of raw samples by LSTMs (report P66)"),
    "chord-transformer": Entry(
        "chord_transformer:ChordTransformer", "the next chord of a piano roll, whole, with its exact likelihood"
    ),
    "markov": Entry("markov:Markov", "piano music by counts of what followed what; the baseline of composers"),
    "note-transformer": Entry(
        "note_transformer:NoteTransformer", "expressive piano: continues, invents and fills in, one note at a time"
    ),
    "beat-transformer": Entry(
        "beat_transformer:BeatTransformer", "loops of a class at any tempo, drawn token by token"
    ),
    "spectrogram-lstm": Entry(
        "spectrogram_lstm:SpectrogramLSTM", "five seconds of sound out of one frame of it (report Lil Data)"
    ),
    "spectrogram-lstm-mixture": Entry(
        "spectrogram_lstm_mixture:SpectrogramLSTMMixture", "loops patch by patch by LSTMs: report Lil Data's, corrected"
    ),
    "loop-gan": Entry(
        "loop_gan:LoopGAN", "bars of a class by a stable adversarial network: report FstMuse's, corrected"
    ),
    "dilated-cnn": Entry("dilated_cnn:DilatedCNN", "genre of 3 s of raw samples by dilated convolutions (report)"),
    "softmax": Entry("softmax:Softmax", "genre of a 5 s spectrogram picture by one dense layer (report Lil Data)"),
    "lildata": Entry("lildata:LilData", "genre of a 5 s spectrogram picture by convolutions (report Lil Data)"),
    "resnet50": Entry("resnet50:ResNet50", "genre of a 5 s spectrogram picture by ResNet-50 (report Lil Data)"),
    "toymodel": Entry("toymodel:ToyModel", "genre of a 30 s clip by three convolutions (report FstMuse)"),
    "toygan": Entry("toygan:ToyGAN", "30 s clips by a generative adversarial network (report FstMuse)"),
    "fstmuse": Entry("fstmuse:FstMuse", "genre of a 30 s clip by five convolutions (report FstMuse)"),
}


def model_class(name: str) -> "type[Model]":
    """The class of a registered model.

    Raises `UsageError` for an unknown name.
    """
    if name not in MODELS:
        raise unknown("model", name, list(MODELS))
    module, _, attribute = MODELS[name].target.partition(":")
    found: type[Model] = getattr(import_module(f"partita.models.{module}"), attribute)
    return found
