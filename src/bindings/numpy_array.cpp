#include "bindings/numpy_array.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

constexpr int flag_contiguous = 0x0001;
constexpr int flag_aligned = 0x0100;
constexpr int flag_writable = 0x0400;

// DType by NumPy's type number; 0 where we have none. 7 and 9 (long, long long) are both int64 on 64-bit Linux.
constexpr std::array<int, 24> dtype_of_number = {9,  3, 2, 5, 4, 6, 12, 7, 13, 7, 13, 1,
                                                 11, 0, 0, 0, 0, 0, 0,  0, 0,  0, 0,  10};

const py::detail::npy_api& numpy() { return py::detail::npy_api::get(); }

const py::detail::PyArray_Proxy& proxy(PyObject* array) { return *py::detail::array_proxy(array); }

const py::detail::PyArrayDescr_Proxy& descr(PyObject* array) {
  return *py::detail::array_descriptor_proxy(proxy(array).descr);
}

// The descriptor of ml_dtypes' bfloat16; null without ml_dtypes. Its type number is given at run time.
PyObject* bfloat16_descr() {
  static PyObject* const found = [] {
    PyObject* result = nullptr;
    try {
      result = py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16")).release().ptr();
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ImportError)) {
        throw;
      }
    }
    return result;
  }();
  return found;
}

// Only once ml_dtypes is there can an array be of its type.
bool is_bfloat16(const py::detail::PyArrayDescr_Proxy& descr) {
  return descr.kind == 'V' && descr.type_num >= 256 && bfloat16_descr() != nullptr &&
         py::detail::array_descriptor_proxy(bfloat16_descr())->type_num == descr.type_num;
}

int number_of(DType dtype) {
  const auto* found = std::find(dtype_of_number.begin(), dtype_of_number.end(), static_cast<int>(dtype));
  return static_cast<int>(found - dtype_of_number.begin());
}

// A new reference.
PyObject* descr_of(DType dtype) {
  if (dtype != DType::bfloat16) {
    return numpy().PyArray_DescrFromType_(number_of(dtype));
  }
  PyObject* found = bfloat16_descr();
  Py_XINCREF(found);
  return found;
}

std::optional<DType> dtype_of(const py::detail::PyArrayDescr_Proxy& descr) {
  if (descr.byteorder == '>') {
    return std::nullopt;
  }
  const auto number = static_cast<std::size_t>(descr.type_num);
  if (number < dtype_of_number.size()) {
    const int dtype = dtype_of_number[number];
    return dtype == 0 ? std::nullopt : std::optional(static_cast<DType>(dtype));
  }
  return is_bfloat16(descr) ? std::optional(DType::bfloat16) : std::nullopt;
}

}  // namespace

bool is_array(PyObject* object) { return PyObject_TypeCheck(object, numpy().PyArray_Type_) != 0; }

ArrayView view_array(PyObject* array) {
  const auto& raw = proxy(array);
  constexpr int fit = flag_contiguous | flag_aligned;
  return {.data = raw.data,
          .shape = {raw.dimensions, static_cast<std::size_t>(raw.nd)},
          .dtype = dtype_of(descr(array)),
          .contiguous = (raw.flags & fit) == fit,
          .writable = (raw.flags & flag_writable) != 0};
}

py::object copy_array(PyObject* array) {
  constexpr int order_c = 0;
  PyObject* copy = numpy().PyArray_NewCopy_(array, order_c);
  if (copy == nullptr) {
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(copy);
}

PyObject* new_array(void* data, DType dtype, std::span<const std::int64_t> shape, PyObject* owner) {
  static_assert(sizeof(Py_intptr_t) == sizeof(std::int64_t));
  py::object held = py::reinterpret_steal<py::object>(owner);
  PyObject* type = descr_of(dtype);
  if (type == nullptr) {
    throw ShapeError("NumPy has no " + std::string(name_of(dtype)) + "; pip install ml_dtypes adds it");
  }
  const auto* dimensions = reinterpret_cast<const Py_intptr_t*>(shape.data());
  PyObject* array =
      numpy().PyArray_NewFromDescr_(numpy().PyArray_Type_, type, static_cast<int>(shape.size()), dimensions, nullptr,
                                    data, flag_contiguous | flag_aligned | flag_writable, nullptr);
  if (array == nullptr) {
    throw py::error_already_set();
  }
  py::detail::array_proxy(array)->base = held.release().ptr();
  return array;
}

bool numpy_has(DType dtype) { return dtype != DType::bfloat16 || bfloat16_descr() != nullptr; }

std::string describe_array(PyObject* array) {
  const py::object type = py::reinterpret_borrow<py::object>(proxy(array).descr);
  std::string text = py::str(type).cast<std::string>();
  if (descr(array).byteorder == '>') {
    text += " (big-endian)";
  }
  return text + " " +
         to_string(std::span<const std::int64_t>(reinterpret_cast<const std::int64_t*>(proxy(array).dimensions),
                                                 static_cast<std::size_t>(proxy(array).nd)));
}

}  // namespace framelane::bindings
