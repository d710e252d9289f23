# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The native engine: the Value of `autograd.value` in C.

What is here is what costs time: a node's memory, arithmetic, the topological order and the walk back. All else,
the public face with its docstrings, its errors and everything rare, is not written a second time: `_dress` takes
the reference engine's own functions and lets them look their names up here. So `Value` is the same class twice.

A node is 80 bytes. It holds its parents and the local gradients towards them as doubles, computed at once by a rule
of `_rules.pxi`, which is translated from the records. Where a rule gives up (a pole, an overflow, a domain, a kernel
that needs more than doubles), the reference engine's general way computes the node, or raises.

The garbage collector does not look at nodes. A node only refers to older ones, so that no cycle can come about, and
reference counts free everything; see `free_node` for how that needs no recursion. Only an instance of a subclass can close
a cycle, by its attributes. So what is computed from one, and what is computed from that, is allocated with the collector's
header, and the type's `tp_is_gc` says which nodes have it: the field `collected`.

While Python runs, anything may change: lists, other graphs, the class of a node. So nothing is borrowed from a list across a
call into Python, and no walk goes on after one.

The n-ary primitives are in `_series.pxi`, the order and the walk back in `_walk.pxi`.
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_AsDouble, PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport Py_EQ, Py_GE, Py_GT, Py_LE, Py_LT, PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport INFINITY, NAN
from libc.string cimport memcpy, memset

import numbers as abstract_numbers
import types

from . import modes
from . import records as p
from . import value as reference
from .micrograd import Micrograd
from .operators import Operators, is_operand
from .record import Primitive, is_real, is_tracked, listed, to_float

__all__ = ["Value", "backward", "gradients", "topological_order"]

cdef extern from "Python.h":
    ctypedef PyObject* (*vectorcallfunc)(PyObject*, PyObject**, size_t, PyObject*)
    ctypedef PyObject* (*ternaryfunc)(PyObject*, PyObject*, PyObject*)
    ctypedef void (*destructor)(PyObject*)
    ctypedef void (*freefunc)(void*)
    ctypedef int (*visitproc)(PyObject*, void*)
    ctypedef int (*traverseproc)(PyObject*, visitproc, void*)
    ctypedef int (*inquiry)(PyObject*)
    ctypedef PyObject* (*newfunc)(PyTypeObject*, PyObject*, PyObject*)
    ctypedef PyObject* (*descrgetfunc)(PyObject*, PyObject*, PyObject*)
    ctypedef int (*descrsetfunc)(PyObject*, PyObject*, PyObject*)
    ctypedef struct PyNumberMethods:
        void* nb_float
    ctypedef struct PyTypeObject:
        destructor tp_dealloc
        freefunc tp_free
        ternaryfunc tp_call
        newfunc tp_new
        traverseproc tp_traverse
        inquiry tp_is_gc
        descrgetfunc tp_descr_get
        descrsetfunc tp_descr_set
        PyNumberMethods* tp_as_number
        vectorcallfunc tp_vectorcall
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
        PyObject* tp_dict
    void* PyObject_Malloc(size_t size)
    void PyObject_Free(void* memory)
    PyObject* PyObject_Init(PyObject* memory, PyTypeObject* kind)
    PyObject* new_with_header "_PyObject_GC_New"(PyTypeObject* kind)
    void PyObject_GC_Del(void* memory)
    void PyObject_GC_Track(PyObject* x)
    void PyObject_GC_UnTrack(PyObject* x)
    PyObject* PyFloat_FromDouble(double x)
    int PyObject_GenericSetAttr(object x, object name, object value) except -1
    bint PyBool_Check(object x)
    bint PyObject_TypeCheck(PyObject* x, PyTypeObject* kind)
    void Py_SET_REFCNT(PyObject* x, Py_ssize_t count)
    PyObject* PyVectorcall_Call(PyObject*, PyObject*, PyObject*)
    void PyType_Modified(PyTypeObject* kind)
    unsigned long Py_TPFLAGS_HAVE_GC
    unsigned long Py_TPFLAGS_HEAPTYPE
    unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    unsigned long Py_TPFLAGS_METHOD_DESCRIPTOR
    PyTypeObject* Py_TYPE(PyObject* x) nogil
    Py_ssize_t Py_REFCNT(PyObject* x) nogil
    Py_ssize_t PyVectorcall_NARGS(size_t n)
    object PyObject_Vectorcall(object f, PyObject** args, size_t n, PyObject* names)
    object PyMethod_New(object function, object instance)
    int PyContextVar_Get(object variable, PyObject* otherwise, PyObject** found) except -1
    Py_hash_t hash_by_identity "PyBaseObject_Type.tp_hash"(PyObject* x)

cdef extern from *:
    """
    /* Without the interpreter's lock, and where every object is in a list, freed objects can't be taken up again like this. */
    #if defined(Py_GIL_DISABLED) || defined(Py_TRACE_REFS)
    #define KEEPS_NODES 0
    #else
    #define KEEPS_NODES 1
    #endif
    /* A new reference as an object of Cython's, without counting it up and down again. */
    #define taken(x) (x)
    #define list_items(x) PySequence_Fast_ITEMS(x)
    #define list_size(x) PySequence_Fast_GET_SIZE(x)
    #define items_of(x) PySequence_Fast_ITEMS(x)
    /* Whether a block of `modes` is open anywhere: the size of their set, which is asked for at every node. */
    static PyObject *open_blocks;
    #define unusual (PySet_GET_SIZE(open_blocks) != 0)
    """
    bint KEEPS_NODES
    bint unusual
    PyObject* open_blocks
    object taken(PyObject* x)
    PyObject** list_items(PyObject* x)
    PyObject** items_of(tuple x)
    Py_ssize_t list_size(PyObject* x)

