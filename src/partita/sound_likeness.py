"""How like real sound a generator's sounds are, how varied, whether they are of their class, and whether copied.

    generator --draw--> sounds --compare--> figures beside those of real sound (the ceiling) and of noise (the floor)

Sets of equal size are compared: what was made, real clips of the training part, and noise, each with the same held-out
clips of as many seconds, as many of every class. Every sound is asked for in the class and at the tempo of a training
clip. Distances are between embeddings that come with the package, each cut to its first principal components on
training clips; they compare to no published ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from partita.audio import AudioFile, Excerpt
from partita.data import Dataset
from partita.errors import UsageError
from partita.evaluation import prepare_all
from partita.example import Example
from partita.features import Array, stft
from partita.generation import Generated, generate_sound, wanted_magnitude
from partita.metrics import audio as metrics
from partita.models.generator import Generator, Request
from partita.models.layers import SummaryDecision
from partita.sampling import Sampling
from partita.sound_embeddings import Listener, over_hiss, statistics
from partita.tags import read_tags
from partita.training import Progress

PEAK = 10 ** (-1 / 20)
"""Clips are as loud as generated sounds are."""
COMPONENTS = 16
"""Principal components that distances are taken of; more than clips would only add to the bias."""
JUDGED_BY = 2
"""The judge of classes learns from so many sets of clips as are compared; each is compared, too, since one may be
half as far from held-out clips as another."""
RUN = 16
"""Tokens in a row that count as copied if they come in training."""
STILL = 3
"""A run of tokens with no more different ones than these is silence or a hum, which nobody owns."""
USUAL_BPM = 100.0


class Clip(NamedTuple):
    """A sound (n,), its class, and its tempo in beats a minute."""

    samples: Array
    label: str
    bpm: float


class Distance(NamedTuple):
    """Distances to held-out clips: of what was made, of real training clips (the mean of two sets), of noise.

    `bound` is the range that 95 % of the distances between random halves of the held-out clips are in.
    """

    made: float
    real: float
    noise: float
    bound: metrics.Spread


@dataclass(frozen=True)
class SoundLikeness:
    """What was found of so many sounds; figures of real sound are of held-out clips unless they say otherwise.

    `distances` has "frechet" and "kernel" for each embedding. `periodicity` and `novelty` are means of made ("made")
    and of real sounds ("real"), `agreement` the shares that a judge, fitted to training clips, finds in their class.
    `distinct` is the share of sounds unlike all others, `pairwise` how unlike one another they are, 1 being real.
    `copied` counts sounds of which two seconds are a copy of a training recording, `nearest` is the greatest
    correlation. `token_copies` is the share of runs of 16 tokens that come in training; None of a model without tokens.
    `inversion` says in dB how far made sounds are from the spectrogram that was drawn. `speed` is seconds made a second
    of processor time.
    """

    model: str
    samples: int
    seconds: float
    sampling: dict[str, float]
    protocol: str
    distances: dict[str, dict[str, Distance]]
    periodicity: dict[str, float]
    novelty: dict[str, float]
    agreement: dict[str, float]
    distinct: float
    pairwise: float
    copied: dict[str, int]
    nearest: dict[str, float]
    token_copies: dict[str, float] | None
    inversion: dict[str, float]
    faults: list[str]
    speed: float
    notes: list[str] = field(default_factory=list)

    def ratio(self, embedding: str, distance: str = "frechet") -> float:
        """A distance over that of real to real."""
        found = self.distances[embedding][distance]
        return found.made / max(found.real, 1e-9)

    @property
    def pairs(self) -> dict[str, Mapping[str, float]]:
        """What was measured of "made" and "real" sounds alike, by the field's name."""
        names = ("periodicity", "novelty", "agreement", "copied", "nearest", "token_copies")
        return {name: pair for name in names if (pair := getattr(self, name))}

    def json(self) -> dict[str, Any]:
        """JSON-ready values."""
        distances = {
            embedding: {name: {**found._asdict(), "bound": found.bound._asdict()} for name, found in kinds.items()}
            for embedding, kinds in self.distances.items()
        }
        return {**asdict(self), "distances": distances}


