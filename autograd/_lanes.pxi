# Part of _native.pyx: a program over many points at once, by the loops of _lanes.h.
#
# `Lanes` takes the decoded code of a `Tape` and gives each slot a row of numbers, one for each point of a group; another slot gets
# the row when nothing reads it any more. What all points share (captured nodes, constants, inputs that are not mapped) stands
# once, among the shared numbers; it has a row as well where an instruction asks for it that is neither a dot nor arithmetic with
# a row. Groups follow each other without the interpreter's lock, since they ask no Python. Where a lane needs it, the lock is taken
# and the tape replays its point alone; the lane takes the numbers from there. A point at which a guard comes to something else,
# or a record raises, comes back as failed.

import threading

cdef extern from "_lanes.h" nogil:
    ctypedef void (*lane_rule)(double, double, int, double*, double*, double*, int*) noexcept nogil
    enum:
        LANE_ADD
        LANE_SUBTRACT
        LANE_MULTIPLY
        LANE_DIVIDE
        LANE_NEGATE
        LANE_COPY
        LANE_STOP
        LANE_ABSOLUTE
        LANE_SQUARE
        LANE_RECIPROCAL
        LANE_SQRT
        LANE_RELU
        LANE_MAXIMUM
        LANE_MINIMUM
        LANE_POWER
        LANE_RULE
        LANE_TOTAL
        LANE_MEAN
        LANE_DOT
        LANE_WEIGHTED
        LANE_LARGEST
        LANE_SMALLEST
        LANE_LOGSUMEXP
        LANE_SOFTMAX
        LANE_WHERE
        LANE_CLAMP
        LANE_SEQUENCE
        LANE_ASK
        LANE_LT
        LANE_LE
        LANE_GT
        LANE_GE
        LANE_EQ
        LANE_NE
        LANE_BOOL
        LANE_DATA
        LANE_FLOORDIV
        LANE_FLOOR
        LANE_CEIL
        LANE_TRUNC
        LANE_ROUND
        LANE_SIGN
        LANE_SIGNBIT
        LANE_HAS_PREDECESSOR
        LANE_ASK_TEST
        LANE_ASKED
        LANE_OTHER
        LANE_MOST_POWER
    const unsigned int LANE_NONE
    const unsigned int LANE_FIRST
    const int LANE_MOST
    ctypedef struct lane_code:
        lane_rule rule
        unsigned char kind
        unsigned char wanted
        unsigned char leads
        unsigned char shared
        unsigned int out
        unsigned int a
        unsigned int b
        unsigned int kept
        unsigned int start
        unsigned int count
        double more
    ctypedef struct lane_step:
        unsigned int code
        unsigned int up
        unsigned int a
        unsigned int b
        unsigned int targets
        unsigned int members
    ctypedef struct lane_check:
        unsigned int test
        unsigned int way
        unsigned int a
        unsigned int b
        double result
    ctypedef struct lane_block:
        unsigned int up
        unsigned int rows
        unsigned int sums
        unsigned int count
        unsigned char close
        unsigned char follows
    ctypedef struct lane_uses:
        unsigned int sum
        unsigned int start
        unsigned int count
    ctypedef struct lane_program:
        lane_code* codes
        lane_check* checks
        unsigned int* rows
        unsigned int* members
        size_t count
        size_t check_count
        size_t ways
        size_t value_rows
        size_t adjoint_rows
        size_t kept_rows
        size_t longest
        size_t widest
        int (*exact_dot)(double*, double*, Py_ssize_t, double*) noexcept nogil
        int (*exact_total)(double*, Py_ssize_t, double*) noexcept nogil
        int (*logsumexp)(double*, Py_ssize_t, double*, double*, double*) noexcept nogil
        int (*softmax)(double*, Py_ssize_t, double*, double*, double*) noexcept nogil
    ctypedef struct lane_sweep:
        lane_step* steps
        unsigned int* targets
        lane_block* blocks
        unsigned int* places
        lane_uses* uses
        unsigned int* used
        size_t count
        size_t block_count
        size_t use_count
    ctypedef struct lane_work:
        size_t lanes
        size_t doubles
        double* values
        double* adjoints
        double* kept
        double* scratch
        const double* shared
        unsigned char* failed
    ctypedef struct lane_adam:
        double beta1
        double beta2
        double eps
        double weight_decay
        double shrink
        double rate
        double root
        int decoupled
    ctypedef struct lane_kernels:
        const char* name
        size_t step
        void (*forward)(const lane_program*, lane_work*, int) noexcept nogil
        void (*backward)(const lane_program*, const lane_sweep*, lane_work*) noexcept nogil
        void (*add_blocks)(const lane_program*, const lane_sweep*, lane_work*, double*, size_t, size_t) noexcept nogil
        size_t (*adam)(size_t, double*, const double*, double*, double*, const lane_adam*) noexcept nogil
    const lane_kernels* lane_kernels_of(int width)
    void lane_add_one(const lane_program*, const lane_sweep*, const lane_work*, size_t, const unsigned int*, double*)
    bint lane_any(const unsigned char*, size_t)
    void lane_spread(double*, size_t, const double*, size_t)
    void lane_add_uses(const lane_sweep*, const lane_work*, double*, size_t, size_t)

cdef const lane_kernels* widest_kernels() noexcept nogil:
    """Those of the widest vectors that this processor has."""
    if lane_kernels_of(4) != NULL:
        return lane_kernels_of(4)
    return lane_kernels_of(2) if lane_kernels_of(2) != NULL else lane_kernels_of(1)


# ---- what is computed lane by lane ------------------------------------------------------------------


cdef int lane_exact_dot(double* xs, double* ys, Py_ssize_t count, double* z) noexcept nogil:
    """The inner product by exact sums of exact products; not where a product leaves the range in which they are."""
    cdef Exact exact
    cdef Py_ssize_t i
    cdef double product
    cdef int ok = 1
    exact.count = 0
    for i in range(count):
        product = xs[i] * ys[i]
        if 1e-250 < c_fabs(product) < 1e290 and c_fabs(xs[i]) < 1e150 and c_fabs(ys[i]) < 1e150:
            if not add_exactly(&exact, product) or not add_exactly(&exact, k_product_error(xs[i], ys[i], product, &ok)):
                return 0
        elif not (product == 0.0 and (xs[i] == 0.0 or ys[i] == 0.0)):
            return 0
    return rounded(&exact, z)


cdef int lane_exact_total(double* xs, Py_ssize_t count, double* z) noexcept nogil:
    return total(xs, count, z)


cdef int lane_exponentials(double* xs, Py_ssize_t count, double* top, double* whole, double* low, double* es) noexcept nogil:
    """What logsumexp and softmax have in common; `es` has room for twice as many."""
    cdef Exact exact
    if not extreme(xs, count, True, top) or not c_isfinite(top[0]):
        return 0
    if not shifted_exponentials(xs, count, top[0], &exact, es, es + count) or not rounded(&exact, whole):
        return 0
    return add_exactly(&exact, -whole[0]) and rounded(&exact, low)


cdef int lane_logsumexp(double* xs, Py_ssize_t count, double* z, double* found, double* es) noexcept nogil:
    """`logsumexp` and, where `found` isn't NULL, `shares` of `_series.pxi`, from the same exponentials."""
    cdef double top, whole, low, rest, rest_low
    cdef Py_ssize_t i
    cdef int ok = 1
    if not lane_exponentials(xs, count, &top, &whole, &low, es):
        return 0
    rest = c_log(whole, &ok)
    rest_low = low / whole
    z[0] = top + rest
    z[0] += k_difference_error(top, -rest, z[0], &ok) + rest_low
    if not ok or not (top >= 0.0 or c_fabs(z[0]) > rest + rest_low or sequence_cancelling(xs, <int>count, top, z)):
        return 0
    if found != NULL:
        for i in range(count):
            found[i] = k_quotient(es[i], es[count + i], whole, low, &ok)
    return ok


cdef int lane_softmax(double* xs, Py_ssize_t count, double* found, double* rests, double* es) noexcept nogil:
    """The shares and, where `rests` isn't NULL, what the others come to beside each."""
    cdef double top, whole, low
    cdef Py_ssize_t i
    cdef int ok = 1
    if not lane_exponentials(xs, count, &top, &whole, &low, es):
        return 0
    for i in range(count):
        found[i] = k_quotient(es[i], es[count + i], whole, low, &ok)
    if rests != NULL:
        for i in range(count):
            if not total_without(found, count, i, &rests[i]):
                return 0
    return ok


# ---- a program's code as the lanes have it ----------------------------------------------------------

