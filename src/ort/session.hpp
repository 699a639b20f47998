#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/activity.hpp"
#include "core/tensor.hpp"
#include "ort/session_log.hpp"
#include "ort/session_options.hpp"
#include "ort/tensor_info.hpp"

namespace framelane::ort {

// Switches of one run, or of several that are to be stopped together.
class RunOptions {
 public:
  RunOptions();

  // Makes the runs that use these options end soon with RunTerminated, those to come at once. From any thread.
  void terminate() const;
  // Lets runs go again.
  void reset() const;

  [[nodiscard]] const abi::RunOptions* handle() const noexcept { return handle_.get(); }

 private:
  Owned<abi::RunOptions> handle_;
};

// A run was stopped through RunOptions::terminate.
class RunTerminated : public Error {
 public:
  using Error::Error;
};

// What the model says about itself.
struct ModelMetadata {
  std::string producer;
  std::string graph;
  std::string domain;
  std::string description;
  std::int64_t version = 0;
  std::vector<std::pair<std::string, std::string>> custom;
};

// A loaded model, ready to run. Thread-safe: any number of threads may run it at once; on a device without streams
// they take turns at its gate.
// Non-tensor inputs and outputs are refused by name (ModelError) when it is made.
class Session {
 public:
  // Both throw ModelError with ONNX Runtime's reason, LoadError for a refused option.
  Session(const std::filesystem::path& model, const SessionOptions& options);
  Session(std::span<const std::byte> model, const SessionOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;
  ~Session();

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept { return outputs_; }
  [[nodiscard]] ModelMetadata metadata() const;
  [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
  [[nodiscard]] abi::Session* handle() const noexcept { return handle_.get(); }
  // Whether it runs elsewhere than on the CPU: what is bound is then copied there, at the time it is bound.
  [[nodiscard]] bool on_device() const noexcept { return log_ != nullptr; }
  // What every call that touches its device passes; null where there is none.
  [[nodiscard]] Gate* gate() const noexcept { return gate_; }
  // What a run is called in a stall report, with the threads of the session's pools.
  [[nodiscard]] const std::shared_ptr<const NativeWork>& work() const noexcept { return work_; }

  // One run: inputs in the order of inputs(), contiguous host memory. The outputs own their memory and may outlive
  // the session. Throws ShapeError for what does not fit, RunTerminated, DeviceMemoryError, Error.
  [[nodiscard]] std::vector<Tensor> run(std::span<const Tensor> inputs, const RunOptions* options = nullptr) const;

  // The same on ONNX Runtime's own values, unchecked; fills `outputs`, of which those not null are written in place.
  void run(std::span<const abi::Value* const> inputs, std::span<abi::Value*> outputs,
           const abi::RunOptions* options) const;

  // The input that an output is, by index, where the model returns an input as it is. ONNX Runtime then returns the
  // memory that was fed; what comes out of here is a copy.
  [[nodiscard]] std::optional<std::size_t> passed_through(std::size_t output) const noexcept;

  [[nodiscard]] bool passes_inputs_through() const noexcept { return !passed_through_.empty(); }

  // What ONNX Runtime logged while it loaded the model, once; nothing of a session on the CPU.
  [[nodiscard]] std::vector<std::string> take_log() const;

  // Whether this process was forked after the session was made.
  [[nodiscard]] bool forked() const noexcept { return forks_ != fork_count(); }
  // Throws Error in a process that was forked after the session was made: its threads are not there.
  void check_process() const;

  // Writes the profile and returns its path; empty when profiling is off.
  [[nodiscard]] std::string end_profiling() const;

 private:
  Session(const SessionOptions& options, const std::string& name);
  void describe();
  void own_passed_through(std::span<abi::Value*> outputs) const;

  const Environment& environment_;
  unsigned forks_;
  std::shared_ptr<ThreadSet> threads_ = std::make_shared<ThreadSet>();
  std::shared_ptr<const NativeWork> work_;
  Gate* gate_;
  std::unique_ptr<SessionLog> log_;  // null on the CPU
  Owned<abi::Session> handle_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
  std::vector<std::pair<std::size_t, std::size_t>> passed_through_;  // output, input; nearly always empty
};

// Throws what a failed run means: RunTerminated, DeviceMemoryError, ShapeError or Error.
[[noreturn]] void rethrow_run_failure(const RuntimeFailure& failure);

}  // namespace framelane::ort
