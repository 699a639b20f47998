#include <cstring>
#include <string>

#include "bindings/shared_value.hpp"
#include "bindings/shared_value_tags.hpp"
#include "bindings/tensor_from_python.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

py::handle frame_type() {
  static PyObject* type =
      py::object(py::module_::import("framelane._frame").attr("Frame")).release().ptr();  // for good
  return type;
}

class Encoder {
 public:
  Encoder(std::span<std::byte> meta, std::span<std::byte> payload, std::size_t used, std::vector<PlacedTensor>& copies)
      : meta_(meta), payload_(payload), used_(used), copies_(copies) {}

  [[nodiscard]] std::size_t size() const noexcept { return at_; }

  void write(PyObject* value, int depth) {
    if (value == Py_None) {
      tag(Tag::none);
    } else if (value == Py_True || value == Py_False) {
      tag(value == Py_True ? Tag::yes : Tag::no);
    } else if (PyLong_Check(value) != 0) {
      write_integer(value);
    } else if (PyFloat_Check(value) != 0) {
      tag(Tag::real);
      put(PyFloat_AS_DOUBLE(value));
    } else if (PyBytes_Check(value) != 0) {
      tag(Tag::bytes);
      put_text(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    } else if (PyUnicode_Check(value) != 0) {
      write_text(value, Tag::text);
    } else if (PyTuple_CheckExact(value) != 0 || PyList_CheckExact(value) != 0 || PyDict_CheckExact(value) != 0) {
      write_container(value, depth);
    } else if (PyObject_TypeCheck(value, reinterpret_cast<PyTypeObject*>(frame_type().ptr())) != 0) {
      write_frame(value, depth);
    } else {
      write_tensor(value);
    }
  }

 private:
  static constexpr int deepest = 32;

  void need(std::size_t bytes) const {
    if (bytes > meta_.size() - at_) {
      throw ShapeError("the numbers and strings of a frame take more than meta_bytes=" + std::to_string(meta_.size()) +
                       "; raise meta_bytes, or put what is large into an array");
    }
  }
  void tag(Tag tag) {
    need(1);
    meta_[at_++] = static_cast<std::byte>(tag);
  }
  template <class T>
  void put(T value) {
    need(sizeof value);
    std::memcpy(&meta_[at_], &value, sizeof value);
    at_ += sizeof value;
  }
  void put_text(const char* text, Py_ssize_t size) {
    put(static_cast<std::uint32_t>(size));
    need(static_cast<std::size_t>(size));
    std::memcpy(meta_.data() + at_, text, static_cast<std::size_t>(size));
    at_ += static_cast<std::size_t>(size);
  }

  void write_integer(PyObject* value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
      tag(Tag::integer);
      put(static_cast<std::int64_t>(number));
      return;
    }
    throw py::value_error("an int of a frame must fit 64 bits; send a larger one as str or bytes");
  }
  void write_text(PyObject* value, Tag as) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) {
      throw py::error_already_set();
    }
    tag(as);
    put_text(text, size);
  }
  void write_container(PyObject* value, int depth) {
    if (depth == deepest) {
      throw py::value_error("the containers of a frame are nested too deeply: at most 32 levels");
    }
    if (PyDict_CheckExact(value) != 0) {
      tag(Tag::dict);
      put(static_cast<std::uint32_t>(PyDict_GET_SIZE(value)));
      PyObject* key = nullptr;
      PyObject* item = nullptr;
      for (Py_ssize_t at = 0; PyDict_Next(value, &at, &key, &item) != 0;) {
        if (PyUnicode_Check(key) == 0) {
          throw py::type_error("the keys of a dict in a frame must be str, not " + std::string(Py_TYPE(key)->tp_name));
        }
        write_text(key, Tag::text);
        write_held(item, depth + 1);
      }
      return;
    }
    tag(PyTuple_CheckExact(value) != 0 ? Tag::tuple : Tag::list);
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(value);
    put(static_cast<std::uint32_t>(size));
    for (Py_ssize_t i = 0; i < size; ++i) {
      if (i >= PySequence_Fast_GET_SIZE(value)) {
        throw py::value_error("a list changed its size while it was put");
      }
      write_held(PySequence_Fast_GET_ITEM(value, i), depth + 1);
    }
  }
  // The export of an array may run any code, which may drop the item.
  void write_held(PyObject* item, int depth) { write(py::reinterpret_borrow<py::object>(item).ptr(), depth); }

  void write_frame(PyObject* value, int depth) {
    tag(Tag::frame);
    for (const char* name : {"index", "timestamp", "duration", "tensors", "meta"}) {
      write(py::handle(value).attr(name).cast<py::object>().ptr(), depth + 1);
    }
  }

  void write_tensor(PyObject* value) {
    Tensor tensor = import(value);
    const std::size_t offset = place(tensor);
    tag(Tag::tensor);
    put(static_cast<std::uint8_t>(tensor.dtype()));
    put(static_cast<std::uint8_t>(tensor.rank()));
    put(static_cast<std::uint64_t>(offset));
    for (const std::int64_t extent : tensor.shape()) {
      put(extent);
    }
  }
  static Tensor import(PyObject* value) {
    try {
      return tensor_from_python(value);
    } catch (const py::type_error&) {
      throw py::type_error("a '" + std::string(Py_TYPE(value)->tp_name) +
                           "' cannot cross a SharedRing: it carries None, bool, int, float, str, bytes, arrays, Frame, "
                           "and lists, tuples and dicts of these");
    }
  }
  std::size_t place(const Tensor& tensor) {
    const auto* data = static_cast<const std::byte*>(tensor.data());
    if (tensor.contiguous() && data >= payload_.data() && data + tensor.nbytes() <= payload_.data() + payload_.size()) {
      return static_cast<std::size_t>(data - payload_.data());  // written in place
    }
    if (tensor.rank() > most_axes) {
      throw ShapeError("a tensor of a frame has at most " + std::to_string(most_axes) + " axes");
    }
    const std::size_t offset = (used_ + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
    if (offset > payload_.size() || tensor.nbytes() > payload_.size() - offset) {
      throw ShapeError("the tensors of the frame do not fit: shape " + to_string(tensor.shape()) + " takes " +
                       std::to_string(tensor.nbytes()) + " bytes, and " +
                       std::to_string(payload_.size() - std::min(offset, payload_.size())) + " of the slot's " +
                       std::to_string(payload_.size()) + " are left; make the ring with a larger spec or nbytes");
    }
    used_ = offset + tensor.nbytes();
    copies_.push_back({tensor, offset});
    return offset;
  }

  std::span<std::byte> meta_;
  std::span<std::byte> payload_;
  std::size_t at_ = 0;
  std::size_t used_;
  std::vector<PlacedTensor>& copies_;
};

}  // namespace

std::size_t encode_value(PyObject* value, std::span<std::byte> meta, std::span<std::byte> payload, std::size_t used,
                         std::vector<PlacedTensor>& copies) {
  Encoder encoder(meta, payload, used, copies);
  encoder.write(value, 0);
  return encoder.size();
}

}  // namespace framelane::bindings
