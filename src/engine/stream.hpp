#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/activity.hpp"
#include "engine/job.hpp"
#include "engine/picture_pools.hpp"
#include "ort/io_binding.hpp"

namespace framelane {

// One stream of an engine: a binding of the session and the memory that is bound to it. One thread at a time.
//
// A picture is packed straight into the bound input and unpacked from the bound output: each is written once. A
// tensor that runs alone is bound where it lies. Only tensors that run in a batch are copied, next to each other.
class Stream {
 public:
  Stream(std::shared_ptr<const ort::Session> session, std::shared_ptr<PicturePools> pools,
         std::shared_ptr<const NativeWork> work);

  // Runs the frames together and gives each its outputs. Throws what went wrong; then no frame has outputs.
  void run(std::span<const JobPtr> jobs, const ort::RunOptions& options);

 private:
  // Memory that grows to the largest tensor that was ever needed.
  class Staging {
   public:
    [[nodiscard]] const Tensor& get(const TensorSpec& spec);

   private:
    Tensor memory_;
    Tensor tensor_;
  };

  void check_divisible(const Job& job) const;
  void release_foreign_inputs(std::span<const JobPtr> jobs);
  void feed(std::size_t input, std::span<const JobPtr> jobs);
  void feed_pictures(std::size_t input, const PackStep& step, std::span<const JobPtr> jobs);
  void feed_copies(std::size_t input, std::span<const JobPtr> jobs);
  void bind_output(std::size_t output, std::span<const JobPtr> jobs);
  [[nodiscard]] std::vector<Tensor> collect(std::size_t output, std::span<const JobPtr> jobs);
  [[nodiscard]] std::vector<Tensor> unpack_pictures(const UnpackStep& step, const Tensor& tensor, std::size_t count);
  [[nodiscard]] std::vector<Tensor> split(std::size_t output, const Tensor& tensor, std::span<const JobPtr> jobs) const;

  ort::IoBinding binding_;
  std::shared_ptr<PicturePools> pools_;
  std::shared_ptr<const NativeWork> work_;
  std::vector<Staging> inputs_;
  std::vector<Staging> outputs_;
};

}  // namespace framelane
