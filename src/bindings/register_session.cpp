#include <pybind11/stl.h>

#include "bindings/bound_run_object.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/results.hpp"
#include "bindings/session_object.hpp"
#include "bindings/text.hpp"
#include "ort/provider.hpp"

namespace py = pybind11;

// Python's onnxruntime takes this module for a library of custom operators, opens it and calls this function: so
// that we get the API of the core that it has, instead of loading a second one beside it.
extern "C" __attribute__((visibility("default"))) framelane::ort::abi::Status* RegisterCustomOps(
    framelane::ort::abi::SessionOptions*, const framelane::ort::abi::ApiBase* base) {
  framelane::ort::Environment::adopt(base);
  return nullptr;
}

namespace framelane::bindings {
namespace {

ort::SessionOptions options_from(const py::dict& values) {
  ort::SessionOptions options;
  const auto read = [&](const char* name, auto& field) {
    field = values[name].cast<std::remove_reference_t<decltype(field)>>();
  };
  read("intra_op_threads", options.intra_op_threads);
  read("inter_op_threads", options.inter_op_threads);
  read("parallel", options.parallel);
  read("optimization_level", options.optimization_level);
  read("memory_pattern", options.memory_pattern);
  read("memory_arena", options.memory_arena);
  read("log_severity", options.log_severity);
  read("profile_prefix", options.profile_prefix);
  read("optimized_model_path", options.optimized_model_path);
  read("free_dimensions", options.free_dimensions);
  read("config", options.config);
  read("custom_operator_libraries", options.custom_operator_libraries);
  read("provider", options.device.provider);
  read("provider_index", options.device.index);
  read("provider_options", options.device.options);
  return options;
}

void open_file(py::handle session, const std::string& path, const py::dict& options) {
  const ort::SessionOptions native = options_from(options);
  std::shared_ptr<ort::Session> opened;
  {
    const GilRelease released;
    opened = std::make_shared<ort::Session>(std::filesystem::path(path), native);
  }
  open_session(session, std::move(opened));
}

void open_bytes(py::handle session, const py::buffer& model, const py::dict& options) {
  const ort::SessionOptions native = options_from(options);
  const py::buffer_info info = model.request();
  std::shared_ptr<ort::Session> opened;
  {
    const GilRelease released;
    opened = std::make_shared<ort::Session>(
        std::span(static_cast<const std::byte*>(info.ptr), static_cast<std::size_t>(info.size * info.itemsize)),
        native);
  }
  open_session(session, std::move(opened));
}

// (name, dtype, axes); an axis is an int, a str, or None where it has no name; axes is None where the rank is free.
py::list describe(const std::vector<ort::TensorInfo>& infos) {
  py::list result;
  for (const ort::TensorInfo& info : infos) {
    py::object axes = py::none();
    if (info.shape) {
      py::list sizes;
      for (const ort::Axis& axis : *info.shape) {
        if (axis.size >= 0) {
          sizes.append(axis.size);
        } else {
          sizes.append(axis.name.empty() ? py::object(py::none()) : to_text(axis.name));
        }
      }
      axes = py::tuple(sizes);
    }
    result.append(py::make_tuple(to_text(info.name), std::string(name_of(info.dtype)), axes));
  }
  return result;
}

py::dict metadata(py::handle session) {
  const ort::ModelMetadata read = state_of(session)->session->metadata();
  py::dict custom;
  for (const auto& [key, value] : read.custom) {
    custom[to_text(key)] = to_text(value);
  }
  using namespace py::literals;
  return py::dict("producer"_a = to_text(read.producer), "graph"_a = to_text(read.graph),
                  "domain"_a = to_text(read.domain), "description"_a = to_text(read.description),
                  "version"_a = read.version, "custom"_a = custom);
}

// One run on zeros, which no counter counts: for the profile that proves where the nodes ran.
void run_on_zeros(py::handle session, const std::vector<Shape>& shapes) {
  const std::shared_ptr<const ort::Session> opened = state_of(session)->session;
  const GilRelease released;
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < opened->inputs().size(); ++i) {
    const DType dtype = opened->inputs()[i].dtype;
    const auto bytes = static_cast<std::size_t>(element_count(shapes.at(i))) * item_size(dtype);
    const auto memory = std::make_shared<std::vector<std::uint64_t>>((bytes / 8) + 1);
    inputs.emplace_back(memory, memory->data(), dtype, shapes[i]);
  }
  static_cast<void>(opened->run(inputs));
}

}  // namespace

void register_session(py::module_& m) {
  create_value_type();
  add_session_type(m);
  add_bound_run_type(m);
  m.def("runtime_version", [] { return ort::Environment::get().api().version_text; });
  m.def("session_open_file", &open_file);
  m.def("session_open_bytes", &open_bytes);
  m.def("session_inputs", [](py::handle session) { return describe(state_of(session)->session->inputs()); });
  m.def("session_outputs", [](py::handle session) { return describe(state_of(session)->session->outputs()); });
  m.def("session_metadata", &metadata);
  m.def("session_counts", [](py::handle session) {
    const std::shared_ptr<SessionState> state = state_of(session);
    return py::make_tuple(state->runs.load(), state->copies.load(), state->copied_bytes.load());
  });
  m.def("session_end_profiling", [](py::handle session) {
    const std::shared_ptr<SessionState> state = state_of(session);
    const GilRelease released;
    return state->session->end_profiling();
  });
  m.def("session_run_on_zeros", &run_on_zeros, py::arg("session"), py::arg("shapes"));
  m.def("session_take_log", [](py::handle session) {
    py::list lines;
    for (const std::string& line : state_of(session)->session->take_log()) {
      lines.append(to_text(line));
    }
    return lines;
  });
  m.def("session_takes_turns", [](py::handle session) { return state_of(session)->session->gate() != nullptr; });
}

}  // namespace framelane::bindings
