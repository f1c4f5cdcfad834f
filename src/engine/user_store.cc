#include "engine/user_store.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "engine/shared_store.h"
#include "sandbox/rootfs.h"

namespace pyxis {
namespace {

constexpr auto answer_file = "overlay";

// One line: "KERNEL-RELEASE yes" or "KERNEL-RELEASE no REASON".
Result<FormChoice> probe_and_remember(const Store& store, const std::string& release) {
  auto staging = TRY(store.stage());  // held by a lock: nobody sweeps it away under the probe
  auto support = TRY(probe_overlay(staging.fd()));
  auto answer = release + (support.usable ? " yes" : " no " + support.why) + "\n";
  auto root = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  TRY(write_file(root.get(), answer_file, answer, 0600));
  return FormChoice{support.usable ? ContainerForm::overlay : ContainerForm::flat, support.why};
}

Result<Store> open_store(const std::string& path, const std::string& setting) {
  auto opened = Store::open(path, [&]() -> StoreForm {
    auto directory = open_path(path, O_RDONLY | O_DIRECTORY);
    if (!directory.ok()) return StoreForm::overlay;
    auto support = probe_overlay(directory->get());
    // Where the question cannot be put (no user namespaces), starting a container says why; layers can still
    // be kept.
    return !support.ok() || support->usable ? StoreForm::overlay : StoreForm::plain;
  });
  if (!opened.ok())
    return std::move(opened)
        .error()
        .context("open store " + path)
        .with_remedy("make that directory writable, or set " + setting + " to one that is");
  return opened;
}

}  // namespace

Result<Store> open_user_store(const Settings& settings) {
  bool apart = !settings.cache_path.empty() && settings.cache_path != settings.data_path;
  auto store = TRY(apart ? open_store(settings.cache_path, "ENROOT_CACHE_PATH")
                         : open_store(settings.data_path, "ENROOT_DATA_PATH"));
  if (apart) store.keep_containers_in(TRY(open_store(settings.data_path, "ENROOT_DATA_PATH")));
  store.share(settings.shared_store);
  if (!settings.native_overlayfs) store.avoid_overlays();
  return store;
}

Result<FormChoice> choose_container_form(const Store& store) {
  if (store.avoids_overlays()) return FormChoice{ContainerForm::flat, "ENROOT_NATIVE_OVERLAYFS is off"};
  if (store.form() == StoreForm::plain)
    return FormChoice{ContainerForm::flat, "the store is on a file system without overlay support"};
  utsname names;
  ::uname(&names);
  std::string release = names.release;
  auto known = read_file(store.of_containers().path() + "/" + answer_file, 4096);
  if (known.ok()) {
    auto line = std::string(trim(*known));
    if (line == release + " yes") return FormChoice{ContainerForm::overlay, ""};
    auto refusal = release + " no ";
    if (line.starts_with(refusal)) return FormChoice{ContainerForm::flat, line.substr(refusal.size())};
  }
  return probe_and_remember(store.of_containers(), release);
}

}  // namespace pyxis
