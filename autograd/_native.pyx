# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False, initializedcheck=False
"""The native engine: the Value of `autograd.value` in C.

What is here is what costs time: a node's memory, arithmetic, the topological order and the walk back. What a user reads
and writes is inherited from `face`, as it is by the reference engine, with its docstrings and errors.

A node is 80 bytes, a leaf 48. It holds its parents and the local gradients towards them as doubles, computed at once by a rule
of `_rules.pxi`, which is translated from the records. Where a rule gives up (a pole, an overflow, a domain, a result
of which pairs of doubles leave a doubt), the record itself computes the number and the local gradients in Python, or raises.

The garbage collector does not look at nodes. A node only refers to older ones, so that no cycle can come about, and
reference counts free everything; see `free_node` for how that needs no recursion. Only an instance of a subclass can close
a cycle, by its attributes. So what is computed from one, and what is computed from that, is allocated with the collector's
header, and the type's `tp_is_gc` says which nodes have it: the field `collected`.

While Python runs, anything may change: lists, other graphs, the class of a node. So nothing is borrowed from a list across a
call into Python, and no walk goes on after one.

The n-ary primitives are in `_series.pxi`, the order and the walk back in `_walk.pxi`, programs that are replayed
without a node in `_tape.pxi`, and what is done to many leaves at once is in `_leaves.pxi`.
"""

cimport cython
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem, PyDict_Next, PyDict_Size
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport Py_EQ, Py_GE, Py_GT, Py_LE, Py_LT, PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from libc.math cimport INFINITY, NAN
from libc.string cimport memcmp, memcpy, memset

import sys
from array import array as new_array
from functools import partial

from . import modes
from . import records as p
from .face import Face
from .graphs import backward, gradients, topological_order
from .operators import is_operand
from .record import NaryPrimitive, Primitive, is_real, is_tracked, listed, number_of, to_float
from .value import _adjoints  # for a walk in Python

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
        const char* tp_name
        PyNumberMethods* tp_as_number
        vectorcallfunc tp_vectorcall
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
        PyObject* tp_dict
    void* PyObject_Malloc(size_t size)
    void PyObject_Free(void* memory)
    void* PyMem_Calloc(size_t count, size_t size)
    PyObject* PyObject_Init(PyObject* memory, PyTypeObject* kind)
    PyObject* new_with_header "_PyObject_GC_New"(PyTypeObject* kind)
    void PyObject_GC_Del(void* memory)
    void PyObject_GC_Track(PyObject* x)
    void PyObject_GC_UnTrack(PyObject* x)
    PyObject* PyFloat_FromDouble(double x)
    int PyObject_GenericSetAttr(object x, object name, object value) except -1
    bint PyBool_Check(object x)
    bint PyCell_Check(object x)
    PyObject* cell_contents "PyCell_GET"(PyObject* cell)
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
    unsigned long PyThread_get_thread_ident()
    int PyContextVar_Get(object variable, PyObject* otherwise, PyObject** found) except -1
    Py_hash_t hash_by_identity "PyBaseObject_Type.tp_hash"(PyObject* x)

cdef extern from *:
    """
    /* Without the interpreter's lock, and where every object is in a list, freed objects can't be taken up again like this. */
    #if defined(Py_GIL_DISABLED) || defined(Py_TRACE_REFS)
    #define HAS_FREE_LIST 0
    #else
    #define HAS_FREE_LIST 1
    #endif
    /* A new reference as an object of Cython's, without counting it up and down again. */
    #define new_reference(x) (x)
    #define list_items(x) PySequence_Fast_ITEMS(x)
    #define list_size(x) PySequence_Fast_GET_SIZE(x)
    #define items_of(x) PySequence_Fast_ITEMS(x)
    /* Ask for the node that a loop comes to a little later: of many, most are far away in memory, and one may end in another line
       of the cache than it begins in. A macro, since GCC leaves out calls of functions that do nothing else. */
    #if defined(__GNUC__) || defined(__clang__)
    #define ask_for(node) (__builtin_prefetch(node), __builtin_prefetch((char *)(node) + 47))
    #else
    #define ask_for(node) ((void)0)
    #endif
    #define soon(nodes, i, count) ((i) + 32 < (count) ? ask_for((nodes)[(i) + 32]) : (void)0)
    /* Whether a block of `modes` is open anywhere: the size of their set, which is asked for at every node. */
    static PyObject *open_blocks;
    #define blocks_are_open (PySet_GET_SIZE(open_blocks) != 0)
    """
    bint HAS_FREE_LIST
    bint blocks_are_open
    PyObject* open_blocks
    object new_reference(PyObject* x)
    PyObject** list_items(PyObject* x)
    PyObject** items_of(tuple x)
    Py_ssize_t list_size(PyObject* x)
    void soon(PyObject** nodes, Py_ssize_t i, Py_ssize_t count) noexcept nogil

