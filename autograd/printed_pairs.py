"""What printed programs compute with more digits than a double has: the gamma functions, erfinv, sinc, variances.

Python computes these with decimals or with whole numbers of any length, and rounds once. Here a number is a pair of doubles,
whose sum has 106 bits (Dekker 1971), and each function knows a bound for what it is off by. In C a result of which there is
a doubt how it is rounded is handed back, so that what comes out has Python's bits. JavaScript takes it, if it is off by no more
than two units in the last place.

The functions are written once, in C. They keep to what `in_javascript` can turn into JavaScript, line by line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from . import kernels, kernels_exact

__all__ = ["NAMED", "NAMES", "NATIVE", "SPREADS", "c_pieces", "functions", "in_javascript", "javascript_pieces"]

NAMED: Mapping[Any, str] = {
    kernels_exact.erfinv: "erf_inverse",
    kernels_exact.erfinv_dx: "erf_inverse_slope",
    kernels_exact.gamma: "gamma_of",
    kernels_exact.gamma_dx: "gamma_slope",
    kernels_exact.lgamma: "log_gamma",
    kernels_exact.digamma: "digamma",
    kernels_exact.polygamma: "polygamma",
    kernels_exact.sinc: "sinc",
    kernels_exact.sinc_dx: "sinc_slope",
    kernels_exact.sinc_dn: "sinc_of_order",
    kernels._exact_power_dx: "power_slope",
    kernels._exact_power_dy: "exponent_slope",
}
# What the native engine calls them.
NATIVE: Mapping[Any, str] = {f: f"exact_{f.__name__.removeprefix('_exact').lstrip('_')}" for f in NAMED}
# What a program calls for the primitives of sequences: for the value, and for the slopes.
SPREADS: Mapping[str, tuple[str, str]] = {
    "var": ("variance", "variance_slopes"),
    "std": ("standard_deviation", "deviation_slopes"),
}

FUNCTIONS = """\
/* high + low, where the first is the larger one. */
static Pair pair(double high, double low) {
    double sum = high + low;
    return a_pair(sum, (high - sum) + low);
}

static Pair exact_sum(double x, double y) {
    double sum = x + y;
    return a_pair(sum, k_difference_error(x, -y, sum));
}

static Pair exact_product(double x, double y) {
    double product = x * y;
    return a_pair(product, k_product_error(x, y, product));
}

static Pair scaled(Pair x, double power) {
    return a_pair(x.high * power, x.low * power);
}

static Pair plus(Pair x, Pair y) {
    Pair sum = exact_sum(x.high, y.high), rest = exact_sum(x.low, y.low);
    sum = pair(sum.high, sum.low + rest.high);
    return pair(sum.high, sum.low + rest.low);
}

static Pair minus(Pair x, Pair y) {
    return plus(x, scaled(y, -1.0));
}

static Pair times_pair(Pair x, Pair y) {
    Pair product = exact_product(x.high, y.high);
    return pair(product.high, product.low + (x.high * y.low + x.low * y.high));
}

static Pair times_number(Pair x, double y) {
    return times_pair(x, a_pair(y, 0.0));
}

static Pair over(Pair x, Pair y) {
    double first = x.high / y.high, second, third;
    Pair rest = minus(x, times_number(y, first));
    second = rest.high / y.high;
    rest = minus(rest, times_number(y, second));
    third = rest.high / y.high;
    return plus(pair(first, second), a_pair(third, 0.0));
}

static Pair over_number(Pair x, double y) {
    return over(x, a_pair(y, 0.0));
}

static Pair one_over(Pair x) {
    return over(a_pair(1.0, 0.0), x);
}

static Pair root_of(Pair x) {
    double root = sqrt(x.high);
    Pair rest = minus(x, exact_product(root, root));
    return pair(root, rest.high / (2.0 * root));
}

static Pair size_of(Pair x) {
    return x.high < 0.0 ? scaled(x, -1.0) : x;
}

/* exp(x) / 2**twos, where twos is the nearest whole number to log2(exp(x)). */
static Pair pair_exp(Pair x, double twos) {
    Pair rest = scaled(minus(x, times_number(LOG_OF_2, twos)), 0.015625), sum = rest;
    int n;
    for (n = 14; n > 1; n--) {
        sum = over_number(times_pair(sum, rest), n);
        sum = plus(sum, rest);
    }
    for (n = 0; n < 6; n++) {
        sum = plus(scaled(sum, 2.0), times_pair(sum, sum));
    }
    return plus(a_pair(1.0, 0.0), sum);
}

static double twos_in(double exponent) {
    return nearbyint(1.4426950408889634 * exponent);
}

/* The logarithm: one step of Newton's method. */
static Pair pair_log(Pair x) {
    double known = log(x.high), twos = -twos_in(known);
    Pair rest = times_pair(x, scaled(pair_exp(a_pair(-known, 0.0), twos), ldexp(1.0, (int)twos)));
    rest = minus(rest, a_pair(1.0, 0.0));
    return plus(a_pair(known, 0.0), minus(rest, scaled(times_pair(rest, rest), 0.5)));
}

