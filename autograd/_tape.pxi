# Part of _native.pyx: a program replayed on plain numbers, without a node.
#
# A `Tape` reads the flat arrays of a `Program` and decodes each instruction to one byte: what to do, and which operands
# are active, that is, depend on an input that is differentiated or on a captured node. A run fills a `Work`: the numbers of all
# slots, the partials that can't be read off them later, and the adjoints. It does what building the nodes and walking back
# along them would do: the same rules in the same order, so the same bits.
#
# Where a rule gives up, and for records without one, the record itself is asked, in Python. While it runs the Work is taken,
# and whoever replays the same tape meanwhile is given another one.

from cpython.bytearray cimport PyByteArray_AS_STRING

from .program import Stale

# ---- decoding --------------------------------------------------------------------------------------

cdef enum:  # what an instruction does
    DO_ADD
    DO_SUBTRACT
    DO_MULTIPLY
    DO_DIVIDE
    DO_NEGATE
    DO_COPY  # `positive`
    DO_STOP  # a copy through which nothing flows back
    DO_RULE_OF_ONE
    DO_RULE_OF_TWO
    # of a sequence, with the partials read off the numbers ...
    DO_TOTAL
    DO_MEAN
    DO_DOT
    DO_LARGEST
    DO_SMALLEST
    # ... and with partials that are kept
    DO_LOGSUMEXP
    DO_SOFTMAX
    DO_ASK  # whatever has no rule

cdef enum:
    FIRST = 1  # the bits that say which operands are active; of a sequence the first says whether any is
    SECOND = 2
    CHAINED = 4  # the first operand, but not the second, is the result of the instruction before
    BITS = 3
    CHUNK = 1 << 16  # instructions between two looks at Ctrl-C

cdef enum:  # how a guard compares
    TEST_LT
    TEST_LE
    TEST_GT
    TEST_GE
    TEST_EQ
    TEST_NE
    TEST_BOOL
    TEST_DATA
    TEST_SIGNBIT
    TEST_PREDECESSOR
    TEST_SIGN
    TEST_FLOOR
    TEST_CEIL
    TEST_TRUNC
    TEST_ASK

cdef dict DOING = {
    p.add: DO_ADD, p.subtract: DO_SUBTRACT, p.multiply: DO_MULTIPLY, p.divide: DO_DIVIDE, p.negative: DO_NEGATE,
    p.positive: DO_COPY, p.sum: DO_TOTAL, p.mean: DO_MEAN, p.dot: DO_DOT, p.max: DO_LARGEST, p.min: DO_SMALLEST,
    p.logsumexp: DO_LOGSUMEXP,
}  # fmt: skip
cdef dict CHOICES = {
    **OF_THREE, p.norm: SEQUENCE_NORM, p.prod: SEQUENCE_PRODUCT, p.var: SEQUENCE_VAR, p.std: SEQUENCE_STD,
    p.log_softmax: SEQUENCE_LOG_SOFTMAX,
}  # fmt: skip
cdef dict TESTING = {
    "lt": TEST_LT, "le": TEST_LE, "gt": TEST_GT, "ge": TEST_GE, "eq": TEST_EQ, "ne": TEST_NE, "bool": TEST_BOOL,
    "data": TEST_DATA, "signbit": TEST_SIGNBIT, "floor": TEST_FLOOR,
    "ceil": TEST_CEIL, "trunc": TEST_TRUNC, "sign": TEST_SIGN, "has_predecessor": TEST_PREDECESSOR,
}  # fmt: skip


cdef struct Check:  # a guard
    unsigned int position
    unsigned int a
    unsigned int b
    int test
    double result


cdef struct Order:  # in which the sweep of one output runs, from the last to the first
    bint known
    bint plain  # as the code
    unsigned int* instructions
    size_t count  # of the instructions; where it is plain, of all that come up to the output
    size_t kept  # where it is plain: the partials that are kept up to there


cdef struct Work:
    bint taken
    double* values  # by slot
    double* adjoints
    double* partials
    double* scratch  # the operands of one sequence, and room for its partials
    double* shares  # of the softmax computed last
    const unsigned int* shared  # its operands
    size_t shared_count
    Py_ssize_t guard  # the one that failed, or the instruction that raised; -1 for the other one of the two
    Py_ssize_t instruction