cdef extern from "<math.h>" nogil:
    bint c_isfinite "isfinite"(double x)
    double c_fabs "fabs"(double x)
    double c_floor "floor"(double x)
    double c_ceil "ceil"(double x)
    double c_trunc "trunc"(double x)
    double c_rint "rint"(double x)
    double c_fmod "fmod"(double x, double y)
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


# What a rule is handed: the operands, of which a unary one ignores the second; which local gradients are wanted, as the sum of
# 1 for the first and 2 for the second; and where the results go.
ctypedef void (*rule_function)(double, double, int, double*, double*, double*, int*) noexcept nogil

include "_rules.pxi"

load_rules()

cdef tuple RECORDS = tuple([getattr(p, name) for name in RULE_NAMES])
cdef dict RULE_OF = {record: rule for rule, record in enumerate(RECORDS)}

cdef object current_modes = modes.current
# The places of the modes, by their names: a tuple is read faster by place.
cdef Py_ssize_t RECORDING = modes.Modes._fields.index("recording"), DETECTING = modes.Modes._fields.index("detecting")
cdef Py_ssize_t SOURCING = modes.Modes._fields.index("sourcing"), GROUPS = modes.Modes._fields.index("groups")
cdef object entered = modes.entered
cdef object blocks = modes.open_blocks
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
    PyObject* owner  # the tuple in which the operands are, where it holds them; NULL where the block does
    PyObject* sums  # what holds the local gradients then
    bint distinct  # whether these are known to be Values, each of them once
    bint leaves  # and leaves


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
cdef class Node:
    """What a Value holds, and the fields by which `Face` and the reference engine's functions know it."""

    # What the walk back reads and writes lies together, at the end.
    cdef double number
    cdef PyObject* notes
    cdef double gradient
    cdef unsigned int place  # in the walk that saw this node last; see `Walk`
    cdef unsigned char rule
    cdef unsigned char collected  # whether it was allocated with the garbage collector's header
    cdef unsigned char shape
    cdef unsigned char has_gradient
    # From here on a leaf has nothing, nor memory for it: see `new_leaf_node`.
    cdef double first  # local gradients; `second` is the number where an operand is one
    cdef double second
    cdef PyObject* a  # parents; or a Block
    cdef PyObject* b

    # Memory: see `new_node`, `new_leaf` and `free_node`.

    def _begin(self, double number):
        self.number = number
        self.has_gradient = 0  # and it is a leaf already: see `new_leaf`

    def _set(self, name, x):
        PyObject_GenericSetAttr(self, name, x)

    def __sizeof__(self):
        return sizeof_leaf if self.shape == LEAF and not self.collected else type(self).__basicsize__

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

    @property
    def _operands(self):
        cdef Block* block
        cdef Py_ssize_t i
        if self.shape == LEAF:
            return ()
        if self.shape == ONE:
            return (<object>self.a,)
        if self.shape == BOTH:
            return (<object>self.a, <object>self.b)
        if self.shape == VALUE_NUMBER:
            return (<object>self.a, self.second)
        if self.shape == NUMBER_VALUE:
            return (self.second, <object>self.a)
        block = <Block*>self.a
        if block.owner != NULL:
            return <object>block.owner
        return tuple([<object>block.operands[i] for i in range(block.count)])

    @property
    def _primitive(self):
        return <object>(<Block*>self.a).record if self.shape == MANY else RECORDS[self.rule]

    def _local_gradients(self):
        cdef Block* block
        cdef Py_ssize_t i
        if self.shape == LEAF:
            return ()
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


@cython.no_gc
@cython.auto_pickle(False)
@cython.c_api_binop_methods(True)
cdef class Value(Node, Face):
    # ---- operators: called as in C, with either operand of this class --------------------------------

    def __add__(left, right):
        return binary(RULE_ADD, r_add, left, right)

    def __sub__(left, right):
        return binary(RULE_SUBTRACT, r_subtract, left, right)

    def __mul__(left, right):
        return binary(RULE_MULTIPLY, r_multiply, left, right)

    def __truediv__(left, right):
        return binary(RULE_DIVIDE, r_divide, left, right)

    def __pow__(left, right, modulus):
        if modulus is not None:
            return Face.__pow__(left, right, modulus) if isinstance(left, Value) else NotImplemented
        return binary(RULE_POWER, r_power, left, right)

    def __neg__(self):
        return unary(RULE_NEGATIVE, r_negative, self)

    def __pos__(self):
        return unary(RULE_POSITIVE, r_positive, self)

    def __abs__(self):
        return unary(RULE_ABSOLUTE, r_absolute, self)

    def __bool__(self):
        if recording and listens():
            return Face.__bool__(self)
        return self.number != 0.0

    def __richcmp__(self, other, int how):
        cdef double x = (<Value>self).number, y
        if recording and listens():
            return COMPARISONS[how](self, other)
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
        cdef double number
        if (name is DATA or name is GRAD) and Py_TYPE(<PyObject*>self) == VALUE and not (recording and listens()) and as_number(x, &number):
            if write_data(self, number) if name is DATA else write_grad(self, number):
                return
        try:
            PyObject_GenericSetAttr(self, name, x)
        except AttributeError:
            Face.__setattr__(self, name, x)  # which says why


