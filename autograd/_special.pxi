# Part of _native.pyx: what the rules call that is not translated, since Python has it from no C library, or a kernel has a table.
#
# tests/autograd/test_twins.py holds each of them to its twin, bit by bit.

from . import kernels

# ---- Python's own arithmetic -----------------------------------------------------------------------


cdef inline double c_mod(double x, double y, int* ok) noexcept nogil:
    """x % y of floats: the sign is that of y."""
    cdef double rest
    if y == 0.0:
        return ask(ok)
    rest = c_fmod(x, y)
    if rest == 0.0:
        return c_copysign(0.0, y)
    return rest + y if (y < 0.0) != (rest < 0.0) else rest


cdef inline double c_floordiv(double x, double y, int* ok) noexcept nogil:
    """x // y of floats."""
    cdef double rest, quotient, whole
    if y == 0.0:
        return ask(ok)
    rest = c_fmod(x, y)
    quotient = (x - rest) / y
    if rest != 0.0 and (y < 0.0) != (rest < 0.0):
        quotient -= 1.0
    if quotient == 0.0:
        return c_copysign(0.0, x / y)
    whole = c_floor(quotient)
    return whole + 1.0 if quotient - whole > 0.5 else whole


cdef extern from *:
    """
    #include <math.h>
    /* math.hypot of two numbers, as the running version of CPython computes it: a square root of the sum in twice the digits,
       and one Newton step on its residual. */
    static double hypot_of_python(double x, double y)
    {
        double vector[2], largest, scale, sum = 1.0, root, hi, lo, t, before;
        double part[3] = {0.0, 0.0, 0.0};
        int i, k, exponent;
        vector[0] = fabs(x);
        vector[1] = fabs(y);
        if (isinf(x) || isinf(y))
            return INFINITY;
        if (isnan(x) || isnan(y))
            return NAN;
        largest = vector[1] > vector[0] ? vector[1] : vector[0];
        if (largest == 0.0)
            return 0.0;
        frexp(largest, &exponent);
        if (exponent < -1023) {
    #if PY_VERSION_HEX >= 0x030C0000
            return 2.2250738585072014e-308 * hypot_of_python(x / 2.2250738585072014e-308, y / 2.2250738585072014e-308);
    #else
            for (i = 0; i < 2; i++) {
                t = vector[i] / largest;
                t *= t;
                before = sum;
                sum += t;
                part[0] += (before - sum) + t;
            }
            return largest * sqrt(sum - 1.0 + part[0]);
    #endif
        }
        scale = ldexp(1.0, -exponent);
        for (i = 0; i < 3; i++) {
            double sign = 1.0, value;
            if (i == 2) {  /* the residual of the root */
                value = root = sqrt(sum - 1.0 + (part[0] + part[1] + part[2]));
                sign = -1.0;
            } else
                value = vector[i] * scale;
            t = value * 134217729.0;
            hi = t - (t - value);
            lo = value - hi;
    #if PY_VERSION_HEX >= 0x030C0000
            (void)k;
            t = value * value;  /* and what its rounding leaves out */
            lo = ((hi * hi - t) + 2.0 * hi * lo) + lo * lo;
            before = sum;
            sum += sign * t;
            part[0] += sign * lo;
            part[1] += (before - sum) + sign * t;
    #else
            for (k = 0; k < 3; k++) {
                t = sign * (k == 0 ? hi * hi : k == 1 ? 2.0 * hi * lo : lo * lo);
                if (k == 2 && i < 2) {
                    part[2] += t;
                    break;
                }
                before = sum;
                sum += t;
                part[k] += (before - sum) + t;
            }
    #endif
        }
        t = sum - 1.0 + (part[0] + part[1] + part[2]);
        return (root + t / (2.0 * root)) / scale;
    }
    """
    double hypot_of_python(double x, double y) nogil

cdef bint hypot_agrees = False  # whether it computes what math.hypot does, in the Python that runs


cdef inline double c_hypot(double x, double y, int* ok) noexcept nogil:
    return hypot_of_python(x, y) if hypot_agrees else ask(ok)


