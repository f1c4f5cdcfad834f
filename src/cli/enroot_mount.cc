#include <fcntl.h>

#include "base/fs.h"
#include "base/log.h"
#include "cli/command.h"
#include "sandbox/mount_plan.h"
#include "sandbox/mounter.h"

namespace pyxis::cli {
namespace {

Result<void> mount_fstab(const std::string& fstab, int root, const Environment& environment) {
  bool from_input = fstab == "-";
  auto text = from_input ? read_fd(STDIN_FILENO) : read_file(fstab);
  auto origin = from_input ? std::string("stdin") : fstab;
  auto entries = TRY(parse_fstab(TRY_CONTEXT(std::move(text), origin), environment, origin));
  return execute_mounts(TRY(plan_mounts(entries)), root);
}

Result<void> mount_fstabs(const std::vector<std::string>& fstabs, const std::string& root,
                          const Environment& environment) {
  auto directory = TRY(open_path(root, O_PATH | O_DIRECTORY));
  for (const auto& fstab : fstabs) TRY(mount_fstab(fstab, directory.get(), environment));
  return ok();
}

}  // namespace

int enroot_mount(int argc, char** argv, const Environment& environment) {
  CLI::App app{"Mount what the lines of an fstab say. For hooks of containers.", "enroot-mount"};
  std::string root = "/";
  std::vector<std::string> fstabs = {"-"};
  app.add_option("-r,--root", root, "The directory below which targets are, and cannot leave")
      ->type_name("DIR");
  app.add_option("FSTAB", fstabs, "Files with the lines; -, as without one, is the standard input");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  auto done = mount_fstabs(fstabs, root, environment);
  if (!done.ok()) log::error(done.error().text());
  return done.ok() ? 0 : 1;
}

}  // namespace pyxis::cli
