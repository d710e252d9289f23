# Part of _native.pyx: what is done to many leaves at once, for `autograd.leaves`, whose Python says what each function means.
#
# A function does all of it, or nothing and returns None, where Python must: it looks at every leaf before it changes one (but for
# what may be done twice). From its
# first look to its last change no Python runs, so that no signal and no other thread can come in between. A leaf of a subclass is
# left to Python, since it may have a `data` of its own; and so is all that happens while a program is recorded.

cdef inline bint are_all(list leaves, bint computed_too) noexcept:
    """Whether these are Values of the class itself; leaves, unless computed ones will do. Nothing is while this thread records."""
    cdef PyObject* x
    cdef Py_ssize_t i
    if recording and listens():
        return False
    for i in range(list_size(<PyObject*>leaves)):
        x = list_items(<PyObject*>leaves)[i]
        if Py_TYPE(x) != VALUE or not (computed_too or (<Value>x).shape == LEAF):
            return False
    return True


def _leaf_numbers(leaves):
    cdef Py_ssize_t i
    cdef list found
    if not PyList_CheckExact(leaves):
        return None
    found = [None] * list_size(<PyObject*>leaves)
    if not are_all(leaves, True):
        return None
    for i in range(list_size(<PyObject*>leaves)):
        found[i] = new_reference(PyFloat_FromDouble((<Value>list_items(<PyObject*>leaves)[i]).number))
    return found


def _assign_leaves(leaves, numbers):
    cdef Py_ssize_t i
    if not (PyList_CheckExact(leaves) and PyList_CheckExact(numbers) and are_all(leaves, False)):
        return None
    if list_size(<PyObject*>leaves) != list_size(<PyObject*>numbers):
        return None
    for i in range(list_size(<PyObject*>numbers)):
        if not PyFloat_CheckExact(<object>list_items(<PyObject*>numbers)[i]):
            return None
    for i in range(list_size(<PyObject*>leaves)):
        (<Value>list_items(<PyObject*>leaves)[i]).number = PyFloat_AS_DOUBLE(<object>list_items(<PyObject*>numbers)[i])
    return True


def _clear_leaves(leaves):
    cdef Py_ssize_t i, count
    cdef PyObject** items
    if not PyList_CheckExact(leaves) or recording and listens():
        return None
    count, items = list_size(<PyObject*>leaves), list_items(<PyObject*>leaves)
    for i in range(count):
        soon(items, i, count)
        if Py_TYPE(items[i]) != VALUE:
            return None  # Python begins anew, and forgets those before once more
        (<Value>items[i]).has_gradient = 0
    return True


def _add_gradients(Operands leaves not None, const double[::1] sums not None):
    cdef Py_ssize_t i, count = PyTuple_GET_SIZE(leaves.values)
    cdef PyObject** items = items_of(leaves.values)
    if sums.shape[0] != count or not (leaves.leaves and leaves.plain) or recording and listens():
        return False
    for i in range(count):
        soon(items, i, count)
        accumulate(items[i], 0.0 + sums[i])
    return True


def _leaf_gradients(leaves):
    cdef Py_ssize_t i
    cdef PyObject* x
    cdef list found = []
    if not (PyList_CheckExact(leaves) and are_all(leaves, True)):
        return None
    for i in range(list_size(<PyObject*>leaves)):
        x = list_items(<PyObject*>leaves)[i]
        if (<Value>x).has_gradient:
            found.append(read_grad(<Value>x))
    return found


def _scale_leaves(leaves, double factor):
    cdef Py_ssize_t i
    cdef PyObject* x
    if not (PyList_CheckExact(leaves) and are_all(leaves, True)):
        return None
    for i in range(list_size(<PyObject*>leaves)):
        x = list_items(<PyObject*>leaves)[i]
        if (<Value>x).has_gradient:
            (<Value>x).gradient = read_grad(<Value>x) * factor
    return True


