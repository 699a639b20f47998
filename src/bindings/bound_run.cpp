#include "bindings/bound_run.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "bindings/feeds.hpp"
#include "bindings/gil.hpp"
#include "bindings/numpy_array.hpp"
#include "bindings/tensor_from_python.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

// One run at a time: a binding has one set of buffers.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& running) : running_(running) {
    if (running_.exchange(true)) {
      throw Error(
          "this BoundRun is running in another thread, and has one set of buffers; "
          "make one for each thread with Session.bind()");
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Turn(Turn&&) = delete;
  Turn& operator=(Turn&&) = delete;
  ~Turn() { running_.store(false); }

 private:
  std::atomic<bool>& running_;
};

// A tensor that can be bound as it is; nullopt where the places of the elements ask for a copy.
std::optional<Tensor> in_place(const py::object& array) {
  try {
    Tensor tensor = tensor_from_python(array.ptr());
    return tensor.contiguous() ? std::optional(std::move(tensor)) : std::nullopt;
  } catch (const ShapeError&) {
    return std::nullopt;  // misaligned, or of no dtype of ours: the copy tells
  }
}

std::unique_ptr<ort::IoBinding> make_binding(const std::shared_ptr<const ort::Session>& session) {
  const GilRelease released;
  return std::make_unique<ort::IoBinding>(session);
}

}  // namespace

BoundRun::BoundRun(std::shared_ptr<SessionState> state, py::dict inputs, py::dict outputs,
                   const std::vector<std::string>& replaceable)
    : state_(std::move(state)),
      binding_(make_binding(state_->session)),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)) {
  for (std::size_t i = 0; i < state_->input_names.size(); ++i) {
    bind_input(i, inputs_[state_->input_names[i]]);
  }
  for (std::size_t i = 0; i < state_->output_names.size(); ++i) {
    const py::object array = outputs_[state_->output_names[i]];
    const std::string& name = state_->session->outputs()[i].name;
    if (array.is_none()) {
      allocated_.push_back(i);
      continue;
    }
    bind_output(i, tensor_from_python(array.ptr()));
    if (std::find(replaceable.begin(), replaceable.end(), name) != replaceable.end()) {
      replaceable_.push_back(i);
    }
  }
}

// Destroying the last of a session joins its threads: not under the GIL.
BoundRun::~BoundRun() {
  std::shared_ptr<const ort::Session> session =
      state_.use_count() == 1 ? std::exchange(state_->session, nullptr) : nullptr;
  const GilRelease released;
  binding_.reset();
  session.reset();
}

void BoundRun::bind_input(std::size_t index, const py::object& array) {
  if (index == 0) {
    kind_ = kind_of(array.ptr());
  }
  try {
    if (const std::optional<Tensor> tensor = in_place(array)) {
      bind(index, *tensor);
      return;
    }
    const py::module_ numpy = py::module_::import("numpy");
    const py::object source = numpy.attr("asarray")(array);
    const py::object copy = numpy.attr("array")(source, py::arg("order") = "C");
    const Tensor tensor = tensor_from_python(copy.ptr());
    bind(index, tensor);
    staged_.push_back({source, copy});
    staged_bytes_ += tensor.nbytes();
  } catch (const ShapeError&) {
    refuse_feeds(*state_, inputs_.ptr());
  } catch (const py::type_error&) {
    refuse_feeds(*state_, inputs_.ptr());
  }
}

// A device may be busy with another run, and binding waits for its turn.
void BoundRun::bind(std::size_t index, const Tensor& tensor) {
  const GilRelease released;
  binding_->bind_input(index, tensor);
}

void BoundRun::bind_output(std::size_t index, const Tensor& tensor) {
  const GilRelease released;
  binding_->bind_output(index, tensor);
}

PyObject* BoundRun::run() {
  if (!binding_ || !state_->session) {
    throw Error("this BoundRun or its session is closed; make a new one with Session.bind()");
  }
  const Turn turn(running_);
  for (const Staged& staged : staged_) {
    copy_into(staged.copy.ptr(), staged.source.ptr());
  }
  if (replaceable_.empty()) {
    run_bound();
  } else {
    run_or_replace();
  }
  state_->count(staged_.size(), staged_bytes_);
  for (const std::size_t index : allocated_) {
    outputs_[state_->output_names[index]] = to_kind(binding_->output(index), kind_);
  }
  return outputs_.ptr();
}

void BoundRun::run_bound() {
  const std::shared_ptr<const ort::RunOptions> options = state_->run_options;
  const GilRelease released;
  binding_->run(options.get());
}

// The sizes of the outputs that we allocated came from the model, and models may be wrong about them: then ONNX
// Runtime refuses the memory, and allocates it in each run from here on.
void BoundRun::run_or_replace() {
  try {
    run_bound();
  } catch (const ShapeError&) {
    for (const std::size_t index : std::exchange(replaceable_, {})) {
      {
        const GilRelease released;
        binding_->bind_output_allocated(index);
      }
      allocated_.push_back(index);
    }
    run_bound();
  }
}

void BoundRun::close() {
  const Turn turn(running_);
  const GilRelease released;
  binding_.reset();
}

}  // namespace framelane::bindings
