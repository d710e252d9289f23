"""The student's next day: the net from its file, and a flower that nobody has seen.

python student_tuesday.py FOLDER
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import nn


def main(folder: Path) -> None:
    """Load, predict, and train on from there."""
    model = nn.load(folder / "flowers.json")
    print(model)
    with open(folder / "flowers.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    X = [[float(row["length"]), float(row["width"])] for row in rows]
    kinds = sorted({row["kind"] for row in rows})
    earlier = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
    print("the same as yesterday, to the last bit:", nn.predict(model, X, probabilities=True) == earlier)
    (shares,) = nn.predict(model, [[2.9, 1.1]], probabilities=True)
    print(f"the new flower is a {kinds[shares.index(max(shares))]}, with probability {max(shares):.2f}")
    history = nn.fit(
        model, X, [kinds.index(row["kind"]) for row in rows], loss=nn.CrossEntropyLoss(), optimizer="adam", lr=0.01, epochs=3,
        metrics="accuracy", verbose=0,
    )  # fmt: skip
    print(f"after three more epochs: {history['accuracy'][-1]:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
