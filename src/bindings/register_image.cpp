#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/gil.hpp"
#include "bindings/register.hpp"
#include "bindings/tensor_from_python.hpp"
#include "core/error.hpp"
#include "image/pack.hpp"
#include "image/unpack.hpp"

namespace py = pybind11;

namespace framelane::bindings {
namespace {

std::array<double, 4> four(const std::vector<double>& values, double missing, const char* what) {
  if (values.size() > 4) {
    throw ShapeError(std::string(what) + " has " + std::to_string(values.size()) +
                     " numbers; a picture has up to 4 channels");
  }
  std::array<double, 4> all{missing, missing, missing, missing};
  std::copy(values.begin(), values.end(), all.begin());
  return all;
}

Normalization normalization_of(double scale, const std::vector<double>& mean, const std::vector<double>& std) {
  Normalization normalization{scale, four(mean, 0.0, "mean"), four(std, 1.0, "std")};
  check(normalization);
  return normalization;
}

Border border_from_name(std::string_view name) {
  if (name == "none") {
    return Border::none;
  }
  if (name == "constant") {
    return Border::constant;
  }
  if (name == "edge") {
    return Border::edge;
  }
  throw ShapeError("border '" + std::string(name) + "' is not one of: none, constant, edge");
}

using RectTuple = std::optional<std::array<std::int64_t, 4>>;

std::optional<Rect> rect_of(const RectTuple& part) {
  if (!part) {
    return std::nullopt;
  }
  return Rect{(*part)[0], (*part)[1], (*part)[2], (*part)[3]};
}

PackSpec make_pack_spec(std::string_view color, double scale, const std::vector<double>& mean,
                        const std::vector<double>& std, const RectTuple& part, std::int64_t left, std::int64_t top,
                        std::string_view border, std::array<std::uint8_t, 4> border_color) {
  return {color_order_from_name(color),
          normalization_of(scale, mean, std),
          rect_of(part),
          left,
          top,
          border_from_name(border),
          border_color};
}

UnpackSpec make_unpack_spec(std::string_view color, double scale, const std::vector<double>& mean,
                            const std::vector<double>& std, const RectTuple& part) {
  return {color_order_from_name(color), normalization_of(scale, mean, std), rect_of(part)};
}

void pack_python(const py::object& image, const py::object& tensor, const PackSpec& spec, std::string_view pixel_format,
                 std::string_view layout, std::int64_t batch_index, int threads) {
  const Tensor source = tensor_from_python(image.ptr());
  const Tensor target = tensor_from_python(tensor.ptr());
  const ImageView view = image_from_tensor(pixel_format_from_name(pixel_format), source);
  const MutableTensorRegion region = mutable_region_from_tensor(target, layout_from_name(layout), batch_index);
  const GilRelease release;
  pack(view, region, spec, threads);
}

void unpack_python(const py::object& tensor, const py::object& image, const UnpackSpec& spec,
                   std::string_view pixel_format, std::string_view layout, std::int64_t batch_index, int threads) {
  const Tensor source = tensor_from_python(tensor.ptr());
  const Tensor target = tensor_from_python(image.ptr());
  const MutableImageView view = mutable_image_from_tensor(pixel_format_from_name(pixel_format), target);
  const TensorRegion region = region_from_tensor(source, layout_from_name(layout), batch_index);
  const GilRelease release;
  unpack(region, view, spec, threads);
}

}  // namespace

void register_image(py::module_& m) {
  py::classh<PackSpec>(m, "PackSpec")
      .def(py::init(&make_pack_spec), py::kw_only(), py::arg("color"), py::arg("scale"), py::arg("mean"),
           py::arg("std"), py::arg("part"), py::arg("left"), py::arg("top"), py::arg("border"),
           py::arg("border_color"));
  py::classh<UnpackSpec>(m, "UnpackSpec")
      .def(py::init(&make_unpack_spec), py::kw_only(), py::arg("color"), py::arg("scale"), py::arg("mean"),
           py::arg("std"), py::arg("part"));
  m.def("pack", &pack_python, py::arg("image"), py::arg("tensor"), py::arg("spec"), py::kw_only(),
        py::arg("pixel_format"), py::arg("layout"), py::arg("batch_index"), py::arg("threads"));
  m.def("unpack", &unpack_python, py::arg("tensor"), py::arg("image"), py::arg("spec"), py::kw_only(),
        py::arg("pixel_format"), py::arg("layout"), py::arg("batch_index"), py::arg("threads"));
}

}  // namespace framelane::bindings
