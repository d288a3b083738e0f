"""evaluate: measure a model on a data set, with intervals, baselines and other classifiers beside it.

`repeat` measures a training instead of a checkpoint: the same one with several seeds or over folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from partita import data as datasets
from partita.checkpoint import add_metrics, identity, load, own_folder, read_card, trained_on
from partita.composing.training_set import index_for
from partita.data import Dataset
from partita.errors import CheckpointError, UsageError
from partita.evaluation import (
    Compared,
    Evaluation,
    compare_with,
    measure_beside,
    measure_classifier,
    read_predictions,
)
from partita.evaluation.creations import findings
from partita.ledger import TestUses, count_test_use
from partita.likelihood import Likelihood, NoteLikelihood, measure_likelihood, measure_notes
from partita.likeness import Resemblance, SampleTest
from partita.models import MODELS
from partita.models.base import Model, choose_device
from partita.models.classifier import Classifier
from partita.models.composer import Composer
from partita.models.generator import Generator
from partita.models.rolls import RollModel
from partita.repeats import Repeats, repeat_folds, repeat_seeds
from partita.sampling import Sampling
from partita.settings import Plan
from partita.sound_likeness import SoundLikeness, measure_sounds
from partita.stress import stress as stress_test
from partita.training import Progress

SAMPLES = 100
"""Sounds of a generator that are measured unless a number is given."""


def evaluate(
    model: str | Path,
    *,
    data: str,
    split: str = "valid",
    test: bool = False,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    leave_out: str | Path | None = None,
    seed: int = 0,
    baselines: bool = True,
    gap: bool = True,
    compare: Sequence[str | Path] | None = None,
    stress: bool = False,
    update_card: bool = False,
    samples: int = 0,
    seconds: float = 30.0,
    temperature: float | None = None,
    sampling_seed: int = 0,
    copies: bool = True,
    out: str | Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Evaluation | Likelihood | NoteLikelihood | Resemblance | SoundLikeness:
    """Measure a shipped model or checkpoint on one split of a data set given as NAME:PATH.

    A classifier gives an `Evaluation`; a model of piano rolls gives a `Likelihood` and knows only `data`, `split`,
    `protocol`, `seed` and `baselines`; a composer gives a `NoteLikelihood` and knows `compare`, too. With
    `samples` it gives a `Resemblance` instead: it writes so many pieces of `seconds` without a prompt, drawn as its
    card says, which are compared with real clips; `out` is a folder to keep them in. A generator gives a
    `SoundLikeness` of `samples` sounds (100 by default) of `seconds`, or as many as it can, at `temperature`; another
    `sampling_seed` takes other sounds and clips of the same split, and to look for `copies` of training recordings
    takes longest.

    The test split is locked, since every look at it makes its number less worth: `test=True` opens it and counts the
    look; a public benchmark's stands open. `genres` keeps these labels alone,
    `balance` evens out the training part. `baselines` fits `genre-linear` to the same training part and measures it on
    the same songs. `gap` also measures the training part if the checkpoint
    was trained on it. `compare` names other checkpoints, or .csv files of predictions, to pair song by song;
    `stress` classifies every song again after changes that leave its genre as it was; `leave_out` is a file that lists
    songs which take no part, as `audit` writes it; `update_card` writes the numbers into the card of one's own folder.
    Raises `UsageError` where the split is locked, the labels differ, or the card is a shipped one.
    """
    _check_lock(split, test or datasets.test_is_open(data))
    if update_card:
        own_folder(model)
    loaded = load(model, choose_device(device))
    if isinstance(loaded, RollModel):
        rolls = datasets.load(data, protocol, seed)
        return measure_likelihood(loaded, identity(model), rolls, split, baselines=baselines, progress=progress)
    if isinstance(loaded, Generator):
        sounds = datasets.load(data, protocol, seed, genres=genres)
        found = measure_sounds(
            loaded,
            identity(model),
            sounds,
            split,
            samples=samples or SAMPLES,
            seconds=min(seconds, loaded.most_seconds),
            sampling=Sampling.of(read_card(model).get("sampling", {}), temperature=temperature),
            seed=sampling_seed,
            copies=copies,
            progress=progress,
        )
        if split == "test":
            found.notes.append(_counted(model, sounds).words())
        if update_card:
            add_metrics(
                model, split if trained_on(model, sounds.digest("train")) else f"{split} of {sounds.name}", found.json()
            )
        return found
    if samples or isinstance(loaded, Composer):
        pieces = datasets.load(data, protocol, seed)
        composer, name = _composing(model, loaded), identity(model)
        sampling = Sampling.of(read_card(model).get("sampling", {}))
        known: NoteLikelihood | Resemblance
        if samples:
            index = index_for(model, pieces)
            drawn = SampleTest(composer, name, pieces, split, samples=samples, seconds=seconds, seed=seed, index=index)
            known = drawn.run(sampling, Path(out) if out else None, progress)
        else:
            others = [(identity(each), _composing(each, load(each, choose_device(device)))) for each in compare or ()]
            known = measure_notes(composer, name, pieces, split, baselines=baselines, others=others, progress=progress)
            part = pieces if baselines else replace(pieces, splits={split: pieces.split(split)})
            known.findings.update(findings(composer, part, split, sampling=sampling, others=others, seed=seed))
        if split == "test":
            known.notes.append(_counted(model, pieces).words())
        return known
    network = _classifying(model, loaded)
    dataset = datasets.load(data, protocol, seed, genres=genres, balance=balance, leave_out=leave_out)
    own = trained_on(model, dataset.digest("train"))
    result = measure_classifier(
        network,
        identity(model),
        dataset,
        split,
        baselines=baselines,
        gap=gap and own,
        seed=seed,
        progress=progress,
    )
    comparisons = [_compared(other, result, dataset, device, progress) for other in compare or ()]
    stressed = stress_test(network, dataset.split(split), progress) if stress else []
    result = replace(
        result,
        stress=stressed,
        comparisons=comparisons,
        test_uses=_counted(model, dataset) if split == "test" else None,
    )
    if update_card:
        add_metrics(model, split if own else f"{split} of {dataset.name}", result.json())
    return result


def repeat(
    model: str | Path,
    *,
    data: str,
    seeds: int = 0,
    folds: int = 0,
    out: str | Path | None = None,
    split: str = "valid",
    test: bool = False,
    protocol: str | None = None,
    genres: Sequence[str] | None = None,
    balance: bool = False,
    leave_out: str | Path | None = None,
    seed: int = 0,
    settings: Mapping[str, str | int | float] | None = None,
    baselines: bool = True,
    gap: bool = True,
    device: str = "auto",
    progress: Progress | None = None,
) -> Repeats:
    """Train anew several times and give the mean and spread: with `seeds` seeds, or over `folds` of the training part.

    `model` is a registered model, or a checkpoint whose model, config and recipe are taken; `settings` change them by
    name. Seeds count up from `seed`, and each run is measured on `split`; folds are measured on themselves. Each run is
    kept as a checkpoint in a folder under `out`, and the same call goes on where it was stopped. The rest is as in
    `evaluate`.
    Raises `UsageError` unless either `seeds` or `folds` is 2 or more and `out` is given.
    """
    if (seeds > 0) == (folds > 0) or max(seeds, folds) < 2:
        raise UsageError("give either --seeds or --folds, with 2 or more: one run has no spread")
    if out is None:
        raise UsageError("--seeds and --folds keep the checkpoint of each run; name their folder with --out DIR")
    if folds and split != "valid":
        raise UsageError("folds are measured on themselves, inside the training part; leave --split out")
    _check_lock(split, test)
    if str(model) not in MODELS:
        read_card(model)  # a wrong name is said before the data is read
    dataset = datasets.load(data, protocol, seed, genres=genres, balance=balance, leave_out=leave_out)
    plan = Plan.of(model, dataset.labels, settings)
    options = {"baselines": baselines, "gap": gap, "device": device, "progress": progress}
    if folds:
        return repeat_folds(plan, dataset, folds, seed, Path(out), **options)
    return repeat_seeds(plan, dataset, split, range(seed, seed + seeds), Path(out), **options)


def _check_lock(split: str, test: bool) -> None:
    if split == "test" and not test:
        raise UsageError("the test split is locked; choose models on valid and add --test for the final number alone")


def _classifying(name: str | Path, network: Model) -> Classifier:
    if not isinstance(network, Classifier):
        raise CheckpointError(f"{name}: is a {network.name}, which does not classify")
    return network


def _composing(name: str | Path, network: Model) -> Composer:
    if not isinstance(network, Composer):
        raise CheckpointError(f"{name}: is a {network.name}, which does not compose")
    return network


def _counted(name: str | Path, dataset: Dataset) -> TestUses:
    digest = str(read_card(name).get("sha256", ""))
    return count_test_use(digest, dataset.digest("test"), model=identity(name), data=dataset.name)


def _compared(
    other: str | Path, result: Evaluation, dataset: Dataset, device: str, progress: Progress | None
) -> Compared:
    these = {song["id"]: (song["truth"], song["predicted"]) for song in result.songs}
    if Path(other).suffix.lower() == ".csv":
        return compare_with(Path(other).name, these, read_predictions(other))
    answers = measure_beside(_classifying(other, load(other, choose_device(device))), dataset, result.split, progress)
    if result.split == "test":
        _counted(other, dataset)
    return compare_with(identity(other), these, answers)
