#include "image/strided_rows.hpp"

#include <algorithm>
#include <bit>

namespace framelane {
namespace {

template <class B>
B* at(const BasicPlane<B>& plane, std::int64_t x, std::int64_t y) noexcept {
  return plane.data + y * plane.row_stride + x * plane.pixel_stride;
}

template <class B>
bool interleaved(std::span<const BasicPlane<B>> planes, std::ptrdiff_t bytes, Arrangement& arrangement) noexcept {
  const auto count = static_cast<std::ptrdiff_t>(planes.size());
  if (count < 3) {
    return false;
  }
  const auto address = [](const BasicPlane<B>& plane) { return reinterpret_cast<std::intptr_t>(plane.data); };
  const auto first = std::min_element(planes.begin(), planes.end(),
                                      [&](const auto& a, const auto& b) { return address(a) < address(b); });
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const std::ptrdiff_t distance = address(planes[i]) - address(*first);
    if (planes[i].pixel_stride != count * bytes || planes[i].row_stride != first->row_stride || distance % bytes != 0 ||
        distance >= count * bytes) {
      return false;
    }
    arrangement.order[static_cast<std::size_t>(distance / bytes)] = static_cast<std::uint8_t>(i);
    seen |= 1U << (distance / bytes);
  }
  return seen == (1U << count) - 1;
}

}  // namespace

template <class B>
Arrangement arrangement_of(std::span<const BasicPlane<B>> planes, std::size_t element_bytes) noexcept {
  Arrangement arrangement;
  const auto bytes = static_cast<std::ptrdiff_t>(element_bytes);
  const auto side_by_side = [bytes](const BasicPlane<B>& plane) { return plane.pixel_stride == bytes; };
  if (std::all_of(planes.begin(), planes.end(), side_by_side)) {
    arrangement.packing = Packing::contiguous;
  } else if (interleaved(planes, bytes, arrangement)) {
    arrangement.packing = Packing::interleaved;
  } else {
    arrangement.packing = Packing::strided;
  }
  return arrangement;
}

RowReader::RowReader(std::span<const BasicPlane<const std::byte>> planes, std::size_t element_bytes) noexcept
    : planes_(planes),
      arrangement_(arrangement_of(planes, element_bytes)),
      size_log2_(static_cast<std::size_t>(std::countr_zero(element_bytes))),
      kernels_(kernels()) {}

void RowReader::read(std::int64_t x, std::int64_t y, std::size_t count, ChunkBuffer& buffer,
                     std::array<const void*, 4>& runs) const noexcept {
  for (std::size_t i = 0; i < planes_.size(); ++i) {
    if (arrangement_.packing == Packing::contiguous) {
      runs[i] = at(planes_[i], x, y);
      continue;
    }
    runs[i] = buffer.lanes[i].data();
    if (arrangement_.packing == Packing::strided) {
      kernels_.gather[size_log2_](at(planes_[i], x, y), buffer.lanes[i].data(), count, planes_[i].pixel_stride);
    }
  }
  if (arrangement_.packing == Packing::interleaved) {
    std::array<void*, 4> lanes{};
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      lanes[i] = buffer.lanes[arrangement_.order[i]].data();
    }
    kernels_.split[size_log2_][planes_.size() - 3](at(planes_[arrangement_.order[0]], x, y), lanes.data(), count);
  }
}

RowWriter::RowWriter(std::span<const BasicPlane<std::byte>> planes, std::size_t element_bytes) noexcept
    : planes_(planes),
      arrangement_(arrangement_of(planes, element_bytes)),
      size_log2_(static_cast<std::size_t>(std::countr_zero(element_bytes))),
      kernels_(kernels()) {}

void RowWriter::begin(std::int64_t x, std::int64_t y, ChunkBuffer& buffer, std::array<void*, 4>& runs) const noexcept {
  for (std::size_t i = 0; i < planes_.size(); ++i) {
    const bool direct = arrangement_.packing == Packing::contiguous;
    runs[i] = direct ? static_cast<void*>(at(planes_[i], x, y)) : buffer.lanes[i].data();
  }
}

void RowWriter::finish(std::int64_t x, std::int64_t y, std::size_t count, const ChunkBuffer& buffer) const noexcept {
  if (arrangement_.packing == Packing::strided) {
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      kernels_.scatter[size_log2_](buffer.lanes[i].data(), at(planes_[i], x, y), count, planes_[i].pixel_stride);
    }
  } else if (arrangement_.packing == Packing::interleaved) {
    std::array<const void*, 4> lanes{};
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      lanes[i] = buffer.lanes[arrangement_.order[i]].data();
    }
    kernels_.join[size_log2_][planes_.size() - 3](lanes.data(), at(planes_[arrangement_.order[0]], x, y), count);
  }
}

}  // namespace framelane
