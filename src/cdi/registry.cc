#include "cdi/registry.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis::cdi {
namespace {

constexpr size_t most_listed = 30;  // devices in a message

bool concerns(const std::string& kind, const DeviceName& device) {
  return kind == device.kind;
}

}  // namespace

Registry::Registry(const std::vector<SpecFile>& files, std::string places) : places_(std::move(places)) {
  for (const auto& file : files) {
    auto document = file.text.ok() ? parse_document(*file.text, file.path) : Result<Value>(file.text.error());
    if (document.ok())
      files_.push_back({file.path, kind_of(*document), file.directory, parse_spec(*document, file.path)});
    else
      files_.push_back({file.path, {}, file.directory, std::move(document).error()});
  }
}

bool Registry::has(const DeviceName& device) const {
  return std::ranges::any_of(files_, [&](const auto& file) {
    return concerns(file.kind, device) && file.spec.ok() && file.spec->find(device.name);
  });
}

Result<const Spec*> Registry::find(const DeviceName& device) const {
  const File* best = nullptr;
  const File* rival = nullptr;
  for (const auto& file : files_) {
    if (!concerns(file.kind, device)) continue;
    if (!file.spec.ok()) return file.spec.error();
    if (!file.spec->find(device.name)) continue;
    if (!best || file.directory > best->directory) {
      best = &file;
      rival = nullptr;
    } else if (file.directory == best->directory) {
      rival = &file;
    }
  }
  if (!best) return not_found(device);
  if (rival)
    return fail("device " + device.text() + " is in two files: " + best->path + " and " + rival->path,
                "remove one of them, or the device from one");
  return &*best->spec;
}

Error Registry::not_found(const DeviceName& device) const {
  std::vector<std::string> there, broken;
  auto list = [&](bool of_kind) {
    for (const auto& file : files_)
      if (file.spec.ok() && (!of_kind || concerns(file.kind, device)))
        for (const auto& known : file.spec->devices) there.push_back(file.kind + "=" + known.name);
  };
  list(true);
  if (there.empty()) list(false);
  std::ranges::sort(there);
  there.erase(std::unique(there.begin(), there.end()), there.end());
  if (there.size() > most_listed) {
    there.resize(most_listed);
    there.emplace_back("...");
  }
  auto error = fail("device " + device.text() + ": no specification in " + places_ + " has it");
  error.remedy = there.empty() ? "there is none at all; for NVIDIA's, nvidia-ctk cdi generate writes one"
                               : "there are: " + join(there, ", ");
  for (const auto& file : files_)
    if (!file.spec.ok() && file.kind.empty()) error.remedy += "; not read: " + file.spec.error().text();
  return error;
}

Result<Edits> Registry::edits_of(const std::vector<DeviceName>& devices) const {
  Edits edits;
  std::vector<const Spec*> used;
  for (const auto& device : devices) {
    const auto* spec = TRY(find(device));
    if (std::ranges::find(used, spec) == used.end()) {
      used.push_back(spec);
      edits.add(spec->edits);
    }
    edits.add(spec->find(device.name)->edits);
  }
  if (!edits.impossible.empty())
    return fail(edits.impossible.front() + ": a container without privilege cannot have it",
                "use another device, or take that out of the specification");
  return edits;
}

}  // namespace pyxis::cdi
