#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "core/tensor.hpp"
#include "engine/frame_plan.hpp"

namespace framelane {

// One frame on its way through an engine.
struct Job {
  std::int64_t frame = 0;                 // the caller's index, for what is said about it
  std::shared_ptr<const FramePlan> plan;  // null: tensors in, tensors out
  std::vector<Tensor> inputs;             // one an input of the model: the tensor, or the picture that becomes it
  std::vector<Tensor> outputs;            // one an output of the model, likewise
  std::exception_ptr error;               // instead of outputs
  std::shared_ptr<void> passenger;        // what else travels along, untouched
};

using JobPtr = std::unique_ptr<Job>;

}  // namespace framelane