/* The logarithm of a positive double, however small or large. */
static Pair log_of(double x) {
    if (x < 1e-200) {
        return minus(pair_log(a_pair(x * 4.149515568880993e+180, 0.0)), times_number(LOG_OF_2, 600.0));
    }
    if (x > 1e200) {
        return plus(pair_log(a_pair(x * 2.409919865102884e-181, 0.0)), times_number(LOG_OF_2, 600.0));
    }
    return pair_log(a_pair(x, 0.0));
}

static Pair log_of_pair(Pair x) {
    return x.high > 1e200 ? log_of(x.high) : pair_log(x);
}

/* y * x**(y-1) for x > 0. */
static double power_slope(double x, double y, int *ok) {
    Pair logarithm = log_of(x), size;
    double twos;
    if (!(fabs(y * logarithm.high) < 1e5)) {
        return y * ((y < 0.0) != (x < 1.0) ? 0.0 : INFINITY);
    }
    size = plus(times_pair(exact_sum(y, -1.0), logarithm), log_of(fabs(y)));
    twos = twos_in(size.high);
    size = scaled(pair_exp(size, twos), copysign(1.0, y));
    return nearest(size, fabs(size.high) * 1e-30 * (1000.0 + fabs(y * logarithm.high)), (int)twos, ok);
}

/* x**y * log(x) for x > 0. */
static double exponent_slope(double x, double y, int *ok) {
    Pair logarithm = log_of(x), size;
    double twos;
    if (!(fabs(y * logarithm.high) < 1e5)) {
        return logarithm.high * ((y < 0.0) != (x < 1.0) ? 0.0 : INFINITY);
    }
    size = times_number(logarithm, y);
    twos = twos_in(size.high);
    size = times_pair(pair_exp(size, twos), logarithm);
    return nearest(size, fabs(size.high) * 1e-30 * (1000.0 + fabs(y * logarithm.high)), (int)twos, ok);
}

/* How far x lies from the nearest whole number. */
static double from_whole(double x) {
    double a = fabs(x), rest = a < 4503599627370496.0 ? a - nearbyint(a) : 0.0;
    return x < 0.0 ? -rest : rest;
}

static int is_odd(double whole) {
    return fabs(fmod(whole, 2.0)) == 1.0;
}

/* sin(pi*r)/r for r from -1/2 to 1/2, by its power series. */
static Pair sine_over(double r) {
    Pair square, sum = a_pair(1.0, 0.0);
    int n;
    square = times_number(PI, fabs(r) < 1e-100 ? 0.0 : r);
    square = times_pair(square, square);
    for (n = 36; n > 0; n -= 2) {
        sum = minus(a_pair(1.0, 0.0), over_number(times_pair(sum, square), n * (n + 1.0)));
    }
    return times_pair(sum, PI);
}

/* cos(pi*r) likewise. */
static Pair cosine(double r) {
    Pair square, sum = a_pair(1.0, 0.0);
    int n;
    if (fabs(r) > 0.25) {
        return times_number(sine_over(0.5 - fabs(r)), 0.5 - fabs(r));
    }
    square = times_number(PI, fabs(r) < 1e-100 ? 0.0 : r);
    square = times_pair(square, square);
    for (n = 28; n > 0; n -= 2) {
        sum = minus(a_pair(1.0, 0.0), over_number(times_pair(sum, square), n * (n - 1.0)));
    }
    return sum;
}

/* log(gamma(x)) for x > 0 away from 1 and 2: Stirling's series (DLMF 5.11), and the recurrence to get there. */
static Pair log_gamma_above(Pair x) {
    Pair far = x, steps = a_pair(1.0, 0.0), first, logarithm, square, sum = STIRLING[16];
    int n, is_small = x.high < 1e-200;
    for (n = 0; n < 21; n++) {
        if (far.high < 20.0) {
            steps = n == 0 && is_small ? steps : times_pair(steps, far);
            far = plus(far, a_pair(1.0, 0.0));
        }
    }
    first = is_small ? log_of(x.high) : a_pair(0.0, 0.0);
    logarithm = log_of_pair(far);
    square = far.high < 1e17 ? one_over(times_pair(far, far)) : a_pair(0.0, 0.0);
    for (n = 15; n >= 0; n--) {
        sum = plus(STIRLING[n], times_pair(sum, square));
    }
    sum = plus(over(sum, far), HALF_LOG_OF_2_PI);
    sum = minus(minus(sum, pair_log(steps)), first);
    return plus(sum, minus(times_pair(minus(far, a_pair(0.5, 0.0)), logarithm), far));
}

/* log(gamma(x)) around 1 and 2, where it is zero, by its power series. */
static double log_gamma_near(double x, int *ok) {
    double rest = x < 1.5 ? x - 1.0 : x - 2.0;
    int n;
    Pair sum = a_pair(0.0, 0.0);
    if (rest == 0.0) {
        return 0.0;
    }
    for (n = 9; n >= 0; n--) {
        sum = plus(x < 1.5 ? NEAR_ONE[n] : NEAR_TWO[n], times_number(sum, rest));
    }
    sum = times_number(sum, rest);
    return nearest(sum, 1e-29 * fabs(sum.high), 0, ok);
}

