# Written by `python -m autograd.translate` from kernels.py and records.py. Change those, not this.
#
# k_* is a kernel, p_* a piece of a partial, r_* a rule: the value of one record, and the partials that are wanted.
# What ask() stands for is computed by the record itself, in Python. These have no rule:
# clamp where sum prod mean max min logsumexp norm dot softmax log_softmax var std deviation

cdef extern from "<math.h>" nogil:
    double libm_acos "acos"(double x)
    double libm_acosh "acosh"(double x)
    double libm_asin "asin"(double x)
    double libm_asinh "asinh"(double x)
    double libm_atan "atan"(double x)
    double libm_atan2 "atan2"(double y, double x)
    double libm_atanh "atanh"(double x)
    double libm_cbrt "cbrt"(double x)
    double libm_cos "cos"(double x)
    double libm_cosh "cosh"(double x)
    double libm_erf "erf"(double x)
    double libm_exp "exp"(double x)
    double libm_exp2 "exp2"(double x)
    double libm_expm1 "expm1"(double x)
    double libm_log "log"(double x)
    double libm_log10 "log10"(double x)
    double libm_log1p "log1p"(double x)
    double libm_log2 "log2"(double x)
    double libm_sin "sin"(double x)
    double libm_sinh "sinh"(double x)
    double libm_sqrt "sqrt"(double x)
    double libm_tan "tan"(double x)
    double libm_tanh "tanh"(double x)

cdef extern from "_sequences.h" nogil:
    double exact_erfinv(double y, int* ok)
    double exact_erfinv_dx(double y, int* ok)
    double exact_gamma(double x, int* ok)
    double exact_gamma_dx(double x, int* ok)
    double exact_lgamma(double x, int* ok)
    double exact_digamma(double x, int* ok)
    double exact_polygamma(double n, double x, int* ok)
    double exact_sinc(double x, int* ok)
    double exact_sinc_dx(double x, int* ok)
    double exact_sinc_dn(double n, double x, int* ok)
    double exact_power_dx(double x, double y, int* ok)
    double exact_power_dy(double x, double y, int* ok)

cdef inline double c_acos(double x, int* ok) noexcept nogil:
    return finite(libm_acos(x), ok)

cdef inline double c_acosh(double x, int* ok) noexcept nogil:
    return finite(libm_acosh(x), ok)

cdef inline double c_asin(double x, int* ok) noexcept nogil:
    return finite(libm_asin(x), ok)

cdef inline double c_asinh(double x, int* ok) noexcept nogil:
    return finite(libm_asinh(x), ok)

cdef inline double c_atan(double x, int* ok) noexcept nogil:
    return finite(libm_atan(x), ok)

cdef inline double c_atan2(double y, double x, int* ok) noexcept nogil:
    return finite(libm_atan2(y, x), ok)

cdef inline double c_atanh(double x, int* ok) noexcept nogil:
    return finite(libm_atanh(x), ok)

cdef inline double c_cbrt(double x, int* ok) noexcept nogil:
    return finite(libm_cbrt(x), ok)

cdef inline double c_cos(double x, int* ok) noexcept nogil:
    return finite(libm_cos(x), ok)

cdef inline double c_cosh(double x, int* ok) noexcept nogil:
    return finite(libm_cosh(x), ok)

cdef inline double c_erf(double x, int* ok) noexcept nogil:
    return finite(libm_erf(x), ok)

cdef inline double c_exp(double x, int* ok) noexcept nogil:
    return finite(libm_exp(x), ok)

cdef inline double c_exp2(double x, int* ok) noexcept nogil:
    return finite(libm_exp2(x), ok)

cdef inline double c_expm1(double x, int* ok) noexcept nogil:
    return finite(libm_expm1(x), ok)

cdef inline double c_log(double x, int* ok) noexcept nogil:
    return finite(libm_log(x), ok)

cdef inline double c_log10(double x, int* ok) noexcept nogil:
    return finite(libm_log10(x), ok)

cdef inline double c_log1p(double x, int* ok) noexcept nogil:
    return finite(libm_log1p(x), ok)

cdef inline double c_log2(double x, int* ok) noexcept nogil:
    return finite(libm_log2(x), ok)

cdef inline double c_sin(double x, int* ok) noexcept nogil:
    return finite(libm_sin(x), ok)

cdef inline double c_sinh(double x, int* ok) noexcept nogil:
    return finite(libm_sinh(x), ok)

cdef inline double c_sqrt(double x, int* ok) noexcept nogil:
    return finite(libm_sqrt(x), ok)

cdef inline double c_tan(double x, int* ok) noexcept nogil:
    return finite(libm_tan(x), ok)

cdef inline double c_tanh(double x, int* ok) noexcept nogil:
    return finite(libm_tanh(x), ok)

cdef double k_divide_dy(double x, double y, int* ok) noexcept nogil:
    cdef double z
    z = c_div(x, y, ok)
    if ((c_fabs(z) >= 2.2250738585072014e-308) or (x == 0.0) or (c_fabs(x) >= 1.0) or (z != z)):
        return (-c_div(z, y, ok))
    return ((-c_div(c_div((x * 4.149515568880993e+180), y, ok), y, ok)) * 2.409919865102884e-181)

cdef double k_power(double x, double y, int* ok) noexcept nogil:
    cdef double z
    if (((-INFINITY) < x < 0.0) and ((-INFINITY) < y < INFINITY) and (not (c_floor(y) == y))):
        return ask(ok)
    z = c_pow(x, y, ok)
    return z

