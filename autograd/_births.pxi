# Part of _native.pyx: what is needed to read a program off a function that runs.
#
# While a `Births` is on, every node that its thread makes is kept alive, in order. Nobody looks at what else happens:
# comparisons, bool and the reading of fields go the way of `Face` then, which is where a recorder listens.

from array import array

from .program import SAFE, stop as STOP

cdef list listening = []  # those that are on


cdef struct Birth:
    PyObject* node
    PyObject* source  # of a leaf that stands for a node from which no derivative comes: that node; else NULL


@cython.final
cdef class Births:
    """The nodes that a thread makes between `start` and `stop`, in order.

    >>> from autograd.engines import chosen
    >>> births = chosen.Births()
    >>> births.start(); x = chosen.Value(1.0); y = x + 1.0; births.stop()
    >>> len(births), y in births, chosen.Value(1.0) in births
    (2, True, False)
    """

    cdef Birth* nodes
    cdef size_t count, capacity, walks
    cdef unsigned long thread
    cdef bint failed  # for want of memory

    def __dealloc__(self):
        cdef PyObject* node
        while self.count:
            self.count -= 1
            node = self.nodes[self.count].source
            Py_XDECREF(node)
            Py_DECREF(<object>self.nodes[self.count].node)
        PyMem_Free(self.nodes)

    def start(self):
        """From now on, in this thread."""
        global recording
        if self in listening:
            raise RuntimeError("these births are listened to already")
        self.thread = PyThread_get_thread_ident()
        listening.append(self)
        recording += 1

    def stop(self):
        """No longer."""
        global recording
        if self in listening:
            listening.remove(self)
            recording -= 1

    def __len__(self):
        return self.count

    @property
    def leaves(self):
        """How many of them are leaves, and not the number of another node."""
        cdef size_t i, found = 0
        for i in range(self.count):
            found += (<Value>self.nodes[i].node).shape == LEAF and self.nodes[i].source == NULL
        return found

    def __contains__(self, node):
        return isinstance(node, Value) and birth_of(self, <PyObject*>node) != NULL

    def stopped(self, leaf, source):
        """Take note that a leaf that was born is the number of another node, from which no derivative comes."""
        cdef Birth* birth = birth_of(self, <PyObject*><Value?>leaf)
        if birth != NULL and birth.source == NULL and birth.node != <PyObject*>source:
            birth.source = owned(<Value?>source)


cdef Birth* birth_of(Births births, PyObject* node) noexcept:
    """Where a node stands among them; NULL if it doesn't."""
    cdef unsigned int place = (<Value>node).place
    if place < births.count and births.nodes[place].node == node:
        return &births.nodes[place]
    if births.walks == walks:
        return NULL
    put_in_place(births)
    place = (<Value>node).place
    return &births.nodes[place] if place < births.count and births.nodes[place].node == node else NULL


cdef void put_in_place(Births births) noexcept:
    """Write into each node where it stands, after other walks have."""
    global walks
    cdef size_t i
    walks += 1  # for the others that are on
    for i in range(births.count):
        (<Value>births.nodes[i].node).place = <unsigned int>i
    births.walks = walks


cdef void born(PyObject* node) noexcept:
    """A new node, of which only the number counts yet, while `recording`. No Python runs."""
    global walks
    cdef Births births
    cdef Birth* larger
    cdef size_t capacity
    cdef Py_ssize_t i, heard = 0
    cdef unsigned long thread = PyThread_get_thread_ident()
    for i in range(len(listening)):
        births = <Births>listening[i]
        if births.thread != thread:
            continue
        heard += 1
        if births.count == births.capacity:
            capacity = 2 * births.capacity + 64
            larger = <Birth*>PyMem_Realloc(births.nodes, capacity * sizeof(Birth))
            if larger == NULL or capacity > 0xFFFFFFFEu:
                births.failed = True
                continue
            births.nodes, births.capacity = larger, capacity
        Py_INCREF(<object>node)
        births.nodes[births.count].node = node
        births.nodes[births.count].source = NULL
        (<Value>node).place = <unsigned int>births.count
        births.count += 1
    if heard > 1:
        walks += 1


