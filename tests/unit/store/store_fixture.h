// A store in a scratch directory, and layers and images in it.
#pragma once

#include "../base/scratch.h"
#include "store/containers.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/store.h"

namespace pyxis::testing {

class StoreTest : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    store_.emplace(open_store());
  }
  void TearDown() override {
    store_.reset();
    Scratch::TearDown();
  }

  Store open_store(StoreForm form = StoreForm::overlay) {
    auto opened = Store::open(path("store"), [form] { return form; });
    EXPECT_EQ(text_of(opened), "");
    return std::move(*opened);
  }
  const Store& store() const { return *store_; }

  StagingDirectory stage() {
    auto staging = store().stage();
    EXPECT_EQ(text_of(staging), "");
    return std::move(*staging);
  }
  static std::string layer_file(const Digest& digest, const std::string& name) {
    return "store/layers/sha256/" + digest.hex() + "/" + name;
  }
  static std::string image_file(const Digest& digest, const std::string& name) {
    return "store/images/sha256/" + digest.hex() + "/" + name;
  }
  // A published layer, named by what is said to be its blob.
  Digest layer(const std::string& blob, const LayerMeta& meta = {}) {
    auto digest = Digest::of(blob);
    auto staging = stage();
    EXPECT_EQ(text_of(make_directory_at(staging.fd(), "fs")), "");
    EXPECT_EQ(text_of(publish_layer(store(), digest, std::move(staging), meta)), "");
    return digest;
  }
  bool present(const Digest& digest) {
    auto answer = layer_present(store(), digest);
    EXPECT_EQ(text_of(answer), "");
    return answer.ok() && *answer;
  }
  // As after a crash of the machine: what was published before belongs to another boot.
  void reboot(const Digest& layer) { reboot(layer_file(layer, "meta.json")); }
  void reboot(const std::string& name) {
    auto text = read(name);
    auto boot = *current_boot_id();
    auto at = text.find(boot);
    ASSERT_NE(at, text.npos);
    write(name, text.replace(at, boot.size(), "00000000-0000-0000-0000-000000000000"));
  }

 private:
  std::optional<Store> store_;
};

}  // namespace pyxis::testing