cdef PyTypeObject* VALUE = <PyTypeObject*>Value
cdef str DATA = sys.intern("data"), GRAD = sys.intern("grad")  # as the names in statements are
cdef tuple COMPARISONS = tuple([getattr(Face, f"__{name}__") for name in ("lt", "le", "eq", "ne", "gt", "ge")])
cdef _Notes NOTHING = _Notes()

cdef int recording = 0  # how many recorders are on, of all threads: what is looked at wherever a node is made
cdef size_t walks = 0  # how often places were written into nodes

# Lists of nodes, linked through the memory of their numbers.
cdef PyObject* trashcan = NULL  # nodes whose last reference is gone, or is this list's
cdef PyObject* free_list = NULL  # freed nodes, for the next graph
cdef int free_count = 0
cdef PyObject* free_leaves = NULL  # freed leaves, whose memory is smaller
cdef int free_leaf_count = 0
cdef int FREE_AT_MOST = 4096 if HAS_FREE_LIST else 0
cdef bint freeing = False
cdef Py_ssize_t sizeof_node = Value.__basicsize__
cdef Py_ssize_t sizeof_leaf = sizeof_node - 2 * sizeof(double) - 2 * sizeof(PyObject*)  # the last four fields
cdef newfunc allocate = VALUE.tp_new  # Cython's


cdef inline PyObject** next_of(PyObject* node) noexcept:
    return <PyObject**>&(<Value>node).number


cdef inline PyObject* new_node(int rule, unsigned char shape, double number, bint collected) except NULL:
    """A node without parents yet, from the free list if there is one; no leaf.

    With `collected` the collector will look at it, once `given` or `apply_modes` has handed it out.
    """
    global free_list, free_count
    cdef PyObject* node = free_list
    if collected or node == NULL:
        node = allocated_node(collected)
    else:
        free_list = next_of(node)[0]
        free_count -= 1
        Py_SET_REFCNT(node, 1)
    begin_node(node, rule, shape, number, collected)
    return node


cdef inline PyObject* new_leaf_node(double number) except NULL:
    """A leaf, which nothing can become later: so it gets memory for the fields that a leaf has, and no more."""
    global free_leaves, free_leaf_count
    cdef PyObject* node = free_leaves
    if node == NULL:
        node = <PyObject*>PyObject_Malloc(sizeof_leaf)
        if node == NULL:
            raise MemoryError()
        PyObject_Init(node, VALUE)
    else:
        free_leaves = next_of(node)[0]
        free_leaf_count -= 1
        Py_SET_REFCNT(node, 1)
    begin_node(node, -1, LEAF, number, False)
    return node


cdef inline void begin_node(PyObject* node, int rule, unsigned char shape, double number, bint collected) noexcept:
    (<Value>node).number = number
    (<Value>node).notes = NULL
    (<Value>node).place = 0
    (<Value>node).rule = <unsigned char>rule
    (<Value>node).collected = collected
    (<Value>node).shape = shape
    (<Value>node).has_gradient = 0
    if recording:
        born(node)


cdef PyObject* allocated_node(bint collected) except NULL:
    cdef PyObject* node = new_with_header(VALUE) if collected else <PyObject*>PyObject_Malloc(sizeof_node)
    if node == NULL:
        raise MemoryError()
    if not collected:
        PyObject_Init(node, VALUE)
    return node


cdef PyObject* new_leaf(PyTypeObject* kind, PyObject* arguments, PyObject* named) except NULL:
    """`Value.__new__`. Instances of subclasses have the collector's header."""
    if kind == VALUE:
        return new_leaf_node(0.0)
    cdef PyObject* leaf = allocate(kind, arguments, named)
    if leaf != NULL:
        (<Value>leaf).collected = True
        if recording:
            born(leaf)
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
        if stop == 0 and block.owner != NULL:
            return visit(block.owner, argument)
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
    return apply_modes(new_reference(node)) if blocks_are_open or (<Value>node).collected else new_reference(node)


cdef inline void release(PyObject* node) noexcept:
    global trashcan
    if Py_REFCNT(node) == 1 and Py_TYPE(node) == VALUE:
        if (<Value>node).collected:
            PyObject_GC_UnTrack(node)  # nobody may come upon it any more
        next_of(node)[0] = trashcan
        trashcan = node
    else:
        Py_DECREF(<object>node)


