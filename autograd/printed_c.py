"""Programs as C99: `value` and `value_and_gradients`, with the bits of the native engine.

The functions take an array of numbers and fill others. They return 0 if all went well; -1 where Python would raise an error, or
where a result can't be told without decimals; and the number of a guard, from 1, where the program isn't true of the numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from . import kernels, printed_pairs
from .printed_python import wrapped
from .printed_walked import PIECES, Braces, Walked, bare, needed
from .translate import Walk

if TYPE_CHECKING:
    from .program import Program

__all__ = ["FLAGS", "pieces", "written"]

ITS_OWN = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "exp", "exp2", "expm1", "log",
    "log10", "log1p", "log2", "pow", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip  # functions of the C library, those that Python calls as well
# No product and sum in one rounding, and no sine or power of the compiler's own: the bits are Python's.
FLAGS = ("-O2", "-ffp-contract=off", *[f"-fno-builtin-{name}" for name in ITS_OWN if name != "sqrt"])

KEYWORDS = re.findall(
    r"\w+",
    """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof bool
    complex imaginary main value value_and_gradients in out gradients ok status NAN INFINITY NULL stdin stdout stderr
    errno assert
    """,
)
LIBRARY = re.findall(
    r"\w+",
    """
    j0 j1 jn y0 y1 yn gamma lgamma tgamma erf erfc fabs floor ceil trunc rint round nearbyint fmod remainder hypot
    copysign signbit isfinite isnan isinf isnormal ldexp frexp modf logb ilogb scalbn fma fmax fmin fdim nan exp10 pow10
    drem significand abs labs div exit abort free malloc calloc realloc rand srand atoi atof system signgam
    """,
)


class C(Braces):
    """Doubles. What raises in Python clears the flag ``ok``, which those functions have that might do so."""

    ask = "outside(ok)"
    true = "1"
    infinity, nan = "INFINITY", "NAN"
    functions: Mapping[str, str] = {"%": "c_remainder", "//": "c_floor_divided", "**": "c_power", "/": "c_divided"}
    named: Mapping[Any, str] = {
        abs: "fabs",
        math.copysign: "copysign",
        math.isfinite: "isfinite",
        math.hypot: "c_hypot",
        kernels._power_or_inf: "c_power_or_inf",
        kernels.share: "c_share",
        kernels.logaddexp: "c_logaddexp",
        kernels.erfc: "c_erfc",
        kernels.gelu: "c_gelu",
        kernels.gelu_dx: "c_gelu_dx",
        **printed_pairs.NAMED,
        **{getattr(math, name): f"c_{name}" for name in ITS_OWN if name != "pow"},
    }
    # Those that can't clear the flag.
    sure = frozenset({"fabs", "copysign", "isfinite", "c_atan", "c_asinh", "c_atan2", "c_cbrt", "c_erf", "c_tanh"})

    def __init__(self) -> None:
        self.proven = set(self.sure)

    def is_whole(self, x: str) -> str:
        """Whether x is a whole number."""
        return f"(floor({x}) == {x})"

    def call(self, name: str, xs: Sequence[str]) -> str:
        """A call, which hands the flag on to those that take it."""
        return f"{name}({', '.join([bare(x) for x in xs] + ['ok'] * (name not in self.proven))})"

    def definition(self, name: str, operands: Sequence[str], variables: Sequence[str], body: Sequence[str]) -> str:
        """A function of doubles, with the flag if it has a use for it."""
        takes = [f"double {x}" for x in operands]
        if any(re.search(r"\bok\b", line) for line in body):
            takes.append("int *ok")
        else:
            self.proven.add(name)
        declared = [f"    double {', '.join(variables)};"] if variables else []
        return "\n".join([f"static double {name}({', '.join(takes)}) {{", *declared, *[f"    {x}" for x in body], "}"])


# ---- what is written by hand ---------------------------------------------------------------------------

HELPERS: dict[str, str] = {
    "outside": """\
/* What Python would raise an error for, or compute with decimals. */
static double outside(int *ok) {
    *ok = 0;
    return NAN;
}""",
    "checked": """\
/* A result of the C library, where Python would not raise. */
static double checked(double z, double x, int *ok) {
    return (isnan(z) && !isnan(x)) || (isinf(z) && isfinite(x)) ? outside(ok) : z;
}""",
    "c_divided": """\
