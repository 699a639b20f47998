#include "image/image_view.hpp"

#include <string>

#include "core/error.hpp"

namespace framelane {
namespace {

template <class Byte>
BasicImage<Byte> from_planes(PixelFormat format, std::int64_t width, std::int64_t height, std::span<Byte* const> data,
                             std::span<const std::ptrdiff_t> row_strides) {
  const PixelFormatInfo& info = info_of(format);
  const std::size_t count = info.planar ? info.samples : 1;
  if (data.size() < count || row_strides.size() < count) {
    throw ShapeError("a picture in " + std::string(info.name) + " needs " + std::to_string(count) + " planes, not " +
                     std::to_string(data.size()));
  }
  if (width < 0 || height < 0) {
    throw ShapeError("a picture cannot be " + std::to_string(width) + "x" + std::to_string(height));
  }
  BasicImage<Byte> image{format, width, height, {}};
  const std::size_t bytes = info.sample_bytes();
  for (std::size_t i = 0; i < info.samples; ++i) {
    const std::size_t plane = info.planar ? i : 0;
    image.planes[i] = {data[plane] + (info.planar ? 0 : i * bytes), row_strides[plane],
                       static_cast<std::ptrdiff_t>(info.planar ? bytes : bytes * info.samples)};
  }
  return image;
}

// A gray picture may come as (height, width), (height, width, 1) or (1, height, width).
bool is_planar(const PixelFormatInfo& info, const Shape& shape) {
  return info.planar || (info.samples == 1 && shape.size() == 3 && shape[2] != 1);
}

void check_tensor(const PixelFormatInfo& info, const Tensor& tensor) {
  const DType wanted = info.sample_bytes() == 2 ? DType::uint16 : DType::uint8;
  const Shape& shape = tensor.shape();
  const std::size_t samples_axis = is_planar(info, shape) ? 0 : 2;
  const bool flat_gray = info.samples == 1 && shape.size() == 2;
  const bool fits = flat_gray || (shape.size() == 3 && shape[samples_axis] == info.samples);
  if (fits && tensor.dtype() == wanted && tensor.device().host_accessible()) {
    return;
  }
  const std::string count = std::to_string(info.samples);
  const std::string expected = info.planar ? "(" + count + ", height, width)" : "(height, width, " + count + ")";
  throw ShapeError("a picture in " + std::string(info.name) + " is " + std::string(name_of(wanted)) + " of shape " +
                   expected + " in host memory, got " + std::string(name_of(tensor.dtype())) + " of shape " +
                   to_string(shape) + "; name the picture's own format with pixel_format=");
}

template <class Byte>
BasicImage<Byte> from_tensor(PixelFormat format, const Tensor& tensor) {
  const PixelFormatInfo& info = info_of(format);
  check_tensor(info, tensor);
  const Shape& shape = tensor.shape();
  const auto bytes = static_cast<std::ptrdiff_t>(info.sample_bytes());
  const bool planar = is_planar(info, shape);
  const std::size_t row_axis = planar ? 1 : 0;
  BasicImage<Byte> image{format, shape[row_axis + 1], shape[row_axis], {}};
  const std::ptrdiff_t step = shape.size() == 2 ? 0 : tensor.strides()[planar ? 0 : 2] * bytes;
  for (std::size_t i = 0; i < info.samples; ++i) {
    image.planes[i] = {static_cast<Byte*>(tensor.data()) + static_cast<std::ptrdiff_t>(i) * step,
                       tensor.strides()[row_axis] * bytes, tensor.strides()[row_axis + 1] * bytes};
  }
  return image;
}

template <class Byte>
BasicImage<Byte> cropped(BasicImage<Byte> image, const Rect& rect) {
  if (rect.x < 0 || rect.y < 0 || rect.width < 0 || rect.height < 0 || rect.width > image.width - rect.x ||
      rect.height > image.height - rect.y) {
    throw ShapeError("the part " + std::to_string(rect.width) + "x" + std::to_string(rect.height) + " at (" +
                     std::to_string(rect.x) + ", " + std::to_string(rect.y) + ") reaches outside a picture of " +
                     std::to_string(image.width) + "x" + std::to_string(image.height));
  }
  for (std::size_t i = 0; i < info_of(image.format).samples; ++i) {
    BasicPlane<Byte>& plane = image.planes[i];
    plane.data += rect.y * plane.row_stride + rect.x * plane.pixel_stride;
  }
  image.width = rect.width;
  image.height = rect.height;
  return image;
}

}  // namespace

ImageView image_from_planes(PixelFormat format, std::int64_t width, std::int64_t height,
                            std::span<const std::byte* const> data, std::span<const std::ptrdiff_t> row_strides) {
  return from_planes<const std::byte>(format, width, height, data, row_strides);
}

MutableImageView image_from_planes(PixelFormat format, std::int64_t width, std::int64_t height,
                                   std::span<std::byte* const> data, std::span<const std::ptrdiff_t> row_strides) {
  return from_planes<std::byte>(format, width, height, data, row_strides);
}

ImageView image_from_tensor(PixelFormat format, const Tensor& tensor) {
  return from_tensor<const std::byte>(format, tensor);
}

MutableImageView mutable_image_from_tensor(PixelFormat format, const Tensor& tensor) {
  if (tensor.read_only()) {
    throw ShapeError("the picture to write into is read-only; give one that can be written");
  }
  return from_tensor<std::byte>(format, tensor);
}

ImageView crop(const ImageView& image, const Rect& rect) { return cropped(image, rect); }

MutableImageView crop(const MutableImageView& image, const Rect& rect) { return cropped(image, rect); }

}  // namespace framelane