cdef extern from "<math.h>" nogil:
    bint c_isfinite "isfinite"(double x)
    double c_fabs "fabs"(double x)
    double c_floor "floor"(double x)
    double c_copysign "copysign"(double x, double y)
    double libm_pow "pow"(double x, double y)


# ---- what the rules stand on -----------------------------------------------------------------------
# A rule clears `ok` where Python must be asked; its numbers mean nothing then.


cdef inline double ask(int* ok) noexcept nogil:
    ok[0] = 0
    return NAN


cdef inline double finite(double x, int* ok) noexcept nogil:
    if not c_isfinite(x):
        ok[0] = 0
    return x


cdef inline double c_div(double x, double y, int* ok) noexcept nogil:
    if y == 0.0:
        ok[0] = 0
        return NAN
    return x / y


cdef inline double c_pow(double x, double y, int* ok) noexcept nogil:
    # Python takes the power of -x where x is negative and y whole, and so does this, for the same bits.
    cdef double z
    if y == 1.0:
        return finite(x, ok)
    if x < 0.0:
        if c_floor(y) != y:
            return ask(ok)
        z = libm_pow(-x, y)
        return finite(-z if c_floor(0.5 * y) != 0.5 * y else z, ok)
    return finite(libm_pow(x, y), ok)


include "_rules.pxi"


ctypedef void (*unary_rule)(double, double*, double*, int*) noexcept nogil
ctypedef void (*binary_rule)(double, double, int, double*, double*, double*, int*) noexcept nogil

cdef enum:
    MOST = 255  # rules; there are about eighty records. A node keeps the number of its rule in a byte

cdef struct Rule:
    PyObject* record
    unary_rule unary
    binary_rule binary

cdef Rule RULES[MOST]
cdef int rule_count = 0
cdef dict numbers = {}  # of the rules, by record


cdef int number_of(str name) except -1:
    """A new row in the table of rules for the record of that name."""
    global rule_count
    if rule_count == MOST:
        raise SystemError("the table of rules is full")
    record = getattr(p, name)
    Py_INCREF(record)
    RULES[rule_count].record = <PyObject*>record
    RULES[rule_count].unary = NULL
    RULES[rule_count].binary = NULL
    numbers[record] = rule_count
    rule_count += 1
    return rule_count - 1


cdef int set_unary(str name, unary_rule rule) except -1:
    RULES[number_of(name)].unary = rule
    return 0


cdef int set_binary(str name, binary_rule rule) except -1:
    RULES[number_of(name)].binary = rule
    return 0


load_rules()

cdef int ADD = numbers[p.add], SUBTRACT = numbers[p.subtract], MULTIPLY = numbers[p.multiply]
cdef int DIVIDE = numbers[p.divide], POWER = numbers[p.power], NEGATIVE = numbers[p.negative]
cdef int POSITIVE = numbers[p.positive], ABSOLUTE = numbers[p.absolute]

cdef object current_modes = modes.current
cdef object entered = modes.entered
cdef object blocks = modes.unusual
open_blocks = <PyObject*>blocks

# ---- the node --------------------------------------------------------------------------------------

# How a node's operands lie in it: none; one Value; two; a Value and a number; a number and a Value; or in a Block.
cdef enum:
    LEAF
    ONE
    BOTH
    VALUE_NUMBER
    NUMBER_VALUE
    MANY


cdef struct Block:
    Py_ssize_t count  # operands
    Py_ssize_t parents  # how many of them are Values
    PyObject* record
    PyObject* later  # a closure for the local gradients, where computing them at once raised; else NULL
    double* local_gradients
    PyObject** operands  # Values, and floats where plain numbers stood


@cython.final
@cython.no_gc
cdef class _Notes:
    """What few nodes have."""

    cdef object label, source, groups

    def __cinit__(self):
        self.label = self.source = ""
        self.groups = ()


