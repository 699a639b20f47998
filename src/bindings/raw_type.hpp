#pragma once

#include <pybind11/pybind11.h>

#include <cstring>

#include "bindings/guarded.hpp"

// Types for hot calls: plain CPython ones, whose methods are METH_FASTCALL functions without a pybind11 dispatcher.
namespace framelane::bindings {

// As tables of methods and of slots want them.
template <class Function>
PyCFunction as_method(Function* function) noexcept {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

template <class Pointer>
PyType_Slot slot(int id, Pointer* value) noexcept {
  return {id, reinterpret_cast<void*>(value)};
}

// Creates the type and returns a reference for good.
inline PyTypeObject* create_raw_type(PyType_Spec spec) {
  PyObject* type = PyType_FromSpec(&spec);
  if (type == nullptr) {
    throw pybind11::error_already_set();
  }
  return reinterpret_cast<PyTypeObject*>(type);
}

// The same, added to the module under the last part of its name.
inline PyTypeObject* add_raw_type(pybind11::module_& m, PyType_Spec spec) {
  PyTypeObject* type = create_raw_type(spec);
  m.add_object(std::strrchr(spec.name, '.') + 1, reinterpret_cast<PyObject*>(type));
  return type;
}

// A method whose C++ errors become Python's.
using FastCall = PyObject* (*)(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords);
template <FastCall method>
PyObject* call_guarded(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  return guarded([=] { return method(self, arguments, count, keywords); });
}

template <FastCall method>
PyMethodDef fast_method(const char* name, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call_guarded<method>)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

// The only argument of a method that takes one, by position or by this keyword. A borrowed reference.
inline PyObject* only_argument(const char* method, const char* name, PyObject* const* arguments, Py_ssize_t count,
                               PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (count + named != 1 ||
      (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), name) != 0)) {
    throw pybind11::type_error(std::string(method) + "() takes one argument, '" + name + "'");
  }
  return arguments[0];
}

}  // namespace framelane::bindings
