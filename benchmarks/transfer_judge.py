"""Train the judge of transfers on its clips and measure it on others.

    PARTITA_DATA=DIR python benchmarks/transfer_judge.py

Writes src/partita/transfers/judge.safetensors and prints how many of the contents' and donors' clips it recognises,
none of which it was trained on; the ridge and the width of its kernel were chosen by folds of its own clips.
"""

import csv
import os
from dataclasses import replace
from pathlib import Path

from partita.audio import Audio
from partita.metrics.classification import wilson
from partita.transfers import judge

HERE = Path(__file__).parent
OUT = HERE.parent / "src/partita/transfers" / judge.SHIPPED


def main() -> None:
    """Fit, measure, write."""
    with (HERE / "transfer_songs.csv").open(encoding="utf-8") as file:
        part = {row["song"]: row["part"] for row in csv.DictReader(file)}
    clips = {path.stem: path for path in sorted((Path(os.environ["PARTITA_DATA"]) / "gtzan" / "clips").iterdir())}
    heard = {name: judge.listen(Audio.read(path)) for name, path in clips.items() if part[name] != "none"}
    own = {name: (name.split(".")[0], rows) for name, rows in heard.items() if part[name] == "judge"}
    fitted = judge.fit(own)
    right, probability = {}, {}
    for name, rows in heard.items():
        if part[name] in ("content", "donor"):
            scores = fitted.scores(rows)
            label = fitted.labels.index(name.split(".")[0])
            shares = judge.softmax(scores / fitted.temperature)
            right[name], probability[name] = scores.argmax() == label, shares[label]
    low, high = wilson(int(sum(right.values())), len(right))
    replace(fitted, held_out=int(sum(right.values())), heard=len(right)).save(OUT)
    print(f"{len(own)} songs to train on; {sum(right.values())} of {len(right)} others right, {low:.2f} to {high:.2f}")
    print(f"mean probability of the true label {sum(probability.values()) / len(probability):.3f}")
    print(f"temperature {fitted.temperature:.3f}; {OUT.stat().st_size} bytes")
    for genre in fitted.labels:
        names = [name for name in right if name.startswith(genre)]
        print(f"  {genre:<10} {sum(right[name] for name in names)} of {len(names)}")


if __name__ == "__main__":
    main()