cdef double k_has_predecessor(double y, int* ok) noexcept nogil:
    return ((((y - 1.0) + 1.0) == y) and (not (9007199254740992.0 < c_fabs(y) < INFINITY)))

cdef double k_power_dx(double x, double y, int* ok) noexcept nogil:
    cdef double q, r, sign, z
    if (x == 0.0):
        if ((y == 0.0) or (y > 1.0)):
            return 0.0
        return (1.0 if (y == 1.0) else (y * INFINITY))
    if k_has_predecessor(y, ok):
        q = c_pow(x, (y - 1.0), ok)
        z = (q * x)
    else:
        z = c_pow(x, y, ok)
        q = c_div(z, x, ok)
    r = (y * q)
    if ((1e-290 < c_fabs(z) < 1e+290) and (1e-290 < c_fabs(q) < 1e+290) and (c_fabs(r) > 1e-290)):
        return r
    if ((y == 0.0) or (not (c_isfinite(x) and c_isfinite(y)))):
        return (0.0 if (y == 0.0) else r)
    sign = ((-1.0) if ((x < 0.0) and (c_mod(y, 2.0, ok) == 0.0)) else 1.0)
    return (sign * exact_power_dx(c_fabs(x), y, ok))

cdef double k_power_dy(double x, double y, int* ok) noexcept nogil:
    cdef double slope, z
    if ((x <= 0.0) or (x != x)):
        return (0.0 if (x == 0.0) else NAN)
    z, slope = c_pow(x, y, ok), c_log(x, ok)
    if ((1e-290 < z < 1e+290) or (not (c_isfinite(x) and c_isfinite(y)))):
        return (z * slope)
    return exact_power_dy(x, y, ok)

cdef double p_floor_division(double x, double y, int* ok) noexcept nogil:
    return c_floordiv(x, y, ok)

cdef double p_minus_quotient(double x, double y, int* ok) noexcept nogil:
    cdef double quotient
    quotient = p_floor_division(x, y, ok)
    return (-quotient)

cdef double p_zero_or_nan(double x, int* ok) noexcept nogil:
    return (0.0 if (x == x) else NAN)

cdef double p_sign(double x, int* ok) noexcept nogil:
    return (1.0 if (x > 0.0) else ((-1.0) if (x < 0.0) else p_zero_or_nan(x, ok)))

cdef double k_square(double x, int* ok) noexcept nogil:
    return (x * x)

cdef double k_reciprocal(double x, int* ok) noexcept nogil:
    return c_div(1.0, x, ok)

cdef double k_sqrt_dx(double x, int* ok) noexcept nogil:
    return (c_div(0.5, c_sqrt(x, ok), ok) if (x != 0.0) else INFINITY)

cdef double k_product_error(double x, double y, double p, int* ok) noexcept nogil:
    cdef double a, b, c, d
    a = (134217729.0 * x)
    a = (a - (a - x))
    b = (x - a)
    c = (134217729.0 * y)
    c = (c - (c - y))
    d = (y - c)
    return (((((a * c) - p) + (a * d)) + (b * c)) + (b * d))

cdef double k_cbrt(double x, int* ok) noexcept nogil:
    cdef double c, p, q, residual
    if (c_fabs(x) < 1e-200):
        return ((k_cbrt((x * 4.149515568880993e+180), ok) * 6.223015277861142e-61) if (x != 0.0) else x)
    if (c_fabs(x) > 1e+200):
        return ((k_cbrt((x * 2.409919865102884e-181), ok) * 1.6069380442589903e+60) if (c_fabs(x) < INFINITY) else x)
    c = c_cbrt(x, ok)
    if (c != c):
        return c
    p = (c * c)
    q = (p * c)
    residual = (((x - q) - k_product_error(p, c, q, ok)) - (k_product_error(c, c, p, ok) * c))
    return (c + c_div(residual, (3.0 * p), ok))

cdef double k_cbrt_dx(double x, int* ok) noexcept nogil:
    cdef double c
    c = k_cbrt(x, ok)
    return ((c_div(c_div(1.0, c, ok), c, ok) / 3.0) if (c != 0.0) else INFINITY)

cdef double k_hypot_dx(double x, double y, int* ok) noexcept nogil:
    cdef double h
    h = c_hypot(x, y, ok)
    if (0.0 < h < 1e-290):
        return k_hypot_dx((x * 4.149515568880993e+180), (y * 4.149515568880993e+180), ok)
    if ((h == INFINITY) and (c_fabs(x) < INFINITY) and (c_fabs(y) < INFINITY)):
        return k_hypot_dx((0.25 * x), (0.25 * y), ok)
    return (c_div(x, h, ok) if (h != 0.0) else 0.0)

cdef double k_quotient(double p, double p_low, double s, double s_low, int* ok) noexcept nogil:
    cdef double back, q, residual
    q = c_div(p, s, ok)
    back = (q * s)
    residual = (((p - back) - k_product_error(q, s, back, ok)) + (p_low - (q * s_low)))
    return (q + c_div(residual, s, ok))

cdef double k_sigmoid(double x, int* ok) noexcept nogil:
    cdef double e, one
    if (x >= 0.0):
        return c_div(1.0, (1.0 + c_exp((-x), ok)), ok)
    e = c_exp(x, ok)
    one = (1.0 + e)
    return k_quotient(e, 0.0, one, ((1.0 - one) + e), ok)

