#include "bindings/tensor_dlpack.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <string>
#include <utility>

#include "bindings/gil.hpp"
#include "bindings/tensor_export.hpp"
#include "bindings/tensor_places.hpp"
#include "core/dlpack.hpp"
#include "core/tensor_copy.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// The names are the protocol: a consumer renames the capsule that it takes over, and only then is what it holds no
// longer the capsule's to free.
struct Legacy {
  using Struct = dlpack::Managed;
  static constexpr const char* name = "dltensor";
  static constexpr const char* used = "used_dltensor";
};
struct Versioned {
  using Struct = dlpack::ManagedVersioned;
  static constexpr const char* name = "dltensor_versioned";
  static constexpr const char* used = "used_dltensor_versioned";
};

template <class Form>
void free_unconsumed(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, Form::name) == 0) {
    return;
  }
  auto* managed = static_cast<typename Form::Struct*>(PyCapsule_GetPointer(capsule, Form::name));
  managed->deleter(managed);
}

template <class Form>
py::object capsule_of(typename Form::Struct* managed) {
  PyObject* capsule = PyCapsule_New(managed, Form::name, &free_unconsumed<Form>);
  if (capsule == nullptr) {
    managed->deleter(managed);
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(capsule);
}

template <class Form>
typename Form::Struct* consume(py::handle capsule) {
  auto* managed = static_cast<typename Form::Struct*>(PyCapsule_GetPointer(capsule.ptr(), Form::name));
  if (managed == nullptr || PyCapsule_SetName(capsule.ptr(), Form::used) != 0) {
    throw py::error_already_set();
  }
  return managed;
}

// Another library's deleter may need the interpreter.
Tensor guarded(const Tensor& tensor) {
  return {drop_under_gil(tensor.owner()),
          tensor.data(),
          tensor.dtype(),
          tensor.shape(),
          tensor.strides(),
          tensor.device(),
          tensor.read_only()};
}

Tensor tensor_from_capsule(py::handle capsule) {
  if (PyCapsule_IsValid(capsule.ptr(), Versioned::name) != 0) {
    return guarded(dlpack::import_versioned(consume<Versioned>(capsule)));
  }
  if (PyCapsule_IsValid(capsule.ptr(), Legacy::name) != 0) {
    return guarded(dlpack::import_legacy(consume<Legacy>(capsule)));
  }
  if (PyCapsule_CheckExact(capsule.ptr()) == 0) {
    throw py::buffer_error("__dlpack__() returned " + py::repr(capsule).cast<std::string>() +
                           ", which is no capsule; pass the array by another protocol, such as numpy.asarray(x)");
  }
  const char* name = PyCapsule_GetName(capsule.ptr());
  throw py::buffer_error("a capsule named '" + std::string(name == nullptr ? "" : name) +
                         "' holds no DLPack tensor, or one that was taken already; pass the array itself");
}

py::object ask_for_capsule(py::handle object) {
  const py::object method = object.attr("__dlpack__");
  try {
    return method(py::arg("max_version") = py::make_tuple(dlpack::major_version, dlpack::minor_version));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) {  // a producer from before DLPack 1.0 has no such argument
      throw;
    }
  }
  return method();
}

void require_stream_of_cpu(const py::object& stream) {
  if (stream.is_none() || (py::isinstance<py::int_>(stream) && stream.cast<std::int64_t>() == -1)) {
    return;
  }
  throw py::value_error("stream=" + py::str(stream).cast<std::string>() +
                        " for a tensor on the CPU, which has no streams; leave it None");
}

// Two integers: a version or a device. Enumerations count as integers.
std::pair<std::int64_t, std::int64_t> pair_from_python(const py::object& value, const char* name) {
  try {
    return value.cast<std::pair<std::int64_t, std::int64_t>>();
  } catch (const py::cast_error&) {
    throw py::type_error(std::string(name) + " must be two integers, not " + py::repr(value).cast<std::string>());
  }
}

void require_device(const Tensor& tensor, const py::object& device) {
  if (device.is_none()) {
    return;
  }
  const auto [type, index] = pair_from_python(device, "dl_device");
  if (type != static_cast<std::int32_t>(tensor.device().type) || index != tensor.device().index) {
    throw py::buffer_error("a tensor on " + to_string(tensor.device()) + " cannot be exported to DLPack device (" +
                           std::to_string(type) + ", " + std::to_string(index) +
                           "); import it where it is and copy it with your library");
  }
}

// DLPack does not rule them out, but torch (2.13) ends the process when it meets one.
void require_forward(const Tensor& tensor) {
  for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
    if (tensor.strides()[axis] < 0 && tensor.shape()[axis] > 1 && tensor.size() != 0) {
      throw py::buffer_error("a reversed tensor (strides " + to_string(tensor.strides()) +
                             ") is not exported by DLPack, whose consumers fail on it; export tensor.copy(), or use "
                             "numpy.asarray(tensor)");
    }
  }
}

bool takes_versioned(const py::object& max_version) {
  return !max_version.is_none() && pair_from_python(max_version, "max_version").first >= dlpack::major_version;
}

}  // namespace

Tensor tensor_from_dlpack(py::handle object) {
  const bool is_capsule = PyCapsule_CheckExact(object.ptr()) != 0;
  return require_alignment(
      tensor_from_capsule(is_capsule ? py::reinterpret_borrow<py::object>(object) : ask_for_capsule(object)));
}

py::object dlpack_capsule(const Tensor& tensor, const py::object& stream, const py::object& max_version,
                          const py::object& device, const py::object& copy) {
  require_host(tensor);
  require_stream_of_cpu(stream);
  require_device(tensor, device);
  const bool copies = !copy.is_none() && copy.cast<bool>();
  Tensor exported = tensor;
  if (copies) {
    const GilRelease released;
    exported = contiguous_copy(tensor);
  }
  require_forward(exported);
  if (takes_versioned(max_version)) {
    const std::uint64_t flags = copies ? std::uint64_t{dlpack::flag_is_copied} : 0U;
    return capsule_of<Versioned>(dlpack::export_versioned(std::move(exported), flags));
  }
  if (exported.read_only()) {
    throw py::buffer_error(
        "a read-only tensor cannot be exported by DLPack from before version 1, which has no word for it; ask with "
        "max_version=(1, 0), or export tensor.copy()");
  }
  return capsule_of<Legacy>(dlpack::export_legacy(std::move(exported)));
}

py::tuple dlpack_device(const Tensor& tensor) {
  return py::make_tuple(static_cast<std::int32_t>(tensor.device().type), tensor.device().index);
}

}  // namespace framelane::bindings