static double c_divided(double x, double y, int *ok) {
    return y != 0.0 ? x / y : outside(ok);
}""",
    "c_remainder": """\
/* x % y as Python has it, with the sign of y. */
static double c_remainder(double x, double y, int *ok) {
    double rest;
    if (y == 0.0) {
        return outside(ok);
    }
    rest = fmod(x, y);
    if (rest == 0.0) {
        return copysign(0.0, y);
    }
    return (rest < 0.0) != (y < 0.0) ? rest + y : rest;
}""",
    "c_floor_divided": """\
/* x // y as Python has it. */
static double c_floor_divided(double x, double y, int *ok) {
    double rest = c_remainder(x, y, ok), quotient, whole;
    if (y == 0.0) {
        return rest;
    }
    rest = fmod(x, y);
    quotient = (x - rest) / y;
    if (rest != 0.0 && (rest < 0.0) != (y < 0.0)) {
        quotient -= 1.0;
    }
    if (quotient == 0.0) {
        return copysign(0.0, x / y);
    }
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}""",
    "c_power": """\
static double c_power(double x, double y, int *ok) {
    double z = pow(x, y);
    return isfinite(z) || !isfinite(x) || !isfinite(y) ? z : outside(ok);
}""",
    "c_power_or_inf": """\
static double c_power_or_inf(double x, double y, int *ok) {
    double z = pow(x, y);
    return isfinite(z) || !isfinite(x) || !isfinite(y) || (isinf(z) && x != 0.0) ? z : outside(ok);
}""",
    "sign_of": """\
static double sign_of(double x) {
    return copysign(1.0, x);
}""",
    "round_even": """\
static double round_even(double x) {
    return nearbyint(x);
}""",
    "c_hypot": """\
static double c_hypot(double x, double y, int *ok) {
    double xs[2] = {x, y};
    return norm(xs, 2, ok);
}""",
    "norm": """\
/* The length: a root with one step of Newton's method on its exact residual, which leaves no doubt about the rounding,
   or hardly ever. */
static double norm(const double *xs, int n, int *ok) {
    double size = 0.0, high = 0.0, low = 0.0, root, step, doubt;
    int i, exponent, known = 1;
    for (i = 0; i < n; i++) {
        if (isinf(xs[i])) {
            return INFINITY;
        }
        known = known && !isnan(xs[i]);
        size = fabs(xs[i]) > size ? fabs(xs[i]) : size;
    }
    if (!known) {
        return NAN;
    }
    if (size == 0.0 || n == 1) {
        return size;
    }
    frexp(size, &exponent);
    for (i = 0; i < n; i++) {
        double x = ldexp(xs[i], -exponent), square = x * x, sum = high + square, back = sum - high;
        low += ((high - (sum - back)) + (square - back)) + (fabs(x) > 1e-150 ? k_product_error(x, x, square) : 0.0);
        high = sum;
    }
    root = sqrt(high);
    step = root * root;
    step = (((high - step) - k_product_error(root, root, step)) + low) / (2.0 * root);
    doubt = root * 1e-25 * n;
    if (root + (step + doubt) != root + (step - doubt)) {
        return outside(ok);
    }
    root = ldexp(root + step, exponent);
    if (root < 2.3e-308) {
        return outside(ok);
    }
    return isinf(root) ? INFINITY : root;
}""",
    "Exact": """\
/* An exact sum: numbers that do not overlap, the smallest first (Shewchuk 1997). */
typedef struct {
    double parts[64];
    int count;
} Exact;""",
    "add_exactly": """\
static int add_exactly(Exact *exact, double x) {
    int i, kept = 0;
    for (i = 0; i < exact->count; i++) {
        double y = exact->parts[i], sum;
        if (fabs(x) < fabs(y)) {
            double swapped = x;
            x = y;
            y = swapped;
        }
        sum = x + y;
        y -= sum - x;
        if (y != 0.0) {
            exact->parts[kept++] = y;
        }
        x = sum;
    }
    if (kept == 64 || !isfinite(x)) {
        return 0;
    }
    exact->parts[kept] = x;
    exact->count = kept + 1;
    return 1;
}""",
    "rounded": """\