cdef int stopped_here(PyObject* leaf, PyObject* source) except -1:
    """`Births.stopped` of all that this thread's are."""
    cdef Births births
    cdef unsigned long thread = PyThread_get_thread_ident()
    for births in list(listening):
        if births.thread == thread:
            births.stopped(<object>leaf, <object>source)
    return 0


cdef bint listens() noexcept:
    """Whether this thread records, while `recording`."""
    cdef Py_ssize_t i
    cdef unsigned long thread = PyThread_get_thread_ident()
    for i in range(len(listening)):
        if (<Births>listening[i]).thread == thread:
            return True
    return False


# ---- reading a program -----------------------------------------------------------------------------

cdef enum:  # kinds of slots, in the upper two bits while they are counted
    OF_INPUT
    OF_CAPTURED
    OF_CONSTANT
    OF_CODE
    KIND = 30

cdef unsigned int NO_SLOT = 0xFFFFFFFFu

cdef bint[RULE_COUNT] SAFE_RULES  # which rules are of records that never raise


cdef int load_safe_rules() except -1:
    for rule in range(RULE_COUNT):
        SAFE_RULES[rule] = RECORDS[rule] in SAFE
    return 0


load_safe_rules()


cdef struct Numbers:
    # A list of numbers that grows.
    void* items
    size_t count, capacity


cdef void* add_item(Numbers* numbers, size_t size) except NULL:
    """Room for one more item."""
    cdef size_t capacity
    cdef void* larger
    if numbers.count == numbers.capacity:
        capacity = 2 * numbers.capacity + 64
        larger = PyMem_Realloc(numbers.items, capacity * size)
        if larger == NULL:
            raise MemoryError()
        numbers.items, numbers.capacity = larger, capacity
    numbers.count += 1
    return <char*>numbers.items + (numbers.count - 1) * size


cdef inline int add_int(Numbers* numbers, unsigned int x) except -1:
    (<unsigned int*>add_item(numbers, sizeof(int)))[0] = x
    return 0


