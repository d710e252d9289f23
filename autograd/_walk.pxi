# Part of _native.pyx: the topological order, and the walk back along it.
#
# No Python runs while a walk is under way, because it might walk over the same nodes. A graph with local gradients that Python
# must compute is walked by `_adjoints` of value.py.

cdef enum:
    SMALL = 512  # nodes for which a walk needs no memory but its own


cdef struct Step:
    PyObject* node
    Py_ssize_t next  # the operand to look at


cdef struct Walk:
    # A node knows the place where the walk met it. That it was this walk and no older one shows in `met`: the node
    # stands there. So nothing needs to be cleared, and walks may follow each other in any way.
    PyObject** met
    unsigned int* order  # places, parents first
    double* adjoints  # by place
    Step* stack
    size_t count, ordered, capacity, depth, stack_capacity
    bint late  # whether a node was met whose local gradients Python must compute
    PyObject* small_met[SMALL]
    unsigned int small_order[SMALL]
    double small_adjoints[SMALL]
    Step small_stack[SMALL]


cdef void begin(Walk* walk) noexcept:
    global walks
    walks += 1
    walk.met, walk.order, walk.adjoints, walk.stack = walk.small_met, walk.small_order, walk.small_adjoints, walk.small_stack
    walk.count = walk.ordered = walk.depth = 0
    walk.capacity = walk.stack_capacity = SMALL
    walk.late = False


cdef void end(Walk* walk) noexcept:
    if walk.met != walk.small_met:
        PyMem_Free(walk.met)
    if walk.order != walk.small_order:
        PyMem_Free(walk.order)
    if walk.adjoints != walk.small_adjoints:
        PyMem_Free(walk.adjoints)
    if walk.stack != walk.small_stack:
        PyMem_Free(walk.stack)


cdef void* grown(void* memory, void* small, size_t old, size_t new) except NULL:
    """Memory for more; what does not fit into the walk's own memory any more moves out of it."""
    cdef void* larger = PyMem_Realloc(NULL if memory == small else memory, new)
    if larger == NULL:
        raise MemoryError()
    if memory == small:
        memcpy(larger, small, old)
    return larger


cdef int grow_places(Walk* walk) except -1:
    cdef size_t capacity = 4 * walk.capacity
    if capacity > 0xFFFFFFFFu:
        raise MemoryError("a graph of more than four thousand million nodes")
    walk.met = <PyObject**>grown(walk.met, walk.small_met, walk.capacity * sizeof(PyObject*), capacity * sizeof(PyObject*))
    walk.order = <unsigned int*>grown(walk.order, walk.small_order, walk.capacity * sizeof(int), capacity * sizeof(int))
    walk.capacity = capacity
    return 0


cdef int grow_stack(Walk* walk) except -1:
    cdef size_t capacity = 4 * walk.stack_capacity
    walk.stack = <Step*>grown(walk.stack, walk.small_stack, walk.stack_capacity * sizeof(Step), capacity * sizeof(Step))
    walk.stack_capacity = capacity
    return 0


cdef inline bint is_met(Walk* walk, PyObject* node) noexcept:
    cdef size_t place = (<Value>node).place
    return place < walk.count and walk.met[place] == node


cdef inline void meet(Walk* walk, PyObject* node) noexcept:
    (<Value>node).place = <unsigned int>walk.count
    walk.met[walk.count] = node
    walk.count += 1


cdef inline void put_in_order(Walk* walk, PyObject* node) noexcept:
    walk.order[walk.ordered] = (<Value>node).place
    walk.ordered += 1


cdef int next_of_many(Walk* walk, Step* step, PyObject** found) except -1:
    """The next operand that was not met and has parents; the leaves before it are met and put in order on the way."""
    cdef Block* block = <Block*>(<Value>step.node).a
    cdef PyObject* operand
    walk.late |= block.later != NULL
    while walk.capacity - walk.count <= <size_t>block.count:
        grow_places(walk)
    while step.next < block.count:
        operand = block.operands[step.next]
        step.next += 1
        if PyFloat_CheckExact(<object>operand) or is_met(walk, operand):
            continue
        if (<Value>operand).shape != LEAF:
            found[0] = operand
            return 0
        meet(walk, operand)
        put_in_order(walk, operand)
    return 0