/* The number nearest to an exact sum: where the largest parts leave half a unit out, what lies below decides. */
static double rounded(const Exact *exact) {
    int i = exact->count - 1;
    double high, low = 0.0, part;
    if (i < 0) {
        return 0.0;
    }
    high = exact->parts[i];
    while (i > 0 && low == 0.0) {
        part = high;
        i--;
        high = part + exact->parts[i];
        low = exact->parts[i] - (high - part);
    }
    if (i > 0 && low != 0.0 && exact->parts[i - 1] != 0.0 && (low < 0.0) == (exact->parts[i - 1] < 0.0)) {
        part = high + 2.0 * low;
        if (part - high == 2.0 * low) {
            high = part;
        }
    }
    return high + 0.0;
}""",
    "total": """\
/* The sum, rounded once; inf and nan as addition gives them. */
static double total(const double *xs, int n, int *ok) {
    Exact exact;
    double special = 0.0;
    int i, sure = 1;
    exact.count = 0;
    for (i = 0; i < n; i++) {
        if (!isfinite(xs[i])) {
            special += xs[i];
        } else if (sure) {
            sure = add_exactly(&exact, xs[i]);
        }
    }
    return special != 0.0 ? special : sure ? rounded(&exact) : outside(ok);
}""",
    "mean": """\
static double mean(const double *xs, int n, int *ok) {
    return n > 0 ? total(xs, n, ok) / n : outside(ok);
}""",
    "dot": """\
/* The inner product, rounded once: exact products, summed exactly. */
static double dot(const double *xs, const double *ys, int n, int *ok) {
    Exact exact;
    double special = 0.0;
    int i, sure = 1, finite = 1, is_nan = 0;
    exact.count = 0;
    for (i = 0; i < n; i++) {
        finite = finite && isfinite(xs[i]) && isfinite(ys[i]);
    }
    for (i = 0; i < n; i++) {
        double x = xs[i], y = ys[i], p = x * y;
        if (1e-250 < fabs(p) && fabs(p) < 1e290 && fabs(x) < 1e150 && fabs(y) < 1e150) {
            sure = sure && add_exactly(&exact, p) && add_exactly(&exact, k_product_error(x, y, p));
        } else if (x != 0.0 && y != 0.0) {
            sure = sure && !finite;
        } else {
            is_nan = is_nan || isnan(p);
        }
        if (!isfinite(x) || !isfinite(y)) {
            special += p;
        }
    }
    if (!finite) {
        return is_nan ? NAN : special;
    }
    return sure ? rounded(&exact) : outside(ok);
}""",
    **{
        name: f"""\
static double {name}(const double *xs, int n, int *ok) {{
    double z = n > 0 ? xs[0] : outside(ok);
    int i;
    for (i = 0; i < n; i++) {{
        if (isnan(xs[i])) {{
            return xs[i];
        }}
        z = xs[i] {sign} z ? xs[i] : z;
    }}
    return z;
}}"""
        for name, sign in (("largest", ">"), ("smallest", "<"))
    },
    "tied_shares": """\
/* An equal share for each of those that are the largest, or the smallest. */
static void tied_shares(double *slopes, const double *xs, int n, double z) {
    int i, ties = 0;
    for (i = 0; i < n; i++) {
        ties += xs[i] == z;
    }
    for (i = 0; i < n; i++) {
        slopes[i] = ties == 0 ? NAN : xs[i] == z ? 1.0 / ties : 0.0;
    }
}""",
    "shifted": """\
/* exp(x - top), and what the rounding of the difference left out of it. */
static double shifted(double x, double top, double *correction) {
    double d = x - top, e = exp(d);
    *correction = e != 0.0 && d != 0.0 ? e * k_difference_error(x, top, d) : 0.0;
    return e;
}""",
    "logsumexp": """\
static double logsumexp(const double *xs, int n, int *ok) {
    Exact exact;
    double top = largest(xs, n, ok), whole, low, rest, z, e, correction;
    int i;
    if (!isfinite(top)) {
        return top;
    }
    exact.count = 0;
    for (i = 0; i < n; i++) {
        e = shifted(xs[i], top, &correction);
        add_exactly(&exact, e);
        add_exactly(&exact, correction);
    }
    whole = rounded(&exact);
    add_exactly(&exact, -whole);
    rest = log(whole);
    low = rounded(&exact) / whole;
    z = top + rest;
    z += k_difference_error(top, -rest, z) + low;
    return top >= 0.0 || fabs(z) > rest + low ? z : cancelling(xs, n, top, ok);
}""",
    "c_logaddexp": """\