cdef int try_hypot() except -1:
    """Another version of Python may compute it in another way: then it is asked."""
    global hypot_agrees
    cdef double x = 1.0, y
    cdef int i
    hypot = kernels.hypot
    for i in range(200):
        x = c_fmod(x * 1.9301 + 0.37, 4.0)  # no pattern
        y = c_fmod(x * 3.1, 1.7)
        if i % 4 == 3:
            y *= libm_pow(2.0, -(i // 4) * 8)
        if i % 5 == 4:
            x, y = x * 1e-300 * libm_pow(2.0, -i // 4), y * 1e-300 * libm_pow(2.0, -i // 4)
        if hypot_of_python(x, y) != <double>hypot(x, y):
            return 0
    hypot_agrees = True
    return 0


try_hypot()

# ---- two exponentials ------------------------------------------------------------------------------


cdef double c_logaddexp(double x, double y, int* ok) noexcept nogil:
    cdef double z = 0.0
    cdef double[2] xs
    xs[0], xs[1] = x, y
    if not logsumexp(xs, 2, &z):
        ok[0] = 0
    return z


cdef double c_share(double x, double y, int* ok) noexcept nogil:
    """The first part of the softmax of two."""
    cdef double top = x if x >= y else y, whole, low
    cdef double[2] xs
    cdef double[2] es
    cdef double[2] errors
    cdef Exact exact
    xs[0], xs[1] = x, y
    if x != x or y != y or not c_isfinite(top) or not shifted_exponentials(xs, 2, top, &exact, es, errors):
        return ask(ok)
    if not rounded(&exact, &whole) or not add_exactly(&exact, -whole) or not rounded(&exact, &low):
        return ask(ok)
    return k_quotient(es[0], errors[0], whole, low, ok)


# ---- the error function, from a table --------------------------------------------------------------
# A row of the table takes decimals, half a millisecond, and one row is all that most programs need. So each is computed when
# a kernel asks for it first, and kept here as well.

cdef enum:
    ROWS = 226  # up to 28, by eighths
    TERMS = 18

cdef double[ROWS][TERMS] ERFCX
cdef bint[ROWS] HAS_ROW
cdef double[31] GELU_TERMS
cdef double ROOT_HALF = kernels._ROOT_HALF, ROOT_HALF_LOW = kernels._ROOT_HALF_LOW
cdef double TWO_OVER_ROOT_PI = kernels._TWO_OVER_ROOT_PI[0]
cdef double DENSITY = kernels._DENSITY, DENSITY_LOW = kernels._DENSITY_LOW
cdef double GELU_ROOT = kernels._GELU_ROOT, GELU_ROOT_LOW = kernels._GELU_ROOT_LOW


def _row_of_erfcx(int eighths, row):
    """Keep a row that a kernel has computed."""
    cdef int i
    cdef list terms = [<double>x for x in row]
    if 0 <= eighths < ROWS and len(terms) == TERMS:
        for i in range(TERMS):
            ERFCX[eighths][i] = terms[i]
        HAS_ROW[eighths] = True


cdef int load_gelu_terms() except -1:
    cdef int i
    terms = kernels._gelu_terms()
    for i in range(31):
        GELU_TERMS[i] = terms[i]
    return 0


load_gelu_terms()
kernels._kept_rows.append(_row_of_erfcx)
kernels._erfcx_terms.cache_clear()


cdef double c_erfcx(double x, double* w_low, int* ok) noexcept nogil:
    """exp(x*x)*erfc(x) for x from 0 to 28, and what its rounding left out."""
    cdef int i, eighths
    cdef double d, w, constant, sloped = 0.0
    if not 0.0 <= x < 28.1:
        return ask(ok)
    eighths = <int>c_rint(8.0 * x)
    if not HAS_ROW[eighths]:
        return ask(ok)
    d = x - 0.125 * eighths
    for i in range(TERMS - 2):
        sloped = (sloped + ERFCX[eighths][i]) * d
    constant = ERFCX[eighths][TERMS - 2]
    w = constant + sloped
    w_low[0] = (constant - w) + sloped + ERFCX[eighths][TERMS - 1]
    return w


cdef double c_erfc(double x, int* ok) noexcept nogil:
    cdef double w, w_low = 0.0
    if x < 0.5:
        return 1.0 - c_erf(x, ok)
    if not x < 28.0:
        return 0.0 if x == x else x
    w = c_erfcx(x, &w_low, ok)
    return k_gauss(x, 1.0, w, w_low, ok)


cdef double c_gelu(double x, int* ok) noexcept nogil:
    cdef double half, t, t_low, w, factor, w_low = 0.0
    if 0.0 <= x < 0.5:
        half = 0.5 * x
        return half + half * c_erf(x * ROOT_HALF, ok)
    if x >= 0.0:
        if not x < 10.0:
            return x
        return x * (1.0 - k_gauss(x, 0.5, 0.5 * c_erfcx(x * ROOT_HALF, &w_low, ok), 0.0, ok))
    if not x > -39.0:
        return -0.0 if x == x else x
    t = -x * ROOT_HALF
    t_low = k_product_error(-x, ROOT_HALF, t, ok) - x * ROOT_HALF_LOW
    w = c_erfcx(t, &w_low, ok)
    w_low += (2.0 * t * w - TWO_OVER_ROOT_PI) * t_low
    factor = 0.5 * x * w
    return k_gauss(x, 0.5, factor, k_product_error(0.5 * x, w, factor, ok) + 0.5 * x * w_low, ok)


cdef double c_gelu_dx(double x, int* ok) noexcept nogil:
    cdef double phi, d, h, factor, w_low = 0.0
    cdef int i
    if c_fabs(x) < 0.25:
        return 0.5 + (0.5 * c_erf(x * ROOT_HALF, ok) + x * k_gauss(x, 0.5, DENSITY, 0.0, ok))
    if x >= 0.0:
        if x > 10.0:
            return 1.0
        phi = k_gauss(x, 0.5, 1.0, 0.0, ok)
        return 1.0 + phi * (x * DENSITY - 0.5 * c_erfcx(x * ROOT_HALF, &w_low, ok))
    if not x > -39.0:
        return 0.0 if x == x else x
    d = (x - GELU_ROOT) - GELU_ROOT_LOW
    if c_fabs(d) < 0.76:
        h = 0.0
        for i in range(31):
            h = h * d + GELU_TERMS[i]
    else:
        h = 1.2533141373155003 * c_erfcx(-x * ROOT_HALF, &w_low, ok) + x
    factor = DENSITY * h
    return k_gauss(x, 0.5, factor, k_product_error(DENSITY, h, factor, ok) + DENSITY_LOW * h, ok)
