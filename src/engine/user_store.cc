#include "engine/user_store.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "base/text.h"
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

}  // namespace

Result<Store> open_user_store(const Settings& settings) {
  auto opened = Store::open(settings.data_path, [&]() -> StoreForm {
    auto directory = open_path(settings.data_path, O_RDONLY | O_DIRECTORY);
    if (!directory.ok()) return StoreForm::overlay;
    auto support = probe_overlay(directory->get());
    // Where the question cannot be put (no user namespaces), starting a container says why; layers can still
    // be kept.
    return !support.ok() || support->usable ? StoreForm::overlay : StoreForm::plain;
  });
  if (!opened.ok())
    return std::move(opened)
        .error()
        .context("open store " + settings.data_path)
        .with_remedy("make that directory writable, or set ENROOT_DATA_PATH to one that is");
  return opened;
}

Result<FormChoice> choose_container_form(const Store& store) {
  if (store.form() == StoreForm::plain)
    return FormChoice{ContainerForm::flat, "the store is on a file system without overlay support"};
  utsname names;
  ::uname(&names);
  std::string release = names.release;
  auto known = read_file(store.path() + "/" + answer_file, 4096);
  if (known.ok()) {
    auto line = std::string(trim(*known));
    if (line == release + " yes") return FormChoice{ContainerForm::overlay, ""};
    auto refusal = release + " no ";
    if (line.starts_with(refusal)) return FormChoice{ContainerForm::flat, line.substr(refusal.size())};
  }
  return probe_and_remember(store, release);
}

}  // namespace pyxis