static double c_logaddexp(double x, double y, int *ok) {
    double xs[2] = {x, y};
    return logsumexp(xs, 2, ok);
}""",
    "softmax": """\
static void softmax(double *shares, const double *xs, int n, int *ok) {
    Exact exact;
    double top = largest(xs, n, ok), whole, low, correction;
    int i;
    if (!isfinite(top)) {
        tied_shares(shares, xs, n, top);
        return;
    }
    exact.count = 0;
    for (i = 0; i < n; i++) {
        add_exactly(&exact, shifted(xs[i], top, &correction));
        add_exactly(&exact, correction);
    }
    whole = rounded(&exact);
    add_exactly(&exact, -whole);
    low = rounded(&exact);
    for (i = 0; i < n; i++) {
        double e = shifted(xs[i], top, &correction);
        shares[i] = k_quotient(e, correction, whole, low, ok);
    }
}""",
    "c_share": """\
static double c_share(double x, double y, int *ok) {
    double xs[2] = {x, y}, shares[2];
    softmax(shares, xs, 2, ok);
    return shares[0];
}""",
    "softmax_slopes": """\
/* One component: 1 - p towards its own operand, where 1 - p is the sum of the others, and -p towards the others. */
static void softmax_slopes(double *slopes, const double *shares, int n, int component, double z, int *ok) {
    double others = 0.0;
    int i;
    for (i = 0; i < n; i++) {
        slopes[i] = i == component ? 0.0 : shares[i];
    }
    others = total(slopes, n, ok);
    for (i = 0; i < n; i++) {
        slopes[i] = i == component ? z * others : -(z * shares[i]);
    }
}""",
    "exp_pair": """\
/* exp(d + d_low) for d <= 0, and what its rounding left out, as far as that can matter beside 1. */
static double exp_pair(double d, double d_low, double *low) {
    double high, high_low, t, p, e;
    int parts;
    if (d < -40.0) {
        e = exp(d);
        *low = e * d_low;
        return e;
    }
    parts = (int)nearbyint(64.0 * d);
    high = EXP[-parts][0];
    high_low = EXP[-parts][1];
    t = expm1(d - parts / 64.0);
    p = high * t;
    *low = k_product_error(high, t, p) + (high_low * (1.0 + t) + (high + p) * d_low);
    e = high + p;
    *low = (high - e) + p + *low;
    return e;
}""",
    "log_softmax": """\
/* x - logsumexp(xs) for each x: both steps down from the largest have one sign, so that nothing cancels. */
static void log_softmax(double *found, const double *xs, int n, int *ok) {
    Exact exact;
    double top = largest(xs, n, ok), whole, whole_low, rest, d, d_low, low;
    int i;
    if (!isfinite(top)) {
        softmax(found, xs, n, ok);
        for (i = 0; i < n; i++) {
            found[i] = found[i] != 0.0 ? log(found[i]) : -INFINITY;
        }
        return;
    }
    exact.count = 0;
    add_exactly(&exact, -1.0);
    for (i = 0; i < n; i++) {
        d = xs[i] - top;
        add_exactly(&exact, exp_pair(d, d > -INFINITY ? k_difference_error(xs[i], top, d) : 0.0, &low));
        add_exactly(&exact, low);
    }
    whole = rounded(&exact);
    add_exactly(&exact, -whole);
    whole_low = rounded(&exact) / (1.0 + whole);
    rest = log1p(whole);
    for (i = 0; i < n; i++) {
        d = xs[i] - top;
        d_low = d > -INFINITY ? k_difference_error(xs[i], top, d) : 0.0;
        found[i] = d - (rest + (whole_low - d_low));
    }
}""",
    "log_softmax_slopes": """\
static void log_softmax_slopes(double *slopes, const double *shares, int n, int component, int *ok) {
    softmax_slopes(slopes, shares, n, component, 1.0, ok);
}""",
    "Scaled": """\
/* (high + low) * 2**exponent */
typedef struct {
    double high, low;
    int exponent;
} Scaled;""",
    "times": """\
static Scaled times(Scaled a, Scaled b) {
    Scaled found;
    double p = a.high * b.high, low = k_product_error(a.high, b.high, p) + (a.high * b.low + a.low * b.high);
    int e;
    found.high = frexp(p, &e);
    found.low = ldexp(low, -e);
    found.exponent = a.exponent + b.exponent + e;
    return found;
}""",
    "split": """\