/* log(abs(gamma(x))) for any x that is no pole. */
static Pair log_gamma_pair(double x) {
    double r = from_whole(x);
    if (x > 0.0) {
        return log_gamma_above(a_pair(x, 0.0));
    }
    return minus(minus(pair_log(over(PI, sine_over(r))), log_of(fabs(r))), log_gamma_above(exact_sum(1.0, -x)));
}

static int is_pole(double x) {
    return x <= 0.0 && x == floor(x) && isfinite(x);
}

static double log_gamma(double x, int *ok) {
    Pair found;
    if (!isfinite(x)) {
        return fabs(x);
    }
    if (is_pole(x) || x > 2.5e305) {
        return outside(ok);
    }
    if (x > 1e290) {
        found = minus(log_of(x), a_pair(1.0, 0.0));
        found = times_pair(scaled(a_pair(x, 0.0), 2.409919865102884e-181), found);
        return nearest(found, 1e-28 * found.high, 600, ok);
    }
    if (fabs(x - 1.0) < 6e-5 || fabs(x - 2.0) < 6e-5) {
        return log_gamma_near(x, ok);
    }
    found = log_gamma_pair(x);
    return nearest(found, 1e-28 * (fabs(x) * (fabs(x) > 20.0 ? log(fabs(x)) : 4.0) + 800.0), 0, ok);
}

/* gamma(x) times a factor. */
static double gamma_times(double x, Pair factor, double doubt, int *ok) {
    Pair found;
    double twos;
    if (fabs(x) > 190.0) {
        return outside(ok);
    }
    found = log_gamma_pair(x);
    twos = twos_in(found.high);
    found = times_pair(pair_exp(found, twos), factor);
    if (x < 0.0 && is_odd(floor(x))) {
        found = scaled(found, -1.0);
    }
    return nearest(found, fabs(found.high) * 1e-26 + doubt * 2.0, (int)twos, ok);
}

static double gamma_of(double x, int *ok) {
    if (!isfinite(x) || is_pole(x) || x > 180.0) {
        return x > 0.0 && !isfinite(x) ? x : isnan(x) ? x : outside(ok);
    }
    if (x < -190.0) {
        return is_odd(floor(x)) ? -0.0 : 0.0;
    }
    return checked(gamma_times(x, a_pair(1.0, 0.0), 0.0, ok), x, ok);
}

/* digamma(x) for x > 0 (DLMF 5.11.2). */
static Pair digamma_above(Pair x) {
    Pair far = x, steps = a_pair(0.0, 0.0), square, sum = a_pair(0.0, 0.0);
    int n;
    while (far.high < 20.0) {
        steps = plus(steps, one_over(far));
        far = plus(far, a_pair(1.0, 0.0));
    }
    square = far.high < 1e17 ? one_over(times_pair(far, far)) : a_pair(0.0, 0.0);
    for (n = 20; n > 0; n--) {
        sum = times_pair(plus(sum, over_number(BERNOULLI[n - 1], 2.0 * n)), square);
    }
    sum = plus(sum, far.high < 1e100 ? scaled(one_over(far), 0.5) : a_pair(0.0, 0.0));
    return minus(minus(log_of_pair(far), sum), steps);
}

/* digamma(x), where it is no pole and above 1e-250. */
static Pair digamma_pair(double x) {
    double r = from_whole(x);
    Pair cotangent;
    if (x > 0.0) {
        return digamma_above(a_pair(x, 0.0));
    }
    cotangent = over(cosine(r), times_number(sine_over(r), r));
    return minus(digamma_above(exact_sum(1.0, -x)), times_pair(PI, cotangent));
}

/* What digamma_pair may be off by. */
static double digamma_doubt(double x) {
    double r = x > 0.0 ? x : from_whole(x);
    return 1e-29 * (20.0 + log(1.0 + fabs(x)) + 2.0 / fabs(r));
}

static double gamma_slope(double x, int *ok) {
    Pair square;
    if (!isfinite(x) || x > 180.0) {
        return isfinite(x) ? INFINITY : x;
    }
    if (is_pole(x)) {
        return outside(ok);
    }
    if (x < -190.0) {
        return is_odd(floor(x)) != (digamma_pair(x).high < 0.0) ? -0.0 : 0.0;
    }
    if (fabs(x) < 1e-100) {
        square = exact_product(x * 4.149515568880993e+180, x * 4.149515568880993e+180);
        square = over(a_pair(-1.0, 0.0), square);
        return nearest(square, fabs(square.high) * 1e-30, 1200, ok);
    }
    return gamma_times(x, digamma_pair(x), digamma_doubt(x), ok);
}

