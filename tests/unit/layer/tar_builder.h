// Builds tar archives byte by byte, so that names and headers no honest archiver writes are possible.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pyxis::testing {

struct TarMember {
  std::string name;
  char type = '0';  // ustar typeflag
  std::string content = {};
  std::string link = {};
  unsigned mode = 0644;
  long long mtime = 1'000'000'000;
  std::vector<std::pair<std::string, std::string>> pax = {};  // extended header records before it
  bool gnu_long = false;                                      // name and link in GNU 'L' and 'K' members
};

class TarBuilder {
 public:
  TarBuilder& add(const TarMember& member);
  TarBuilder& file(const std::string& name, const std::string& content = "content", unsigned mode = 0644);
  TarBuilder& dir(const std::string& name, unsigned mode = 0755);
  TarBuilder& symlink(const std::string& name, const std::string& target);
  TarBuilder& hard_link(const std::string& name, const std::string& target);
  TarBuilder& whiteout(const std::string& name) { return file(name, ""); }
  // Bytes as they are (padded to a block).
  TarBuilder& raw(const std::string& bytes);
  // With the two blocks of zeros at the end.
  std::string finish() const { return bytes_ + std::string(1024, '\0'); }
  const std::string& unfinished() const { return bytes_; }

 private:
  void header(const TarMember& member, uint64_t size);
  std::string bytes_;
};

}  // namespace pyxis::testing