@cython.no_gc
@cython.auto_pickle(False)
@cython.c_api_binop_methods(True)
cdef class Value:
    # What the walk back reads and writes lies together, at the end.
    cdef double number
    cdef PyObject* notes
    cdef double gradient
    cdef double first  # local gradients; `second` is the number where an operand is one
    cdef double second
    cdef unsigned int place  # in the walk that saw this node last; see `Walk`
    cdef unsigned char rule
    cdef unsigned char collected  # whether it was allocated with the garbage collector's header
    cdef unsigned char shape
    cdef unsigned char has_gradient
    cdef PyObject* a  # parents; or a Block
    cdef PyObject* b

    # Memory: see `new_node`, `new_leaf` and `free_node`.

    # ---- operators: called as in C, with either operand of this class --------------------------------

    def __add__(left, right):
        return arithmetic(ADD, b_add, left, right)

    def __sub__(left, right):
        return arithmetic(SUBTRACT, b_subtract, left, right)

    def __mul__(left, right):
        return arithmetic(MULTIPLY, b_multiply, left, right)

    def __truediv__(left, right):
        return arithmetic(DIVIDE, b_divide, left, right)

    def __mod__(left, right):
        return Operators.__mod__(left, right) if isinstance(left, Value) else Operators.__rmod__(right, left)

    def __pow__(left, right, modulus):
        if modulus is not None:
            return Operators.__pow__(left, right, modulus) if isinstance(left, Value) else NotImplemented
        return arithmetic(POWER, b_power, left, right)

    def __neg__(self):
        return unary(NEGATIVE, u_negative, self)

    def __pos__(self):
        return unary(POSITIVE, u_positive, self)

    def __abs__(self):
        return unary(ABSOLUTE, u_absolute, self)

    def __bool__(self):
        return self.number != 0.0

    def __float__(self):
        return Operators.__float__(self)

    def __int__(self):
        return Operators.__int__(self)

    def __richcmp__(self, other, int how):
        cdef double x = (<Value>self).number, y
        if Py_TYPE(<PyObject*>other) == VALUE:
            y = (<Value>other).number
        elif PyFloat_CheckExact(other):
            y = PyFloat_AS_DOUBLE(other)
        else:
            return COMPARISONS[how](self, other)
        if how == Py_LT:
            return x < y
        if how == Py_LE:
            return x <= y
        if how == Py_GT:
            return x > y
        if how == Py_GE:
            return x >= y
        if how == Py_EQ:
            return x == y
        return x != y

    def __hash__(self):
        return hash_by_identity(<PyObject*>self)

    def __setattr__(self, name, x):
        try:
            PyObject_GenericSetAttr(self, name, x)
        except AttributeError as error:
            raise _refusal(self, name, error) from None

    # ---- the slots of the reference engine, for its functions ----------------------------------------

    @property
    def _data(self):
        return self.number

    @_data.setter
    def _data(self, double number):
        self.number = number

    @property
    def _grad(self):
        return self.gradient if self.has_gradient else None

    @_grad.setter
    def _grad(self, number):
        if number is None:
            self.has_gradient = 0
        else:
            self.gradient = number
            self.has_gradient = 1

    @property
    def _parents(self):
        if self.shape == LEAF:
            return ()
        if self.shape == BOTH:
            return (<object>self.a, <object>self.b)
        if self.shape != MANY:
            return (<object>self.a,)
        return tuple([x for x in self._operands if not PyFloat_CheckExact(x)])

    @_parents.setter
    def _parents(self, none):
        """The constructor makes a leaf, and this is one."""

    @property
    def _operands(self):
        cdef Block* block
        cdef Py_ssize_t i
        if self.shape == ONE:
            return (<object>self.a,)
        if self.shape == BOTH:
            return (<object>self.a, <object>self.b)
        if self.shape == VALUE_NUMBER:
            return (<object>self.a, self.second)
        if self.shape == NUMBER_VALUE:
            return (self.second, <object>self.a)
        block = <Block*>self.a
        return tuple([<object>block.operands[i] for i in range(block.count)])

    @property
    def _primitive(self):
        return <object>((<Block*>self.a).record if self.shape == MANY else RULES[self.rule].record)

    def _local_gradients(self):
        cdef Block* block
        cdef Py_ssize_t i
        if self.shape == BOTH:
            return (self.first, self.second)
        if self.shape != MANY:
            return (self.first,)
        block = <Block*>self.a
        if block.later != NULL:
            return (<object>block.later)()
        return tuple([block.local_gradients[i] for i in range(block.parents)])

    @property
    def _label(self):
        return noted(self).label

    @_label.setter
    def _label(self, label):
        notes_of(self).label = label

    @property
    def _source(self):
        return noted(self).source

    @_source.setter
    def _source(self, source):
        notes_of(self).source = source

    @property
    def _groups(self):
        return noted(self).groups

    @_groups.setter
    def _groups(self, groups):
        notes_of(self).groups = groups


cdef PyTypeObject* VALUE = <PyTypeObject*>Value
cdef tuple COMPARISONS = tuple([vars(Operators)[f"__{name}__"] for name in ("lt", "le", "eq", "ne", "gt", "ge")])
cdef _Notes NOTHING = _Notes()

# Lists of nodes, linked through the memory of their numbers.
cdef PyObject* waiting = NULL  # those whose last reference is gone, or is this list's
cdef PyObject* kept = NULL  # freed ones
cdef int kept_count = 0
cdef int KEPT_AT_MOST = 4096 if KEEPS_NODES else 0
cdef bint freeing = False
cdef Py_ssize_t sizeof_node = Value.__basicsize__
cdef newfunc allocate = VALUE.tp_new  # Cython's


cdef inline PyObject** next_of(PyObject* node) noexcept:
    return <PyObject**>&(<Value>node).number


cdef inline PyObject* new_node(int rule, unsigned char shape, double number, bint collected) except NULL:
    """A node without parents yet, from the kept ones if there are any.

    With `collected` the collector will look at it, once `given` or `as_modes_say` has handed it out.
    """
    global kept, kept_count
    cdef PyObject* pointer = kept
    if collected:
        pointer = new_with_header(VALUE)
        if pointer == NULL:
            raise MemoryError()
    elif pointer != NULL:
        kept = next_of(pointer)[0]
        kept_count -= 1
        Py_SET_REFCNT(pointer, 1)
    else:
        pointer = <PyObject*>PyObject_Malloc(sizeof_node)
        if pointer == NULL:
            raise MemoryError()
        PyObject_Init(pointer, VALUE)
    (<Value>pointer).number = number
    (<Value>pointer).notes = NULL
    (<Value>pointer).place = 0
    (<Value>pointer).rule = <unsigned char>rule
    (<Value>pointer).collected = collected
    (<Value>pointer).shape = shape
    (<Value>pointer).has_gradient = 0
    return pointer


