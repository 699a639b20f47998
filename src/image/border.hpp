#pragma once

#include "image/pack.hpp"

namespace framelane {

// Fills what lies around `inside` as `spec.border` says; the pixels inside must have been written.
void fill_border(const MutableTensorRegion& tensor, const Rect& inside, const PackSpec& spec) noexcept;

}  // namespace framelane