/* The derivative of digamma of some order, by its series (DLMF 5.15) and the recurrence to get there. */
static double polygamma_of(double order, double x, int *ok) {
    Pair far = a_pair(x, 0.0), sum = a_pair(0.0, 0.0), step, power, series = a_pair(0.0, 0.0), square, factor, size;
    double n, k, whole = 0.0, twos;
    if (x < -1000.0) {
        return outside(ok);
    }
    while (far.high < 20.0 + order) {
        step = over(a_pair(x, 0.0), far);
        power = step;
        for (k = 0.0; k < order; k++) {
            power = times_pair(power, step);
        }
        sum = plus(sum, power);
        whole += fabs(power.high);
        far = plus(far, a_pair(1.0, 0.0));
    }
    if (x > 1e100) {
        size = minus(log_gamma_above(a_pair(order, 0.0)), times_number(log_of(x), order));
        sum = a_pair(1.0, 0.0);
        whole = 1.0;
    } else {
        step = over(a_pair(x, 0.0), far);
        power = a_pair(1.0, 0.0);
        for (k = 0.0; k < order; k++) {
            power = times_pair(power, step);
        }
        square = far.high < 1e17 ? one_over(times_pair(far, far)) : a_pair(0.0, 0.0);
        factor = times_number(square, 0.5 * (order + 1.0));
        for (n = 1.0; n < 25.0; n++) {
            series = plus(series, times_pair(BERNOULLI[(int)n - 1], factor));
            factor = times_number(times_pair(factor, square), (2.0 * n + order) * (2.0 * n + order + 1.0));
            factor = over_number(factor, (2.0 * n + 1.0) * (2.0 * n + 2.0));
        }
        series = times_number(plus(series, over_number(a_pair(1.0, 0.0), order)), x);
        series = times_pair(power, plus(series, scaled(step, 0.5)));
        sum = plus(sum, series);
        whole += fabs(series.high);
        size = minus(log_gamma_above(a_pair(order + 1.0, 0.0)), times_number(log_of(fabs(x)), order + 1.0));
    }
    twos = twos_in(size.high);
    whole *= 1e-29 * (100.0 + (order + 1.0) * (fabs(log(fabs(x))) + 6.0));
    power = pair_exp(size, twos);
    sum = times_pair(sum, power);
    if (x > 0.0 && !is_odd(order)) {
        sum = scaled(sum, -1.0);
    }
    return nearest(sum, whole * power.high, (int)fmax(fmin(twos, 5000.0), -5000.0), ok);
}

static double polygamma(double order, double x, int *ok) {
    if (order != floor(order) || !(0.0 <= order && order <= 200.0) || is_pole(x)) {
        return outside(ok);
    }
    if (!isfinite(x)) {
        return !(x > 0.0) ? NAN : order == 0.0 ? x : is_odd(order) ? 0.0 : -0.0;
    }
    if (order > 0.0) {
        return polygamma_of(order, x, ok);
    }
    if (fabs(x) < 1e-250) {
        return -1.0 / x;
    }
    return nearest(digamma_pair(x), digamma_doubt(x), 0, ok);
}

static double digamma(double x, int *ok) {
    return polygamma(0.0, x, ok);
}

/* The number whose error function is y: Newton's method, with the error function as a series (DLMF 7.6.2) or, in the tail,
   as a continued fraction (7.9.1). */
static Pair erf_inverse_pair(double y) {
    double left = 1.0 - fabs(y), logarithm = log(left * (1.0 + fabs(y))), middle = 4.330746750799873 + 0.5 * logarithm, x;
    Pair at, square, twos, sum, term, found;
    int n, turn;
    x = sqrt(fmax(sqrt(middle * middle - logarithm / 0.147) - middle, 0.0));
    found = a_pair(x, 0.0);
    for (turn = 0; turn < 4; turn++) {
        at = found;
        square = times_pair(at, at);
        twos = a_pair(twos_in(square.high), 0.0);
        term = scaled(pair_exp(square, twos.high), ldexp(1.0, (int)twos.high));
        if (x < 2.0) {
            sum = a_pair(1.0, 0.0);
            for (n = 75; n > 0; n--) {
                sum = plus(a_pair(1.0, 0.0), over_number(times_pair(scaled(square, 2.0), sum), 2.0 * n + 1.0));
            }
            sum = minus(times_pair(times_number(HALF_ROOT_PI, fabs(y)), term), times_pair(sum, at));
        } else {
            sum = at;
            for (n = 170; n > 0; n--) {
                sum = plus(at, over(a_pair(0.5 * n, 0.0), sum));
            }
            sum = minus(scaled(one_over(sum), 0.5), times_pair(times_number(HALF_ROOT_PI, left), term));
        }
        found = plus(at, over(sum, minus(a_pair(1.0, 0.0), times_pair(sum, at))));
    }
    return y < 0.0 ? scaled(found, -1.0) : found;
}

static double erf_inverse(double y, int *ok) {
    Pair found;
    if (isnan(y) || y == 0.0) {
        return y;
    }
    if (!(fabs(y) < 1.0)) {
        return outside(ok);
    }
    if (fabs(y) < 1e-50) {
        found = times_number(HALF_ROOT_PI, y * 4.149515568880993e+180);
        return nearest(found, fabs(found.high) * 1e-28, -600, ok);
    }
    found = erf_inverse_pair(y);
    return nearest(found, fabs(found.high) * 1e-27, 0, ok);
}