static Scaled split(double x) {
    Scaled found;
    found.high = frexp(x, &found.exponent);
    found.low = 0.0;
    return found;
}""",
    "product": """\
/* The product, with exponents apart and a second word of digits, so that nothing is lost on the way. */
static double product(const double *xs, int n) {
    Scaled all = {0.5, 0.0, 1};
    double plain = 1.0;
    int i, finite = 1;
    for (i = 0; i < n; i++) {
        finite = finite && isfinite(xs[i]);
        plain *= xs[i];
    }
    for (i = 0; i < n && finite; i++) {
        all = times(all, split(xs[i]));
    }
    return finite ? ldexp(all.high + all.low, all.exponent) : plain;
}""",
    "products_without": """\
/* For each the product of all the others. */
static void products_without(double *slopes, const double *xs, int n) {
    Scaled before = {0.5, 0.0, 1}, behind;
    double plain = 1.0;
    int i, j, finite = 1;
    for (i = 0; i < n; i++) {
        finite = finite && isfinite(xs[i]);
    }
    for (i = 0; i < n; i++) {
        if (finite) {
            behind.high = 0.5, behind.low = 0.0, behind.exponent = 1;
            for (j = n - 1; j > i; j--) {
                behind = times(behind, split(xs[j]));
            }
            behind = times(before, behind);
            slopes[i] = ldexp(behind.high + behind.low, behind.exponent);
            before = times(before, split(xs[i]));
        } else {
            double rest = 1.0;
            for (j = n - 1; j > i; j--) {
                rest *= xs[j];
            }
            slopes[i] = plain * rest;
            plain *= xs[i];
        }
    }
}""",
    "direction": """\
/* x over the length, for each; scaled where that is subnormal and has few digits, or overflows. */
static void direction(double *slopes, const double *xs, int n, double z, int *ok) {
    double scale = 0.0 < z && z < 1e-290 ? 0x1p600 : z == INFINITY ? 0x1p-600 : 1.0;
    int i;
    for (i = 0; i < n; i++) {
        slopes[i] = xs[i] * scale;
    }
    z = scale == 1.0 ? z : norm(slopes, n, ok);
    for (i = 0; i < n; i++) {
        slopes[i] = z != 0.0 ? slopes[i] / z : 0.0;
    }
}""",
}


# ---- erfc and gelu: kernels that take coefficients from a table ----------------------------------------


def erfcx_rows() -> list[tuple[float, ...]]:
    """The coefficients of erfcx around 0, 1/8, 2/8, ... to 28, the highest first, and what rounding left out of the last."""
    return [kernels._erfcx_terms(eighths) for eighths in range(8 * 28 + 1)]


def _table(name: str, rows: Sequence[tuple[float, ...]]) -> str:
    lines = [f"    {{{', '.join(map(repr, row))}}}," for row in rows]
    return "\n".join([f"static const double {name}[{len(rows)}][{len(rows[0])}] = {{", *lines, "};"])


@cache
def _table_of_exp() -> str:
    """exp at 0, -1/64, -2/64, ..., and what rounding left out."""
    return _table("EXP", [kernels._exp_of_part(-parts) for parts in range(40 * 64 + 1)])


def _tabled() -> dict[str, str]:
    gelu_terms = kernels._gelu_terms()
    return {
        "ERFCX": _table("ERFCX", erfcx_rows()),
        "GELU": f"static const double GELU[{len(gelu_terms)}] = {{{', '.join(map(repr, gelu_terms))}}};",
        "erfcx": """\
/* exp(x*x) * erfc(x), and what its rounding left out. */
static double erfcx(double x, double *low) {
    int eighths = (int)nearbyint(8.0 * x), i;
    const double *terms = ERFCX[eighths];
    double d = x - 0.125 * eighths, sloped = 0.0, w;
    for (i = 0; i < 16; i++) {
        sloped = (sloped + terms[i]) * d;
    }
    w = terms[16] + sloped;
    *low = (terms[16] - w) + sloped + terms[17];
    return w;
}""",
        "c_erfc": """\
static double c_erfc(double x, int *ok) {
    double w, low;
    if (x < 0.5) {
        return 1.0 - erf(x);
    }
    if (!(x < 28.0)) {
        return x == x ? 0.0 : x;
    }
    w = erfcx(x, &low);
    return k_gauss(x, 1.0, w, low, ok);
}""",
        "c_gelu": f"""\
