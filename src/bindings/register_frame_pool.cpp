#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bindings/dtype_from_python.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "core/error.hpp"
#include "core/frame_pool.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

Shape shape_from_python(const py::object& shape) {
  try {
    return py::isinstance<py::int_>(shape) ? Shape{shape.cast<std::int64_t>()} : shape.cast<Shape>();
  } catch (const py::cast_error&) {
    throw ShapeError("shape must be integers, such as (720, 1280, 3), not " + py::repr(shape).cast<std::string>());
  }
}

std::shared_ptr<FramePool> create(const py::object& shape, const py::object& dtype, std::int64_t count) {
  TensorSpec spec{.dtype = dtype_from_python(dtype), .shape = shape_from_python(shape)};
  const GilRelease released;  // touching every page takes a while
  return FramePool::create(std::move(spec), count < 0 ? 0 : static_cast<std::size_t>(count));
}

// From whatever has a shape and a dtype: "a pool of frames like this one".
std::shared_ptr<FramePool> create_like(const py::object& spec, std::int64_t count) {
  if (!py::hasattr(spec, "shape") || !py::hasattr(spec, "dtype")) {
    throw py::type_error(
        "FramePool(spec, count) takes an array or anything else with a shape and a dtype; or give "
        "them apart: FramePool(shape, dtype, count)");
  }
  return create(spec.attr("shape"), spec.attr("dtype"), count);
}

Tensor acquire(FramePool& pool, const py::object& timeout) {
  const Deadline deadline = deadline_from_python(timeout);
  if (auto tensor = pool.try_acquire()) {
    return *std::move(tensor);
  }
  GilRelease released;
  return pool.acquire(deadline, released.interrupt());
}

py::dict stats(const FramePool& pool) {
  const FramePoolStats now = pool.stats();
  py::dict result;
  result["count"] = now.count;
  result["available"] = now.available;
  result["peak"] = now.peak;
  result["acquired"] = now.acquired;
  result["waits"] = now.waits;
  result["wait_seconds"] = now.wait_seconds;
  return result;
}

std::string repr(const FramePool& pool) {
  return "FramePool(shape=" + to_string(pool.spec().shape) + ", dtype=" + std::string(name_of(pool.spec().dtype)) +
         ", count=" + std::to_string(pool.count()) + ", available=" + std::to_string(pool.available()) +
         (pool.closed() ? ", closed)" : ")");
}

}  // namespace

void register_frame_pool(py::module_& m) {
  py::classh<FramePool>(m, "FramePool", py::release_gil_before_calling_cpp_dtor())
      .def(py::init(&create), py::arg("shape"), py::arg("dtype"), py::arg("count"))
      .def(py::init(&create_like), py::arg("spec"), py::arg("count"))
      .def("acquire", &acquire, py::arg("timeout") = py::none())
      .def("try_acquire", &FramePool::try_acquire)
      .def("close", &FramePool::close)
      .def_property_readonly("closed", &FramePool::closed)
      .def_property_readonly("shape", [](const FramePool& p) { return py::tuple(py::cast(p.spec().shape)); })
      .def_property_readonly("dtype", [](const FramePool& p) { return name_of(p.spec().dtype); })
      .def_property_readonly("count", &FramePool::count)
      .def_property_readonly("available", &FramePool::available)
      .def_property_readonly("nbytes", &FramePool::nbytes)
      .def("stats", &stats)
      .def("__len__", &FramePool::count)
      .def("__repr__", &repr);
}

}  // namespace framelane::bindings
