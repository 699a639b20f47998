#include "engine/picture_pools.hpp"

namespace framelane {

Tensor PicturePools::acquire(const TensorSpec& spec) {
  const std::scoped_lock lock(mutex_);
  auto& pool = pools_[spec];
  if (!pool) {
    pool = FramePool::create(spec, count_);
  }
  if (auto slot = pool->try_acquire()) {
    return *std::move(slot);
  }
  ++extra_;
  return FramePool::create(spec, 1)->acquire();
}

std::uint64_t PicturePools::extra() const {
  const std::scoped_lock lock(mutex_);
  return extra_;
}

}  // namespace framelane