def _first_not_finite(leaves):
    cdef Py_ssize_t i
    if not (PyList_CheckExact(leaves) and are_all(leaves, True)):
        return None
    for i in range(list_size(<PyObject*>leaves)):
        if not c_isfinite((<Value>list_items(<PyObject*>leaves)[i]).number):
            return i
    return -1


def _same_members(list watched not None):
    cdef Py_ssize_t i, count, place
    cdef PyObject* key
    cdef PyObject* x
    cdef PyObject** seen
    cdef tuple entry, members
    for entry in watched:
        owner, container, members = entry
        if owner is not None and owner.__dict__ is not container:
            return False
        seen = items_of(members)
        count = PyTuple_GET_SIZE(members)
        if PyList_CheckExact(container):
            if list_size(<PyObject*>container) != count:
                return False
            for i in range(count):
                x = list_items(<PyObject*>container)[i]
                if x != seen[i] and <PyObject*>Py_TYPE(x) != seen[i]:
                    return False
        else:
            if 2 * PyDict_Size(container) != count:
                return False
            i = place = 0
            while PyDict_Next(container, &place, &key, &x):
                if key != seen[i] or x != seen[i + 1] and <PyObject*>Py_TYPE(x) != seen[i + 1]:
                    return False
                i += 2
    return True


# ---- steps of optimisers ---------------------------------------------------------------------------
# The formulas are those of `nn.optimizers`, operation by operation. tests/nn/test_in_c.py holds them to those, bit by bit.

cdef enum:
    TOGETHER = 128  # leaves that are read, moved and written before the next ones: as many as stay in a near cache


cdef struct Moving:
    # Some leaves of one group: all that a rule reads and writes.
    Py_ssize_t count
    double* x  # the numbers, before and after
    double* gradient
    unsigned char* reached  # whether there is a gradient
    unsigned char* known  # which of the columns hold something: 1 for the first, 2 for the second, 4 for the third
    double* memory[3]
    double options[8]


cdef inline double ratio(double a, double b, int* ok) noexcept nogil:
    return 0.0 if a == 0.0 and b == 0.0 else c_div(a, b, ok)


cdef inline double root_of(double x, int* ok) noexcept nogil:
    if x < 0.0:
        ok[0] = 0
    return libm_sqrt(x)


cdef void move_sgd(Moving* m, int* ok) noexcept nogil:
    cdef double lr = m.options[0], momentum = m.options[1], dampening = m.options[2], weight_decay = m.options[3], g, buffer
    cdef bint nesterov = m.options[4] != 0.0
    cdef Py_ssize_t i
    for i in range(m.count):
        if m.reached[i]:
            g = m.gradient[i] + weight_decay * m.x[i]
            if momentum != 0.0:
                buffer = momentum * m.memory[0][i] + (1.0 - dampening) * g if m.known[i] & 1 else g
                m.memory[0][i] = buffer
                m.known[i] |= 1
                g = g + momentum * buffer if nesterov else buffer
            m.x[i] = m.x[i] - lr * g


cdef Py_ssize_t move_at_once(PyObject** leaves, Py_ssize_t count, double lr, double weight_decay, double* before) noexcept:
    """`move_sgd` without momentum, on the leaves themselves. Says how many moved: all those before one that isn't a plain leaf."""
    cdef Py_ssize_t i
    cdef PyObject* x
    for i in range(count):
        soon(leaves, i, count)
        x = leaves[i]
        if Py_TYPE(x) != VALUE or (<Value>x).shape != LEAF:
            return i
        before[i] = (<Value>x).number
        if (<Value>x).has_gradient:
            (<Value>x).number = before[i] - lr * (read_grad(<Value>x) + weight_decay * before[i])
    return count


