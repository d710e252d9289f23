"""Samples and targets from lists, NumPy arrays and pandas frames, as lists of floats.

Whatever is wrong with them is an error before anything is trained.
"""

from __future__ import annotations

import math
import random
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload

from .arguments import whole_number
from .initial import as_random

MOST = 2**53  # of labels: up to here ints and floats are the same

__all__ = ["DataLoader", "Rows", "as_lists", "read_rows", "read_samples", "read_targets"]


def _unpacked(data: Any) -> Any:
    """What an array or a frame holds, as lists. pandas has to_numpy, NumPy has tolist; neither is imported here."""
    for method in ("to_numpy", "tolist"):
        if hasattr(data, method):
            data = getattr(data, method)()
    return data


def as_lists(data: Any) -> Any:
    """Lists, nested, in place of arrays, frames, tuples and whatever else can be iterated over; all else as it is.

    Args:
        data: anything. A text or a dict stays what it is.

    >>> as_lists(((1.0, 2.0), range(2)))
    [[1.0, 2.0], [0, 1]]
    """
    data = _unpacked(data)
    if isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__"):
        return data
    return [as_lists(x) for x in data]


def _rows(data: Any, what: str) -> list[Any]:
    data = _unpacked(data)
    if isinstance(data, (str, bytes, dict)) or not hasattr(data, "__iter__"):
        raise TypeError(f"{what} takes a list, a NumPy array or a pandas frame, got {type(data).__name__}")
    return list(data)


def _float(x: Any, where: str) -> float:
    try:
        number = float(x)
    except OverflowError:
        raise ValueError(f"{where} is a number too large for a float (the largest is about 1.8e308); scale it down") from None
    except (TypeError, ValueError):
        instead = "; fill it in or leave the row out" if isinstance(x, str) and not x.strip() else ""
        raise TypeError(f"{where} is {x!r:.60}, which isn't a number{instead}") from None
    if not math.isfinite(number):
        raise ValueError(f"{where} is {number!r}; fill it in or leave the row out")
    return number


