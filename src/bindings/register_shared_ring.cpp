#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bindings/dtype_from_python.hpp"
#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/shared_lease.hpp"
#include "bindings/shared_ring_object.hpp"
#include "bindings/waiting.hpp"
#include "core/error.hpp"
#include "core/shared_ring.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

shared::OnReaderDeath on_death_from_name(const std::string& name) {
  if (name == "redeliver" || name == "fail") {
    return name == "fail" ? shared::OnReaderDeath::fail : shared::OnReaderDeath::redeliver;
  }
  throw py::value_error("unknown on_consumer_death '" + name + "': use 'redeliver' or 'fail'");
}

void create(const py::handle& object, std::uint64_t capacity, std::uint64_t payload_bytes, std::uint64_t meta_bytes,
            const std::string& overflow, const std::string& on_consumer_death, bool huge_pages, std::string schema) {
  SharedRingOptions options{.capacity = capacity,
                            .payload_bytes = payload_bytes,
                            .meta_bytes = meta_bytes,
                            .overflow = overflow_from_name(overflow),
                            .on_reader_death = on_death_from_name(on_consumer_death),
                            .huge_pages = huge_pages,
                            .schema = std::move(schema)};
  std::shared_ptr<SharedRing> ring;
  {
    const GilRelease released;  // touching every page takes a while
    ring = SharedRing::create(options);
  }
  open_shared_ring(object, std::move(ring));
}

void open(const py::handle& object, int descriptor) {
  std::shared_ptr<SharedRing> ring;
  {
    const GilRelease released;
    ring = SharedRing::open(descriptor);
  }
  open_shared_ring(object, std::move(ring));
}

std::unique_ptr<SharedLease> reserve(const py::handle& object, const py::object& timeout) {
  std::shared_ptr<SharedRing> ring = shared_ring_of(object.ptr());
  shared::Claim claim;
  if (reserve_waiting(*ring, claim, deadline_in(timeout.ptr())) == PutResult::dropped) {
    throw RingFull(ring->full_text());
  }
  return std::make_unique<SharedLease>(std::move(ring), claim, SharedLease::Kind::writing);
}

std::unique_ptr<SharedLease> peek(const py::handle& object, const py::object& timeout) {
  std::shared_ptr<SharedRing> ring = shared_ring_of(object.ptr());
  shared::Claim claim;
  if (!take_waiting(*ring, claim, deadline_in(timeout.ptr()))) {
    throw RingClosed(Ring<int>::drained_text);
  }
  return std::make_unique<SharedLease>(std::move(ring), claim, SharedLease::Kind::reading);
}

py::dict stats(const py::handle& object) {
  const SharedRingStats stats = shared_ring_of(object.ptr())->stats();
  py::dict fields;
  fields["put"] = stats.put;
  fields["got"] = stats.got;
  fields["dropped"] = stats.dropped;
  fields["put_waits"] = stats.put_waits;
  fields["get_waits"] = stats.get_waits;
  fields["put_waited"] = stats.put_waited.count();
  fields["get_waited"] = stats.get_waited.count();
  fields["high_water"] = stats.high_water;
  fields["redelivered"] = stats.redelivered;
  fields["reclaimed"] = stats.reclaimed;
  fields["failed"] = stats.failed;
  fields["reading"] = stats.reading;
  fields["free"] = stats.free;
  fields["peers"] = stats.peers;
  return fields;
}

py::list failures(const py::handle& object) {
  py::list found;
  for (const FrameFailure& failure : shared_ring_of(object.ptr())->failures()) {
    const py::object index =
        failure.index == shared::no_index ? py::object(py::none()) : py::object(py::int_(failure.index));
    found.append(py::make_tuple(failure.number, index, failure.pid));
  }
  return found;
}

void commit(SharedLease& lease, const py::object& value, std::optional<std::uint64_t> index) {
  lease.commit(value.ptr(), index.value_or(shared::no_index));
}

}  // namespace

void register_shared_ring(py::module_& m) {
  add_shared_ring_type(m);
  py::classh<SharedLease>(m, "SharedLease", "A slot of a SharedRing in the hands of this process.")
      .def(
          "empty",
          [](SharedLease& lease, const Shape& shape, const py::object& dtype) {
            return lease.empty(dtype_from_python(dtype), shape);
          },
          py::arg("shape"), py::arg("dtype"))
      .def("commit", &commit, py::arg("value"), py::arg("index"))
      .def("value", &SharedLease::value)
      .def("end", &SharedLease::end)
      .def_property_readonly("held", &SharedLease::held)
      .def_property_readonly("redelivered", &SharedLease::redelivered);
  m.def("shared_ring_create", &create, py::arg("ring"), py::kw_only(), py::arg("capacity"), py::arg("payload_bytes"),
        py::arg("meta_bytes"), py::arg("overflow"), py::arg("on_consumer_death"), py::arg("huge_pages"),
        py::arg("schema"));
  m.def("shared_ring_open", &open, py::arg("ring"), py::arg("descriptor"));
  m.def("shared_ring_reserve", &reserve, py::arg("ring"), py::arg("timeout"));
  m.def("shared_ring_peek", &peek, py::arg("ring"), py::arg("timeout"));
  m.def("shared_ring_stats", &stats, py::arg("ring"));
  m.def("shared_ring_failures", &failures, py::arg("ring"));
  m.def(
      "shared_ring_descriptor", [](const py::handle& ring) { return shared_ring_of(ring.ptr())->descriptor(); },
      py::arg("ring"));
  m.def(
      "shared_ring_schema", [](const py::handle& ring) { return std::string(shared_ring_of(ring.ptr())->schema()); },
      py::arg("ring"));
  m.def(
      "shared_ring_on_death",
      [](const py::handle& ring) {
        return shared_ring_of(ring.ptr())->on_reader_death() == shared::OnReaderDeath::fail ? "fail" : "redeliver";
      },
      py::arg("ring"));
}

}  // namespace framelane::bindings