cdef void free_node(PyObject* pointer) noexcept:
    """What runs when the last reference to a node is gone.

    A parent that dies of it goes into the trashcan, so that a long chain needs no recursion. Freed nodes go into the free list, up
    to a limit.
    """
    global trashcan, freeing
    if (<Value>pointer).collected:
        PyObject_GC_UnTrack(pointer)
    let_go(pointer)
    if not freeing:
        freeing = True
        while trashcan != NULL:
            pointer = trashcan
            trashcan = next_of(pointer)[0]
            let_go(pointer)
        freeing = False


cdef void free_with_header(void* node) noexcept:
    """Other than what subclasses have for it, so that Python lets no node become one: a node may have no header."""
    PyObject_GC_Del(node)


cdef inline void let_go(PyObject* pointer) noexcept:
    global free_list, free_count, free_leaves, free_leaf_count
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
    elif (<Value>pointer).shape == LEAF and free_leaf_count < FREE_AT_MOST:
        next_of(pointer)[0] = free_leaves
        free_leaves = pointer
        free_leaf_count += 1
    elif (<Value>pointer).shape != LEAF and free_count < FREE_AT_MOST:
        next_of(pointer)[0] = free_list
        free_list = pointer
        free_count += 1
    else:
        PyObject_Free(pointer)
        Py_DECREF(<object><PyObject*>kind)


cdef void free_block(Block* block) noexcept:
    cdef Py_ssize_t i
    for i in range(block.count if block.owner == NULL else 0):
        if block.operands[i] != NULL:  # as it is where memory ran out before all were there
            release(block.operands[i])
    Py_XDECREF(block.owner)
    Py_XDECREF(block.sums)
    Py_DECREF(<object>block.record)
    Py_XDECREF(block.later)
    PyMem_Free(block)


def _keep(int limit):
    """The length of a free list at most; what is too much goes back to the allocator. Returns the limit until now."""
    global FREE_AT_MOST, free_list, free_count, free_leaves, free_leaf_count
    cdef PyObject* node
    cdef int before = FREE_AT_MOST
    FREE_AT_MOST = limit if HAS_FREE_LIST else 0
    while free_count > FREE_AT_MOST:
        node = free_list
        free_list = next_of(node)[0]
        free_count -= 1
        PyObject_Free(node)
        Py_DECREF(Value)
    while free_leaf_count > FREE_AT_MOST:
        node = free_leaves
        free_leaves = next_of(node)[0]
        free_leaf_count -= 1
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


cdef object apply_modes(Value node):
    """A new node inside one of the blocks of `modes`: put in its groups, or cut off; `Face` does what is rarer.

    From here on the collector looks at it, if it ever will.
    """
    cdef PyObject* found = NULL
    if node.collected:
        PyObject_GC_Track(<PyObject*>node)
    if not blocks_are_open:
        return node
    PyContextVar_Get(entered, NULL, &found)
    block = new_reference(found)
    cdef tuple mode = <tuple>(block.modes if block is not None and block.is_open() else current_modes.get())
    if mode[DETECTING] or mode[SOURCING]:
        return node._apply_modes()
    if not mode[RECORDING]:
        leaf = new_reference(new_leaf_node(node.number))
        if recording:
            stopped_here(<PyObject*>leaf, <PyObject*>node)
        node = <Value>leaf
    if mode[GROUPS]:
        notes_of(node).groups = mode[GROUPS]
    return node


cdef inline object binary(int rule, rule_function compute, object left, object right):
    """An operator between a Value and whatever stands beside it."""
    node = between(rule, compute, left, right)
    return generally(rule, left, right) if node is None else node


cdef inline object unary(int rule, rule_function compute, object operand):
    node = computed(rule, compute, ONE, operand, None, (<Value>operand).number, 0.0)
    return RECORDS[rule].apply((operand,)) if node is None else node


cdef object generally(int rule, object left, object right):
    """By the record itself: it computes, or raises in its own words."""
    if not is_operand(left) or not is_operand(right):
        return NotImplemented
    return RECORDS[rule].apply((left, right))


cdef inline object between(int rule, rule_function compute, object left, object right):
    """A node of two operands, at least one of which is a Value; None where the other is not a number, or the rule gives up."""
    cdef double x, y
    cdef unsigned char shape = BOTH
    if Py_TYPE(<PyObject*>left) == VALUE:
        x = (<Value>left).number
        if Py_TYPE(<PyObject*>right) == VALUE:
            y = (<Value>right).number
        elif as_number(right, &y):
            shape = VALUE_NUMBER
        else:
            return None
    elif Py_TYPE(<PyObject*>right) == VALUE and as_number(left, &x):
        y = (<Value>right).number
        shape = NUMBER_VALUE
    else:
        return None
    return computed(rule, compute, shape, left, right, x, y)


