#include "gridmill/jobs/point_method.h"

#include <fmt/format.h>

#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

[[noreturn]] void refuse_method(const std::string& why) { throw Error(ErrorKind::invalid, why); }

double degrees_in(const std::string& part, double most, const std::string& text) {
  const double degrees =
      in_context([&] { return "--box " + text; }, [&] { return parse_double(trim(part)); });
  if (degrees > 0 && degrees <= most) return degrees;
  refuse_method(fmt::format("--box {}: a box is more than 0 and at most {} degrees {}", text,
                            format_double(most), most > 180 ? "wide" : "high"));
}

}  // namespace

BoxSize parse_box_size(const std::string& text) {
  const auto parts = split(text, 'x');
  if (parts.size() > 2) {
    refuse_method(fmt::format("--box {} is not DEGREES or LATxLON, e.g. 2 or 2x4", text));
  }
  return {degrees_in(parts.front(), 180, text), degrees_in(parts.back(), 360, text)};
}

std::optional<double> mask_radius_m(const PointMethod& method) {
  if (method.mask_radius.empty()) return std::nullopt;
  const double radius_km = in_context([&] { return "--mask-radius " + method.mask_radius; },
                                      [&] { return parse_double(trim(method.mask_radius)); });
  if (std::isfinite(radius_km) && radius_km > 0) return radius_km * 1e3;
  refuse_method(fmt::format("--mask-radius {} is no distance in km", method.mask_radius));
}

void check_point_method(const PointMethod& method) {
  const bool is_box = method.name == "box";
  if (method.name != "nearest" && method.name != "bilinear" && !is_box) {
    refuse_method(fmt::format("there is no method \"{}\"{}: nearest, bilinear or box", method.name,
                              did_you_mean(method.name, {"nearest", "bilinear", "box"})));
  }
  if (is_box && method.box.empty()) {
    refuse_method("--method box wants its size: --box DEGREES or --box LATxLON, e.g. --box 2");
  }
  if (!is_box && !method.box.empty()) {
    refuse_method(fmt::format("--box is of --method box, and the method is {}", method.name));
  }
  if (is_box) (void)parse_box_size(method.box);
  if (!method.mask.empty() && !method.mask_valid.empty()) {
    refuse_method("--mask and --mask-valid exclude each other: --mask 'EXPR and not isnan(X)'");
  }
  if (!method.mask_radius.empty() && (!method.has_mask() || method.name != "nearest")) {
    refuse_method(
        "--mask-radius is how far the nearest valid cell may be: of --method nearest "
        "with --mask or --mask-valid");
  }
  (void)mask_radius_m(method);
}

Json point_method_to_json(const PointMethod& method) {
  return {{"name", method.name},
          {"box", method.box},
          {"mask", method.mask},
          {"mask_valid", method.mask_valid},
          {"mask_radius", method.mask_radius}};
}

PointMethod point_method_from_json(const Json& json, std::string_view where) {
  return {json_string(json, "name", where), json_string(json, "box", where),
          json_string(json, "mask", where), json_string(json, "mask_valid", where),
          json_string(json, "mask_radius", where)};
}

}  // namespace gridmill
