#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "bindings/dtype_from_python.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/waiting.hpp"
#include "core/error.hpp"
#include "core/frame_pool.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

constexpr const char* class_doc = R"(FramePool(shape, dtype, count)
FramePool(spec, count)
--

A fixed number of buffers for frames of one kind, allocated once and lent as tensors.

All memory is there when the constructor returns: allocated, touched, aligned to 64 bytes. `acquire` lends a slot; it
is free again when the last view of it is gone, be it the tensor, a NumPy array or a torch tensor over it, in whatever
thread. A view may outlive the pool. What is in a slot is what its last user left there.

Parameters
----------
shape : int or sequence of int
    Shape of each frame.
dtype : str, numpy.dtype or the like
    Its element type: a name such as ``"uint8"`` or ``"bfloat16"``, or whatever `numpy.dtype` takes.
count : int
    Number of slots, at least 1.
spec : object with a shape and a dtype
    An array, a `Tensor`, an input of a `Session`: the pool's frames are like it.

Raises
------
ValueError
    If `count` is below 1.
ShapeError
    If shape or dtype are none that a tensor can have.
DeviceMemoryError
    If the machine, or the limit of its container, has less memory left than the pool needs.

Notes
-----
All methods may be called from any thread.)";

constexpr const char* acquire_doc = R"(acquire(self, timeout=None)
--

Lend a slot, waiting until one is free.

The GIL is released meanwhile, and Ctrl-C ends the wait.

Parameters
----------
timeout : float or None
    Seconds to wait; None waits for ever, 0 does not wait.

Returns
-------
Tensor
    Of the pool's shape and dtype, C-contiguous, writable, with what its last user left in it.

Raises
------
RingTimeout
    If no slot came free in time.
RingClosed
    If the pool is closed, or closed while waiting.)";

constexpr const char* try_acquire_doc = R"(try_acquire(self)
--

Lend a slot if one is free, else return None. Raises `RingClosed` once the pool is closed.)";

constexpr const char* close_doc = R"(close(self)
--

Lend no more slots and wake all that wait for one. What is lent stays valid. May be called again.)";

constexpr const char* stats_doc = R"(stats(self)
--

What the pool lent so far, as a `FramePoolStats`.)";

Shape shape_from_python(const py::object& shape) {
  try {
    return py::isinstance<py::int_>(shape) ? Shape{shape.cast<std::int64_t>()} : shape.cast<Shape>();
  } catch (const py::cast_error&) {
    throw ShapeError("shape must be integers, such as (720, 1280, 3), not " + py::repr(shape).cast<std::string>());
  }
}

std::size_t count_from_python(const py::object& count) {
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(count.ptr()));
  if (!number) {
    throw py::error_already_set();
  }
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0 || value < 1) {
    throw py::value_error("count=" + py::str(number).cast<std::string>() +
                          "; a FramePool has at least 1 slot and no more than memory holds");
  }
  return static_cast<std::size_t>(value);
}

std::shared_ptr<FramePool> create(const py::object& shape, const py::object& dtype, const py::object& count) {
  TensorSpec spec{.dtype = dtype_from_python(dtype), .shape = shape_from_python(shape)};
  const std::size_t slots = count_from_python(count);
  const GilRelease released;  // touching every page takes a while
  return FramePool::create(std::move(spec), slots);
}

std::shared_ptr<FramePool> create_like(const py::object& spec, const py::object& count) {
  if (!py::hasattr(spec, "shape") || !py::hasattr(spec, "dtype")) {
    throw py::type_error(
        "FramePool(spec, count) takes an array or anything else with a shape and a dtype; or give them apart: "
        "FramePool(shape, dtype, count)");
  }
  return create(spec.attr("shape"), spec.attr("dtype"), count);
}

Tensor acquire(FramePool& pool, const py::object& timeout) {
  const Deadline deadline = deadline_in(timeout.ptr());
  if (auto tensor = pool.try_acquire()) {
    return *std::move(tensor);
  }
  GilRelease released;
  return pool.acquire(deadline, released.interrupt());
}

py::object stats(const FramePool& pool) {
  const FramePoolStats now = pool.stats();
  return py::module_::import("framelane._frame_pool")
      .attr("FramePoolStats")(now.count, now.available, now.high_water, now.acquired, now.waits, now.waited.count());
}

std::string repr(const FramePool& pool) {
  return "FramePool(shape=" + to_string(pool.spec().shape) + ", dtype=" + std::string(name_of(pool.spec().dtype)) +
         ", count=" + std::to_string(pool.count()) + ", available=" + std::to_string(pool.available()) +
         (pool.closed() ? ", closed)" : ")");
}

}  // namespace

void register_frame_pool(py::module_& m) {
  py::options options;
  options.disable_function_signatures();  // the docs have them, as inspect.signature reads them
  py::classh<FramePool>(m, "FramePool", py::release_gil_before_calling_cpp_dtor(), class_doc)
      .def(py::init(&create), py::arg("shape"), py::arg("dtype"), py::arg("count"))
      .def(py::init(&create_like), py::arg("spec"), py::arg("count"))
      .def("acquire", &acquire, py::arg("timeout") = py::none(), acquire_doc)
      .def("try_acquire", &FramePool::try_acquire, try_acquire_doc)
      .def("close", &FramePool::close, close_doc)
      .def("stats", &stats, stats_doc)
      .def_property_readonly("closed", &FramePool::closed, "Whether `close` was called.")
      .def_property_readonly(
          "shape", [](const FramePool& p) { return py::tuple(py::cast(p.spec().shape)); }, "Shape of each frame.")
      .def_property_readonly(
          "dtype", [](const FramePool& p) { return name_of(p.spec().dtype); }, "Name of the element type.")
      .def_property_readonly("count", &FramePool::count, "Number of slots, lent or not.")
      .def_property_readonly("available", &FramePool::available, "Number of slots that are free now.")
      .def_property_readonly("nbytes", &FramePool::nbytes, "Bytes of all slots, padding included.")
      .def("__len__", &FramePool::count)
      .def("__repr__", &repr);
}

}  // namespace framelane::bindings
