#include "store/read_lists.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace pyxis {
namespace {

constexpr size_t max_lists = 256;

// The node that has the file need not be the one that numbered the device.
std::string key_of(const struct stat& file) {
  return std::to_string(file.st_ino) + "-" + std::to_string(file.st_size) + "-" +
         std::to_string(file.st_mtim.tv_sec) + "." + std::to_string(file.st_mtim.tv_nsec);
}

Result<void> make_room(int directory) {
  auto names = TRY(list_directory(directory));
  if (names.size() < max_lists) return ok();
  auto age = [&](const std::string& name) {
    struct stat info {};
    ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW);
    return std::pair(info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  };
  auto oldest = std::ranges::min_element(names, {}, age);
  if (::unlinkat(directory, oldest->c_str(), 0) != 0 && errno != ENOENT)
    return sys_error("unlink " + *oldest);
  return ok();
}

}  // namespace

Result<Fd> open_read_list(const Store& store, int image) {
  struct stat file;
  if (::fstat(image, &file) != 0) return sys_error("stat");
  auto root = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  auto directory = TRY(make_directory_at(root.get(), "reads", 0700));
  auto list = open_at(directory.get(), key_of(file), O_RDWR | O_NOFOLLOW);
  if (list.ok())
    ::futimens(list->get(), nullptr);  // where programs read the same every day, it is not written
  if (list.ok() || list.error().code != ENOENT) return list;
  TRY(make_room(directory.get()));
  return open_at(directory.get(), key_of(file), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
}

}  // namespace pyxis
