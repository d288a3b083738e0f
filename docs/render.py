"""Write what was measured into the documentation: python docs/render.py.

Fills the marked parts of README.md, docs/models.md and docs/polyphonic.md from the cards of the shipped checkpoints,
those of docs/reports.md from what `partita reproduce` measured, and runs the demo for its text and picture. With
`--check` it changes nothing and fails where the figures differ.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from partita import reproduce, score_figures
from partita.checkpoint import read_card, shipped
from partita.claims import REPORTS
from partita.cli.reproduce import measured_lines
from partita.figures import save

ROOT = Path(__file__).resolve().parent.parent
SPLITS = {"gtzan-logmel": "GTZAN, fault-filtered valid", "fma-logmel": "FMA-small, valid cut by artist"}
PUBLISHED = {
    "independent outputs, best": ("8.10 (TCN)", "2.37 (R-Transformer)", "5.99 (GRU)", "7.39 (fast-dropout RNN)"),
    "RNN-NADE": ("5.56", "2.31", "5.60", "7.05"),
    "BALSTM": ("5.05", "1.55", "3.90", "4.90"),
    "DBN-LSTM (likelihood not tractable)": ("3.47", "1.32", "3.91", "4.63"),
}
"""Test figures from papers, in the order of `SETS`; docs/polyphonic.md says from which."""
SETS = ("jsb", "nottingham", "musedata", "piano-midi")


def figures() -> str:
    """The table of shipped checkpoints with their validation figures, each beside the most frequent label."""
    lines = [
        "| model | measured on | accuracy | 95 % interval | n | ECE | parameters |",
        "|---|---|---|---|---|---|---|",
    ]
    cards = classifiers()
    for data, split in SPLITS.items():
        those = {name: card for name, card in cards.items() if card["data"]["name"] == data}
        for name, card in those.items():
            valid = card["metrics"]["valid"]
            lines.append(
                f"| `{name}` | {split} | {valid['accuracy']:.3f} | {_interval(valid)} | {valid['n']} "
                f"| {valid['ece']:.3f} | {card['parameters']:,} |"
            )
        common = valid["baselines"]["majority"]
        lines.append(
            f"| most frequent label | {split} | {common['accuracy']:.3f} | {_interval(common)} | {valid['n']} | | 0 |"
        )
    text = (
        f"Over three random seeds `genre-cnn` reaches {_spread(cards['genre-cnn'])}. It was trained on 442 songs and "
        "chosen on these 197, so expect a few points less on others. No recording, version or artist is on both sides "
        "of this split, so these figures do not compare with the higher ones of splits that leak artists. "
        f"`genre-cnn-fma` reaches {_spread(cards['genre-cnn-fma'])}; there a seed also decides "
        "which artists are held out."
    )
    return "\n".join([*lines, "", text])


def _spread(card: dict[str, Any]) -> str:
    spread = card["spread"]
    seeds = ", ".join(f"{value:.3f}" for value in spread["valid accuracy"])
    return f"{seeds}: mean {spread['mean']:.3f}, standard deviation {spread['standard deviation']:.3f}"


def classifiers() -> dict[str, dict[str, Any]]:
    """The cards of shipped classifiers."""
    cards = {name: read_card(name) for name in shipped()}
    return {name: card for name, card in cards.items() if "calibration" in card}


def polyphonic() -> str:
    """The table of the polyphonic benchmark: ours on the validation parts, published ones on the test parts."""
    cards = {name: read_card(f"chord-transformer-{name}") for name in SETS if f"chord-transformer-{name}" in shipped()}
    valid = {name: card["metrics"]["valid"] for name, card in cards.items()}

    def row(title: str, cells: list[str]) -> str:
        return f"| {title} | {' | '.join(cells)} |"

    lines = [row("nats per step", ["JSB", "Nottingham", "MuseData", "Piano-midi.de"]), "|---|---|---|---|---|"]
    figures = {name: f"**{each['nll_per_step']:.3f}** ({_interval(each)})" for name, each in valid.items()}
    lines.append(row("`chord-transformer`, valid", [figures.get(name, "not shipped") for name in SETS]))
    for baseline in next(iter(valid.values()), {"baselines": ()})["baselines"]:
        values = [f"{valid[name]['baselines'][baseline]:.2f}" if name in valid else "" for name in SETS]
        lines.append(row(f"{baseline}, valid", values))
    lines += [row(f"{title}, test", list(values)) for title, values in PUBLISHED.items()]
    return "\n".join(lines)


def composers() -> str:
    """The table of shipped composers with their bits per note, each beside its baselines on the same pieces."""
    lines = [
        "| model | measured on | bits | 95 % interval | time | pitch | velocity | duration | pedal | below markov |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    fields = ("time", "pitch", "velocity", "duration", "pedal")
    for name, card in ((name, read_card(name)) for name in shipped()):
        for split, metrics in card.get("metrics", {}).items():
            if "bits_per_note" not in metrics or not all(field in metrics["by_field"] for field in fields):
                continue
            part = f"{card['data']['name']}, {split}"
            own = " | ".join(f"{metrics['by_field'][field]:.2f}" for field in fields)
            less = ""
            if markov := metrics["baselines"].get("markov"):
                high, low = markov["interval"]
                less = f"{-markov['difference']:.2f} ({-low:.2f} to {-high:.2f})"
            lines.append(
                f"| `{name}` | {part} | {metrics['bits_per_note']:.2f} | {_interval(metrics)} | {own} | {less} |"
            )
            for baseline, row in metrics["baselines"].items():
                cells = " | ".join(f"{row['by_field'][field]:.2f}" for field in fields)
                lines.append(f"| {baseline}, same training part | {part} | {row['bits_per_note']:.2f} | | {cells} | |")
    return "\n".join(lines)


def draw_continuation() -> None:
    """The picture of what `aaa-lstm-notes` foretells and writes after prompts."""
    found = read_card("aaa-lstm-notes")["metrics"]["valid"]["findings"]
    picture = ROOT / "docs" / "continuation.png"
    save(score_figures.continuation(found["continuation"], found["free running"]), picture)
    _with_few_colours(picture)


def _with_few_colours(picture: Path) -> None:
    """Keep 256 colours: a third of the size, and no difference to the eye."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(256).save(picture, optimize=True)


