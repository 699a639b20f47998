#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "ort/session.hpp"

namespace framelane::ort {

// Inputs and outputs of a session bound to memory once, so that a run costs no allocation of ours. One thread at a
// time; make one binding a thread. Keeps the session and the bound tensors alive.
//
// A bound output is written in place. An output bound as allocated (the state of a new binding) gets memory of its
// own in each run, of whatever size the model gives it.
class IoBinding {
 public:
  explicit IoBinding(std::shared_ptr<const Session> session);
  IoBinding(const IoBinding&) = delete;
  IoBinding& operator=(const IoBinding&) = delete;
  IoBinding(IoBinding&&) = delete;
  IoBinding& operator=(IoBinding&&) = delete;
  ~IoBinding();

  // Throw ShapeError unless the tensor fits: dtype, shape, contiguous, host memory; an output must be writable.
  void bind_input(std::size_t index, const Tensor& tensor);
  void bind_output(std::size_t index, const Tensor& tensor);
  // Lets go of an input's memory: it has to be bound again before the next run.
  void release_input(std::size_t index);
  void bind_output_allocated(std::size_t index);

  // Throws RunTerminated, DeviceMemoryError, Error; Error as well when an input was never bound.
  void run(const RunOptions* options = nullptr);

  // The bound tensor, or what the last run allocated for this output, which is the caller's to keep: the next run
  // takes new memory. Throws Error before the first run.
  [[nodiscard]] Tensor output(std::size_t index) const;

  [[nodiscard]] const Session& session() const noexcept { return *session_; }
  // Whether each run allocates this output.
  [[nodiscard]] bool allocated(std::size_t index) const { return outputs_.at(index).allocated; }

 private:
  struct Output {
    bool allocated = true;
    std::optional<Tensor> tensor;
  };

  void bind_input_in_place(const TensorInfo& info, const Tensor& tensor);
  void bind_output_in_place(const TensorInfo& info, const Tensor& tensor);
  void bind_allocated(const TensorInfo& info);
  void upload_inputs();
  void run_bound(const RunOptions* options);
  void copy_passed_through();
  void drop_allocated_outputs();
  void bind_allocated_outputs();
  void take_allocated_outputs();

  std::shared_ptr<const Session> session_;
  const Environment& environment_;
  Owned<abi::IoBinding> handle_;
  std::vector<std::optional<Tensor>> inputs_;
  std::vector<Output> outputs_;
  std::size_t unbound_inputs_;
  std::size_t allocated_outputs_;
};

}  // namespace framelane::ort