cdef int visit(Walk* walk, PyObject* node) except -1:
    """Depth first, the parents in their order: what `value._order_of` does."""
    cdef size_t bottom = walk.depth
    cdef unsigned char shape
    cdef Step* step
    if is_met(walk, node):
        return 0
    while True:
        # A node that is met for the first time: a leaf is next in the order, another one waits for its parents.
        if walk.count == walk.capacity:
            grow_places(walk)
        meet(walk, node)
        shape = (<Value>node).shape
        if shape == LEAF:
            put_in_order(walk, node)
        else:
            if walk.depth == walk.stack_capacity:
                grow_stack(walk)
            step = &walk.stack[walk.depth]
            walk.depth += 1
            step.node = node
            step.next = 0
            if shape != MANY:
                step.next = 1
                if not is_met(walk, (<Value>node).a):
                    node = (<Value>node).a
                    continue
        # Back to those that wait, until one has a parent that was not met.
        node = NULL
        while walk.depth != bottom:
            step = &walk.stack[walk.depth - 1]
            shape = (<Value>step.node).shape
            if shape == MANY:
                next_of_many(walk, step, &node)
            elif shape == BOTH and step.next == 1:
                step.next = 2
                if not is_met(walk, (<Value>step.node).b):
                    node = (<Value>step.node).b
            if node != NULL:
                break
            put_in_order(walk, step.node)
            walk.depth -= 1
        if node == NULL:
            return 0


cdef void pull_back(Walk* walk, bint keep) noexcept:
    """The chain rule, from the last node of the order to the first; with `keep` each adjoint is added to its node."""
    cdef size_t i, k, place
    cdef Py_ssize_t j
    cdef double upstream
    cdef double* adjoints = walk.adjoints
    cdef PyObject* node
    cdef Block* block
    cdef PyObject* operand
    for i in range(walk.ordered, 0, -1):
        place = walk.order[i - 1]
        node = walk.met[place]
        upstream = adjoints[place]
        if keep:
            accumulate(node, upstream)
        if (<Value>node).shape == LEAF or upstream == 0.0:  # zero stops here: 0 times an infinite local gradient is 0, not nan
            continue
        if (<Value>node).shape != MANY:
            adjoints[(<Value>(<Value>node).a).place] += upstream * (<Value>node).first
            if (<Value>node).shape == BOTH:
                adjoints[(<Value>(<Value>node).b).place] += upstream * (<Value>node).second
            continue
        block = <Block*>(<Value>node).a
        if block.parents == block.count:
            for j in range(block.count):
                adjoints[(<Value>block.operands[j]).place] += upstream * block.local_gradients[j]
            continue
        k = 0
        for j in range(block.count):
            operand = block.operands[j]
            if not PyFloat_CheckExact(<object>operand):
                adjoints[(<Value>operand).place] += upstream * block.local_gradients[k]
                k += 1


cdef inline void accumulate(PyObject* node, double adjoint) noexcept:
    (<Value>node).gradient = adjoint + ((<Value>node).gradient if (<Value>node).has_gradient and (<Value>node).gradient != 0.0 else 0.0)
    (<Value>node).has_gradient = 1


cdef int start(Walk* walk, PyObject** roots, double* seeds, Py_ssize_t count) except -1:
    """Everything that the roots were computed from, in order, and the seeds as the first adjoints."""
    cdef Py_ssize_t i
    for i in range(count):
        visit(walk, roots[i])
    if walk.count > SMALL:
        walk.adjoints = <double*>grown(walk.adjoints, walk.small_adjoints, 0, walk.count * sizeof(double))
    memset(walk.adjoints, 0, walk.count * sizeof(double))
    for i in range(count):
        walk.adjoints[(<Value>roots[i]).place] += seeds[i]
    return 0


