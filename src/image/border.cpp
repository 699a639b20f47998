#include "image/border.hpp"

#include <cstring>

#include "image/kernels.hpp"

namespace framelane {
namespace {

using Plane = BasicPlane<std::byte>;

struct Element {
  std::array<std::byte, 4> bytes{};
  std::size_t size = 0;
};

std::byte* at(const Plane& plane, std::int64_t x, std::int64_t y) noexcept {
  return plane.data + y * plane.row_stride + x * plane.pixel_stride;
}

void copy_row(const Plane& plane, std::int64_t from, std::int64_t to, std::int64_t width, std::size_t size) noexcept {
  if (plane.pixel_stride == static_cast<std::ptrdiff_t>(size)) {
    std::memcpy(at(plane, 0, to), at(plane, 0, from), static_cast<std::size_t>(width) * size);
    return;
  }
  for (std::int64_t x = 0; x < width; ++x) {
    std::memcpy(at(plane, x, to), at(plane, x, from), size);
  }
}

template <std::size_t size>
void fill_elements(const Plane& plane, std::int64_t y, std::int64_t first, std::int64_t last,
                   const Element& element) noexcept {
  for (std::int64_t x = first; x < last; ++x) {
    std::memcpy(at(plane, x, y), element.bytes.data(), size);
  }
}

void fill_run(const Plane& plane, std::int64_t y, std::int64_t first, std::int64_t last,
              const Element& element) noexcept {
  if (element.size == 1) {
    fill_elements<1>(plane, y, first, last, element);
  } else if (element.size == 2) {
    fill_elements<2>(plane, y, first, last, element);
  } else {
    fill_elements<4>(plane, y, first, last, element);
  }
}

Element element_at(const Plane& plane, std::int64_t x, std::int64_t y, std::size_t size) noexcept {
  Element element{{}, size};
  std::memcpy(element.bytes.data(), at(plane, x, y), size);
  return element;
}

// The element that packing gives to a pixel of this value.
Element element_of(std::uint8_t value, Affine affine, DType dtype) noexcept {
  Element element{{}, item_size(dtype)};
  if (dtype == DType::uint8) {
    kernels().quantize[0][0](&value, element.bytes.data(), 1, affine, 255.0F);
    return element;
  }
  float normalised = 0.0F;
  kernels().to_float[0](&value, &normalised, 1, affine);
  if (dtype == DType::float16) {
    kernels().float_to_half(&normalised, element.bytes.data(), 1);
  } else {
    std::memcpy(element.bytes.data(), &normalised, sizeof normalised);
  }
  return element;
}

void fill_constant(const Plane& plane, const MutableTensorRegion& tensor, const Rect& inside,
                   const Element& element) noexcept {
  std::int64_t filled = -1;  // a row that is border throughout, to copy
  for (std::int64_t y = 0; y < tensor.height; ++y) {
    if (y >= inside.y && y < inside.y + inside.height) {
      fill_run(plane, y, 0, inside.x, element);
      fill_run(plane, y, inside.x + inside.width, tensor.width, element);
    } else if (filled < 0) {
      fill_run(plane, y, 0, tensor.width, element);
      filled = y;
    } else {
      copy_row(plane, filled, y, tensor.width, element.size);
    }
  }
}

void repeat_edge(const Plane& plane, const MutableTensorRegion& tensor, const Rect& inside, std::size_t size) noexcept {
  const std::int64_t right = inside.x + inside.width;
  const std::int64_t bottom = inside.y + inside.height;
  for (std::int64_t y = inside.y; y < bottom; ++y) {
    fill_run(plane, y, 0, inside.x, element_at(plane, inside.x, y, size));
    fill_run(plane, y, right, tensor.width, element_at(plane, right - 1, y, size));
  }
  for (std::int64_t y = 0; y < inside.y; ++y) {
    copy_row(plane, inside.y, y, tensor.width, size);
  }
  for (std::int64_t y = bottom; y < tensor.height; ++y) {
    copy_row(plane, bottom - 1, y, tensor.width, size);
  }
}

}  // namespace

void fill_border(const MutableTensorRegion& tensor, const Rect& inside, const PackSpec& spec) noexcept {
  const bool covered = inside.width == tensor.width && inside.height == tensor.height;
  const bool nothing_to_repeat = spec.border == Border::edge && (inside.width == 0 || inside.height == 0);
  if (covered || spec.border == Border::none || nothing_to_repeat) {
    return;
  }
  for (std::size_t c = 0; c < static_cast<std::size_t>(tensor.channels); ++c) {
    if (spec.border == Border::edge) {
      repeat_edge(tensor.planes[c], tensor, inside, item_size(tensor.dtype));
    } else {
      const Affine affine = spec.normalization.to_network(c, info_of(PixelFormat::gray));
      fill_constant(tensor.planes[c], tensor, inside, element_of(spec.border_color[c], affine, tensor.dtype));
    }
  }
}

}  // namespace framelane
