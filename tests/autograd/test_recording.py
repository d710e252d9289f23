"""Programs as data, and what recording puts into them."""

from __future__ import annotations

import copy
import math
import pickle
from array import array

import pytest

from autograd import Primitive, Value, add, exp, multiply, softmax
from autograd.program import SAFE, TESTS, Guard, Program, Stale, bits, stop


def example(captured: tuple[Value, ...] = (), guards: tuple[Guard, ...] = ()) -> Program:
    """u = x * y; v = x + c; w = exp(v); out = w + u, which walks back in another order than it was computed."""
    first = 3 + len(captured)
    return Program(
        2, captured, (3.0,), (multiply, add, exp), array("H", [0, 1, 2, 1]), array("I", [0, 2, 4, 5, 7]),
        array("I", [0, 1, 0, first - 1, first + 1, first + 2, first]), guards, (first + 3,), {0: "x"},
    )  # fmt: skip


def test_instructions_in_order() -> None:
    """A program lists each instruction as its primitive and the slots of its operands, and counts them."""
    program = example()
    assert len(program) == 4
    assert list(program) == [(multiply, (0, 1)), (add, (0, 2)), (exp, (4,)), (add, (5, 3))]
    assert [program.operands_of(i) for i in range(4)] == [slots for _, slots in program]


def test_order_is_that_of_backward() -> None:
    """The order of an output is depth first, parents in their order; None where the code is in that order already."""
    assert list(example().order(0)) == [1, 2, 0, 3]
    chain = Program(1, (), (), (exp,), array("H", [0, 0]), array("I", [0, 1, 2]), array("I", [0, 1]), (), (2, 0))
    assert chain.order(0) is None
    assert chain.order(1) is None


def test_stop_is_not_walked_through() -> None:
    """The order, `reached` and `needed` end at a stop."""
    program = Program(1, (), (), (exp, stop, multiply), array("H", [0, 1, 2]), array("I", [0, 1, 2, 4]), array("I", [0, 1, 2, 0]), (), (3,))  # fmt: skip # noqa: E501
    assert program.order(0) is None
    assert list(program._depth_first(3)) == [1, 2]
    assert list(program.reached([1])) == [0, 1, 0, 0]
    assert list(program.needed(0)) == [1, 0, 1, 1]
    assert stop(2.0) == 2.0
    assert stop.local_gradients(2.0, (2.0,)) == (0.0,)


def test_reached_and_needed() -> None:
    """`reached` goes forward from slots, `needed` backward from an output."""
    program = example()
    assert list(program.reached([1])) == [0, 1, 0, 1, 0, 0, 1]
    assert list(program.needed(0)) == [1] * 7


def test_pickles_and_copies() -> None:
    """A program pickles and copies with its captured leaves, and equals what comes back; a bound record is the same record."""
    guard = Guard(1, "lt", (0, 1), True, "here")
    program = example((Value(2.0, label="w"),), (guard,))
    for other in (pickle.loads(pickle.dumps(program)), copy.deepcopy(program)):
        assert other == program
        assert not other.agrees(program)  # its leaf is another one
        assert other.captured[0].label == "w"
        assert other.labels == {0: "x"}
        assert other.guards == (guard,)
    component = softmax.bind(component=1.0)
    small = Program(2, (), (), (component, stop), array("H", [0, 1]), array("I", [0, 2, 3]), array("I", [0, 1, 2]), (), (3,))
    assert pickle.loads(pickle.dumps(small)).records == (component, stop)
    assert "4 instructions, 1 guard, 1 output" in repr(program)


def test_equality_is_by_bits() -> None:
    """Programs whose constants or guards differ in bits alone differ; another kind of thing is no program."""
    parts = example().__reduce__()[1]
    assert Program(*parts) == example()
    assert Program(*parts).agrees(example())
    for constants in ((-3.0,), (math.nextafter(3.0, 4.0),)):
        assert Program(*parts[:2], constants, *parts[3:]) != example()
    assert example((Value(0.0),)) != example((Value(-0.0),))
    assert example() != 1
    yes, no = Guard(0, "data", (0,), 0.0, "a"), Guard(0, "data", (0,), -0.0, "a")
    assert example(guards=(yes,)) != example(guards=(no,))
    assert example(guards=(yes,)) == example(guards=(yes._replace(line="b"),))
    assert not example(guards=(yes,)).same_path(example(guards=(no,)))
    with pytest.raises(TypeError, match="unhashable"):
        hash(example())


@pytest.mark.parametrize(
    ("test", "numbers", "result"),
    [
        ("lt", (1.0, 2.0), True), ("le", (2.0, 2.0), True), ("gt", (1.0, 2.0), False), ("ge", (1.0, 2.0), False),
        ("eq", (0.0, -0.0), True), ("ne", (math.nan, math.nan), True), ("bool", (0.0,), False), ("data", (-0.0,), -0.0),
        ("data", (math.nan,), math.nan), ("floordiv", (7.0, 2.0), 3.0), ("sign", (-2.0,), -1.0), ("floor", (-1.5,), -2.0),
        ("ceil", (1.5,), 2.0), ("trunc", (-1.5,), -1.0), ("round", (0.126, 2.0), 0.13), ("signbit", (-0.0,), -1.0),
        ("has_predecessor", (0.1,), False), ("floor", (math.inf,), math.inf),
    ],
)  # fmt: skip
def test_guards_hold(test: str, numbers: tuple[float, ...], result: object) -> None:
    """Each test gives the result that Python gives; a guard holds for it and fails for another one."""
    guard = Guard(0, test, tuple(range(len(numbers))), result, "")
    assert guard.holds(numbers)
    other = not result if isinstance(result, bool) else -result if result == result else 1.0
    assert not guard._replace(result=other).holds(numbers)
    assert test in TESTS


def test_a_guard_that_raises_does_not_hold() -> None:
    """Where the test itself raises, the function must be asked."""
    assert not Guard(0, "floordiv", (0, 1), 1.0, "").holds([1.0, 0.0])
    assert bits(math.nan) == bits(math.nan)
    assert Stale(guard=2).guard == 2
    assert Stale(instruction=3).instruction == 3


@pytest.mark.parametrize("record", sorted(SAFE, key=lambda record: record.name), ids=lambda record: record.name)
def test_safe_records_never_raise(record: Primitive) -> None:
    """No pair of special numbers makes one of them raise."""
    numbers = [0.0, 5e-324, 1e-200, 0.5, 1.0, 37.5, 710.0, 1e200, 1.7976931348623157e308, math.inf, math.nan]
    numbers += [-x for x in numbers]
    for x in numbers:
        for y in numbers:
            record.function(*(x, y)[: record.arity])
