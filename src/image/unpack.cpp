#include "image/unpack.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "image/kernels.hpp"
#include "image/strided_rows.hpp"

namespace framelane {
namespace {

constexpr int opaque = -1;
constexpr int luma = -2;

// The rows of one tensor on their way into one picture.
class Unpacker {
 public:
  Unpacker(const TensorRegion& tensor, const MutableImageView& image, const UnpackSpec& spec) noexcept
      : tensor_(tensor),
        count_(static_cast<std::size_t>(tensor.channels)),
        image_(image),
        format_(info_of(image.format)),
        reader_({tensor_.planes.data(), count_}, item_size(tensor.dtype)),
        writer_({image_.planes.data(), format_.samples}, format_.sample_bytes()) {
    const ColorOrderInfo& color = info_of(spec.color);
    for (std::size_t i = 0; i < format_.samples; ++i) {
      source_[i] = source_of(format_.channels[i], color);
    }
    for (std::size_t c = 0; c < count_; ++c) {
      affine_[c] = spec.normalization.from_network(c, format_);
      const auto* const end = color.channels.begin() + color.count;
      const auto place = [&](Channel channel) { return std::find(color.channels.begin(), end, channel); };
      red_ = static_cast<std::size_t>(place(Channel::red) - color.channels.begin());
      blue_ = static_cast<std::size_t>(place(Channel::blue) - color.channels.begin());
    }
  }

  void rows(std::int64_t first, std::int64_t last) const noexcept {
    ChunkBuffer elements;
    ChunkBuffer samples;
    for (std::int64_t y = first; y < last; ++y) {
      for (std::int64_t x = 0; x < image_.width; x += static_cast<std::int64_t>(chunk_pixels)) {
        const auto count =
            static_cast<std::size_t>(std::min<std::int64_t>(image_.width - x, static_cast<std::int64_t>(chunk_pixels)));
        chunk(x, y, count, elements, samples);
      }
    }
  }

 private:
  // Which of the tensor's channels a stored sample comes from, or one of the two constants.
  static int source_of(Channel sample, const ColorOrderInfo& color) noexcept {
    for (std::size_t c = 0; c < color.count; ++c) {
      if (color.channels[c] == sample || (color.count == 1 && sample != Channel::alpha)) {
        return static_cast<int>(c);
      }
    }
    return sample == Channel::alpha ? opaque : luma;
  }

  void chunk(std::int64_t x, std::int64_t y, std::size_t count, ChunkBuffer& elements,
             ChunkBuffer& samples) const noexcept {
    std::array<const void*, 4> runs{};
    std::array<void*, 4> targets{};
    reader_.read(x, y, count, elements, runs);
    writer_.begin(x, y, samples, targets);
    for (std::size_t i = 0; i < format_.samples; ++i) {
      if (source_[i] >= 0) {
        const auto c = static_cast<std::size_t>(source_[i]);
        convert(runs[c], targets[i], count, affine_[c]);
      } else if (source_[i] == opaque) {
        fill_opaque(targets[i], count);
      } else {
        make_luma(runs, targets[i], count);
      }
    }
    writer_.finish(x, y, count, samples);
  }

  void convert(const void* values, void* target, std::size_t count, Affine affine) const noexcept {
    const std::size_t type = format_.sample_bytes() - 1;
    const auto max = static_cast<float>(format_.max_value());
    if (tensor_.dtype == DType::uint8) {
      kernels_.quantize[0][type](values, target, count, affine, max);
    } else if (tensor_.dtype == DType::float32) {
      kernels_.quantize[2][type](values, target, count, affine, max);
    } else {
      alignas(64) std::array<float, chunk_pixels> floats;
      kernels_.half_to_float(values, floats.data(), count);
      kernels_.quantize[2][type](floats.data(), target, count, affine, max);
    }
  }

  void fill_opaque(void* target, std::size_t count) const noexcept {
    const auto max = static_cast<std::uint16_t>(format_.max_value());
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(static_cast<std::byte*>(target) + i * format_.sample_bytes(), &max, format_.sample_bytes());
    }
  }

  void make_luma(const std::array<const void*, 4>& runs, void* target, std::size_t count) const noexcept {
    ChunkBuffer colors;
    for (std::size_t c = 0; c < 3; ++c) {
      convert(runs[c], colors.lanes[c].data(), count, affine_[c]);
    }
    kernels_.luma[format_.sample_bytes() - 1](colors.lanes[red_].data(), colors.lanes[1].data(),
                                              colors.lanes[blue_].data(), target, count);
  }

  TensorRegion tensor_;
  std::size_t count_;
  MutableImageView image_;
  const PixelFormatInfo& format_;
  std::array<int, 4> source_{};
  std::array<Affine, 4> affine_{};
  std::size_t red_ = 0;
  std::size_t blue_ = 2;
  RowReader reader_;
  RowWriter writer_;
  const Kernels& kernels_ = kernels();
};

void check_sizes(const TensorRegion& tensor, const MutableImageView& image, ColorOrder color) {
  const ColorOrderInfo& info = info_of(color);
  if (info.count != tensor.channels) {
    throw ShapeError("color '" + std::string(info.name) + "' has " + std::to_string(info.count) +
                     " channels and the tensor " + std::to_string(tensor.channels) +
                     "; name the order of the tensor's channels with color=");
  }
  if (tensor.width != image.width || tensor.height != image.height) {
    throw ShapeError("the tensor's picture is " + std::to_string(tensor.width) + "x" + std::to_string(tensor.height) +
                     " and the one to write is " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                     "; make them the same size, or name the part to take");
  }
}

}  // namespace

void unpack(const TensorRegion& tensor, const MutableImageView& image, const UnpackSpec& spec) {
  check(spec.normalization);
  check_sizes(tensor, image, spec.color);
  Unpacker(tensor, image, spec).rows(0, image.height);
}

}  // namespace framelane