cdef inline object computed(int rule, rule_function compute, unsigned char shape, object left, object right, double x, double y):
    """A node by its rule, from its operands and their numbers; None where the rule gives up."""
    cdef double z = 0.0, first = y, second = y  # of a constant its number is kept, where the second local gradient would be
    cdef int ok = 1
    cdef object a = left
    if shape == NUMBER_VALUE:
        a, second = right, x
        compute(x, y, 2, &z, &second, &first, &ok)
    else:
        compute(x, y, 3 if shape == BOTH else 1, &z, &first, &second, &ok)
    if not ok:
        return None
    cdef PyObject* node = new_node(rule, shape, z, (<Value>a).collected or shape == BOTH and (<Value>right).collected)
    (<Value>node).first = first
    (<Value>node).second = second
    (<Value>node).a = owned(a)
    if shape == BOTH:
        (<Value>node).b = owned(right)
    return given(node)


cdef object by_rule(int rule, PyObject** operands, Py_ssize_t count):
    """A node of one or two operands; None where the rule takes another number of them, or gives up, or none is a Value."""
    if count != ARITIES[rule]:
        return None
    if count == 2:
        return between(rule, RULES[rule], <object>operands[0], <object>operands[1])
    if Py_TYPE(operands[0]) != VALUE:
        return None
    return computed(rule, RULES[rule], ONE, <object>operands[0], None, (<Value>operands[0]).number, 0.0)


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


def _record(primitive, given_ones, value=None):
    """Any primitive, on Values and plain numbers: by its rule where the numbers allow, else by the record itself, in Python."""
    cdef tuple operands = tuple(given_ones)
    cdef Py_ssize_t i, count = PyTuple_GET_SIZE(operands)
    cdef int rule = RULE_OF.get(primitive, -1)
    cdef unsigned char shape
    cdef PyObject* node
    cdef Block* block
    cdef bint collected = False
    cdef double number, second = 0.0
    cdef list positions = [], partials = [], converted = [], plain = []
    for i in range(count):
        x = operands[i]
        if isinstance(x, Value):
            collected |= (<Value>x).collected
            positions.append(i)
            plain.append((<Value>x).number)
        else:
            x = to_float(x, f"{primitive.name}()")
            plain.append(x)
        converted.append(x)
    operands, numbers_only = tuple(converted), tuple(plain)
    if value is None and positions:
        made = None
        if rule >= 0:
            made = by_rule(rule, items_of(operands), count)
        elif primitive in SERIES and SERIES[primitive] != SOFTMAX:
            made = of_many(primitive, SERIES[primitive], items_of(operands), count, NULL, 0)
        elif primitive in OF_THREE and count == 3:
            made = of_three(primitive, OF_THREE[primitive], items_of(operands), False)
        if made is not None:
            return made
    if len(positions) < count or primitive.has_parameters:
        primitive.check_parameters(positions)
    number = primitive.evaluate(numbers_only, operands) if value is None else value
    if not positions:
        return new_reference(new_leaf_node(number))
    z = number
    wanted = None if len(positions) == count else positions
    later = None
    if getattr(primitive, "origin", None) is not p.softmax:  # whose components share their work: at once would be quadratic
        try:
            partials = [<double>x for x in primitive.local_gradients(z, numbers_only, wanted)]
        except Exception:  # as on the reference engine, it is raised where the local gradients are asked for
            pass
    if len(partials) != len(positions):
        partials = []
        later = partial(primitive.local_gradients, z, numbers_only, wanted)
    if rule >= 0 and later is None and count <= 2:
        shape = (ONE if count == 1 else BOTH) if len(positions) == count else NUMBER_VALUE if positions[0] else VALUE_NUMBER
        node = new_node(rule, shape, number, collected)
        (<Value>node).first = partials[0]
        (<Value>node).a = owned(operands[positions[0]])
        if shape == BOTH:
            (<Value>node).second = partials[1]
            (<Value>node).b = owned(operands[1])
        elif shape != ONE:
            (<Value>node).second = operands[0 if shape == NUMBER_VALUE else 1]
        return given(node)
    block = new_block(primitive, count, len(positions))
    for i in range(len(partials)):
        block.local_gradients[i] = partials[i]
    if later is not None:
        block.later = owned(later)
    for i in range(count):
        block.operands[i] = owned(operands[i])
    return given(new_many(block, number, collected))


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
    cdef Block* block = <Block*>PyMem_Calloc(1, size)
    if block == NULL:
        raise MemoryError()
    block.record = owned(record)
    block.count = count
    block.parents = parents
    block.local_gradients = <double*>(block + 1)
    block.operands = <PyObject**>(block.local_gradients + parents)
    return block


@cython.final
cdef class Operands:
    """Values, each of them once, for nodes that have all of them for operands: what is looked at once for all these nodes.

    >>> from autograd.engines import chosen
    >>> chosen.Operands((chosen.Value(1.0), chosen.Value(2.0)))
    2 operands
    """

    cdef readonly tuple values
    cdef bint collected  # whether a node of them is for the garbage collector to see
    cdef bint leaves  # whether all are leaves, which they stay
    cdef bint plain  # and no instances of a subclass

    def __cinit__(self, tuple values not None):
        cdef Py_ssize_t i, count = PyTuple_GET_SIZE(values)
        cdef PyObject* x
        self.values, self.leaves, self.plain = values, True, True
        for i in range(count):
            soon(items_of(values), i, count)
            x = <PyObject*><Value?>values[i]
            self.collected |= (<Value>x).collected
            self.leaves &= (<Value>x).shape == LEAF
            self.plain &= Py_TYPE(x) == VALUE

    def __repr__(self):
        return f"{len(self.values)} operands"