static double erf_inverse_slope(double y, int *ok) {
    Pair found;
    double twos;
    if (isnan(y) || !(fabs(y) < 1.0)) {
        return isnan(y) ? y : outside(ok);
    }
    found = fabs(y) < 1e-50 ? a_pair(0.0, 0.0) : erf_inverse_pair(y);
    found = times_pair(found, found);
    twos = twos_in(found.high);
    found = times_pair(HALF_ROOT_PI, pair_exp(found, twos));
    return nearest(found, found.high * 1e-26, (int)twos, ok);
}

/* sin(pi*x)/(pi*x), 1 at 0: the sine of the exact distance from a whole number. */
static double sinc(double x, int *ok) {
    double a = fabs(x), r, t, t_low, p, found;
    if (a < 1e-9 || isnan(a)) {
        return isnan(a) ? x : 1.0;
    }
    r = from_whole(a);
    if (r == 0.0) {
        return 0.0;
    }
    t = PI.high * r;
    t_low = k_product_error(PI.high, r, t) + PI.low * r;
    p = PI.high * a;
    found = k_quotient(sin(t), cos(t) * t_low, p, k_product_error(PI.high, a, p) + PI.low * a, ok);
    return is_odd(a - r) ? -found : found;
}

/* The derivative of sinc of some order: pi**order times that of sin(t)/t, t = pi*x; near 0 by its power series, else from one
   order to the next. */
static double sinc_of_order(double order, double x, int *ok) {
    double n, whole = 0.0, r = from_whole(x), sign = is_odd(x - r) ? -1.0 : 1.0, large = x * 4.149515568880993e+180;
    Pair t, square, power, term, sum = a_pair(0.0, 0.0), scale = a_pair(1.0, 0.0);
    int k;
    if (order != floor(order) || !(1.0 <= order && order <= 12.0)) {
        return outside(ok);
    }
    if (!isfinite(x) || (x == 0.0 && is_odd(order))) {
        return isnan(x) ? x : 0.0;
    }
    if (fabs(x) >= 9007199254740992.0) {
        return order == 1.0 ? 1.0 / x : outside(ok);
    }
    for (n = 0.0; n < order; n++) {
        scale = times_pair(scale, PI);
    }
    t = times_number(PI, fabs(x) < 1e-100 ? 0.0 : x);
    if (fabs(t.high) < order + 2.0) {
        square = times_pair(t, t);
        n = is_odd(order) ? 1.0 : 0.0;
        power = a_pair(is_odd(0.5 * (n + order)) ? -1.0 : 1.0, 0.0);
        for (k = 0; k < 50; k++) {
            term = over_number(power, n + order + 1.0);
            sum = plus(sum, term);
            whole += fabs(term.high);
            power = scaled(over_number(times_pair(power, square), (n + 1.0) * (n + 2.0)), -1.0);
            n += 2.0;
        }
        sum = times_pair(sum, scale);
        whole *= 1e-29 * scale.high;
        if (is_odd(order)) {
            return nearest(times_pair(sum, times_number(PI, large)), whole * 4.0 * fabs(large), -600, ok);
        }
        return nearest(sum, whole, 0, ok);
    }
    sum = over(scaled(times_number(sine_over(r), r), sign), t);
    whole = 1.0 / fabs(t.high);
    for (n = 1.0; n <= order; n++) {
        term = is_odd(n) ? cosine(r) : times_number(sine_over(r), r);
        term = scaled(term, fmod(n, 4.0) >= 2.0 ? -sign : sign);
        sum = over(minus(term, times_number(sum, n)), t);
        whole = (1.0 + n * whole) / fabs(t.high);
    }
    return nearest(times_pair(sum, scale), whole * 1e-29 * scale.high, 0, ok);
}

static double sinc_slope(double x, int *ok) {
    return sinc_of_order(1.0, x, ok);
}

/* top + log(1 + rest), where the two cancel: the sum of the exponentials as a pair. */
static double cancelling(const double *xs, int n, double top, int *ok) {
    Pair rest = a_pair(0.0, 0.0), d, found, power;
    double twos, doubt = 1e-29;
    int i, is_first = 1;
    for (i = 0; i < n; i++) {
        d = exact_sum(xs[i], -top);
        twos = twos_in(d.high);
        if (is_first && xs[i] == top) {
            is_first = 0;
        } else if (d.high > -600.0) {
            rest = plus(rest, scaled(pair_exp(d, twos), ldexp(1.0, (int)twos)));
        }
    }
    if (rest.high < 1e-230) {
        return outside(ok);
    }
    if (rest.high < 1e-8) {
        found = a_pair(0.0, 0.0);
        power = rest;
        for (i = 1; i < 6; i++) {
            found = plus(found, over_number(power, i));
            power = scaled(times_pair(power, rest), -1.0);
        }
        doubt *= rest.high;
    } else {
        found = pair_log(plus(a_pair(1.0, 0.0), rest));
        doubt *= 1.0 + found.high;
    }
    return nearest(plus(found, a_pair(top, 0.0)), doubt, 0, ok);
}

