"""`Dataset`: examples, named splits that no group crosses, and the protocol in words."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from partita.errors import DataError, unknown
from partita.example import Example, neighbour_folds

SPLITS = ("train", "valid", "test")
FRACTIONS = {"train": 0.7, "valid": 0.15, "test": 0.15}


@dataclass(frozen=True, eq=False)
class Dataset:
    """A loaded data set.

    `splits` maps "train", "valid", "test" to examples; what is in no split (left out on purpose) is named in `notes`.
    `protocol` says in words how the splits came about and `leaks` what they leak, if anything (None: nothing known).
    Raises `DataError` if a group is on both sides of a split. Only where `groups_cross` is asked for by name may it be,
    to measure what that is worth: it needs `leaks`, and `protocol` then ends with it, so that every card says so.
    """

    name: str
    splits: Mapping[str, Sequence[Example]]
    protocol: str
    leaks: str | None = None
    notes: Sequence[str] = field(default=())
    groups_cross: bool = False

    def __post_init__(self) -> None:
        if self.groups_cross:
            if not self.leaks:
                raise DataError(f"{self.name}: a split that groups may cross must say what it leaks")
            if self.leaks not in self.protocol:
                object.__setattr__(self, "protocol", f"{self.protocol}; leaky on purpose: {self.leaks}")
            return
        side: dict[str, str] = {}
        for split, examples in self.splits.items():
            for example in examples:
                if side.setdefault(example.group, split) != split:
                    raise DataError(
                        f"{self.name}: group {example.group!r} is in {side[example.group]} and in {split}; "
                        "all examples of one song or artist belong on one side"
                    )

    @property
    def examples(self) -> list[Example]:
        """All examples that are in a split."""
        return [example for examples in self.splits.values() for example in examples]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in alphabetical order, which is GTZAN's own order; none where examples have none."""
        return tuple(sorted({example.label for example in self.examples} - {""}))

    def split(self, name: str) -> Sequence[Example]:
        """The examples of one split.

        Raises `UsageError` for a name that the data set has not, `DataError` for an empty split.
        """
        if name not in self.splits:
            raise unknown(f"split of {self.name}", name, sorted(self.splits))
        if not self.splits[name]:
            full = ", ".join(f"{len(part)} in {other}" for other, part in self.splits.items() if part)
            raise DataError(f"{self.name}: there are no songs in the {name} split ({full or 'none at all'})")
        return self.splits[name]

    def digest(self, split: str) -> str:
        """A digest of the songs of a split by name and label: another choice of songs gives another."""
        names = sorted(f"{example.id}\t{example.label}" for example in self.splits.get(split, ()))
        return hashlib.sha256("\n".join(names).encode(errors="surrogateescape")).hexdigest()

    def only(self, genres: Sequence[str]) -> "Dataset":
        """The examples of these labels alone.

        Raises `UsageError` for a label that the data set has not.
        """
        for genre in genres:
            if genre not in self.labels:
                raise unknown(f"label of {self.name}", genre, list(self.labels))
        kept = {name: [e for e in examples if e.label in genres] for name, examples in self.splits.items()}
        return replace(self, splits=kept, notes=[*self.notes, f"only {', '.join(sorted(set(genres)))}"])

    def without(self, names: Collection[str], source: str) -> "Dataset":
        """The examples but those named; `source` says in the notes where the names come from.

        Raises `DataError` where none of the names is in the data set: it is then a list of something else.
        """
        kept = {name: [e for e in examples if e.id not in names] for name, examples in self.splits.items()}
        gone = len(self.examples) - sum(map(len, kept.values()))
        if names and not gone:
            raise DataError(f"{source}: none of its {len(names)} names is in {self.name}")
        return replace(
            self, splits=kept, notes=[*self.notes, f"{gone} songs are left out, as {Path(source).name} says"]
        )

    def balanced(self, seed: int = 0) -> "Dataset":
        """As many training examples of every label as the rarest has, drawn from `seed`; other parts stay whole."""
        train = self.splits.get("train", ())
        least = min(Counter(example.label for example in train).values(), default=0)
        drawn = shuffled((example.id for example in train), seed)
        taken: Counter[str] = Counter()
        kept = set()
        labels = {example.id: example.label for example in train}
        for name in drawn:
            taken[labels[name]] += 1
            if taken[labels[name]] <= least:
                kept.add(name)
        note = f"training part evened out to {least} of each label: {len(kept)} of {len(train)} are used"
        splits = {**self.splits, "train": [example for example in train if example.id in kept]}
        return replace(self, splits=splits, notes=[*self.notes, note])

    def describe(self) -> str:
        """One line: sizes, labels, protocol."""
        sizes = ", ".join(f"{len(examples)} {name}" for name, examples in self.splits.items() if examples)
        labels = f"; {len(self.labels)} labels" if self.labels else ""
        return f"{self.name}: {sizes}{labels}. {self.protocol}"


def shuffled(items: Iterable[str], seed: int) -> list[str]:
    """Order by a hash of (seed, item): the same on every machine, and stable when items are added."""

    def key(item: str) -> bytes:
        return hashlib.blake2b(f"{seed}:{item}".encode(), digest_size=8).digest()

    return sorted(items, key=key)


def split_by_group(
    examples: Sequence[Example], seed: int = 0, fractions: Mapping[str, float] | None = None, stratify: bool = True
) -> dict[str, list[Example]]:
    """Divide examples so that every group is whole on one side, labels in equal shares where `stratify`.

    Groups go, in an order drawn from `seed`, each to the split that is furthest below its share.
    """
    fractions = FRACTIONS if fractions is None else fractions
    members: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        members[example.group].append(example)
    strata: dict[str, list[str]] = defaultdict(list)
    for group, items in members.items():
        counts = Counter(item.label for item in items)
        label = min(counts, key=lambda name: (-counts[name], name))
        strata[label if stratify else ""].append(group)
    result: dict[str, list[Example]] = {name: [] for name in fractions}
    for label in sorted(strata):
        count, placed = dict.fromkeys(fractions, 0), 0
        for group in shuffled(strata[label], seed):
            placed += len(members[group])
            target = max(fractions, key=lambda name: fractions[name] * placed - count[name])
            count[target] += len(members[group])
            result[target].extend(members[group])
    return {name: sorted(items, key=lambda item: item.id) for name, items in result.items()}


def folds_by_group(examples: Sequence[Example], folds: int) -> list[list[Example]]:
    """Divide examples into parts of neighbours by name, as `neighbour_folds` does."""
    ordered = sorted(examples, key=lambda example: (example.label, example.id))
    labels, groups = [example.label for example in ordered], [example.group for example in ordered]
    return [[ordered[place] for place in part] for part in neighbour_folds(labels, groups, folds)]


def inside(root: Path, name: str) -> Path:
    """The file of a name that a table gives, which lies in the table's folder.

    Raises `DataError` for a name that leads out of it: a table may come from anywhere.
    """
    path = Path(os.path.normpath(root / name))
    if not path.is_relative_to(os.path.normpath(root)):
        raise DataError(f"{name}: lies outside {root}, whose table names it")
    return path
