"""Programs as JavaScript: `value` and `valueAndGradients`, within a few units in the last place of Python.

For a page that shows all numbers on the way there is `everything` in their place.

The sines and exponentials are those of the machine that runs it, and JavaScript has no error function of its own. Where Python
would raise an error there is a RangeError, and so there is where the program isn't true of the numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import kernels, printed_pairs
from .printed_c import erfcx_rows
from .printed_python import wrapped
from .printed_walked import PIECES, Braces, Walked, bare, needed

if TYPE_CHECKING:
    from .printed import Sweep
    from .program import Program

__all__ = ["written"]

MATH = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "expm1", "log", "log10", "log1p",
    "log2", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
SURE = ("asinh", "atan", "atan2", "cbrt", "tanh")  # which Python never raises an error for
KEYWORDS = re.findall(
    r"\w+",
    """
    abstract arguments async await boolean break byte case catch char class const continue debugger default delete do
    double else enum eval export extends false final finally float for function goto if implements import in instanceof
    int interface let long native new null of package private protected public return short static super switch
    synchronized this throw throws transient true try typeof undefined var void volatile while with yield NaN Infinity
    Math Number Array Object String Symbol BigInt Map Set value valueAndGradients globalThis window self name status top
    length
    """,
)


class JavaScript(Braces):
    """Numbers. What raises in Python throws a RangeError."""

    ask = "outside()"
    true = "true"
    infinity, nan = "Infinity", "NaN"
    indent = "  "
    signs: Mapping[str, str] = {"==": "===", "!=": "!=="}
    functions: Mapping[str, str] = {"%": "remainder", "//": "floor_divided", "**": "power", "/": "divided"}
    named: Mapping[Any, str] = {
        abs: "Math.abs",
        math.copysign: "copysign",
        math.isfinite: "Number.isFinite",
        math.hypot: "hypot",
        math.erf: "erf",
        math.exp: "exp",
        math.exp2: "exp2",
        kernels._power_or_inf: "power_or_inf",
        kernels.share: "share",
        kernels.logaddexp: "logaddexp",
        kernels.erfc: "erfc",
        kernels.gelu: "gelu",
        kernels.gelu_dx: "gelu_dx",
        **printed_pairs.NAMED,
        **{getattr(math, name): name for name in MATH},
    }

    def is_whole(self, x: str) -> str:
        """Whether x is a whole number."""
        return f"Number.isInteger({bare(x)})"

    def call(self, name: str, xs: Sequence[str]) -> str:
        """A call."""
        return f"{name}({', '.join(map(bare, xs))})"

    def definition(self, name: str, operands: Sequence[str], variables: Sequence[str], body: Sequence[str]) -> str:
        """A function of numbers."""
        declared = [f"  let {', '.join(variables)};"] if variables else []
        return "\n".join([f"function {name}({', '.join(operands)}) {{", *declared, *[f"  {line}" for line in body], "}"])


# ---- what is written by hand ---------------------------------------------------------------------------

HELPERS: dict[str, str] = {
    "outside": """\
// What Python would raise an error for, or compute with decimals.
function outside() {
  throw new RangeError("outside of the domain, too large, or in need of decimals");
}""",
    "checked": """\
// A result, where Python would not raise.
function checked(z, x) {
  const raises = (Number.isNaN(z) && !Number.isNaN(x)) || (Math.abs(z) === Infinity && Number.isFinite(x));
  return raises ? outside() : z;
}""",
    "copysign": """\
function copysign(x, y) {
  const size = Math.abs(x);
  return y < 0 || Object.is(y, -0) ? -size : size;
}""",
    "sign_of": """\
function sign_of(x) {
  return copysign(1.0, x);
}""",
    "floor": "const floor = Math.floor;",
    "ceil": "const ceil = Math.ceil;",
    "trunc": "const trunc = Math.trunc;",
    "round_even": """\
// The nearest whole number, the even one of two.
function round_even(x) {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}""",
    "divided": """\
function divided(x, y) {
  return y !== 0 ? x / y : outside();
}""",
    "remainder": """\