cdef dict LANE_KINDS = {
    p.absolute: LANE_ABSOLUTE, p.square: LANE_SQUARE, p.reciprocal: LANE_RECIPROCAL, p.sqrt: LANE_SQRT, p.relu: LANE_RELU,
    p.maximum: LANE_MAXIMUM, p.minimum: LANE_MINIMUM,
}  # fmt: skip
cdef dict LANE_TESTS = {
    "lt": LANE_LT, "le": LANE_LE, "gt": LANE_GT, "ge": LANE_GE, "eq": LANE_EQ, "ne": LANE_NE, "bool": LANE_BOOL,
    "data": LANE_DATA, "floordiv": LANE_FLOORDIV, "floor": LANE_FLOOR, "ceil": LANE_CEIL, "trunc": LANE_TRUNC,
    "round": LANE_ROUND, "sign": LANE_SIGN, "signbit": LANE_SIGNBIT, "has_predecessor": LANE_HAS_PREDECESSOR,
}  # fmt: skip
cdef int LANE_KIND_OF[DO_ASK + 1]
LANE_KIND_OF[DO_ADD], LANE_KIND_OF[DO_SUBTRACT], LANE_KIND_OF[DO_MULTIPLY] = LANE_ADD, LANE_SUBTRACT, LANE_MULTIPLY
LANE_KIND_OF[DO_DIVIDE], LANE_KIND_OF[DO_NEGATE], LANE_KIND_OF[DO_COPY] = LANE_DIVIDE, LANE_NEGATE, LANE_COPY
LANE_KIND_OF[DO_STOP], LANE_KIND_OF[DO_RULE_OF_ONE], LANE_KIND_OF[DO_RULE_OF_TWO] = LANE_STOP, LANE_RULE, LANE_RULE
LANE_KIND_OF[DO_TOTAL], LANE_KIND_OF[DO_MEAN], LANE_KIND_OF[DO_DOT] = LANE_TOTAL, LANE_MEAN, LANE_DOT
LANE_KIND_OF[DO_LARGEST], LANE_KIND_OF[DO_SMALLEST] = LANE_LARGEST, LANE_SMALLEST
LANE_KIND_OF[DO_LOGSUMEXP], LANE_KIND_OF[DO_SOFTMAX], LANE_KIND_OF[DO_ASK] = LANE_LOGSUMEXP, LANE_SOFTMAX, LANE_ASK

cdef enum:
    SPAN = 40  # steps for each of the dots that are gathered, at most
    NEAR = 8192  # doubles of a group: as many as stay in a near cache
    FAR = 65536  # the same of a farther one
    ENOUGH = 32  # lanes in the farther cache, where there are layers: weights are made ready once for all lanes
    LOOK = 4000000  # operands of lanes between two looks at Ctrl-C
    AT_ONCE = 8000000  # doubles of the groups that threads sweep before the gradients of shared numbers are added up


cdef struct Way:  # back from one output
    lane_sweep sweep
    bint known
    size_t adjoint_rows
    unsigned int seed  # the row of adjoints that the sweep begins with; LANE_NONE where the output depends on nothing active
    unsigned int* rows  # of adjoints, for each mapped input that is differentiated; LANE_NONE where nothing flows there


cdef struct Rows:  # of lanes, which are given out and taken back
    size_t count  # how many there are by now
    unsigned int* free
    size_t free_count


cdef struct Source:  # of the numbers of some mapped inputs: a matrix, a row for each point
    const double* numbers
    size_t count  # of inputs


cdef struct Column:  # where the derivatives with respect to one input go
    double* start
    size_t step  # from one point to the next


cdef struct Job:
    Py_ssize_t points  # how many are to be computed
    Py_ssize_t lanes  # of a group
    const long long* picked  # which points of the sources; NULL for all
    Source* sources
    size_t source_count
    double* shared
    double* outputs  # a row for each point; NULL where they are not wanted
    Column* columns  # of one output's derivatives, for each mapped input that is differentiated; NULL where none are wanted
    unsigned char* failed
    double seed
    bint trouble  # whether a point failed
    bint stopped


