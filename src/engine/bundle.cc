#include "engine/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/fs.h"
#include "base/text.h"
#include "contract/image_file_name.h"
#include "contract/message.h"
#include "engine/configuration_files.h"
#include "engine/installation.h"
#include "image/digest.h"
#include "squash/output_file.h"

namespace pyxis {
namespace {

constexpr uint64_t facts_version = 1;
constexpr auto runtime_program = "pyxis-runtime";
constexpr size_t copy_bytes = 1 << 20;

uint64_t rounded_up(uint64_t bytes, uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

Result<uint64_t> size_of(const Fd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return sys_error(path);
  return static_cast<uint64_t>(info.st_size);
}

Result<std::string> read_at(const Fd& file, uint64_t offset, size_t bytes, const std::string& path) {
  std::string data(bytes, '\0');
  for (size_t have = 0; have < bytes;) {
    ssize_t got = ::pread(file.get(), data.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_error(path);
    if (got == 0) return fail(path + " ends too early");
    have += static_cast<size_t>(got);
  }
  return data;
}

// Appends to a file, and knows the checksum of what it has appended.
class Appender {
 public:
  Appender(int file, bool hashing) : file_(file), hashing_(hashing) {}

  Result<void> text(std::string_view data) {
    if (hashing_) hasher_.update(std::as_bytes(std::span(data)));
    written_ += data.size();
    return write_all(file_, data);
  }
  Result<void> pad(uint64_t to) { return text(std::string(to - written_, '\0')); }
  Result<void> content(const Fd& source, uint64_t bytes, const std::string& path) {
    for (uint64_t done = 0; done < bytes;) {
      auto part = static_cast<size_t>(std::min<uint64_t>(copy_bytes, bytes - done));
      TRY(text(TRY(read_at(source, done, part, path))));
      done += part;
    }
    return ok();
  }
  uint64_t written() const { return written_; }
  // Of all that was appended and of `more` behind it.
  std::string checksum_with(std::string_view more) {
    if (!hashing_) return "";
    hasher_.update(std::as_bytes(std::span(more)));
    return hasher_.finish().text();
  }

 private:
  int file_;
  bool hashing_;
  Hasher hasher_;
  uint64_t written_ = 0;
};

Result<Fd> open_image(const std::string& path, uint64_t& bytes) {
  constexpr std::string_view squashfs_magic = "hsqs";
  auto image = TRY_CONTEXT(open_path(path, O_RDONLY | O_NONBLOCK), "image file");
  bytes = TRY(size_of(image, path));
  if (bytes < squashfs_magic.size() || TRY(read_at(image, 0, squashfs_magic.size(), path)) != squashfs_magic)
    return fail("image file " + path + " is no squashfs file",
                "give one that 'pyxis import', 'pyxis export' or mksquashfs made");
  return image;
}

Result<void> add_files(const std::string& directory, std::string_view suffix, const std::string& name,
                       std::vector<BundleFacts::File>& files) {
  for (const auto& file : TRY(configuration_files(directory, suffix)))
    files.push_back({name + "/" + file.name, TRY(read_configuration_file(file)), file.executable});
  return ok();
}

Result<std::vector<BundleFacts::File>> gather_files(const BundleRequest& request, const Settings& settings) {
  std::vector<BundleFacts::File> files;
  auto library = TRY(installed_part("pyxis-hooks")) + "/common.sh";
  files.push_back({"pyxis-hooks/common.sh", TRY(read_file(library)), false});
  if (!request.configuration) return files;
  for (const auto& [where, name] :
       {std::pair{settings.sysconf_path, "site"}, {settings.config_path, "user"}}) {
    TRY(add_files(where + "/environ.d", ".env", std::string(name) + "/environ.d", files));
    TRY(add_files(where + "/mounts.d", ".fstab", std::string(name) + "/mounts.d", files));
    TRY(add_files(where + "/hooks.d", ".sh", std::string(name) + "/hooks.d", files));
  }
  return files;
}

Result<void> write_bundle(int output, const BundleRequest& request, const Settings& settings) {
  uint64_t image_bytes = 0;
  auto image = TRY(open_image(request.image, image_bytes));
  auto program_path = TRY(installed_part(runtime_program));
  auto program = TRY(open_path(program_path, O_RDONLY));
  BundleFacts facts;
  facts.name = image_file_stem(request.image);
  facts.description = request.description;
  facts.target = request.target;
  facts.files = TRY(gather_files(request, settings));

  Appender appender(output, request.checksum);
  TRY(appender.content(program, TRY(size_of(program, program_path)), program_path));
  BundleTrailer trailer;
  trailer.image_offset = rounded_up(appender.written(), BundleTrailer::alignment);
  trailer.image_bytes = image_bytes;
  TRY(appender.pad(trailer.image_offset));
  TRY(appender.content(image, image_bytes, request.image));
  facts.checksum = appender.checksum_with(facts.encode());
  auto body = facts.encode();
  trailer.facts_offset = appender.written();
  trailer.facts_bytes = body.size();
  TRY(write_all(output, body));
  return write_all(output, trailer.encode());
}

}  // namespace

std::string BundleFacts::encode() const {
  MessageWriter writer;
  writer.number(facts_version);
  for (const auto* text : {&name, &description, &target, &checksum}) writer.text(*text);
  writer.number(files.size());
  for (const auto& file : files) {
    writer.text(file.path);
    writer.text(file.content);
    writer.number(file.executable);
  }
  return writer.take();
}

Result<BundleFacts> BundleFacts::decode(std::string_view body) {
  MessageReader reader(body);
  BundleFacts facts;
  if (TRY(reader.number()) != facts_version) return fail("the bundle is of another release");
  for (auto* text : {&facts.name, &facts.description, &facts.target, &facts.checksum})
    *text = TRY(reader.text());
  for (auto left = TRY(reader.number()); left > 0; --left) {
    File file;
    file.path = TRY(reader.text());
    file.content = TRY(reader.text());
    file.executable = TRY(reader.number()) != 0;
    facts.files.push_back(std::move(file));
  }
  return facts;
}

Result<void> make_bundle(const BundleRequest& request, const Settings& settings) {
  auto slash = request.output.rfind('/');
  auto directory =
      TRY_CONTEXT(open_path(slash == std::string::npos ? "." : request.output.substr(0, slash + 1),
                            O_RDONLY | O_DIRECTORY),
                  "write " + request.output);
  auto name = request.output.substr(slash + 1);
  if (!request.replace && ::faccessat(directory.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return Error{request.output + " exists already", "choose another name with -o, or replace it with -f",
                 EEXIST};
  auto output = TRY_CONTEXT(OutputFile::create(directory.get(), name), "write " + request.output);
  TRY_CONTEXT(write_bundle(output.fd(), request, settings), "write " + request.output);
  if (::fchmod(output.fd(), 0755) != 0) return sys_error("chmod " + request.output);
  TRY_CONTEXT(output.publish(request.replace), "write " + request.output);
  return ok();
}

Result<Bundle> open_bundle(const std::string& path) {
  Bundle bundle;
  bundle.path = path;
  bundle.file = TRY(open_path(path, O_RDONLY));
  auto bytes = TRY(size_of(bundle.file, path));
  std::optional<BundleTrailer> trailer;
  if (bytes >= BundleTrailer::bytes) {
    auto last = TRY(read_at(bundle.file, bytes - BundleTrailer::bytes, BundleTrailer::bytes, path));
    trailer = BundleTrailer::decode(last, bytes);
  }
  if (!trailer) return fail(path + " is no bundle, or not a whole one");
  bundle.trailer = *trailer;
  auto body = TRY(read_at(bundle.file, trailer->facts_offset, trailer->facts_bytes, path));
  bundle.facts = TRY_CONTEXT(BundleFacts::decode(body), path);
  return bundle;
}

Result<void> verify_bundle(const Bundle& bundle) {
  if (bundle.facts.checksum.empty())
    return fail(bundle.path + " has no checksum", "bundles made with 'pyxis bundle --checksum' have one");
  Hasher hasher;
  for (uint64_t done = 0; done < bundle.trailer.facts_offset;) {
    auto part = static_cast<size_t>(std::min<uint64_t>(copy_bytes, bundle.trailer.facts_offset - done));
    auto data = TRY(read_at(bundle.file, done, part, bundle.path));
    hasher.update(std::as_bytes(std::span(data)));
    done += part;
  }
  auto facts = bundle.facts;
  facts.checksum.clear();
  auto body = facts.encode();
  hasher.update(std::as_bytes(std::span(body)));
  if (hasher.finish().text() == bundle.facts.checksum) return ok();
  return fail(bundle.path + " is damaged: its bytes have not the checksum " + bundle.facts.checksum,
              "copy it anew");
}

}  // namespace pyxis