// x % y as Python has it, with the sign of y.
function remainder(x, y) {
  if (y === 0) {
    return outside();
  }
  const rest = x % y;
  if (rest === 0) {
    return copysign(0.0, y);
  }
  return rest < 0 !== y < 0 ? rest + y : rest;
}""",
    "floor_divided": """\
// x // y as Python has it.
function floor_divided(x, y) {
  if (y === 0) {
    return outside();
  }
  const rest = x % y;
  let quotient = (x - rest) / y;
  if (rest !== 0 && rest < 0 !== y < 0) {
    quotient -= 1;
  }
  if (quotient === 0) {
    return copysign(0.0, x / y);
  }
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}""",
    "plain_power": """\
function plain_power(x, y) {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1.0 : Math.pow(x, y);
}""",
    "power": """\
function power(x, y) {
  const z = plain_power(x, y);
  return Number.isFinite(z) || !Number.isFinite(x) || !Number.isFinite(y) ? z : outside();
}""",
    "power_or_inf": """\
function power_or_inf(x, y) {
  const z = plain_power(x, y);
  return Math.abs(z) === Infinity && x !== 0 ? z : power(x, y);
}""",
    "exp": """\
// 2**k * exp(r) with r up to log(2)/2, as 1 + r, what its rounding left out, and a series: nearly always Python's very bits.
function exp(x) {
  if (!(Math.abs(x) < 708)) {
    return checked(Math.exp(x), x);
  }
  const k = Math.round(1.4426950408889634 * x);
  const high = x - k * 0.6931471803691238;
  const low = -k * 1.9082149292705877e-10;
  const r = high + low;
  let series = 1;
  for (let n = 14; n > 2; n--) {
    series = 1 + (r * series) / n;
  }
  const one = 1 + r;
  return (one + (1 - one + r + (0.5 * r * r * series + (high - r + low) * one))) * 2 ** k;
}""",
    "exp2": """\
function exp2(x) {
  return checked(Math.pow(2, x), x);
}""",
    "hypot": """\
function hypot(x, y) {
  return norm([x, y]);
}""",
    "norm": """\
// The length: a root with one step of Newton's method on its exact residual.
function norm(xs) {
  if (xs.some((x) => Math.abs(x) === Infinity)) {
    return Infinity;
  }
  const size = xs.reduce((z, x) => Math.max(z, Math.abs(x)), 0);
  if (!(size > 0) || xs.length === 1) {
    return size;
  }
  const scale = Math.pow(2, Math.min(1000, -Math.floor(Math.log2(size))));
  let high = 0;
  let low = 0;
  for (const y of xs) {
    const x = y * scale;
    const square = x * x;
    const sum = high + square;
    const back = sum - high;
    low += high - (sum - back) + (square - back) + k_product_error(x, x, square);
    high = sum;
  }
  const root = Math.sqrt(high);
  const square = root * root;
  return (root + (high - square - k_product_error(root, root, square) + low) / (2 * root)) / scale;
}""",
    "add_exactly": """\
// Adds to an exact sum: numbers that do not overlap, the smallest first (Shewchuk 1997).
function add_exactly(parts, x) {
  let kept = 0;
  for (let y of parts) {
    if (Math.abs(x) < Math.abs(y)) {
      [x, y] = [y, x];
    }
    const sum = x + y;
    y -= sum - x;
    if (y !== 0) {
      parts[kept++] = y;
    }
    x = sum;
  }
  parts.length = kept;
  parts.push(Number.isFinite(x) ? x : outside());
}""",
    "rounded": """\
// The number nearest to an exact sum: where the largest parts leave half a unit out, what lies below decides.
function rounded(parts) {
  let i = parts.length - 1;
  let high = i < 0 ? 0 : parts[i];
  let low = 0;
  while (i > 0 && low === 0) {
    const part = high;
    i -= 1;
    high = part + parts[i];
    low = parts[i] - (high - part);
  }
  if (i > 0 && low !== 0 && parts[i - 1] !== 0 && low < 0 === parts[i - 1] < 0) {
    const next = high + 2 * low;
    if (next - high === 2 * low) {
      high = next;
    }
  }
  return high + 0;
}""",
    "total": """\
