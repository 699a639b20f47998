#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "core/tensor.hpp"

namespace framelane::bindings {

// Why a tensor has no buffer, no __array_interface__ and no DLPack capsule; empty when it has them.
[[nodiscard]] inline std::string device_refusal(const Tensor& tensor) {
  if (tensor.device().host_accessible()) {
    return "";
  }
  return "a tensor on " + to_string(tensor.device()) +
         " is in memory that neither NumPy nor the CPU can read; use tensor.to(\"cpu\")";
}

// Throws py::buffer_error with that.
inline void require_host(const Tensor& tensor) {
  if (const std::string refusal = device_refusal(tensor); !refusal.empty()) {
    throw pybind11::buffer_error(refusal);
  }
}

inline constexpr const char* bfloat16_refusal =
    "NumPy and the buffer protocol have no bfloat16; use torch.from_dlpack(tensor), or the same bits as "
    "tensor.view(\"uint16\"), which ml_dtypes shows by .numpy().view(ml_dtypes.bfloat16)";

}  // namespace framelane::bindings