/* An exact sum as a pair. */
static Pair pair_in(Exact *exact) {
    double high = rounded(exact);
    add_exactly(exact, -high);
    return a_pair(high, rounded(exact));
}

/* n*x less the sum of all. */
static Pair deviation_of(Exact *whole, double x, int n) {
    Exact rest = *whole;
    add_product(&rest, x, n);
    return pair_in(&rest);
}

/* The exponent of a scale at which neither a square nor its error leaves the range of doubles. */
static int twos_of(const double *xs, int n) {
    double size = 0.0;
    int i;
    for (i = 0; i < n; i++) {
        size = fmax(size, fabs(xs[i]));
    }
    return size > 1e130 ? -600 : size < 1e-100 ? 600 : 0;
}

/* Whether the deviations of numbers are pairs, nothing being left out: their last digits aren't too far from the first ones. */
static int are_alike(const double *xs, int n) {
    double size = 0.0;
    int i, alike = n < 10000;
    for (i = 0; i < n; i++) {
        size = fmax(size, fabs(xs[i]));
    }
    for (i = 0; i < n; i++) {
        alike = alike && (xs[i] == 0.0 || fabs(xs[i]) > size * 1e-11);
    }
    return alike;
}

static int are_finite(const double *xs, int n) {
    int i, finite = 1;
    for (i = 0; i < n; i++) {
        finite = finite && isfinite(xs[i]);
    }
    return finite;
}

/* The sum of all times a scale, with a minus sign. */
static void add_negatives(Exact *whole, const double *xs, int n, double scale) {
    int i;
    for (i = 0; i < n; i++) {
        add_exactly(whole, -xs[i] * scale);
    }
}

static void add_product(Exact *exact, double x, double y) {
    Pair product = exact_product(x, y);
    add_exactly(exact, product.high);
    add_exactly(exact, product.low);
}

/* Adds the squared deviations, times n*n, to a sum. */
static void add_squares(Exact *squares, Exact *whole, const double *xs, int n, double scale) {
    Pair rest;
    int i;
    for (i = 0; i < n; i++) {
        rest = deviation_of(whole, xs[i] * scale, n);
        add_product(squares, rest.high, rest.high);
        add_product(squares, rest.high, 2.0 * rest.low);
        add_product(squares, rest.low, rest.low);
    }
}

static int is_power_of_2(Pair x) {
    Pair product = exact_product(x.high, 1.0 / x.high);
    return x.low == 0.0 && product.high == 1.0 && product.low == 0.0;
}

/* Whether x is y times a whole number, so that y is known exactly: it may lie in the middle between two doubles. */
static int is_exactly(Pair x, Pair y, Pair whole) {
    Pair rest = minus(x, times_pair(y, whole));
    return rest.high == 0.0 && whole.low == 0.0 && whole.high == floor(whole.high) && whole.high < 1e12;
}

/* Whether there is one to be computed; that of numbers which are not all finite is nan. */
static int has_variance(const double *xs, int n, double freedom, int *ok) {
    if (n == 0 || !(freedom > 0.0)) {
        outside(ok);
        return 0;
    }
    return are_finite(xs, n);
}

static double variance(const double *xs, int n, double freedom, double freedom_low, int *ok) {
    int twos = twos_of(xs, n), is_exact;
    Pair sum, divisor, found;
    Exact whole;
    Exact squares;
    if (!has_variance(xs, n, freedom, ok)) {
        return NAN;
    }
    empty(&whole);
    empty(&squares);
    add_negatives(&whole, xs, n, ldexp(1.0, twos));
    add_squares(&squares, &whole, xs, n, ldexp(1.0, twos));
    sum = pair_in(&squares);
    add_exactly(&squares, -sum.low);
    divisor = times_number(a_pair(freedom, freedom_low), (double)n * n);
    found = over(sum, divisor);
    is_exact = are_alike(xs, n) && rounded(&squares) == 0.0 && is_exactly(sum, found, divisor);
    return found.high == 0.0 ? 0.0 : nearest(found, is_exact ? 0.0 : found.high * 1e-29 * (n + 100.0), -2 * twos, ok);
}

/* The root of the variance. That of two numbers is often half their distance, in the middle between two doubles. */
static double standard_deviation(const double *xs, int n, double freedom, double freedom_low, int *ok) {
    int twos = twos_of(xs, n);
    double scale = ldexp(1.0, twos);
    Pair sum, root;
    Exact whole;
    Exact squares;
    if (!has_variance(xs, n, freedom, ok)) {
        return NAN;
    }
    empty(&whole);
    add_negatives(&whole, xs, n, scale);
    if (n == 2) {
        root = root_of(one_over(scaled(a_pair(freedom, freedom_low), 2.0)));
        sum = times_pair(size_of(deviation_of(&whole, xs[0] * scale, n)), root);
        return nearest(sum, is_power_of_2(root) && are_alike(xs, n) ? 0.0 : sum.high * 1e-29, -twos, ok);
    }
    empty(&squares);
    add_squares(&squares, &whole, xs, n, scale);
    sum = over(pair_in(&squares), times_number(a_pair(freedom, freedom_low), (double)n * n));
    return sum.high == 0.0 ? 0.0 : nearest(root_of(sum), root_of(sum).high * 1e-29 * (n + 100.0), -twos, ok);
}