// The sum, rounded once; inf and nan as addition gives them.
function total(xs) {
  if (!xs.every(Number.isFinite)) {
    return xs.filter((x) => !Number.isFinite(x)).reduce((z, x) => z + x, 0);
  }
  const parts = [];
  xs.forEach((x) => add_exactly(parts, x));
  return rounded(parts);
}""",
    "mean": """\
function mean(xs) {
  return xs.length > 0 ? total(xs) / xs.length : outside();
}""",
    "dot": """\
// The inner product, rounded once: exact products, summed exactly.
function dot(xs, ys) {
  const products = xs.map((x, i) => x * ys[i]);
  const is_special = (x, i) => !Number.isFinite(x) || !Number.isFinite(ys[i]);
  if (xs.some(is_special)) {
    return products.filter((p, i) => is_special(xs[i], i)).reduce((z, p) => z + p, 0);
  }
  const parts = [];
  products.forEach((p, i) => {
    const [x, y] = [xs[i], ys[i]];
    if (1e-250 < Math.abs(p) && Math.abs(p) < 1e290 && Math.abs(x) < 1e150 && Math.abs(y) < 1e150) {
      add_exactly(parts, p);
      add_exactly(parts, k_product_error(x, y, p));
    } else if (x !== 0 && y !== 0) {
      outside();
    }
  });
  return rounded(parts);
}""",
    **{
        name: f"""\
function {name}(xs) {{
  return xs.length > 0 ? xs.reduce((z, x) => (x {sign} z || Number.isNaN(x) ? x : z)) : outside();
}}"""
        for name, sign in (("largest", ">"), ("smallest", "<"))
    },
    "tied_shares": """\
// An equal share for each of those that are the largest, or the smallest.
function tied_shares(xs, z) {
  const ties = xs.filter((x) => x === z).length;
  return xs.map((x) => (ties === 0 ? NaN : x === z ? 1 / ties : 0));
}""",
    "shifted": """\
// exp(x - top) for each x, and what the rounding of the difference left out of it.
function shifted(xs, top) {
  const es = xs.map((x) => exp(x - top));
  return [es, es.map((e, i) => (e !== 0 && xs[i] !== top ? e * k_difference_error(xs[i], top, xs[i] - top) : 0))];
}""",
    "logsumexp": """\
function logsumexp(xs) {
  const top = largest(xs);
  if (!Number.isFinite(top)) {
    return top;
  }
  const [es, corrections] = shifted(xs, top);
  const whole = total([...es, ...corrections]);
  const rest = Math.log(whole);
  const rest_low = total([...es, ...corrections, -whole]) / whole;
  const z = top + rest;
  const low = k_difference_error(top, -rest, z) + rest_low;
  return top >= 0 || Math.abs(z + low) > rest + rest_low ? z + low : cancelling(xs, top);
}""",
    "logaddexp": """\
function logaddexp(x, y) {
  return logsumexp([x, y]);
}""",
    "softmax": """\
function softmax(xs) {
  const top = largest(xs);
  if (!Number.isFinite(top)) {
    return tied_shares(xs, top);
  }
  const [es, corrections] = shifted(xs, top);
  const whole = total([...es, ...corrections]);
  const low = total([...es, ...corrections, -whole]);
  return es.map((e, i) => k_quotient(e, corrections[i], whole, low));
}""",
    "share": """\
function share(x, y) {
  return softmax([x, y])[0];
}""",
    "softmax_slopes": """\
// One component: 1 - p towards its own operand, where 1 - p is the sum of the others, and -p towards the others.
function softmax_slopes(shares, component, z) {
  const others = total(shares.filter((p, i) => i !== component));
  return shares.map((p, i) => (i === component ? z * others : -(z * p)));
}""",
    "log_softmax": """\
