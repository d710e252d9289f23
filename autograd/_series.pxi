# Part of _native.pyx: the n-ary primitives, which are one node however many operands they have.
#
# Written by hand, unlike the rules in _rules.pxi: the kernels of n-ary records work on lists, with fsum and fractions, which
# can't be translated to C, and in a net most of the time goes into its dots. So sum, mean, dot, max, min, logsumexp and softmax
# stand here a second time, for the case that the result is certain; in all others the record itself is asked. What _sequences.c
# computes of the others is for programs. tests/autograd/test_twins.py holds each of them to its record, bit by bit.

cdef extern from "_sequences.h" nogil:
    enum:
        SEQUENCE_NORM
        SEQUENCE_PRODUCT
        SEQUENCE_VAR
        SEQUENCE_STD
        SEQUENCE_LOG_SOFTMAX
    int sequence_value(int which, const double* xs, int n, double more, double* room, double* z)
    int sequence_slopes(int which, const double* xs, int n, double more, double* room, double z, double* slopes)
    int sequence_cancelling(const double* xs, int n, double top, double* z)

cdef enum:
    TOTAL
    MEAN
    DOT
    LARGEST
    SMALLEST
    LOGSUMEXP
    SOFTMAX  # each component of which is a node

cdef dict SERIES = {p.sum: TOTAL, p.mean: MEAN, p.dot: DOT, p.max: LARGEST, p.min: SMALLEST, p.logsumexp: LOGSUMEXP}
SERIES[p.softmax] = SOFTMAX


