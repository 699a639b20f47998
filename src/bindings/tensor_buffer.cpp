#include "bindings/tensor_buffer.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/errors.hpp"
#include "bindings/tensor_export.hpp"
#include "core/buffer_format.hpp"
#include "core/tensor.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

using Sizes = std::vector<Py_ssize_t>;

Sizes byte_strides(const Tensor& tensor) {
  Sizes strides(tensor.rank());
  std::transform(tensor.strides().begin(), tensor.strides().end(), strides.begin(), [&](std::int64_t stride) {
    return static_cast<Py_ssize_t>(stride) * static_cast<Py_ssize_t>(item_size(tensor.dtype()));
  });
  return strides;
}

bool fortran_contiguous(const Tensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
    if (tensor.shape()[axis] != 1 && tensor.strides()[axis] != expected) {
      return tensor.size() == 0;
    }
    expected *= tensor.shape()[axis];
  }
  return true;
}

bool asked(int flags, int what) { return (flags & what) == what; }

void require_layout(const Tensor& tensor, int flags) {
  const bool c = tensor.contiguous();
  const bool any = asked(flags, PyBUF_ANY_CONTIGUOUS) && !c && !fortran_contiguous(tensor);
  const bool fortran = asked(flags, PyBUF_F_CONTIGUOUS) && !fortran_contiguous(tensor);
  const bool row_major = (asked(flags, PyBUF_C_CONTIGUOUS) || !asked(flags, PyBUF_STRIDES)) && !c;
  if (any || fortran || row_major) {
    throw py::buffer_error("the tensor is not contiguous in the order asked for; use tensor.copy()");
  }
}

void fill(PyObject* self, Py_buffer* view, int flags) {
  const auto& tensor = py::handle(self).cast<const Tensor&>();
  require_host(tensor);
  const char* format = format_of(tensor.dtype());
  if (format == nullptr) {
    throw py::buffer_error(bfloat16_refusal);
  }
  if (asked(flags, PyBUF_WRITABLE) && tensor.read_only()) {
    throw py::buffer_error("the tensor is read-only; write to tensor.copy()");
  }
  require_layout(tensor, flags);
  auto sizes = std::make_unique<Sizes>(tensor.shape().begin(), tensor.shape().end());
  const Sizes strides = byte_strides(tensor);
  sizes->insert(sizes->end(), strides.begin(), strides.end());
  view->buf = tensor.data();
  view->len = static_cast<Py_ssize_t>(tensor.nbytes());
  view->itemsize = static_cast<Py_ssize_t>(item_size(tensor.dtype()));
  view->readonly = tensor.read_only() ? 1 : 0;
  view->ndim = static_cast<int>(tensor.rank());
  view->format = asked(flags, PyBUF_FORMAT) ? const_cast<char*>(format) : nullptr;
  view->shape = asked(flags, PyBUF_ND) ? sizes->data() : nullptr;
  view->strides = asked(flags, PyBUF_STRIDES) ? sizes->data() + tensor.rank() : nullptr;
  view->suboffsets = nullptr;
  view->internal = sizes.release();
  view->obj = Py_NewRef(self);
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  try {
    fill(self, view, flags);
    return 0;
  } catch (...) {
    set_python_error(std::current_exception());
    return -1;
  }
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Sizes*>(view->internal); }

}  // namespace

void add_buffer_protocol(PyHeapTypeObject* type) {
  type->as_buffer.bf_getbuffer = get_buffer;
  type->as_buffer.bf_releasebuffer = release_buffer;
  type->ht_type.tp_as_buffer = &type->as_buffer;
}

}  // namespace framelane::bindings
