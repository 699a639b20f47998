#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "core/frame_pool.hpp"

namespace framelane {

// Slots for the pictures that an engine makes: one pool for each kind of picture, made when the first one is needed.
// Thread-safe.
//
// A pool has a slot for each picture that the engine and its rings can hold at a time. Who keeps more pictures than
// that (collects them in a list, say) must not bring the engine to a halt: such a picture gets memory of its own,
// which is counted.
class PicturePools {
 public:
  explicit PicturePools(std::size_t count) : count_(count) {}

  [[nodiscard]] Tensor acquire(const TensorSpec& spec);
  // Pictures that found no free slot.
  [[nodiscard]] std::uint64_t extra() const;

 private:
  struct Order {
    bool operator()(const TensorSpec& one, const TensorSpec& other) const {
      return std::tie(one.dtype, one.shape) < std::tie(other.dtype, other.shape);
    }
  };

  const std::size_t count_;
  mutable std::mutex mutex_;
  std::map<TensorSpec, std::shared_ptr<FramePool>, Order> pools_;
  std::uint64_t extra_ = 0;
};

}  // namespace framelane
