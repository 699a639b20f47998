#include "image/pack.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "image/border.hpp"
#include "image/flatten.hpp"
#include "image/kernels.hpp"
#include "image/overlap.hpp"
#include "image/row_threads.hpp"
#include "image/runs.hpp"
#include "image/strided_rows.hpp"

namespace framelane {
namespace {

using Affines = std::array<Affine, 4>;

// What a thread needs for the chunk that it is working on.
struct Scratch {
  ChunkBuffer samples;
  ChunkBuffer elements;
  std::array<std::byte, chunk_pixels * 2> made;
  std::array<std::byte, chunk_pixels * 2> opaque;
};

// The rows of one picture on their way into one tensor.
class Packer {
 public:
  Packer(const ImageView& image, const MutableTensorRegion& tensor, ColorOrder color, const Affines& affine) noexcept
      : image_(image),
        format_(info_of(image.format)),
        tensor_(tensor),
        channels_(info_of(color).channels),
        count_(static_cast<std::size_t>(tensor.channels)),
        affine_(affine),
        reader_({image_.planes.data(), format_.samples}, format_.sample_bytes()),
        writer_({tensor_.planes.data(), count_}, item_size(tensor.dtype)) {}

  void rows(std::int64_t first, std::int64_t last) const noexcept {
    Scratch scratch;
    fill_opaque(scratch.opaque.data(), chunk_pixels, format_);
    const std::int64_t step = in_place() ? image_.width : static_cast<std::int64_t>(chunk_pixels);
    for (std::int64_t y = first; y < last; ++y) {
      for (std::int64_t x = 0; x < image_.width; x += step) {
        chunk(x, y, static_cast<std::size_t>(std::min(image_.width - x, step)), scratch);
      }
    }
  }

 private:
  // Whether nothing goes through the scratch, so that a row can be done in one go.
  [[nodiscard]] bool in_place() const noexcept {
    const auto stored = [this](std::size_t c) { return format_.samples == 1 || format_.position(channels_[c]) >= 0; };
    bool all_stored = true;
    for (std::size_t c = 0; c < count_; ++c) {
      all_stored = all_stored && stored(c) && channels_[c] != Channel::alpha;
    }
    return all_stored && tensor_.dtype != DType::float16 && reader_.in_place() && writer_.in_place();
  }

  void chunk(std::int64_t x, std::int64_t y, std::size_t count, Scratch& scratch) const noexcept {
    std::array<const void*, 4> stored{};
    std::array<void*, 4> targets{};
    reader_.read(x, y, count, scratch.samples, stored);
    writer_.begin(x, y, scratch.elements, targets);
    for (std::size_t c = 0; c < count_; ++c) {
      convert(source(channels_[c], stored, scratch, count), targets[c], count, affine_[c]);
    }
    writer_.finish(x, y, count, scratch.elements);
  }

  // The samples of one channel of the network: stored ones, or made from them.
  const void* source(Channel channel, const std::array<const void*, 4>& stored, Scratch& scratch,
                     std::size_t count) const noexcept {
    const int position = format_.position(channel);
    if (position >= 0) {
      return stored[static_cast<std::size_t>(position)];
    }
    if (channel == Channel::alpha) {
      return scratch.opaque.data();
    }
    if (format_.samples == 1) {
      return stored[0];
    }
    const auto of = [&](Channel part) { return stored[static_cast<std::size_t>(format_.position(part))]; };
    kernels_.luma[format_.sample_bytes() - 1](of(Channel::red), of(Channel::green), of(Channel::blue),
                                              scratch.made.data(), count);
    return scratch.made.data();
  }

  void convert(const void* samples, void* target, std::size_t count, Affine affine) const noexcept {
    const std::size_t type = format_.sample_bytes() - 1;
    if (tensor_.dtype == DType::uint8) {
      quantize(kernels_, type, 0, samples, target, count, affine, 255.0F);
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
  Affines affine_;
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

void pack(const ImageView& whole, const MutableTensorRegion& tensor, const PackSpec& spec, int threads) {
  const ImageView image = spec.part ? crop(whole, *spec.part) : whole;
  check(spec.normalization);
  check_channels(spec.color, tensor);
  check_apart(image, tensor);
  const Rect inside{spec.left, spec.top, image.width, image.height};
  const MutableTensorRegion part = crop(tensor, inside);
  Affines affine{};
  for (std::size_t c = 0; c < affine.size(); ++c) {
    affine[c] = spec.normalization.to_network(c, info_of(image.format));
  }
  const auto run = [&](const ImageView& from, const MutableTensorRegion& to, ColorOrder color) {
    const Packer packer(from, to, color, affine);
    for_rows(to.height, byte_count(to), threads,
             [&packer](std::int64_t first, std::int64_t last) { packer.rows(first, last); });
  };
  if (const auto one = as_one_channel(image, part, info_of(spec.color), affine)) {
    run(one->image, one->region, ColorOrder::gray);
  } else {
    run(image, part, spec.color);
  }
  fill_border(tensor, inside, spec);
}

}  // namespace framelane