cdef class Lanes:
    """A program that is computed at many points at once; see the top of this file.

    Args:
        program: a `Program`.
        active: for each input whether it is differentiated, as bytes.
        mapped: for each input whether it has a number of its own at each point.
        captured: whether captured nodes are differentiated.
        width: how many doubles a vector has; the widest that this processor has if 0.
        others: the guards of other programs with the same code, up to seven: it holds where those of one of them hold.

    Raises:
        ValueError: the processor has no vectors of that width.
    """

    cdef readonly Tape tape
    cdef bytes active, mapped
    cdef const char* active_flags  # `active`, without the interpreter's lock
    cdef bint captured
    cdef const lane_kernels* kernels
    cdef lane_program code
    cdef Way* ways
    cdef Py_ssize_t way_count  # the collector may have taken the tape away when these are freed
    cdef unsigned int* row_of  # by slot: its row of values
    cdef unsigned int* place_of  # by slot: its place among the shared numbers
    cdef size_t shared_count, copied, mapped_count
    cdef unsigned int* copies  # pairs: a place among the shared numbers, and the row that holds it in all lanes
    cdef unsigned int* order  # the slots of the mapped inputs
    cdef unsigned int* summed  # the places of the shared numbers that are differentiated
    cdef size_t summed_count
    cdef lane_work spare  # of the last run, for the next one; its `values` are NULL while there is none

    def __cinit__(self, program, active, mapped, captured=False, int width=0, tuple others=()):
        self.tape = Tape(program, active)
        self.active, self.mapped, self.captured = bytes(active), bytes(mapped), captured
        self.active_flags = self.active
        if len(self.mapped) != self.tape.inputs:
            raise ValueError(f"lanes of {self.tape.inputs} inputs take as many flags, got {len(self.mapped)}")
        if width:
            self.kernels = lane_kernels_of(width)
            if self.kernels == NULL:
                raise ValueError(f"this processor has no vectors of {width} doubles, or this engine was compiled without them")
        else:
            self.kernels = widest_kernels()
        self._decode((self.tape.checked, *others))

    def __dealloc__(self):
        cdef Py_ssize_t k
        if self.ways != NULL:
            for k in range(self.way_count):
                PyMem_Free(self.ways[k].sweep.steps)
                PyMem_Free(self.ways[k].sweep.targets)
                PyMem_Free(self.ways[k].sweep.blocks)
                PyMem_Free(self.ways[k].sweep.places)
                PyMem_Free(self.ways[k].sweep.uses)
                PyMem_Free(self.ways[k].sweep.used)
                PyMem_Free(self.ways[k].rows)
        PyMem_Free(self.ways)
        PyMem_Free(self.code.codes)
        PyMem_Free(self.code.checks)
        PyMem_Free(self.code.rows)
        PyMem_Free(self.code.members)
        PyMem_Free(self.row_of)
        PyMem_Free(self.place_of)
        PyMem_Free(self.copies)
        PyMem_Free(self.order)
        PyMem_Free(self.summed)
        PyMem_Free(self.spare.values)

    @property
    def instructions(self):
        """The name of the instruction set that is used."""
        return self.kernels.name.decode()

    cdef double constant(self, size_t slot) noexcept:
        """The number of a constant; nan for other slots."""
        cdef size_t begin = self.tape.first - self.tape.constants
        return self.tape.constant_numbers[slot - begin] if begin <= slot < self.tape.first else NAN

    cdef bint rounds_to_whole(self, slots) except -1:
        """Whether a guard rounds to no digits behind the point."""
        return self.constant(slots[1]) == 0.0

    cdef int kind_of_choice(self, size_t i) noexcept:
        """What a record without a rule does in lanes."""
        cdef Tape tape = self.tape
        cdef const unsigned int* at = tape.operands + tape.starts[i]
        cdef int which = tape.choices[tape.ops[i]]
        cdef double more = tape.more[tape.ops[i]]
        if which == IS_WHERE and not tape.moving[at[0]]:
            return LANE_WHERE
        if which == IS_CLAMP and not tape.moving[at[1]] and not tape.moving[at[2]]:
            return LANE_CLAMP
        if 0 < which < IS_WHERE and tape.starts[i + 1] > tape.starts[i]:
            if which != SEQUENCE_LOG_SOFTMAX or 0 <= more < tape.starts[i + 1] - tape.starts[i]:
                return LANE_SEQUENCE
        return LANE_ASK

    cdef bint is_shared(self, size_t slot) noexcept:
        return slot < self.tape.first and self.place_of[slot] != LANE_NONE

    cdef bint is_weighted(self, size_t i) noexcept:
        """Whether instruction i is a dot of shared numbers with numbers of the lanes, in either order."""
        cdef const unsigned int* at = self.tape.operands + self.tape.starts[i]
        cdef size_t j, half = (self.tape.starts[i + 1] - self.tape.starts[i]) // 2
        cdef bint swapped
        if self.tape.codes[i] >> BITS != DO_DOT or half == 0:
            return False
        swapped = not self.is_shared(at[0])
        for j in range(2 * half):
            if self.is_shared(at[j]) != ((j < half) != swapped):
                return False
        return True

    cdef int _decode(self, tuple guards) except -1:
        cdef Tape tape = self.tape
        cdef size_t i, j, n, half, row = 0, kept = 0, longest = 1, start = 0, first = tape.first
        cdef size_t last_start = 0, last_count = 0, last_kept = 0, together = 0
        cdef bint softmax_before = False
        cdef dict layers = {}
        cdef const unsigned int* at
        cdef lane_code* c
        cdef lane_check* check
        cdef int kind
        cdef double exponent
        cdef unsigned char* needs = NULL
        cdef unsigned char single
        self.row_of = <unsigned int*>room(tape.slots, sizeof(int))
        self.place_of = <unsigned int*>room(first, sizeof(int))
        self.order = <unsigned int*>room(tape.inputs, sizeof(int))
        self.copies = <unsigned int*>room(2 * first, sizeof(int))
        self.summed = <unsigned int*>room(first, sizeof(int))
        self.code.codes = <lane_code*>room(tape.count, sizeof(lane_code))
        self.code.rows = <unsigned int*>room(tape.starts[tape.count], sizeof(int))
        self.code.members = <unsigned int*>room(tape.count, sizeof(int))
        self.code.checks = <lane_check*>room(sum([len(way) for way in guards]), sizeof(lane_check))
        self.ways = <Way*>room(tape.output_count, sizeof(Way))
        self.way_count = tape.output_count
        memset(self.row_of, 0xFF, tape.slots * sizeof(int))
        for i in range(first):
            if i < <size_t>tape.inputs and self.mapped[i]:
                self.place_of[i] = LANE_NONE
                self.order[self.mapped_count] = <unsigned int>i
                self.mapped_count += 1
                self.row_of[i] = <unsigned int>row
                row += 1
            else:
                self.place_of[i] = <unsigned int>self.shared_count
                self.shared_count += 1
                if self.is_wanted(i):
                    self.summed[self.summed_count] = self.place_of[i]
                    self.summed_count += 1
        try:
            needs = <unsigned char*>room(tape.slots, 1)  # which shared slots have a row
            for i in range(tape.count):
                if not self.is_weighted(i):
                    single = self.shared_operand(i)
                    for j in range(tape.starts[i], tape.starts[i + 1]):
                        needs[tape.operands[j]] |= single == 0 or j + 1 - tape.starts[i] != single
            for way in guards:
                for guard in way:
                    for slot in guard.slots:
                        needs[<size_t>slot] = 1
            for i in range(tape.output_count):
                needs[tape.outputs[i]] = 1
            for i in range(first):
                if needs[i] and self.is_shared(i):
                    self.row_of[i] = <unsigned int>row
                    self.copies[2 * self.copied] = self.place_of[i]
                    self.copies[2 * self.copied + 1] = <unsigned int>row
                    self.copied += 1
                    row += 1
        finally:
            PyMem_Free(needs)
        row = self.give_rows_of_values(row, guards)
        for i in range(tape.count):
            c = &self.code.codes[i]
            at = tape.operands + tape.starts[i]
            n = tape.starts[i + 1] - tape.starts[i]
            kind = tape.codes[i] >> BITS
            c.kind = <unsigned char>LANE_KIND_OF[kind]
            c.wanted = tape.codes[i] & (FIRST | SECOND)
            c.out = self.row_of[first + i]
            if kind <= DO_RULE_OF_TWO:
                c.shared = self.shared_operand(i)
                c.start = self.place_of[at[c.shared - 1]] if c.shared else 0
                c.a = 0 if c.shared == 1 else self.row_of[at[0]]
                c.b = 0 if c.shared == 2 else self.row_of[at[n - 1]]
                if kind >= DO_RULE_OF_ONE:
                    c.kind = <unsigned char>LANE_KINDS.get(tape.records[tape.ops[i]], LANE_RULE)
                    c.rule = <lane_rule>tape.rules[tape.ops[i]]
                    if tape.records[tape.ops[i]] is p.power:
                        exponent = self.constant(at[1])
                        if 2.0 <= exponent <= LANE_MOST_POWER and exponent == c_floor(exponent):
                            c.kind, c.count = LANE_POWER, <unsigned int>exponent
                    if c.kind == LANE_RULE or c.kind == LANE_POWER:
                        c.kept = <unsigned int>kept
                        kept += (c.wanted & 1) + (c.wanted >> 1)
                continue
            longest = max(longest, n)
            c.start = <unsigned int>start
            c.count = <unsigned int>(n // 2 if kind == DO_DOT else n)
            start += n
            if self.is_weighted(i):
                c.kind = LANE_WEIGHTED
                half = n // 2
                self.code.widest = max(self.code.widest, half)
                for j in range(n):  # the shared ones first
                    slot_at = at[j if self.is_shared(at[0]) else (j + half) % n]
                    self.code.rows[c.start + j] = self.place_of[<size_t>slot_at] if j < half else self.row_of[<size_t>slot_at]
                layers.setdefault(PyBytes_FromStringAndSize(<char*>(self.code.rows + c.start + half), half * sizeof(int)), []).append(i)
                continue
            for j in range(n):
                self.code.rows[c.start + j] = self.row_of[at[j]]
            if kind == DO_ASK:
                c.kind = <unsigned char>self.kind_of_choice(i)
                c.a, c.more = tape.choices[tape.ops[i]], tape.more[tape.ops[i]]
            if c.kind == LANE_LOGSUMEXP or c.kind == LANE_SEQUENCE or c.kind == LANE_ASK:
                c.kept = <unsigned int>kept
                kept += n if c.wanted else 0
            elif kind == DO_SOFTMAX:
                c.b = tape.records[tape.ops[i]].statics["component"]
                c.leads = not softmax_before or last_count != n or memcmp(tape.operands + last_start, at, n * sizeof(int)) != 0
                if c.leads:
                    last_start, last_count, last_kept = tape.starts[i], n, kept
                    kept += 2 * n
                c.kept = <unsigned int>last_kept
                softmax_before = True
        # Weighted dots of the same rows are computed together, as soon as the first one is to be.
        for members in layers.values():
            c = &self.code.codes[<size_t>members[0]]
            c.leads = True
            c.a, c.b = <unsigned int>together, <unsigned int>len(members)
            for member in members:
                self.code.members[together] = member
                together += 1
        for way in guards:
            for guard in way:
                check = &self.code.checks[self.code.check_count]
                check.test = LANE_TESTS.get(guard.test, LANE_ASK_TEST)
                if guard.test == "round" and not self.rounds_to_whole(guard.slots):
                    check.test = LANE_ASK_TEST
                check.way = <unsigned int>self.code.ways
                check.a = self.row_of[<size_t>guard.slots[0]]
                check.b = self.row_of[<size_t>guard.slots[len(guard.slots) - 1]]
                check.result = guard.result
                self.code.check_count += 1
            self.code.ways += 1
        self.code.count = tape.count
        self.code.value_rows, self.code.kept_rows = row, kept
        self.code.longest = longest
        self.code.exact_dot, self.code.exact_total = lane_exact_dot, lane_exact_total
        self.code.logsumexp, self.code.softmax = lane_logsumexp, lane_softmax
        return 0

    cdef unsigned char shared_operand(self, size_t i) noexcept:
        """Which operand of an instruction of two is a shared number that needs no row, from 1 on; 0 if none is."""
        cdef const unsigned int* at = self.tape.operands + self.tape.starts[i]
        if self.tape.codes[i] >> BITS > DO_DIVIDE or self.is_shared(at[0]) == self.is_shared(at[1]):
            return 0
        return 1 if self.is_shared(at[0]) else 2

    cdef bint is_needed_again(self, size_t i, size_t j) noexcept:
        """Whether the way back reads the number of operand j of instruction i, or of its result where j is the number of operands."""
        cdef Tape tape = self.tape
        cdef unsigned char code = tape.codes[i]
        cdef int kind = code >> BITS
        if not code & (FIRST | SECOND):
            return False
        if kind == DO_MULTIPLY:
            return j < 2 and code >> (1 - j) & 1
        return not (kind <= DO_SUBTRACT or kind in (DO_NEGATE, DO_COPY, DO_TOTAL, DO_MEAN))

    cdef size_t give_rows_of_values(self, size_t begin, tuple guards) except? 0:
        """A row for the result of each instruction, after the first `begin`; returns how many there are.

        A row is given to another slot when nothing reads it any more: no later instruction, no guard, which are checked at the
        end, and not the way back. Dots of layers are computed ahead of their turn, so that these have rows of their own.
        """
        cdef Tape tape = self.tape
        cdef size_t* last = NULL  # by slot: the instruction that reads it last, counted from 1; all bits where it has to stay
        cdef size_t i, j, n, slot, first = tape.first
        cdef const unsigned int* at
        cdef int kind
        cdef bint in_place
        cdef Rows rows
        rows.count, rows.free_count, rows.free = begin, 0, NULL
        try:
            rows.free = <unsigned int*>room(tape.count, sizeof(int))
            last = <size_t*>room(tape.slots, sizeof(size_t))
            for i in range(tape.count):
                at, n = tape.operands + tape.starts[i], tape.starts[i + 1] - tape.starts[i]
                for j in range(n):
                    last[at[j]] = max(last[at[j]], i + 1)
                    if self.is_needed_again(i, j):
                        last[at[j]] = <size_t>-1
                if self.is_needed_again(i, n) or self.is_weighted(i):
                    last[first + i] = <size_t>-1
                last[first + i] = max(last[first + i], i + 1)  # it is written, if nothing else
            for way in guards:
                for guard in way:
                    for place in guard.slots:
                        last[<size_t>place] = <size_t>-1
            for i in range(tape.output_count):
                last[tape.outputs[i]] = <size_t>-1
            for i in range(tape.count):
                at, n = tape.operands + tape.starts[i], tape.starts[i + 1] - tape.starts[i]
                kind = tape.codes[i] >> BITS
                in_place = kind <= DO_COPY  # each lane's operands are read before its result is written
                if self.is_weighted(i):  # it may be written before its turn, when another still has the row that is free now
                    self.row_of[first + i] = <unsigned int>rows.count
                    rows.count += 1
                elif not in_place:
                    self.row_of[first + i] = <unsigned int>row_from(&rows)
                for j in range(n):
                    slot = at[j]
                    if slot >= first and last[slot] == i + 1:
                        row_back(&rows, self.row_of[slot])
                        last[slot] = 0  # once
                if in_place:
                    self.row_of[first + i] = <unsigned int>row_from(&rows)
                if last[first + i] == i + 1:
                    row_back(&rows, self.row_of[first + i])
        finally:
            PyMem_Free(rows.free)
            PyMem_Free(last)
        return rows.count

    # ---- the way back from an output -----------------------------------------------------------------

    cdef bint flows_to(self, size_t i, size_t j) noexcept:
        """Whether operand j of instruction i is active, and its derivative is wanted."""
        cdef Tape tape = self.tape
        cdef size_t slot = tape.operands[tape.starts[i] + j]
        cdef unsigned char code = tape.codes[i]
        if code >> BITS <= DO_RULE_OF_TWO:
            if not code >> j & 1:
                return False
        elif not tape.moving[slot]:
            return False
        return self.captured or slot < <size_t>tape.inputs or slot >= tape.first - tape.constants

    cdef int find_way(self, Py_ssize_t k) except -1:
        """The steps of a sweep, and where the derivatives of shared numbers are added up."""
        cdef Tape tape = self.tape
        cdef Way* way = &self.ways[k]
        cdef lane_sweep* s = &way.sweep
        cdef Order* order = &tape.orders[k]
        cdef lane_step* step
        cdef lane_block* block
        cdef size_t i, j, n, half, at, slot, done, moved = 0, targets = 0, places = 0, top = tape.outputs[k]
        cdef unsigned int* up_of = NULL  # by slot: the row of its adjoint, LANE_NONE where it has none yet
        cdef unsigned char* met = NULL  # by slot
        cdef unsigned int* uses = NULL  # by slot
        cdef bint swapped, single
        cdef dict used = {}
        cdef Rows rows
        rows.count, rows.free_count, rows.free = 0, 0, NULL
        if way.known:
            return 0
        if not order.known:
            find_order(tape, k)
        way.seed = LANE_NONE
        try:
            s.steps = <lane_step*>room(order.count, sizeof(lane_step))
            s.targets = <unsigned int*>room(tape.starts[tape.count], sizeof(int))
            s.blocks = <lane_block*>room(order.count, sizeof(lane_block))
            s.places = <unsigned int*>room(tape.starts[tape.count], sizeof(int))
            rows.free = <unsigned int*>room(tape.slots, sizeof(int))
            up_of = <unsigned int*>room(tape.slots, sizeof(int))
            met = <unsigned char*>room(tape.slots, 1)
            uses = <unsigned int*>room(tape.first, sizeof(int))
            memset(up_of, 0xFF, tape.slots * sizeof(int))
            if self.has_adjoint(top):
                met[top] = 1
                way.seed = up_of[top] = <unsigned int>row_from(&rows)
            elif top < tape.first and self.is_shared(top) and self.is_wanted(top):  # the output is a shared number itself
                way.seed = <unsigned int>row_from(&rows)
                used[top] = [way.seed]
            # First which instructions the sweep comes to, and how often each shared number is used.
            for done in range(order.count if way.seed != LANE_NONE and top >= tape.first else 0, 0, -1):
                i = done - 1 if order.plain else order.instructions[done - 1]
                if not met[tape.first + i]:
                    continue
                s.steps[s.count].code = <unsigned int>i
                s.count += 1
                for j in range(tape.starts[i + 1] - tape.starts[i]):
                    slot = tape.operands[tape.starts[i] + j]
                    if slot < tape.first and self.is_shared(slot):
                        uses[slot] += self.flows_to(i, j)
                    elif self.flows_to(i, j):
                        met[slot] = self.has_adjoint(slot)
            for at in range(s.count):
                s.steps[at].members = 1
            self.gather_layers(s, uses)
            for at in range(s.count):
                step = &s.steps[moved]
                step[0] = s.steps[at]
                moved += 1
                i = step.code
                n = tape.starts[i + 1] - tape.starts[i]
                step.up = up_of[tape.first + i]
                step.a = step.b = LANE_NONE
                if tape.codes[i] >> BITS <= DO_RULE_OF_TWO:
                    if not self.give_rows_of_adjoints(step, up_of, &rows, used):
                        row_back(&rows, step.up)
                    if step.a == LANE_NONE and step.b == LANE_NONE:  # what flows is where it belongs already
                        moved -= 1
                    continue
                step.targets = <unsigned int>targets
                if self.code.codes[i].kind != LANE_WEIGHTED:
                    for j in range(n):
                        s.targets[targets + j] = self.target(i, j, up_of, &rows, used)
                    targets += n
                    row_back(&rows, step.up)
                    continue
                half = n // 2
                swapped = not self.is_shared(tape.operands[tape.starts[i]])
                for j in range(half):
                    s.targets[targets + j] = self.target(i, j if swapped else j + half, up_of, &rows, used)
                targets += half
                single = True
                for j in range(half):
                    slot = tape.operands[tape.starts[i] + (j + half if swapped else j)]
                    single = single and uses[slot] == 1
                if single:  # its adjoint keeps its row, since the weights' derivatives are added up after the sweep
                    block = &s.blocks[s.block_count]
                    s.block_count += 1
                    block.up = step.up
                    block.rows = self.code.codes[i].start + <unsigned int>half
                    block.sums = <unsigned int>places
                    block.count = <unsigned int>half
                    block.close = True
                    block.follows = s.block_count > 1 and block.count == (block - 1).count and memcmp(
                        self.code.rows + block.rows, self.code.rows + (block - 1).rows, half * sizeof(int)
                    ) == 0
                    for j in range(half):
                        slot = tape.operands[tape.starts[i] + (j + half if swapped else j)]
                        s.places[places] = self.place_of[slot]
                        block.close = block.close and s.places[places] == s.places[block.sums] + j
                        places += 1
                else:
                    step.a = <unsigned int>targets
                    for j in range(half):
                        s.targets[targets + j] = self.target(i, j + half if swapped else j, up_of, &rows, used)
                    targets += half
                    row_back(&rows, step.up)
            s.count = moved
            way.adjoint_rows = rows.count
            way.rows = <unsigned int*>room(self.mapped_count, sizeof(int))
            i = 0
            for at in range(self.mapped_count):
                if self.active[self.order[at]]:
                    way.rows[i] = up_of[self.order[at]]
                    i += 1
            s.uses = <lane_uses*>room(len(used), sizeof(lane_uses))
            s.used = <unsigned int*>room(sum([len(places_of) for places_of in used.values()]), sizeof(int))
            at = 0
            for shared, places_of in used.items():
                s.uses[s.use_count].sum = self.place_of[<size_t>shared]
                s.uses[s.use_count].start = <unsigned int>at
                s.uses[s.use_count].count = <unsigned int>len(places_of)
                s.use_count += 1
                for x in places_of:
                    s.used[at] = x
                    at += 1
            way.known = True
        finally:
            PyMem_Free(rows.free)
            PyMem_Free(up_of)
            PyMem_Free(met)
            PyMem_Free(uses)
        self.code.adjoint_rows = max(self.code.adjoint_rows, way.adjoint_rows)
        return 0

    cdef bint has_adjoint(self, size_t slot) noexcept:
        """Whether something may flow back to a slot that is no shared number."""
        if slot >= self.tape.first:
            return self.tape.codes[slot - self.tape.first] & (FIRST | SECOND) != 0
        return slot < <size_t>self.tape.inputs and self.mapped[slot] and self.active[slot]

    cdef bint give_rows_of_adjoints(self, lane_step* step, unsigned int* up_of, Rows* rows, dict used) except -1:
        """Where an instruction with one or two operands adds to; returns whether the row that it comes from is one of them.

        What goes back unchanged stays where it is, if it is the first that its operand gets. Otherwise the row may become that of
        an operand which is written to last, or at the same time.
        """
        cdef Tape tape = self.tape
        cdef size_t i = step.code, j, slot, n = tape.starts[i + 1] - tape.starts[i]
        cdef const unsigned int* at = tape.operands + tape.starts[i]
        cdef int kind = tape.codes[i] >> BITS
        cdef bint passed = False, at_once = kind == DO_MULTIPLY and not self.code.codes[i].shared
        cdef unsigned int to[2]
        cdef size_t heir = n  # the operand that takes the row over
        to[0] = to[1] = LANE_NONE
        if kind == DO_ADD or kind == DO_SUBTRACT or kind == DO_COPY:
            for j in range(1 if kind == DO_SUBTRACT else n):
                if self.is_first(i, j, up_of):
                    heir, passed = j, True
                    up_of[at[j]] = step.up
                    break
        for j in range(n):
            if j == heir:
                continue
            if not passed and self.is_first(i, j, up_of) and (at_once or j == n - 1 or not self.flows_to(i, j + 1)):
                up_of[at[j]] = step.up
                to[j] = step.up | LANE_FIRST
                passed = True
            else:
                to[j] = self.target(i, j, up_of, rows, used)
        step.a, step.b = to[0], to[1]
        return passed

    cdef bint is_first(self, size_t i, size_t j, const unsigned int* up_of) noexcept:
        """Whether nothing has flowed to operand j of instruction i yet, and something will."""
        cdef size_t slot = self.tape.operands[self.tape.starts[i] + j]
        return self.flows_to(i, j) and not (slot < self.tape.first and self.is_shared(slot)) and up_of[slot] == LANE_NONE

    cdef int gather_layers(self, lane_sweep* s, const unsigned int* uses) except -1:
        """Weighted dots with the same rows are put side by side, at the last one, so that they are swept at once.

        They are if nothing between them has to do with these rows, so that no number can be seen to come later; and if each weight
        is used once, since uses are added up in their order. Dots whose rows are not differentiated leave nothing to do.
        """
        cdef Tape tape = self.tape
        cdef size_t at, i, j, n, half, other, slot, from_, moved = 0
        cdef lane_step* old
        cdef dict layers = {}, ends = {}
        cdef set gone = set(), slots, mine
        cdef bint good
        cdef int flowing
        for at in range(s.count):
            i = s.steps[at].code
            if self.code.codes[i].kind == LANE_WEIGHTED:
                half = self.code.codes[i].count
                layers.setdefault(
                    PyBytes_FromStringAndSize(<char*>(self.code.rows + self.code.codes[i].start + half), half * sizeof(int)), []
                ).append(at)
        for places in layers.values():
            good = places[len(places) - 1] - places[0] < SPAN * len(places)
            slots, mine = set(), set(places)
            flowing = -1  # whether the weights are differentiated, each used once; or none of them
            for at in places if good else ():
                i = s.steps[at].code
                half = (tape.starts[i + 1] - tape.starts[i]) // 2
                from_ = 0 if self.is_shared(tape.operands[tape.starts[i]]) else half
                for j in range(half):
                    if flowing < 0:
                        flowing = self.flows_to(i, from_ + j)
                    good = good and self.flows_to(i, from_ + j) == flowing
                    good = good and uses[tape.operands[tape.starts[i] + from_ + j]] == <size_t>flowing
                    good = good and self.flows_to(i, half - from_ + j) == self.flows_to(i, half - from_)
                slots = set([tape.operands[tape.starts[i] + half - from_ + j] for j in range(half)])
                good = good and len(slots) == half
            if not good:
                continue
            if not self.flows_to(i, half - from_):  # `i` is one of them; `add_blocks` sees to the weights
                for at in places:
                    s.steps[at].members = 0
                continue
            for at in range(<size_t>places[0], <size_t>places[len(places) - 1]):
                other = s.steps[at].code
                if other + tape.first in slots:
                    good = False
                if at not in mine:
                    for j in range(tape.starts[other], tape.starts[other + 1]):
                        good = good and tape.operands[j] not in slots
            if good and len(places) > 1:
                ends[places[len(places) - 1]] = places
                gone.update(places)
        if not ends:
            return 0
        old = <lane_step*>room(s.count, sizeof(lane_step))
        memcpy(old, s.steps, s.count * sizeof(lane_step))
        try:
            for at in range(s.count):
                if at not in gone:
                    s.steps[moved] = old[at]
                    moved += 1
                    continue
                for place in ends.get(at, ()):
                    s.steps[moved] = old[<size_t>place]
                    s.steps[moved].members = 0
                    moved += 1
                if at in ends:
                    s.steps[moved - <size_t>len(ends[at])].members = <unsigned int>len(ends[at])
        finally:
            PyMem_Free(old)
        return 0

    cdef bint is_wanted(self, size_t slot) noexcept:
        """Whether the derivative with respect to a shared slot is asked for."""
        if slot < <size_t>self.tape.inputs:
            return self.active[slot] != 0
        return self.captured and slot < self.tape.first - self.tape.constants

    cdef unsigned int target(self, size_t i, size_t j, unsigned int* up_of, Rows* rows, dict used) except? 0:
        """The row of adjoints that operand j of instruction i adds to: a new one for each use of a shared number."""
        cdef size_t slot = self.tape.operands[self.tape.starts[i] + j]
        cdef unsigned int row
        if not self.flows_to(i, j):
            return LANE_NONE
        if slot < self.tape.first and self.is_shared(slot):
            row = <unsigned int>row_from(rows)
            used.setdefault(slot, []).append(row)
            return row | LANE_FIRST
        if up_of[slot] != LANE_NONE:
            return up_of[slot]
        row = up_of[slot] = <unsigned int>row_from(rows)
        return row | LANE_FIRST

    # ---- running it ----------------------------------------------------------------------------------

    def values(self, sources, shared, Py_ssize_t points, picked=None, int threads=1, Py_ssize_t lanes=0):
        """The outputs at all points.

        Args:
            sources: arrays of doubles, each a matrix with a row for each point; their columns are the mapped inputs in order.
            shared: the numbers of the inputs that aren't mapped.
            points: how many points there are.
            picked: an ``array("q")`` with the rows to compute; all of them if None.
            threads: how many run at the same time.
            lanes: how many points make a group; chosen if 0.

        Returns:
            (outputs, failed): an ``array("d")`` with a row for each point, and the places of those that must be computed in
            another way.
        """
        outputs, _, failed = self._compute(sources, shared, points, picked, -1, threads, lanes)
        return outputs, failed

    def gradients(
        self, sources, shared, Py_ssize_t points, picked=None, Py_ssize_t k=0, int threads=1, blocks=None, Py_ssize_t lanes=0
    ):
        """The outputs, and the derivatives of output k with respect to the inputs that are mapped and active.

        Args:
            blocks: the derivatives are a matrix of so many columns, and then one of so many; one for all if None.

        Returns:
            (outputs, derivatives, failed), as `values` has them.
        """
        return self._compute(sources, shared, points, picked, k, threads, lanes, blocks)

    cdef tuple _compute(
        self, sources, shared, Py_ssize_t points, picked, Py_ssize_t k, int threads, Py_ssize_t lanes, blocks=None
    ):
        cdef Held held = Held(self)
        cdef Job* job = &held.job
        cdef Py_ssize_t active = self.active_count(), i, at = 0
        cdef double* start = NULL
        if k >= 0:
            self.find_way(k)
        held.read(sources, shared, points, picked, lanes if lanes else self.lanes_for(points, picked))
        outputs = held.doubles(job.points * self.tape.output_count, &job.outputs)
        gradients = None
        if k >= 0:
            gradients = held.doubles(job.points * active, &start)
            blocks = (active,) if blocks is None else tuple(blocks)
            if sum(blocks) != active or min(blocks, default=0) < 0:
                raise ValueError(f"blocks of {blocks} columns don't hold {active} derivatives")
            job.columns = <Column*>room(active, sizeof(Column))
            for width in blocks:
                give_columns(job, &at, start, width)
                start += <Py_ssize_t>width * job.points
        self.run(held, k, threads)
        return outputs, gradients, [i for i in range(job.points) if job.failed[i]] if job.trouble else []

    def fill(self, tuple sources, tuple shapes, list results, Py_ssize_t k=-1, int threads=1):
        """Compute all points from the buffers of a call into buffers for its results, where all inputs are mapped.

        Args:
            sources: for each of `values`' sources an object that holds it: an array, or another buffer.
            shapes: for each source the shape of what a point has there.
            results: what is written to: a buffer for the outputs (None: they are not wanted), and one for the derivatives of
                output k with respect to the inputs of each source that is differentiated.
            k: which output is differentiated; none if it is -1.
            threads: how many run at the same time.

        Returns:
            Whether that was done: the sources hold doubles in one piece, of these shapes, and the program holds at all points.
            Where it was not, the results mean nothing.
        """
        cdef Held held = Held(self)
        cdef Job* job = &held.job
        cdef Py_buffer* view
        cdef Py_ssize_t i, width, at = 0, count = len(sources), active = self.active_count() if k >= 0 else 0
        cdef Py_ssize_t outputs = self.tape.output_count
        cdef size_t columns = 0
        if self.mapped_count != <size_t>self.tape.inputs:
            raise ValueError("not all inputs are mapped")
        held.buffers = <Py_buffer*>room(count + len(results), sizeof(Py_buffer))
        job.sources = <Source*>room(count, sizeof(Source))
        job.source_count = count
        job.columns = <Column*>room(self.mapped_count, sizeof(Column)) if k >= 0 else NULL
        for i in range(count):
            view = held.buffer(sources[i], 0)
            if view == NULL or not has_shape(view, shapes[i]) or (i and view.shape[0] != job.points):
                return False
            job.points = view.shape[0]
            job.sources[i].numbers = <const double*>view.buf
            job.sources[i].count = view.len // <Py_ssize_t>sizeof(double) // job.points if job.points else 0
            columns += job.sources[i].count
        if job.points == 0 or columns != self.mapped_count:
            raise ValueError(f"lanes of {self.mapped_count} mapped inputs got {columns} columns of {job.points} points")
        held.read_shared([])
        if k >= 0:
            self.find_way(k)
        for i in range(len(results)):
            if results[i] is None:
                continue
            view = held.buffer(results[i], PyBUF_WRITABLE)
            width = view.len // <Py_ssize_t>sizeof(double) // job.points if view != NULL else -1
            if view == NULL or width * job.points * <Py_ssize_t>sizeof(double) != view.len or width > (
                active - at if i else self.tape.output_count
            ):
                raise ValueError(f"result {i} is no buffer for what {job.points} points come to")
            if i == 0:
                outputs = width
                job.outputs = <double*>view.buf
            else:
                give_columns(job, &at, <double*>view.buf, width)
        if at != active or outputs != self.tape.output_count:
            raise ValueError(f"the results are buffers for {outputs} outputs and {at} derivatives of each point")
        job.failed = <unsigned char*>room(job.points, 1)
        job.lanes = self.lanes_for(job.points, None)
        self.run(held, k, threads)
        return not job.trouble

    cdef int run(self, Held held, Py_ssize_t k, int threads) except -1:
        cdef Job* job = &held.job
        cdef Py_ssize_t i, groups = (job.points + job.lanes - 1) // job.lanes, parts = max(1, min(<Py_ssize_t>threads, groups))
        job.seed = 1.0
        if parts == 1:
            self._run(held, k, 0, groups)
            return 0
        in_threads(held, [partial(self._run, held, k, groups * i // parts, groups * (i + 1) // parts) for i in range(parts)])
        return 0

    def _run(self, Held held, Py_ssize_t k, Py_ssize_t group, Py_ssize_t until):
        """Groups one after the other, in one thread."""
        cdef lane_work work
        cdef Job* job = &held.job
        cdef Py_ssize_t last, step = self.groups_between_looks(job.lanes)
        self.take_work(&work, job)
        try:
            while group < until and not job.stopped:
                PyErr_CheckSignals()
                last = min(until, group + step)
                with nogil:
                    while group < last:
                        self.load(&work, job, group * job.lanes)
                        self.forward(&work, job, group * job.lanes, k >= 0)
                        if k >= 0:
                            self.sweep(&work, job, k, group * job.lanes)
                        self.store(&work, job, k, group * job.lanes)
                        group += 1
        finally:
            self.give_back(&work)

    def reduced(self, sources, shared, Py_ssize_t points, double seed, Py_ssize_t k=0, int threads=1, Py_ssize_t lanes=0):
        """The outputs at all points, and what the derivatives of output k with respect to shared numbers come to.

        They are added up as `backward` of the sum of all points does it: the last point first, and in each point use by use.

        Args:
            seed: the derivative of the result with respect to each point's output.

        Returns:
            (outputs, sums, failed): the sums in the order of the inputs that are active and not mapped, and then of what was
            captured. The places of some that must be computed in another way; then the other two mean nothing.
        """
        cdef Held held = Held(self)
        cdef Job* job = &held.job
        cdef Way* way
        cdef Py_ssize_t i, first, last, round_size, groups, parts
        cdef double* sums = NULL
        self.find_way(k)
        held.read(sources, shared, points, None, lanes if lanes else self.lanes_for(points, None))
        way = &self.ways[k]
        outputs = held.doubles(job.points * self.tape.output_count, &job.outputs)
        collected = held.doubles(self.summed[self.summed_count - 1] + 1 if self.summed_count else 0, &sums)
        job.seed = seed
        groups = (job.points + job.lanes - 1) // job.lanes
        parts = max(1, min(threads, groups))
        round_size = 1
        if parts > 1:
            round_size = AT_ONCE // (self.doubles(job.lanes) + 1)
            round_size = max(parts, min(round_size, groups))
        held.make_works(self, round_size if parts > 1 else 1, k)
        last = groups
        if parts == 1:
            self._run_reduced(held, k, groups, sums)
        while parts > 1 and last > 0 and not job.trouble:
            first = max(0, last - round_size)
            bounds = [first + (last - first) * i // parts for i in range(parts + 1)]
            in_threads(held, [partial(self._phase_of_points, held, k, first, bounds[i], bounds[i + 1]) for i in range(parts)])
            if not job.trouble:
                in_threads(held, [partial(self._phase_of_sums, held, k, last - first, i, parts, <size_t>sums) for i in range(parts)])
            last = first
        if <size_t>len(collected) > self.summed_count:
            for i in range(<Py_ssize_t>self.summed_count):
                sums[i] = sums[self.summed[i]]  # in place, since the places come in the same order
            collected = collected[:self.summed_count]
        return outputs, collected, [i for i in range(job.points) if job.failed[i]] if job.trouble else []

    cdef int _run_reduced(self, Held held, Py_ssize_t k, Py_ssize_t groups, double* sums) except -1:
        cdef Job* job = &held.job
        cdef lane_work* work = &held.works[0]
        cdef Way* way = &self.ways[k]
        cdef Py_ssize_t last, step = self.groups_between_looks(job.lanes)
        while groups and not job.trouble:
            PyErr_CheckSignals()
            last = max(0, groups - step)
            with nogil:
                while groups > last and not job.trouble:
                    groups -= 1
                    self.load(work, job, groups * job.lanes)
                    self.forward(work, job, groups * job.lanes, True)
                    if job.trouble:
                        break
                    self.sweep(work, job, k, groups * job.lanes)
                    self.store(work, job, -1, groups * job.lanes)
                    self.kernels.add_blocks(&self.code, &way.sweep, work, sums, 0, way.sweep.block_count)
                    lane_add_uses(&way.sweep, work, sums, 0, way.sweep.use_count)
        return 0

    def _phase_of_points(self, Held held, Py_ssize_t k, Py_ssize_t base, Py_ssize_t group, Py_ssize_t until):
        """Forward and back for some groups, each in a work of its own."""
        cdef Job* job = &held.job
        cdef lane_work* work
        cdef Py_ssize_t last, step = self.groups_between_looks(job.lanes)
        while group < until and not job.stopped and not job.trouble:
            PyErr_CheckSignals()
            last = min(until, group + step)
            with nogil:
                while group < last:
                    work = &held.works[group - base]
                    self.load(work, job, group * job.lanes)
                    self.forward(work, job, group * job.lanes, True)
                    self.sweep(work, job, k, group * job.lanes)
                    self.store(work, job, -1, group * job.lanes)
                    group += 1

    def _phase_of_sums(self, Held held, Py_ssize_t k, Py_ssize_t groups, Py_ssize_t part, Py_ssize_t parts, size_t address):
        """The derivatives of some of the shared numbers, over all groups, the last first."""
        cdef lane_sweep* s = &self.ways[k].sweep
        cdef double* sums = <double*>address
        cdef size_t blocks = s.block_count, uses = s.use_count
        cdef Py_ssize_t i
        with nogil:
            for i in range(groups - 1, -1, -1):
                self.kernels.add_blocks(&self.code, s, &held.works[i], sums, blocks * part // parts, blocks * (part + 1) // parts)
                lane_add_uses(s, &held.works[i], sums, uses * part // parts, uses * (part + 1) // parts)

    cdef Py_ssize_t groups_between_looks(self, Py_ssize_t lanes) noexcept:
        return max(1, LOOK // (lanes * <Py_ssize_t>(self.tape.count + self.tape.starts[self.tape.count] + self.mapped_count + 1)))

    cdef Py_ssize_t lanes_for(self, Py_ssize_t points, picked) except -1:
        """How many lanes a group has: as many as the cache holds, and no more than the points fill."""
        cdef Py_ssize_t rows = self.code.value_rows + self.code.adjoint_rows + self.code.kept_rows
        cdef Py_ssize_t step = self.kernels.step, most
        if picked is not None:
            points = len(picked)
        most = NEAR // (rows + 1)
        if self.code.widest:
            most = max(most, min(<Py_ssize_t>ENOUGH, FAR // (rows + 1)))
        most = max(step, min(<Py_ssize_t>LANE_MOST, most) // step * step)
        groups = max(1, (points + most - 1) // most)
        most = (points + groups - 1) // groups
        return max(step, (most + step - 1) // step * step)

    cdef Py_ssize_t active_count(self) noexcept:
        """How many of the mapped inputs are differentiated."""
        cdef Py_ssize_t found = 0
        cdef size_t i
        for i in range(self.mapped_count):
            found += self.active_flags[self.order[i]] != 0
        return found

    cdef size_t doubles(self, Py_ssize_t lanes) noexcept:
        """The size of a work."""
        cdef size_t rows = self.code.value_rows + self.code.adjoint_rows + self.code.kept_rows
        return rows * lanes + self.scratch_of(lanes) + lanes // 8 + 9

    cdef size_t scratch_of(self, size_t lanes) noexcept:
        return max(5 * self.code.longest, lanes, 4 * self.code.widest + (self.code.widest + 1) * lanes)

    cdef int take_work(self, lane_work* work, Job* job) except -1:
        """A work for some groups: that of the run before, if it is free and as large."""
        if self.spare.values != NULL and self.spare.lanes == <size_t>job.lanes and self.spare.doubles == self.doubles(job.lanes):
            work.values, work.doubles = self.spare.values, self.spare.doubles
            self.spare.values = NULL
        else:
            work.doubles = self.doubles(job.lanes)
            work.values = <double*>room(work.doubles, sizeof(double))
        self.prepare(work, job)
        return 0

    cdef void give_back(self, lane_work* work) noexcept:
        cdef double* values = work.values
        if work.doubles <= FAR:  # no more is kept from one run to the next
            values = self.spare.values
            self.spare = work[0]
        PyMem_Free(values)

    cdef void prepare(self, lane_work* work, Job* job) noexcept:
        cdef size_t i, j, lanes = job.lanes
        cdef double x
        work.lanes = lanes
        work.shared = job.shared
        work.adjoints = work.values + self.code.value_rows * lanes
        work.kept = work.adjoints + self.code.adjoint_rows * lanes
        work.scratch = work.kept + self.code.kept_rows * lanes
        work.failed = <unsigned char*>(work.scratch + self.scratch_of(lanes))
        for i in range(self.copied):
            x = job.shared[self.copies[2 * i]]
            for j in range(lanes):
                work.values[self.copies[2 * i + 1] * lanes + j] = x

    cdef void load(self, lane_work* work, Job* job, Py_ssize_t point) noexcept nogil:
        """The numbers of a group of points; lanes without a point repeat the last one, so that no lane asks for nothing."""
        cdef size_t s, i, row = 0, lanes = work.lanes
        cdef size_t k
        cdef Py_ssize_t at
        cdef const double* numbers
        cdef double* values
        memset(work.failed, 0, lanes)
        for s in range(job.source_count):
            if job.picked == NULL and job.sources[s].count == 1 and point + <Py_ssize_t>lanes <= job.points:
                memcpy(work.values + row * lanes, job.sources[s].numbers + point, lanes * sizeof(double))
                row += 1
                continue
            for k in range(lanes):
                at = min(point + <Py_ssize_t>k, job.points - 1)
                if job.picked != NULL:
                    at = job.picked[at]
                numbers = job.sources[s].numbers + at * job.sources[s].count
                values = work.values + row * lanes + k
                for i in range(job.sources[s].count):
                    values[i * lanes] = numbers[i]
            row += job.sources[s].count

    cdef int forward(self, lane_work* work, Job* job, Py_ssize_t point, bint slopes) except -1 nogil:
        cdef size_t k
        self.kernels.forward(&self.code, work, slopes)
        if not lane_any(work.failed, work.lanes):
            return 0
        for k in range(work.lanes):
            if work.failed[k] and point + <Py_ssize_t>k < job.points:
                if work.failed[k] & LANE_ASKED:
                    with gil:
                        self.replay(work, k, slopes)
                if work.failed[k]:
                    job.failed[point + k] = 1
                    job.trouble = True
        return 0

    cdef int replay(self, lane_work* work, size_t lane, bint slopes) except -1:
        """One lane's numbers from the tape, which may ask Python; the lane fails if the tape is stale."""
        cdef Tape tape = self.tape
        cdef Work other
        cdef Work* alone = tape.take(&other)
        cdef size_t i, j, n, lanes = work.lanes
        cdef const double* partials
        cdef double* kept
        cdef double* scratch = work.scratch
        cdef lane_code* c
        try:
            for i in range(tape.first - tape.constants):
                alone.values[i] = work.shared[self.place_of[i]] if self.is_shared(i) else work.values[self.row_of[i] * lanes + lane]
            if not run_forward(tape, alone, slopes):
                work.failed[lane] = LANE_OTHER
                return 0
            partials = alone.partials
            for i in range(tape.count):
                c = &self.code.codes[i]
                work.values[c.out * lanes + lane] = alone.values[tape.first + i]
                kept = work.kept + c.kept * lanes + lane
                n = tape.starts[i + 1] - tape.starts[i]
                if c.kind == LANE_SOFTMAX and c.leads:  # the lanes keep the shares, and not each component's partials
                    for j in range(n):
                        scratch[j] = alone.values[tape.operands[tape.starts[i] + j]]
                    if not lane_softmax(scratch, n, scratch + n, scratch + 2 * n, scratch + 3 * n):
                        work.failed[lane] = LANE_OTHER
                        return 0
                    for j in range(2 * n):
                        kept[j * lanes] = scratch[n + j]
                elif c.kind == LANE_LARGEST or c.kind == LANE_SMALLEST:  # of nan, whose partials can't be read off the numbers
                    work.failed[lane] = LANE_OTHER
                    if slopes and alone.values[tape.first + i] != alone.values[tape.first + i]:
                        return 0
                n = kept_by(tape.codes[i], n) if slopes else 0
                if c.kind == LANE_RULE or c.kind == LANE_POWER or c.kind == LANE_LOGSUMEXP or c.kind >= LANE_SEQUENCE:
                    for j in range(n):
                        kept[j * lanes] = partials[j]
                partials += n
            work.failed[lane] = 0
        finally:
            tape.give_back(alone)
        return 0

    cdef void sweep(self, lane_work* work, Job* job, Py_ssize_t k, Py_ssize_t point) noexcept nogil:
        cdef Way* way = &self.ways[k]
        cdef size_t i, live, lanes = work.lanes
        cdef double seed = job.seed
        cdef double* seeds
        if way.seed == LANE_NONE:
            return
        seeds = work.adjoints + way.seed * lanes
        live = min(lanes, <size_t>(job.points - point))
        for i in range(live):
            seeds[i] = seed
        for i in range(live, lanes):  # nothing flows from lanes without a point
            seeds[i] = 0.0
        self.kernels.backward(&self.code, &way.sweep, work)

    cdef void store(self, lane_work* work, Job* job, Py_ssize_t k, Py_ssize_t point) noexcept nogil:
        cdef size_t lanes = work.lanes, outputs = self.tape.output_count, live = min(lanes, <size_t>(job.points - point))
        cdef size_t i, n = 0, step
        cdef unsigned int row
        cdef const char* active = self.active_flags
        for i in range(outputs):
            if job.outputs != NULL:
                lane_spread(job.outputs + point * outputs + i, outputs, work.values + self.row_of[self.tape.outputs[i]] * lanes, live)
        if k < 0 or job.columns == NULL:
            return
        for i in range(self.mapped_count):
            if not active[self.order[i]]:
                continue
            step = job.columns[n].step
            row = self.ways[k].rows[n]
            lane_spread(job.columns[n].start + point * step, step, NULL if row == LANE_NONE else work.adjoints + row * lanes, live)
            n += 1


def _added_up(parts, Py_ssize_t points, double seed, Py_ssize_t size, int threads=1):
    """`Lanes.reduced` for points of several programs, added up in the order of the points: the last first.

    Args:
        parts: for each program its lanes, the numbers of its inputs that aren't mapped, an ``array("I")`` that says where each of
            its sums goes (None: in their order), its sources (see `Lanes.values`) and how many rows they have, an ``array("q")`` with the rows that are
            computed, and another one with the points that these are; None for all.
        points: how many there are.
        seed: the derivative of the result with respect to each point's output, which is the first of each program.
        size: how many sums there are.
        threads: how many run at the same time, where there is one program only.

    Returns:
        (outputs, sums, failed), as `Lanes.reduced` has them.
    """
    cdef Held held
    cdef Lanes lanes
    cdef Job* job
    cdef Py_ssize_t i, at, high = points, low, span, width = 1
    cdef double[::1] found, sums
    cdef const unsigned int[::1] places
    cdef list failed = [], rest = []
    outputs, collected = new_array("d", bytes(8 * points)), new_array("d", bytes(8 * size))
    found, sums = outputs, collected
    if len(parts) == 1 and parts[0][5] is None and parts[0][6] is None:
        lanes, shared, to, sources = parts[0][:4]
        outputs, added, failed = lanes.reduced(sources, shared, points, seed, 0, threads)
        if to is None:
            return outputs, added, failed
        for i, x in zip(to, added, strict=True):
            sums[<Py_ssize_t>i] = x
        return outputs, collected, failed
    owners = new_array("H", bytes(2 * points))
    for part, (lanes, _, to, _, rows, picked, which) in enumerate(parts):
        lanes.find_way(0)
        picked = new_array("q", range(rows)) if picked is None else picked
        which = picked if which is None else which
        for i in which:
            owners[i] = part
        where = new_array("I", [LANE_NONE]) * (lanes.shared_count + 1)
        for at in range(<Py_ssize_t>lanes.summed_count):
            where[<Py_ssize_t>lanes.summed[at]] = at if to is None else to[at]
        rest.append([picked, which, where, len(picked)])
        width = max(width, <Py_ssize_t>(lanes.doubles(<Py_ssize_t>lanes.kernels.step) // lanes.kernels.step))
    span = max(64, AT_ONCE // width)
    while high > 0 and not failed:
        low = max(0, high - span)
        batch = []
        for part, (lanes, shared, _, sources, rows, _, _) in enumerate(parts):
            picked, which, _, end = rest[part]
            at = end
            while at and which[at - 1] >= low:
                at -= 1
            rest[part][3] = at
            mine = picked[at:end]
            held = Held(lanes)
            held.read(sources, shared, rows, mine, lanes.lanes_for(rows, mine))
            job = &held.job
            held.doubles(job.points * lanes.tape.output_count, &job.outputs)
            job.seed = seed
            held.make_works(lanes, (job.points + job.lanes - 1) // job.lanes, 0)
            lanes._phase_of_points(held, 0, 0, 0, held.work_count)
            for i in range(job.points):
                found[<Py_ssize_t>which[at + i]] = job.outputs[i * lanes.tape.output_count]
                if job.failed[i]:
                    failed.append(which[at + i])
            batch.append(held)
        left = [(<Held>each).job.points for each in batch]
        for i in range(high - 1, low - 1, -1):
            if failed:
                break
            part = owners[i]
            held = batch[part]
            lanes = held.lanes
            left[part] -= 1
            at = left[part]
            places = rest[part][2]
            lane_add_one(
                &lanes.code, &lanes.ways[0].sweep, &held.works[at // held.job.lanes], at % held.job.lanes, &places[0],
                &sums[0] if size else NULL,
            )
        high = low
    return outputs, collected, sorted(failed)


cdef size_t row_from(Rows* rows) noexcept:
    """A row that is free, or a new one."""
    if rows.free_count:
        rows.free_count -= 1
        return rows.free[rows.free_count]
    rows.count += 1
    return rows.count - 1


cdef void row_back(Rows* rows, size_t row) noexcept:
    rows.free[rows.free_count] = <unsigned int>row
    rows.free_count += 1


cdef void give_columns(Job* job, Py_ssize_t* at, double* start, Py_ssize_t width) noexcept:
    """The next columns are those of a matrix."""
    cdef Py_ssize_t j
    for j in range(width):
        job.columns[at[0]].start = start + j
        job.columns[at[0]].step = width
        at[0] += 1


cdef bint has_shape(const Py_buffer* view, tuple shape) except -1:
    """Whether a buffer has something of this shape for each point."""
    cdef Py_ssize_t i
    if view.ndim != len(shape) + 1:
        return False
    for i in range(1, view.ndim):
        if view.shape[i] != shape[i - 1]:
            return False
    return True


cdef class Held:
    """What a run holds while it lasts: its arrays and its works."""

    cdef Job job
    cdef Lanes lanes
    cdef list views
    cdef Py_buffer* buffers
    cdef Py_ssize_t buffer_count
    cdef lane_work* works
    cdef Py_ssize_t work_count

    def __cinit__(self, Lanes lanes):
        self.lanes, self.views = lanes, []

    cdef int read(self, sources, shared, Py_ssize_t points, picked, Py_ssize_t width) except -1:
        """The points of a run; see `Lanes.values`."""
        cdef Lanes lanes = self.lanes
        cdef Py_ssize_t i
        cdef size_t k, found = 0
        cdef const double[::1] view
        cdef const long long[::1] rows
        cdef Job* job = &self.job
        if not 1 <= width <= LANE_MOST or width % <Py_ssize_t>lanes.kernels.step:
            raise ValueError(f"the number of lanes must be a multiple of {lanes.kernels.step}, at most {LANE_MOST}, got {width}")
        job.points, job.lanes = points, width
        if picked is not None:
            rows = picked
            for i in range(rows.shape[0]):
                if not 0 <= rows[i] < points:
                    raise IndexError(f"there is no point {rows[i]} among {points}")
            self.views.append(rows)
            job.points = rows.shape[0]
            job.picked = &rows[0] if job.points else NULL
        job.sources = <Source*>room(len(sources), sizeof(Source))
        job.source_count = len(sources)
        for k in range(job.source_count):
            view = sources[k]
            if points and view.shape[0] % points:
                raise ValueError(f"{view.shape[0]} numbers don't make a matrix of {points} rows")
            self.views.append(view)
            job.sources[k].numbers = &view[0] if view.shape[0] else NULL
            job.sources[k].count = view.shape[0] // points if points else 0
            found += job.sources[k].count
        if points and found != lanes.mapped_count:
            raise ValueError(f"lanes of {lanes.mapped_count} mapped inputs got {found} columns")
        job.failed = <unsigned char*>room(job.points, 1)
        return self.read_shared(list(shared))

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.work_count):
            PyMem_Free(self.works[i].values)
        for i in range(self.buffer_count):
            PyBuffer_Release(&self.buffers[i])
        PyMem_Free(self.buffers)
        PyMem_Free(self.works)
        PyMem_Free(self.job.sources)
        PyMem_Free(self.job.failed)
        PyMem_Free(self.job.columns)
        PyMem_Free(self.job.shared)

    cdef int read_shared(self, list numbers) except -1:
        cdef Tape tape = self.lanes.tape
        cdef Py_ssize_t i, k = 0, inputs = tape.inputs, captured = len(tape.captured)
        cdef PyObject** items
        self.job.shared = <double*>PyMem_Malloc((self.lanes.shared_count + 1) * sizeof(double))
        if self.job.shared == NULL:
            raise MemoryError()
        if len(numbers) != inputs - <Py_ssize_t>self.lanes.mapped_count:
            raise ValueError(f"{inputs - <Py_ssize_t>self.lanes.mapped_count} inputs are not mapped, got {len(numbers)} numbers")
        for i in range(inputs):
            if not self.lanes.mapped[i]:
                self.job.shared[k] = numbers[k]
                k += 1
        items = items_of(tape.captured)
        for i in range(captured):
            soon(items, i, captured)
            self.job.shared[k + i] = (<Value>items[i]).number
        k += captured
        for i in range(tape.constants):
            self.job.shared[k] = tape.constant_numbers[i]
            k += 1
        return 0

    cdef Py_buffer* buffer(self, x, int flags) except? NULL:
        """The buffer of an object; NULL if it has no doubles in one piece."""
        cdef Py_buffer* view = &self.buffers[self.buffer_count]
        try:
            PyObject_GetBuffer(x, view, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | flags)
        except (TypeError, BufferError, ValueError):
            return NULL
        self.buffer_count += 1
        return view if view.format != NULL and view.format[0] == b"d" and view.format[1] == 0 else NULL

    cdef object doubles(self, Py_ssize_t count, double** place):
        """An array of so many, which the run fills."""
        cdef double[::1] view
        array = new_array("d", bytes(sizeof(double))) * count
        if count:
            view = array
            self.views.append(view)
            place[0] = &view[0]
        return array

    cdef int make_works(self, Lanes lanes, Py_ssize_t count, Py_ssize_t k) except -1:
        self.works = <lane_work*>room(count, sizeof(lane_work))
        while self.work_count < count:
            self.works[self.work_count].values = <double*>room(lanes.doubles(self.job.lanes), sizeof(double))
            self.work_count += 1
            lanes.prepare(&self.works[self.work_count - 1], &self.job)
        return 0


cdef int in_threads(Held held, list tasks) except -1:
    """Run tasks side by side, the first in this thread. If one raises, the others stop at their next look."""
    cdef list errors = [], others
    def guarded(task):
        try:
            task()
        except BaseException as error:
            held.job.stopped = True
            errors.append(error)
    if len(tasks) == 1:
        tasks[0]()
        return 0
    others = [threading.Thread(target=guarded, args=(task,), daemon=True) for task in tasks[1:]]
    for thread in others:
        thread.start()
    guarded(tasks[0])
    for thread in others:
        while thread.is_alive():
            try:
                thread.join()
            except BaseException as error:
                held.job.stopped = True
                errors.append(error)
    if errors:
        raise errors[0]
    return 0
