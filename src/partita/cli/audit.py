"""The command `partita audit`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partita.cli.console import note, progress_bar, say_result

if TYPE_CHECKING:
    from partita.tasks.audit import Audit

SHOWN = 10
"""Suspects that are printed; the files have them all."""


def audit(
    data: str,
    *,
    out: Path | None = None,
    suspects: bool = True,
    model: str = "genre-linear",
    set: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Find copies, faulty recordings and doubtful labels in a data set, and write a cleaned list.

    Exit code 1 where something certain was found, as linters have it; suspects alone leave it at 0.

    Examples
    --------
    partita audit folder:MUSIC --out audit

    partita train genre-cnn --data folder:MUSIC --leave-out audit/leave-out.txt --out my-genres

    Parameters
    ----------
    data
        The data set as NAME:PATH, such as folder:DIR, gtzan:DIR or gtzan-logmel:FILE.npz.
    out
        A folder for audit.json, audit.csv, leave-out.txt and clean.txt.
    suspects
        Also look for songs whose label a cross-validated classifier contradicts.
    model
        The classifier that looks for suspects.
    set
        Change a setting of it, such as --set copies=0.
    seed
        Draws what is random in its training.
    json
        Print everything as one JSON object.
    """
    from partita.settings import parse_settings
    from partita.tasks.audit import audit as look

    with progress_bar("auditing") as progress:
        result = look(
            data,
            out=out,
            suspects=suspects,
            model=model,
            settings=parse_settings(set or []),
            seed=seed,
            progress=progress,
        )
    say_result(result, summary_lines, json)
    if out:
        note(f"next: partita train MODEL --data {data} --leave-out {out / 'leave-out.txt'} --out DIR")
    return 1 if result.certain else 0


def summary_lines(result: "Audit") -> list[str]:
    """An audit for reading: what is certain, the surest suspects, and how many of each kind."""
    from partita.tasks.audit import KINDS

    counts = Counter(finding.kind for finding in result.findings)
    suspects = [finding for finding in result.findings if finding.kind == "suspect"]
    lines = [f"note: {text}" for text in result.notes]
    for finding in result.certain:
        labels = " LABELS DIFFER" if finding.conflict else ""
        lines.append(f"{finding.kind}: {' = '.join(finding.songs)}{labels} ({finding.words})")
    lines += [f"suspect: {finding.songs[0]} ({finding.words})" for finding in suspects[:SHOWN]]
    if len(suspects) > SHOWN:
        lines.append(f"suspect: and {len(suspects) - SHOWN} more; --out writes them all")
    lines += [f"{counts[kind]:5d} {kind}: {words}" for kind, words in KINDS.items() if counts[kind]]
    lines.append(f"{result.songs} songs; {len(result.clean)} are left without what is certainly wrong")
    return lines
