#pragma once

namespace framelane::cuda {

// Throws when `code` is no success: NoDeviceError where it means that no device can be used, else Error. Clears the
// runtime's own memory of the error, which the next, unrelated call would report otherwise.
void check(int code, const char* call);

}  // namespace framelane::cuda
