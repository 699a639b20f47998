#include "core/shared_layout.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/error.hpp"
#include "core/process_identity.hpp"

namespace framelane::shared {
namespace {

constexpr std::uint64_t ring_magic = 0x676E69725F6C6600;  // "\0fl_ring"
constexpr std::uint32_t layout_version = 1;
constexpr std::uint32_t byte_order_mark = 0x01020304;
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 46U;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

// FNV-1a, 64 bits: against accidents, not against malice.
std::uint64_t hash(std::uint64_t seed, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) {
    seed = (seed ^ bytes[i]) * 0x100000001B3U;
  }
  return seed;
}

std::uint64_t checksum_of(const Plan& plan, std::string_view schema) {
  static_assert(std::has_unique_object_representations_v<Plan>);
  const std::uint64_t fields = hash(0xCBF29CE484222325U, &plan, offsetof(Plan, checksum));
  return hash(fields, schema.data(), schema.size());
}

// Sizes and offsets follow from the counts; so a plan that was read is checked by laying it out again.
void lay_out(Plan& plan) {
  plan.cells = std::bit_ceil(plan.slots + 1);
  plan.cells_offset = round_up(sizeof(RegionHeader), page);
  plan.slots_offset = round_up(plan.cells_offset + plan.cells * sizeof(AtomicWord), page);
  const std::uint64_t align = plan.payload_bytes >= page ? page : 64;
  plan.slot_stride = round_up(round_up(sizeof(SlotHeader) + plan.meta_bytes, 64) + plan.payload_bytes, align);
  plan.region_bytes = round_up(plan.slots_offset + plan.slots * plan.slot_stride, page);
}

bool sizes_are_possible(const Plan& plan) {
  return plan.slots >= 1 && plan.slots <= max_slots && plan.meta_bytes <= (1U << 30U) &&
         plan.payload_bytes <= most_bytes && plan.slots <= most_bytes / (plan.payload_bytes + plan.meta_bytes + page);
}

}  // namespace

Plan make_plan(const PlanOptions& options, std::string_view schema) {
  Plan plan{.magic = ring_magic, .version = layout_version, .byte_order = byte_order_mark};
  plan.slots = options.slots;
  plan.meta_bytes = round_up(options.meta_bytes, 64);
  plan.payload_bytes = round_up(options.payload_bytes, 64);
  if (options.slots < 1 || options.slots > max_slots) {
    throw std::invalid_argument("capacity must be from 1 to " + std::to_string(max_slots) + ", not " +
                                std::to_string(options.slots));
  }
  if (options.payload_bytes > most_bytes || options.meta_bytes > most_bytes || !sizes_are_possible(plan)) {
    throw std::invalid_argument("a ring of " + std::to_string(options.slots) + " slots of " +
                                std::to_string(options.payload_bytes) + " bytes is more than a machine holds");
  }
  if (schema.size() > schema_bytes) {
    throw std::invalid_argument("the names and shapes of the ring's tensors take more than " +
                                std::to_string(schema_bytes) + " bytes: use fewer tensors or shorter names");
  }
  plan.overflow = static_cast<std::uint32_t>(options.overflow);
  plan.on_reader_death = static_cast<std::uint32_t>(options.on_reader_death);
  plan.pid_namespace = pid_namespace();
  plan.schema_size = schema.size();
  lay_out(plan);
  plan.checksum = checksum_of(plan, schema);
  return plan;
}

void check_plan(const Plan& plan, std::string_view schema, std::uint64_t region_bytes) {
  if (plan.magic != ring_magic || plan.byte_order != byte_order_mark) {
    throw RingError("this shared memory is not a framelane ring");
  }
  if (plan.version != layout_version) {
    throw LibraryVersionError("the ring was made by a framelane that lays rings out by version " +
                              std::to_string(plan.version) + "; this one knows version " +
                              std::to_string(layout_version) + ": use the same framelane on both sides");
  }
  Plan expected = plan;
  const bool possible = schema.size() == plan.schema_size && sizes_are_possible(plan) &&
                        plan.overflow <= static_cast<std::uint32_t>(Overflow::raise) &&
                        plan.on_reader_death <= static_cast<std::uint32_t>(OnReaderDeath::fail);
  if (possible) {
    lay_out(expected);
  }
  if (!possible || std::memcmp(&expected, &plan, sizeof plan) != 0 || plan.checksum != checksum_of(plan, schema)) {
    throw RingError("the header of the shared ring is damaged: something else has written into it; create a new ring");
  }
  if (region_bytes < plan.region_bytes) {
    throw RingError("the shared memory of the ring is cut off: " + std::to_string(region_bytes) + " of " +
                    std::to_string(plan.region_bytes) + " bytes are there");
  }
  if (plan.pid_namespace != pid_namespace()) {
    throw RingError(
        "the ring belongs to another pid namespace (another container), from which the death of this process could "
        "not be seen: run both in one, such as with --pid=container:NAME");
  }
}

}  // namespace framelane::shared
