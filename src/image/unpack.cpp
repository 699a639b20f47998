#include "image/unpack.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.hpp"
#include "image/flatten.hpp"
#include "image/kernels.hpp"
#include "image/overlap.hpp"
#include "image/row_threads.hpp"
#include "image/runs.hpp"
#include "image/strided_rows.hpp"

namespace framelane {
namespace {

using Affines = std::array<Affine, 4>;

constexpr int opaque = -1;
constexpr int luma = -2;

// What a thread needs for the chunk that it is working on.
struct Scratch {
  ChunkBuffer elements;
  ChunkBuffer samples;
  ChunkBuffer colors;
};

// The rows of one tensor on their way into one picture.
class Unpacker {
 public:
  Unpacker(const TensorRegion& tensor, const MutableImageView& image, ColorOrder color, const Affines& affine) noexcept
      : tensor_(tensor),
        count_(static_cast<std::size_t>(tensor.channels)),
        image_(image),
        format_(info_of(image.format)),
        color_(info_of(color)),
        affine_(affine),
        reader_({tensor_.planes.data(), count_}, item_size(tensor.dtype)),
        writer_({image_.planes.data(), format_.samples}, format_.sample_bytes()) {
    for (std::size_t i = 0; i < format_.samples; ++i) {
      source_[i] = source_of(format_.channels[i]);
    }
  }

  void rows(std::int64_t first, std::int64_t last) const noexcept {
    Scratch scratch;
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
    const bool no_luma = std::find(source_.begin(), source_.end(), luma) == source_.end();
    return no_luma && tensor_.dtype != DType::float16 && reader_.in_place() && writer_.in_place();
  }

  // Which of the tensor's channels a stored sample comes from, or one of the two constants.
  [[nodiscard]] int source_of(Channel sample) const noexcept {
    for (std::size_t c = 0; c < color_.count; ++c) {
      if (color_.channels[c] == sample || (color_.count == 1 && sample != Channel::alpha)) {
        return static_cast<int>(c);
      }
    }
    return sample == Channel::alpha ? opaque : luma;
  }

  void chunk(std::int64_t x, std::int64_t y, std::size_t count, Scratch& scratch) const noexcept {
    std::array<const void*, 4> runs{};
    std::array<void*, 4> targets{};
    reader_.read(x, y, count, scratch.elements, runs);
    writer_.begin(x, y, scratch.samples, targets);
    for (std::size_t i = 0; i < format_.samples; ++i) {
      if (source_[i] >= 0) {
        const auto c = static_cast<std::size_t>(source_[i]);
        convert(runs[c], targets[i], count, affine_[c]);
      } else if (source_[i] == opaque) {
        fill_opaque(targets[i], count, format_);
      } else {
        make_luma(runs, targets[i], count, scratch);
      }
    }
    writer_.finish(x, y, count, scratch.samples);
  }

  void convert(const void* values, void* target, std::size_t count, Affine affine) const noexcept {
    const std::size_t type = format_.sample_bytes() - 1;
    const auto max = static_cast<float>(format_.max_value());
    if (tensor_.dtype == DType::uint8) {
      quantize(kernels_, 0, type, values, target, count, affine, max);
    } else if (tensor_.dtype == DType::float32) {
      quantize(kernels_, 2, type, values, target, count, affine, max);
    } else {
      alignas(64) std::array<float, chunk_pixels> floats;
      kernels_.half_to_float(values, floats.data(), count);
      quantize(kernels_, 2, type, floats.data(), target, count, affine, max);
    }
  }

  void make_luma(const std::array<const void*, 4>& runs, void* target, std::size_t count,
                 Scratch& scratch) const noexcept {
    std::array<const void*, 3> colors{};
    for (std::size_t i = 0; i < 3; ++i) {
      constexpr std::array<Channel, 3> order{Channel::red, Channel::green, Channel::blue};
      const auto c = static_cast<std::size_t>(source_of(order[i]));
      convert(runs[c], scratch.colors.lanes[i].data(), count, affine_[c]);
      colors[i] = scratch.colors.lanes[i].data();
    }
    kernels_.luma[format_.sample_bytes() - 1](colors[0], colors[1], colors[2], target, count);
  }

  TensorRegion tensor_;
  std::size_t count_;
  MutableImageView image_;
  const PixelFormatInfo& format_;
  const ColorOrderInfo& color_;
  Affines affine_;
  std::array<int, 4> source_{};
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

void unpack(const TensorRegion& whole, const MutableImageView& image, const UnpackSpec& spec, int threads) {
  const TensorRegion tensor = spec.part ? crop(whole, *spec.part) : whole;
  check(spec.normalization);
  check_sizes(tensor, image, spec.color);
  check_apart(image, tensor);
  Affines affine{};
  for (std::size_t c = 0; c < affine.size(); ++c) {
    affine[c] = spec.normalization.from_network(c, info_of(image.format));
  }
  const auto run = [&](const TensorRegion& from, const MutableImageView& to, ColorOrder color) {
    const Unpacker unpacker(from, to, color, affine);
    for_rows(to.height, byte_count(from), threads,
             [&unpacker](std::int64_t first, std::int64_t last) { unpacker.rows(first, last); });
  };
  if (const auto one = as_one_channel(image, tensor, info_of(spec.color), affine)) {
    run(one->region, one->image, ColorOrder::gray);
  } else {
    run(tensor, image, spec.color);
  }
}

}  // namespace framelane
