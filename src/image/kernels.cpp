#include "image/kernels.hpp"

namespace framelane {

bool machine_has_avx2() noexcept {
#if defined(__x86_64__)
  // F16C is older than AVX2, yet a virtual machine may hide either.
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("f16c") != 0;
#else
  return false;
#endif
}

const Kernels& kernels() noexcept {
#if defined(__x86_64__)
  static const Kernels& chosen = machine_has_avx2() ? kernels_avx2::table : kernels_baseline::table;
  return chosen;
#else
  return kernels_baseline::table;
#endif
}

}  // namespace framelane
