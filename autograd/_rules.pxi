# Written by `python -m autograd.translate` from kernels.py and records.py. Change those, not this.
#
# k_* is a kernel, p_* a piece of a partial, u_* and b_* a rule: the value and the partials of one record.
# What ask() stands for, and all that these records do, is computed by the record itself, in Python:
# remainder hypot logaddexp arcsinh erfinv gamma lgamma digamma polygamma sinc gelu clamp where sum prod mean
# max min logsumexp norm dot softmax log_softmax var std arcsinh_dx gelu_dx erfinv_dx gamma_dx sinc_dx sinc_dn
# deviation

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
    return ask(ok)

cdef double k_power_dy(double x, double y, int* ok) noexcept nogil:
    cdef double exponent, slope, z
    if ((x <= 0.0) or (x != x)):
        return (0.0 if (x == 0.0) else NAN)
    z, slope = c_pow(x, y, ok), c_log(x, ok)
    if ((1e-290 < z < 1e+290) or (not (c_isfinite(x) and c_isfinite(y)))):
        return (z * slope)
    return ask(ok)

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
    return ask(ok)

cdef double k_arctan2_dy(double y, double x, int* ok) noexcept nogil:
    cdef double h
    return ask(ok)

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

cdef double k_quotient(double p, double p_low, double s, double s_low, int* ok) noexcept nogil:
    cdef double back, q, residual
    q = c_div(p, s, ok)
    back = (q * s)
    residual = (((p - back) - k_product_error(q, s, back, ok)) + (p_low - (q * s_low)))
    return (q + c_div(residual, s, ok))

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

cdef double k_erfc(double x, int* ok) noexcept nogil:
    if (x < 0.5):
        return (1.0 - c_erf(x, ok))
    return (ask(ok) if (x < 28.0) else (0.0 if (x == x) else x))

cdef double k_sigmoid(double x, int* ok) noexcept nogil:
    cdef double e, one
    if (x >= 0.0):
        return c_div(1.0, (1.0 + c_exp((-x), ok)), ok)
    e = c_exp(x, ok)
    one = (1.0 + e)
    return k_quotient(e, 0.0, one, ((1.0 - one) + e), ok)

cdef double k_sigmoid_dx(double x, int* ok) noexcept nogil:
    return k_bump(c_exp((-c_fabs(x)), ok), ok)

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

cdef double p_number(double x, int* ok) noexcept nogil:
    return x

cdef double p_power_dxdx(double z, double x, double y, int* ok) noexcept nogil:
    if ((y == 0.0) and (True or (x == 0.0))):
        return 0.0
    if ((x == 0.0) or k_has_predecessor(p_number(y, ok), ok)):
        return (y * k_power_dx(x, (y - 1.0), ok))
    return ((y - 1.0) * c_div(z, x, ok))

cdef double p_power_dxdy(double x, double y, int* ok) noexcept nogil:
    if (x > 0.0):
        return ((k_power(x, (y - 1.0), ok) if k_has_predecessor(p_number(y, ok), ok) else c_div(k_power(x, y, ok), x, ok)) * (1.0 + (y * c_log(x, ok))))
    return (0.0 if ((x == 0.0) and (y > 1.0)) else NAN)

cdef double p_zero_power(double x, int* ok) noexcept nogil:
    return (0.0 if (x == 0.0) else NAN)

cdef double k_hypot_dx(double x, double y, int* ok) noexcept nogil:
    cdef double h
    return ask(ok)

cdef double p_per_length(double x, double a, double b, int* ok) noexcept nogil:
    cdef double h
    return ask(ok)

cdef inline void b_add(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x + y)
    value[0] = z
    if wanted & 1:
        first[0] = 1.0
    if wanted & 2:
        second[0] = 1.0

cdef inline void b_subtract(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x - y)
    value[0] = z
    if wanted & 1:
        first[0] = 1.0
    if wanted & 2:
        second[0] = (-1.0)