def measure_sounds(
    model: Generator,
    name: str,
    dataset: Dataset,
    split: str,
    *,
    samples: int,
    seconds: float,
    sampling: Sampling,
    seed: int = 0,
    copies: bool = True,
    progress: Progress | None = None,
) -> SoundLikeness:
    """Let a generator make `samples` sounds of `seconds` and compare them with clips of a split and of training.

    To look for `copies` takes longest, since all of training is gone through.
    Raises `UsageError` where a class has too few clips of that length, or fewer than two sounds are wanted of each.
    """
    labels, each = model.labels, samples // max(1, len(model.labels))
    if each < 2:
        raise UsageError(f"{samples} samples are too few for {len(labels)} classes; give {2 * len(labels)} or more")
    rng = np.random.default_rng(seed)
    held = clips(dataset.split(split), labels, each, seconds, model.rate, rng)
    trained = clips(dataset.split("train"), labels, JUDGED_BY * each, seconds, model.rate, rng)
    sets = [[clip for place, clip in enumerate(trained) if place // each % JUDGED_BY == n] for n in range(JUDGED_BY)]
    like = sets[0]
    begun = process_time()
    made, drawn = make(model, like, seconds, sampling, seed, progress)
    speed = len(made) * seconds / (process_time() - begun)
    noise = [Clip(_levelled(rng.normal(size=len(c.samples)).astype(np.float32)), c.label, c.bpm) for c in held]
    embeddings: dict[str, Callable[[Array], Array]]
    embeddings = {"statistics": statistics, "statistics over hiss": over_hiss, "genre network": Listener()}
    ears = {kind: Ear(embed, trained) for kind, embed in embeddings.items()}
    distances = {kind: _distances(ear, made, sets, noise, held) for kind, ear in ears.items()}
    judge, ear = Judge(trained, labels), ears["statistics"]
    varied, usual = ear.hear(made), ear.hear(held)
    spread = metrics.diversity(usual, 0.0).pairwise
    own = metrics.diversity(varied, 0.1 * spread)
    near = _copies({"made": made, "real": held}, model, dataset, progress) if copies else {}
    return SoundLikeness(
        model=name,
        samples=len(made),
        seconds=seconds,
        sampling=asdict(sampling),
        protocol=f"{len(made)} sounds of {seconds:g} s, {each} of each class, each at the tempo of a training clip; as "
        f"many real clips of the {split} part of {dataset.name} ({dataset.protocol}), and training clips, {JUDGED_BY} "
        "times as many",
        distances=distances,
        periodicity=_means(metrics.periodicity, model.rate, made=made, real=held),
        novelty=_means(metrics.temporal_novelty, model.rate, made=made, real=held),
        agreement={"made": judge.agreement(made), "real": judge.agreement(held)},
        distinct=own.distinct / len(made),
        pairwise=own.pairwise / spread,
        copied={which: sum(value >= metrics.SAME for value in values) for which, values in near.items()},
        nearest={which: max(values, default=0.0) for which, values in near.items()},
        token_copies=_token_copies(model, drawn, dataset, split) if copies else None,
        inversion=_inversion(model, drawn),
        faults=[f"{each.audio.name}: {fault}" for each in drawn for fault in each.faults],
        speed=speed,
    )


def _distances(
    ear: "Ear", made: Sequence[Clip], real: Sequence[Sequence[Clip]], noise: Sequence[Clip], held: Sequence[Clip]
) -> dict[str, Distance]:
    against = ear.hear(held)
    rows = [ear.hear(part) for part in (made, noise, *real)]
    found = {}
    for name, distance in (("frechet", metrics.frechet_distance), ("kernel", metrics.kernel_distance)):
        own, worst, *usual = [distance(part, against) for part in rows]
        found[name] = Distance(own, float(np.mean(usual)), worst, metrics.halves(distance, against))
    return found


def clips(
    examples: Sequence[Example], labels: Sequence[str], each: int, seconds: float, rate: int, rng: np.random.Generator
) -> list[Clip]:
    """`each` clips of every class, class after class, from its recordings in turn, at a random place of each.

    Their order is random: in a table those of one player follow each other.

    Raises `UsageError` where a class has no recording of that length.
    """
    found: list[Clip] = []
    size = round(seconds * rate)
    for label in labels:
        own = [example for example in examples if example.label == label]
        own = [own[place] for place in rng.permutation(len(own))]
        taken: list[Clip] = []
        for turn in range(4 * each):
            if len(taken) == each or not own:
                break
            example = own[turn % len(own)]
            part = _excerpt(example, seconds, rate, rng)[:size]
            if len(part) == size and float(np.abs(part).max()) > 1e-3:
                taken.append(Clip(_levelled(part), label, _tempo(example)))
        if len(taken) < each:
            raise UsageError(
                f"{label}: {len(taken)} clips of {seconds:g} s, {each} are wanted; ask for fewer or shorter"
            )
        found += taken
    return found


def make(
    model: Generator,
    like: Sequence[Clip],
    seconds: float,
    sampling: Sampling,
    seed: int,
    progress: Progress | None = None,
) -> tuple[list[Clip], list[Generated]]:
    """A sound of the class and tempo of each clip, sound i from `seed` + i alone, all exactly `seconds` long."""
    made, drawn, size = [], [], round(seconds * model.rate)
    for number, clip in enumerate(like):
        request = Request(clip.label, seconds, clip.bpm, sampling=sampling)
        sound = generate_sound(model, request, seed + number, f"{clip.label}-{seed + number}")
        samples = sound.audio.samples[0][:size]
        made.append(Clip(np.pad(samples, (0, size - len(samples))), clip.label, clip.bpm))
        drawn.append(sound)
        if progress:
            progress(number + 1, len(like), f"{model.name} makes sounds")
    return made, drawn


class Ear:
    """An embedding, standardised and cut to its first principal components on training clips."""

    def __init__(self, embed: Callable[[Array], Array], trained: Sequence[Clip]) -> None:
        self.embed = embed
        rows = np.stack([embed(clip.samples) for clip in trained])
        self.mean, self.deviation = rows.mean(0), rows.std(0) + 1e-6
        self.axes = np.linalg.svd((rows - self.mean) / self.deviation, full_matrices=False)[2][:COMPONENTS].T

    def hear(self, sounds: Sequence[Clip]) -> NDArray[np.float64]:
        """Embeddings (n, 16)."""
        rows = np.stack([self.embed(clip.samples) for clip in sounds])
        return np.asarray((rows - self.mean) / self.deviation @ self.axes, np.float64)


class Judge:
    """A linear decision on `statistics`, fitted to training clips; it hears nothing that a generator learnt by."""

    def __init__(self, trained: Sequence[Clip], labels: Sequence[str]) -> None:
        self.labels = list(labels)
        self.decision = SummaryDecision(len(labels))
        rows = [statistics(clip.samples)[None] for clip in trained]
        self.decision.fit(rows, [self.labels.index(clip.label) for clip in trained], 0.02)

    def agreement(self, sounds: Sequence[Clip]) -> float:
        """The share of sounds that are found in their class."""
        rows = torch.from_numpy(np.stack([statistics(clip.samples) for clip in sounds]))
        truth = torch.tensor([self.labels.index(clip.label) for clip in sounds])
        return float((self.decision(rows).argmax(1) == truth).float().mean())


def _samples(example: Example, rate: int) -> Array:
    return np.concatenate([*example.recording.blocks(rate)])  # type: ignore[union-attr]


def _excerpt(example: Example, seconds: float, rate: int, rng: np.random.Generator) -> Array:
    """Some `seconds` of a recording, and a little more, from a random place of it."""
    recording = example.recording
    if not isinstance(recording, AudioFile):
        samples = _samples(example, rate)
        return samples[int(rng.integers(0, max(1, len(samples) - round(seconds * rate)))) :]
    start = rng.uniform(0, max(0.0, (recording.info().seconds or 0.0) - seconds - 0.1))
    return np.concatenate([*Excerpt(recording, start, seconds + 0.1).blocks(rate)])


def _tempo(example: Example) -> float:
    recording = example.recording
    said = read_tags(recording.path).get("bpm", "") if isinstance(recording, AudioFile) else ""
    try:
        return float(said)
    except ValueError:
        return USUAL_BPM


def _levelled(samples: Array) -> Array:
    return np.asarray(samples * (PEAK / max(float(np.abs(samples).max()), 1e-9)), np.float32)


def _means(measure: Callable[[Array, int], float], rate: int, **sets: Sequence[Clip]) -> dict[str, float]:
    return {name: float(np.mean([measure(clip.samples, rate) for clip in part])) for name, part in sets.items()}


def _copies(
    sets: Mapping[str, Sequence[Clip]], model: Generator, dataset: Dataset, progress: Progress | None
) -> dict[str, list[float]]:
    """How like the nearest two seconds of training the likest two seconds of each sound are, set by set."""

    def training() -> Iterator[tuple[str, Array]]:
        examples = dataset.split("train")
        for number, example in enumerate(examples):
            yield example.id, _samples(example, model.rate)
            if progress:
                progress(number + 1, len(examples), "looking for copies")

    sounds = [(which, clip.samples) for which, part in sets.items() for clip in part]
    found = metrics.nearest_copies([samples for _, samples in sounds], model.rate, training())
    nearest: dict[str, list[float]] = {which: [] for which in sets}
    for (which, _), copy in zip(sounds, found, strict=True):
        nearest[which] += [copy.correlation] if copy else []
    return nearest


def _token_copies(
    model: Generator, drawn: Sequence[Generated], dataset: Dataset, split: str
) -> dict[str, float] | None:
    """The share of runs of tokens that come in training, of what was drawn and of held-out recordings."""
    own = [each.drawn.tokens for each in drawn]
    if any(tokens is None for tokens in own):
        return None
    known = {run for tokens in _tokens(model, dataset, "train") for run in _runs(tokens)}
    shares = {}
    for name, part in (("made", own), ("real", _tokens(model, dataset, split))):
        runs = [run for tokens in part if tokens is not None for run in _runs(tokens)]
        shares[name] = sum(run in known for run in runs) / max(1, len(runs))
    return shares


def _tokens(model: Generator, dataset: Dataset, split: str) -> list[NDArray[np.int64]]:
    found = [model.tokens(item) for item in prepare_all(model, dataset.split(split)).items]
    return [tokens for tokens in found if tokens is not None]


def _runs(tokens: NDArray[np.int64]) -> Iterator[bytes]:
    """Every run of 16 tokens that does not stand still."""
    for begin in range(len(tokens) - RUN + 1):
        run = tokens[begin : begin + RUN]
        if len(np.unique(run)) > STILL:
            yield run.astype(np.int32).tobytes()


def _inversion(model: Generator, drawn: Sequence[Generated]) -> dict[str, float]:
    """How far the sounds' magnitudes are from those drawn, each at the level that suits it best."""
    errors = []
    for each in drawn:
        samples = each.audio.samples[0]
        wanted = wanted_magnitude(model, each.drawn)
        heard = np.abs(stft(samples, model.fft, model.hop))[:, : wanted.shape[1]]
        wanted = wanted[:, : heard.shape[1]]
        gain = float((heard * wanted).sum() / max(float((heard**2).sum()), 1e-12))
        errors.append(
            (metrics.spectral_convergence(heard * gain, wanted), metrics.log_spectral_distance(heard * gain, wanted))
        )
    convergence, distance = np.mean(errors, axis=0)
    return {"spectral convergence": float(convergence), "log-spectral distance": float(distance)}