@cython.no_gc_clear  # so that it always has what its memory belongs to
cdef class Tape:
    """A program that is replayed on floats; see the top of this file.

    Args:
        program: a `Program`. It must not be changed any more.
        active: for each input whether it is differentiated, as bytes; all of them if None.

    Raises:
        ValueError: the program refers to what it doesn't have.
        TypeError: what it captured are not Values of this engine.
    """

    cdef readonly object program
    cdef tuple captured, records, checked  # the captured nodes; the table; the guards as they are
    cdef Py_ssize_t inputs, constants
    cdef size_t first, count, slots  # the slot of the first result; instructions; slots in all
    cdef Py_buffer view_of_ops, view_of_starts, view_of_operands
    cdef const unsigned short* ops
    cdef const unsigned int* starts
    cdef const unsigned int* operands
    cdef unsigned char* codes  # by instruction: what to do, and the active operands
    cdef unsigned char* moving  # by slot: whether it is active; NULL where no sequence asks for that
    cdef rule_function* rules  # by record of the table
    cdef unsigned char* choices  # by record of the table: those that are computed here, though without a rule; 0 for others
    cdef double* more  # likewise, the argument that is no operand
    cdef Check* checks
    cdef size_t check_count
    cdef unsigned int* outputs
    cdef Order* orders  # by output
    cdef Py_ssize_t output_count
    cdef size_t* places  # by instruction: where its partials are kept; NULL until an order that isn't plain needs them
    cdef size_t kept, longest  # partials that are kept in all; operands of the longest sequence
    cdef unsigned int* wanted  # the slots whose derivatives are asked for: active inputs, then what is captured
    cdef Py_ssize_t wanted_count
    cdef unsigned char* is_active  # by input
    cdef bint asks  # whether some record has no rule
    cdef double* constant_numbers
    cdef Work work

    def __cinit__(self, program, active=None):
        cdef Py_ssize_t i
        cdef bytes flags
        self.program = program
        self.inputs = program.inputs
        self.captured = tuple(program.captured)
        for x in self.captured:
            if not isinstance(x, Value):
                raise TypeError(f"a tape of the native engine reads its Values, got {type(x).__name__}")
        self.records = tuple(program.records)
        numbers = program.constants
        self.constants = len(numbers)
        if active is None:
            active = b"\1" * self.inputs
        flags = bytes(active)
        if self.inputs < 0 or len(flags) != self.inputs:
            raise ValueError(f"a tape of {self.inputs} inputs takes as many flags, got {len(flags)}")
        self.ops = <const unsigned short*>buffer_of(program.ops, &self.view_of_ops, b"H", 2)
        self.starts = <const unsigned int*>buffer_of(program.starts, &self.view_of_starts, b"I", 4)
        self.operands = <const unsigned int*>buffer_of(program.operands, &self.view_of_operands, b"I", 4)
        self.count = self.view_of_ops.len // 2
        self.first = self.inputs + len(self.captured) + self.constants
        self.slots = self.first + self.count
        if self.slots > 0xFFFFFFFFu:
            raise ValueError("a program of more than four thousand million slots")
        self.constant_numbers = <double*>room(self.constants, sizeof(double))
        for i in range(self.constants):
            self.constant_numbers[i] = numbers[i]
        self._decode(flags)
        self._take_guards(tuple(program.guards))
        outputs = tuple(program.outputs)
        self.output_count = len(outputs)
        self.outputs = <unsigned int*>room(self.output_count, sizeof(int))
        self.orders = <Order*>room(self.output_count, sizeof(Order))
        for i in range(self.output_count):
            self.outputs[i] = self._slot(outputs[i], self.slots)
        make_work(self, &self.work)

    def __dealloc__(self):
        cdef Py_ssize_t i
        PyBuffer_Release(&self.view_of_ops)
        PyBuffer_Release(&self.view_of_starts)
        PyBuffer_Release(&self.view_of_operands)
        if self.orders != NULL:
            for i in range(self.output_count):
                PyMem_Free(self.orders[i].instructions)
        PyMem_Free(self.orders)
        PyMem_Free(self.outputs)
        PyMem_Free(self.codes)
        PyMem_Free(self.moving)
        PyMem_Free(self.rules)
        PyMem_Free(self.choices)
        PyMem_Free(self.more)
        PyMem_Free(self.checks)
        PyMem_Free(self.places)
        PyMem_Free(self.wanted)
        PyMem_Free(self.is_active)
        PyMem_Free(self.constant_numbers)
        free_work(&self.work)

    cdef unsigned int _slot(self, slot, size_t limit) except? 0xFFFFFFFFu:
        cdef long long found = slot
        if found < 0 or <size_t>found >= limit:
            raise ValueError(f"a program refers to slot {slot}, which it doesn't have there")
        return <unsigned int>found

    cdef int _decode(self, bytes flags) except -1:
        """One byte for each instruction; on the way everything that it refers to is checked."""
        cdef size_t i, j, n, table = len(self.records)
        cdef Py_ssize_t k
        cdef unsigned int slot
        cdef int kind, found, rule
        cdef bint sequences = False
        cdef const unsigned int* operands
        cdef unsigned char* kinds = NULL
        cdef int* arities = NULL
        cdef unsigned char* moving
        if self.view_of_starts.len // 4 != <Py_ssize_t>self.count + 1 or self.starts[0] != 0:
            raise ValueError(f"a program of {self.count} instructions has {self.view_of_starts.len // 4} starts")
        if self.starts[self.count] != <size_t>(self.view_of_operands.len // 4):
            raise ValueError("the operands of a program don't end where its last instruction does")
        self.rules = <rule_function*>room(table, sizeof(rule_function))
        self.choices = <unsigned char*>room(table, 1)
        self.more = <double*>room(table, sizeof(double))
        self.codes = <unsigned char*>room(self.count, 1)
        self.moving = moving = <unsigned char*>room(self.slots, 1)
        try:
            kinds = <unsigned char*>room(table, 1)
            arities = <int*>room(table, sizeof(int))
            for i in range(table):
                record = self.records[i]
                kind = doing(record)
                if kind == DO_RULE_OF_ONE or kind == DO_RULE_OF_TWO:
                    rule = RULE_OF[record]
                    self.rules[i] = RULES[rule]
                kinds[i] = kind
                if kind == DO_ASK:
                    self.choices[i] = CHOICES.get(getattr(record, "origin", record), 0)
                    statics = getattr(record, "options", {})
                    self.more[i] = statics.get("component", statics.get("ddof", 0.0))
                arities[i] = record.arity or 0  # 0: any number
                if kind == DO_DOT:
                    arities[i] = -2  # an even number
                sequences |= kind >= DO_TOTAL
                self.asks |= kind == DO_ASK
            self.is_active = <unsigned char*>room(self.inputs, 1)
            for k in range(self.inputs):
                moving[k] = self.is_active[k] = flags[k] != 0
            memset(moving + self.inputs, 1, len(self.captured))
            self.wanted = <unsigned int*>room(self.inputs + len(self.captured), sizeof(int))
            for k in range(self.inputs + len(self.captured)):
                if moving[k]:
                    self.wanted[self.wanted_count] = <unsigned int>k
                    self.wanted_count += 1
            for i in range(self.count):
                if self.ops[i] >= table or self.starts[i] > self.starts[i + 1] or self.starts[i + 1] > self.starts[self.count]:
                    raise ValueError(f"instruction {i} of a program refers to what it doesn't have")
                kind = kinds[self.ops[i]]
                operands = self.operands + self.starts[i]
                n = self.starts[i + 1] - self.starts[i]
                if n % 2 if arities[self.ops[i]] == -2 else arities[self.ops[i]] and n != arities[self.ops[i]]:
                    raise ValueError(f"instruction {i} of a program: {self.records[self.ops[i]].name} of {n} operands")
                found = 0
                for j in range(n):
                    slot = operands[j]
                    if slot >= self.first + i:
                        raise ValueError(f"instruction {i} of a program refers to slot {slot}, which comes later")
                    if moving[slot]:
                        found |= SECOND if j == 1 and kind <= DO_RULE_OF_TWO else FIRST
                if kind == DO_STOP:
                    found = 0
                if n and kind <= DO_RULE_OF_TWO and operands[0] == self.first + i - 1 and i and (n == 1 or operands[1] != operands[0]):
                    found |= CHAINED
                self.codes[i] = <unsigned char>(kind << BITS | found)
                moving[self.first + i] = found & (FIRST | SECOND) != 0
                self.kept += kept_by(self.codes[i], n)
                if n > self.longest:
                    self.longest = n
        finally:
            PyMem_Free(kinds)
            PyMem_Free(arities)
        if not sequences:
            PyMem_Free(self.moving)
            self.moving = NULL
        return 0

    cdef int _take_guards(self, tuple guards) except -1:
        cdef size_t i, last = 0
        cdef Check* check
        cdef tuple slots
        self.checked = guards
        self.check_count = len(guards)
        self.checks = <Check*>room(self.check_count, sizeof(Check))
        for i in range(self.check_count):
            guard = guards[i]
            check = &self.checks[i]
            check.position = self._slot(guard.position, self.count + 1)
            if check.position < last:
                raise ValueError("the guards of a program are not in the order of their positions")
            last = check.position
            slots = tuple(guard.slots)
            check.test = TESTING.get(guard.test, TEST_ASK) if type(guard.test) is str else TEST_ASK
            for slot in slots:
                self._slot(slot, self.first + last)
            if len(slots) != (1 if TEST_BOOL <= check.test < TEST_ASK else 2) and check.test != TEST_ASK:
                raise ValueError(f"a guard {guard.test} on {len(slots)} slots")
            if check.test == TEST_ASK:
                continue
            check.a = slots[0]
            check.b = slots[len(slots) - 1]
            check.result = guard.result
        return 0

    # ---- for users -----------------------------------------------------------------------------------

    def values(self, numbers):
        """The outputs as floats.

        Args:
            numbers: of the inputs.

        Raises:
            Stale: a guard failed, or a record raised.
        """
        cdef Work other
        cdef Work* work = self.take(&other)
        try:
            self.read(work, numbers)
            if not run_forward(self, work, False):
                raise Stale(work.guard, work.instruction)
            return self.results(work)
        finally:
            self.give_back(work)

    def sweep(self, numbers, Py_ssize_t k=0):
        """The number of one output, and its derivatives.

        Args:
            numbers: of the inputs.
            k: which output.

        Returns:
            (number, derivatives): with respect to each active input, then to each captured node.
        """
        cdef Work other
        cdef Work* work = self.take(&other)
        try:
            if not 0 <= k < self.output_count:
                raise IndexError(f"a tape of {self.output_count} outputs has no output {k}")
            self.read(work, numbers)
            if not run_forward(self, work, True):
                raise Stale(work.guard, work.instruction)
            run_backward(self, work, k)
            return work.values[self.outputs[k]], self.derivatives(work)
        finally:
            self.give_back(work)

    def jacobian(self, numbers):
        """(numbers, rows) of all outputs: their numbers, and a row of derivatives for each; see `sweep`."""
        cdef Work other
        cdef Work* work = self.take(&other)
        cdef Py_ssize_t k
        cdef list rows = []
        try:
            self.read(work, numbers)
            if not run_forward(self, work, True):
                raise Stale(work.guard, work.instruction)
            for k in range(self.output_count):
                run_backward(self, work, k)
                rows.append(self.derivatives(work))
            return self.results(work), rows
        finally:
            self.give_back(work)

    # ---- one node ------------------------------------------------------------------------------------

    def node(self, primitive, given):
        """Output 0 as one node of a primitive, computed from all that the program reads.

        Args:
            primitive: of as many operands as the program has inputs and captured nodes.
            given: for each input a Value if it is active, else a float.

        Raises:
            Stale: a guard failed, or a record raised.
        """
        return self.nodes_of((primitive,), tuple(given), 1)[0]

    def nodes(self, primitives, given):
        """All outputs as nodes of a primitive each; see `node`."""
        return self.nodes_of(tuple(primitives), tuple(given), self.output_count)

    def needed(self, Py_ssize_t k):
        """Which slots a derivative of output k reaches, as `Program.needed` finds them."""
        cdef bytearray found = bytearray(self.slots)
        cdef unsigned char* marks = <unsigned char*>PyByteArray_AS_STRING(found)
        cdef size_t i, j
        if not 0 <= k < self.output_count:
            raise IndexError(f"a tape of {self.output_count} outputs has no output {k}")
        marks[self.outputs[k]] = 1
        for i in range(self.count, 0, -1):
            if marks[self.first + i - 1] and self.codes[i - 1] >> BITS != DO_STOP:
                for j in range(self.starts[i - 1], self.starts[i]):
                    marks[self.operands[j]] = 1
        return found

    cdef list nodes_of(self, tuple primitives, tuple given, Py_ssize_t outputs):
        cdef Work other
        cdef Work* work
        cdef Py_ssize_t i, k
        cdef PyObject* x
        cdef bint collected = False, records = not (blocks_are_open and not current_modes.get().recording)
        cdef list found = []
        if PyTuple_GET_SIZE(given) != self.inputs or len(primitives) != outputs or outputs > self.output_count:
            raise ValueError(f"a tape of {self.inputs} inputs and {self.output_count} outputs got {len(given)} and {len(primitives)}")
        work = self.take(&other)
        try:
            for i in range(self.inputs):
                x = PyTuple_GET_ITEM(given, i)
                if PyObject_TypeCheck(x, VALUE):
                    collected |= (<Value>x).collected
                    work.values[i] = (<Value>x).number
                else:
                    work.values[i] = PyFloat_AS_DOUBLE(<object>x) if PyFloat_CheckExact(<object>x) else to_float(<object>x)
                if PyObject_TypeCheck(x, VALUE) != self.is_active[i]:
                    raise ValueError(f"input {i} of a tape takes a {'Value' if self.is_active[i] else 'float'}")
            for i in range(PyTuple_GET_SIZE(self.captured)):
                collected |= (<Value>PyTuple_GET_ITEM(self.captured, i)).collected
            self.read_captured(work)
            if not run_forward(self, work, records):
                raise Stale(work.guard, work.instruction)
            for k in range(outputs):
                if records and self.wanted_count:
                    run_backward(self, work, k)
                    found.append(self.node_of(work, primitives[k], given, work.values[self.outputs[k]], collected))
                else:
                    found.append(new_reference(new_leaf_node(work.values[self.outputs[k]])))
            return found
        finally:
            self.give_back(work)

    cdef object node_of(self, Work* work, object primitive, tuple given, double number, bint collected):
        cdef Py_ssize_t i, j, captured = PyTuple_GET_SIZE(self.captured)
        cdef PyObject* x
        cdef Block* block = new_block(primitive, self.inputs + captured, self.wanted_count)
        block.distinct = self.inputs <= 8  # what is captured is captured once, and is no input
        for i in range(self.wanted_count):
            block.local_gradients[i] = work.adjoints[self.wanted[i]]
        for i in range(self.inputs):
            x = PyTuple_GET_ITEM(given, i)
            if self.is_active[i] or PyFloat_CheckExact(<object>x):
                block.operands[i] = owned(<object>x)
            else:
                block.operands[i] = PyFloat_FromDouble(work.values[i])
                if block.operands[i] == NULL:
                    free_block(block)
                    raise MemoryError()
            for j in range(i if block.distinct else 0):
                block.distinct = block.distinct and block.operands[j] != block.operands[i]
        for i in range(captured):
            block.operands[self.inputs + i] = owned(<object>PyTuple_GET_ITEM(self.captured, i))
        return with_modes(new_many(block, number, collected))

    # ---- the parts of a run ----------------------------------------------------------------------------

    cdef Work* take(self, Work* other) except NULL:
        """The tape's own work, or if that is taken another one, in the memory given."""
        if self.work.taken:
            make_work(self, other)
            other.taken = True
            return other
        self.work.taken = True
        return &self.work

    cdef void give_back(self, Work* work) noexcept:
        work.taken = False
        if work != &self.work:
            free_work(work)

    cdef int read(self, Work* work, object numbers) except -1:
        """The numbers of the inputs and of what was captured into the work."""
        cdef Py_ssize_t i
        cdef tuple given = tuple(numbers)
        if PyTuple_GET_SIZE(given) != self.inputs:
            raise ValueError(f"a program of {self.inputs} inputs got {PyTuple_GET_SIZE(given)} numbers")
        for i in range(self.inputs):
            work.values[i] = <object>PyTuple_GET_ITEM(given, i)
        self.read_captured(work)
        return 0

    cdef inline void read_captured(self, Work* work) noexcept:
        cdef Py_ssize_t i
        cdef double* numbers = work.values + self.inputs
        for i in range(PyTuple_GET_SIZE(self.captured)):
            numbers[i] = (<Value>PyTuple_GET_ITEM(self.captured, i)).number

    cdef list results(self, Work* work):
        cdef Py_ssize_t i
        return [work.values[self.outputs[i]] for i in range(self.output_count)]

    cdef list derivatives(self, Work* work):
        cdef Py_ssize_t i
        return [work.adjoints[self.wanted[i]] for i in range(self.wanted_count)]


cdef object with_modes(PyObject* node):
    return given(node)


cdef const void* buffer_of(object array, Py_buffer* view, bytes code, Py_ssize_t size) except? NULL:
    PyObject_GetBuffer(array, view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)
    if view.itemsize != size or view.format == NULL or view.format[0] != code[0]:
        raise ValueError(f"a program holds an array of {code.decode()} here")
    return view.buf


cdef void* room(size_t count, size_t size) except NULL:
    """Memory, filled with zeros; some even for nothing."""
    cdef void* memory
    if count >= (<size_t>-1) // 2 // size:
        raise MemoryError()
    memory = PyMem_Calloc(count + 1, size)
    if memory == NULL:
        raise MemoryError()
    return memory


cdef int doing(record) except -1:
    """What the instructions of a record do."""
    if record is STOP:
        return DO_STOP
    if getattr(record, "origin", None) is p.softmax and record.statics:
        return DO_SOFTMAX
    found = DOING.get(record)
    if found is None and record in RULE_OF:
        found = DO_RULE_OF_ONE if record.arity == 1 else DO_RULE_OF_TWO
    return DO_ASK if found is None else found


cdef inline size_t kept_by(unsigned char code, size_t operands) noexcept nogil:
    """How many partials an instruction keeps."""
    cdef int kind = code >> BITS
    if kind < DO_RULE_OF_ONE or DO_TOTAL <= kind <= DO_SMALLEST:
        return 0
    if kind <= DO_RULE_OF_TWO:
        return (code & 1) + (code >> 1 & 1)
    return operands if code & FIRST else 0


cdef int make_work(Tape tape, Work* work) except -1:
    memset(work, 0, sizeof(Work))
    work.values = <double*>PyMem_Malloc((tape.slots + 1) * sizeof(double))
    if work.values == NULL:
        raise MemoryError()
    memcpy(work.values + tape.first - tape.constants, tape.constant_numbers, tape.constants * sizeof(double))
    try:
        if tape.moving != NULL:
            work.scratch = <double*>room(tape.longest, 2 * sizeof(double))
            work.shares = <double*>room(tape.longest, sizeof(double))
    except MemoryError:
        free_work(work)
        raise
    return 0


cdef void free_work(Work* work) noexcept:
    PyMem_Free(work.values)
    PyMem_Free(work.adjoints)
    PyMem_Free(work.partials)
    PyMem_Free(work.scratch)
    PyMem_Free(work.shares)
    memset(work, 0, sizeof(Work))


# ---- forward ---------------------------------------------------------------------------------------


cdef bint run_forward(Tape tape, Work* work, bint slopes) except -1:
    """All numbers, and with `slopes` the partials that are kept; False where a guard fails or a record raises."""
    cdef size_t done = 0, until, next = 0
    cdef double* partials = NULL
    if slopes:
        if work.partials == NULL:
            work.partials = <double*>room(tape.kept, sizeof(double))
        partials = work.partials
    work.shared = NULL
    while True:
        while next < tape.check_count and tape.checks[next].position == done:
            if not passes(tape, work, next):
                work.guard, work.instruction = next, -1
                return False
            next += 1
        if done == tape.count:
            return True
        until = tape.count if next == tape.check_count else tape.checks[next].position
        if until - done > CHUNK:
            until = done + CHUNK
        if done:
            PyErr_CheckSignals()
        partials = forward_through(tape, work, done, until, partials)
        if partials == STALE:
            return False
        done = until


cdef double* STALE = <double*>1  # an address that no number has, in the place of an error


cdef double* stale(Work* work, size_t instruction) noexcept nogil:
    work.guard, work.instruction = -1, instruction
    return STALE


cdef double* forward_through(Tape tape, Work* work, size_t i, size_t until, double* partials) except? NULL:
    """Some instructions; where the next partials are kept, or NULL if none are. STALE where a record raised."""
    cdef double* values = work.values
    cdef double* out = work.values + tape.first
    cdef const unsigned char* codes = tape.codes
    cdef const unsigned int* operands = tape.operands
    cdef const unsigned int* starts = tape.starts
    cdef const unsigned int* at
    cdef unsigned char code
    cdef int kind, wanted, ok = 1
    cdef double x, y, first, second, z = out[i - 1] if i else 0.0  # the result before, at hand without a detour over memory
    while i < until:  # the most frequent kinds come first
        at = operands + starts[i]
        code = codes[i]
        kind = code >> BITS
        if kind == DO_ADD:
            z = (z if code & CHAINED else values[at[0]]) + values[at[1]]
        elif kind == DO_MULTIPLY:
            z = (z if code & CHAINED else values[at[0]]) * values[at[1]]
        elif kind == DO_SUBTRACT:
            z = (z if code & CHAINED else values[at[0]]) - values[at[1]]
        elif kind > DO_RULE_OF_TWO:
            if not forward_sequence(tape, work, i, kind, partials) and not ask_record(tape, work, i, partials):
                return stale(work, i)
            if partials != NULL:
                partials += kept_by(code, starts[i + 1] - starts[i])
            z = out[i]
        else:
            x = z if code & CHAINED else values[at[0]]
            if kind == DO_NEGATE:
                z = -x
            elif kind == DO_COPY or kind == DO_STOP:
                z = x
            elif kind == DO_DIVIDE:
                y = values[at[1]]
                if y == 0.0:
                    return stale(work, i)
                z = x / y
            else:
                wanted = code & (FIRST | SECOND) if partials != NULL else 0
                y = values[at[1]] if kind == DO_RULE_OF_TWO else 0.0
                tape.rules[tape.ops[i]](x, y, wanted, &out[i], &first, &second, &ok)
                if not ok:
                    ok = 1
                    if not ask_record(tape, work, i, partials):
                        return stale(work, i)
                    if wanted:
                        partials += (wanted & 1) + (wanted >> 1)
                else:
                    if wanted & FIRST:
                        partials[0] = first
                        partials += 1
                    if wanted & SECOND:
                        partials[0] = second
                        partials += 1
                z = out[i]
        out[i] = z
        i += 1
    return partials


cdef bint forward_sequence(Tape tape, Work* work, size_t i, int kind, double* partials) except -1:
    """An n-ary record by the loops of _series.pxi; False where the record must be asked."""
    cdef const unsigned int* at = tape.operands + tape.starts[i]
    cdef Py_ssize_t j, component, n = tape.starts[i + 1] - tape.starts[i]
    cdef double* z = work.values + tape.first + i
    cdef double* xs = work.scratch
    cdef double rest, more
    cdef int which
    if tape.codes[i] & FIRST == 0:
        partials = NULL
    if kind == DO_ASK:
        which, more = tape.choices[tape.ops[i]], tape.more[tape.ops[i]]
        if which == 0 or n == 0 or which == SEQUENCE_LOG_SOFTMAX and not 0 <= more < n:
            return False
        if which >= IS_WHERE:
            return choose(tape, work.values, at, which, z, partials)
        for j in range(n):
            xs[j] = work.values[at[j]]
        return sequence_value(which, xs, <int>n, more, xs + n, z) and (
            partials == NULL or sequence_slopes(which, xs, <int>n, more, xs + n, z[0], partials)
        )
    if kind == DO_SOFTMAX:
        component = tape.records[tape.ops[i]].statics["component"]
        if not 0 <= component < n:
            return False
        if work.shared == NULL or work.shared_count != <size_t>n or memcmp(at, work.shared, n * sizeof(int)) != 0:
            work.shared = NULL
            for j in range(n):
                work.shares[j] = work.values[at[j]]
            if not shares(work.shares, n, work.shares):
                return False
            work.shared, work.shared_count = at, n
        z[0] = work.shares[component]
        if partials != NULL:
            if not total_without(work.shares, n, component, &rest):
                return False
            for j in range(n):
                partials[j] = z[0] * rest if j == component else -(z[0] * work.shares[j])
        return True
    for j in range(n):
        xs[j] = work.values[at[j]]
    if not series_value(kind - DO_TOTAL + TOTAL, xs, n, z):
        return False
    return kind != DO_LOGSUMEXP or partials == NULL or shares(xs, n, partials)


cdef bint choose(Tape tape, double* values, const unsigned int* at, int which, double* z, double* partials) noexcept nogil:
    """`where` and `clamp`; False where the record must be asked."""
    cdef double unwanted[3]
    if tape.moving[at[0]] if which == IS_WHERE else tape.moving[at[1]] or tape.moving[at[2]]:
        return False
    if partials == NULL:
        partials = unwanted
    return choice(which, values[at[0]], values[at[1]], values[at[2]], z, partials)


cdef bint ask_record(Tape tape, Work* work, size_t i, double* partials) except -1:
    """The record itself computes an instruction, and what partials are kept of it, in Python; False where it raises."""
    cdef const unsigned int* at = tape.operands + tape.starts[i]
    cdef Py_ssize_t j, k = 0, n = tape.starts[i + 1] - tape.starts[i]
    cdef unsigned char code = tape.codes[i]
    cdef int kind = code >> BITS
    cdef double number
    cdef bint short = kind <= DO_RULE_OF_TWO
    cdef list positions
    record = tape.records[tape.ops[i]]
    plain = tuple([work.values[at[j]] for j in range(n)])
    try:
        number = record.evaluate(plain, plain)
        work.values[tape.first + i] = number
        if partials == NULL or kept_by(code, n) == 0:
            return True
        if short:
            positions = [j for j in range(n) if code >> j & 1]
        else:
            positions = [j for j in range(n) if tape.moving[at[j]]]
        found = record.local_gradients(number, plain, None if len(positions) == n else positions)
        for j, local in zip(positions, found, strict=True):
            partials[k if short else j] = local
            k += 1
    except Exception:
        return False
    return True


cdef bint passes(Tape tape, Work* work, size_t k) except -1:
    """Whether a guard still gives its result."""
    cdef Check* check = &tape.checks[k]
    cdef double x = work.values[check.a], y = work.values[check.b]
    cdef int test = check.test, ok = 1
    if test == TEST_LT:
        return (x < y) == (check.result != 0.0)
    if test == TEST_LE:
        return (x <= y) == (check.result != 0.0)
    if test == TEST_GT:
        return (x > y) == (check.result != 0.0)
    if test == TEST_GE:
        return (x >= y) == (check.result != 0.0)
    if test == TEST_EQ:
        return (x == y) == (check.result != 0.0)
    if test == TEST_NE:
        return (x != y) == (check.result != 0.0)
    if test == TEST_BOOL:
        return (x != 0.0) == (check.result != 0.0)
    if test == TEST_DATA:
        return memcmp(&x, &check.result, sizeof(double)) == 0
    if test == TEST_SIGNBIT:
        x = c_copysign(1.0, x)
        return memcmp(&x, &check.result, sizeof(double)) == 0
    if test == TEST_PREDECESSOR:
        return (k_has_predecessor(x, &ok) != 0.0) == (check.result != 0.0)
    if test == TEST_SIGN and (x > 0.0 or x < 0.0):
        return (1.0 if x > 0.0 else -1.0) == check.result
    if TEST_FLOOR <= test <= TEST_TRUNC and c_isfinite(x) and c_fabs(x) >= 1.0:  # below, the sign of zero is the record's concern
        return (c_floor(x) if test == TEST_FLOOR else c_ceil(x) if test == TEST_CEIL else c_trunc(x)) == check.result
    guard = tape.checked[k]
    try:
        return guard.holds({slot: work.values[<size_t>slot] for slot in guard.slots})
    except Exception:
        return False


# ---- back ------------------------------------------------------------------------------------------


cdef int make_adjoints(Tape tape, Work* work) except -1:
    """Room for a number of each slot, filled with anything."""
    if work.adjoints == NULL:
        work.adjoints = <double*>PyMem_Malloc((tape.slots + 1) * sizeof(double))
        if work.adjoints == NULL:
            raise MemoryError()
    return 0


cdef int run_backward(Tape tape, Work* work, Py_ssize_t k) except -1:
    """The adjoints of one output, after a run forward with slopes."""
    cdef Order* order = &tape.orders[k]
    cdef size_t done, until
    cdef double* partials
    make_adjoints(tape, work)
    if not order.known:
        find_order_on(<unsigned int*>work.adjoints, tape, k)  # whose memory is not in use yet
    memset(work.adjoints, 0, tape.slots * sizeof(double))
    work.adjoints[tape.outputs[k]] = 1.0
    partials = work.partials + order.kept
    done = order.count
    while done:
        until = done - CHUNK if done > CHUNK else 0
        if done != order.count:
            PyErr_CheckSignals()
        partials = backward_through(tape, work, order, done, until, partials)
        done = until
    return 0


cdef double* backward_through(Tape tape, Work* work, Order* order, size_t step, size_t until, double* partials) noexcept nogil:
    """Some instructions, at least one, from the last to the first; where the partials of the one before begin."""
    cdef double* values = work.values
    cdef double* adjoints = work.adjoints
    cdef double* results = work.adjoints + tape.first
    cdef const unsigned char* codes = tape.codes
    cdef const unsigned int* operands = tape.operands
    cdef const unsigned int* starts = tape.starts
    cdef const unsigned int* at
    cdef unsigned char code
    cdef int kind
    cdef double upstream, first, second
    if not order.plain:
        while step > until:
            step -= 1
            backward_one(tape, work, order.instructions[step], work.partials + tape.places[order.instructions[step]])
        return partials
    upstream = results[step - 1]
    while True:  # the most frequent kinds come first
        step -= 1
        code = codes[step]
        at = operands + starts[step]
        kind = code >> BITS
        if code == (DO_ADD << BITS | FIRST | SECOND):  # where a zero changes nothing, and the product by 1.0 is left out
            adjoints[at[0]] += upstream
            adjoints[at[1]] += upstream
            if step == until:
                return partials
            upstream = results[step - 1]
            continue
        if kind >= DO_RULE_OF_ONE:
            partials -= kept_by(code, starts[step + 1] - starts[step])
        if kind > DO_RULE_OF_TWO:
            backward_one(tape, work, step, partials)
        elif upstream != 0.0:
            if kind == DO_ADD:
                first = second = upstream
            elif kind == DO_MULTIPLY:
                first, second = upstream * values[at[1]], upstream * values[at[0]]
            elif kind == DO_SUBTRACT:
                first, second = upstream, -upstream
            else:
                first = upstream * first_local(kind, values, at, partials) if code & FIRST else 0.0
                second = upstream * second_local(kind, values, at, partials + (code & FIRST)) if code & SECOND else 0.0
            if code & CHAINED and code & FIRST and step > until:
                if code & SECOND:
                    adjoints[at[1]] += second
                upstream = results[step - 1] + first  # the next one, at hand without a detour over memory
                results[step - 1] = upstream
                continue
            if code & FIRST:
                adjoints[at[0]] += first
            if code & SECOND:
                adjoints[at[1]] += second
        if step == until:
            return partials
        upstream = results[step - 1]


cdef void backward_one(Tape tape, Work* work, size_t i, double* partials) noexcept nogil:
    """An instruction of any kind, whose partials are kept here."""
    cdef const unsigned int* at = tape.operands + tape.starts[i]
    cdef unsigned char code = tape.codes[i]
    cdef int kind = code >> BITS
    cdef double* adjoints = work.adjoints
    cdef double upstream = adjoints[tape.first + i]
    if upstream == 0.0:  # zero stops here: 0 times an infinite partial is 0, not nan
        return
    if kind > DO_RULE_OF_TWO:
        if code & FIRST:
            backward_sequence(tape, work, i, kind, upstream, partials)
        return
    if code & FIRST:
        adjoints[at[0]] += upstream * first_local(kind, work.values, at, partials)
    if code & SECOND:
        adjoints[at[1]] += upstream * second_local(kind, work.values, at, partials + (code & FIRST))


cdef inline double first_local(int kind, double* values, const unsigned int* at, double* partials) noexcept nogil:
    """The local gradient of the first operand, in an instruction of one or two."""
    if kind == DO_MULTIPLY:
        return values[at[1]]
    if kind == DO_DIVIDE:
        return 1.0 / values[at[1]]
    if kind == DO_NEGATE:
        return -1.0
    return 1.0 if kind < DO_RULE_OF_ONE else partials[0]


cdef inline double second_local(int kind, double* values, const unsigned int* at, double* partials) noexcept nogil:
    """That of the second operand."""
    cdef int ok = 1
    if kind == DO_ADD:
        return 1.0
    if kind == DO_SUBTRACT:
        return -1.0
    if kind == DO_MULTIPLY:
        return values[at[0]]
    return k_divide_dy(values[at[0]], values[at[1]], &ok) if kind == DO_DIVIDE else partials[0]


cdef void backward_sequence(Tape tape, Work* work, size_t i, int kind, double upstream, double* partials) noexcept nogil:
    cdef const unsigned int* at = tape.operands + tape.starts[i]
    cdef Py_ssize_t j, n = tape.starts[i + 1] - tape.starts[i]
    cdef double z = work.values[tape.first + i], share = common_share(kind, work.values, at, n, z)
    for j in range(n):
        if tape.moving[at[j]]:
            work.adjoints[at[j]] += upstream * local_among(kind, work.values, at, j, n, z, share, partials)


cdef double common_share(int kind, double* values, const unsigned int* at, Py_ssize_t n, double z) noexcept nogil:
    """What the operands of a sequence that have a local gradient have in common."""
    cdef Py_ssize_t j, ties = 0
    if kind == DO_MEAN:
        return 1.0 / n
    if kind != DO_LARGEST and kind != DO_SMALLEST:
        return 1.0
    for j in range(n):
        ties += values[at[j]] == z
    return 1.0 / ties if ties else NAN  # the largest of nan and others is nan, and so are its partials


cdef inline double local_among(
    int kind, double* values, const unsigned int* at, Py_ssize_t j, Py_ssize_t n, double z, double share, double* partials
) noexcept nogil:
    """The local gradient of operand j of a sequence."""
    cdef Py_ssize_t half = n // 2
    if kind >= DO_LOGSUMEXP:
        return partials[j]
    if kind == DO_DOT:
        return values[at[j + half if j < half else j - half]]
    return share if kind <= DO_MEAN or values[at[j]] == z or share != share else 0.0


cdef int find_order(Tape tape, Py_ssize_t k) except -1:
    """`find_order_on` memory of its own."""
    cdef unsigned int* stack = <unsigned int*>room(tape.slots, 2 * sizeof(int))
    try:
        return find_order_on(stack, tape, k)
    finally:
        PyMem_Free(stack)


cdef int find_order_on(unsigned int* stack, Tape tape, Py_ssize_t k) except -1:
    """The order of one output: depth first, as `_order_of` finds it; mostly it is that of the code.

    The stack has room for two places for each slot: an instruction, and how many of its operands were looked at.
    """
    cdef Order* order = &tape.orders[k]
    cdef size_t i, depth = 0, ordered = 0, top = tape.outputs[k]
    cdef unsigned int slot
    cdef unsigned int* found = NULL
    cdef unsigned char* seen = NULL
    cdef size_t* places
    cdef bint plain = True, deeper
    order.plain = order.known = True
    if top < tape.first:
        return 0
    top -= tape.first
    order.known = False
    try:
        found = <unsigned int*>room(top + 1, sizeof(int))
        seen = <unsigned char*>room(top + 1, 1)
        if tape.codes[top] & (FIRST | SECOND):
            stack[0], stack[1], depth, seen[top] = <unsigned int>top, 0, 1, 1
        while depth:
            i = stack[2 * depth - 2]
            deeper = False
            while stack[2 * depth - 1] < tape.starts[i + 1] - tape.starts[i]:
                slot = tape.operands[tape.starts[i] + stack[2 * depth - 1]]
                stack[2 * depth - 1] += 1
                if slot >= tape.first and tape.codes[slot - tape.first] & (FIRST | SECOND) and not seen[slot - tape.first]:
                    slot -= <unsigned int>tape.first
                    seen[slot] = 1
                    stack[2 * depth], stack[2 * depth + 1] = slot, 0
                    depth += 1
                    deeper = True
                    break
            if not deeper:
                depth -= 1
                plain = plain and (ordered == 0 or found[ordered - 1] < i)
                found[ordered] = <unsigned int>i
                ordered += 1
        if plain:
            order.count = top + 1
            order.kept = 0
            for i in range(top + 1):
                order.kept += kept_by(tape.codes[i], tape.starts[i + 1] - tape.starts[i])
        else:
            if tape.places == NULL:
                places = <size_t*>room(tape.count, sizeof(size_t))
                for i in range(1, tape.count):
                    places[i] = places[i - 1] + kept_by(tape.codes[i - 1], tape.starts[i] - tape.starts[i - 1])
                tape.places = places
            order.instructions, order.count, order.kept = found, ordered, 0
            found = NULL
        order.plain = plain
        order.known = True
    finally:
        PyMem_Free(found)
        PyMem_Free(seen)
    return 0


# ---- calls from Python -----------------------------------------------------------------------------

cdef enum:  # what an entry returns
    GIVES_VALUES
    GIVES_VALUE_AND_GRADIENT
    GIVES_GRADIENT
    GIVES_JACOBIAN

cdef dict GIVING = {
    "values": GIVES_VALUES, "value_and_grad": GIVES_VALUE_AND_GRADIENT, "grad": GIVES_GRADIENT, "jacobian": GIVES_JACOBIAN,
}  # fmt: skip

cdef enum:  # what numbers are put in
    AS_ONE
    AS_TUPLE
    AS_LIST

cdef dict SHAPES = {"one": AS_ONE, "tuple": AS_TUPLE, "list": AS_LIST}


cdef class Entry:
    """A function that is replayed in C where that is possible, and is `fallback` in every other way.

    Args:
        fallback: takes the same arguments.
    """

    cdef vectorcallfunc vectorcall
    cdef object __weakref__
    cdef public object _fallback
    cdef Tape tape
    cdef int gives, outer, inner
    cdef bint takes_list
    cdef tuple names  # containers, keys and objects in turn

    def __cinit__(self, *args, **named):
        self.vectorcall = <vectorcallfunc>call_entry
        self.names = ()

    def __init__(self, fallback):
        self._fallback = fallback

    def _arm(self, Tape tape not None, str what, str takes, tuple gives, names=()):
        """From now on, calls with floats replay a tape.

        Args:
            tape: the tape.
            what: "values", "value_and_grad", "grad" or "jacobian".
            takes: "numbers" for as many floats as there are inputs, "list" for one list of them.
            gives: what outputs, and the numbers of a gradient, are put in: "one", "tuple" or "list".
            names: what the function reads from outside: (cell, None, object) or (dict, key, object), compared by identity; without
                the object where there is none.
        """
        cdef list found = []
        cdef int outer = SHAPES[gives[0]], inner = SHAPES[gives[1]], kind = GIVING[what]
        for name in names:
            container, key = name[:2]
            if not (PyCell_Check(container) or type(container) is dict):
                raise TypeError(f"a name is in a cell or a dict, got {type(container).__name__}")
            found += [container, key, name[2] if len(name) == 3 else MISSING]
        if takes not in ("numbers", "list"):
            raise ValueError(f"takes is 'numbers' or 'list', got {takes!r}")
        if (kind != GIVES_VALUES and inner == AS_ONE and tape.wanted_count != 1
                or (kind < GIVES_GRADIENT or kind == GIVES_JACOBIAN) and outer == AS_ONE and tape.output_count != 1
                or kind != GIVES_VALUES and PyTuple_GET_SIZE(tape.captured) != 0 or tape.output_count == 0):
            raise ValueError(f"{what} of {gives} doesn't fit a tape of {tape.output_count} outputs, {tape.wanted_count} derivatives")
        self.tape, self.gives, self.outer, self.inner = tape, kind, outer, inner
        self.takes_list, self.names = takes == "list", tuple(found)

    def buffered(self, numbers, results, listed=False):
        """The same function without arguments, which come from memory, as the results go into memory: no float is made.

        Args:
            numbers: the arguments: an array of doubles, such as ``array("d", [1.0, 2.0])``, or one of NumPy's, in one piece.
            results: where all numbers of the result are written, from left to right: such an array of as many.
            listed: whether the function takes one list of numbers.

        Returns:
            A function that takes nothing and returns None. The arrays must keep their size as long as it is there.

        Raises:
            TypeError: numbers or results is not such an array.
        """
        return _Buffered(self, numbers, results, listed)

    def _disarm(self):
        """From now on, all calls go to the fallback."""
        self.tape, self.names = None, ()


cdef object MISSING = object()
cdef object innermost_derivative = modes._derivative


cdef bint inside_derivative() except -1:
    """Whether a derivative runs its function in this thread: then what it computes are nodes."""
    cdef PyObject* found = NULL
    PyContextVar_Get(innermost_derivative, NULL, &found)
    block = new_reference(found)
    return block is not None and modes.inside_derivative()


cdef inline bint is_ready(Entry self) except -1:
    """Whether a call may replay the tape."""
    return (self.tape is not None and self.names is not None and not recording
        and not (blocks_are_open and current_modes.get() != modes.USUAL) and names_are_same(self.names)
        and (self.gives == GIVES_VALUES or not inside_derivative()))  # fmt: skip


cdef object call_entry(PyObject* function, PyObject** arguments, size_t n, PyObject* names):
    cdef Entry self = <Entry>function
    if names == NULL and is_ready(self):
        found = replayed(self, self.tape, arguments, PyVectorcall_NARGS(n))
        if found is not None:
            return found
    return PyObject_Vectorcall(self._fallback, arguments, n, names)


cdef bint names_are_same(tuple names) noexcept:
    """Whether what a function reads from outside is what it was."""
    cdef Py_ssize_t i
    cdef PyObject* container
    cdef PyObject* found
    for i in range(0, PyTuple_GET_SIZE(names), 3):
        container = PyTuple_GET_ITEM(names, i)
        if PyCell_Check(<object>container):
            found = cell_contents(container)
        else:
            found = PyDict_GetItem(<object>container, <object>PyTuple_GET_ITEM(names, i + 1))
        if (<PyObject*>MISSING if found == NULL else found) != PyTuple_GET_ITEM(names, i + 2):
            return False
    return True


cdef object replayed(Entry self, Tape tape, PyObject** arguments, Py_ssize_t count):
    """The result; None where it must be computed otherwise."""
    cdef Work other
    cdef Work* work
    cdef Py_ssize_t i, k
    cdef int gives = self.gives, outer = self.outer, inner = self.inner
    if self.takes_list:
        if count != 1 or not PyList_CheckExact(<object>arguments[0]):
            return None
        count, arguments = list_size(arguments[0]), list_items(arguments[0])
    if count != tape.inputs:
        return None
    for i in range(count):
        if not PyFloat_CheckExact(<object>arguments[i]):
            return None
    work = tape.take(&other)
    try:
        for i in range(count):
            work.values[i] = PyFloat_AS_DOUBLE(<object>arguments[i])
        tape.read_captured(work)
        if not run_forward(tape, work, gives != GIVES_VALUES):
            return None
        if gives == GIVES_VALUES:
            return put_in(outer, tape.results(work)) if outer else work.values[tape.outputs[0]]
        if gives == GIVES_JACOBIAN:
            rows = []
            for k in range(tape.output_count):
                run_backward(tape, work, k)
                rows.append(gradient(tape, work, inner))
            return put_in(outer, rows)
        run_backward(tape, work, 0)
        if gives == GIVES_GRADIENT:
            return gradient(tape, work, inner)
        return (work.values[tape.outputs[0]], gradient(tape, work, inner))
    finally:
        tape.give_back(work)


@cython.final
@cython.no_gc_clear
cdef class _Buffered:
    # What `Entry.buffered` returns.

    cdef vectorcallfunc vectorcall
    cdef Entry entry
    cdef Py_buffer numbers, results
    cdef bint listed

    def __cinit__(self, Entry entry not None, numbers, results, bint listed):
        self.vectorcall = <vectorcallfunc>call_buffered
        self.entry, self.listed = entry, listed
        get_doubles(numbers, &self.numbers, 0)
        get_doubles(results, &self.results, PyBUF_WRITABLE)

    def __dealloc__(self):
        PyBuffer_Release(&self.numbers)
        PyBuffer_Release(&self.results)


cdef int get_doubles(object array, Py_buffer* view, int flags) except -1:
    try:
        PyObject_GetBuffer(array, view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | flags)
    except (TypeError, BufferError, ValueError) as error:
        raise TypeError(f"buffered() takes an array of doubles in one piece, got {type(array).__name__}: {error}") from None
    if view.itemsize != sizeof(double) or view.format == NULL or view.format[0] != b"d":
        raise TypeError(f"buffered() takes an array of doubles, got one of {view.format.decode() if view.format != NULL else 'bytes'}")
    return 0


cdef object call_buffered(PyObject* function, PyObject** arguments, size_t n, PyObject* names):
    cdef _Buffered self = <_Buffered>function
    cdef double* given = <double*>self.numbers.buf
    cdef Py_ssize_t i, count = self.numbers.len // <Py_ssize_t>sizeof(double)
    cdef list found
    if names != NULL or PyVectorcall_NARGS(n):
        raise TypeError("this function takes its arguments from the array that it was made with; call it without any")
    if is_ready(self.entry) and self.entry.takes_list == self.listed and replayed_in_place(self, self.entry.tape, count):
        return None
    found = [given[i] for i in range(count)]
    found = numbers_in(self.entry(found) if self.listed else self.entry(*found), [])
    count = self.results.len // <Py_ssize_t>sizeof(double)
    if len(found) != count:
        raise ValueError(f"the result has {len(found)} numbers, and the array for it has room for {count}")
    for i in range(count):
        (<double*>self.results.buf)[i] = found[i]
    return None


cdef list numbers_in(x, list found):
    if isinstance(x, (list, tuple)):
        for y in x:
            numbers_in(y, found)
    else:
        found.append(number_of(x))
    return found


cdef bint replayed_in_place(_Buffered self, Tape tape, Py_ssize_t count) except -1:
    """Replay from memory to memory; False where it must be computed otherwise."""
    cdef Work other
    cdef Work* work
    cdef double* results = <double*>self.results.buf
    cdef Py_ssize_t i, k, wanted = tape.wanted_count, outputs = tape.output_count
    cdef int gives = self.entry.gives
    cdef Py_ssize_t size = outputs
    if gives != GIVES_VALUES:
        size = wanted * outputs if gives == GIVES_JACOBIAN else wanted + (gives == GIVES_VALUE_AND_GRADIENT)
    if count != tape.inputs or size != self.results.len // <Py_ssize_t>sizeof(double):
        return False
    work = tape.take(&other)
    try:
        memcpy(work.values, self.numbers.buf, count * sizeof(double))
        tape.read_captured(work)
        if not run_forward(tape, work, gives != GIVES_VALUES):
            return False
        if gives == GIVES_VALUES:
            for i in range(outputs):
                results[i] = work.values[tape.outputs[i]]
            return True
        if gives == GIVES_VALUE_AND_GRADIENT:
            results[0] = work.values[tape.outputs[0]]
            results += 1
        for k in range(outputs if gives == GIVES_JACOBIAN else 1):
            run_backward(tape, work, k)
            for i in range(wanted):
                results[k * wanted + i] = work.adjoints[tape.wanted[i]]
        return True
    finally:
        tape.give_back(work)


cdef inline object put_in(int shape, list xs):
    return xs[0] if shape == AS_ONE else tuple(xs) if shape == AS_TUPLE else xs


cdef inline object gradient(Tape tape, Work* work, int shape):
    cdef Py_ssize_t i
    cdef tuple found
    cdef object number
    if shape == AS_ONE:
        return work.adjoints[tape.wanted[0]]
    if shape == AS_LIST:
        return tape.derivatives(work)
    found = PyTuple_New(tape.wanted_count)
    for i in range(tape.wanted_count):
        number = work.adjoints[tape.wanted[i]]
        Py_INCREF(number)
        PyTuple_SET_ITEM(found, i, number)
    return found


def _hasten(kind):
    """Let instances of a subclass of `Entry` be called without a tuple in between, as those of `Entry` are."""
    if not issubclass(kind, Entry) or "__call__" in vars(kind):
        raise TypeError(f"{kind.__name__} is not a class of entries")
    (<PyTypeObject*><PyObject*>kind).tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    (<PyTypeObject*><PyObject*>kind).tp_call = <ternaryfunc>PyVectorcall_Call  # Python looked for __call__, and took it away
    PyType_Modified(<PyTypeObject*><PyObject*>kind)
    return kind


cdef int speed_up_entries() except -1:
    cdef Entry entry = Entry(None)
    cdef PyTypeObject* kind = <PyTypeObject*>Entry
    kind.tp_vectorcall_offset = <char*>&entry.vectorcall - <char*><PyObject*>entry
    kind.tp_call = <ternaryfunc>PyVectorcall_Call
    kind.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    PyType_Modified(kind)
    cdef _Buffered buffered = _Buffered(entry, array("d"), array("d"), False)
    kind = <PyTypeObject*>_Buffered
    kind.tp_vectorcall_offset = <char*>&buffered.vectorcall - <char*><PyObject*>buffered
    kind.tp_call = <ternaryfunc>PyVectorcall_Call
    kind.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL
    PyType_Modified(kind)
    return 0


speed_up_entries()
