#include "ort/tensor_info.hpp"

#include <algorithm>

namespace framelane::ort {
namespace {

std::string describe(const Axis& axis) {
  if (axis.size >= 0) {
    return std::to_string(axis.size);
  }
  return axis.name.empty() ? "?" : axis.name;
}

}  // namespace

bool TensorInfo::accepts(std::span<const std::int64_t> actual) const noexcept {
  if (!shape) {
    return true;
  }
  return std::equal(shape->begin(), shape->end(), actual.begin(), actual.end(),
                    [](const Axis& axis, std::int64_t size) { return axis.size < 0 || axis.size == size; });
}

std::optional<Shape> TensorInfo::fixed_shape() const {
  if (!shape || std::any_of(shape->begin(), shape->end(), [](const Axis& axis) { return axis.size < 0; })) {
    return std::nullopt;
  }
  Shape sizes;
  for (const Axis& axis : *shape) {
    sizes.push_back(axis.size);
  }
  return sizes;
}

std::string describe(const TensorInfo& info) {
  std::string text(name_of(info.dtype));
  if (!info.shape) {
    return text + " of any rank";
  }
  text += " (";
  for (std::size_t i = 0; i < info.shape->size(); ++i) {
    text += (i == 0 ? "" : ", ") + describe((*info.shape)[i]);
  }
  return text + (info.shape->size() == 1 ? ",)" : ")");
}

}  // namespace framelane::ort