cdef Py_ssize_t move_adam_alike(Moving* m, int* ok) noexcept nogil:
    """The same for the first ones in vectors, if all have a gradient and have made as many steps. Says how many moved."""
    cdef lane_adam o
    cdef double step = m.memory[0][0] + 1.0 if m.count else 0.0
    cdef Py_ssize_t i, done
    for i in range(m.count):
        if not m.reached[i] or m.memory[0][i] + 1.0 != step or m.memory[2][i] < 0.0:
            return 0
    o.beta1, o.beta2, o.eps, o.weight_decay = m.options[1], m.options[2], m.options[3], m.options[4]
    o.decoupled = m.options[5] != 0.0
    o.shrink = 1.0 - m.options[0] * o.weight_decay
    o.rate = c_div(m.options[0], 1.0 - c_pow(o.beta1, step, ok), ok)
    o.root = root_of(1.0 - c_pow(o.beta2, step, ok), ok)
    if not ok[0] or not o.eps > 0.0 or not o.root > 0.0:  # nothing is divided by zero
        return 0
    done = widest_kernels().adam(m.count, m.x, m.gradient, m.memory[1], m.memory[2], &o)
    for i in range(done):
        m.memory[0][i] = step
        m.known[i] = 7
    return done


cdef void move_adam(Moving* m, int* ok) noexcept nogil:
    cdef double lr = m.options[0], beta1 = m.options[1], beta2 = m.options[2], eps = m.options[3], weight_decay = m.options[4]
    cdef bint decoupled = m.options[5] != 0.0  # as in AdamW
    cdef double x, g, step, mean, square, last = NAN, rate = 0.0, root = 0.0
    cdef Py_ssize_t i
    for i in range(move_adam_alike(m, ok), m.count):
        if m.reached[i]:
            x, g = m.x[i], m.gradient[i]
            if decoupled:
                x = x * (1.0 - lr * weight_decay)
            else:
                g = g + weight_decay * x
            # What is not known is 0.0 in its column.
            step = m.memory[0][i] = m.memory[0][i] + 1.0
            mean = m.memory[1][i] = beta1 * m.memory[1][i] + (1.0 - beta1) * g
            square = m.memory[2][i] = beta2 * m.memory[2][i] + (1.0 - beta2) * g * g
            m.known[i] = 7
            if step != last:  # most often all made as many steps
                last = step
                rate = c_div(lr, 1.0 - c_pow(beta1, step, ok), ok)
                root = root_of(1.0 - c_pow(beta2, step, ok), ok)
            m.x[i] = x - ratio(rate * mean, c_div(root_of(square, ok), root, ok) + eps, ok)


cdef void move_rmsprop(Moving* m, int* ok) noexcept nogil:
    cdef double lr = m.options[0], alpha = m.options[1], eps = m.options[2], weight_decay = m.options[3], momentum = m.options[4]
    cdef bint centered = m.options[5] != 0.0
    cdef double g, square, mean, step
    cdef Py_ssize_t i
    for i in range(m.count):
        if m.reached[i]:
            g = m.gradient[i] + weight_decay * m.x[i]
            square = m.memory[0][i] = alpha * m.memory[0][i] + (1.0 - alpha) * g * g
            m.known[i] |= 1
            if centered:
                mean = m.memory[1][i] = alpha * m.memory[1][i] + (1.0 - alpha) * g
                m.known[i] |= 2
                square = square - mean * mean
                if 0.0 > square:
                    square = 0.0
            step = ratio(g, root_of(square, ok) + eps, ok)
            if momentum != 0.0:
                step = m.memory[2][i] = momentum * m.memory[2][i] + step
                m.known[i] |= 4
            m.x[i] = m.x[i] - lr * step


cdef void move_adagrad(Moving* m, int* ok) noexcept nogil:
    cdef double lr = m.options[0], lr_decay = m.options[1], weight_decay = m.options[2], eps = m.options[3], g, step, total, rate
    cdef Py_ssize_t i
    for i in range(m.count):
        if m.reached[i]:
            g = m.gradient[i] + weight_decay * m.x[i]
            step = m.memory[0][i] = m.memory[0][i] + 1.0
            total = m.memory[1][i] = m.memory[1][i] + g * g
            m.known[i] = 3
            rate = c_div(lr, 1.0 + (step - 1.0) * lr_decay, ok)
            m.x[i] = m.x[i] - ratio(rate * g, root_of(total, ok) + eps, ok)


ctypedef void (*move_function)(Moving*, int*) noexcept nogil

