#include "engine/stream.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace framelane {
namespace {

std::int64_t rows_of(const Tensor& tensor) { return tensor.rank() == 0 ? 1 : tensor.shape().front(); }

// The `count` rows of a tensor from `first` on, along its first axis.
Tensor rows(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  Shape shape = tensor.shape();
  shape.front() = count;
  const auto offset = static_cast<std::ptrdiff_t>(first * tensor.strides().front()) *
                      static_cast<std::ptrdiff_t>(item_size(tensor.dtype()));
  return {tensor.owner(),    static_cast<std::byte*>(tensor.data()) + offset,
          tensor.dtype(),    std::move(shape),
          tensor.strides(),  tensor.device(),
          tensor.read_only()};
}

std::string_view first_axis_name(const ort::TensorInfo& info) {
  return info.shape && !info.shape->empty() ? std::string_view(info.shape->front().name) : std::string_view();
}

template <class Step>
const Step* step_of(const std::vector<std::optional<Step>>& steps, std::size_t index) {
  const std::optional<Step>& step = steps.at(index);
  return step ? &*step : nullptr;
}

// Null where the tensor is fed, or comes out, as it is.
const PackStep* pack_step(const Job& job, std::size_t input) {
  return job.plan ? step_of(job.plan->inputs, input) : nullptr;
}

const UnpackStep* unpack_step(const Job& job, std::size_t output) {
  return job.plan ? step_of(job.plan->outputs, output) : nullptr;
}

}  // namespace

const Tensor& Stream::Staging::get(const TensorSpec& spec) {
  if (tensor_.data() != nullptr && tensor_.dtype() == spec.dtype && tensor_.shape() == spec.shape) {
    return tensor_;
  }
  const auto bytes = element_count(spec.shape) * static_cast<std::int64_t>(item_size(spec.dtype));
  if (bytes > memory_.size() || memory_.data() == nullptr) {
    memory_ = FramePool::create({DType::uint8, {bytes}}, 1)->acquire();
  }
  tensor_ = Tensor(memory_.owner(), memory_.data(), spec.dtype, spec.shape);
  return tensor_;
}

Stream::Stream(std::shared_ptr<const ort::Session> session, std::shared_ptr<PicturePools> pools,
               std::shared_ptr<const NativeWork> work)
    : binding_(std::move(session)),
      pools_(std::move(pools)),
      work_(std::move(work)),
      inputs_(binding_.session().inputs().size()),
      outputs_(binding_.session().outputs().size()) {}

void Stream::run(std::span<const JobPtr> jobs, const ort::RunOptions& options) {
  if (jobs.size() > 1) {
    check_divisible(*jobs.front());
  }
  for (std::size_t input = 0; input < inputs_.size(); ++input) {
    feed(input, jobs);
  }
  for (std::size_t output = 0; output < outputs_.size(); ++output) {
    bind_output(output, jobs);
  }
  {
    const NativeCall call(work_);
    try {
      binding_.run(&options);
    } catch (...) {
      release_foreign_inputs(jobs);
      throw;
    }
  }
  release_foreign_inputs(jobs);
  std::vector<std::vector<Tensor>> results(outputs_.size());
  for (std::size_t output = 0; output < outputs_.size(); ++output) {
    results[output] = collect(output, jobs);
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    for (auto& of_output : results) {
      jobs[i]->outputs.push_back(std::move(of_output[i]));
    }
  }
}

// The rows of an output can be anything, such as what was found in all frames together, unless the model says that
// they are the input's: then the axis has the same name. A number that happens to fit proves nothing.
void Stream::check_divisible(const Job& job) const {
  const ort::Session& session = binding_.session();
  for (std::size_t output = 0; output < outputs_.size(); ++output) {
    const ort::TensorInfo& info = session.outputs()[output];
    const auto is_first_of = [axis = first_axis_name(info)](const ort::TensorInfo& input) {
      return !axis.empty() && first_axis_name(input) == axis;
    };
    if (unpack_step(job, output) == nullptr && std::ranges::none_of(session.inputs(), is_first_of)) {
      throw ShapeError("output '" + info.name + "' (" + ort::describe(info) +
                       ") cannot be divided among the frames of a batch: its first axis is not named as an input's; "
                       "use batch=1");
    }
  }
}

// A tensor that was bound where it lies is the frame's: its last holder may need the GIL to let it go, so that must
// not be this thread, and a producer's slot must not wait here for the next frame.
void Stream::release_foreign_inputs(std::span<const JobPtr> jobs) {
  for (std::size_t input = 0; input < inputs_.size() && jobs.size() == 1; ++input) {
    if (pack_step(*jobs.front(), input) == nullptr) {
      binding_.release_input(input);
    }
  }
}