// x - logsumexp(xs) for each x: both steps down from the largest have one sign, so that nothing cancels.
function log_softmax(xs) {
  const top = largest(xs);
  if (!Number.isFinite(top)) {
    return softmax(xs).map((share) => (share === 0 ? -Infinity : Math.log(share)));
  }
  const [es, corrections] = shifted(xs, top);
  const rest = Math.log1p(total([-1, ...es, ...corrections]));
  return xs.map((x) => x - top - (rest - (x === -Infinity ? 0 : k_difference_error(x, top, x - top))));
}""",
    "log_softmax_slopes": """\
function log_softmax_slopes(shares, component) {
  return softmax_slopes(shares, component, 1);
}""",
    "product": """\
// The product; those above 1 and those below it in turn, so that nothing is lost on the way.
function product(xs) {
  const large = xs.filter((x) => !(Math.abs(x) <= 1));
  const small = xs.filter((x) => Math.abs(x) <= 1);
  let z = 1;
  while (large.length + small.length > 0) {
    z *= (Math.abs(z) <= 1 && large.length > 0) || small.length === 0 ? large.pop() : small.pop();
  }
  return z;
}""",
    "products_without": """\
// For each the product of all the others.
function products_without(xs) {
  return xs.map((_, i) => product(xs.filter((_, k) => k !== i)));
}""",
    "direction": """\
// x over the length, for each; scaled where that is subnormal and has few digits, or overflows.
function direction(xs, z) {
  const scale = z > 0 && z < 1e-290 ? 2 ** 600 : z === Infinity ? 2 ** -600 : 1;
  const length = scale === 1 ? z : norm(xs.map((x) => x * scale));
  return xs.map((x) => (length !== 0 ? (x * scale) / length : 0));
}""",
    "erf": """\
// 2/sqrt(pi) * exp(-x*x) times a series of positive terms (DLMF 7.6.2), or from a continued fraction (7.9.1) in the tail.
function erf(x) {
  if (!(Math.abs(x) < 6)) {
    return Number.isNaN(x) ? x : Math.sign(x);
  }
  if (Math.abs(x) < 1) {
    const square = x * x;
    let rest = 0;
    for (let n = 25; n > 0; n--) {
      rest = (2 * square * (1 + rest)) / (2 * n + 1);
    }
    const series = 1 + rest;
    const factor = 1.1283791670955126 * x;
    const product = factor * series;
    const low = k_product_error(1.1283791670955126, x, factor) + 1.533545961316588e-17 * x;
    return k_gauss(x, 1.0, product, k_product_error(factor, series, product) + factor * (1 - series + rest) + low * series);
  }
  let tail = Math.abs(x);
  for (let n = 200; n > 0; n--) {
    tail = Math.abs(x) + n / 2 / tail;
  }
  return Math.sign(x) * (1 - k_gauss(x, 1.0, 0.5641895835477563 / tail, 0.0));
}""",
}


def _tabled() -> dict[str, str]:
    gelu_terms = kernels._gelu_terms()
    rows = "\n".join([f"  [{', '.join(map(repr, row))}]," for row in erfcx_rows()])
    return {
        "ERFCX": f"// Coefficients of erfcx around 0, 1/8, 2/8, ..., the highest first.\nconst ERFCX = [\n{rows}\n];",
        "GELU": f"const GELU = [{', '.join(map(repr, gelu_terms))}];",
        "erfcx": """\
// exp(x*x) * erfc(x), and what its rounding left out.
function erfcx(x) {
  const eighths = Math.round(8 * x);
  const terms = ERFCX[eighths];
  const d = x - 0.125 * eighths;
  const sloped = terms.slice(0, 16).reduce((sum, term) => (sum + term) * d, 0);
  const w = terms[16] + sloped;
  return [w, terms[16] - w + sloped + terms[17]];
}""",
        "erfc": """\
function erfc(x) {
  if (x < 0.25) {
    return 1 - erf(x);
  }
  return x < 28 ? k_gauss(x, 1.0, ...erfcx(x)) : Number.isNaN(x) ? x : 0;
}""",
        "gelu": f"""\
