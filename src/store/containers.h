// Containers in the store: what a user changed on top of an image, and who uses it.
//
//   containers/<host>/<name>/container.json   ContainerRecord
//                           config            the image's config, as downloaded
//                           upper/ work/      overlay form: the changes, and overlayfs' scratch directory
//                           rootfs/           flat form: the whole root file system
//                           root/             empty; where the root file system is mounted in a namespace
//                           temporary         there if it is
//                           abandoned         there once the owner of a temporary one has done with it
//                           lock              shared flock: somebody runs it; exclusive: somebody removes it
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "image/digest.h"
#include "store/images.h"
#include "store/store.h"

namespace pyxis {

// ephemeral: changes are kept in memory and go with the container's last process.
enum class ContainerForm { overlay, flat, ephemeral };

struct ContainerRecord {
  std::string name;
  ContainerForm form = ContainerForm::overlay;
  bool temporary = false;  // belongs to `owner` and goes with it
  ProcessIdentity owner;   // temporary ones: slurmstepd or the command that made it
  Digest image;            // what it stands on, in the store; or:
  std::string image_file;  // the absolute path of an image file, served
  // The name it was made by: what its image is called by whoever asks where it is from.
  std::string reference;
  std::string config;  // bytes; empty: the root file system's own files say it (image/root_config.h)
  uint64_t created = 0;
  uint64_t job_id = 0;
};

// A name that can be a directory here: not empty, no '/', not "." or "..", at most 255 bytes.
Result<void> check_container_name(const std::string& name);

Result<bool> container_exists(const Store& store, const std::string& name);
Result<ContainerRecord> read_container(const Store& store, const std::string& name);
Result<std::vector<std::string>> list_containers(const Store& store);

// Serialises whatever decides about a name: create, start, join, remove. Waits.
Result<Fd> lock_container_name(const Store& store, const std::string& name);
// The same without waiting: an empty Fd where somebody holds it.
Result<Fd> try_lock_container_name(const Store& store, const std::string& name);
// For the holder, where the name will not come again: a temporary container's.
void discard_name_lock(const Store& store, const std::string& name);

// Makes the directory of a container; `fill_flat` writes the root file system of a flat one into the
// descriptor it is given. `replace`: one of that name goes once the new one is complete (EBUSY where it
// runs).
template <class FillFlat>
Result<void> create_container(const Store& store, const ContainerRecord& record, FillFlat&& fill_flat,
                              bool replace = false);

// Its directory by path: mounting needs paths that are resolved in the new mount namespace.
std::string container_path(const Store& store, const std::string& name);

// The container's directory, and its use: hold the returned descriptor for as long as it runs.
Result<Fd> open_container(const Store& store, const std::string& name);
Result<Fd> use_container(const Store& store, const std::string& name);
// Waits while its last supervisor brings it to rest, or somebody removes it.
Result<void> await_container_rest(const Store& store, const std::string& name);
// True where nobody uses it; the given descriptor (from use_container) then holds the lock exclusively.
Result<bool> sole_user(const Fd& use);

// EBUSY, in words.
Error container_runs(const std::string& name);
// Removes it. EBUSY where it runs. Not existing is fine.
Result<void> remove_container(const Store& store, const std::string& name);
// The owner of a temporary container has done with it while others still use it: the last of them removes it.
void abandon_container(const Store& store, const std::string& name);
// True for a temporary container that was abandoned, whose owner is gone, or whose record a crash has
// damaged.
Result<bool> ownerless(const Store& store, const std::string& name);
// Removes temporary containers that are ownerless and which nobody runs.
Result<void> sweep_containers(const Store& store);

// What a collection goes by (collection.h): the container stands on its image. remove_container() takes it
// back.
Result<void> note_image_use(const Store& store, const ContainerRecord& record);

// The empty directory that create_container() fills: the record and what its form takes are in it.
Result<StagingDirectory> stage_container(const Store& store, const ContainerRecord& record);

template <class FillFlat>
Result<void> create_container(const Store& store, const ContainerRecord& record, FillFlat&& fill_flat,
                              bool replace) {
  TRY(check_container_name(record.name));
  auto staging = TRY(stage_container(store, record));
  if (record.form == ContainerForm::flat) {
    auto rootfs = TRY(make_directory_at(staging.fd(), "rootfs", 0755));
    TRY(fill_flat(rootfs.get()));
  }
  if (replace) TRY(remove_container(store, record.name));
  return staging.publish(store.of_containers().containers(), record.name);
}

}  // namespace pyxis