static double c_gelu(double x, int *ok) {{
    double half = 0.5 * x, t, t_low, w, w_low, factor;
    if (0.0 <= x && x < 0.5) {{
        return half + half * erf(x * {kernels._ROOT_HALF!r});
    }}
    if (x >= 0.0) {{
        return x < 10.0 ? x * (1.0 - k_gauss(x, 0.5, 0.5 * erfcx(x * {kernels._ROOT_HALF!r}, &w_low), 0.0, ok)) : x;
    }}
    if (!(x > -39.0)) {{
        return x == x ? -0.0 : x;
    }}
    t = -x * {kernels._ROOT_HALF!r};
    t_low = k_product_error(-x, {kernels._ROOT_HALF!r}, t) - x * {kernels._ROOT_HALF_LOW!r};
    w = erfcx(t, &w_low);
    w_low += (2.0 * t * w - {kernels._TWO_OVER_ROOT_PI[0]!r}) * t_low;
    factor = 0.5 * x * w;
    return k_gauss(x, 0.5, factor, k_product_error(0.5 * x, w, factor) + 0.5 * x * w_low, ok);
}}""",
        "c_gelu_dx": f"""\
static double c_gelu_dx(double x, int *ok) {{
    double phi, d, h, low, factor;
    int i;
    if (fabs(x) < 0.25) {{
        return 0.5 + (0.5 * erf(x * {kernels._ROOT_HALF!r}) + x * k_gauss(x, 0.5, {kernels._DENSITY!r}, 0.0, ok));
    }}
    if (x >= 0.0) {{
        if (x > 10.0) {{
            return 1.0;
        }}
        phi = k_gauss(x, 0.5, 1.0, 0.0, ok);
        return 1.0 + phi * (x * {kernels._DENSITY!r} - 0.5 * erfcx(x * {kernels._ROOT_HALF!r}, &low));
    }}
    if (!(x > -39.0)) {{
        return x == x ? 0.0 : x;
    }}
    d = (x - ({kernels._GELU_ROOT!r})) - {kernels._GELU_ROOT_LOW!r};
    if (fabs(d) < 0.76) {{
        h = 0.0;
        for (i = 0; i < {len(gelu_terms)}; i++) {{
            h = h * d + GELU[i];
        }}
    }} else {{
        h = 1.2533141373155003 * erfcx(-x * {kernels._ROOT_HALF!r}, &low) + x;
    }}
    factor = {kernels._DENSITY!r} * h;
    return k_gauss(x, 0.5, factor, k_product_error({kernels._DENSITY!r}, h, factor) + ({kernels._DENSITY_LOW!r}) * h, ok);
}}""",
    }


# ---- a program ---------------------------------------------------------------------------------------


class Writer(Walked):
    """Writes the lines of a program in C."""

    language = "C"
    reserved = (
        *KEYWORDS,
        *LIBRARY,
        *ITS_OWN,
        *HELPERS,
        *printed_pairs.NAMES,
        "erfcx",
        "ERFCX",
        "GELU",
        "EXP",
        *[f"c_{name}" for name in ITS_OWN],
    )
    declared = declared_anew = "double "

    def __init__(self, program: Program, active: Sequence[Any] | None = None) -> None:
        super().__init__(program, C(), active)

    def array(self, xs: Sequence[str]) -> str:
        """An array, and how long it is."""
        return f"(double[]){{{', '.join(map(bare, xs)) or '0.0'}}}, {len(xs)}"

    def array_of(self, name: str, count: int) -> str:
        """A list, and how long it is."""
        return f"{name}, {count}"

    def listed(self, name: str, helper: str, count: int, arguments: Sequence[str]) -> str:
        """An array, and the call that fills it."""
        return f"double {name}[{max(count, 1)}]; {self.helper(helper, [name, *arguments])};"

    def helper(self, name: str, arguments: Sequence[str]) -> str:
        """A call of a helper."""
        return f"{name}({', '.join([*arguments, *['ok'] * takes_flag(name)])})"

    def many(self, helper: str, parts: Sequence[Sequence[str]]) -> str:
        """A helper of one or two arrays of one length."""
        if len(parts) == 1:
            return self.helper(helper, [self.array(parts[0])])
        return self.helper(helper, [self.array(parts[0]).rpartition(",")[0], self.array(parts[1])])

    def failed(self, place: int, true: str) -> str:
        """Return the number of the guard."""
        return f"return {place + 1}; /* this was recorded where {true} */"


def takes_flag(name: str) -> bool:
    """Whether a helper may clear the flag."""
    return "int *ok" in (HELPERS | printed_pairs.functions()).get(name, "")


def written(program: Program, active: Sequence[Any] | None = None) -> str:
    """A program as C99: `value` and `value_and_gradients`, and the functions that they use.

    Args:
        program: the program.
        active: for each input whether it is differentiated; all are if None.

    Returns:
        The text of a file.

    Raises:
        UnprintableError: it holds what can't be written in C; the message names it.
    """
    writer = Writer(program, active)
    plan = writer.plan
    arguments = [plan.names[slot] for slot in plan.arguments]
    wanted = [slot for slot in plan.arguments if plan.active[slot]]
    unpacked = [f"const double {', '.join([f'{name} = in[{i}]' for i, name in enumerate(arguments)])};"] if arguments else []
    outputs = [plan.names[slot] for slot in program.outputs]
    stored = [f"out[{k}] = {bare(name)};" for k, name in enumerate(outputs)]
    lines = ["/* forward */", *writer.forward(), *stored]
    backward: list[str] = []
    for k, slot in enumerate(program.outputs):
        part = [f"/* backward from {plan.names[slot]} */", *writer.backward(plan.sweep(slot))]
        part += [f"gradients[{k * len(wanted) + i}] = {plan.derivatives[s]};" for i, s in enumerate(wanted)]
        backward += ["", *part] if len(outputs) == 1 else ["", "{", *[f"    {line}" for line in part], "}"]
    functions = [
        _function("value", ["const double *in", "double *out"], [*unpacked, *lines]),
        _function(
            "value_and_gradients", ["const double *in", "double *out", "double *gradients"], [*unpacked, *lines, *backward]
        ),
    ]
    inputs = ", ".join([*arguments[: program.inputs]])
    captured = [
        f"{name} ({x.data!r} when this was written)"
        for name, x in zip(arguments[program.inputs :], program.captured, strict=True)
    ]
    head = [
        "/* Written by glassgrad. in: " + (", ".join([part for part in (inputs, *captured) if part]) or "nothing") + ".",
        "   The functions return 0; or -1 where Python would raise an error or need decimals; or the number of the condition,",
        "   counted from 1, that doesn't hold. Compile with -O2 -ffp-contract=off -fno-builtin for Python's bits. */",
    ]
    found = pieces(writer.walk, "\n".join(functions))
    return "\n\n".join(["\n".join([*head, "#include <math.h>"]), *needed(functions, found), *functions]) + "\n"


def pieces(walk: Walk, text: str) -> dict[str, str]:
    """All that a text might need, by name.

    Args:
        walk: the translation of the functions that the text calls.
        text: the text.
    """
    found = dict(HELPERS)
    for name in ITS_OWN:
        takes = ["y", "x"] if name == "atan2" else ["x"]
        typed, plain = ", ".join([f"double {x}" for x in takes]), ", ".join(takes)
        if f"c_{name}" in C.sure:
            found[f"c_{name}"] = f"static double c_{name}({typed}) {{\n    return {name}({plain});\n}}"
        elif name != "pow":
            found[f"c_{name}"] = f"static double c_{name}({typed}, int *ok) {{\n    return checked({name}({plain}), x, ok);\n}}"
    for function in PIECES.values():
        walk.function(function)
    texts = "\n".join([text, *walk.texts.values()])
    if any(f"c_{name}(" in texts for name in ("erfc", "gelu", "gelu_dx")):
        found |= _tabled()
    if "log_softmax(" in texts:
        found["EXP"] = _table_of_exp()
    return found | printed_pairs.c_pieces(texts) | walk.texts


def _function(name: str, arguments: Sequence[str], lines: Sequence[str]) -> str:
    """One of the two functions, with the flag if there is a use for it."""
    flag, result = [], "return 0;"
    if any("ok)" in line for line in lines):
        flag, result = ["int fine = 1, *ok = &fine;"], "return fine ? 0 : -1;"
    body = [f"    {part}" if part else "" for line in [*flag, *lines, result] for part in wrapped(line)]
    return "\n".join([f"int {name}({', '.join(arguments)}) {{", *body, "}"])
