"""Remake the shipped checkpoint `genre-cnn-fma`.

    python recipes/genre_cnn_fma.py fma-logmel:fma_small_logmel.npz runs/fma src/partita/pretrained/genre-cnn-fma

Trains seeds 0, 1 and 2 on four fifths of the archive's artists and measures them on the others, one thread each, about
a minute a seed on one core of 2.5 GHz, and as much again for each of the two folds that calibrate seed 0.
A run that was stopped goes on when called again.
"""

import sys
from pathlib import Path

from genre_cnn import remake

LICENCE = (
    "Weights: MIT. Trained on spectrograms of FMA-small. FMA tracks carry per-track Creative Commons licences, unknown "
    "here; the spectrograms must not be passed on."
)

if __name__ == "__main__":
    remake("genre-cnn-fma", sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), folds=2, licence=LICENCE)
