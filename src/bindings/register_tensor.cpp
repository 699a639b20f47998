#include "bindings/register.hpp"
#include "core/tensor.hpp"

namespace py = pybind11;

namespace framelane::bindings {

void register_tensor(py::module_& m) {
  py::classh<Tensor>(m, "Tensor").def_property_readonly("nbytes", &Tensor::nbytes);
}

}  // namespace framelane::bindings
