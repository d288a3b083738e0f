"""An evaluation as one HTML file: it needs no network, reads on a phone, and follows the reader's light or dark."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from partita import figures, pages
from partita.errors import UsageError
from partita.evaluation import Compared, Evaluation, SongPrediction
from partita.files import replacing
from partita.stress import Stressed

MOST_SONGS = 300
"""How many songs a table shows; a page of thousands would not scroll on a phone."""


def write_report(result: Evaluation, path: str | Path) -> Path:
    """Write the report of an evaluation as .html; the file appears whole or not at all.

    Raises `UsageError` for another ending or a folder that does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{path}: reports are written as .html")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder to write the report to")
    with replacing(path) as partial:
        partial.write_text(evaluation_page(result), encoding="utf-8")
    return path


def evaluation_page(result: Evaluation) -> str:
    """The report as text: the protocol in words, then numbers, each with its interval, then pictures and songs."""
    name = result.model.split("@")[0]
    body = [
        f"<h1>{escape(name)} on {escape(result.data)}</h1>",
        f'<p class="digest">{escape(result.model)}</p>',
        pages.section("Protocol", _protocol(result)),
        pages.section("Accuracy", _accuracy(result)),
        *([pages.section("Beside others", _comparisons(result.comparisons))] if result.comparisons else []),
        '<div class="grid">',
        pages.section("Genres", _genres(result)),
        pages.section("Confusion", _confusion(result)),
        "</div>",
        pages.section("Votes of segments", _votes(result)),
        '<div class="grid">',
        pages.section("Calibration", _calibration(result)),
        pages.section("Abstention", _abstention(result)),
        "</div>",
        *([pages.section("After changes that leave the genre", _stress(result.stress))] if result.stress else []),
        pages.section("Songs it has wrong", _mistakes(result)),
    ]
    return pages.page(f"{name} on {result.data}: evaluation", "\n".join(body))


def _protocol(result: Evaluation) -> str:
    parts = [f"<p>{escape(result.protocol)}</p>"]
    if result.test_uses:
        words = f"{result.test_uses.words()}. Every look at a test part makes the next number worth less."
        parts.append(f'<p class="warn">{escape(words[0].upper() + words[1:])}</p>')
    for title, lines in (("Notes", result.notes), ("Left out", result.failures)):
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            opened = " open" if len(lines) <= 3 else ""
            parts.append(f"<details{opened}><summary>{title} ({len(lines)})</summary><ul>{items}</ul></details>")
    return "\n".join(parts)


def _accuracy(result: Evaluation) -> str:
    low, high = result.interval
    rows = [_share_row(result.model.split("@")[0], result.accuracy, result.interval, result.n)]
    rows += [
        _share_row(f"{name}{_label(row)}", row["accuracy"], row["interval"], result.n, "other")
        for name, row in result.baselines.items()
    ]
    if gap := result.gap:
        rows.append(_share_row("its own training songs", gap.accuracy, gap.interval, gap.n, "other"))
    segments, votes = result.segments, result.votes
    rows += [
        _share_row("hard vote of segments", votes.hard, votes.hard_interval, result.n),
        _share_row("soft vote of segments", votes.soft, votes.soft_interval, result.n),
        _share_row("single segments", segments.accuracy, segments.interval, segments.n),
    ]
    numbers = (
        f"Macro-F1 {result.macro_f1:.3f}, negative log-likelihood {result.nll:.3f} nats, Brier score "
        f"{result.brier:.3f}. By drawing songs anew the interval is {_range(result.bootstrap)}. {_gap_words(result)}"
    )
    return (
        f'<p class="headline"><b>{100 * result.accuracy:.1f} %</b> <span>of {result.n} songs right; '
        f"95 % interval {100 * low:.1f} to {100 * high:.1f} %</span></p>\n"
        + pages.table("Share that is right, with its 95 % interval", "|-|#%|#interval|#n", rows)
        + f"<p>{escape(numbers)}</p>"
    )