def _node_of_sums(record, Operands operands not None, double number, sums):
    """One node, with an array of local gradients, which nobody may change any more."""
    cdef Py_ssize_t count = PyTuple_GET_SIZE(operands.values)
    cdef const double[::1] numbers
    cdef Block* block
    held = memoryview(sums)
    numbers = held
    if numbers.shape[0] != count:
        raise ValueError(f"{record.name}: {numbers.shape[0]} local gradients are not one for each operand")
    if not count:
        return new_reference(new_leaf_node(number))
    block = <Block*>PyMem_Calloc(1, sizeof(Block))
    if block == NULL:
        raise MemoryError()
    block.record, block.owner, block.sums = owned(record), owned(operands.values), owned(held)
    block.count = block.parents = count
    block.local_gradients, block.operands = <double*>&numbers[0], items_of(operands.values)
    block.distinct, block.leaves = True, operands.leaves
    return given(new_many(block, number, operands.collected))


cdef object one_node(object record, tuple operands, double number, double* local_gradients):
    """A node of any record, whose operands are Values and floats, with one local gradient for each Value."""
    cdef Py_ssize_t i, parents = 0, count = PyTuple_GET_SIZE(operands)
    cdef PyObject* x
    cdef Block* block
    cdef bint collected = False
    for i in range(count):
        x = PyTuple_GET_ITEM(operands, i)
        if PyObject_TypeCheck(x, VALUE):
            parents += 1
            collected |= (<Value>x).collected
        elif not PyFloat_CheckExact(<object>x):
            raise TypeError(f"an operand is a Value or a float, got {Py_TYPE(x).tp_name.decode()}")
    if not parents:
        return new_reference(new_leaf_node(number))
    block = new_block(record, count, parents)
    memcpy(block.local_gradients, local_gradients, parents * sizeof(double))
    for i in range(count):
        block.operands[i] = owned(<object>PyTuple_GET_ITEM(operands, i))
    return given(new_many(block, number, collected))


def _one_node(record, operands, double number, local_gradients):
    """`one_node` from an iterable of local gradients, one for each Value among the operands."""
    cdef tuple held = tuple(operands)
    cdef list found = [<double>x for x in local_gradients]
    cdef Py_ssize_t i, count = len(found)
    cdef double* numbers = <double*>room(count, sizeof(double))
    try:
        if count != len([x for x in held if isinstance(x, Value)]):
            raise ValueError(f"{record.name}: {count} local gradients are not one for each Value")
        for i in range(count):
            numbers[i] = found[i]
        return one_node(record, held, number, numbers)
    finally:
        PyMem_Free(numbers)


include "_series.pxi"
include "_special.pxi"

# ---- where and clamp -------------------------------------------------------------------------------

cdef enum:  # of three operands, and so without a rule
    IS_WHERE = 64
    IS_CLAMP

cdef dict OF_THREE = {p.where: IS_WHERE, p.clamp: IS_CLAMP}


cdef inline bint choice(int which, double a, double b, double c, double* z, double* partials) noexcept nogil:
    """The number and the partials; False where `clamp` must be asked. A parameter's partial means nothing."""
    cdef bint first = a != 0.0
    if which == IS_WHERE:
        z[0] = b if first else c
        partials[0], partials[1], partials[2] = NAN, 1.0 if first else 0.0, 0.0 if first else 1.0
        return True
    z[0] = b if a < b else c if a > c else a
    partials[0], partials[1], partials[2] = 1.0 if b < a < c else 0.0 if a == a else NAN, NAN, NAN
    return b <= c


cdef object of_three(object record, int which, PyObject** operands, bint is_call):
    """A node of `where` or `clamp`; None where the record must be asked. A call of `where` takes the number of what it leaves out."""
    cdef Py_ssize_t i, k = 0, parents = 0
    cdef double z = 0.0
    cdef double[3] numbers
    cdef double[3] partials
    cdef bint[3] tracked
    cdef bint collected = False
    cdef PyObject* x
    cdef Block* block
    for i in range(3):
        tracked[i] = Py_TYPE(operands[i]) == VALUE
        if tracked[i]:
            numbers[i] = (<Value>operands[i]).number
        elif not as_number(<object>operands[i], &numbers[i]):
            return None
    if which == IS_WHERE and tracked[1] and tracked[2] and is_call:
        if recording:  # which has more to look at
            return None
        tracked[1 if numbers[0] == 0.0 else 2] = False
    if (tracked[0] or not (tracked[1] or tracked[2])) if which == IS_WHERE else (not tracked[0] or tracked[1] or tracked[2]):
        return None
    if not choice(which, numbers[0], numbers[1], numbers[2], &z, partials):
        return None
    for i in range(3):
        if tracked[i]:
            parents += 1
            collected |= (<Value>operands[i]).collected
    block = new_block(record, 3, parents)
    for i in range(3):
        if tracked[i]:
            x = owned(<object>operands[i])
            block.local_gradients[k] = partials[i]
            k += 1
        else:
            x = PyFloat_FromDouble(numbers[i])
            if x == NULL:
                free_block(block)
                raise MemoryError()
        block.operands[i] = x
    return given(new_many(block, z, collected))