cdef PyObject* new_leaf(PyTypeObject* kind, PyObject* arguments, PyObject* named) except NULL:
    """`Value.__new__`. Instances of subclasses have the collector's header."""
    if kind == VALUE:
        return new_node(-1, LEAF, 0.0, False)
    cdef PyObject* leaf = allocate(kind, arguments, named)
    if leaf != NULL:
        (<Value>leaf).collected = True
    return leaf


cdef int has_header(PyObject* node) noexcept:
    return (<Value>node).collected


cdef int look_through(PyObject* node, visitproc visit, void* argument) noexcept:
    """What the collector sees of a node (`tp_traverse`). There is nothing to clear: a cycle runs through attributes of a subclass."""
    cdef Block* block
    cdef Py_ssize_t i
    cdef int stop = visit(<PyObject*>Py_TYPE(node), argument)
    if stop == 0 and (<Value>node).shape == MANY:
        block = <Block*>(<Value>node).a
        stop = visit(block.record, argument)
        if stop == 0 and block.later != NULL:
            stop = visit(block.later, argument)
        i = 0
        while stop == 0 and i < block.count:
            stop = visit(block.operands[i], argument)
            i += 1
    elif stop == 0 and (<Value>node).shape != LEAF:
        stop = visit((<Value>node).a, argument)
        if stop == 0 and (<Value>node).shape == BOTH:
            stop = visit((<Value>node).b, argument)
    return stop


cdef inline object given(PyObject* node):
    """The new node, for the caller to keep."""
    return as_modes_say(taken(node)) if unusual or (<Value>node).collected else taken(node)


cdef inline void release(PyObject* node) noexcept:
    global waiting
    if Py_REFCNT(node) == 1 and Py_TYPE(node) == VALUE:
        if (<Value>node).collected:
            PyObject_GC_UnTrack(node)  # nobody may come upon it any more
        next_of(node)[0] = waiting
        waiting = node
    else:
        Py_DECREF(<object>node)


cdef void free_node(PyObject* pointer) noexcept:
    """What runs when the last reference to a node is gone.

    A parent that dies of it waits in a list, so that a long chain needs no recursion. Nodes are kept for the next graph, up to
    a limit.
    """
    global waiting, freeing
    if (<Value>pointer).collected:
        PyObject_GC_UnTrack(pointer)
    let_go(pointer)
    if not freeing:
        freeing = True
        while waiting != NULL:
            pointer = waiting
            waiting = next_of(pointer)[0]
            let_go(pointer)
        freeing = False


cdef void free_with_header(void* node) noexcept:
    """Other than what subclasses have for it, so that Python lets no node become one: a node may have no header."""
    PyObject_GC_Del(node)


cdef inline void let_go(PyObject* pointer) noexcept:
    global kept, kept_count
    cdef PyTypeObject* kind = Py_TYPE(pointer)
    if (<Value>pointer).notes != NULL:
        Py_DECREF(<object>(<Value>pointer).notes)
    if (<Value>pointer).shape == MANY:
        free_block(<Block*>(<Value>pointer).a)
    elif (<Value>pointer).shape != LEAF:
        release((<Value>pointer).a)
        if (<Value>pointer).shape == BOTH:
            release((<Value>pointer).b)
    if (<Value>pointer).collected:
        kind.tp_free(pointer)
        Py_DECREF(<object><PyObject*>kind)
    elif kept_count < KEPT_AT_MOST:
        next_of(pointer)[0] = kept
        kept = pointer
        kept_count += 1
    else:
        PyObject_Free(pointer)
        Py_DECREF(<object><PyObject*>kind)


cdef void free_block(Block* block) noexcept:
    cdef Py_ssize_t i
    for i in range(block.count):
        if block.operands[i] != NULL:  # as it is where memory ran out before all were there
            release(block.operands[i])
    Py_DECREF(<object>block.record)
    Py_XDECREF(block.later)
    PyMem_Free(block)


def _keep(int limit):
    """How many freed nodes are kept for later; the others go back to the allocator. Returns the limit until now."""
    global KEPT_AT_MOST, kept, kept_count
    cdef PyObject* node
    cdef int before = KEPT_AT_MOST
    KEPT_AT_MOST = limit if KEEPS_NODES else 0
    while kept_count > KEPT_AT_MOST:
        node = kept
        kept = next_of(node)[0]
        kept_count -= 1
        PyObject_Free(node)
        Py_DECREF(Value)
    return before


cdef _Notes noted(Value value):
    return NOTHING if value.notes == NULL else <_Notes>value.notes


cdef _Notes notes_of(Value value):
    if value.notes == NULL:
        notes = _Notes()
        Py_INCREF(notes)
        value.notes = <PyObject*>notes
    return <_Notes>value.notes


# ---- computing a node ------------------------------------------------------------------------------


cdef inline PyObject* owned(object x) noexcept:
    Py_INCREF(x)
    return <PyObject*>x


cdef object as_modes_say(Value node):
    """A new node inside one of the blocks of `modes`: put in its groups, or cut off; what is rarer is the reference engine's.

    From here on the collector looks at it, if it ever will.
    """
    cdef PyObject* found = NULL
    if node.collected:
        PyObject_GC_Track(<PyObject*>node)
    if not unusual:
        return node
    PyContextVar_Get(entered, NULL, &found)
    block = taken(found)
    # recording, detecting, sourcing, groups
    cdef tuple mode = <tuple>(block.modes if block is not None and block.is_open() else current_modes.get())
    if mode[1] or mode[2]:
        return _unusual(node)
    if not mode[0]:
        node = <Value>taken(new_node(-1, LEAF, node.number, False))
    if mode[3]:
        notes_of(node).groups = mode[3]
    return node


