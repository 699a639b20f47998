#pragma once

#include <pybind11/pybind11.h>

#include <span>

#include "bindings/array_kind.hpp"
#include "core/inline_buffer.hpp"
#include "ort/value.hpp"

namespace framelane::bindings {

// The values that one run returns, released unless an array took them over.
class Results {
 public:
  Results(const ort::Environment& environment, std::size_t count) : environment_(environment), values_(count) {}
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;
  Results(Results&&) = delete;
  Results& operator=(Results&&) = delete;
  ~Results();

  [[nodiscard]] std::span<ort::abi::Value*> values() noexcept { return values_.span(); }
  // The value as an array that owns it. Throws py::error_already_set.
  [[nodiscard]] pybind11::object take(std::size_t index, ArrayKind kind);

 private:
  const ort::Environment& environment_;
  InlineBuffer<ort::abi::Value*> values_;
};

// Creates the type of what NumPy arrays over a value have as base: it owns the value. Once, at import.
void create_value_type();

}  // namespace framelane::bindings
