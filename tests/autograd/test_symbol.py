"""Local gradients in symbols: each text, evaluated, is the number that the record computes."""

from __future__ import annotations

import inspect
import math
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

import autograd as ag
from autograd import records, symbol

NAMES = {**{name: getattr(ag, name) for name in ag.primitives()}, "pi": math.pi, "floor": math.floor, "abs": abs}
PARAMETERS = {"clamp": (-0.5, 0.5), "leaky_relu": (0.1,), "elu": (1.3,)}
INSIDE = {"logit": (0.01, 0.99)}  # where a domain is small
FIRST_PARAMETERS = {"polygamma": (2,), "where": (False,)}


def number_of(text: str, known: dict[str, float]) -> float:
    """What a formula comes to, read as Python with autograd's functions on floats."""
    names = {**NAMES, **known}
    for name in ("sum", "max", "min", "mean", "logsumexp", "norm", "prod", "var", "std"):
        names[name] = lambda *xs, f=NAMES[name], **named: f(xs, **named)
    return float(eval(text, {"__builtins__": {}}, names))


def softmax_of(xs: list[float]) -> dict[str, float]:
    """The names p0, p1, ... that the texts of a softmax use."""
    return {f"p{i}": p for i, p in enumerate(ag.softmax(xs))}


@pytest.mark.parametrize("name", sorted(ag.primitives()))
@given(data=st.data())
def test_each_formula_is_what_the_record_computes(name: str, data: st.DataObject) -> None:
    """For every primitive, anywhere inside its domain: the text of each local gradient evaluates to its number."""
    numbers = st.floats(*INSIDE.get(name, (-3.0, 3.0))).filter(lambda x: abs(x) > 1e-3)
    primitive = ag.primitives()[name]
    first = FIRST_PARAMETERS.get(name, ())
    count = 3 if primitive.arity is None else (1 if name in PARAMETERS else primitive.arity - len(first))
    points = [data.draw(numbers) for _ in range(count)]
    values = [ag.Value(x, label=f"v{i}") for i, x in enumerate(points)]
    try:
        if name == "dot":
            result = primitive(values, [2.0, *values[:2]])
        elif name in ("var", "std"):
            result = primitive(values, ddof=data.draw(st.sampled_from([0, 1, 0.5])))
        elif primitive.arity is None:
            result = primitive(values)
        else:
            result = primitive(*first, *values, *PARAMETERS.get(name, ()))
    except (ValueError, ArithmeticError):
        assume(False)
    result = result[1] if isinstance(result, list) else result
    known = {f"v{i}": x for i, x in enumerate(points)} | softmax_of(points)
    known |= {"v" + str(i): x for i, x in enumerate(points)}
    local = result.local_gradients()
    texts = ag.local_gradient_formulas(result)
    assert len(texts) == len(local) == len(result.parents)
    for text, number in zip(texts, local, strict=True):
        assert text
        if math.isfinite(number):
            assert number_of(text, known) == pytest.approx(number, rel=1e-5, abs=1e-9)  # constants have six digits in the text


@pytest.mark.parametrize("name", sorted(r.name for r in vars(records).values() if isinstance(r, ag.Primitive) and r.formula))
@given(x=st.floats(0.05, 0.95), y=st.floats(0.05, 0.95))
def test_each_formula_of_a_derivative_is_right(name: str, x: float, y: float) -> None:
    """The textbook's formula for a derivative's own record is that record's number."""
    record = getattr(records, name)
    x = x + 1.0 if name == "arccosh_dx" else x
    operands = (x, y)[: record.arity]
    known = dict(zip(inspect.signature(record).parameters, operands, strict=True))
    assert number_of(record.formula, known) == pytest.approx(record(*operands), rel=1e-9)


