#include "bindings/tensor_from_numpy.hpp"

#include <string>
#include <utility>

#include "bindings/gil.hpp"
#include "bindings/tensor_places.hpp"
#include "core/buffer_format.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

constexpr int first_user_type = 256;  // NPY_USERDEF: dtypes that packages add to NumPy

DType dtype_of(const py::array& array) {
  const py::dtype dtype = array.dtype();
  const auto bytes = static_cast<std::size_t>(dtype.itemsize());
  if (dtype.num() < first_user_type) {
    const char format[] = {dtype.byteorder(), dtype.char_()};
    const bool plain = format[0] == '|' || format[0] == '=';  // a character of the struct module but for these
    if (const auto known = find_dtype({plain ? format + 1 : format, plain ? 1U : 2U}, bytes)) {
      return *known;
    }
  }
  const auto name = py::str(dtype).cast<std::string>();
  if (name == name_of(DType::bfloat16)) {
    return DType::bfloat16;
  }
  if (!dtype.attr("isnative").cast<bool>()) {
    throw ShapeError("an array of dtype " + name +
                     ", the other byte order, is no tensor; convert it with "
                     "array.astype(array.dtype.newbyteorder(\"=\"))");
  }
  throw ShapeError("an array of dtype " + name +
                   " is no tensor; convert it, for example with array.astype(\"float32\")");
}

}  // namespace

Tensor tensor_from_numpy(const py::array& array) {
  const DType dtype = dtype_of(array);
  Shape shape(array.shape(), array.shape() + array.ndim());
  Shape strides = element_strides(shape, array.strides(), static_cast<std::int64_t>(item_size(dtype)));
  return {share(array),      const_cast<void*>(array.data()), dtype, std::move(shape), std::move(strides), Device{},
          !array.writeable()};
}

}  // namespace framelane::bindings