@cython.final
@cython.no_gc
cdef class _Reader:
    """Reads the graph of some roots into the arrays of a program. No Python runs while it looks at nodes."""

    cdef Births births
    cdef list captured, records, named  # named: of slots and names, in turn
    cdef dict table  # places of the records
    cdef int places_of_rules[RULE_COUNT]
    cdef Numbers others  # nodes that were there before: inputs, then what is captured; their place is behind those of the births
    cdef Numbers slots  # by place
    cdef Numbers constants, starts, operands, ops, stack
    cdef size_t inputs, code
    cdef unsigned int* shared  # constants by their bits: places among the constants, and one more
    cdef size_t shared_size, shared_count

    def __cinit__(self, Births births not None):
        self.births = births
        self.captured, self.records, self.named, self.table = [], [], [], {}
        memset(self.places_of_rules, -1, sizeof(self.places_of_rules))

    def __dealloc__(self):
        PyMem_Free(self.others.items)
        PyMem_Free(self.slots.items)
        PyMem_Free(self.constants.items)
        PyMem_Free(self.starts.items)
        PyMem_Free(self.operands.items)
        PyMem_Free(self.ops.items)
        PyMem_Free(self.stack.items)
        PyMem_Free(self.shared)

    cdef inline size_t place_of(self, PyObject* node) noexcept:
        """Where a node stands among the births, or behind them among the others; a number that is too high if nowhere."""
        cdef size_t place = (<Value>node).place, n = self.births.count
        if place < n:
            if self.births.nodes[place].node == node:
                return place
        elif place - n < self.others.count and (<PyObject**>self.others.items)[place - n] == node:
            return place
        return <size_t>-1

    cdef size_t add_other(self, PyObject* node) except? 0:
        (<PyObject**>add_item(&self.others, sizeof(PyObject*)))[0] = node
        (<Value>node).place = <unsigned int>(self.births.count + self.others.count - 1)
        add_int(&self.slots, NO_SLOT)
        return (<Value>node).place

    cdef inline unsigned int slot_at(self, size_t place) noexcept:
        return (<unsigned int*>self.slots.items)[place]

    cdef inline void give_slot(self, size_t place, unsigned int kind, size_t number) noexcept:
        (<unsigned int*>self.slots.items)[place] = <unsigned int>(kind << KIND | number)

    cdef unsigned int constant(self, double number) except? 0xFFFFFFFFu:
        """The slot of a number that stood in an operation."""
        cdef unsigned long long bits
        cdef size_t i, mask
        if 2 * (self.shared_count + 1) > self.shared_size:
            self.share_more()
        memcpy(&bits, &number, sizeof(double))
        mask = self.shared_size - 1
        i = mix(bits) & mask
        while self.shared[i]:
            if memcmp(&number, <double*>self.constants.items + self.shared[i] - 1, sizeof(double)) == 0:
                return <unsigned int>OF_CONSTANT << KIND | (self.shared[i] - 1)
            i = (i + 1) & mask
        (<double*>add_item(&self.constants, sizeof(double)))[0] = number
        self.shared[i] = <unsigned int>self.constants.count
        self.shared_count += 1
        return <unsigned int>OF_CONSTANT << KIND | <unsigned int>(self.constants.count - 1)

    cdef int share_more(self) except -1:
        cdef unsigned int* before = self.shared
        cdef size_t i, j, size = self.shared_size
        cdef unsigned long long bits
        self.shared = <unsigned int*>PyMem_Calloc(4 * size + 64, sizeof(int))
        if self.shared == NULL:
            self.shared = before
            raise MemoryError()
        self.shared_size = 4 * size if size else 64
        for i in range(size):
            if before[i]:
                memcpy(&bits, <double*>self.constants.items + before[i] - 1, sizeof(double))
                j = mix(bits) & (self.shared_size - 1)
                while self.shared[j]:
                    j = (j + 1) & (self.shared_size - 1)
                self.shared[j] = before[i]
        PyMem_Free(before)
        return 0

    cdef unsigned int known(self, PyObject* node) except? 0xFFFFFFFFu:
        """The slot of a node, which has its instruction if it needs one."""
        cdef size_t place = self.place_of(node)
        if place == <size_t>-1:
            place = self.add_other(node)
            self.give_slot(place, OF_CAPTURED, len(self.captured))
            self.captured.append(<object>node)
            self.name(node, self.slot_at(place))
        elif self.slot_at(place) == NO_SLOT and (<Value>node).shape == LEAF:
            (<double*>add_item(&self.constants, sizeof(double)))[0] = (<Value>node).number
            self.give_slot(place, OF_CONSTANT, self.constants.count - 1)
            self.name(node, self.slot_at(place))
        return self.slot_at(place)

    cdef inline bint waits(self, PyObject* node) noexcept:
        """Whether a node needs an instruction, and has none yet."""
        cdef size_t place = self.place_of(node)
        if place >= self.births.count or self.slot_at(place) != NO_SLOT:
            return False
        return (<Value>node).shape != LEAF or self.births.nodes[place].source != NULL

    cdef int name(self, PyObject* node, unsigned int slot) except -1:
        if (<Value>node).notes != NULL and (<_Notes>(<Value>node).notes).label:
            self.named += [slot, (<_Notes>(<Value>node).notes).label]
        return 0

    cdef int emit(self, PyObject* node) except -1:
        """The instruction of a born node, whose operands have slots."""
        cdef size_t place = (<Value>node).place
        cdef unsigned char shape = (<Value>node).shape
        cdef Block* block
        cdef Py_ssize_t i
        cdef unsigned int constant
        if self.code >= 0x3FFFFFFFu:
            raise MemoryError("a program of more than a thousand million instructions")
        (<unsigned short*>add_item(&self.ops, sizeof(short)))[0] = self.place_of_record(node)
        add_int(&self.starts, <unsigned int>self.operands.count)
        if shape == LEAF:
            add_int(&self.operands, self.known(self.births.nodes[place].source))
        elif shape == MANY:
            block = <Block*>(<Value>node).a
            for i in range(block.count):
                if PyFloat_CheckExact(<object>block.operands[i]):
                    add_int(&self.operands, self.constant(PyFloat_AS_DOUBLE(<object>block.operands[i])))
                else:
                    add_int(&self.operands, self.known(block.operands[i]))
        else:
            if shape == NUMBER_VALUE:
                add_int(&self.operands, self.constant((<Value>node).second))
            add_int(&self.operands, self.known((<Value>node).a))
            if shape == BOTH:
                add_int(&self.operands, self.known((<Value>node).b))
            elif shape == VALUE_NUMBER:
                add_int(&self.operands, self.constant((<Value>node).second))
        self.give_slot(place, OF_CODE, self.code)
        self.code += 1
        return self.name(node, self.slot_at(place))

    cdef unsigned short place_of_record(self, PyObject* node) except? 0xFFFF:
        cdef int found = -1
        cdef PyObject* kept
        if (<Value>node).shape != LEAF and (<Value>node).shape != MANY:
            found = self.places_of_rules[(<Value>node).rule]
        if found < 0:
            record = STOP if (<Value>node).shape == LEAF else (<Value>node)._primitive
            kept = PyDict_GetItem(self.table, record)
            if kept != NULL:
                found = <object>kept
            else:
                found = len(self.records)
                if found > 0xFFFF:
                    raise OverflowError("a program has at most 65536 different records")
                self.records.append(record)
                self.table[record] = found
            if (<Value>node).shape != LEAF and (<Value>node).shape != MANY:
                self.places_of_rules[(<Value>node).rule] = found
        return <unsigned short>found

    cdef PyObject* operand_of(self, PyObject* node, size_t i, bint* more) noexcept:
        """Operand i of a born node if it is a node, else NULL; `more` says whether there is an operand i at all."""
        cdef unsigned char shape = (<Value>node).shape
        cdef Block* block
        more[0] = True
        if shape == LEAF:
            if i == 0:
                return self.births.nodes[(<Value>node).place].source
        elif shape == MANY:
            block = <Block*>(<Value>node).a
            if i < <size_t>block.count:
                return NULL if PyFloat_CheckExact(<object>block.operands[i]) else block.operands[i]
        elif i == 0:
            return (<Value>node).a
        elif i == 1 and shape == BOTH:
            return (<Value>node).b
        more[0] = False
        return NULL

    cdef int visit(self, PyObject* node) except -1:
        """Depth first, the operands in their order: what `_order_of` does."""
        cdef Step* step
        cdef PyObject* operand
        cdef bint more
        if not self.waits(node):
            return 0
        self.push(node)
        while self.stack.count:
            step = <Step*>self.stack.items + self.stack.count - 1
            operand = self.operand_of(step.node, step.next, &more)
            step.next += 1
            if not more:
                self.stack.count -= 1
                self.emit(step.node)
            elif operand != NULL and self.waits(operand):
                self.push(operand)
        return 0

    cdef int push(self, PyObject* node) except -1:
        cdef Step* step = <Step*>add_item(&self.stack, sizeof(Step))
        step.node, step.next = node, 0
        return 0

    cdef int in_birth_order(self, list wanted) except -1:
        """All that is wanted, in the order of the births."""
        cdef size_t i, place, n = self.births.count, at
        cdef PyObject* node
        cdef PyObject* operand
        cdef bint more
        cdef unsigned char* needed = <unsigned char*>room(n, 1)
        try:
            for x in wanted:
                if isinstance(x, Value):
                    place = self.place_of(<PyObject*>x)
                    if place < n:
                        needed[place] = 1
            for i in range(n, 0, -1):
                node = self.births.nodes[i - 1].node
                if self.slot_at(i - 1) != NO_SLOT or not (needed[i - 1] or self.may_raise(node)):
                    continue
                needed[i - 1] = 1
                at = 0
                while True:
                    operand = self.operand_of(node, at, &more)
                    if not more:
                        break
                    at += 1
                    if operand != NULL:
                        place = self.place_of(operand)
                        if place < n:
                            needed[place] = 1
            for i in range(n):
                if needed[i]:
                    self.visit(self.births.nodes[i].node)  # which finds all operands there
        finally:
            PyMem_Free(needed)
        return 0

    cdef inline bint may_raise(self, PyObject* node) noexcept:
        cdef unsigned char shape = (<Value>node).shape
        return shape == MANY or shape != LEAF and not SAFE_RULES[(<Value>node).rule]

    cdef unsigned int final(self, unsigned int slot) noexcept:
        cdef size_t number = slot & ((1 << KIND) - 1)
        cdef unsigned int kind = slot >> KIND
        if kind >= OF_CAPTURED:
            number += self.inputs
        if kind >= OF_CONSTANT:
            number += len(self.captured)
        if kind >= OF_CODE:
            number += self.constants.count
        return <unsigned int>number

    cdef tuple read(self, list inputs, list roots, list watched, bint in_order):
        cdef size_t i
        cdef unsigned int slot
        cdef PyObject* node
        cdef unsigned int* found
        if self.births.failed:
            raise MemoryError()
        put_in_place(self.births)
        for i in range(self.births.count):
            add_int(&self.slots, NO_SLOT)
        self.inputs = len(inputs)
        for i, x in enumerate(inputs):
            node = <PyObject*><Value?>x
            if self.place_of(node) == <size_t>-1:
                self.add_other(node)
            self.give_slot((<Value>node).place, OF_INPUT, i)
            self.name(node, self.slot_at((<Value>node).place))
        if in_order:
            self.in_birth_order(roots + watched)
        for x in roots + watched:
            if isinstance(x, Value):
                self.visit(<PyObject*>x)
        for i in range(self.births.count):
            node = self.births.nodes[i].node
            if self.slot_at(i) == NO_SLOT and self.may_raise(node):
                self.visit(node)
        slots, positions = array("I"), array("I")
        for i, x in enumerate(roots + watched):
            slot = self.known(<PyObject*>x) if isinstance(x, Value) else self.constant(x)
            slots.append(slot)
            if i >= <size_t>len(roots):
                positions.append((slot & ((1 << KIND) - 1)) + 1 if slot >> KIND == OF_CODE else 0)
        add_int(&self.starts, <unsigned int>self.operands.count)
        found = <unsigned int*>self.operands.items
        for i in range(self.operands.count):
            found[i] = self.final(found[i])
        slots = array("I", [self.final(slot) for slot in slots])
        labels = {self.final(self.named[i]): self.named[i + 1] for i in range(0, len(self.named), 2)}
        constants = tuple([(<double*>self.constants.items)[i] for i in range(self.constants.count)])
        return (
            tuple(self.captured), constants, tuple(self.records), array_of("H", &self.ops, sizeof(short)),
            array_of("I", &self.starts, sizeof(int)), array_of("I", &self.operands, sizeof(int)), slots, positions, labels,
        )  # fmt: skip


