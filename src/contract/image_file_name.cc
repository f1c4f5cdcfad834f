#include "contract/image_file_name.h"

#include <algorithm>
#include <array>

namespace pyxis {
namespace {

constexpr std::array<std::string_view, 4> extensions = {".sqsh", ".squashfs", ".sqfs", ".sif"};

}  // namespace

bool is_address(std::string_view image) {
  return image.starts_with("https://") || image.starts_with("http://");
}

bool ends_as_image_file(std::string_view path) {
  return std::ranges::any_of(extensions, [&](std::string_view each) { return path.ends_with(each); });
}

std::string without_query(std::string_view image) {
  auto query = is_address(image) ? image.find('?') : image.npos;
  return std::string(image.substr(0, query)) + (query == image.npos ? "" : "?...");
}

std::string image_file_stem(std::string_view image) {
  if (is_address(image)) image = image.substr(0, image.find('?'));
  auto name = image.substr(image.rfind('/') + 1);
  for (auto extension : extensions)
    if (name.ends_with(extension)) return std::string(name.substr(0, name.size() - extension.size()));
  return std::string(name);
}

}  // namespace pyxis
