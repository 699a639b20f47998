#include "bindings/numpy_array.hpp"

#include <algorithm>
#include <array>

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

// The descriptor of ml_dtypes' bfloat16; null without ml_dtypes. No static initialiser: an import lets go of the GIL,
// and another thread would wait for the initialiser with the GIL in its hands.
PyObject* bfloat16_descr() {
  static bool looked = false;
  static PyObject* found = nullptr;
  if (!looked) {
    try {
      found = py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16")).release().ptr();
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ImportError)) {
        throw;
      }
    }
    looked = true;
  }
  return found;
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
  const auto number = static_cast<std::size_t>(descr.type_num);
  if (descr.byteorder == '>' || number >= dtype_of_number.size() || dtype_of_number[number] == 0) {
    return std::nullopt;
  }
  return static_cast<DType>(dtype_of_number[number]);
}

}  // namespace

bool is_array(PyObject* object) { return PyObject_TypeCheck(object, numpy().PyArray_Type_) != 0; }

ArrayView view_array(PyObject* array) {
  const auto& raw = proxy(array);
  constexpr int fit = flag_contiguous | flag_aligned;
  return {.data = raw.data,
          .shape = {reinterpret_cast<const std::int64_t*>(raw.dimensions), static_cast<std::size_t>(raw.nd)},
          .dtype = dtype_of(descr(array)),
          .contiguous = (raw.flags & fit) == fit};
}

void copy_into(PyObject* destination, PyObject* source) {
  if (numpy().PyArray_CopyInto_(destination, source) < 0) {
    throw py::error_already_set();
  }
}

py::object new_array(void* data, DType dtype, std::span<const std::int64_t> shape, py::object owner) {
  static_assert(sizeof(Py_intptr_t) == sizeof(std::int64_t));
  const auto* dimensions = reinterpret_cast<const Py_intptr_t*>(shape.data());
  constexpr int flags = flag_contiguous | flag_aligned | flag_writable;
  PyObject* array =
      numpy().PyArray_NewFromDescr_(numpy().PyArray_Type_, descr_of(dtype), static_cast<int>(shape.size()), dimensions,
                                    nullptr, data, flags, nullptr);
  if (array == nullptr) {
    throw py::error_already_set();
  }
  py::detail::array_proxy(array)->base = owner.release().ptr();
  return py::reinterpret_steal<py::object>(array);
}

bool numpy_has(DType dtype) { return dtype != DType::bfloat16 || bfloat16_descr() != nullptr; }

std::string describe_array(PyObject* array) {
  const py::object type = py::reinterpret_borrow<py::object>(proxy(array).descr);
  std::string text = py::str(type).cast<std::string>();
  if (descr(array).byteorder == '>') {
    text += " (big-endian)";
  }
  return text + " " + to_string(view_array(array).shape);
}

}  // namespace framelane::bindings
