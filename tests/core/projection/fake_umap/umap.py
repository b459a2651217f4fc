"""Stands where umap-learn stands in the process that UMAP runs in: at once, and by a rule that tests can check."""

from __future__ import annotations

import os

import numpy as np


class UMAP:
    """Places a row at its first three numbers less the mean of what was fitted."""

    def __init__(self, **options: object) -> None:
        print("libraries like to print")
        self.options = options

    def fit(self, rows: np.ndarray) -> UMAP:
        if os.environ.get("FAKE_UMAP") == "ends":
            os._exit(3)
        if os.environ.get("FAKE_UMAP") == "fails":
            raise ValueError("no neighbours")
        while os.environ.get("FAKE_UMAP") == "never ends":
            pass
        self.mean = rows[:, :3].mean(axis=0)
        return self

    def transform(self, rows: np.ndarray) -> np.ndarray:
        return rows[:, :3] - self.mean
