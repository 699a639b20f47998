#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/activity_object.hpp"
#include "bindings/errors.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/session_object.hpp"
#include "bindings/tensor_from_python.hpp"
#include "bindings/waiting.hpp"
#include "engine/engine.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

py::object passenger_of(const Job& job) {
  return py::reinterpret_borrow<py::object>(static_cast<PyObject*>(job.passenger.get()));
}

// The Python exception that stands for a C++ one, as a value.
py::object exception_object(const std::exception_ptr& error) {
  set_python_error(error);
  const py::error_already_set raised;
  return raised.value();
}

class PythonEngine {
 public:
  PythonEngine(const py::object& session, const EngineOptions& options) : session_(state_of(session)->session) {
    const GilRelease released;
    engine_ = std::make_unique<Engine>(session_, options);
  }

  // Returns the frames that had to be dropped.
  std::vector<py::object> put(const py::object& passenger, std::int64_t index, const std::vector<py::object>& arrays,
                              std::shared_ptr<const FramePlan> plan, const py::object& timeout) {
    auto job = std::make_unique<Job>();
    job->frame = index;
    job->plan = std::move(plan);
    job->inputs = tensors_of(*job, arrays);
    job->passenger = share(passenger);
    const Deadline deadline = deadline_in(timeout.ptr());
    std::vector<JobPtr> dropped;
    {
      GilRelease released;
      const Interrupt interrupt = released.interrupt();
      engine_->input().put(std::move(job), deadline, interrupt,
                           [&](JobPtr&& old) noexcept { dropped.push_back(std::move(old)); });
    }
    std::vector<py::object> passengers;
    for (const JobPtr& old : dropped) {
      passengers.push_back(passenger_of(*old));
    }
    return passengers;
  }

  // (passenger, outputs, error or None), or None after the last frame.
  py::object get(const py::object& timeout) {
    std::optional<JobPtr> job;
    const Deadline deadline = deadline_in(timeout.ptr());
    {
      GilRelease released;
      const Interrupt interrupt = released.interrupt();
      job = engine_->output().next(deadline, interrupt);
    }
    if (!job) {
      if (const std::exception_ptr failure = engine_->failure()) {
        std::rethrow_exception(failure);
      }
      return py::none();
    }
    const py::object error = (*job)->error ? exception_object((*job)->error) : py::none();
    return py::make_tuple(passenger_of(**job), std::move((*job)->outputs), error);
  }

  void finish() { engine_->finish(); }

  std::size_t close() {
    const GilRelease released;
    return engine_->close();
  }

  py::dict stats() const {
    const EngineStats stats = engine_->stats();
    return py::dict(py::arg("frames") = stats.frames, py::arg("failed") = stats.failed,
                    py::arg("batches") = stats.batches, py::arg("put") = stats.input.put,
                    py::arg("got") = stats.output.got, py::arg("dropped") = stats.input.dropped,
                    py::arg("waiting") = stats.input_size, py::arg("ready") = stats.output_size,
                    py::arg("waiting_peak") = stats.input.high_water, py::arg("ready_peak") = stats.output.high_water,
                    py::arg("copies") = copies_, py::arg("copied_bytes") = copied_bytes_,
                    py::arg("extra_pictures") = stats.extra_pictures);
  }

  py::list activities() const {
    py::list all;
    for (const auto& activity : engine_->activities()) {
      all.append(activity_object(activity));
    }
    return all;
  }

 private:
  // Checked here, in the caller's call, as far as that can be known.
  std::vector<Tensor> tensors_of(const Job& job, const std::vector<py::object>& arrays) {
    const auto& infos = session_->inputs();
    if (arrays.size() != infos.size()) {
      throw ShapeError("the model has " + std::to_string(infos.size()) + " inputs, got " +
                       std::to_string(arrays.size()));
    }
    std::vector<Tensor> tensors;
    tensors.reserve(arrays.size());
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      if (job.plan && job.plan->inputs.at(i)) {
        tensors.push_back(tensor_from_python(arrays[i].ptr()));
        continue;
      }
      auto [tensor, copied] = contiguous_from_python(arrays[i].ptr());
      if (tensor.dtype() != infos[i].dtype || !infos[i].accepts(tensor.shape())) {
        throw ShapeError("input '" + infos[i].name + "': expected " + ort::describe(infos[i]) + ", got " +
                         to_string(TensorSpec{tensor.dtype(), tensor.shape()}));
      }
      copies_ += copied ? 1 : 0;
      copied_bytes_ += copied ? tensor.nbytes() : 0;
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

  std::shared_ptr<const ort::Session> session_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t copies_ = 0;
  std::uint64_t copied_bytes_ = 0;
};

std::unique_ptr<PythonEngine> make_engine(const py::object& session, std::size_t capacity, std::size_t batch,
                                          double batch_timeout, std::size_t streams, const std::string& overflow,
                                          std::string label) {
  EngineOptions options;
  options.capacity = capacity;
  options.batch = batch;
  options.batch_timeout =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(batch_timeout));
  options.streams = streams;
  options.overflow = overflow_from_name(overflow);
  options.label = std::move(label);
  return std::make_unique<PythonEngine>(session, options);
}

PackStep make_pack_step(const std::string& dtype, Shape shape, const std::string& layout,
                        const std::string& pixel_format, const PackSpec& spec) {
  return {
      {dtype_from_name(dtype), std::move(shape)}, layout_from_name(layout), pixel_format_from_name(pixel_format), spec};
}

UnpackStep make_unpack_step(const std::string& dtype, Shape shape, const std::string& layout,
                            const std::string& pixel_format, const UnpackSpec& spec) {
  return {
      {dtype_from_name(dtype), std::move(shape)}, layout_from_name(layout), pixel_format_from_name(pixel_format), spec};
}

}  // namespace

void register_engine(py::module_& m) {
  py::classh<PackStep>(m, "PackStep")
      .def(py::init(&make_pack_step), py::kw_only(), py::arg("dtype"), py::arg("shape"), py::arg("layout"),
           py::arg("pixel_format"), py::arg("spec"));
  py::classh<UnpackStep>(m, "UnpackStep")
      .def(py::init(&make_unpack_step), py::kw_only(), py::arg("dtype"), py::arg("shape"), py::arg("layout"),
           py::arg("pixel_format"), py::arg("spec"));
  py::classh<FramePlan>(m, "FramePlan")
      .def(py::init([](std::vector<std::optional<PackStep>> inputs, std::vector<std::optional<UnpackStep>> outputs) {
             return FramePlan{std::move(inputs), std::move(outputs)};
           }),
           py::arg("inputs"), py::arg("outputs"));
  py::classh<PythonEngine>(m, "Engine", py::release_gil_before_calling_cpp_dtor())
      .def(py::init(&make_engine), py::arg("session"), py::kw_only(), py::arg("capacity"), py::arg("batch"),
           py::arg("batch_timeout"), py::arg("streams"), py::arg("overflow"), py::arg("label"))
      .def("put", &PythonEngine::put)
      .def("get", &PythonEngine::get)
      .def("finish", &PythonEngine::finish)
      .def("close", &PythonEngine::close)
      .def("stats", &PythonEngine::stats)
      .def_property_readonly("activities", &PythonEngine::activities);
}

}  // namespace framelane::bindings
