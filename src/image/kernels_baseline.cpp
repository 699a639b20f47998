#define FRAMELANE_KERNELS kernels_baseline
#include "image/kernels_body.inl"
