#include "contract/device_name.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis {
namespace {

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}

// Begins with a letter (or, where `digits_first`, a digit), ends with one or a digit, and has besides these
// the characters of `others` in between.
bool well_formed(std::string_view text, bool digits_first, std::string_view others) {
  auto plain = [](char c) { return letter(c) || digit(c); };
  if (text.empty() || !plain(text.back())) return false;
  if (!letter(text.front()) && !(digits_first && digit(text.front()))) return false;
  return std::ranges::all_of(text, [&](char c) { return plain(c) || others.find(c) != others.npos; });
}

}  // namespace

Result<void> check_device_kind(std::string_view kind) {
  auto slash = kind.find('/');
  if (slash == kind.npos) return fail("'" + printable(kind) + "' is not of the form VENDOR/CLASS");
  auto vendor = kind.substr(0, slash), of_class = kind.substr(slash + 1);
  if (!well_formed(vendor, false, "_-.")) return fail("'" + printable(vendor) + "' is no name of a vendor");
  if (!well_formed(of_class, false, "_-."))
    return fail("'" + printable(of_class) + "' is no name of a class of devices");
  return ok();
}

Result<void> check_device(std::string_view name) {
  if (!well_formed(name, true, "_-.:")) return fail("'" + printable(name) + "' is no name of a device");
  return ok();
}

Result<DeviceName> parse_device_name(std::string_view text) {
  auto wrong = [&](Error error) {
    return std::move(error)
        .context("device \"" + printable(text) + "\"")
        .with_remedy("write VENDOR/CLASS=NAME, as in nvidia.com/gpu=0");
  };
  auto equals = text.find('=');
  if (equals == text.npos) return wrong(fail("it has no '='"));
  DeviceName device{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
  if (auto good = check_device_kind(device.kind); !good.ok()) return wrong(std::move(good).error());
  if (auto good = check_device(device.name); !good.ok()) return wrong(std::move(good).error());
  return device;
}

Result<std::vector<std::string>> parse_device_list(std::string_view text) {
  std::vector<std::string> names;
  if (text == no_devices) return names;
  for (const auto& name : split(text, ',')) {
    TRY(parse_device_name(name));
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace pyxis
