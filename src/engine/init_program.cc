#include "engine/init_program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "image/start_files.h"

namespace pyxis {
namespace {

constexpr std::string_view shell = "/bin/sh", rc_local_path = "etc/rc.local", profile_path = "etc/profile";

Result<struct stat> status_in_root(int rootfs, std::string_view path) {
  auto file = TRY(open_in_root(rootfs, std::string(path), O_PATH));
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return sys_error(path);
  return info;
}

bool has_text(int rootfs, std::string_view path) {
  auto info = status_in_root(rootfs, path);
  return info.ok() && S_ISREG(info->st_mode) && info->st_size > 0;
}

bool has_shell(int rootfs) {
  auto info = status_in_root(rootfs, shell);
  return info.ok() && S_ISREG(info->st_mode) && (info->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

// A name that begins with a dash is how every shell is told that it is a login shell, with a command or not.
InitProgram by_shell(const std::string& script, const std::vector<std::string>& command, bool login) {
  InitProgram init{std::string(shell), {login ? "-sh" : "sh", "-c", script, "sh"}, {}};
  init.argv.insert(init.argv.end(), command.begin(), command.end());
  return init;
}

InitProgram directly(const ImageConfig& image, const std::vector<std::string>& command, bool login) {
  InitProgram init{{}, image.entrypoint, {}};
  const auto& rest = command.empty() ? image.cmd : command;
  init.argv.insert(init.argv.end(), rest.begin(), rest.end());
  if (init.argv.empty()) return {std::string(shell), {login ? "-sh" : "sh"}, {}};
  return init;
}

}  // namespace

Result<InitProgram> find_init_program(const ContainerConfig& config, const InitRequest& request, int rootfs) {
  const auto& script = request.rc ? *request.rc : config.rc;
  bool scripted = request.rc || !config.rc.empty();
  bool shell_there = has_shell(rootfs);
  if (scripted && !shell_there)
    return fail(std::string(request.rc ? "the given rc script" : "the image's /etc/rc") +
                    " cannot be run: there is no /bin/sh in the image",
                request.rc ? "start it without --rc" : "");
  bool reads_profile = request.login_shell && has_text(rootfs, profile_path);
  bool local = has_text(rootfs, rc_local_path);
  InitProgram init;
  if (scripted)
    init = by_shell(script, request.command, request.login_shell);
  else if (shell_there && (local || reads_profile))
    init = by_shell(make_rc(config.image, "image"), request.command, request.login_shell);
  else
    init = directly(config.image, request.command, request.login_shell);
  if (request.rc)
    init.name = "the given rc script";
  else if (scripted)
    init.name = "/etc/rc";
  else if (!config.image.entrypoint.empty())
    init.name = config.image.entrypoint.front();
  else if (shell_there && local)
    init.name = "/etc/rc.local";
  else if (shell_there && reads_profile)
    init.name = "/etc/profile";
  return init;
}

void start_by_init(SandboxCommand& command, RecordedConfig recorded, Environment host, InitRequest request) {
  command.complete = [recorded = std::move(recorded), host = std::move(host),
                      request = std::move(request)](SandboxCommand& inside) -> Result<void> {
    auto root = TRY(open_path("/", O_PATH | O_DIRECTORY));
    auto init =
        TRY(find_init_program(TRY(container_config(recorded, host, root.get())), request, root.get()));
    inside.program = std::move(init.program);
    inside.argv = std::move(init.argv);
    return ok();
  };
}

}  // namespace pyxis
