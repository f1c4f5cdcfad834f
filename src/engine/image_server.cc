#include "engine/image_server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "engine/helper.h"
#include "engine/import_news.h"
#include "engine/reporter.h"
#include "store/read_lists.h"

namespace pyxis {

Result<Fd> open_image_file(const std::string& path) {
  auto opened = open_path(path, O_RDONLY | O_NONBLOCK);
  if (!opened.ok() && opened.error().code == ENOENT) opened.error().remedy = "check the path on this node";
  auto image = TRY_CONTEXT(std::move(opened), "image file");
  struct stat info;
  if (::fstat(image.get(), &info) != 0) return sys_error("image file " + path);
  if (!S_ISREG(info.st_mode)) return fail("image file " + path + ": not a regular file");
  return image;
}

Result<ImageServer> ImageServer::start(const Settings& settings, const std::string& path, bool remap_root,
                                       const Store* store) {
  auto image = TRY(open_image_file(path));
  HelperCommand command;
  // The owner of all files, as numbered inside.
  command.arguments = {"pyxis-squash", "serve", path, std::to_string(remap_root ? 0 : ::getuid()),
                       std::to_string(remap_root ? 0 : ::getgid())};
  command.descriptors = {{image.get(), image_server_fd}};
  // Without it all is read when it is asked for.
  auto reads = store != nullptr ? open_read_list(*store, image.get()) : Result<Fd>(Fd());
  if (reads.ok() && *reads) command.descriptors.emplace_back(reads->get(), image_reads_fd);
  auto helper = TRY(start_helper(command, settings));
  TerminalReporter nobody;  // it has nothing to tell but how it went
  TRY(follow_helper(helper, nobody));
  return ImageServer{std::move(helper.socket), std::move(helper.child)};
}

std::optional<Error> ImageServer::failure() const {
  if (!readable_within(socket.get(), std::chrono::milliseconds(0))) return std::nullopt;
  auto message = receive_message(socket.get());
  auto news = message.ok() ? ImportNews::decode(message->body) : Result<ImportNews>(message.error());
  if (!news.ok() || news->kind != ImportNews::Kind::failed) return std::nullopt;
  return Error{news->text, news->remedy, news->code};
}

ServedImage ImageServer::leave() {
  auto process = open_pidfd(child.pid());
  (void)child.release();
  return {std::move(socket), process.ok() ? std::move(*process) : Fd()};
}

}  // namespace pyxis
