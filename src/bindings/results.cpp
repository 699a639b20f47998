#include "bindings/results.hpp"

#include <utility>

#include "bindings/numpy_array.hpp"
#include "bindings/raw_type.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

struct ValueObject {
  PyObject_HEAD ort::abi::Value* value;
};

PyTypeObject* value_type = nullptr;

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  ort::Release()(reinterpret_cast<ValueObject*>(self)->value);
  type->tp_free(self);
  Py_DECREF(type);
}

py::object own(ort::Owned<ort::abi::Value> value) {
  PyObject* object = value_type->tp_alloc(value_type, 0);
  if (object == nullptr) {
    throw py::error_already_set();
  }
  reinterpret_cast<ValueObject*>(object)->value = value.release();
  return py::reinterpret_steal<py::object>(object);
}

}  // namespace

Results::~Results() {
  for (ort::abi::Value* value : values_.span()) {
    if (value != nullptr) {
      environment_.api().ReleaseValue(value);
    }
  }
}

py::object Results::take(std::size_t index, ArrayKind kind) {
  ort::Owned<ort::abi::Value> value(std::exchange(values_[index], nullptr));
  const ort::ValueView view = ort::view_of(environment_, value.get());
  const auto dtype = static_cast<DType>(view.element_type);
  if (kind != ArrayKind::numpy || !numpy_has(dtype)) {
    return to_kind(ort::to_tensor(std::move(value)), kind);
  }
  return new_array(view.data, dtype, view.shape, own(std::move(value)));
}

void create_value_type() {
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_doc, const_cast<char*>("Memory of an output of a run.")},
      {0, nullptr},
  };
  value_type = create_raw_type({"framelane._core.OutputMemory", sizeof(ValueObject), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots});
}

}  // namespace framelane::bindings
