"""Name the genre of every recording in a folder: python examples/classify_a_folder.py FOLDER."""

import sys

from partita import Classification, classify_many
from partita.tasks.classify import find_audio

if __name__ == "__main__":
    for result in classify_many(find_audio(sys.argv[1:])):
        if isinstance(result, Classification):
            print(f"{result.file}: {result.genre} {result.probability:.2f}{' (unsure)' if result.unsure else ''}")
        else:
            print(f"{result.file}: can't be used, {result.error}")