cdef bint walk_one_step(PyObject* root, double seed) noexcept:
    """Add the gradients of a node whose operands are leaves, each of them once; or do nothing and return False."""
    cdef Block* block
    cdef Py_ssize_t i
    cdef double upstream = 0.0 + seed
    if (<Value>root).shape != MANY:
        return False
    block = <Block*>(<Value>root).a
    if not block.distinct or block.later != NULL or block.parents != block.count:
        return False
    for i in range(0 if block.leaves else block.count):
        soon(block.operands, i, block.count)
        if (<Value>block.operands[i]).shape != LEAF:
            return False
    accumulate(root, upstream)
    for i in range(block.count):
        soon(block.operands, i, block.count)
        accumulate(block.operands[i], 0.0 + upstream * block.local_gradients[i] if upstream != 0.0 else 0.0)
    return True


cdef bint walk_back(PyObject** roots, double* seeds, Py_ssize_t count) except -1:
    """Add the gradients; or do nothing and return False where Python must compute some of them."""
    cdef Walk walk
    if count == 1 and walk_one_step(roots[0], seeds[0]):
        return True
    begin(&walk)
    try:
        start(&walk, roots, seeds, count)
        if not walk.late:
            pull_back(&walk, True)
        return not walk.late
    finally:
        end(&walk)


def _walk_back(list roots not None, list seeds not None):
    cdef tuple held = tuple(roots)
    cdef list floats = [<double>x for x in seeds]
    cdef Py_ssize_t i, count = PyTuple_GET_SIZE(held)
    cdef PyObject** pointers
    cdef double* numbers
    cdef bint done = False
    if not (blocks_are_open and current_modes.get().detecting):
        pointers = <PyObject**>PyMem_Malloc((count + 1) * (sizeof(PyObject*) + sizeof(double)))
        if pointers == NULL:
            raise MemoryError()
        numbers = <double*>(pointers + count + 1)
        try:
            for i, (root, seed) in enumerate(zip(held, floats, strict=True)):
                pointers[i] = <PyObject*>(<Value?>root)
                numbers[i] = seed
            done = walk_back(pointers, numbers, count)
        finally:
            PyMem_Free(pointers)
    if not done:
        order = _order_of(held)
        adjoints = _adjoints(order, held, floats)
        for i, node in enumerate(order):
            accumulate(<PyObject*>node, adjoints[node])


def _derivatives(Value output not None, list inputs not None):
    cdef list found = [0.0 for _ in inputs]
    cdef tuple held = tuple(inputs)
    if blocks_are_open and current_modes.get().detecting or not derive(output, held, found):
        adjoints = _adjoints(_order_of((output,)), (output,), (1.0,))
        return [adjoints.get(x, 0.0) for x in inputs]
    return found


cdef bint derive(Value output, tuple inputs, list found) except -1:
    """Put the derivatives in; or do nothing and return False where Python must compute some of them."""
    cdef Walk walk
    cdef double one = 1.0
    cdef Py_ssize_t i
    cdef PyObject* x
    cdef PyObject* root = <PyObject*>output
    begin(&walk)
    try:
        start(&walk, &root, &one, 1)
        if not walk.late:
            pull_back(&walk, False)
            for i in range(PyTuple_GET_SIZE(inputs)):
                x = <PyObject*><Value?>inputs[i]
                if is_met(&walk, x):
                    found[i] = walk.adjoints[(<Value>x).place]
        return not walk.late
    finally:
        end(&walk)


def _order_of(roots):
    cdef Walk walk
    cdef size_t i
    cdef tuple held = tuple(roots)
    cdef list found
    begin(&walk)
    try:
        for root in held:
            visit(&walk, <PyObject*><Value?>root)
        found = [None] * <Py_ssize_t>walk.ordered
        for i in range(walk.ordered):
            found[i] = <object>walk.met[walk.order[i]]
        return found
    finally:
        end(&walk)