cdef double p_share(double x, double y, double z, int* ok) noexcept nogil:
    if (x == y):
        return (k_sigmoid((x - y), ok) if ((z - z) == 0.0) else 0.5)
    return c_share(x, y, ok)

cdef double k_tan_dx(double x, int* ok) noexcept nogil:
    cdef double c
    c = c_cos(x, ok)
    return c_div(c_div(1.0, c, ok), c, ok)

cdef double k_arcsin_dx(double x, int* ok) noexcept nogil:
    cdef double square_root
    square_root = c_sqrt(((1.0 - x) * (1.0 + x)), ok)
    return (c_div(1.0, square_root, ok) if (square_root != 0.0) else INFINITY)

cdef double k_arctan_dx(double x, int* ok) noexcept nogil:
    cdef double h
    h = c_hypot(1.0, x, ok)
    return c_div(c_div(1.0, h, ok), h, ok)

cdef double k_arctan2_dy(double y, double x, int* ok) noexcept nogil:
    cdef double h
    h = c_hypot(x, y, ok)
    if ((h == INFINITY) and (c_fabs(x) < INFINITY) and (c_fabs(y) < INFINITY)):
        return (k_arctan2_dy((0.25 * y), (0.25 * x), ok) * 0.25)
    if (0.0 < h < 1e-290):
        return (k_arctan2_dy((y * 4.149515568880993e+180), (x * 4.149515568880993e+180), ok) * 4.149515568880993e+180)
    return ((-k_divide_dy(x, h, ok)) if (h != 0.0) else 0.0)

cdef double k_arctan2_dx(double y, double x, int* ok) noexcept nogil:
    return (-k_arctan2_dy(x, y, ok))

cdef double k_difference_error(double x, double y, double d, int* ok) noexcept nogil:
    cdef double v
    v = (d - x)
    return ((x - (d - v)) - (y + v))

cdef double k_tanh(double x, int* ok) noexcept nogil:
    cdef double a, q, s, t
    if (((-0.125) < x < 0.125) and (x != 0.0)):
        s = (x * x)
        t = (0.008863235529902197 - (s * (0.003592128036572481 - (s * (0.0014558343870513183 - (s * 0.000590027440945586))))))
        return (x - (x * (s * (0.3333333333333333 - (s * (0.13333333333333333 - (s * (0.05396825396825397 - (s * (0.021869488536155203 - (s * t)))))))))))
    if (((-0.7) < x < 0.7) and (x != 0.0)):
        a = c_fabs(x)
        t = c_expm1((2.0 * a), ok)
        s = (t + 2.0)
        q = c_div(t, s, ok)
        return c_copysign((q - c_div((q * k_difference_error(t, (-2.0), s, ok)), s, ok)), x)
    return c_tanh(x, ok)

cdef double k_bump(double z, int* ok) noexcept nogil:
    cdef double one, s
    one = (1.0 + z)
    s = (one * one)
    return k_quotient(z, 0.0, s, (k_product_error(one, one, s, ok) + ((2.0 * one) * ((1.0 - one) + z))), ok)

cdef double k_tanh_dx(double x, int* ok) noexcept nogil:
    cdef double a, e
    a = c_fabs(x)
    if (a < 20.0):
        return (4.0 * k_bump(c_exp(((-2.0) * a), ok), ok))
    e = (2.0 * c_exp((-a), ok))
    return (e * e)

cdef double k_arcsinh_dx(double x, int* ok) noexcept nogil:
    return c_div(1.0, c_hypot(1.0, x, ok), ok)

cdef double k_arccosh(double x, int* ok) noexcept nogil:
    cdef double p, root, root_low, s, s_low, t, w
    if (not (1.0 < x < 2.0)):
        return c_acosh(x, ok)
    t = (x - 1.0)
    p = (t * t)
    s = ((2.0 * t) + p)
    s_low = ((((2.0 * t) - s) + p) + k_product_error(t, t, p, ok))
    root = c_sqrt(s, ok)
    p = (root * root)
    root_low = c_div((((s - p) - k_product_error(root, root, p, ok)) + s_low), (2.0 * root), ok)
    w = (root + t)
    return (c_log1p(w, ok) + c_div((((root - w) + t) + root_low), (1.0 + w), ok))

cdef double k_arccosh_dx(double x, int* ok) noexcept nogil:
    cdef double root
    root = (c_sqrt((x - 1.0), ok) * c_sqrt((x + 1.0), ok))
    return (c_div(1.0, root, ok) if (root != 0.0) else INFINITY)

cdef double k_arctanh_dx(double x, int* ok) noexcept nogil:
    return c_div(1.0, ((1.0 - x) * (1.0 + x)), ok)

cdef double k_gauss(double x, double scale, double factor, double factor_low, int* ok) noexcept nogil:
    cdef double e, exponent, low, p, shift, square
    if (c_fabs(x) > 40.0):
        return 0.0
    square = (x * x)
    low = (k_product_error(x, x, square, ok) * scale)
    square = (square * scale)
    shift = 1.0
    if (square > 600.0):
        exponent = (138.62943611198907 - square)
        low = (low - (k_difference_error(138.62943611198907, square, exponent, ok) + (-3.3555121496085278e-15)))
        shift = 6.223015277861142e-61
    else:
        exponent = (-square)
    e = c_exp(exponent, ok)
    p = (factor * e)
    return ((p + (k_product_error(factor, e, p, ok) + ((factor_low * e) - (p * low)))) * shift)

cdef double k_erf_dx(double x, int* ok) noexcept nogil:
    return (k_gauss(x, 1.0, 1.1283791670955126, 1.533545961316588e-17, ok) if (x == x) else x)