cdef inline void b_multiply(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (x * y)
    value[0] = z
    if wanted & 1:
        first[0] = y
    if wanted & 2:
        second[0] = x

cdef inline void b_divide(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_div(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = c_div(1.0, y, ok)
    if wanted & 2:
        second[0] = k_divide_dy(x, y, ok)

cdef inline void b_power(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_power_dx(x, y, ok)
    if wanted & 2:
        second[0] = k_power_dy(x, y, ok)

cdef inline void u_negative(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = (-x)
    value[0] = z
    partial[0] = (-1.0)

cdef inline void u_positive(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = x
    value[0] = z
    partial[0] = 1.0

cdef inline void u_absolute(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_fabs(x)
    value[0] = z
    partial[0] = p_sign(x, ok)

cdef inline void u_square(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_square(x, ok)
    value[0] = z
    partial[0] = (2.0 * x)

cdef inline void u_reciprocal(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_reciprocal(x, ok)
    value[0] = z
    partial[0] = (-(z * z))

cdef inline void u_sqrt(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_sqrt(x, ok)
    value[0] = z
    partial[0] = k_sqrt_dx(x, ok)

cdef inline void u_cbrt(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_cbrt(x, ok)
    value[0] = z
    partial[0] = k_cbrt_dx(x, ok)

cdef inline void u_exp(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_exp(x, ok)
    value[0] = z
    partial[0] = z

cdef inline void u_exp2(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_exp2(x, ok)
    value[0] = z
    partial[0] = (z * 0.6931471805599453)

cdef inline void u_expm1(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_expm1(x, ok)
    value[0] = z
    partial[0] = c_exp(x, ok)

cdef inline void u_log(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_log(x, ok)
    value[0] = z
    partial[0] = c_div(1.0, x, ok)

cdef inline void u_log2(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_log2(x, ok)
    value[0] = z
    partial[0] = c_div(1.4426950408889634, x, ok)

cdef inline void u_log10(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_log10(x, ok)
    value[0] = z
    partial[0] = c_div(0.4342944819032518, x, ok)

cdef inline void u_log1p(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_log1p(x, ok)
    value[0] = z
    partial[0] = c_div(1.0, (1.0 + x), ok)

cdef inline void u_sin(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_sin(x, ok)
    value[0] = z
    partial[0] = c_cos(x, ok)

cdef inline void u_cos(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_cos(x, ok)
    value[0] = z
    partial[0] = (-c_sin(x, ok))

cdef inline void u_tan(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_tan(x, ok)
    value[0] = z
    partial[0] = k_tan_dx(x, ok)

cdef inline void u_arcsin(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_asin(x, ok)
    value[0] = z
    partial[0] = k_arcsin_dx(x, ok)

cdef inline void u_arccos(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_acos(x, ok)
    value[0] = z
    partial[0] = (-k_arcsin_dx(x, ok))

cdef inline void u_arctan(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_atan(x, ok)
    value[0] = z
    partial[0] = k_arctan_dx(x, ok)

cdef inline void b_arctan2(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = c_atan2(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = k_arctan2_dy(y, x, ok)
    if wanted & 2:
        second[0] = k_arctan2_dx(y, x, ok)

cdef inline void u_sinh(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_sinh(x, ok)
    value[0] = z
    partial[0] = c_cosh(x, ok)

cdef inline void u_cosh(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_cosh(x, ok)
    value[0] = z
    partial[0] = c_sinh(x, ok)

cdef inline void u_tanh(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_tanh(x, ok)
    value[0] = z
    partial[0] = k_tanh_dx(x, ok)

cdef inline void u_arccosh(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_arccosh(x, ok)
    value[0] = z
    partial[0] = k_arccosh_dx(x, ok)

cdef inline void u_arctanh(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_atanh(x, ok)
    value[0] = z
    partial[0] = k_arctanh_dx(x, ok)

cdef inline void u_erf(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = c_erf(x, ok)
    value[0] = z
    partial[0] = k_erf_dx(x, ok)

cdef inline void u_erfc(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_erfc(x, ok)
    value[0] = z
    partial[0] = (-k_erf_dx(x, ok))

cdef inline void u_sigmoid(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_sigmoid(x, ok)
    value[0] = z
    partial[0] = k_sigmoid_dx(x, ok)

cdef inline void u_logsigmoid(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_logsigmoid(x, ok)
    value[0] = z
    partial[0] = k_sigmoid((-x), ok)

cdef inline void u_softplus(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_softplus(x, ok)
    value[0] = z
    partial[0] = k_sigmoid(x, ok)

cdef inline void u_relu(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_relu(x, ok)
    value[0] = z
    partial[0] = (1.0 if (x > 0.0) else p_zero_or_nan(x, ok))

cdef inline void b_leaky_relu(double x, double negative_slope, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_leaky_relu(x, negative_slope, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (1.0 if (x > 0.0) else (negative_slope + p_zero_or_nan(x, ok)))
    if wanted & 2:
        ask(ok)

cdef inline void b_elu(double x, double alpha, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_elu(x, alpha, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (1.0 if (x > 0.0) else (alpha * c_exp(x, ok)))
    if wanted & 2:
        ask(ok)

cdef inline void u_silu(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_silu(x, ok)
    value[0] = z
    partial[0] = k_silu_dx(x, ok)

cdef inline void b_maximum(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_maximum(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_won(x, y, ok)
    if wanted & 2:
        second[0] = p_won(y, x, ok)

cdef inline void b_minimum(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_minimum(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_won(y, x, ok)
    if wanted & 2:
        second[0] = p_won(x, y, ok)

cdef inline void b_copysign(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_copysign(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (p_sign(x, ok) * k_copysign(1.0, p_number(y, ok), ok))
    if wanted & 2:
        second[0] = p_zero_or_nan(y, ok)

cdef inline void b_chain(double upstream, double local, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = (0.0 if (upstream == 0.0) else (upstream * local))
    value[0] = z
    if wanted & 1:
        first[0] = local
    if wanted & 2:
        second[0] = upstream

cdef inline void b_divide_dy(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_divide_dy(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = (-c_div(c_div(1.0, y, ok), y, ok))
    if wanted & 2:
        second[0] = c_div(((-2.0) * k_divide_dy(x, y, ok)), y, ok)

cdef inline void b_power_dx(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power_dx(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_power_dxdx(z, x, y, ok)
    if wanted & 2:
        second[0] = p_power_dxdy(x, y, ok)

cdef inline void b_power_dy(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_power_dy(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_power_dxdy(x, y, ok)
    if wanted & 2:
        second[0] = ((z * c_log(x, ok)) if (x > 0.0) else p_zero_power(x, ok))

cdef inline void b_hypot_dx(double x, double y, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_hypot_dx(x, y, ok)
    value[0] = z
    if wanted & 1:
        first[0] = p_per_length(k_square(k_hypot_dx(y, x, ok), ok), x, y, ok)
    if wanted & 2:
        second[0] = p_per_length((-(z * k_hypot_dx(y, x, ok))), x, y, ok)

cdef inline void u_sqrt_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_sqrt_dx(x, ok)
    value[0] = z
    partial[0] = ((-2.0) * ((z * z) * z))

cdef inline void u_cbrt_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_cbrt_dx(x, ok)
    value[0] = z
    partial[0] = (((-6.0) * k_cbrt(x, ok)) * ((z * z) * z))

cdef inline void u_tan_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_tan_dx(x, ok)
    value[0] = z
    partial[0] = ((2.0 * c_tan(x, ok)) * z)

cdef inline void u_tanh_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_tanh_dx(x, ok)
    value[0] = z
    partial[0] = (((-2.0) * k_tanh(x, ok)) * z)

cdef inline void u_arcsin_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_arcsin_dx(x, ok)
    value[0] = z
    partial[0] = (x * ((z * z) * z))

cdef inline void u_arctan_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_arctan_dx(x, ok)
    value[0] = z
    partial[0] = (((-2.0) * x) * (z * z))

cdef inline void b_arctan2_dy(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctan2_dy(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((2.0 * z) * k_arctan2_dx(y, x, ok))
    if wanted & 2:
        second[0] = (k_square(k_arctan2_dx(y, x, ok), ok) - (z * z))

cdef inline void b_arctan2_dx(double y, double x, int wanted, double* value, double* first, double* second, int* ok) noexcept nogil:
    cdef double z = k_arctan2_dx(y, x, ok)
    value[0] = z
    if wanted & 1:
        first[0] = ((z * z) - k_square(k_arctan2_dy(y, x, ok), ok))
    if wanted & 2:
        second[0] = (((-2.0) * z) * k_arctan2_dy(y, x, ok))

cdef inline void u_arccosh_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_arccosh_dx(x, ok)
    value[0] = z
    partial[0] = ((-x) * ((z * z) * z))

cdef inline void u_arctanh_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_arctanh_dx(x, ok)
    value[0] = z
    partial[0] = ((2.0 * x) * (z * z))

cdef inline void u_erf_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_erf_dx(x, ok)
    value[0] = z
    partial[0] = (((-2.0) * x) * z)

cdef inline void u_sigmoid_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_sigmoid_dx(x, ok)
    value[0] = z
    partial[0] = (-(z * k_tanh((0.5 * x), ok)))

cdef inline void u_silu_dx(double x, double* value, double* partial, int* ok) noexcept nogil:
    cdef double z = k_silu_dx(x, ok)
    value[0] = z
    partial[0] = (k_sigmoid_dx(x, ok) * (2.0 - (x * k_tanh((0.5 * x), ok))))

cdef void load_rules() noexcept:
    set_binary("add", b_add)
    set_binary("subtract", b_subtract)
    set_binary("multiply", b_multiply)
    set_binary("divide", b_divide)
    set_binary("power", b_power)
    set_unary("negative", u_negative)
    set_unary("positive", u_positive)
    set_unary("absolute", u_absolute)
    set_unary("square", u_square)
    set_unary("reciprocal", u_reciprocal)
    set_unary("sqrt", u_sqrt)
    set_unary("cbrt", u_cbrt)
    set_unary("exp", u_exp)
    set_unary("exp2", u_exp2)
    set_unary("expm1", u_expm1)
    set_unary("log", u_log)
    set_unary("log2", u_log2)
    set_unary("log10", u_log10)
    set_unary("log1p", u_log1p)
    set_unary("sin", u_sin)
    set_unary("cos", u_cos)
    set_unary("tan", u_tan)
    set_unary("arcsin", u_arcsin)
    set_unary("arccos", u_arccos)
    set_unary("arctan", u_arctan)
    set_binary("arctan2", b_arctan2)
    set_unary("sinh", u_sinh)
    set_unary("cosh", u_cosh)
    set_unary("tanh", u_tanh)
    set_unary("arccosh", u_arccosh)
    set_unary("arctanh", u_arctanh)
    set_unary("erf", u_erf)
    set_unary("erfc", u_erfc)
    set_unary("sigmoid", u_sigmoid)
    set_unary("logsigmoid", u_logsigmoid)
    set_unary("softplus", u_softplus)
    set_unary("relu", u_relu)
    set_binary("leaky_relu", b_leaky_relu)
    set_binary("elu", b_elu)
    set_unary("silu", u_silu)
    set_binary("maximum", b_maximum)
    set_binary("minimum", b_minimum)
    set_binary("copysign", b_copysign)
    set_binary("chain", b_chain)
    set_binary("divide_dy", b_divide_dy)
    set_binary("power_dx", b_power_dx)
    set_binary("power_dy", b_power_dy)
    set_binary("hypot_dx", b_hypot_dx)
    set_unary("sqrt_dx", u_sqrt_dx)
    set_unary("cbrt_dx", u_cbrt_dx)
    set_unary("tan_dx", u_tan_dx)
    set_unary("tanh_dx", u_tanh_dx)
    set_unary("arcsin_dx", u_arcsin_dx)
    set_unary("arctan_dx", u_arctan_dx)
    set_binary("arctan2_dy", b_arctan2_dy)
    set_binary("arctan2_dx", b_arctan2_dx)
    set_unary("arccosh_dx", u_arccosh_dx)
    set_unary("arctanh_dx", u_arctanh_dx)
    set_unary("erf_dx", u_erf_dx)
    set_unary("sigmoid_dx", u_sigmoid_dx)
    set_unary("silu_dx", u_silu_dx)
