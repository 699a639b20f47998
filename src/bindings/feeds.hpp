#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bindings/array_kind.hpp"
#include "bindings/session_object.hpp"
#include "core/inline_buffer.hpp"
#include "ort/value.hpp"

namespace framelane::bindings {

// The arrays of one run as values of ONNX Runtime, without a copy where they are contiguous and aligned. Keeps the
// arrays alive. Needs the GIL at both ends of its life.
class Feeds {
 public:
  // `feeds` is a mapping by name, or one array when the model has one input. Throws ShapeError that shows all inputs
  // as expected and got.
  Feeds(const SessionState& state, PyObject* feeds);
  Feeds(const Feeds&) = delete;
  Feeds& operator=(const Feeds&) = delete;
  Feeds(Feeds&&) = delete;
  Feeds& operator=(Feeds&&) = delete;
  ~Feeds();

  [[nodiscard]] std::span<const ort::abi::Value* const> values() noexcept { return {values_.span()}; }
  // What the first input was given as.
  [[nodiscard]] ArrayKind kind() const noexcept { return kind_; }
  [[nodiscard]] std::size_t copies() const noexcept { return copies_; }
  [[nodiscard]] std::size_t copied_bytes() const noexcept { return copied_bytes_; }

 private:
  Feeds(const ort::Environment& environment, std::size_t count);
  [[nodiscard]] bool add(const ort::TensorInfo& info, std::size_t index, PyObject* array);
  [[nodiscard]] bool add_in_place(const ort::TensorInfo& info, std::size_t index, PyObject* array);

  const ort::Environment& environment_;
  InlineBuffer<pybind11::object> arrays_;
  std::vector<Tensor> tensors_;  // of what is no array that NumPy lets us read in place
  InlineBuffer<const ort::abi::Value*> values_;
  ArrayKind kind_ = ArrayKind::numpy;
  std::size_t copies_ = 0;
  std::size_t copied_bytes_ = 0;
};

// A dict of what was given: itself, another mapping copied, or one array under the name of the only input.
[[nodiscard]] pybind11::dict feeds_by_name(const SessionState& state, PyObject* feeds);

// Throws ShapeError: "image: expected float32 (1, 3, 8, 8), got uint8 (8, 8, 3)", a line an input, and the names that
// are no input.
[[noreturn]] void refuse_feeds(const SessionState& state, PyObject* feeds);

}  // namespace framelane::bindings