/* x - mean for each x, times a factor over a divisor, over a power of two. */
static void deviations_over(double *slopes, const double *xs, int n, double factor, Pair divisor, int twos, int *ok) {
    int i, scaling = twos_of(xs, n), alike = are_alike(xs, n);
    double scale = ldexp(1.0, scaling), doubt;
    Pair rest, found;
    Exact whole;
    empty(&whole);
    if (are_finite(xs, n)) {
        add_negatives(&whole, xs, n, scale);
    }
    for (i = 0; i < n; i++) {
        rest = are_finite(xs, n) ? deviation_of(&whole, xs[i] * scale, n) : a_pair(NAN, 0.0);
        rest = scaled(rest, factor);
        found = over(rest, divisor);
        doubt = fabs(found.high) * 1e-29 * (n + 100.0) + (scaling < 0 ? 1e-300 : 0.0); /* what scaling may have lost */
        doubt = alike && is_exactly(rest, found, divisor) ? 0.0 : doubt;
        slopes[i] = isnan(found.high) ? NAN : nearest(found, doubt, twos - scaling, ok);
    }
}

static void variance_slopes(double *slopes, const double *xs, int n, double freedom, double freedom_low, int *ok) {
    deviations_over(slopes, xs, n, 2.0, times_number(a_pair(freedom, freedom_low), n), 0, ok);
}

static void deviation_slopes(double *slopes, const double *xs, int n, double freedom, double freedom_low, int *ok) {
    int twos = twos_of(xs, n);
    double scale = ldexp(1.0, twos);
    Pair sum = a_pair(1.0, 0.0);
    Exact whole;
    Exact squares;
    empty(&whole);
    empty(&squares);
    if (are_finite(xs, n)) {
        add_negatives(&whole, xs, n, scale);
        add_squares(&squares, &whole, xs, n, scale);
        sum = times_pair(pair_in(&squares), a_pair(freedom, freedom_low));
        sum = sum.high == 0.0 ? a_pair(1.0, 0.0) : root_of(sum);
    }
    deviations_over(slopes, xs, n, 1.0, sum, twos, ok);
}

static void deviations(double *slopes, const double *xs, int n, int *ok) {
    deviations_over(slopes, xs, n, 1.0, a_pair(n, 0.0), 0, ok);
}
"""

# ---- in C and in JavaScript --------------------------------------------------------------------------


@cache
def functions() -> dict[str, str]:
    """The functions in C, by name."""
    found = {}
    for text in FUNCTIONS.strip().split("\n\n"):
        match = re.search(r"^static \w+ (\w+)\(", text, re.MULTILINE)
        assert match
        found[match[1]] = text
    return found


@cache
def _numbers() -> dict[str, list[tuple[float, float]]]:
    """The constants, as pairs; a list of one is no table."""
    c = kernels_exact._C

    def pair(x: Decimal) -> tuple[float, float]:
        return float(x), float(c.subtract(x, Decimal.from_float(float(x))))

    def near(x: Decimal) -> list[tuple[float, float]]:
        """The derivatives of log(gamma) over their factorials."""
        slopes = [kernels_exact._polygamma_above(n, x) for n in range(10)]
        return [pair(c.divide(slope, Decimal(math.factorial(n)))) for n, slope in enumerate(slopes, 1)]

    bernoulli = [c.divide(Decimal(b.numerator), Decimal(b.denominator)) for b in kernels_exact._bernoulli()]
    return {
        "PI": [pair(kernels_exact._PI)],
        "LOG_OF_2": [pair(c.ln(Decimal(2)))],
        "HALF_LOG_OF_2_PI": [pair(kernels_exact._half_log_two_pi())],
        "HALF_ROOT_PI": [pair(kernels_exact._half_root_pi())],
        "STIRLING": [pair(x) for x in kernels_exact._stirling(0)[:17]],
        "BERNOULLI": [pair(x) for x in bernoulli[:24]],
        "NEAR_ONE": near(Decimal(1)),
        "NEAR_TWO": near(Decimal(2)),
    }


NAMES = (
    *functions(),
    "Pair",
    "a_pair",
    "nearest",
    "PI",
    "LOG_OF_2",
    "HALF_LOG_OF_2_PI",
    "HALF_ROOT_PI",
    "STIRLING",
    "BERNOULLI",
    "NEAR_ONE",
    "NEAR_TWO",
    "empty",
    "ldexp",
)


def _is_used(texts: str) -> bool:
    names = [*NAMED.values(), *[name for both in SPREADS.values() for name in both], "deviations"]
    names += ["logsumexp", "logaddexp", "c_logaddexp"]  # which may cancel
    return re.search(rf"\b({'|'.join(names)})\(", texts) is not None


def c_pieces(texts: str) -> dict[str, str]:
    """All that a text in C might need, by name; nothing if it needs none of it."""
    if not _is_used(texts):
        return {}
    found = {
        "Pair": "/* high + low, which do not overlap. */\ntypedef struct {\n    double high, low;\n} Pair;",
        "a_pair": """\
