#pragma once

#include <cstddef>

// The CUDA runtime's functions as rows.inl declares them. No header of NVIDIA's is needed to build.
namespace framelane::cuda::api {

extern "C" {
// NOLINTBEGIN(bugprone-macro-parentheses)
#define FRAMELANE_CUDA_ROW(result, name, parameters) result name parameters;
#include "cuda/rows.inl"
#undef FRAMELANE_CUDA_ROW
// NOLINTEND(bugprone-macro-parentheses)
}

}  // namespace framelane::cuda::api
