#include "bindings/raw_type.hpp"
#include "bindings/register.hpp"
#include "bindings/ring_object.hpp"

// after Python.h, which pybind11 brings
#include <structmember.h>

namespace py = pybind11;

namespace framelane::bindings {
namespace {

constexpr const char* type_doc = R"(Ring(capacity, overflow='block', *, on_drop=None)
--

A bounded first-in-first-out queue between threads, with back-pressure.

Any number of threads may put and get. A wait releases the GIL, and Ctrl-C ends it at once. Iterating takes items
out until the ring is closed and empty; as a context manager the ring closes itself at the end of the block.

Parameters
----------
capacity : int
    The most items that the ring holds, at least 1. Its memory is fixed from the start.
overflow : Overflow or str
    What a put into a full ring does: ``"block"`` waits for room, ``"drop_oldest"`` and ``"drop_newest"`` throw an
    item away and count it, ``"raise"`` raises `RingFull`.
on_drop : callable, optional
    Called with each item that overflow threw away: by the thread whose put it was, after that put is done and
    outside of any lock, so it may use the ring. What it raises comes out of that put, whose item was handled
    all the same. Items that are left in a ring that is destroyed are not dropped in this sense.

Raises
------
ValueError
    If capacity is below 1, or overflow is not one of the four.

Notes
-----
After a fork the child has a copy of the ring, with copies of its items: it does not lead to the parent.)";

constexpr const char* put_doc = R"(put($self, /, item, timeout=None)
--

Put an item at the end.

Parameters
----------
item : object
    Anything, None included.
timeout : float or None
    Seconds to wait for room at most, with overflow ``"block"``; None waits for ever, 0 does not wait.

Raises
------
RingClosed
    If the ring is closed, also while this waits.
RingFull
    If the ring is full and overflow is ``"raise"``.
RingTimeout
    If there was no room in time. The item was not put.)";

constexpr const char* try_put_doc = R"(try_put($self, item, /)
--

Put an item if that needs no waiting. Tell whether it is in the ring.

False with overflow ``"block"`` or ``"raise"`` leaves the item with the caller; with ``"drop_newest"`` it is
dropped and counted.

Raises
------
RingClosed
    If the ring is closed.)";

constexpr const char* get_doc = R"(get($self, /, timeout=None)
--

Take the oldest item out.

Parameters
----------
timeout : float or None
    Seconds to wait for an item at most; None waits for ever, 0 does not wait.

Raises
------
RingClosed
    If the ring is closed and empty.
RingTimeout
    If there was no item in time.)";

constexpr const char* try_get_doc = R"(try_get($self, default=None, /)
--

Take the oldest item out if there is one, else return the default.

Raises
------
RingClosed
    If the ring is closed and empty.)";

constexpr const char* close_doc = R"(close($self, /)
--

Let nothing in any more, and wake all that wait. What is in the ring can still be taken. May be called again.)";

constexpr const char* stats_doc = R"(stats($self, /)
--

What went through the ring so far, as a `RingStats`.)";

PyMethodDef methods[] = {
    {"put", as_method(ring_put), METH_FASTCALL | METH_KEYWORDS, put_doc},
    {"try_put", ring_try_put, METH_O, try_put_doc},
    {"get", as_method(ring_get), METH_FASTCALL | METH_KEYWORDS, get_doc},
    {"try_get", as_method(ring_try_get), METH_FASTCALL, try_get_doc},
    {"close", ring_close, METH_NOARGS, close_doc},
    {"stats", ring_stats, METH_NOARGS, stats_doc},
    {"__enter__", ring_enter, METH_NOARGS, nullptr},
    {"__exit__", as_method(ring_exit), METH_FASTCALL, nullptr},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"capacity", ring_capacity, nullptr, "The most items that the ring holds.", nullptr},
    {"overflow", ring_overflow, nullptr, "What a put into a full ring does, as an `Overflow`.", nullptr},
    {"closed", ring_closed, nullptr, "Whether `close` was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(RingObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

}  // namespace

void register_ring(py::module_& m) {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>(type_doc)},
      slot(Py_tp_new, ring_new),
      slot(Py_tp_dealloc, ring_dealloc),
      slot(Py_tp_traverse, ring_traverse),
      slot(Py_tp_clear, ring_clear),
      slot(Py_tp_repr, ring_repr),
      slot(Py_tp_iter, PyObject_SelfIter),
      slot(Py_tp_iternext, ring_next),
      slot(Py_sq_length, ring_length),
      slot(Py_tp_methods, methods),
      slot(Py_tp_getset, properties),
      slot(Py_tp_members, members),
      {0, nullptr},
  };
  PyType_Spec spec{"framelane._core.Ring", sizeof(RingObject), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  m.add_object("Ring", py::reinterpret_steal<py::object>(PyType_FromModuleAndSpec(m.ptr(), &spec, nullptr)));
}

}  // namespace framelane::bindings