cdef inline object arithmetic(int rule, binary_rule compute, object left, object right):
    """An operator between a Value and whatever stands beside it."""
    cdef double number
    cdef bint has_left = Py_TYPE(<PyObject*>left) == VALUE
    cdef object node = None
    if has_left and Py_TYPE(<PyObject*>right) == VALUE:
        node = of_two(rule, compute, left, right)
    elif has_left:
        if as_number(right, &number):
            node = of_value_and_number(rule, compute, left, number)
    elif Py_TYPE(<PyObject*>right) == VALUE and as_number(left, &number):
        node = of_number_and_value(rule, compute, number, right)
    return generally(rule, left, right) if node is None else node


cdef inline object unary(int rule, unary_rule compute, object operand):
    node = of_one(rule, compute, operand)
    return (<object>RULES[rule].record).apply((operand,)) if node is None else node


# These return None where the rule gives up.


cdef inline object of_one(int rule, unary_rule compute, object operand):
    cdef double z = 0.0, first = 0.0
    cdef int ok = 1
    compute((<Value>operand).number, &z, &first, &ok)
    if not ok:
        return None
    cdef PyObject* node = new_node(rule, ONE, z, (<Value>operand).collected)
    (<Value>node).first = first
    (<Value>node).a = owned(operand)
    return given(node)


cdef inline object of_two(int rule, binary_rule compute, object left, object right):
    cdef double z = 0.0, first = 0.0, second = 0.0
    cdef int ok = 1
    compute((<Value>left).number, (<Value>right).number, 3, &z, &first, &second, &ok)
    if not ok:
        return None
    cdef PyObject* node = new_node(rule, BOTH, z, (<Value>left).collected | (<Value>right).collected)
    (<Value>node).first = first
    (<Value>node).second = second
    (<Value>node).a = owned(left)
    (<Value>node).b = owned(right)
    return given(node)


cdef inline object of_value_and_number(int rule, binary_rule compute, object left, double y):
    cdef double z = 0.0, first = 0.0, unused = 0.0
    cdef int ok = 1
    compute((<Value>left).number, y, 1, &z, &first, &unused, &ok)
    if not ok:
        return None
    cdef PyObject* node = new_node(rule, VALUE_NUMBER, z, (<Value>left).collected)
    (<Value>node).first = first
    (<Value>node).second = y
    (<Value>node).a = owned(left)
    return given(node)


cdef inline object of_number_and_value(int rule, binary_rule compute, double x, object right):
    cdef double z = 0.0, unused = 0.0, second = 0.0
    cdef int ok = 1
    compute(x, (<Value>right).number, 2, &z, &unused, &second, &ok)
    if not ok:
        return None
    cdef PyObject* node = new_node(rule, NUMBER_VALUE, z, (<Value>right).collected)
    (<Value>node).first = second
    (<Value>node).second = x
    (<Value>node).a = owned(right)
    return given(node)


cdef inline bint as_number(object x, double* number) except -1:
    """Whether x is a number that is taken here: a float, or an int, bool or NumPy scalar that fits. Python may run."""
    if PyFloat_CheckExact(x):
        number[0] = PyFloat_AS_DOUBLE(x)
        return True
    return is_small_int(x, number) or is_other_number(x, number)


cdef inline bint is_small_int(object x, double* number) noexcept:
    """Whether x is an int or bool of at most 64 bits. No Python runs, and nothing is raised."""
    cdef int overflow = 0
    if not (PyLong_CheckExact(x) or PyBool_Check(x)):
        return False
    number[0] = <double>PyLong_AsLongLongAndOverflow(x, &overflow)
    return overflow == 0


cdef set REAL = set()  # classes whose instances are real numbers


cdef bint is_other_number(object x, double* number) except -1:
    """Larger ints, and NumPy's scalars: numbers of the classes that are written in C. All others go the general way.

    Those classes last as long as the process, so that each is asked once.
    """
    cdef PyTypeObject* kind = Py_TYPE(<PyObject*>x)
    if kind == VALUE or kind.tp_flags & Py_TPFLAGS_HEAPTYPE or kind.tp_as_number == NULL or kind.tp_as_number.nb_float == NULL:
        return False
    if type(x) not in REAL:
        if not is_real(x):
            return False
        REAL.add(type(x))
    try:
        number[0] = float(x)
    except OverflowError:
        return False
    return True


cdef object generally(int rule, object left, object right):
    """By the record itself: it computes, or raises in its own words."""
    if not is_operand(left) or not is_operand(right):
        return NotImplemented
    return (<object>RULES[rule].record).apply((left, right))