@pytest.mark.parametrize(
    ("f", "texts"),
    [
        (lambda x, y: x * y, ("y", "x")),
        (lambda x, y: x / y, ("1/y", "-x/y**2")),
        (lambda x, y: x - y, ("1", "-1")),
        (lambda x, y: x**y, ("y*x**(y - 1)", "x**y*log(x)")),
        (lambda x, y: ag.maximum(x, y), ("0", "1")),
        (lambda x, y: ag.hypot(x, y), ("x/hypot(x, y)", "y/hypot(x, y)")),
        (lambda x, y: ag.logaddexp(x, y), ("sigmoid(x - y)", "sigmoid(y - x)")),
        (lambda x, y: ag.softmax([x, y])[0], ("p0*(1 - p0)", "-p0*p1")),
        (lambda x, y: ag.prod([x, y, 4.0]), ("4*y", "4*x")),
        (lambda x, y: ag.log_softmax([x, y])[1], ("-p0", "1 - p1")),
        (lambda x, y: ag.var([x, y, 5.0]), ("2*(x - mean(x, y, 5))/3", "2*(y - mean(x, y, 5))/3")),
        (lambda x, y: ag.var([x, -2.0], ddof=1), ("2*(x - mean(x, -2))",)),
        (lambda x, y: ag.std([x, -2.0], ddof=1), ("(x - mean(x, -2))/std(x, -2, ddof=1)",)),
        (lambda x, y: ag.std([x, y]), ("(x - mean(x, y))/(2*std(x, y))", "(y - mean(x, y))/(2*std(x, y))")),
        (lambda x, y: ag.std([x, 5.0], ddof=0.5), ("(x - mean(x, 5))/(1.5*std(x, 5, ddof=0.5))",)),
        (lambda x, y: ag.std([x, x]), ("0", "0")),
        (lambda x, y: ag.lgamma(x), ("digamma(x)",)),
        (lambda x, y: ag.polygamma(2, x), ("polygamma(3, x)",)),
        (lambda x, y: ag.gamma(x), ("gamma(x)*digamma(x)",)),
        (lambda x, y: ag.sinc(x), ("(cos(pi*x) - sinc(x))/x",)),
        (lambda x, y: ag.where(x > y, x, y), ("1",)),
        (lambda x, y: x**3, ("3*x**2",)),
        (lambda x, y: x**2, ("2*x",)),
        (lambda x, y: x**1, ("1",)),
        (lambda x, y: x**-2, ("-2*x**(-3)",)),
        (lambda x, y: 2 / x, ("-2/x**2",)),
        (lambda x, y: -2 / x, ("2/x**2",)),
        (lambda x, y: ag.arctan2(-2, x), ("2/((-2)**2 + x**2)",)),
        (lambda x, y: ag.logaddexp(x, -0.5), ("sigmoid(x + 0.5)",)),
        (lambda x, y: x.reciprocal(), ("-1/x**2",)),
        (lambda x, y: x % y, ("1", "-(x//y)")),
        (lambda x, y: (-x).relu(), ("0",)),
        (lambda x, y: x.cos(), ("-sin(x)",)),
    ],
)
def test_texts_read_as_on_paper(Value: Any, f: Any, texts: tuple[str, ...]) -> None:
    """The texts are those of a textbook: no needless factor, sign or parenthesis."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    value = f(x, y)
    found = ag.local_gradient_formulas(value, None if all(p.label for p in value.parents) else ["x"])
    assert tuple(text.replace("y*4", "4*y").replace("x*4", "4*x") for text in found) == texts


def test_names() -> None:
    """Names may be given; parents without a label are x1, x2, ...; a wrong number of names is refused; a leaf has none."""
    x = ag.Value(2.0)
    assert ag.local_gradient_formulas(x * ag.Value(3.0)) == ("x2", "x1")
    assert ag.local_gradient_formulas((x + 1) * x, ["a + 1", "b"]) == ("b", "a + 1")
    assert ag.local_gradient_formulas(x) == ()
    with pytest.raises(ValueError, match="2 parents need as many names, got 1"):
        ag.local_gradient_formulas(x * x, ["x"])


def test_a_derivative_that_can_not_be_written_down() -> None:
    """A custom derivative that goes through `math` has an empty text; one in plain operators has a text."""
    x = ag.Value(2.0, label="x")
    opaque = ag.primitive(math.sin, [lambda z, x: math.cos(x)], name="opaque")
    still = ag.primitive(lambda x: 2 * x, [lambda z, x: ag.stop_gradient(x) / x.detach() * 2], name="still")
    assert ag.local_gradient_formulas(still(x)) == ("x/x*2",)
    clear = ag.primitive(lambda x: x**3, [lambda z, x: 3 * (x * x)], name="clear")
    assert ag.local_gradient_formulas(opaque(x)) == ("",)
    assert ag.local_gradient_formulas(clear(x)) == ("3*(x*x)",)


def test_a_symbol_carries_its_number() -> None:
    """A symbol compares by its number, keeps signs and parentheses right, and a pole makes its number nan, not an error."""
    x = symbol.Symbol("x", 2.0)
    assert x > 1
    assert repr(x + 1) == "Symbol('x + 1', 3.0)"
    assert (x - (x - 1)).text == "x - (x - 1)"
    assert (-1 * (-x)).text == "x"
    assert (x * -3).text == "x*(-3)"
    assert (x + -3).text == "x - 3"
    assert (x - (-x) * 3).text == "x + x*3"
    assert (x - (-x) % 3).text == "x - (-x)%3"
    assert (2 - (x - 1) * 3).text == "2 - (x - 1)*3"
    assert (x + -(x * 3)).text == "x - x*3"
    assert (x - -(x + 3)).text == "x + (x + 3)"
    assert (1 * x).text == (x * 1).text == "x"
    assert (-1 * x).text == (x * -1).text == "-x"
    assert (x / (x * 2)).text == "x/(x*2)"
    assert ((x + 1) ** 2).text == "(x + 1)**2"
    assert x.label == "x"
    braces = symbol.Symbol("{w}", 2.0)
    assert (records.divide_dy(braces, x).text, records.divide_dy(-braces, x).text) == ("-{w}/x**2", "{w}/x**2")
    pole = 1 / symbol.Symbol("y", 0.0)
    assert pole.text == "1/y"
    assert math.isnan(pole.data)
    assert (ag.exp(x)).text == "exp(x)"
