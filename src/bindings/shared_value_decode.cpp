#include <cstring>
#include <string>

#include "bindings/shared_value.hpp"
#include "bindings/shared_value_tags.hpp"
#include "core/error.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

[[noreturn]] void refuse() {
  throw RingError("a frame in the shared ring is damaged: something else has written into its slot");
}

py::object owned(PyObject* object) {
  if (object == nullptr) {
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(object);
}

class Decoder {
 public:
  Decoder(std::span<const std::byte> meta, std::size_t payload_bytes, const MakeTensor& make_tensor,
          PyObject* make_frame)
      : left_(meta), payload_bytes_(payload_bytes), make_tensor_(make_tensor), make_frame_(make_frame) {}

  py::object read(int depth) {
    if (depth > deepest) {
      refuse();
    }
    switch (static_cast<Tag>(take<std::uint8_t>())) {
      case Tag::none:
        return py::none();
      case Tag::no:
        return py::bool_(false);
      case Tag::yes:
        return py::bool_(true);
      case Tag::integer:
        return owned(PyLong_FromLongLong(take<std::int64_t>()));
      case Tag::real:
        return owned(PyFloat_FromDouble(take<double>()));
      case Tag::text:
        return read_text();
      case Tag::bytes:
        return read_bytes();
      case Tag::list:
        return read_list(depth);
      case Tag::tuple:
        return py::tuple(read_list(depth));
      case Tag::dict:
        return read_dict(depth);
      case Tag::tensor:
        return read_tensor();
      case Tag::frame:
        return read_frame(depth);
    }
    refuse();
  }
  void require_end() const {
    if (!left_.empty()) {
      refuse();
    }
  }

 private:
  static constexpr int deepest = 40;

  std::span<const std::byte> take_bytes(std::size_t size) {
    if (size > left_.size()) {
      refuse();
    }
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  template <class T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }
  // A count of things that take a byte each at least: so nothing is allocated for a count that cannot be true.
  std::size_t take_count() {
    const auto count = take<std::uint32_t>();
    if (count > left_.size()) {
      refuse();
    }
    return count;
  }

  py::object read_text() {
    const auto text = take_bytes(take_count());
    PyObject* decoded = PyUnicode_DecodeUTF8(reinterpret_cast<const char*>(text.data()),
                                             static_cast<Py_ssize_t>(text.size()), "strict");
    if (decoded == nullptr) {
      PyErr_Clear();
      refuse();
    }
    return py::reinterpret_steal<py::object>(decoded);
  }
  py::object read_bytes() {
    const auto bytes = take_bytes(take_count());
    return owned(
        PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()), static_cast<Py_ssize_t>(bytes.size())));
  }
  py::list read_list(int depth) {
    py::list list;
    for (std::size_t left = take_count(); left > 0; --left) {
      list.append(read(depth + 1));
    }
    return list;
  }
  py::object read_dict(int depth) {
    py::dict dict;
    for (std::size_t left = take_count(); left > 0; --left) {
      const py::object key = read(depth + 1);
      if (!py::isinstance<py::str>(key)) {
        refuse();
      }
      dict[key] = read(depth + 1);
    }
    return dict;
  }
  py::object read_frame(int depth) {
    py::tuple fields(5);
    for (std::size_t i = 0; i < 5; ++i) {
      fields[i] = read(depth + 1);
    }
    if (!py::isinstance<py::int_>(fields[0]) || !py::isinstance<py::dict>(fields[3]) ||
        !py::isinstance<py::dict>(fields[4])) {
      refuse();
    }
    return owned(PyObject_Call(make_frame_, fields.ptr(), nullptr));
  }
  py::object read_tensor() {
    TensorPlace place;
    const auto dtype = dtype_from_onnx(take<std::uint8_t>());
    const auto axes = take<std::uint8_t>();
    const auto offset = take<std::uint64_t>();
    if (!dtype || axes > most_axes) {
      refuse();
    }
    place.dtype = *dtype;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      place.shape.push_back(take<std::int64_t>());
    }
    const std::size_t bytes = size_of(place);
    if (offset > payload_bytes_ || bytes > payload_bytes_ - offset || offset % item_size(place.dtype) != 0) {
      refuse();
    }
    place.offset = offset;
    return make_tensor_(place);
  }
  static std::size_t size_of(const TensorPlace& place) {
    try {
      const auto count = static_cast<std::size_t>(element_count(place.shape));
      if (count <= SIZE_MAX / item_size(place.dtype)) {
        return count * item_size(place.dtype);
      }
    } catch (const ShapeError&) {  // NOLINT(bugprone-empty-catch): refused below
    }
    refuse();
  }

  std::span<const std::byte> left_;
  std::size_t payload_bytes_;
  const MakeTensor& make_tensor_;
  PyObject* make_frame_;
};

}  // namespace

py::object decode_value(std::span<const std::byte> meta, std::size_t payload_bytes, const MakeTensor& make_tensor,
                        PyObject* make_frame) {
  Decoder decoder(meta, payload_bytes, make_tensor, make_frame);
  py::object value = decoder.read(0);
  decoder.require_end();
  return value;
}

}  // namespace framelane::bindings
