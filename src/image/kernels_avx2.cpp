// Compiled with -mavx2 -mf16c; nothing in here may run before kernels() has asked the machine.
#define FRAMELANE_KERNELS kernels_avx2
#include "image/kernels_body.inl"