cdef double k_sigmoid_dx(double x, int* ok) noexcept nogil:
    return k_bump(c_exp((-c_fabs(x)), ok), ok)

cdef double k_logit(double x, int* ok) noexcept nogil:
    if (x < 0.25):
        return (c_log(x, ok) - c_log1p((-x), ok))
    if (x < 0.5):
        return (-c_log1p(c_div((1.0 - (2.0 * x)), x, ok), ok))
    if (x == 1.0):
        return ask(ok)
    return c_log1p(c_div(((2.0 * x) - 1.0), (1.0 - x), ok), ok)

cdef double k_softplus(double x, int* ok) noexcept nogil:
    return ((x + c_log1p(c_exp((-x), ok), ok)) if (x > 0.0) else c_log1p(c_exp(x, ok), ok))

cdef double k_logsigmoid(double x, int* ok) noexcept nogil:
    return (-k_softplus((-x), ok))

cdef double k_relu(double x, int* ok) noexcept nogil:
    return (x if ((x > 0.0) or (x != x)) else 0.0)

cdef double k_leaky_relu(double x, double negative_slope, int* ok) noexcept nogil:
    return (x if (x > 0.0) else (negative_slope * x))

cdef double k_elu(double x, double alpha, int* ok) noexcept nogil:
    return (x if (x > 0.0) else (alpha * c_expm1(x, ok)))

cdef double k_silu(double x, int* ok) noexcept nogil:
    cdef double e, exponent, low, one, p
    if (x >= 0.0):
        return c_div(x, (1.0 + c_exp((-x), ok)), ok)
    if (x < (-700.0)):
        if (x < (-800.0)):
            return (-0.0)
        exponent = (138.62943611198907 + x)
        e = c_exp(exponent, ok)
        p = (x * e)
        low = (k_difference_error(138.62943611198907, (-x), exponent, ok) + (-3.3555121496085278e-15))
        return ((p + (k_product_error(x, e, p, ok) + (p * low))) * 6.223015277861142e-61)
    e = c_exp(x, ok)
    p, one = (x * e), (1.0 + e)
    return k_quotient(p, k_product_error(x, e, p, ok), one, ((1.0 - one) + e), ok)

cdef double k_silu_dx(double x, int* ok) noexcept nogil:
    cdef double d, e, half, middle, one, p, s, s_low
    if (c_fabs(x) < 0.25):
        return (0.5 + ((0.5 * k_tanh((0.5 * x), ok)) + (x * k_sigmoid_dx(x, ok))))
    if (x >= 0.0):
        return ((k_sigmoid(x, ok) * (1.0 + (x * k_sigmoid((-x), ok)))) if (x < INFINITY) else 1.0)
    d = ((x - (-1.2784645427610737)) - (-1.0946994183093437e-16))
    middle = (d + (0.2784645427610738 * c_expm1(d, ok)))
    if (x < (-700.0)):
        half = c_exp((0.5 * x), ok)
        return (((middle * half) * half) if (x > (-INFINITY)) else (-0.0))
    e = c_exp(x, ok)
    one = (1.0 + e)
    p, s = (e * middle), (one * one)
    s_low = (k_product_error(one, one, s, ok) + ((2.0 * one) * ((1.0 - one) + e)))
    return k_quotient(p, k_product_error(e, middle, p, ok), s, s_low, ok)

cdef double k_maximum(double x, double y, int* ok) noexcept nogil:
    return (x if ((x >= y) or (x != x)) else y)

cdef double p_won(double x, double y, int* ok) noexcept nogil:
    return (1.0 if (x > y) else (0.0 if (x < y) else (0.5 if (x == y) else NAN)))

cdef double k_minimum(double x, double y, int* ok) noexcept nogil:
    return (x if ((x <= y) or (x != x)) else y)

cdef double k_copysign(double x, double y, int* ok) noexcept nogil:
    return (c_copysign(x, y) if (y == y) else y)

cdef double p_sign_bit(double x, int* ok) noexcept nogil:
    return k_copysign(1.0, x, ok)

cdef double p_has_predecessor(double y, int* ok) noexcept nogil:
    return k_has_predecessor(y, ok)

cdef double p_power_dxdx(double z, double x, double y, int* ok) noexcept nogil:
    if ((y == 0.0) and (True or (x == 0.0))):
        return 0.0
    if ((x == 0.0) or p_has_predecessor(y, ok)):
        return (y * k_power_dx(x, (y - 1.0), ok))
    return ((y - 1.0) * c_div(z, x, ok))

cdef double p_power_dxdy(double x, double y, int* ok) noexcept nogil:
    if (x > 0.0):
        return ((k_power(x, (y - 1.0), ok) if p_has_predecessor(y, ok) else c_div(k_power(x, y, ok), x, ok)) * (1.0 + (y * c_log(x, ok))))
    return (0.0 if ((x == 0.0) and (y > 1.0)) else NAN)

cdef double p_zero_power(double x, int* ok) noexcept nogil:
    return (0.0 if (x == 0.0) else NAN)

cdef double p_per_length(double x, double a, double b, int* ok) noexcept nogil:
    cdef double h
    h = c_hypot(a, b, ok)
    if (0.0 < h < 1e-290):
        return (c_div(x, c_hypot((a * 4.149515568880993e+180), (b * 4.149515568880993e+180), ok), ok) * 4.149515568880993e+180)
    return (c_div(x, h, ok) if (h != 0.0) else 0.0)

