"""CSV tables as tests look at them: rows by column names, and a column's numbers."""

import csv

import numpy as np


def table(path):
    """Its rows, each a dictionary of texts."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def column(rows, name):
    """Numbers; NaN where a cell is empty."""
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])