def _node(op, double data, tuple operands, tuple parents, local_gradients):
    """A node that the reference engine's general way has computed; see `reference.Value.interpret`."""
    cdef Py_ssize_t i, count = len(operands), parent_count = len(parents)
    cdef int rule = numbers.get(op, -1)
    cdef unsigned char shape
    cdef PyObject* node
    cdef Block* block
    cdef bint collected = False
    cdef double second = 0.0
    later = None
    partials = []
    if parent_count == 0:
        return taken(new_node(-1, LEAF, data, False))
    if getattr(op, "origin", None) is SOFTMAX:  # its components share their work: one by one, and before they are wanted, would be quadratic for each
        later = local_gradients
    else:
        try:
            partials = [<double>x for x in local_gradients()]
        except Exception:  # as with the reference engine, it is raised where the local gradients are asked for
            later = local_gradients
        if len(partials) != parent_count:
            partials, later = [], local_gradients
    for i in range(parent_count):
        collected |= (<Value?>parents[i]).collected
    if rule >= 0 and later is None and count <= 2:
        if count == parent_count:
            shape = ONE if count == 1 else BOTH
        else:
            shape = VALUE_NUMBER if operands[0] is parents[0] else NUMBER_VALUE
            second = operands[1 if shape == VALUE_NUMBER else 0]
        node = new_node(rule, shape, data, collected)
        (<Value>node).first = partials[0]
        if shape == BOTH:
            second = partials[1]
            (<Value>node).b = owned(operands[1])
        (<Value>node).second = second
        (<Value>node).a = owned(parents[0])
        return given(node)
    block = new_block(op, count, parent_count)
    for i in range(len(partials)):
        block.local_gradients[i] = partials[i]
    if later is not None:
        block.later = owned(later)
    for i in range(count):
        block.operands[i] = owned(operands[i])
    return given(new_many(block, data, collected))


cdef PyObject* new_many(Block* block, double number, bint collected) except NULL:
    """A node with a block, which is freed if there is no memory for the node."""
    cdef PyObject* node
    try:
        node = new_node(-1, MANY, number, collected)
    except MemoryError:
        free_block(block)
        raise
    (<Value>node).a = <PyObject*>block
    return node


cdef Block* new_block(object record, Py_ssize_t count, Py_ssize_t parents) except NULL:
    cdef size_t size = sizeof(Block) + parents * sizeof(double) + count * sizeof(PyObject*)
    cdef Block* block = <Block*>PyMem_Malloc(size)
    if block == NULL:
        raise MemoryError()
    memset(block, 0, size)
    block.record = owned(record)
    block.count = count
    block.parents = parents
    block.local_gradients = <double*>(block + 1)
    block.operands = <PyObject**>(block.local_gradients + parents)
    return block


include "_series.pxi"

# ---- calling a record ------------------------------------------------------------------------------


cdef class _Apply:
    """`Primitive.apply` of one record: the same, only faster where all operands are Values of this engine and numbers."""

    cdef object record
    cdef int rule  # -1 where there is none
    cdef int series  # -1 likewise

    def __init__(self, record):
        self.record = record
        self.rule = numbers.get(record, -1)
        self.series = SERIES.get(record, -1)

    def __call__(self, operands, value=None):
        cdef Py_ssize_t i, values = 0, count
        cdef bint others = False, plain = True
        cdef double number
        cdef PyObject* x
        cdef PyObject* interpreter = NULL
        if not PyTuple_CheckExact(operands):
            return Primitive.apply(self.record, operands, value)
        count = PyTuple_GET_SIZE(operands)
        for i in range(count):
            x = PyTuple_GET_ITEM(operands, i)
            if Py_TYPE(x) == VALUE:
                values += 1
                interpreter = x if interpreter == NULL else interpreter
            elif not PyFloat_CheckExact(<object>x):
                plain = False
                if not as_number(<object>x, &number):
                    others = True
        if others:
            return Primitive.apply(self.record, operands, value)
        if values and not plain and self.series >= 0:  # whose operands must be read without running Python
            operands = as_floats(operands)
        if not values:
            if not plain:
                operands = tuple([to_float(y, f"{self.record.name}()") for y in operands])
            return self.record.evaluate(operands, operands) if value is None else value
        node = None
        if value is None:
            if self.rule >= 0:
                node = by_rule(self.rule, operands)
            elif self.series >= 0:
                node = of_many(self.record, self.series, items_of(<tuple>operands), count, NULL, 0)
        return (<object>interpreter).interpret(self.record, operands, value) if node is None else node


cdef object call_record(PyObject* record, PyObject* arguments, PyObject* named):
    """``autograd.exp(x)``, ``autograd.dot(xs, ys)``: what `Primitive.__call__` and its kin do, and they do the rest."""
    cdef object self = <object>record
    cdef tuple given_ones = <tuple>arguments
    cdef Py_ssize_t count = PyTuple_GET_SIZE(given_ones)
    cdef PyObject* first
    cdef PyObject* found
    cdef object node = None
    if named == NULL and count and count <= 2:
        first = PyTuple_GET_ITEM(given_ones, 0)
        found = PyDict_GetItem(numbers, self)
        if self is SOFTMAX:
            if count == 1 and not is_tracked(<object>first):
                given_ones = (listed("softmax", <object>first),)  # as an iterator gives its items only once
                node = components(given_ones[0])
        elif found != NULL:
            if count == 1:
                if Py_TYPE(first) == VALUE and RULES[<int>(<object>found)].unary != NULL:
                    node = of_one(<int>(<object>found), RULES[<int>(<object>found)].unary, <object>first)
            elif RULES[<int>(<object>found)].binary != NULL:
                node = by_rule(<int>(<object>found), given_ones)
        else:
            found = PyDict_GetItem(SERIES, self)
            if found != NULL and is_list(first) and (count == 2) == (<int>(<object>found) == DOT):
                if count == 1:
                    node = of_many(self, <int>(<object>found), list_items(first), list_size(first), NULL, 0)
                elif is_list(PyTuple_GET_ITEM(given_ones, 1)) and list_size(first) == list_size(PyTuple_GET_ITEM(given_ones, 1)):
                    node = of_many(
                        self, DOT, list_items(first), list_size(first),
                        list_items(PyTuple_GET_ITEM(given_ones, 1)), list_size(first),
                    )
    if node is not None:
        return node
    if named == NULL:
        return CALLS[type(self)](self, *given_ones)
    return CALLS[type(self)](self, *given_ones, **<dict>named)


