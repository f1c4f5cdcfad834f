#include "store/containers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>
#include <ctime>

#include "base/text.h"
#include "store/record.h"

namespace pyxis {
namespace {

using nlohmann::json;

// A crash may empty the record, and then only a name tells what nobody wants any more from somebody's
// changes.
constexpr auto temporary_mark = "temporary";

std::string form_name(ContainerForm form) {
  switch (form) {
    case ContainerForm::flat:
      return "flat";
    case ContainerForm::ephemeral:
      return "ephemeral";
    case ContainerForm::overlay:
      break;
  }
  return "overlay";
}

ContainerForm form_named(const std::string& name) {
  for (auto form : {ContainerForm::flat, ContainerForm::ephemeral})
    if (name == form_name(form)) return form;
  return ContainerForm::overlay;
}

// In the directory of what uses an image.
std::string user_name(const Store& store, const std::string& container) {
  return store.of_containers().host() + "-" + Digest::of(container_path(store, container)).hex();
}

void take_back_image_use(const Store& store, const ContainerRecord& record) {
  if (record.image.empty()) return;
  auto entry = record.image.hex() + "/" + user_name(store, record.name);
  ::unlinkat(store.uses(), entry.c_str(), 0);
}

// A removed container is first renamed into tmp/, so its name is free at once and a killed removal is swept
// later.
Result<void> discard(const Store& store, const std::string& name) {
  auto staging = TRY(store.of_containers().stage());
  if (::renameat(store.of_containers().containers(), name.c_str(), staging.fd(), "container") != 0) {
    if (errno == ENOENT) return ok();
    return sys_error("remove container " + name);
  }
  return remove_tree(staging.fd(), "container");
}

}  // namespace

Result<void> check_container_name(const std::string& name) {
  if (name.empty()) return fail("container name is empty");
  if (name.find('/') != name.npos)
    return fail("container name '" + printable(name) + "' has a '/'", "choose a name without it");
  if (name == "." || name == "..")
    return fail("container name '" + name + "' is not possible", "choose another name");
  if (name.size() > NAME_MAX)
    return fail("container name is " + std::to_string(name.size()) + " bytes long",
                "use at most " + std::to_string(NAME_MAX));
  return ok();
}

Result<bool> container_exists(const Store& store, const std::string& name) {
  if (::faccessat(store.of_containers().containers(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return true;
  if (errno == ENOENT) return false;
  return sys_error("container " + name);
}

Result<ContainerRecord> read_container(const Store& store, const std::string& name) {
  TRY(check_container_name(name));
  auto dir = TRY(open_container(store, name));
  auto record = TRY(read_record(
      dir.get(), "container.json", "container " + name, [](const json& entry) -> Result<ContainerRecord> {
        ContainerRecord read;
        read.form = form_named(entry.value("form", form_name(ContainerForm::overlay)));
        read.temporary = entry.value("temporary", false);
        read.owner = {entry.value("owner_pid", 0), entry.value("owner_start_time", 0ull),
                      entry.value("owner_boot_id", "")};
        if (auto image = Digest::parse(entry.value("image", "")); image.ok()) read.image = *image;
        read.image_file = entry.value("image_file", "");
        read.reference = entry.value("reference", "");
        read.created = entry.value("created", 0ull);
        read.job_id = entry.value("job_id", 0ull);
        return read;
      }));
  record.name = name;
  record.config = TRY(read_file(dir.get(), "config"));
  return record;
}

Result<std::vector<std::string>> list_containers(const Store& store) {
  return list_directory(store.of_containers().containers());
}

static std::string name_lock(const std::string& name) {
  return "container-" + Digest::of(name).hex();
}

Result<Fd> lock_container_name(const Store& store, const std::string& name) {
  return store.of_containers().lock_exclusive(name_lock(name));
}

void discard_name_lock(const Store& store, const std::string& name) {
  store.of_containers().discard_lock(name_lock(name));
}

Result<Fd> try_lock_container_name(const Store& store, const std::string& name) {
  return store.of_containers().try_lock_exclusive(name_lock(name));
}

Result<void> note_image_use(const Store& store, const ContainerRecord& record) {
  auto uses = TRY(make_directory_at(store.uses(), record.image.hex(), 0700));
  return write_file(uses.get(), user_name(store, record.name), container_path(store, record.name), 0600);
}

Result<StagingDirectory> stage_container(const Store& store, const ContainerRecord& record) {
  auto staging = TRY(store.of_containers().stage());
  json entry = {{"form", form_name(record.form)},
                {"temporary", record.temporary},
                {"owner_pid", record.owner.pid},
                {"owner_start_time", record.owner.start_time},
                {"owner_boot_id", record.owner.boot_id},
                {"image", record.image.empty() ? "" : record.image.text()},
                {"image_file", record.image_file},
                {"reference", record.reference},
                {"created", static_cast<uint64_t>(std::time(nullptr))},
                {"job_id", record.job_id}};
  TRY(write_file(staging.fd(), "container.json", entry.dump(-1, ' ', false, json::error_handler_t::replace)));
  TRY(write_file(staging.fd(), "config", record.config));
  TRY(open_at(staging.fd(), "lock", O_RDWR | O_CREAT, 0600));
  if (record.temporary) TRY(open_at(staging.fd(), temporary_mark, O_WRONLY | O_CREAT, 0600));
  TRY(make_directory_at(staging.fd(), "root", 0700));
  if (record.form == ContainerForm::overlay) {
    TRY(make_directory_at(staging.fd(), "upper", 0755));
    TRY(make_directory_at(staging.fd(), "work", 0700));
  }
  return staging;
}

std::string container_path(const Store& store, const std::string& name) {
  return store.of_containers().path() + "/containers/" + store.of_containers().host() + "/" + name;
}

Result<Fd> open_container(const Store& store, const std::string& name) {
  auto dir = open_at(store.of_containers().containers(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok() && dir.error().code == ENOENT)
    return Error{"no container named " + printable(name), "'pyxis list' shows those there are", ENOENT};
  return dir;
}

Result<Fd> use_container(const Store& store, const std::string& name) {
  auto dir = TRY(open_container(store, name));
  auto use = TRY(open_at(dir.get(), "lock", O_RDWR));
  if (!TRY(try_lock(use.get(), LockMode::shared)))
    return Error{"container " + name + " is being removed", "run the command again", EBUSY};
  return use;
}

Result<void> await_container_rest(const Store& store, const std::string& name) {
  auto dir = TRY(open_container(store, name));
  auto use = TRY(open_at(dir.get(), "lock", O_RDWR));
  return lock(use.get(), LockMode::shared);
}

Result<bool> sole_user(const Fd& use) {
  return try_lock(use.get(), LockMode::exclusive);
}

Error container_runs(const std::string& name) {
  return Error{"container " + name + " is running",
               "end the processes that run in it first ('pyxis list -f')", EBUSY};
}

Result<void> remove_container(const Store& store, const std::string& name) {
  TRY(check_container_name(name));
  auto dir = open_container(store, name);
  if (!dir.ok()) return dir.error().code == ENOENT ? ok() : Result<void>(std::move(dir).error());
  auto lock_file = open_at(dir->get(), "lock", O_RDWR);
  if (lock_file.ok() && !TRY(try_lock(lock_file->get(), LockMode::exclusive))) return container_runs(name);
  // As long as the name is not free: whoever makes a container of it next says the same of that one.
  if (auto record = read_container(store, name); record.ok()) take_back_image_use(store, *record);
  return discard(store, name);
}

void abandon_container(const Store& store, const std::string& name) {
  if (auto dir = open_container(store, name); dir.ok())
    (void)open_at(dir->get(), "abandoned", O_WRONLY | O_CREAT, 0600);
}

Result<bool> ownerless(const Store& store, const std::string& name) {
  auto dir = TRY(open_container(store, name));
  auto has = [&](const char* mark) { return ::faccessat(dir.get(), mark, F_OK, 0) == 0; };
  auto record = read_container(store, name);
  if (!record.ok() && (record.error().code == 0 || record.error().code == ENOENT) && has(temporary_mark))
    return true;
  if (!record.ok()) return std::move(record).error();
  return record->temporary && (has("abandoned") || !process_alive(record->owner));
}

Result<void> sweep_containers(const Store& store) {
  for (const auto& name : TRY(list_containers(store))) {
    auto left = ownerless(store, name);
    if (!left.ok() || !*left) continue;
    auto removed = remove_container(store, name);
    if (!removed.ok() && removed.error().code != EBUSY) return removed;
  }
  return ok();
}

}  // namespace pyxis