def _label(baseline: dict[str, object]) -> str:
    return f" ({baseline['label']})" if "label" in baseline else ""


def _gap_words(result: Evaluation) -> str:
    if result.gap is None:
        return "The gap to the training part was not measured: these are not the songs that the checkpoint learnt from."
    difference = 100 * result.gap.difference
    return (
        f"On songs that it was trained on it is {abs(difference):.1f} points {'better' if difference > 0 else 'worse'}."
    )


def _comparisons(comparisons: Sequence[Compared]) -> str:
    rows = [
        pages.row(
            compared.other,
            pages.number(f"{100 * compared.other_accuracy:.1f}"),
            _points(compared.difference, compared.interval),
            pages.number(f"{compared.only_this} : {compared.only_other}"),
            pages.number(f"{compared.p:.2g}"),
            pages.number(f"{compared.n}"),
        )
        for compared in comparisons
    ]
    words = (
        "Paired song by song: the other's accuracy; by how many points this one is better, with the bootstrap "
        "interval over songs; how many songs this one alone has right, and the other alone; p is McNemar's, exact "
        "and two-sided, for each comparison alone."
    )
    return pages.table(words, "|#%|#points|#alone|#p|#n", rows)


def _stress(stressed: Sequence[Stressed]) -> str:
    rows = [
        pages.row(
            row.words,
            pages.number(f"{100 * row.accuracy:.1f}"),
            _points(row.difference, row.difference_interval),
            pages.number(f"{row.p:.2g}"),
            pages.number(f"{100 * row.consistency:.1f}"),
            pages.number(f"{row.n}"),
        )
        for row in stressed
        if row.n
    ]
    words = (
        "Every song classified again after each change: accuracy, by how many points it differs, paired song by song, "
        "with the bootstrap interval over songs; McNemar's exact p; the share of songs whose label stays."
    )
    missing = "".join(f"<li>{escape(row.words)}: not measured, {escape(row.why)}</li>" for row in stressed if not row.n)
    return pages.table(words, "|#%|#points|#p|#same label, %|#n", rows) + (f"<ul>{missing}</ul>" if missing else "")


def _genres(result: Evaluation) -> str:
    rows = [
        _share_row(label, row["recall"], row["interval"], row["n"], "", pages.number(f"{100 * row['precision']:.0f}"))
        for label, row in result.per_label.items()
        if row["n"]
    ]
    words = "Recall, the share of a genre's songs that are named so, with its interval; and precision; all in %."
    return pages.table(words, "|-|#recall|#interval|#prec.|#n", rows)