def read_samples(data: Any, what: str = "X") -> list[list[float]]:
    """The samples as lists of floats, all of one width.

    Args:
        data: rows of numbers; a row of one number may be the number.
        what: the name of the argument, for messages.

    Raises:
        ValueError: there are no rows, a row has another width than the first, or a number is nan or inf.
        TypeError: data isn't a table, or an entry isn't a number.

    >>> read_samples([(1, 2), (3, 4)])
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return list(_read(data, what))


def _read(data: Any, what: str) -> Iterator[list[float]]:
    rows = _rows(data, what)
    if not rows:
        raise ValueError(f"{what} is empty; give it at least one row")
    width = 0
    for i, row in enumerate(rows):
        numbers = _rows(row, f"{what}[{i}]") if hasattr(row, "__iter__") and not isinstance(row, (str, bytes)) else [row]
        found = [_float(x, f"{what}[{i}][{j}]") for j, x in enumerate(numbers)]
        width = len(found) if i == 0 else width
        if len(found) != width:
            raise ValueError(f"{what} is ragged: row 0 has {width} numbers and row {i} has {len(found)}")
        yield found


class Rows(Sequence[list[float]]):
    """Samples that were checked, all of one width: as a list of floats each, or many in one buffer.

    Args:
        numbers: an ``array`` of doubles, one row after the other, or a NumPy array of two dimensions, which isn't copied.
        width: how many numbers a sample has.
        places: which of them these are, and in which order; all rows of a NumPy array if None.

    >>> rows = read_rows([[1, 2], [3, 4]])
    >>> rows[1], len(rows), rows.block([1, 0]).tolist()
    ([3.0, 4.0], 2, [[3.0, 4.0], [1.0, 2.0]])
    """

    def __init__(self, numbers: Any, width: int, places: Sequence[int] | None = None) -> None:
        self.numbers, self.width = numbers, width
        self.places = range(len(numbers)) if places is None else places
        self._whole = type(self.places) is range and self.places.start == 0 and self.places.step == 1

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, i: int) -> list[float]: ...

    @overload
    def __getitem__(self, i: slice) -> Rows: ...

    def __getitem__(self, i: int | slice) -> list[float] | Rows:
        place = self.places[i]
        if not isinstance(place, int):
            return Rows(self.numbers, self.width, place)
        if isinstance(self.numbers, array):
            return self.numbers[place * self.width : (place + 1) * self.width].tolist()
        found: list[float] = self.numbers[place].astype("d").tolist()
        return found

    def only(self, rows: Sequence[int]) -> Rows:
        """Some of them."""
        return Rows(self.numbers, self.width, [self.places[i] for i in rows])

    def block(self, rows: Sequence[int]) -> memoryview[Any]:
        """Some of them as doubles, in a buffer of two dimensions. The width must be at least 1."""
        places = rows if self._whole else [self.places[i] for i in rows]
        if not isinstance(self.numbers, array):
            return memoryview(self.numbers[places].astype("d", order="C", copy=False))
        size = 8 * self.width
        held = memoryview(self.numbers).cast("B")
        return memoryview(b"".join([held[i * size : (i + 1) * size] for i in places])).cast("d", (len(places), self.width))


def read_rows(data: Any, what: str = "X") -> Rows:
    """The samples, held in little space: 8 bytes a number, or the NumPy array that they are in. Arguments as `read_samples`.

    Raises:
        ValueError: as `read_samples`.
        TypeError: as `read_samples`.
    """
    table = data.to_numpy() if hasattr(data, "to_numpy") else data
    numpy: Any = sys.modules.get("numpy")
    is_table = numpy is not None and type(table) is numpy.ndarray and table.ndim == 2 and table.size
    if is_table and table.dtype.kind in "fiu" and table.dtype.itemsize <= 8 and numpy.isfinite(table).all():
        return Rows(table, table.shape[1])
    count, numbers = 0, array("d")
    for row in _read(table, what):
        count += 1
        numbers.extend(row)
    return Rows(numbers, len(numbers) // count, range(count))


def read_targets(data: Any, count: int, loss: str, what: str = "y") -> list[Any]:
    """The targets, one for each sample: labels as ints for losses over labels, else floats or lists of floats.

    Args:
        data: as many targets as samples.
        count: how many samples there are.
        loss: the loss's name, which says what a target is.
        what: the name of the argument, for messages.

    Raises:
        ValueError: there are more or fewer, a label is negative or not a whole number, or a number is nan or inf.
        TypeError: an entry isn't a number.

    >>> read_targets([0, 2, 1.0], 3, "cross_entropy")
    [0, 2, 1]
    """
    targets = _rows(data, what)
    if len(targets) != count:
        raise ValueError(f"X has {count} rows and {what} has {len(targets)}; they must be equal in number")
    if loss in ("cross_entropy", "nll") and set(map(type, targets)) == {int} and 0 <= min(targets) <= max(targets) <= MOST:
        return targets
    found: list[Any] = []
    for i, target in enumerate(targets):
        if hasattr(target, "__iter__") and not isinstance(target, (str, bytes)):
            numbers = [_float(x, f"{what}[{i}][{j}]") for j, x in enumerate(target)]
            found.append(numbers[0] if len(numbers) == 1 else numbers)
        else:
            try:
                found.append(_float(target, f"{what}[{i}]"))
            except TypeError as error:
                if isinstance(target, str) and target.strip():
                    raise TypeError(
                        f"{error}; number the labels: names = sorted(set({what})), "
                        f"and then {what} = [names.index(name) for name in {what}]"
                    ) from None
                raise
        if loss in ("cross_entropy", "nll"):
            if isinstance(found[-1], list) or found[-1] != int(found[-1]) or found[-1] < 0:
                raise ValueError(f"{what}[{i}] is {target!r:.60}; with loss {loss!r} it must be a label: 0, 1, 2, ...")
            found[-1] = int(found[-1])
        elif loss == "hinge" and found[-1] not in (-1.0, 1.0):
            others = "; for labels 0 and 1 write loss='bce', or make them -1 and 1" if found[-1] == 0.0 else ""
            raise ValueError(f"{what}[{i}] is {target!r:.60}; with loss 'hinge' it must be -1 or 1{others}")
        elif loss == "bce" and not (isinstance(found[-1], float) and 0.0 <= found[-1] <= 1.0):
            others = "; for labels -1 and 1 write loss='hinge', or make them 0 and 1" if found[-1] == -1.0 else ""
            raise ValueError(f"{what}[{i}] is {target!r:.60}; with loss 'bce' it must be from 0 to 1{others}")
    return found


class DataLoader:
    """Samples and targets in batches, for a training loop of one's own; each pass over it may have an order of its own.

    Args:
        X: samples; see `fit`.
        y: as many targets: numbers, rows of numbers, or labels, which stay whole numbers.
        batch_size: samples in a batch, at least 1; the last batch may have fewer.
        shuffle: whether the order is drawn again for each pass.
        seed: of that order: an int, a `random.Random`, or None for the module `random`.
        drop_last: whether a last batch with fewer samples is left out.

    Raises:
        ValueError: as in `fit`.
        TypeError: as in `fit`.

    >>> for samples, labels in DataLoader([[0.0], [1.0], [2.0]], [0, 1, 1], batch_size=2):
    ...     print(samples, labels)
    [[0.0], [1.0]] [0, 1]
    [[2.0]] [1]
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        seed: int | random.Random | None = None,
        drop_last: bool = False,
    ) -> None:
        self.samples = read_samples(X)
        numbers = read_targets(y, len(self.samples), "")
        self.targets = [int(x) if type(given) is int else x for x, given in zip(numbers, as_lists(y), strict=True)]
        self.batch_size, self.shuffle, self.drop_last = whole_number(batch_size, "batch_size"), shuffle, drop_last
        self.rng = as_random(seed)

    def __len__(self) -> int:
        """How many batches there are."""
        whole, rest = divmod(len(self.samples), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[list[list[float]], list[Any]]]:
        order = list(range(len(self.samples)))
        if self.shuffle:
            self.rng.shuffle(order)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            places = order[start : start + self.batch_size]
            yield [self.samples[i] for i in places], [self.targets[i] for i in places]
