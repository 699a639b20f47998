#include "ort/io_binding.hpp"

#include <cstring>
#include <span>

#include "core/tensor_copy.hpp"
#include "ort/describe_session.hpp"
#include "ort/value.hpp"

namespace framelane::ort {
namespace {

Owned<abi::IoBinding> create_binding(const Session& session) {
  session.check_process();
  abi::IoBinding* handle = nullptr;
  const Environment& environment = session.environment();
  const GatePass pass(session.gate());
  environment.check(environment.api().CreateIoBinding(session.handle(), &handle));
  return Owned<abi::IoBinding>(handle);
}

}  // namespace

IoBinding::IoBinding(std::shared_ptr<const Session> session)
    : session_(std::move(session)),
      environment_(session_->environment()),
      handle_(create_binding(*session_)),
      inputs_(session_->inputs().size()),
      outputs_(session_->outputs().size()),
      unbound_inputs_(inputs_.size()),
      allocated_outputs_(outputs_.size()) {
  const GatePass pass(session_->gate());
  for (const TensorInfo& info : session_->outputs()) {
    bind_allocated(info);
  }
}

// The binding holds memory of the device, and the bound tensors may be Python's: the gate is left before they go.
IoBinding::~IoBinding() {
  if (session_->forked()) {
    [[maybe_unused]] const abi::IoBinding* leaked = handle_.release();
    return;
  }
  const GatePass pass(session_->gate());
  handle_.reset();
}

void IoBinding::bind_input(std::size_t index, const Tensor& tensor) {
  const TensorInfo& info = session_->inputs().at(index);
  check_fits(info, tensor);
  if (!session_->on_device()) {
    bind_input_in_place(info, tensor);
  }
  unbound_inputs_ -= inputs_[index].has_value() ? 0 : 1;
  inputs_[index] = tensor;
}

void IoBinding::bind_input_in_place(const TensorInfo& info, const Tensor& tensor) {
  const Owned<abi::Value> value =
      wrap_memory(environment_, tensor.data(), tensor.dtype(), tensor.nbytes(), tensor.shape());
  environment_.check(environment_.api().BindInput(handle_.get(), info.name.c_str(), value.get()));
}

// ONNX Runtime copies what is bound to a device when it is bound, and not when it runs.
void IoBinding::upload_inputs() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (const std::optional<Tensor>& tensor = inputs_[i]) {  // all are: run() has seen to it
      bind_input_in_place(session_->inputs()[i], *tensor);
    }
  }
}

void IoBinding::release_input(std::size_t index) {
  unbound_inputs_ += inputs_.at(index).has_value() ? 1 : 0;
  inputs_[index].reset();
}

void IoBinding::bind_output(std::size_t index, const Tensor& tensor) {
  const TensorInfo& info = session_->outputs().at(index);
  check_fits(info, tensor);
  if (tensor.read_only()) {
    throw ShapeError("'" + info.name + "': an output cannot be bound to read-only memory");
  }
  if (!session_->passed_through(index)) {
    bind_output_in_place(info, tensor);
  }
  allocated_outputs_ -= outputs_[index].allocated ? 1 : 0;
  outputs_[index] = {false, tensor};
}

void IoBinding::bind_output_in_place(const TensorInfo& info, const Tensor& tensor) {
  const GatePass pass(session_->gate());
  const Owned<abi::Value> value =
      wrap_memory(environment_, tensor.data(), tensor.dtype(), tensor.nbytes(), tensor.shape());
  environment_.check(environment_.api().BindOutput(handle_.get(), info.name.c_str(), value.get()));
}

void IoBinding::bind_output_allocated(std::size_t index) {
  {
    const GatePass pass(session_->gate());
    bind_allocated(session_->outputs().at(index));
  }
  allocated_outputs_ += outputs_[index].allocated ? 0 : 1;
  outputs_[index] = {true, std::nullopt};
}

void IoBinding::bind_allocated(const TensorInfo& info) {
  environment_.check(
      environment_.api().BindOutputToDevice(handle_.get(), info.name.c_str(), environment_.cpu_memory()));
}

void IoBinding::run(const RunOptions* options) {
  session_->check_process();
  if (unbound_inputs_ != 0) {
    throw Error("a binding ran before all of its inputs were bound; call bind_input for each first");
  }
  const bool binds_outputs = allocated_outputs_ != 0 || session_->passes_inputs_through();
  if (binds_outputs) {
    drop_allocated_outputs();
  }
  {
    const GatePass pass(session_->gate());
    if (session_->on_device()) {
      upload_inputs();
    }
    if (binds_outputs) {
      bind_allocated_outputs();
    }
    run_bound(options);
    if (allocated_outputs_ != 0) {
      take_allocated_outputs();
    }
  }
  if (session_->passes_inputs_through()) {
    copy_passed_through();
  }
}

void IoBinding::run_bound(const RunOptions* options) {
  const NativeCall call(session_->work());
  abi::Status* status = environment_.api().RunWithBinding(
      session_->handle(), options == nullptr ? nullptr : options->handle(), handle_.get());
  if (status != nullptr) [[unlikely]] {
    try {
      environment_.check(status);
    } catch (const RuntimeFailure& failure) {
      rethrow_run_failure(failure);
    }
  }
}

// ONNX Runtime neither writes these in place nor gives them memory of their own: they are the inputs.
void IoBinding::copy_passed_through() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::optional<std::size_t> source = session_->passed_through(i);
    const std::optional<Tensor> input = source ? inputs_[*source] : std::nullopt;
    if (!input) {
      continue;
    }
    std::optional<Tensor>& output = outputs_[i].tensor;
    if (outputs_[i].allocated || !output) {
      output = contiguous_copy(*input);
    } else if (output->shape() != input->shape()) {
      throw ShapeError("'" + session_->outputs()[i].name + "': bound as " + to_string(output->shape()) +
                       ", and the run gives " + to_string(input->shape()));
    } else if (input->nbytes() != 0) {
      std::memmove(output->data(), input->data(), input->nbytes());
    }
  }
}

// ONNX Runtime keeps the values of the last run in the binding and would write the next run into them, which fails
// when the size changes and overwrites what a caller still holds when it does not. Binding anew drops them.
void IoBinding::bind_allocated_outputs() {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].allocated || session_->passed_through(i)) {
      bind_allocated(session_->outputs()[i]);
    }
  }
}

void IoBinding::drop_allocated_outputs() {
  for (Output& output : outputs_) {
    if (output.allocated) {
      output.tensor.reset();
    }
  }
}

void IoBinding::take_allocated_outputs() {
  abi::Value** values = nullptr;
  std::size_t count = 0;
  environment_.check(environment_.api().GetBoundOutputValues(handle_.get(), environment_.allocator(), &values, &count));
  std::vector<Owned<abi::Value>> owned(values, values + count);
  if (values != nullptr) {
    environment_.check(environment_.api().AllocatorFree(environment_.allocator(), static_cast<void*>(values)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (outputs_[i].allocated) {
      outputs_[i].tensor = to_tensor(std::move(owned[i]));
    }
  }
}

Tensor IoBinding::output(std::size_t index) const {
  const std::optional<Tensor>& tensor = outputs_.at(index).tensor;
  if (!tensor) {
    throw Error("a binding's output was asked for before its first run");
  }
  return *tensor;
}

}  // namespace framelane::ort