cdef dict MOVES = {"sgd": 0, "adam": 1, "rmsprop": 2, "adagrad": 3}
cdef move_function MOVE[4]
MOVE[:] = [move_sgd, move_adam, move_rmsprop, move_adagrad]
cdef Py_ssize_t COLUMNS[4]
COLUMNS[:] = [1, 3, 3, 2]


def _move_leaves(str rule not None, list groups not None, tuple memory not None):
    cdef int ok = 1
    cdef Py_ssize_t columns = COLUMNS[<int>MOVES[rule]], total = 0, done = 0, place = 0, begin, count, i, c
    cdef tuple group, options
    cdef list leaves
    cdef bytes column
    cdef Moving m
    cdef double* before  # the numbers, to put them back
    cdef double xs[TOGETHER]
    cdef double gradients[TOGETHER]
    cdef unsigned char reached[TOGETHER]
    cdef unsigned char* known = NULL
    cdef double* now[3]
    cdef PyObject** items
    cdef PyObject* x
    if recording and listens():
        return None
    for group in groups:
        if not PyList_CheckExact(group[0]):
            return None
        total += list_size(<PyObject*>group[0])
    if rule == "sgd" and not any([options[1] for _, options in groups]):
        columns = -1  # nothing is remembered anew
    # Each step has a memory of its own, so that the one before is still there for whoever keeps it.
    found = memory if columns < 0 else tuple([PyBytes_FromStringAndSize(NULL, total * (sizeof(double) if c else 1)) for c in range(columns + 1)])
    for c in range(columns + 1):
        column = found[c]
        if c:
            now[c - 1] = <double*>PyBytes_AS_STRING(column)
        else:
            known = <unsigned char*>PyBytes_AS_STRING(column)
        if not memory:
            memset(PyBytes_AS_STRING(column), 0, PyBytes_GET_SIZE(column))
        elif PyBytes_GET_SIZE(memory[c]) == PyBytes_GET_SIZE(column):
            memcpy(PyBytes_AS_STRING(column), PyBytes_AS_STRING(memory[c]), PyBytes_GET_SIZE(column))
        else:
            return None  # parameters came or went
    before = <double*>PyMem_Malloc((total + 1) * sizeof(double))
    if before == NULL:
        raise MemoryError()
    m.x, m.gradient, m.reached = xs, gradients, reached
    for group in groups:
        leaves, options = group
        count, items = list_size(<PyObject*>leaves), list_items(<PyObject*>leaves)
        if done + count > total:
            ok = 0  # Python ran when the memory was made
            break
        for i in range(PyTuple_GET_SIZE(options)):
            m.options[i] = PyFloat_AS_DOUBLE(options[i])
        if columns < 0:
            i = move_at_once(items, count, m.options[0], m.options[3], before + done)
            ok = i == count
            done += i
        for begin in range(0, count if columns > 0 else 0, TOGETHER):
            m.count = min(<Py_ssize_t>TOGETHER, count - begin)
            m.known = known + done
            for c in range(columns):
                m.memory[c] = now[c] + done
            for i in range(m.count):
                soon(items, begin + i, count)
                x = items[begin + i]
                if Py_TYPE(x) != VALUE or (<Value>x).shape != LEAF:
                    ok = 0
                    break
                before[done + i] = xs[i] = (<Value>x).number
                gradients[i] = read_grad(<Value>x)
                reached[i] = (<Value>x).has_gradient
            if ok:
                MOVE[<int>MOVES[rule]](&m, &ok)
            if not ok:
                break
            for i in range(m.count):
                if reached[i]:
                    (<Value>items[begin + i]).number = xs[i]
            done += m.count
        if not ok:
            break
    for group in () if ok else groups:  # back to where they were
        leaves = group[0]
        for i in range(min(list_size(<PyObject*>leaves), done - place)):
            (<Value>list_items(<PyObject*>leaves)[i]).number = before[place + i]
        place += list_size(<PyObject*>leaves)
        if place >= done:
            break
    PyMem_Free(before)
    return found if ok else None