cdef object SOFTMAX = p.softmax
cdef dict CALLS = {}  # the Python functions behind it, by class


cdef inline bint is_list(PyObject* x) noexcept:
    return PyList_CheckExact(<object>x) or PyTuple_CheckExact(<object>x)


cdef tuple as_floats(tuple operands):
    """Numbers of every kind as floats; the Values as they are."""
    cdef double number
    cdef list found = []
    for x in operands:
        if Py_TYPE(<PyObject*>x) == VALUE or not as_number(x, &number):
            found.append(x)
        else:
            found.append(number)
    return tuple(found)


cdef object by_rule(int rule, tuple operands):
    """One or two operands, at least one of them a Value and the others numbers; None if the rule takes another count."""
    cdef double number
    if PyTuple_GET_SIZE(operands) == 1:
        return None if RULES[rule].unary == NULL else of_one(rule, RULES[rule].unary, operands[0])
    if PyTuple_GET_SIZE(operands) != 2 or RULES[rule].binary == NULL:
        return None
    left, right = operands
    if Py_TYPE(<PyObject*>left) != VALUE:
        if Py_TYPE(<PyObject*>right) != VALUE or not as_number(left, &number):
            return None
        return of_number_and_value(rule, RULES[rule].binary, number, right)
    if Py_TYPE(<PyObject*>right) == VALUE:
        return of_two(rule, RULES[rule].binary, left, right)
    return of_value_and_number(rule, RULES[rule].binary, left, number) if as_number(right, &number) else None


include "_walk.pxi"

# ---- the public face --------------------------------------------------------------------------------


@cython.final
cdef class _Method:
    # A method that runs in C where it can, and is the Python function or record behind it in every other way.

    cdef vectorcallfunc vectorcall
    cdef object python
    cdef int rule  # -1 where there is none
    cdef bint is_backward

    def __init__(self, python):
        self.python = python
        self.is_backward = not isinstance(python, Primitive)
        self.rule = numbers.get(python, -1)
        self.vectorcall = <vectorcallfunc>call_method

    def __get__(self, instance, owner):
        return self.python if instance is None else PyMethod_New(self, instance)

    @property
    def __doc__(self):
        return self.python.__doc__

    def __getattr__(self, name):
        return getattr(self.python, name)


cdef object call_method(PyObject* method, PyObject** arguments, size_t n, PyObject* names):
    cdef _Method self = <_Method>method
    cdef Py_ssize_t count = PyVectorcall_NARGS(n)
    cdef object node = None
    if names == NULL and count and Py_TYPE(arguments[0]) == VALUE:
        if self.is_backward:
            if count == 1 and not unusual and walk_back(arguments, &ONE_POINT_ZERO, 1):
                return None
        elif self.rule < 0:
            pass
        elif count == 1 and RULES[self.rule].unary != NULL:
            node = of_one(self.rule, RULES[self.rule].unary, <object>arguments[0])
        elif count == 2 and RULES[self.rule].binary != NULL:
            node = by_rule(self.rule, (<object>arguments[0], <object>arguments[1]))
    return PyObject_Vectorcall(self.python, arguments, n, names) if node is None else node


cdef double ONE_POINT_ZERO = 1.0


@cython.final
cdef class _Field:
    """A property whose ordinary use runs in C: the number and the gradient. Its slots are set in `speed_up`."""

    cdef object python
    cdef bint is_gradient

    def __init__(self, python, is_gradient):
        self.python = python
        self.is_gradient = is_gradient

    def __get__(self, instance, owner):
        return taken(read_field(<PyObject*>self, NULL if instance is None else <PyObject*>instance, NULL))

    def __set__(self, instance, number):
        write_field(<PyObject*>self, <PyObject*>instance, <PyObject*>number)

    def __delete__(self, instance):
        write_field(<PyObject*>self, <PyObject*>instance, NULL)

    def __getattr__(self, name):
        return getattr(self.python, name)


cdef PyObject* read_field(PyObject* field, PyObject* instance, PyObject* owner) except NULL:
    cdef object found
    if instance != NULL and PyObject_TypeCheck(instance, VALUE):
        if not (<_Field>field).is_gradient:
            return PyFloat_FromDouble((<Value>instance).number)
        if (<Value>instance).has_gradient and (<Value>instance).gradient != 0.0:
            return PyFloat_FromDouble((<Value>instance).gradient)
        return PyFloat_FromDouble(0.0)
    found = (<_Field>field).python
    if instance != NULL:
        found = found.__get__(<object>instance)
    return owned(found)


cdef int write_field(PyObject* field, PyObject* instance, PyObject* number) except -1:
    cdef double found = 0.0
    if number == NULL:
        (<_Field>field).python.__delete__(<object>instance)
    elif PyObject_TypeCheck(instance, VALUE) and as_number(<object>number, &found):
        if (<_Field>field).is_gradient:
            (<Value>instance).gradient = found
            (<Value>instance).has_gradient = 1
        elif (<Value>instance).shape == LEAF:
            (<Value>instance).number = found
        else:
            (<_Field>field).python.__set__(<object>instance, <object>number)
    else:
        (<_Field>field).python.__set__(<object>instance, <object>number)
    return 0


