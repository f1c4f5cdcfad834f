// The directories that images and containers are kept in.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "doctor/checks.h"
#include "doctor/place.h"
#include "doctor/plugstack.h"
#include "engine/installation.h"
#include "storage/layout.h"

namespace pyxis::doctor {
namespace {

// Where settings cannot be read that is said once, by their own check.
Findings unknown_settings(const char* check) {
  return {{check, Verdict::skip, "the settings cannot be read", "see the finding of settings"}};
}

bool cache_apart(const Settings& settings) {
  return !settings.cache_path.empty() && settings.cache_path != settings.data_path;
}

// The helper that belongs to the engine that the plugin starts.
Result<std::string> storage_program(const spank::Config& config) {
  auto beside = config.pyxis_path.substr(0, config.pyxis_path.rfind('/')) + "/../libexec/pyxis-storage";
  if (::access(beside.c_str(), X_OK) == 0) return plain_path(beside);
  return plain_path(TRY(installed_part("pyxis-storage")));
}

Place node_place(const std::string& program) {
  Place place;
  place.check = "node's store";
  place.path = storage_path;
  place.cleaning = "run: " + program + " collect --limit 80%";
  return place;
}

// Where users' containers lie: root owns it, so it can be tried there.
Findings check_users_part(const Context& context, const Place& node) {
  auto place = node;
  place.check = "node's store: users";
  place.path = user_store_path(storage_path, 0);
  place.path.resize(place.path.rfind('/'));
  place.holds_containers = true;
  if (::access(place.path.c_str(), F_OK) != 0) return {};
  auto findings = check_place(context, place);
  findings.pop_back();  // its space is the store's
  return findings;
}

Findings try_node_store(const Context& context, const spank::Config& config) {
  constexpr auto check = "node's store";
  auto program = storage_program(config);
  if (!program.ok()) return {{check, Verdict::fail, program.error().message, program.error().remedy}};
  if (!::getpwnam(storage_user))
    return {
        {check, Verdict::fail, std::string("there is no user ") + storage_user + ", whose it is",
         std::string("run: useradd --system --no-create-home --shell /usr/sbin/nologin ") + storage_user}};
  Findings findings;
  if (!context.is_root()) {
    findings.push_back(
        {check, Verdict::skip, "only root can try whether this node can have it", "run: sudo pyxis doctor"});
  } else if (changeable_by_others(*program)) {
    findings.push_back({check, Verdict::skip, "root does not run what others can change",
                        "see the finding of pyxis-storage"});
  } else if (auto problem = changeable_by_others(storage_path);
             problem && problem->path == storage_path && ::access(storage_path, F_OK) == 0) {
    findings.push_back(
        {check, Verdict::fail, "this node cannot have it: " + problem->text(), keep_for_root(*problem)});
  } else if (auto probed = output_of(context, {*program, "probe"}); !probed.ok()) {
    findings.push_back({check, Verdict::fail, "this node cannot have it: " + probed.error().message,
                        "run: mount a disk with ext4, xfs or btrfs at " + std::string(storage_path) +
                            ", then " + *program +
                            " probe; or let users have their own: store=user in plugstack.conf"});
  } else {
    findings.push_back({check, Verdict::pass, std::string(storage_path) + " has id-mapped mounts", ""});
    for (auto& finding : check_users_part(context, node_place(*program)))
      findings.push_back(std::move(finding));
  }
  findings.push_back(check_space(node_place(*program)));
  return findings;
}

// slurmd makes it, as root's, and users' directories in it are root's to make.
Findings check_steps_directory(const std::string& path) {
  constexpr auto check = "runtime directory of steps";
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) {
    auto parent = path.substr(0, std::max<size_t>(path.rfind('/'), 1));
    if (::stat(parent.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      return {{check, Verdict::pass, path + ", which slurmd makes when it starts", ""}};
    return {{check, Verdict::fail,
             path + " (runtime_path): there is no directory " + parent + ", and slurmd does not make it",
             "run: install -d -m 755 " + parent + " && systemctl restart slurmd"}};
  }
  if (!S_ISDIR(info.st_mode))
    return {{check, Verdict::fail, path + " is no directory",
             "run: rm " + path + " && systemctl restart slurmd"}};
  if (info.st_uid != 0 || (info.st_mode & 022) != 0)
    return {{check, Verdict::fail, path + " can be changed by others than root",
             "run: chown root: " + path + " && chmod 755 " + path}};
  return {{check, Verdict::pass, path, ""}};
}

}  // namespace

Findings check_user_store(const Context& context) {
  if (!context.settings.ok()) return unknown_settings("user's store");
  const auto& settings = *context.settings;
  Place place;
  place.check = "user's store";
  place.path = settings.data_path;
  place.setting = "ENROOT_DATA_PATH";
  place.own = true;
  place.cleaning = "run: pyxis gc --max-age 30 (and pyxis list, pyxis remove NAME)";
  place.holds_containers = true;
  place.holds_images = !cache_apart(settings);
  place.overlays = settings.native_overlayfs;
  return check_place(context, place);
}

Findings check_image_cache(const Context& context) {
  if (!context.settings.ok() || !cache_apart(*context.settings)) return {};
  Place place;
  place.check = "image cache";
  place.path = context.settings->cache_path;
  place.setting = "ENROOT_CACHE_PATH";
  place.own = true;
  place.cleaning = "run: pyxis gc --max-age 30";
  place.holds_images = true;
  return check_place(context, place);
}

Findings check_node_store(const Context& context) {
  constexpr auto check = "node's store";
  auto config = plugin_config(context);
  if (!config) return {{check, Verdict::skip, "plugstack.conf has no usable line of the plugin's", ""}};
  if (config->engine == spank::EngineKind::enroot)
    return {{check, Verdict::skip, "not wanted: plugstack.conf says engine=enroot", ""}};
  if (config->store == spank::StoreKind::user)
    return {{check, Verdict::skip, "not wanted: plugstack.conf says store=user", ""}};
  return try_node_store(context, *config);
}

Findings check_runtime_directory(const Context& context) {
  if (!context.settings.ok()) return unknown_settings("runtime directory");
  Place place;
  place.check = "runtime directory";
  place.path = context.settings->runtime_path;
  place.setting = "ENROOT_RUNTIME_PATH";
  place.own = true;
  place.cleaning =
      "run: mount -o remount,size=1g,nr_inodes=1m \"$(findmnt -no TARGET -T " + place.path + ")\"";
  auto findings = check_place(context, place);
  if (auto config = plugin_config(context))
    for (auto& finding : check_steps_directory(config->runtime_path)) findings.push_back(std::move(finding));
  return findings;
}

Findings check_temporary_directory(const Context& context) {
  if (!context.settings.ok()) return unknown_settings("temporary directory");
  Place place;
  place.check = "temporary directory";
  place.path = context.settings->temp_path;
  place.setting = "ENROOT_TEMP_PATH";
  place.cleaning = "run: du -xh -d1 " + place.path + " | sort -h | tail (what fills it)";
  return check_place(context, place);
}

}  // namespace pyxis::doctor
