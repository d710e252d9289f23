"""Questions to a whole graph: its order, its gradients, and its derivatives as a graph of their own.

These functions take the Values of either engine, and ask the engine that made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from . import modes, records as p
from .face import Face, no_program_sweeps
from .record import bare, to_float

__all__ = ["backward", "gradients", "topological_order"]

V = TypeVar("V", bound=Face)


def topological_order(root: V | Sequence[V]) -> list[V]:
    """Every node that ``root`` was computed from, parents before children, ``root`` last.

    A depth-first walk with a stack of its own, so that a chain of a million nodes needs no recursion.

    Args:
        root: a Value, or a list or tuple of several: then each node that any of them was computed from is there once.

    Returns:
        The nodes. Those of the first root come first.

    Raises:
        TypeError: root is neither a Value nor a list or tuple of Values of one engine.

    >>> from autograd import Value
    >>> x = Value(1, label="x"); y = x + x; y.label = "y"
    >>> [node.label for node in topological_order(y * x)]
    ['x', 'y', '']
    """
    if not isinstance(root, (Face, list, tuple)):
        raise TypeError(f"expected a Value, got {type(root).__name__}; wrap the number in Value(...)")
    roots = _values(root, "topological_order(root)")
    order: list[V] = roots[0]._engine._order_of(roots) if roots else []
    return order


def backward(outputs: Any, gradients: Any = None) -> None:
    """Walk back from one or several roots at once, and add to every node's ``grad``.

    Args:
        outputs: a Value, or an iterable of Values.
        gradients: a seed for each output; 1.0 each if None.

    Raises:
        TypeError: an output is not a Value, or a seed is not a real number.
        ValueError: there are not as many seeds as outputs.

    >>> from autograd import Value
    >>> x = Value(2)
    >>> backward([x * x, 3 * x])
    >>> x.grad
    7.0
    """
    roots = _values(outputs, "backward(outputs)")
    no_program_sweeps()
    if gradients is None:
        seeds = [1.0] * len(roots)
    else:
        given = [gradients] if isinstance(outputs, Face) and not isinstance(gradients, Iterable) else list(gradients)
        seeds = [to_float(g, "backward(gradients)") for g in given]
        if len(seeds) != len(roots):
            raise ValueError(f"backward() got {len(roots)} outputs and {len(seeds)} gradients; give one for each")
    if roots:
        roots[0]._engine._walk_back(roots, seeds)


def gradients(output: Any, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of ``output`` with respect to ``inputs``; every ``grad`` stays as it was.

    Args:
        output: a Value.
        inputs: a Value, or an iterable of Values; any nodes, leaves or not.
        create_graph: return Values that can be differentiated again instead of floats.

    Returns:
        One derivative if ``inputs`` is a Value, else a list of them; 0.0 for an input that the output does not
        depend on. Floats, or Values with ``create_graph=True``.

    Raises:
        TypeError: output or an input is not a Value.
        RuntimeError: with ``create_graph=True``, the data of a leaf was changed after the forward pass.

    >>> from autograd import Value
    >>> x = Value(3)
    >>> dy = gradients(x ** 3, x, create_graph=True)
    >>> dy.data, gradients(dy, x)
    (27.0, 18.0)
    """
    if not isinstance(output, Face):
        raise TypeError(f"gradients(output) takes a Value, got {type(output).__name__}; wrap the number in Value(...)")
    engine = output._engine
    wanted = _values(inputs, "gradients(inputs)", engine.Value)
    if create_graph:
        with modes.enable_grad():
            found = _adjoint_graph(engine._order_of([output]), wanted)
            results = [g if isinstance(g := found.get(x, 0.0), Face) else engine.Value(g) for x in wanted]
    else:
        if modes.recorders and (recorder := modes.watching()) is not None:
            recorder.fail("it computes a derivative as a float")
        results = engine._derivatives(output, wanted)
    return results[0] if isinstance(inputs, engine.Value) else results


def _values(given: Any, what: str, kind: Any = Face) -> list[Any]:
    """A Value, or an iterable of them, as a list: of the class ``kind`` of an engine, or of that of the first one."""
    values = [given] if isinstance(given, kind) or not isinstance(given, Iterable) else list(given)
    if kind is Face and values and isinstance(values[0], Face):
        kind = values[0]._engine.Value
    for x in values:
        if not isinstance(x, kind):
            if isinstance(x, Face):
                raise TypeError(
                    f"{what} takes Values of one engine, got one of the native engine and one of the python engine; "
                    f"let AUTOGRAD_ENGINE pick one for all"
                )
            raise TypeError(f"{what} takes Values, got {type(x).__name__} {x!r:.60}; wrap the number in Value(...)")
    return values


def _adjoint_graph(order: list[Any], wanted: Sequence[Any]) -> dict[Any, Any]:
    """d(last of the order)/d(node) as Values: the chain rule recorded, along the ways to the wanted nodes only."""
    leads = set(wanted)
    computed = []
    for node in order:
        parents = node.parents
        if parents and (node in leads or not leads.isdisjoint(parents)):
            leads.add(node)
            computed.append(node)
    adjoints: dict[Any, Any] = {order[-1]: 1.0}
    for node in reversed(computed):
        upstream = p.settled(adjoints.get(node, 0.0))
        if type(upstream) is float and upstream == 0.0:
            continue
        operands = node.operands
        _check_unchanged(node, operands)
        positions = [i for i, x in enumerate(operands) if type(x) is not float and x in leads]
        for parent, local in zip(
            [operands[i] for i in positions], node.op.local_gradients(node, operands, positions), strict=True
        ):
            step = p.flow(upstream, local)
            adjoints[parent] = adjoints[parent] + step if parent in adjoints else step
    return adjoints


def _check_unchanged(node: Any, operands: tuple[Any, ...]) -> None:
    # A graph of derivatives is built from the operands as they are now; the recorded pass must still be true of them.
    positions = [i for i, x in enumerate(operands) if type(x) is not float]
    if not any(operands[i].is_leaf for i in positions):
        return
    op, plain = node.op, tuple([x if type(x) is float else bare(x) for x in operands])
    value = op.evaluate(plain, operands)
    if repr((value, *op.local_gradients(value, plain, positions))) != repr(node._recorded()):
        raise RuntimeError(
            f"the data of a leaf was changed after {op.describe(operands)} was computed, so a graph of "
            f"its derivatives can't be built; compute the expression again first"
        )