cdef inline size_t mix(unsigned long long bits) noexcept:
    """Bits of a double spread over a word (the finalizer of MurmurHash3)."""
    bits ^= bits >> 33
    bits *= 0xFF51AFD7ED558CCDu
    bits ^= bits >> 33
    return <size_t>bits


cdef object array_of(str code, Numbers* numbers, size_t size):
    cdef object found = array(code)
    if numbers.count:
        found.frombytes(<bytes>(<char*>numbers.items)[: numbers.count * size])
    return found


def _read_graph(Births births not None, inputs, roots, watched=(), bint in_order=False):
    """What the nodes of some roots are as a program: the arrays of `Program`, and the slots of the roots.

    Args:
        births: the nodes that were made meanwhile, no longer on.
        inputs: Values that are inputs.
        roots: Values, the results.
        watched: Values and floats of which guards are made.
        in_order: whether the instructions stand in the order in which they were computed, as guards need it; else they stand in the
            order in which `_order_of` lists the roots'.

    Returns:
        Captured Values, constants, records, ops, starts, operands; the slots of the roots and what is watched; for what is
        watched, how many instructions it needs; labels by slot.
    """
    while True:
        found = _Reader(births).read(list(inputs), list(roots), list(watched), in_order)
        if births.walks == walks:  # else the collector ran Python, which walked over the same nodes
            return found
