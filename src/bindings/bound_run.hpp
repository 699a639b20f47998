#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bindings/array_kind.hpp"
#include "bindings/session_object.hpp"
#include "ort/io_binding.hpp"

namespace framelane::bindings {

// Inputs and outputs of a session bound to arrays once; what framelane._core.BoundRun holds.
class BoundRun {
 public:
  // `inputs` has an array for each input, of any strides; `outputs` an array for each output of fixed size, and None
  // for one that ONNX Runtime allocates in each run. Those named `replaceable` become such when their size turns out
  // to be another one. Throws ShapeError.
  BoundRun(std::shared_ptr<SessionState> state, pybind11::dict inputs, pybind11::dict outputs,
           const std::vector<std::string>& replaceable);

  BoundRun(const BoundRun&) = delete;
  BoundRun& operator=(const BoundRun&) = delete;
  BoundRun(BoundRun&&) = delete;
  BoundRun& operator=(BoundRun&&) = delete;
  ~BoundRun();

  // Runs once and returns `outputs`, borrowed. Releases the GIL meanwhile. Throws Error when it is closed or runs
  // already in another thread.
  [[nodiscard]] PyObject* run();

  void close();
  [[nodiscard]] const pybind11::dict& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const pybind11::dict& outputs() const noexcept { return outputs_; }

 private:
  // An input whose array is strided or misaligned: copied into contiguous memory before each run.
  struct Staged {
    pybind11::object source;
    pybind11::object copy;
  };

  void bind_input(std::size_t index, const pybind11::object& array);
  void bind(std::size_t index, const Tensor& tensor);
  void bind_output(std::size_t index, const Tensor& tensor);
  void run_bound();
  void run_or_replace();

  std::shared_ptr<SessionState> state_;
  std::unique_ptr<ort::IoBinding> binding_;  // null once closed
  pybind11::dict inputs_;
  pybind11::dict outputs_;
  std::vector<Staged> staged_;
  std::vector<std::size_t> allocated_;  // outputs that ONNX Runtime allocates
  std::vector<std::size_t> replaceable_;
  std::size_t staged_bytes_ = 0;
  ArrayKind kind_ = ArrayKind::numpy;
  std::atomic<bool> running_{false};
};

}  // namespace framelane::bindings
