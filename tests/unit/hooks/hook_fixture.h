// A hook's world: a root file system that somebody made, beside files that are none of its business.
#pragma once

#include "../base/scratch.h"
#include "hooks/hook.h"

namespace pyxis::testing {

class Hook : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    write("canary/file", "untouched");
    make("root");
    root_ = expect_open(open_path(path("root"), O_PATH | O_DIRECTORY));
  }
  void TearDown() override {
    EXPECT_EQ(read("canary/file"), "untouched");
    EXPECT_EQ(names("canary").size(), 1u);
    Scratch::TearDown();
  }

  // What is mounted is written down: "SOURCE TARGET TYPE OPTION,OPTION".
  HookContext context() {
    return {.rootfs = root_.get(),
            .rootfs_path = path("root"),
            .remap_root = remap_root_,
            .own_cgroups = true,
            .user = {.uid = 1000, .gid = 100, .name = "alice", .home = "/home/alice"},
            .later = later_,
            .host = host_,
            .container = container_,
            .mount = [this](const HookMount& mount) -> Result<void> {
              std::string options;
              for (const auto& option : mount.options) options += (options.empty() ? "" : ",") + option;
              mounted_.push_back(mount.source + " " + mount.target + " " + mount.type + " " + options);
              if (refuse_ != 0) return sys_error("mount", refuse_);
              return ok();
            },
            .mounts = [this]() -> Result<std::vector<PresentMount>> { return present_; }};
  }
  std::string run(Result<void> (*hook)(HookContext&)) {
    auto given = context();
    return text_of(hook(given));
  }

  bool remap_root_ = false;
  int refuse_ = 0;
  Environment host_, container_;
  std::vector<PresentMount> present_;
  std::vector<std::string> later_;
  std::vector<std::string> mounted_;

 private:
  static Fd expect_open(Result<Fd> opened) {
    EXPECT_EQ(text_of(opened), "");
    return std::move(opened).value();
  }

  Fd root_;
};

}  // namespace pyxis::testing
