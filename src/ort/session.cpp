#include "ort/session.hpp"

#include <algorithm>
#include <utility>

#include "core/host_memory.hpp"
#include "ort/describe_session.hpp"
#include "ort/runtime_text.hpp"
#include "ort/session_threads.hpp"
#include "ort/value.hpp"

namespace framelane::ort {
namespace {

[[noreturn]] void rethrow_load_failure(const RuntimeFailure& failure, const Environment& environment) {
  throw ModelError("ONNX Runtime " + environment.api().version_text + " cannot load it: " + failure.what());
}

// Makes ONNX Runtime's session by `make(options, &handle)`.
template <class Make>
Owned<abi::Session> load(const Environment& environment, const SessionOptions& options, ThreadSet& threads,
                         SessionLog* log, Gate* gate, Make make) {
  const GatePass pass(gate);
  const Owned<abi::SessionOptions> created = create(options);
  make_threads_known(environment, created.get(), threads);
  if (log != nullptr) {
    log->attach(environment, created.get());
  }
  abi::Session* handle = nullptr;
  try {
    environment.check(make(created.get(), &handle));
  } catch (const RuntimeFailure& failure) {
    rethrow_load_failure(failure, environment);
  }
  return Owned<abi::Session>(handle);
}

std::shared_ptr<const NativeWork> work_named(const std::string& model, std::shared_ptr<const ThreadSet> threads) {
  return std::make_shared<const NativeWork>(NativeWork{"ONNX Runtime: run " + model, std::move(threads)});
}

void check_inputs(const std::vector<TensorInfo>& infos, std::span<const Tensor> inputs) {
  if (inputs.size() != infos.size()) {
    throw ShapeError("the model has " + std::to_string(infos.size()) + " inputs and got " +
                     std::to_string(inputs.size()) + " tensors");
  }
  for (std::size_t i = 0; i < infos.size(); ++i) {
    check_fits(infos[i], inputs[i]);
  }
}

// The first is ONNX Runtime's wording up to 1.24, the second what newer ones say.
bool is_wrong_output_size(const std::string& text) {
  return text.find("shape verification failed") != std::string::npos ||
         text.find("The output OrtValue provided for output") != std::string::npos;
}

}  // namespace

RunOptions::RunOptions() {
  abi::RunOptions* handle = nullptr;
  const Environment& environment = Environment::get();
  environment.check(environment.api().CreateRunOptions(&handle));
  handle_.reset(handle);
}

void RunOptions::terminate() const {
  const Environment& environment = Environment::get();
  environment.check(environment.api().RunOptionsSetTerminate(handle_.get()));
}

void RunOptions::reset() const {
  const Environment& environment = Environment::get();
  environment.check(environment.api().RunOptionsUnsetTerminate(handle_.get()));
}

Session::Session(const SessionOptions& options, const std::string& name)
    : environment_(Environment::get()),
      forks_(fork_count()),
      work_(work_named(name, threads_)),
      gate_(gate_for(options.device)),
      log_(options.device.provider.empty() ? nullptr : std::make_unique<SessionLog>(options.log_severity)) {}

Session::Session(const std::filesystem::path& model, const SessionOptions& options)
    : Session(options, model.filename().string()) {
  handle_ = load(environment_, options, *threads_, log_.get(), gate_, [&](const auto* created, auto** handle) {
    return environment_.api().CreateSession(environment_.handle(), model.c_str(), created, handle);
  });
  describe();
}

Session::Session(std::span<const std::byte> model, const SessionOptions& options) : Session(options, "model") {
  handle_ = load(environment_, options, *threads_, log_.get(), gate_, [&](const auto* created, auto** handle) {
    return environment_.api().CreateSessionFromArray(environment_.handle(), model.data(), model.size(), created,
                                                     handle);
  });
  describe();
}

Session::~Session() {
  if (forked()) {
    // Releasing would wait for the threads of the pool, which the fork did not copy.
    [[maybe_unused]] const abi::Session* leaked = handle_.release();
    return;
  }
  const GatePass pass(gate_);
  handle_.reset();
}

void Session::describe() {
  inputs_ = read_inputs(environment_, handle_.get());
  outputs_ = read_outputs(environment_, handle_.get());
  for (const TensorInfo& info : inputs_) {
    input_names_.push_back(info.name.c_str());
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    output_names_.push_back(outputs_[i].name.c_str());
    const auto same = std::find_if(inputs_.begin(), inputs_.end(),
                                   [&](const TensorInfo& input) { return input.name == outputs_[i].name; });
    if (same != inputs_.end()) {
      passed_through_.emplace_back(i, static_cast<std::size_t>(same - inputs_.begin()));
    }
  }
}

std::optional<std::size_t> Session::passed_through(std::size_t output) const noexcept {
  for (const auto& [index, input] : passed_through_) {
    if (index == output) {
      return input;
    }
  }
  return std::nullopt;
}

void Session::own_passed_through(std::span<abi::Value*> outputs) const {
  for (const auto& [output, input] : passed_through_) {
    Owned<abi::Value> copy = clone(environment_, outputs[output]);
    environment_.api().ReleaseValue(std::exchange(outputs[output], copy.release()));
  }
}

ModelMetadata Session::metadata() const { return read_metadata(environment_, handle_.get()); }

void Session::check_process() const {
  if (forked()) [[unlikely]] {
    throw Error(
        "this session was made before fork(), which does not copy its threads; make the session in the "
        "child, or start the child with multiprocessing's 'spawn'");
  }
}

void Session::run(std::span<const abi::Value* const> inputs, std::span<abi::Value*> outputs,
                  const abi::RunOptions* options) const {
  check_process();
  const GatePass pass(gate_);
  const NativeCall call(work_);
  abi::Status* status = environment_.api().Run(handle_.get(), options, input_names_.data(), inputs.data(),
                                               inputs.size(), output_names_.data(), outputs.size(), outputs.data());
  if (status != nullptr) [[unlikely]] {
    try {
      environment_.check(status);
    } catch (const RuntimeFailure& failure) {
      rethrow_run_failure(failure);
    }
  }
  own_passed_through(outputs);
}

std::vector<Tensor> Session::run(std::span<const Tensor> inputs, const RunOptions* options) const {
  check_inputs(inputs_, inputs);
  std::vector<Owned<abi::Value>> owned;
  std::vector<const abi::Value*> values;
  for (const Tensor& input : inputs) {
    owned.push_back(wrap_memory(environment_, input.data(), input.dtype(), input.nbytes(), input.shape()));
    values.push_back(owned.back().get());
  }
  std::vector<abi::Value*> results(outputs_.size(), nullptr);
  run(values, results, options == nullptr ? nullptr : options->handle());
  std::vector<Owned<abi::Value>> owned_results(results.begin(), results.end());
  std::vector<Tensor> tensors;
  tensors.reserve(owned_results.size());
  for (Owned<abi::Value>& value : owned_results) {
    tensors.push_back(to_tensor(std::move(value)));
  }
  return tensors;
}

std::vector<std::string> Session::take_log() const { return log_ ? log_->take() : std::vector<std::string>(); }

std::string Session::end_profiling() const {
  const GatePass pass(gate_);
  char* path = nullptr;
  environment_.check(environment_.api().SessionEndProfiling(handle_.get(), environment_.allocator(), &path));
  return take_string(environment_, path);
}

void rethrow_run_failure(const RuntimeFailure& failure) {
  const std::string text = failure.what();
  if (text.find("terminate flag") != std::string::npos) {
    throw RunTerminated("the run was stopped");
  }
  const std::size_t asked = text.find("requested buffer of size ");
  if (asked != std::string::npos) {
    const auto [free, total] = host_memory();
    throw DeviceMemoryError("cpu", std::stoull(text.substr(asked + 25)), free, total);
  }
  if (is_wrong_output_size(text)) {
    throw ShapeError("an output has another size than the memory that it was bound to: " + describe_failed_run(text));
  }
  throw Error("ONNX Runtime failed: " + describe_failed_run(text));
}

}  // namespace framelane::ort