def measured(report: str) -> str:
    """What `partita reproduce` has measured of a report for this version."""
    return "\n".join(measured_lines(reproduce(report)))


def card_page(name: str, card: dict[str, Any]) -> str:
    """A checkpoint's card for reading."""
    valid = card["metrics"]["valid"]
    rows = [
        f"| {label} | {row['n']} | {row['recall']:.2f} | {row['precision']:.2f} |"
        for label, row in valid["per_label"].items()
    ]
    return "\n".join(
        [
            f"### {name}\n",
            f"- data: {card['data']['name']}, {card['data']['train']} songs to train; {card['data']['protocol']}",
            f"- licence of the data: {card['data']['licence']}",
            f"- licence of the weights: {card['licence']}",
            f"- remade by `{card['remade by']}`, seed {card['seed']}; weights' SHA-256 `{card['sha256'][:16]}...`",
            f"- valid: accuracy {valid['accuracy']:.3f} ({_interval(valid)}), macro-F1 {valid['macro_f1']:.3f}, "
            f"NLL {valid['nll']:.3f}, ECE {valid['ece']:.3f} ({_interval(valid, 'ece_interval')})",
            f"- calibration: temperature {card['calibration']['temperature']:.3f}, {card['calibration']['fitted']}\n",
            "| label | n | recall | precision |\n|---|---|---|---|",
            *rows,
        ]
    )


def _interval(values: dict[str, Any], key: str = "interval") -> str:
    low, high = values[key]
    return f"{low:.3f} to {high:.3f}"


def filled(path: Path, mark: str, text: str) -> str:
    """The file's text with the part between <!-- mark --> and <!-- /mark --> replaced."""
    whole = path.read_text(encoding="utf-8")
    before, _, rest = whole.partition(f"<!-- {mark} -->\n")
    _, _, after = rest.partition(f"<!-- /{mark} -->")
    return f"{before}<!-- {mark} -->\n{text}\n<!-- /{mark} -->{after}"


def main(check: bool) -> int:
    """Fill the documents, or check that they are filled."""
    pages = "\n\n".join(card_page(name, card) for name, card in classifiers().items())
    wanted = [
        (ROOT / "README.md", "figures", figures()),
        (ROOT / "docs" / "models.md", "cards", pages),
        (ROOT / "docs" / "models.md", "composers", composers()),
        (ROOT / "docs" / "polyphonic.md", "figures", polyphonic()),
        *((ROOT / "docs" / "reports.md", f"measured: {name}", measured(name)) for name in REPORTS),
    ]
    if check:
        stale = [path.name for path, mark, text in wanted if path.read_text("utf-8") != filled(path, mark, text)]
        print(f"stale: {', '.join(stale)}; run docs/render.py" if stale else "up to date")
        return 1 if stale else 0
    for path, mark, text in wanted:
        path.write_text(filled(path, mark, text), encoding="utf-8")
    draw_continuation()
    command = [sys.executable, "-m", "partita", "demo", "--plot", str(ROOT / "docs" / "demo.png")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("Picture:")[0].rstrip()
    picture = ROOT / "docs" / "demo.png"
    _with_few_colours(picture)
    readme = ROOT / "README.md"
    readme.write_text(filled(readme, "demo", f"```\n{shown}\n```"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv))