# ---- calling a record ------------------------------------------------------------------------------


cdef object call_record(PyObject* record, PyObject* arguments, PyObject* named):
    """``autograd.exp(x)``, ``autograd.dot(xs, ys)``: in C where it can be, else by the Python method behind it."""
    cdef object self = <object>record, node = None
    cdef tuple given_ones = <tuple>arguments, operands
    cdef PyObject* found
    if named != NULL:
        return type(self).__call__(self, *given_ones, **<dict>named)
    found = PyDict_GetItem(RULE_OF, self)
    if found != NULL:
        node = by_rule(<int>(<object>found), items_of(given_ones), PyTuple_GET_SIZE(given_ones))
        if node is None and are_floats(given_ones, ARITIES[<int>(<object>found)]):
            return self.evaluate(given_ones, given_ones)
    else:
        found = PyDict_GetItem(SERIES, self)
        if found != NULL and PyTuple_GET_SIZE(given_ones) == (2 if <int>(<object>found) == DOT else 1):
            given_ones = as_lists(self, given_ones)
            node = of_lists(self, <int>(<object>found), given_ones)
        elif found == NULL and PyTuple_GET_SIZE(given_ones) == 3 and PyDict_GetItem(OF_THREE, self) != NULL:
            node = of_three(self, <int>(<object>PyDict_GetItem(OF_THREE, self)), items_of(given_ones), True)
        elif found == NULL and type(self) is NaryPrimitive and PyTuple_GET_SIZE(given_ones) == 1 and self.sequences == 1:
            given_ones = as_lists(self, given_ones)
            if is_list(given_ones[0]):
                operands = tuple(given_ones[0])
                if are_values(operands):  # nothing is to be found out: `Primitive.apply` would come to the same
                    node = _record(self, operands)
    return type(self).__call__(self, *given_ones) if node is None else node


cdef inline bint are_floats(tuple operands, Py_ssize_t count) noexcept:
    """Whether these are as many floats."""
    cdef Py_ssize_t i
    if PyTuple_GET_SIZE(operands) != count:
        return False
    for i in range(count):
        if not PyFloat_CheckExact(<object>PyTuple_GET_ITEM(operands, i)):
            return False
    return True


cdef inline bint are_values(tuple operands) noexcept:
    """Whether these are Values and floats, and at least one is a Value."""
    cdef Py_ssize_t i, values = 0
    for i in range(PyTuple_GET_SIZE(operands)):
        if Py_TYPE(PyTuple_GET_ITEM(operands, i)) == VALUE:
            values += 1
        elif not PyFloat_CheckExact(<object>PyTuple_GET_ITEM(operands, i)):
            return False
    return values > 0


cdef inline tuple as_lists(record, tuple arguments):
    """The iterables of a call as lists or tuples, since an iterator gives its items only once."""
    for x in arguments:
        if not is_list(x):
            return arguments if is_tracked(arguments[0]) else tuple([listed(record.name, xs) for xs in arguments])
    return arguments


cdef object of_lists(record, int series, tuple arguments):
    """A node, or the softmax's list of nodes; None where the record itself must be asked."""
    cdef PyObject** xs = items_of(arguments)
    if not is_list(<object>xs[0]):
        return None
    if series == SOFTMAX:
        return components(tuple(<object>xs[0]))
    if series != DOT:
        return of_many(record, series, list_items(xs[0]), list_size(xs[0]), NULL, 0)
    if list_size(xs[0]) != list_size(xs[1]):
        return None
    return of_many(record, series, list_items(xs[0]), list_size(xs[0]), list_items(xs[1]), list_size(xs[1]))


cdef inline bint is_list(object x) noexcept:
    return PyList_CheckExact(x) or PyTuple_CheckExact(x)


include "_walk.pxi"
include "_births.pxi"
include "_tape.pxi"
include "_along.pxi"
include "_lanes.pxi"
include "_leaves.pxi"

# ---- the public face --------------------------------------------------------------------------------


