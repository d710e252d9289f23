"""Expressions of sympy become functions of Values by ``sympy.lambdify(symbols, expression, modules=[autograd])``."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd as ag

sympy = pytest.importorskip("sympy")

x, y, z = sympy.symbols("x y z", real=True)
k = sympy.Symbol("k", integer=True)
POINT = {x: sympy.Rational(7, 10), y: sympy.Rational(-13, 10), z: sympy.Rational(9, 4)}
EXPRESSIONS: dict[str, Any] = {
    "arithmetic": x * y**2 - z / x + sympy.Rational(1, 3) * y,
    "constants": sympy.pi * x + sympy.E * y + sympy.GoldenRatio * z + sympy.EulerGamma + sympy.Catalan,
    "powers": sympy.sqrt(x) + z ** sympy.Rational(2, 3) + 1 / sympy.sqrt(z) + sympy.root(x, 5) + 2**y + x**z,
    "exponentials": sympy.exp(-(x**2)) * sympy.log(z) + sympy.log(x + 1) + sympy.log(z, 2),
    "trigonometry": sympy.sin(x) * sympy.cos(y) + sympy.tan(z) + sympy.sec(x) + sympy.csc(y) + sympy.cot(z),
    "inverse trigonometry": sympy.asin(x) + sympy.acos(x) + sympy.atan(y) + sympy.acot(z) + sympy.asec(z) + sympy.acsc(z),
    "atan2": sympy.atan2(y, x),
    "hyperbolic": sympy.sinh(x) + sympy.cosh(y) + sympy.tanh(z) + sympy.sech(x) + sympy.csch(y) + sympy.coth(z),
    "inverse hyperbolic": sympy.asinh(y) + sympy.acosh(z) + sympy.atanh(x) + sympy.asech(x) + sympy.acsch(y) + sympy.acoth(z),
    "Abs": sympy.Abs(y) * x,
    "sign": sympy.sign(y) * x,
    "Max": sympy.Max(x, y, z) * y + sympy.Min(x, y),
    "Piecewise": sympy.Piecewise((x**2, x > 1), (y * z, sympy.And(y < 0, x < z)), (sympy.sin(x), True)),
    "Heaviside": sympy.Heaviside(z) * x + sympy.Heaviside(y, 0) * z,
    "rounding": sympy.floor(z) * x + sympy.ceiling(y) * y + sympy.Mod(z, x) + sympy.frac(z),
    "Sum": sympy.Sum(x**k / k, (k, 1, 5)),
    "erf": sympy.erf(x) + sympy.erfc(y) + sympy.erf2(x, y) + sympy.erfinv(x),
    "loggamma": sympy.loggamma(z) * x + sympy.digamma(x),
    "gamma": sympy.gamma(z) * sympy.gamma(x) + sympy.beta(x, z) + sympy.binomial(z, x),
    "polygamma": sympy.polygamma(2, x) + sympy.trigamma(z),
    "sinc": sympy.sinc(x) * y,
    "a third derivative": sympy.diff(sympy.loggamma(x) * sympy.erf(x) * sympy.atan2(y, x), x, 3),
}
# Steps are flat to us; sympy leaves their derivatives as they are.
FLAT = {x: sympy.floor(z) - sympy.floor(z / x), y: sympy.ceiling(y), z: sympy.Integer(2)}


def call(expression: Any, number: Any, **options: Any) -> tuple[Any, list[Any]]:
    """The function that sympy writes, called on numbers of some kind."""
    symbols = sorted(expression.free_symbols, key=str)
    inputs = [number(float(POINT[s])) for s in symbols]
    return sympy.lambdify(symbols, expression, modules=[ag], **options)(*inputs), inputs


def exactly(expression: Any) -> float:
    """A number by sympy's own arithmetic with 30 digits."""
    point = {s: sympy.Float(float(v), 40) for s, v in POINT.items()}
    return float(expression.doit().evalf(30, subs=point))


@pytest.mark.parametrize("cse", [False, True])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_of_sympy_is_a_function_of_values(Value: Any, name: str, cse: bool) -> None:
    """Of each, with and without common subexpressions: the value and the gradients are those that sympy computes itself."""
    expression = EXPRESSIONS[name]
    result, inputs = call(expression, Value, cse=cse)
    assert isinstance(result, Value)
    assert result.data == pytest.approx(exactly(expression), rel=1e-13)
    result.backward()
    for symbol, leaf in zip(sorted(expression.free_symbols, key=str), inputs, strict=True):
        slope = FLAT[symbol] if name == "rounding" else expression.doit().diff(symbol)
        assert leaf.grad == pytest.approx(exactly(slope), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_it_is_a_function_of_floats_too(name: str) -> None:
    """On floats the same function gives a float, the bits that Values have."""
    expression = EXPRESSIONS[name]
    assert float(call(expression, float)[0]).hex() == call(expression, ag.Value)[0].data.hex()


def test_a_hessian_of_an_expression() -> None:
    """Transformations take what lambdify returns: a Hessian is that of sympy."""
    expression = sympy.exp(x * y) * sympy.loggamma(x) + sympy.erfinv(x / 2)
    f = sympy.lambdify([x, y], expression, modules=[ag])
    got = ag.hessian(lambda v: f(*v))([0.7, -1.3])
    for row, wanted in zip(got, sympy.hessian(expression, [x, y]).tolist(), strict=True):
        assert row == pytest.approx([exactly(entry) for entry in wanted], rel=1e-12)


def test_both_definitions_of_sinc() -> None:
    """sympy's sinc(t) is sin(t)/t, and ours, like NumPy's, is that at pi*t."""
    np = pytest.importorskip("numpy")
    for t in (0.0, 0.3, 1.0, 2.5):
        assert ag.sinc(t) == pytest.approx(float(np.sinc(t)), rel=1e-15, abs=1e-16)
        assert ag.sinc(t / math.pi) == pytest.approx(float(sympy.sinc(t)), rel=1e-15)