cdef inline void r_add(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x + y)
    value[0] = z
    if wanted & 1:
        first[0] = 1.0
    if wanted & 2:
        second[0] = 1.0

cdef inline void r_subtract(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x - y)
    value[0] = z
    if wanted & 1:
        first[0] = 1.0
    if wanted & 2:
        second[0] = (-1.0)

cdef inline void r_multiply(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x * y)
    value[0] = z
    if wanted & 1:
        first[0] = y
    if wanted & 2:
        second[0] = x

cdef inline void r_divide(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_div(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.0, y, ok)
    if wanted & 2:
        second[0] = k_divide_dy(x, y, ok)

cdef inline void r_power(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_power_dx(x, y, ok)
    if wanted & 2:
        second[0] = k_power_dy(x, y, ok)

cdef inline void r_remainder(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_mod(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = 1.0
    if wanted & 2:
        second[0] = p_minus_quotient(x, y, ok)

cdef inline void r_negative(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (-x)
    value[0] = z
    if wanted & 1:
        first[0] = (-1.0)

cdef inline void r_positive(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = x
    value[0] = z
    if wanted & 1:
        first[0] = 1.0

cdef inline void r_absolute(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_fabs(x)
    value[0] = z
    if wanted & 1:
        first[0] = p_sign(x, ok)

cdef inline void r_square(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_square(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (2.0 * x)

cdef inline void r_reciprocal(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_reciprocal(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-(z * z))

cdef inline void r_sqrt(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_sqrt(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_sqrt_dx(x, ok)

cdef inline void r_cbrt(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_cbrt(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_cbrt_dx(x, ok)

cdef inline void r_hypot(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_hypot(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_hypot_dx(x, y, ok)
    if wanted & 2:
        second[0] = k_hypot_dx(y, x, ok)

cdef inline void r_exp(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_exp(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = z

cdef inline void r_exp2(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_exp2(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (z * 0.6931471805599453)

cdef inline void r_expm1(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_expm1(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_exp(x, ok)

cdef inline void r_log(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_log(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.0, x, ok)

cdef inline void r_log2(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_log2(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.4426950408889634, x, ok)

cdef inline void r_log10(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_log10(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(0.4342944819032518, x, ok)

cdef inline void r_log1p(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_log1p(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.0, (1.0 + x), ok)

cdef inline void r_logaddexp(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_logaddexp(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_share(x, y, z, ok)
    if wanted & 2:
        second[0] = p_share(y, x, z, ok)

cdef inline void r_sin(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_sin(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_cos(x, ok)

cdef inline void r_cos(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_cos(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-c_sin(x, ok))

cdef inline void r_tan(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_tan(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_tan_dx(x, ok)

cdef inline void r_arcsin(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_asin(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arcsin_dx(x, ok)

cdef inline void r_arccos(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_acos(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-k_arcsin_dx(x, ok))

cdef inline void r_arctan(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_atan(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arctan_dx(x, ok)

cdef inline void r_arctan2(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_atan2(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arctan2_dy(y, x, ok)
    if wanted & 2:
        second[0] = k_arctan2_dx(y, x, ok)

cdef inline void r_sinh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_sinh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_cosh(x, ok)

cdef inline void r_cosh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_cosh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_sinh(x, ok)

cdef inline void r_tanh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_tanh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_tanh_dx(x, ok)

cdef inline void r_arcsinh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_asinh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arcsinh_dx(x, ok)

cdef inline void r_arccosh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arccosh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arccosh_dx(x, ok)

cdef inline void r_arctanh(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_atanh(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arctanh_dx(x, ok)

cdef inline void r_erf(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_erf(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_erf_dx(x, ok)

cdef inline void r_erfc(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_erfc(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-k_erf_dx(x, ok))

cdef inline void r_erfinv(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_erfinv(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_erfinv_dx(x, ok)

cdef inline void r_gamma(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_gamma(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_gamma_dx(x, ok)

cdef inline void r_lgamma(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_lgamma(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_digamma(x, ok)

cdef inline void r_digamma(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_digamma(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_polygamma(1.0, x, ok)

cdef inline void r_polygamma(double n, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_polygamma(n, x, ok)
    value[0] = z
    if wanted & 1:
        ask(ok)
    if wanted & 2:
        second[0] = exact_polygamma((n + 1.0), x, ok)

cdef inline void r_sinc(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_sinc(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_sinc_dx(x, ok)

cdef inline void r_sigmoid(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_sigmoid(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_sigmoid_dx(x, ok)

cdef inline void r_logit(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_logit(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.0, (x * (1.0 - x)), ok)

cdef inline void r_logsigmoid(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_logsigmoid(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_sigmoid((-x), ok)

cdef inline void r_softplus(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_softplus(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_sigmoid(x, ok)

cdef inline void r_relu(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_relu(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (1.0 if (x > 0.0) else p_zero_or_nan(x, ok))

cdef inline void r_leaky_relu(double x, double negative_slope, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_leaky_relu(x, negative_slope, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (1.0 if (x > 0.0) else (negative_slope + p_zero_or_nan(x, ok)))
    if wanted & 2:
        ask(ok)

cdef inline void r_elu(double x, double alpha, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_elu(x, alpha, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (1.0 if (x > 0.0) else (alpha * c_exp(x, ok)))
    if wanted & 2:
        ask(ok)

cdef inline void r_gelu(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_gelu(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_gelu_dx(x, ok)

cdef inline void r_silu(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_silu(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_silu_dx(x, ok)

cdef inline void r_maximum(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_maximum(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_won(x, y, ok)
    if wanted & 2:
        second[0] = p_won(y, x, ok)

cdef inline void r_minimum(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_minimum(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_won(y, x, ok)
    if wanted & 2:
        second[0] = p_won(x, y, ok)

cdef inline void r_copysign(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_copysign(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (p_sign(x, ok) * p_sign_bit(y, ok))
    if wanted & 2:
        second[0] = p_zero_or_nan(y, ok)

cdef inline void r_chain(double upstream, double local, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (0.0 if (upstream == 0.0) else (upstream * local))
    value[0] = z
    if wanted & 1:
        first[0] = local
    if wanted & 2:
        second[0] = upstream

cdef inline void r_divide_dy(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_divide_dy(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-c_div(c_div(1.0, y, ok), y, ok))
    if wanted & 2:
        second[0] = c_div(((-2.0) * k_divide_dy(x, y, ok)), y, ok)

cdef inline void r_power_dx(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power_dx(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_power_dxdx(z, x, y, ok)
    if wanted & 2:
        second[0] = p_power_dxdy(x, y, ok)

cdef inline void r_power_dy(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power_dy(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_power_dxdy(x, y, ok)
    if wanted & 2:
        second[0] = ((z * c_log(x, ok)) if (x > 0.0) else p_zero_power(x, ok))

cdef inline void r_hypot_dx(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_hypot_dx(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_per_length(k_square(k_hypot_dx(y, x, ok), ok), x, y, ok)
    if wanted & 2:
        second[0] = p_per_length((-(z * k_hypot_dx(y, x, ok))), x, y, ok)

cdef inline void r_sqrt_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_sqrt_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((-2.0) * ((z * z) * z))

cdef inline void r_cbrt_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_cbrt_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (((-6.0) * k_cbrt(x, ok)) * ((z * z) * z))

cdef inline void r_tan_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_tan_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((2.0 * c_tan(x, ok)) * z)

cdef inline void r_tanh_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_tanh_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (((-2.0) * k_tanh(x, ok)) * z)

cdef inline void r_arcsin_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arcsin_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (x * ((z * z) * z))

cdef inline void r_arctan_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctan_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (((-2.0) * x) * (z * z))

cdef inline void r_arctan2_dy(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctan2_dy(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((2.0 * z) * k_arctan2_dx(y, x, ok))
    if wanted & 2:
        second[0] = (k_square(k_arctan2_dx(y, x, ok), ok) - (z * z))

cdef inline void r_arctan2_dx(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctan2_dx(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((z * z) - k_square(k_arctan2_dy(y, x, ok), ok))
    if wanted & 2:
        second[0] = (((-2.0) * z) * k_arctan2_dy(y, x, ok))

cdef inline void r_arcsinh_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arcsinh_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((-x) * ((z * z) * z))

cdef inline void r_arccosh_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arccosh_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((-x) * ((z * z) * z))

cdef inline void r_arctanh_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctanh_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((2.0 * x) * (z * z))

cdef inline void r_erf_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_erf_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (((-2.0) * x) * z)

cdef inline void r_sigmoid_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_sigmoid_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-(z * k_tanh((0.5 * x), ok)))

cdef inline void r_silu_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_silu_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (k_sigmoid_dx(x, ok) * (2.0 - (x * k_tanh((0.5 * x), ok))))

cdef inline void r_gelu_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_gelu_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((k_erf_dx((x * 0.7071067811865476), ok) * (2.0 - (x * x))) * 0.3535533905932738)

cdef inline void r_erfinv_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_erfinv_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((2.0 * exact_erfinv(x, ok)) * (z * z))

cdef inline void r_gamma_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_gamma_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((z * exact_digamma(x, ok)) + (exact_gamma(x, ok) * exact_polygamma(1.0, x, ok)))

cdef inline void r_sinc_dx(double x, double unused, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_sinc_dx(x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = exact_sinc_dn(2.0, x, ok)

cdef inline void r_sinc_dn(double n, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = exact_sinc_dn(n, x, ok)
    value[0] = z
    if wanted & 1:
        ask(ok)
    if wanted & 2:
        second[0] = exact_sinc_dn((n + 1.0), x, ok)

cdef enum:
    RULE_ADD
    RULE_SUBTRACT
    RULE_MULTIPLY
    RULE_DIVIDE
    RULE_POWER
    RULE_REMAINDER
    RULE_NEGATIVE
    RULE_POSITIVE
    RULE_ABSOLUTE
    RULE_SQUARE
    RULE_RECIPROCAL
    RULE_SQRT
    RULE_CBRT
    RULE_HYPOT
    RULE_EXP
    RULE_EXP2
    RULE_EXPM1
    RULE_LOG
    RULE_LOG2
    RULE_LOG10
    RULE_LOG1P
    RULE_LOGADDEXP
    RULE_SIN
    RULE_COS
    RULE_TAN
    RULE_ARCSIN
    RULE_ARCCOS
    RULE_ARCTAN
    RULE_ARCTAN2
    RULE_SINH
    RULE_COSH
    RULE_TANH
    RULE_ARCSINH
    RULE_ARCCOSH
    RULE_ARCTANH
    RULE_ERF
    RULE_ERFC
    RULE_ERFINV
    RULE_GAMMA
    RULE_LGAMMA
    RULE_DIGAMMA
    RULE_POLYGAMMA
    RULE_SINC
    RULE_SIGMOID
    RULE_LOGIT
    RULE_LOGSIGMOID
    RULE_SOFTPLUS
    RULE_RELU
    RULE_LEAKY_RELU
    RULE_ELU
    RULE_GELU
    RULE_SILU
    RULE_MAXIMUM
    RULE_MINIMUM
    RULE_COPYSIGN
    RULE_CHAIN
    RULE_DIVIDE_DY
    RULE_POWER_DX
    RULE_POWER_DY
    RULE_HYPOT_DX
    RULE_SQRT_DX
    RULE_CBRT_DX
    RULE_TAN_DX
    RULE_TANH_DX
    RULE_ARCSIN_DX
    RULE_ARCTAN_DX
    RULE_ARCTAN2_DY
    RULE_ARCTAN2_DX
    RULE_ARCSINH_DX
    RULE_ARCCOSH_DX
    RULE_ARCTANH_DX
    RULE_ERF_DX
    RULE_SIGMOID_DX
    RULE_SILU_DX
    RULE_GELU_DX
    RULE_ERFINV_DX
    RULE_GAMMA_DX
    RULE_SINC_DX
    RULE_SINC_DN
    RULE_COUNT

cdef tuple RULE_NAMES = (
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "remainder",
    "negative",
    "positive",
    "absolute",
    "square",
    "reciprocal",
    "sqrt",
    "cbrt",
    "hypot",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "logaddexp",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "erf",
    "erfc",
    "erfinv",
    "gamma",
    "lgamma",
    "digamma",
    "polygamma",
    "sinc",
    "sigmoid",
    "logit",
    "logsigmoid",
    "softplus",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "maximum",
    "minimum",
    "copysign",
    "chain",
    "divide_dy",
    "power_dx",
    "power_dy",
    "hypot_dx",
    "sqrt_dx",
    "cbrt_dx",
    "tan_dx",
    "tanh_dx",
    "arcsin_dx",
    "arctan_dx",
    "arctan2_dy",
    "arctan2_dx",
    "arcsinh_dx",
    "arccosh_dx",
    "arctanh_dx",
    "erf_dx",
    "sigmoid_dx",
    "silu_dx",
    "gelu_dx",
    "erfinv_dx",
    "gamma_dx",
    "sinc_dx",
    "sinc_dn",
)

cdef rule_function RULES[RULE_COUNT]
cdef int ARITIES[RULE_COUNT]

cdef void load_rules() noexcept:
    RULES[RULE_ADD], ARITIES[RULE_ADD] = r_add, 2
    RULES[RULE_SUBTRACT], ARITIES[RULE_SUBTRACT] = r_subtract, 2
    RULES[RULE_MULTIPLY], ARITIES[RULE_MULTIPLY] = r_multiply, 2
    RULES[RULE_DIVIDE], ARITIES[RULE_DIVIDE] = r_divide, 2
    RULES[RULE_POWER], ARITIES[RULE_POWER] = r_power, 2
    RULES[RULE_REMAINDER], ARITIES[RULE_REMAINDER] = r_remainder, 2
    RULES[RULE_NEGATIVE], ARITIES[RULE_NEGATIVE] = r_negative, 1
    RULES[RULE_POSITIVE], ARITIES[RULE_POSITIVE] = r_positive, 1
    RULES[RULE_ABSOLUTE], ARITIES[RULE_ABSOLUTE] = r_absolute, 1
    RULES[RULE_SQUARE], ARITIES[RULE_SQUARE] = r_square, 1
    RULES[RULE_RECIPROCAL], ARITIES[RULE_RECIPROCAL] = r_reciprocal, 1
    RULES[RULE_SQRT], ARITIES[RULE_SQRT] = r_sqrt, 1
    RULES[RULE_CBRT], ARITIES[RULE_CBRT] = r_cbrt, 1
    RULES[RULE_HYPOT], ARITIES[RULE_HYPOT] = r_hypot, 2
    RULES[RULE_EXP], ARITIES[RULE_EXP] = r_exp, 1
    RULES[RULE_EXP2], ARITIES[RULE_EXP2] = r_exp2, 1
    RULES[RULE_EXPM1], ARITIES[RULE_EXPM1] = r_expm1, 1
    RULES[RULE_LOG], ARITIES[RULE_LOG] = r_log, 1
    RULES[RULE_LOG2], ARITIES[RULE_LOG2] = r_log2, 1
    RULES[RULE_LOG10], ARITIES[RULE_LOG10] = r_log10, 1
    RULES[RULE_LOG1P], ARITIES[RULE_LOG1P] = r_log1p, 1
    RULES[RULE_LOGADDEXP], ARITIES[RULE_LOGADDEXP] = r_logaddexp, 2
    RULES[RULE_SIN], ARITIES[RULE_SIN] = r_sin, 1
    RULES[RULE_COS], ARITIES[RULE_COS] = r_cos, 1
    RULES[RULE_TAN], ARITIES[RULE_TAN] = r_tan, 1
    RULES[RULE_ARCSIN], ARITIES[RULE_ARCSIN] = r_arcsin, 1
    RULES[RULE_ARCCOS], ARITIES[RULE_ARCCOS] = r_arccos, 1
    RULES[RULE_ARCTAN], ARITIES[RULE_ARCTAN] = r_arctan, 1
    RULES[RULE_ARCTAN2], ARITIES[RULE_ARCTAN2] = r_arctan2, 2
    RULES[RULE_SINH], ARITIES[RULE_SINH] = r_sinh, 1
    RULES[RULE_COSH], ARITIES[RULE_COSH] = r_cosh, 1
    RULES[RULE_TANH], ARITIES[RULE_TANH] = r_tanh, 1
    RULES[RULE_ARCSINH], ARITIES[RULE_ARCSINH] = r_arcsinh, 1
    RULES[RULE_ARCCOSH], ARITIES[RULE_ARCCOSH] = r_arccosh, 1
    RULES[RULE_ARCTANH], ARITIES[RULE_ARCTANH] = r_arctanh, 1
    RULES[RULE_ERF], ARITIES[RULE_ERF] = r_erf, 1
    RULES[RULE_ERFC], ARITIES[RULE_ERFC] = r_erfc, 1
    RULES[RULE_ERFINV], ARITIES[RULE_ERFINV] = r_erfinv, 1
    RULES[RULE_GAMMA], ARITIES[RULE_GAMMA] = r_gamma, 1
    RULES[RULE_LGAMMA], ARITIES[RULE_LGAMMA] = r_lgamma, 1
    RULES[RULE_DIGAMMA], ARITIES[RULE_DIGAMMA] = r_digamma, 1
    RULES[RULE_POLYGAMMA], ARITIES[RULE_POLYGAMMA] = r_polygamma, 2
    RULES[RULE_SINC], ARITIES[RULE_SINC] = r_sinc, 1
    RULES[RULE_SIGMOID], ARITIES[RULE_SIGMOID] = r_sigmoid, 1
    RULES[RULE_LOGIT], ARITIES[RULE_LOGIT] = r_logit, 1
    RULES[RULE_LOGSIGMOID], ARITIES[RULE_LOGSIGMOID] = r_logsigmoid, 1
    RULES[RULE_SOFTPLUS], ARITIES[RULE_SOFTPLUS] = r_softplus, 1
    RULES[RULE_RELU], ARITIES[RULE_RELU] = r_relu, 1
    RULES[RULE_LEAKY_RELU], ARITIES[RULE_LEAKY_RELU] = r_leaky_relu, 2
    RULES[RULE_ELU], ARITIES[RULE_ELU] = r_elu, 2
    RULES[RULE_GELU], ARITIES[RULE_GELU] = r_gelu, 1
    RULES[RULE_SILU], ARITIES[RULE_SILU] = r_silu, 1
    RULES[RULE_MAXIMUM], ARITIES[RULE_MAXIMUM] = r_maximum, 2
    RULES[RULE_MINIMUM], ARITIES[RULE_MINIMUM] = r_minimum, 2
    RULES[RULE_COPYSIGN], ARITIES[RULE_COPYSIGN] = r_copysign, 2
    RULES[RULE_CHAIN], ARITIES[RULE_CHAIN] = r_chain, 2
    RULES[RULE_DIVIDE_DY], ARITIES[RULE_DIVIDE_DY] = r_divide_dy, 2
    RULES[RULE_POWER_DX], ARITIES[RULE_POWER_DX] = r_power_dx, 2
    RULES[RULE_POWER_DY], ARITIES[RULE_POWER_DY] = r_power_dy, 2
    RULES[RULE_HYPOT_DX], ARITIES[RULE_HYPOT_DX] = r_hypot_dx, 2
    RULES[RULE_SQRT_DX], ARITIES[RULE_SQRT_DX] = r_sqrt_dx, 1
    RULES[RULE_CBRT_DX], ARITIES[RULE_CBRT_DX] = r_cbrt_dx, 1
    RULES[RULE_TAN_DX], ARITIES[RULE_TAN_DX] = r_tan_dx, 1
    RULES[RULE_TANH_DX], ARITIES[RULE_TANH_DX] = r_tanh_dx, 1
    RULES[RULE_ARCSIN_DX], ARITIES[RULE_ARCSIN_DX] = r_arcsin_dx, 1
    RULES[RULE_ARCTAN_DX], ARITIES[RULE_ARCTAN_DX] = r_arctan_dx, 1
    RULES[RULE_ARCTAN2_DY], ARITIES[RULE_ARCTAN2_DY] = r_arctan2_dy, 2
    RULES[RULE_ARCTAN2_DX], ARITIES[RULE_ARCTAN2_DX] = r_arctan2_dx, 2
    RULES[RULE_ARCSINH_DX], ARITIES[RULE_ARCSINH_DX] = r_arcsinh_dx, 1
    RULES[RULE_ARCCOSH_DX], ARITIES[RULE_ARCCOSH_DX] = r_arccosh_dx, 1
    RULES[RULE_ARCTANH_DX], ARITIES[RULE_ARCTANH_DX] = r_arctanh_dx, 1
    RULES[RULE_ERF_DX], ARITIES[RULE_ERF_DX] = r_erf_dx, 1
    RULES[RULE_SIGMOID_DX], ARITIES[RULE_SIGMOID_DX] = r_sigmoid_dx, 1
    RULES[RULE_SILU_DX], ARITIES[RULE_SILU_DX] = r_silu_dx, 1
    RULES[RULE_GELU_DX], ARITIES[RULE_GELU_DX] = r_gelu_dx, 1
    RULES[RULE_ERFINV_DX], ARITIES[RULE_ERFINV_DX] = r_erfinv_dx, 1
    RULES[RULE_GAMMA_DX], ARITIES[RULE_GAMMA_DX] = r_gamma_dx, 1
    RULES[RULE_SINC_DX], ARITIES[RULE_SINC_DX] = r_sinc_dx, 1
    RULES[RULE_SINC_DN], ARITIES[RULE_SINC_DN] = r_sinc_dn, 2