static Pair a_pair(double high, double low) {
    Pair found = {high, low};
    return found;
}""",
        "empty": """\
static void empty(Exact *exact) {
    exact->count = 0;
}""",
        "nearest": """\
/* The double nearest to a pair times 2**exponent, where what the pair may be off by leaves no doubt which one it is. */
static double nearest(Pair z, double doubt, int exponent, int *ok) {
    double found = z.high + z.low;
    if (z.high == 0.0) {
        return doubt == 0.0 ? 0.0 : outside(ok);
    }
    if (found != z.high + (z.low - doubt) || found != z.high + (z.low + doubt)) {
        return outside(ok);
    }
    found = ldexp(found, exponent);
    return fabs(found) < 2.3e-308 && ldexp(z.high, exponent + 1) != 0.0 ? outside(ok) : found;
}""",
    }
    for name, rows in _numbers().items():
        pairs = [f"{{{high!r}, {low!r}}}" for high, low in rows]
        is_table = len(rows) > 1
        size, content = (f"[{len(rows)}]", "{\n    " + ",\n    ".join(pairs) + "\n}") if is_table else ("", pairs[0])
        found[name] = f"static const Pair {name}{size} = {content};"
    return found | functions()


def javascript_pieces(texts: str) -> dict[str, str]:
    """All that a text in JavaScript might need, by name; nothing if it needs none of it."""
    if not _is_used(texts):
        return {}
    found = {
        "a_pair": "const a_pair = (high, low) => ({ high, low });",
        "ldexp": """\
function ldexp(x, exponent) {
  const half = Math.trunc(exponent / 2);
  return x * 2 ** half * 2 ** (exponent - half);
}""",
        "nearest": """\
// The number nearest to a pair times 2**exponent, which may be off by two units in the last place.
function nearest(z, doubt, exponent) {
  return doubt <= Math.abs(z.high) * 2 ** -52 ? ldexp(z.high, exponent) : outside();
}""",
    }
    for name, rows in _numbers().items():
        pairs = [f"{{ high: {high!r}, low: {low!r} }}" for high, low in rows]
        found[name] = f"const {name} = {'[' if len(rows) > 1 else ''}{', '.join(pairs)}{']' if len(rows) > 1 else ''};"
    return found | {name: in_javascript(text) for name, text in functions().items()}


WORDS = (
    (r"const double \*xs, int n\b|\bxs, n\b", "xs"),
    (r"double \*slopes, ", ""),
    (r", int \*ok\b|, ok\b", ""),
    (r"\bok\b", ""),
    (r"\((?:int|double)\)", ""),
    (r"Exact rest = \*whole;", "const rest = [...whole];"),
    (r"Exact (\w+);", r"const \1 = [];"),
    (r"    empty\(&\w+\);\n", ""),
    (r"&(?=\w)(?<!&&)", ""),
    (r"^(    +)(?:double|int|Pair) ", r"\1let "),
    (r"\b(?:double|int|Pair|Exact) \*?(?=\w+[,)])", ""),
    (r"^static (?:double|int|Pair|void) (\w+)", r"function \1"),
    (r"\b(fabs|sqrt|log|sin|cos|floor|fmin|fmax)\(", lambda m: f"Math.{m[1].lstrip('f') if m[1] != 'floor' else m[1]}("),
    (r"\bnearbyint\(", "round_even("),
    (r"\bfmod\((\w+), ([\d.]+)\)", r"\1 % \2"),
    (r"\bisnan\(", "Number.isNaN("),
    (r"\bisfinite\(", "Number.isFinite("),
    (r"\bINFINITY\b", "Infinity"),
    (r"\bNAN\b", "NaN"),
    (r" (==|!=) ", r" \1= "),
    (r"^(    +)(\w+)\(slopes, ", r"\1return \2("),
)  # fmt: skip


def in_javascript(text: str) -> str:
    """One of the functions in JavaScript.

    >>> print(in_javascript(functions()["is_pole"]))
    function is_pole(x) {
      return x <= 0.0 && x === Math.floor(x) && Number.isFinite(x);
    }
    """
    match = re.fullmatch(r"(?s)(?:/\* (.*?) \*/\n)?(.*)", text)
    assert match
    comment, body = match.groups()
    for pattern, words in WORDS:
        body = re.sub(pattern, words, body, flags=re.MULTILINE)
    lines = body.split("\n")
    if "slopes[" in body:
        lines.insert(1, "    const slopes = [];")
        lines.insert(-1, "    return slopes;")
    if "xs, int n" in text and re.search(r"\bn\b", body):
        lines.insert(1, "    const n = xs.length;")
    lines = [" " * ((len(line) - len(line.lstrip())) // 2) + line.lstrip() for line in lines]
    return "\n".join([*[f"// {line.strip()}" for line in (comment or "").splitlines()], *lines])