void Stream::feed(std::size_t input, std::span<const JobPtr> jobs) {
  if (const PackStep* step = pack_step(*jobs.front(), input)) {
    feed_pictures(input, *step, jobs);
  } else if (jobs.size() == 1) {
    binding_.bind_input(input, jobs.front()->inputs.at(input));
  } else {
    feed_copies(input, jobs);
  }
}

void Stream::feed_pictures(std::size_t input, const PackStep& step, std::span<const JobPtr> jobs) {
  const auto frames = static_cast<std::int64_t>(jobs.size());
  const Tensor& tensor = inputs_[input].get(batched(step.tensor, step.layout, frames));
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    pack(image_from_tensor(step.format, jobs[i]->inputs.at(input)),
         mutable_region_from_tensor(tensor, step.layout, static_cast<std::int64_t>(i)), step.pack);
  }
  binding_.bind_input(input, tensor);
}

void Stream::feed_copies(std::size_t input, std::span<const JobPtr> jobs) {
  const Tensor& first = jobs.front()->inputs.at(input);
  TensorSpec spec{first.dtype(), first.shape()};
  spec.shape.front() =
      std::accumulate(jobs.begin(), jobs.end(), std::int64_t{0},
                      [&](std::int64_t sum, const JobPtr& job) { return sum + rows_of(job->inputs.at(input)); });
  const Tensor& tensor = inputs_[input].get(spec);
  auto* to = static_cast<std::byte*>(tensor.data());
  for (const JobPtr& job : jobs) {
    const Tensor& from = job->inputs.at(input);
    std::memcpy(to, from.data(), from.nbytes());
    to += from.nbytes();
  }
  binding_.bind_input(input, tensor);
}

void Stream::bind_output(std::size_t output, std::span<const JobPtr> jobs) {
  if (const UnpackStep* step = unpack_step(*jobs.front(), output)) {
    const auto frames = static_cast<std::int64_t>(jobs.size());
    binding_.bind_output(output, outputs_[output].get(batched(step->tensor, step->layout, frames)));
  } else if (!binding_.allocated(output)) {
    binding_.bind_output_allocated(output);
  }
}

std::vector<Tensor> Stream::collect(std::size_t output, std::span<const JobPtr> jobs) {
  const Tensor tensor = binding_.output(output);
  if (const UnpackStep* step = unpack_step(*jobs.front(), output)) {
    return unpack_pictures(*step, tensor, jobs.size());
  }
  if (jobs.size() == 1) {
    return {tensor};
  }
  return split(output, tensor, jobs);
}

std::vector<Tensor> Stream::unpack_pictures(const UnpackStep& step, const Tensor& tensor, std::size_t count) {
  std::vector<Tensor> pictures;
  for (std::size_t i = 0; i < count; ++i) {
    pictures.push_back(pools_->acquire(step.picture()));
    unpack(region_from_tensor(tensor, step.layout, static_cast<std::int64_t>(i)),
           mutable_image_from_tensor(step.format, pictures.back()), step.unpack);
  }
  return pictures;
}

std::vector<Tensor> Stream::split(std::size_t output, const Tensor& tensor, std::span<const JobPtr> jobs) const {
  // What a frame contributed to the first axis: one row where it was packed from a picture.
  const auto share = [&](const Job& job) {
    for (std::size_t input = 0; input < inputs_.size(); ++input) {
      if (pack_step(job, input) == nullptr) {
        return rows_of(job.inputs[input]);
      }
    }
    return std::int64_t{1};
  };
  std::int64_t total = 0;
  for (const JobPtr& job : jobs) {
    total += share(*job);
  }
  if (tensor.rank() == 0 || total == 0 || tensor.shape().front() % total != 0) {
    throw ShapeError("output '" + binding_.session().outputs()[output].name + "' has shape " +
                     to_string(tensor.shape()) + " for a batch of " + std::to_string(total) +
                     " and cannot be divided among its frames; use batch=1");
  }
  const std::int64_t factor = tensor.shape().front() / total;
  std::vector<Tensor> parts;
  std::int64_t row = 0;
  for (const JobPtr& job : jobs) {
    const std::int64_t count = share(*job) * factor;
    parts.push_back(rows(tensor, row, count));
    row += count;
  }
  return parts;
}

}  // namespace framelane
