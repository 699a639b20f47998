#include "image/pack.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "image/border.hpp"
#include "image/kernels.hpp"
#include "image/strided_rows.hpp"

namespace framelane {
namespace {

// The rows of one picture on their way into one tensor.
class Packer {
 public:
  Packer(const ImageView& image, const MutableTensorRegion& tensor, const PackSpec& spec) noexcept
      : image_(image),
        format_(info_of(image.format)),
        tensor_(tensor),
        channels_(info_of(spec.color).channels),
        count_(static_cast<std::size_t>(tensor.channels)),
        reader_({image_.planes.data(), format_.samples}, format_.sample_bytes()),
        writer_({tensor_.planes.data(), count_}, item_size(tensor.dtype)) {
    for (std::size_t c = 0; c < count_; ++c) {
      affine_[c] = spec.normalization.to_network(c, format_);
    }
  }

  void rows(std::int64_t first, std::int64_t last) const noexcept {
    ChunkBuffer samples;
    ChunkBuffer elements;
    for (std::int64_t y = first; y < last; ++y) {
      for (std::int64_t x = 0; x < image_.width; x += static_cast<std::int64_t>(chunk_pixels)) {
        const auto count =
            static_cast<std::size_t>(std::min<std::int64_t>(image_.width - x, static_cast<std::int64_t>(chunk_pixels)));
        chunk(x, y, count, samples, elements);
      }
    }
  }

 private:
  void chunk(std::int64_t x, std::int64_t y, std::size_t count, ChunkBuffer& samples,
             ChunkBuffer& elements) const noexcept {
    std::array<const void*, 4> stored{};
    std::array<void*, 4> targets{};
    reader_.read(x, y, count, samples, stored);
    writer_.begin(x, y, elements, targets);
    for (std::size_t c = 0; c < count_; ++c) {
      std::array<std::byte, chunk_pixels * 2> made;
      convert(source(channels_[c], stored, made, count), targets[c], count, affine_[c]);
    }
    writer_.finish(x, y, count, elements);
  }

  // The samples of one channel of the network: stored ones, or made from them in `made`.
  const void* source(Channel channel, const std::array<const void*, 4>& stored,
                     std::array<std::byte, chunk_pixels * 2>& made, std::size_t count) const noexcept {
    const int position = format_.position(channel);
    if (position >= 0) {
      return stored[static_cast<std::size_t>(position)];
    }
    if (channel == Channel::alpha) {
      opaque(made, count);
      return made.data();
    }
    if (format_.samples == 1) {
      return stored[0];
    }
    const auto of = [&](Channel part) { return stored[static_cast<std::size_t>(format_.position(part))]; };
    kernels_.luma[format_.sample_bytes() - 1](of(Channel::red), of(Channel::green), of(Channel::blue), made.data(),
                                              count);
    return made.data();
  }

  void opaque(std::array<std::byte, chunk_pixels * 2>& made, std::size_t count) const noexcept {
    const auto max = static_cast<std::uint16_t>(format_.max_value());
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(made.data() + i * format_.sample_bytes(), &max, format_.sample_bytes());
    }
  }

  void convert(const void* samples, void* target, std::size_t count, Affine affine) const noexcept {
    const std::size_t type = format_.sample_bytes() - 1;
    if (tensor_.dtype == DType::uint8) {
      kernels_.quantize[type][0](samples, target, count, affine, 255.0F);
    } else if (tensor_.dtype == DType::float32) {
      kernels_.to_float[type](samples, static_cast<float*>(target), count, affine);
    } else {
      alignas(64) std::array<float, chunk_pixels> values;
      kernels_.to_float[type](samples, values.data(), count, affine);
      kernels_.float_to_half(values.data(), target, count);
    }
  }

  ImageView image_;
  const PixelFormatInfo& format_;
  MutableTensorRegion tensor_;
  std::array<Channel, 4> channels_;
  std::size_t count_;
  std::array<Affine, 4> affine_{};
  RowReader reader_;
  RowWriter writer_;
  const Kernels& kernels_ = kernels();
};

void check_channels(ColorOrder color, const MutableTensorRegion& tensor) {
  const ColorOrderInfo& info = info_of(color);
  if (info.count != tensor.channels) {
    throw ShapeError("color '" + std::string(info.name) + "' has " + std::to_string(info.count) +
                     " channels and the tensor " + std::to_string(tensor.channels) +
                     "; name the order of the tensor's channels with color=");
  }
}

}  // namespace

void pack(const ImageView& image, const MutableTensorRegion& tensor, const PackSpec& spec) {
  check(spec.normalization);
  check_channels(spec.color, tensor);
  const Rect inside{spec.left, spec.top, image.width, image.height};
  const MutableTensorRegion picture = crop(tensor, inside);
  Packer(image, picture, spec).rows(0, image.height);
  fill_border(tensor, inside, spec);
}

}  // namespace framelane