def _confusion(result: Evaluation) -> str:
    head = "".join(f'<th scope="col"><span>{escape(label)}</span></th>' for label in result.labels)
    rows = []
    for i, (label, counts) in enumerate(zip(result.labels, result.confusion, strict=True)):
        cells = []
        for j, count in enumerate(counts):
            kind = "right" if i == j else "" if count else "none"
            cells.append(f'<td class="{kind}" style="--share:{count / max(1, sum(counts)):.3f}">{count}</td>')
        rows.append(f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>')
    words = "Songs of each genre (rows) and what they are taken for (columns); colour is the share of the row."
    table = f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return pages.captioned(words, table, "heat")


def _votes(result: Evaluation) -> str:
    votes = result.votes
    words = [
        "The hard vote goes to the genre that most segments name, the soft vote to the greatest mean log-probability.",
        f"{len(votes.ties)} songs had a tie of the hard vote, broken by mean log-probability.",
    ]
    if votes.icc is not None and votes.effective is not None:
        words.append(
            "Segments of one song agree because they are of one song: their intraclass correlation is "
            f"{votes.icc:.2f}, so the {votes.per_song:.1f} votes of a song weigh as much as {votes.effective:.1f} "
            f"independent ones (design effect {votes.design_effect:.1f})."
        )
    right = sum(song["hard_vote"] == song["truth"] for song in result.songs)
    alt = f"Votes of the segments of {result.n} songs; the hard vote is right in {right}. The songs are listed below."
    return f"<p>{escape(' '.join(words))}</p>\n" + pages.figure(
        figures.votes(result.songs, result.labels), alt, "Each column is a song; framed is its true genre."
    )


def _calibration(result: Evaluation) -> str:
    words = (
        f"Expected calibration error {result.ece:.3f} {_range(result.ece_interval)} over equal-mass bins: how far, on "
        "average, confidence is from the share that is right. The numbers beside the points count songs."
    )
    rows = [
        pages.row(f"{confidence:.3f}", pages.number(f"{accuracy:.3f}"), pages.number(f"{n:.0f}"))
        for n, confidence, accuracy in result.calibration
    ]
    table = pages.table("Bins of calibration", "mean confidence|#accuracy|#songs", rows)
    alt = f"Accuracy over confidence in {len(rows)} bins, beside the diagonal; the figures are in the table below."
    return (
        f"<p>{escape(words)}</p>\n"
        + pages.figure(figures.calibration(result.calibration), alt)
        + pages.details("Bins", table)
    )


def _abstention(result: Evaluation) -> str:
    curve = result.abstention.curve
    words = (
        f"If only the surest songs are answered, fewer answers are wrong. The mean risk over all coverages (AURC) is "
        f"{result.abstention.aurc:.3f}; with all songs answered it is {curve[-1][1]:.3f}."
    )
    rows = [
        pages.row(f"{coverage:.0%}", pages.number(f"{risk:.3f}"), pages.number(f"{least:.2f}"))
        for coverage, risk, least in curve
    ]
    table = pages.table("Risk and coverage", "answered|#wrong|#least confidence", rows)
    alt = "Share of wrong answers over the share of songs answered; the figures are in the table below."
    return (
        f"<p>{escape(words)}</p>\n" + pages.figure(figures.risk_coverage(curve), alt) + pages.details("Points", table)
    )


def _mistakes(result: Evaluation) -> str:
    wrong = [song for song in result.songs if song["truth"] != song["predicted"]]
    wrong.sort(key=lambda song: -max(song["probabilities"]))
    rows = [
        pages.row(
            song["id"],
            pages.text(song["truth"]),
            pages.text(f"{song['predicted']} {max(song['probabilities']):.2f}"),
            pages.text(_vote_words(song, result.labels)),
        )
        for song in wrong[:MOST_SONGS]
    ]
    shown = f"the {len(rows)} surest of {len(wrong)}" if len(rows) < len(wrong) else f"all {len(wrong)}"
    caption = f"Songs it has wrong, the surest first: {shown}. A wrong label in the data looks like this, too."
    table = pages.table(caption, "song|truth|taken for|votes", rows)
    return pages.details(f"{len(wrong)} songs", table)


def _vote_words(song: SongPrediction, labels: Sequence[str]) -> str:
    ranked = sorted(zip(song["votes"], labels, strict=True), key=lambda pair: -pair[0])
    return ", ".join(f"{label} {count}" for count, label in ranked if count)


def _share_row(name: str, value: float, interval: Iterable[float], n: int, kind: str = "", *more: str) -> str:
    low, high = interval
    return pages.row(
        name,
        pages.bar(value, low, high, kind),
        pages.number(f"{100 * value:.1f}"),
        pages.number(f"{100 * low:.0f}–{100 * high:.0f}"),
        *more,
        pages.number(f"{n}"),
    )


def _points(difference: float, interval: Iterable[float]) -> str:
    return pages.number(f"{100 * difference:+.1f}", " to ".join(f"{100 * end:+.1f}" for end in interval))


def _range(interval: Iterable[float]) -> str:
    low, high = interval
    return f"[{low:.3f}, {high:.3f}]"
