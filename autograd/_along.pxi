# Part of _native.pyx: the derivatives of a program along a direction, as `Dual` carries them, on the tapes of _tape.pxi.


def _along(Tape tape not None, numbers, directions):
    """All outputs, and their derivatives along some directions, as forward mode computes them.

    Args:
        tape: of a program that captured nothing, and of which all inputs are differentiated.
        numbers: one for each input.
        directions: each a number for each input.

    Raises:
        Stale: a guard failed, or a record raised.
    """
    cdef Work other
    cdef Work* work = tape.take(&other)
    cdef Py_ssize_t i
    cdef tuple tangents
    cdef list rows = []
    try:
        tape.read(work, numbers)
        if not run_forward(tape, work, True):
            raise Stale(work.guard, work.instruction)
        make_adjoints(tape, work)
        for direction in directions:
            tangents = tuple(direction)
            if PyTuple_GET_SIZE(tangents) != tape.inputs:
                raise ValueError(f"a program of {tape.inputs} inputs got a direction of {PyTuple_GET_SIZE(tangents)} numbers")
            memset(work.adjoints, 0, tape.first * sizeof(double))
            for i in range(tape.inputs):
                work.adjoints[i] = <object>PyTuple_GET_ITEM(tangents, i)
            run_along(tape, work)
            rows.append([work.adjoints[tape.outputs[i]] for i in range(tape.output_count)])
        return tape.results(work), rows
    finally:
        tape.give_back(work)


cdef int run_along(Tape tape, Work* work) except -1:
    """The tangents of all instructions from those of the inputs, after a run forward with slopes."""
    cdef size_t done = 0, until
    cdef double* partials = work.partials
    while done < tape.count:
        until = done + CHUNK if tape.count - done > CHUNK else tape.count
        if done:
            PyErr_CheckSignals()
        partials = along_through(tape, work, done, until, partials)
        done = until
    return 0


cdef inline double flow_along(double upstream, double local) noexcept nogil:
    """`records.flow` of two floats: the sign of zero counts."""
    return upstream if local == 1.0 else 0.0 if upstream == 0.0 else upstream * local


cdef double* along_through(Tape tape, Work* work, size_t i, size_t until, double* partials) noexcept nogil:
    """Some instructions in turn; where the partials of the next one begin."""
    cdef double* values = work.values
    cdef double* tangents = work.adjoints
    cdef const unsigned int* at
    cdef unsigned char code
    cdef int kind
    cdef double step, tangent
    while i < until:
        code = tape.codes[i]
        kind = code >> BITS
        at = tape.operands + tape.starts[i]
        tangent = 0.0
        if kind > DO_RULE_OF_TWO:
            if code & FIRST:
                tangent = sequence_along(tape, work, i, kind, partials)
        else:
            if code & FIRST:
                tangent = flow_along(tangents[at[0]], first_local(kind, values, at, partials))
            if code & SECOND:
                step = flow_along(tangents[at[1]], second_local(kind, values, at, partials + (code & FIRST)))
                tangent = step if tangent == 0.0 else tangent + step
        partials += kept_by(code, tape.starts[i + 1] - tape.starts[i])
        tangents[tape.first + i] = tangent
        i += 1
    return partials


cdef double sequence_along(Tape tape, Work* work, size_t i, int kind, double* partials) noexcept nogil:
    """The tangent of an n-ary record."""
    cdef const unsigned int* at = tape.operands + tape.starts[i]
    cdef Py_ssize_t j, n = tape.starts[i + 1] - tape.starts[i]
    cdef double z = work.values[tape.first + i], share = common_share(kind, work.values, at, n, z)
    cdef double step, tangent = 0.0
    for j in range(n):
        if tape.moving[at[j]]:
            step = flow_along(work.adjoints[at[j]], local_among(kind, work.values, at, j, n, z, share, partials))
            tangent = step if tangent == 0.0 else tangent + step
    return tangent