function gelu(x) {{
  const half = 0.5 * x;
  const t = -x * {kernels._ROOT_HALF!r};
  if (x >= 0 && x < 0.5) {{
    return half - half * erf(t);
  }}
  if (x >= 0) {{
    return x < 10 ? x * (1 - k_gauss(x, 0.5, 0.5 * erfcx(-t)[0], 0.0)) : x;
  }}
  if (!(x > -39)) {{
    return Number.isNaN(x) ? x : -0;
  }}
  const [w, low] = erfcx(t);
  const t_low = k_product_error(-x, {kernels._ROOT_HALF!r}, t) - x * {kernels._ROOT_HALF_LOW!r};
  const factor = half * w;
  const w_low = low + (2 * t * w - {kernels._TWO_OVER_ROOT_PI[0]!r}) * t_low;
  return k_gauss(x, 0.5, factor, k_product_error(half, w, factor) + half * w_low);
}}""",
        "gelu_dx": f"""\
function gelu_dx(x) {{
  const t = -x * {kernels._ROOT_HALF!r};
  if (Math.abs(x) < 0.25) {{
    return 0.5 + (x * k_gauss(x, 0.5, {kernels._DENSITY!r}, 0.0) - 0.5 * erf(t));
  }}
  if (x > 10 || !(x > -39)) {{
    return x > 10 ? 1 : Number.isNaN(x) ? x : 0;
  }}
  if (x >= 0) {{
    return 1 + k_gauss(x, 0.5, 1.0, 0.0) * (x * {kernels._DENSITY!r} - 0.5 * erfcx(-t)[0]);
  }}
  const d = x - ({kernels._GELU_ROOT!r}) - {kernels._GELU_ROOT_LOW!r};
  const h = Math.abs(d) < 0.76 ? GELU.reduce((sum, term) => sum * d + term, 0) : 1.2533141373155003 * erfcx(t)[0] + x;
  const factor = {kernels._DENSITY!r} * h;
  return k_gauss(x, 0.5, factor, k_product_error({kernels._DENSITY!r}, h, factor) + {kernels._DENSITY_LOW!r} * h);
}}""",
    }


# ---- a program ---------------------------------------------------------------------------------------


class Writer(Walked):
    """Writes the lines of a program in JavaScript."""

    language = "JavaScript"
    reserved = (*KEYWORDS, *MATH, *HELPERS, *printed_pairs.NAMES, "erfcx", "erfc", "gelu", "gelu_dx", "ERFCX", "GELU")
    declared = "const "
    declared_anew = "let "

    def __init__(self, program: Program) -> None:
        super().__init__(program, JavaScript())

    def array(self, xs: Sequence[str]) -> str:
        """An array."""
        return f"[{', '.join(map(bare, xs))}]"

    def array_of(self, name: str, count: int) -> str:
        """A list."""
        return name

    def listed(self, name: str, helper: str, count: int, arguments: Sequence[str]) -> str:
        """The list that a helper returns."""
        return f"const {name} = {self.helper(helper, arguments)};"

    def helper(self, name: str, arguments: Sequence[str]) -> str:
        """A call of a helper."""
        return f"{name}({', '.join(map(bare, arguments))})"

    def many(self, helper: str, parts: Sequence[Sequence[str]]) -> str:
        """A helper of one or two arrays."""
        return self.helper(helper, list(map(self.array, parts)))

    def stopping(self, upstream: str, product: str) -> str:
        """A product, unless what arrives is zero; nan is like zero to JavaScript here, and stays nan."""
        return f"({upstream} && {bare(product)})"

    def failed(self, place: int, true: str) -> str:
        """Throw."""
        return f'throw new RangeError("this was recorded where {true}");'


class Every(Writer):
    """Writes a program that leaves all its numbers in arrays."""

    reserved = (*Writer.reserved, "everything", "values", "gradients", "parts")

    def _computed(self, i: int) -> list[str]:
        slot = self.plan.first + i
        return [*super()._computed(i), f"values[{slot}] = {self.plan.names[slot]};"]

    def summing(self, sweep: Sweep, slot: int, terms: Sequence[str]) -> list[str]:
        """The lines that compute a derivative, and keep its summands and itself."""
        lines, summands = [], list(terms)
        if slot != sweep.output:
            for k, term in enumerate(sweep.terms.get(slot, []), len(terms) - len(sweep.terms.get(slot, []))):
                at = self.program.starts[term.instruction] + term.place
                name = self.names.take(f"part{at}")
                lines += [self.line(name, terms[k]), f"parts[{at}] = {name};"]
                summands[k] = name
        kept = f"gradients[{slot}] = {self.plan.derivatives[slot]};"
        return [*lines, *super().summing(sweep, slot, summands), kept]

    def everything(self) -> list[str]:
        """The function that does it."""
        plan = self.plan
        given = [self.line(plan.names[slot], f"values[{slot}]") for slot in plan.arguments]
        (output,) = self.program.outputs
        forward = self.forward()  # first: what it has computed of a softmax, the way back need not
        backward = [f"// backward from {plan.names[output]}", *self.backward(plan.sweep(output))]
        return [_function("everything", ["values", "gradients", "parts"], [*given, "// forward", *forward, "", *backward])]


def written(program: Program, every: bool = False) -> str:
    """A program as JavaScript: `value` and `valueAndGradients`, and the functions that they use.

    Args:
        program: the program.
        every: whether it is `everything` instead, which writes all numbers on the way into arrays.

    Returns:
        The text of a script. Its functions take the inputs, and then the captured Values, whose numbers are the defaults.

    Raises:
        UnprintableError: it holds what can't be written in JavaScript; the message names it.
        ValueError: it has several outputs, and every number on the way is wanted.
    """
    if every and len(program.outputs) != 1:
        raise ValueError(f"every=True is for programs of one output, and this one has {len(program.outputs)}")
    writer = Every(program) if every else Writer(program)
    functions = writer.everything() if isinstance(writer, Every) else _functions(program, writer)
    pieces = dict(HELPERS)
    for name in MATH:
        takes = "y, x" if name == "atan2" else "x"
        call = f"Math.{name}({takes})"
        pieces[name] = f"const {name} = ({takes}) => {call if name in SURE else f'checked({call}, x)'};"
    for function in PIECES.values():
        writer.walk.function(function)
    texts = "\n".join([*functions, *writer.walk.texts.values()])
    pieces |= _tabled() if re.search(r"\b(erfc|gelu|gelu_dx)\(", texts) else {}
    pieces |= printed_pairs.javascript_pieces(texts) | writer.walk.texts
    head = "// Written by glassgrad."
    return "\n\n".join([head, *needed(functions, pieces), *functions]) + "\n"


def _functions(program: Program, writer: Writer) -> list[str]:
    """`value` and `valueAndGradients`."""
    plan = writer.plan
    arguments = [plan.names[slot] for slot in plan.arguments]
    for i, x in enumerate(program.captured, program.inputs):
        arguments[i] += f" = {bare(writer.dialect.number(x.data))}"
    outputs = _results([bare(plan.names[slot]) for slot in program.outputs])
    lines = ["// forward", *writer.forward()]
    backward, rows = [], []
    for slot in program.outputs:
        part = [f"// backward from {plan.names[slot]}", *writer.backward(plan.sweep(slot))]
        row = f"[{', '.join([plan.derivatives[s] for s in plan.arguments])}]"
        if len(program.outputs) > 1:
            rows.append(writer.names.take("gradients"))
            part = [f"let {rows[-1]};", "{", *[f"  {line}" for line in part], f"  {rows[-1]} = {row};", "}"]
        else:
            rows.append(row)
        backward += ["", *part]
    return [
        _function("value", arguments, [*lines, f"return {outputs};"]),
        _function("valueAndGradients", arguments, [*lines, *backward, f"return [{outputs}, {_results(rows)}];"]),
    ]


def _results(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    body = [f"  {part}" if part else "" for line in lines for part in wrapped(line)]
    return "\n".join([f"function {name}({', '.join(arguments)}) {{", *body, "}"])