@cython.final
cdef class _Method:
    # A method that runs in C where it can, and is the Python function or record behind it in every other way: docstring included.

    cdef vectorcallfunc vectorcall
    cdef object python
    cdef int rule  # -1 where there is none
    cdef int of_three  # 0 where it isn't
    cdef bint is_backward

    def __init__(self, python):
        self.python = python
        self.rule = RULE_OF.get(python, -1)
        self.of_three = OF_THREE.get(python, 0)
        self.is_backward = python is Face.backward
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
    cdef double one = 1.0
    if names == NULL and count and Py_TYPE(arguments[0]) == VALUE:
        if self.rule >= 0:
            node = by_rule(self.rule, arguments, count)
            if node is not None:
                return node
        elif self.of_three and count == 3:
            node = of_three(self.python, self.of_three, arguments, True)
            if node is not None:
                return node
        elif self.is_backward and count == 1 and not blocks_are_open and not recording and walk_back(arguments, &one, 1):
            return None
    return PyObject_Vectorcall(self.python, arguments, n, names)


@cython.final
cdef class _Field:
    """A property whose ordinary use runs in C. Its slots are set in `speed_up`."""

    cdef object python
    cdef double (*read)(Value) noexcept
    cdef bint (*write)(Value, double) noexcept

    def __init__(self, python):
        self.python = python
        self.read = read_data if python is Face.data else read_grad
        self.write = write_data if python is Face.data else write_grad

    def __get__(self, instance, owner):
        return new_reference(read_field(<PyObject*>self, NULL if instance is None else <PyObject*>instance, NULL))

    def __set__(self, instance, number):
        write_field(<PyObject*>self, <PyObject*>instance, <PyObject*>number)

    def __delete__(self, instance):
        write_field(<PyObject*>self, <PyObject*>instance, NULL)

    def __getattr__(self, name):
        return getattr(self.python, name)


cdef double read_data(Value value) noexcept:
    return value.number


cdef inline double read_grad(Value value) noexcept:
    return value.gradient if value.has_gradient and value.gradient != 0.0 else 0.0


# These return False where the property must refuse.


cdef bint write_data(Value value, double number) noexcept:
    if value.shape == LEAF:
        value.number = number
    return value.shape == LEAF


cdef bint write_grad(Value value, double number) noexcept:
    value.gradient = number
    value.has_gradient = True
    return True


cdef PyObject* read_field(PyObject* field, PyObject* instance, PyObject* owner) except NULL:
    cdef object found
    if instance != NULL and PyObject_TypeCheck(instance, VALUE) and not (recording and listens()):
        return PyFloat_FromDouble((<_Field>field).read(<Value>instance))
    found = (<_Field>field).python
    if instance != NULL:
        found = found.__get__(<object>instance)
    return owned(found)


cdef int write_field(PyObject* field, PyObject* instance, PyObject* number) except -1:
    cdef double found
    if number == NULL:
        (<_Field>field).python.__delete__(<object>instance)
    elif not PyObject_TypeCheck(instance, VALUE):
        raise TypeError(f"this is a field of a Value, got {Py_TYPE(instance).tp_name.decode()}")
    elif recording and listens() or not (as_number(<object>number, &found) and (<_Field>field).write(<Value>instance, found)):
        (<_Field>field).python.__set__(<object>instance, <object>number)
    return 0


cdef object make(PyObject* kind, PyObject** arguments, size_t n, PyObject* names):
    """Value(...): with one number at once, with anything else by the constructor of `Face`."""
    cdef double number = 0.0
    cdef bint simple = names == NULL and PyVectorcall_NARGS(n) == 1 and not blocks_are_open and as_number(<object>arguments[0], &number)
    cdef object leaf = new_reference(new_leaf_node(number))
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


def _finish():
    """Put into the class what stands in C in the place of a member of `Face`.

    Where the class has an operator of its own in C, the function of `Face` goes into the dictionary behind the type's back: it is
    what `Value.__add__` shows and what a call by that name runs, while `x + y` runs in C.
    """
    members = {
        name: member for kind in reversed(Face.__mro__) if kind is not object for name, member in vars(kind).items()
    }
    for name in set(vars(Value)) & set(members) - {"__doc__", "__module__"}:
        (<dict>VALUE.tp_dict)[name] = members[name]
    for name in ("data", "grad"):
        setattr(Value, name, _Field(members[name]))
    for name, member in members.items():
        if isinstance(member, Primitive) or name == "backward":
            setattr(Value, name, _Method(member))
    Value.__doc__, Value.__name__, Value.__qualname__, Value.__module__ = Face.__doc__, "Value", "Value", "autograd.value"
    Value._engine = sys.modules[__name__]
    PyType_Modified(VALUE)


cdef int speed_up() except -1:
    """Methods and the constructor are called without a tuple in between (PEP 590); fields are read without Cython in between."""
    cdef _Method method = _Method(Face.backward)
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
_finish()


def _install():
    """Let calls of records run in C, now that this is the engine that runs."""
    for kind in {type(record) for record in vars(p).values() if isinstance(record, Primitive)}:
        (<PyTypeObject*><PyObject*>kind).tp_call = <ternaryfunc>call_record
