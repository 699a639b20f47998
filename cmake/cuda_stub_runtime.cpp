// The CUDA runtime's functions that we call, without bodies worth running: only the linker sees them.
#include <cstddef>

extern "C" {
#define FRAMELANE_CUDA_ROW(result, name, parameters) \
  result name parameters { return {}; }
#include "cuda/rows.inl"
#undef FRAMELANE_CUDA_ROW
}