cdef object make(PyObject* kind, PyObject** arguments, size_t n, PyObject* names):
    """Value(...): with one number at once, with anything else by the reference engine's constructor."""
    cdef double number = 0.0
    cdef bint simple = names == NULL and PyVectorcall_NARGS(n) == 1 and not unusual and as_number(<object>arguments[0], &number)
    cdef object leaf = taken(new_node(-1, LEAF, number, False))
    return leaf if simple else construct(leaf, arguments, n, names)


cdef object construct(Value leaf, PyObject** arguments, size_t n, PyObject* names):
    cdef Py_ssize_t i, count = PyVectorcall_NARGS(n)
    positional = [<object>arguments[i] for i in range(count)]
    named = {}
    if names != NULL:
        for i, name in enumerate(<tuple>names):
            named[name] = <object>arguments[count + i]
    Value.__init__(leaf, *positional, **named)
    return leaf


def _rebound(function):
    """The same function of the reference engine, looking its names up in `_names`."""
    twin = types.FunctionType(function.__code__, _names, function.__name__, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__annotations__ = function.__annotations__
    twin.__qualname__ = function.__qualname__
    twin.__doc__ = function.__doc__
    return twin


def _set_attribute(Value value not None, name, x):
    """What `object.__setattr__` does, which refuses a class that has its own in C."""
    PyObject_GenericSetAttr(value, name, x)


def _is_own(thing):
    return isinstance(thing, types.FunctionType) and thing.__module__ == reference.__name__


_names = dict(vars(reference))
_python_walk_back = _rebound(reference._walk_back)
_python_derivatives = _rebound(reference._derivatives)
for _name, _thing in vars(reference).items():
    if _is_own(_thing) and _name != "_restored":
        _names[_name] = _rebound(_thing)
for _thing in (_node, _order_of, _walk_back, _derivatives):
    _names[_thing.__name__] = _thing
_names.update(Value=Value, _ENGINE=__name__, _set_attribute=_set_attribute, _read_grad=vars(Value)["_grad"].__get__)
for _name in ("data", "grad", "parents"):
    _names[f"_write_{_name}"] = vars(Value)[f"_{_name}"].__set__
_unusual, _refusal = _names["_unusual"], _names["_refusal"]
backward, gradients, topological_order = _names["backward"], _names["gradients"], _names["topological_order"]

# What the language looks for in every class, and the slots.
_NOT_DRESSED = {"__dict__", "__doc__", "__module__", "__slots__", "__weakref__", "__annotations__", "__qualname__"}
_NOT_DRESSED |= {"__firstlineno__", "__static_attributes__"}


def _dressed(name, member):
    """What takes the place of a member of the reference engine's class."""
    if isinstance(member, property):
        member = property(*[f and _rebound(f) for f in (member.fget, member.fset, member.fdel)], member.__doc__)
        member.__set_name__(Value, name)
        return _Field(member, name == "grad") if name in ("data", "grad") else member
    if _is_own(member):
        member = _rebound(member)
    return _Method(member) if isinstance(member, Primitive) or name == "backward" else member


def _dress():
    """Give the class its public face.

    Where the class has an operator of its own, the function goes into the dictionary behind the type's back: it is what
    `Value.__add__` shows and what a call by that name runs, while `x + y` runs in C.
    """
    members = {**vars(Operators), **vars(Micrograd), **vars(reference.Value)}
    in_c = set(vars(Value))
    for name, member in members.items():
        if name not in in_c and name not in _NOT_DRESSED and not isinstance(member, types.MemberDescriptorType):
            setattr(Value, name, _dressed(name, member))
    for name in in_c & set(members) - _NOT_DRESSED:
        if not isinstance(members[name], types.MemberDescriptorType):
            (<dict>VALUE.tp_dict)[name] = _dressed(name, members[name])
    Value.__doc__, Value.__name__, Value.__qualname__ = reference.Value.__doc__, "Value", "Value"
    Value.__module__ = reference.__name__
    abstract_numbers.Complex.register(Value)
    PyType_Modified(VALUE)


cdef int speed_up() except -1:
    """Methods and the constructor are called without a tuple in between (PEP 590); fields are read without Cython in between."""
    cdef _Method method = _Method(None)
    cdef PyTypeObject* kind = <PyTypeObject*>_Field
    kind.tp_descr_get = <descrgetfunc>read_field
    kind.tp_descr_set = <descrsetfunc>write_field
    kind = <PyTypeObject*>_Method
    kind.tp_vectorcall_offset = <char*>&method.vectorcall - <char*><PyObject*>method
    kind.tp_call = <ternaryfunc>PyVectorcall_Call
    kind.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR
    PyType_Modified(kind)
    VALUE.tp_vectorcall = <vectorcallfunc>make
    VALUE.tp_new = <newfunc>new_leaf
    VALUE.tp_dealloc = <destructor>free_node
    VALUE.tp_free = <freefunc>free_with_header
    VALUE.tp_traverse = <traverseproc>look_through
    VALUE.tp_is_gc = <inquiry>has_header
    VALUE.tp_flags |= Py_TPFLAGS_HAVE_GC
    return 0


speed_up()
_dress()


def _install():
    """Let every record dispatch in C, now that this is the engine that runs."""
    for record in vars(p).values():
        if isinstance(record, Primitive):
            record.apply = _Apply(record)
            kind = type(record)
            if kind not in CALLS:
                CALLS[kind] = kind.__call__
                (<PyTypeObject*><PyObject*>kind).tp_call = <ternaryfunc>call_record
