"""The command line: parse, call one task, print. Nothing heavy is imported before a command needs it."""

import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from partita import __version__
from partita.cli.console import STANDARD_INPUT, complain

COMMANDS = {
    "demo": "Classify the bundled recordings and draw a picture.",
    "studio": "Open everything in the browser.",
    "classify": "Name the genre of recordings.",
    "compose": "Continue a MIDI file, fill a span of it anew, or write a new piece.",
    "generate": "Make sound of a class, loops among it.",
    "train": "Train a model on your own music.",
    "tune": "Search for a model's best settings.",
    "evaluate": "Measure a model, with intervals and baselines.",
    "sweep": "Show what temperature and min-p do to what a composer writes.",
    "audit": "Find copies, faulty recordings and doubtful labels in a data set.",
    "data": "Make a corpus of recordings from MIDI files.",
    "ladder": "Show what each leak between training and validation is worth.",
    "reproduce": "Show what a student report claims and what its models do when measured.",
    "transfer": "Give a recording the style of another.",
    "styles": "List the styles to transfer to, or add one.",
    "models": "List models, show cards, count parameters.",
    "info": "Show what audio and MIDI files are.",
    "doctor": "Show what is installed and what is missing.",
}

app = App(
    name="partita",
    version=f"partita {__version__}",
    help="Classify music by genre; train and evaluate such models on your own music.",
    help_epilogue="Exit codes: 0 all well, 1 some files failed, 2 nothing usable or a wrong request. "
    "`partita COMMAND --help` shows a command's options with examples.",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for _name, _help in COMMANDS.items():
    app.command(f"partita.cli.{_name}:{_name}", name=_name, help=_help, sort_key=list(COMMANDS).index(_name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 all well, 1 some files failed, 2 nothing usable or bad usage."""
    from partita.errors import PartitaError

    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["classify"]:  # cyclopts takes a lone "-" for an option
        words = [STANDARD_INPUT if word == "-" else word for word in words]
    if words[:1] not in (["train"], ["tune"], ["ladder"], ["audit"], ["studio"]):
        # one recording at a time is fastest on one thread; this must be said before numpy and torch start theirs
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):  # file names need not be text in the terminal's encoding
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        complain(f"{error} Try: partita {words[0] if words and words[0] in COMMANDS else ''} --help".replace("  ", " "))
        return 2
    except PartitaError as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        complain("stopped. What was finished is kept; the same command goes on from there.")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `partita ... | head`
        sys.stderr.close()
        return 0
    except OSError as error:  # a full disk, a folder that may not be written to
        complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
        return 2
    return code if isinstance(code, int) else 0
