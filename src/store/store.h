// The store of images and containers on disk: its layout, its locks, and directories in the making.
//
// clang-format off
//   version                                format, and the form layers have here
//   layers/sha256/<hex>/{fs/,meta.json}    layers.h       immutable once published
//   images/sha256/<hex>/...                images.h       immutable once published
//   refs/<hex>.json                        images.h       name -> digest, as last resolved
//   uses/<hex of an image>/...             collection.h   what stands on it, and when it was used last
//   files/<hex>/{image,facts.json}         downloads.h    image files that came from an address
//   reads/<key>                            read_lists.h   what programs read first of an image file
//   containers/<host>/<name>/...           containers.h   a node's own, also where a shared home holds the store
//   tmp/<unique>/                          directories in the making; whoever makes one holds a flock on it
//   locks/<what>                           flock(2) files, empty
// clang-format on
//
// Publishing is the rename of a finished directory: readers take no lock. Nothing outside `tmp` is ever half
// there unless the machine loses power; layers.h says how that is noticed.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/fs.h"
#include "base/result.h"
#include "store/shared_images.h"

namespace pyxis {

// How whiteouts are written in this store's layers; decided once, when the store is made.
enum class StoreForm { overlay, plain };

// A directory in tmp/, removed when it goes out of scope unless it was published.
class StagingDirectory {
 public:
  StagingDirectory(int tmp, std::string name, Fd dir)
      : tmp_(tmp), name_(std::move(name)), dir_(std::move(dir)) {}
  StagingDirectory(StagingDirectory&& other) noexcept;
  StagingDirectory& operator=(StagingDirectory&&) = delete;
  ~StagingDirectory();

  int fd() const { return dir_.get(); }
  // Renames it to `name` in `parent`. EEXIST/ENOTEMPTY where that exists already.
  Result<void> publish(int parent, const std::string& name);

 private:
  int tmp_;
  std::string name_;  // empty: published or moved from
  Fd dir_;
};

class Store {
 public:
  // Opens the store at `path`, making it where there is none (`form` is asked then, and only then).
  // Errors: no permission, no space, a store of a newer format.
  template <class AskForm>
  static Result<Store> open(const std::string& path, AskForm&& ask_form) {
    auto store = TRY(open_directories(path));
    if (!TRY(store.read_version())) TRY(store.write_version(ask_form()));
    return store;
  }

  const std::string& path() const { return path_; }
  StoreForm form() const { return form_; }
  const std::string& host() const { return host_; }  // below which this node's containers lie
  int layers() const { return layers_.get(); }
  int images() const { return images_.get(); }
  int refs() const { return refs_.get(); }
  int uses() const { return uses_.get(); }
  int containers() const { return containers_.get(); }
  int tmp() const { return tmp_.get(); }
  // The store that has the containers: this one, or another where layers and images lie apart from them.
  const Store& of_containers() const { return of_containers_ ? *of_containers_ : *this; }
  void keep_containers_in(Store other) { of_containers_ = std::make_shared<const Store>(std::move(other)); }
  // Layers of images that are not in this store (StoredImage::shared); null where the node has no such store.
  SharedImages* shared() const { return shared_.get(); }
  void share(std::shared_ptr<SharedImages> images) { shared_ = std::move(images); }
  // New containers are flat copies, whatever could be.
  bool avoids_overlays() const { return avoids_overlays_; }
  void avoid_overlays() { avoids_overlays_ = true; }

  Result<StagingDirectory> stage() const;
  // Waits for the exclusive lock of that name; it is held until the descriptor (and its copies) are closed.
  Result<Fd> lock_exclusive(const std::string& name) const;
  // The same lock, shared.
  Result<Fd> lock_shared(const std::string& name) const;
  // The exclusive one without waiting: an empty Fd where somebody holds it.
  Result<Fd> try_lock_exclusive(const std::string& name) const;
  // Removes the file of a lock that the caller holds and that will hardly be wanted again.
  void discard_lock(const std::string& name) const;
  // Removes what killed processes left in tmp/. Cheap when there is nothing.
  Result<void> sweep_staging() const;
  // Writes everything the store's file system holds to disk (syncfs(2)).
  Result<void> sync() const;

 private:
  static Result<Store> open_directories(const std::string& path);
  Result<Fd> lock_named(const std::string& name, LockMode mode) const;
  Result<bool> read_version();
  Result<void> write_version(StoreForm form);

  std::string path_, host_;
  StoreForm form_ = StoreForm::overlay;
  std::shared_ptr<const Store> of_containers_;
  std::shared_ptr<SharedImages> shared_;
  bool avoids_overlays_ = false;
  Fd root_, layers_, images_, refs_, uses_, containers_, tmp_, locks_;
};

// The id of this boot of the machine (/proc/sys/kernel/random/boot_id).
Result<std::string> current_boot_id();

}  // namespace pyxis