cdef object of_many(object record, int series, PyObject** operands, Py_ssize_t count, PyObject** others, Py_ssize_t more):
    """One of the n-ary primitives above, of the operands and then the others; None where it must be asked.

    The operands may be a list's, which Python could change. So no Python runs until they all are in the block.
    """
    cdef Py_ssize_t i, k = 0, half = count, values = 0
    cdef PyObject* x
    cdef double z = 0.0
    cdef double small[256]
    cdef double* xs = small
    cdef bint certain, collected = False
    cdef Block* block
    count += more
    if count > 256:
        xs = <double*>PyMem_Malloc(count * sizeof(double))
        if xs == NULL:
            raise MemoryError()
    try:
        for i in range(count):
            x = operands[i] if i < half else others[i - half]
            if Py_TYPE(x) == VALUE:
                xs[i] = (<Value>x).number
                collected |= (<Value>x).collected
                values += 1
            elif PyFloat_CheckExact(<object>x):
                xs[i] = PyFloat_AS_DOUBLE(<object>x)
            elif not is_small_int(<object>x, &xs[i]):
                return None
        if not values or not series_value(series, xs, count, &z):
            return None
        block = new_block(record, count, values)
        for i in range(count):
            x = operands[i] if i < half else others[i - half]
            if Py_TYPE(x) == VALUE:
                Py_INCREF(<object>x)
                if series == DOT:
                    block.local_gradients[k] = xs[i + count // 2 if i < count // 2 else i - count // 2]
                elif series >= LARGEST:
                    block.local_gradients[k] = xs[i]
                k += 1
            else:
                x = PyFloat_FromDouble(xs[i])
                if x == NULL:
                    free_block(block)
                    raise MemoryError()
            block.operands[i] = x
        if series == LOGSUMEXP:
            try:
                certain = shares(xs, count, xs)
            except MemoryError:
                free_block(block)
                raise
            if not certain:
                free_block(block)
                return None
            k = 0
            for i in range(count):
                if not PyFloat_CheckExact(<object>block.operands[i]):
                    block.local_gradients[k] = xs[i]
                    k += 1
        elif series != DOT:
            series_gradients(series, xs, count, z, block)
        return given(new_many(block, z, collected))
    finally:
        if xs != small:
            PyMem_Free(xs)


def _number_of_many(record, const double[::1] xs not None):
    """The mean of these if the record is `mean`, else their sum; None where the record must be asked."""
    cdef double z = 0.0
    cdef Py_ssize_t count = xs.shape[0]
    if not count or not series_value(MEAN if record is p.mean else TOTAL, <double*>&xs[0], count, &z):
        return None
    return z


cdef list COMPONENTS = []  # the records of single components


cdef list components(tuple operands):
    """The softmax: a node for each component, its operands the whole sequence; or None."""
    cdef Py_ssize_t i, j, k, values = 0, count = PyTuple_GET_SIZE(operands)
    cdef double rest
    cdef bint collected = False
    cdef Block* block
    cdef double* xs
    cdef PyObject* x
    cdef list found = []
    for i in range(count):
        x = PyTuple_GET_ITEM(operands, i)
        if Py_TYPE(x) == VALUE:
            collected |= (<Value>x).collected
            values += 1
    if not values:
        return None
    xs = <double*>PyMem_Malloc(2 * count * sizeof(double))
    if xs == NULL:
        raise MemoryError()
    try:
        for i in range(count):
            x = PyTuple_GET_ITEM(operands, i)
            if Py_TYPE(x) != VALUE and not as_number(<object>x, &xs[i]):
                return None
        for i in range(count):  # now that no Python will run any more
            x = PyTuple_GET_ITEM(operands, i)
            if Py_TYPE(x) == VALUE:
                xs[i] = (<Value>x).number
        if not shares(xs, count, xs + count):
            return None
        for i in range(count):
            if not total_without(xs + count, count, i, &rest):
                return None
            while len(COMPONENTS) <= i:
                COMPONENTS.append(p.softmax.bind(component=len(COMPONENTS)))
            block = new_block(COMPONENTS[i], count, values)
            k = 0
            for j in range(count):
                x = PyTuple_GET_ITEM(operands, j)
                if Py_TYPE(x) == VALUE:
                    Py_INCREF(<object>x)
                    block.local_gradients[k] = xs[count + i] * rest if i == j else -(xs[count + i] * xs[count + j])
                    k += 1
                else:
                    x = PyFloat_FromDouble(xs[j])
                    if x == NULL:
                        free_block(block)
                        raise MemoryError()
                block.operands[j] = x
            found.append(given(new_many(block, xs[count + i], collected)))
    finally:
        PyMem_Free(xs)
    return found


cdef void series_gradients(int series, double* xs, Py_ssize_t count, double z, Block* block) noexcept:
    """The local gradients of the Values; for max and min each comes with its own operand's number in its place."""
    cdef Py_ssize_t i, ties = 0
    cdef double share
    if series == TOTAL or series == MEAN:
        share = 1.0 if series == TOTAL else 1.0 / count
        for i in range(block.parents):
            block.local_gradients[i] = share
        return
    for i in range(count):
        ties += xs[i] == z
    share = 1.0 / ties
    for i in range(block.parents):
        block.local_gradients[i] = share if block.local_gradients[i] == z else 0.0


cdef bint series_value(int series, double* xs, Py_ssize_t count, double* z) noexcept:
    """The value, if it is certain to be what the record computes."""
    if series == TOTAL:
        return total(xs, count, z)
    if series == DOT:
        return dot(xs, xs + count // 2, count // 2, z)
    if count == 0:
        return False
    if series == MEAN:
        if not total(xs, count, z):
            return False
        z[0] /= count
        return True
    if series == LOGSUMEXP:
        return logsumexp(xs, count, z)
    return extreme(xs, count, series == LARGEST, z)


cdef bint extreme(double* xs, Py_ssize_t count, bint largest, double* z) noexcept nogil:
    """The first of the largest, or of the smallest."""
    cdef Py_ssize_t i
    z[0] = xs[0]
    for i in range(count):
        if xs[i] != xs[i]:
            return False
        if xs[i] > z[0] if largest else xs[i] < z[0]:
            z[0] = xs[i]
    return True


# Sums are rounded once. They are added up with the error of each addition beside them (Ogita, Rump and Oishi, "Accurate
# sum and dot product", 2005); a bound on what is still missing mostly leaves no doubt about the rounding. Where it does, the
# terms are added up exactly.


cdef inline void add_to(double* total, double* low, double* size, double x) noexcept nogil:
    cdef double s = total[0] + x
    cdef double v = s - total[0]
    cdef double error = (total[0] - (s - v)) + (x - v)
    total[0] = s
    low[0] += error
    size[0] += c_fabs(error)


cdef bint rounded_once(double high, double low, double size, double operations, double* z) noexcept nogil:
    cdef double s = high + low
    cdef double v = s - high
    cdef double rest = (high - (s - v)) + (low - v)
    cdef double doubt = size * operations * 4.5e-16  # four times operations * 2**-53 * size
    if not c_isfinite(s) or s + (rest + doubt) != s or s + (rest - doubt) != s:
        return False
    z[0] = s
    return True


cdef bint total(double* xs, Py_ssize_t count, double* z) noexcept nogil:
    cdef double high = 0.0, low = 0.0, size = 0.0
    cdef Py_ssize_t i
    cdef Exact exact
    for i in range(count):
        add_to(&high, &low, &size, xs[i])
    if rounded_once(high, low, size, count, z):
        return True
    exact.count = 0
    for i in range(count):
        if not add_exactly(&exact, xs[i]):
            return False
    return rounded(&exact, z)


cdef bint total_without(double* xs, Py_ssize_t count, Py_ssize_t i, double* z) noexcept nogil:
    """The sum of all but one."""
    cdef double left_out = xs[i]
    xs[i] = 0.0
    cdef bint ok = total(xs, count, z)
    xs[i] = left_out
    return ok


# A sum as numbers that do not overlap, the smallest first (Shewchuk, "Adaptive precision floating-point arithmetic", 1997).

cdef enum:
    PARTS = 64  # more than doubles can have: 2100 bits in parts of 53

cdef struct Exact:
    double parts[PARTS]
    int count


cdef bint add_exactly(Exact* exact, double x) noexcept nogil:
    cdef double y, sum
    cdef int i, kept = 0
    for i in range(exact.count):
        y = exact.parts[i]
        if c_fabs(x) < c_fabs(y):
            x, y = y, x
        sum = x + y
        y -= sum - x
        if y != 0.0:
            exact.parts[kept] = y
            kept += 1
        x = sum
    if kept == PARTS or not c_isfinite(x):
        return False
    exact.parts[kept] = x
    exact.count = kept + 1
    return True


cdef bint rounded(Exact* exact, double* z) noexcept nogil:
    """The number nearest to the sum: the largest parts, and if what they leave out is half a unit, what lies below decides."""
    cdef int i = exact.count - 1
    cdef double high, low = 0.0, part
    if i < 0:
        z[0] = 0.0
        return True
    high = exact.parts[i]
    while i > 0 and low == 0.0:
        i -= 1
        part = high
        high = part + exact.parts[i]
        low = exact.parts[i] - (high - part)
    if i > 0 and low != 0.0 and (low < 0.0) == (exact.parts[i - 1] < 0.0) and exact.parts[i - 1] != 0.0:
        part = high + 2.0 * low
        if part - high == 2.0 * low:
            high = part
    z[0] = high + 0.0
    return True


cdef bint dot(double* xs, double* ys, Py_ssize_t count, double* z) noexcept nogil:
    cdef double high = 0.0, low = 0.0, size = 0.0, product, error
    cdef int ok = 1
    cdef Py_ssize_t i
    for i in range(count):
        product = xs[i] * ys[i]
        if 1e-250 < c_fabs(product) < 1e290 and c_fabs(xs[i]) < 1e150 and c_fabs(ys[i]) < 1e150:
            add_to(&high, &low, &size, product)
            error = k_product_error(xs[i], ys[i], product, &ok)
            low += error
            size += c_fabs(error)
        elif not (product == 0.0 and (xs[i] == 0.0 or ys[i] == 0.0)):
            return False
    return rounded_once(high, low, size, 2.0 * count, z)


# What `kernels.logsumexp` and `kernels.softmax` do for finite numbers.


cdef bint shifted_exponentials(double* xs, Py_ssize_t count, double top, Exact* whole, double* es, double* errors) noexcept nogil:
    """exp(x - top), what the difference's rounding left out of it, and the exact sum of both; the two may be NULL."""
    cdef Py_ssize_t i
    cdef double d, e, error
    cdef int ok = 1
    whole.count = 0
    for i in range(count):
        d = xs[i] - top
        e = c_exp(d, &ok)
        error = e * k_difference_error(xs[i], top, d, &ok) if e != 0.0 and d != 0.0 else 0.0
        if not ok or not add_exactly(whole, e) or not add_exactly(whole, error):
            return False
        if es != NULL:
            es[i] = e
            errors[i] = error
    return True


cdef bint logsumexp(double* xs, Py_ssize_t count, double* z) noexcept nogil:
    cdef Exact exact
    cdef double top, whole, low, rest
    cdef int ok = 1
    if not extreme(xs, count, True, &top) or not c_isfinite(top):
        return False
    if not shifted_exponentials(xs, count, top, &exact, NULL, NULL) or not rounded(&exact, &whole):
        return False
    if not add_exactly(&exact, -whole) or not rounded(&exact, &low):
        return False
    rest = c_log(whole, &ok)
    low /= whole
    z[0] = top + rest
    z[0] += k_difference_error(top, -rest, z[0], &ok) + low
    return ok and (top >= 0.0 or c_fabs(z[0]) > rest + low or sequence_cancelling(xs, <int>count, top, z))


cdef bint shares(double* xs, Py_ssize_t count, double* found) except -1:
    """The softmax; it may take the place of the operands."""
    cdef Exact exact
    cdef double top, whole, low
    cdef double* es
    cdef Py_ssize_t i
    cdef int ok = 1
    if not extreme(xs, count, True, &top) or not c_isfinite(top):
        return False
    es = <double*>PyMem_Malloc(2 * count * sizeof(double))
    if es == NULL:
        raise MemoryError()
    try:
        if not shifted_exponentials(xs, count, top, &exact, es, es + count) or not rounded(&exact, &whole):
            return False
        if not add_exactly(&exact, -whole) or not rounded(&exact, &low):
            return False
        for i in range(count):
            found[i] = k_quotient(es[i], es[count + i], whole, low, &ok)
        return ok
    finally:
        PyMem_Free(es)
