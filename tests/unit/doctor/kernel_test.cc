// Which of the kernel's settings is the one that blocks.
#include "doctor/knobs.h"
#include "planted.h"

namespace pyxis::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Knobs : public Planted {
 protected:
  void set(const std::string& knob, const std::string& value) { write("proc/sys/" + knob, value + "\n"); }
  std::vector<std::string> blocking() const {
    std::vector<std::string> names;
    for (const auto& knob : blocking_knobs(context_)) names.push_back(knob.name + " " + knob.remedy);
    return names;
  }
};

TEST_F(Knobs, ANodeWithoutThemOrWithGoodOnesBlocksNothing) {
  EXPECT_THAT(blocking(), IsEmpty());
  set("user/max_user_namespaces", "10000");
  set("user/max_mnt_namespaces", "10000");
  set("kernel/unprivileged_userns_clone", "1");
  set("kernel/apparmor_restrict_unprivileged_userns", "0");
  write("sys/fs/selinux/enforce", "0");
  EXPECT_THAT(blocking(), IsEmpty());
}

TEST_F(Knobs, EachIsNamedWithItsCommandAndWhereItIsKept) {
  set("user/max_user_namespaces", "0");
  EXPECT_THAT(blocking(),
              ElementsAre(HasSubstr("run: sysctl -w user.max_user_namespaces=65536 (to keep it: echo "
                                    "user.max_user_namespaces=65536 >>/etc/sysctl.d/90-pyxis.conf)")));
  set("user/max_user_namespaces", "10000");
  set("user/max_mnt_namespaces", "0");
  EXPECT_THAT(blocking(), ElementsAre(HasSubstr("sysctl -w user.max_mnt_namespaces=65536")));
  set("user/max_mnt_namespaces", "10000");
  set("kernel/unprivileged_userns_clone", "0");
  EXPECT_THAT(blocking(), ElementsAre(HasSubstr("sysctl -w kernel.unprivileged_userns_clone=1")));
  set("kernel/unprivileged_userns_clone", "1");
  set("kernel/apparmor_restrict_unprivileged_userns", "1");
  EXPECT_THAT(blocking(), ElementsAre(HasSubstr("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")));
}

TEST_F(Knobs, SeveralAreAllNamedAndSELinuxIsSuspected) {
  set("user/max_user_namespaces", "0");
  set("kernel/unprivileged_userns_clone", "0");
  write("sys/fs/selinux/enforce", "1");
  EXPECT_THAT(blocking(),
              ElementsAre(HasSubstr("user.max_user_namespaces"), HasSubstr("unprivileged_userns_clone"),
                          HasSubstr("run: ausearch -m avc")));
}

class Cgroups : public Planted {
 protected:
  std::vector<std::string> with(const std::vector<std::string>& types) {
    std::string text;
    int id = 30;
    for (const auto& type : types)
      text += std::to_string(++id) + " 25 0:28 / /sys/fs/cgroup rw shared:9 - " + type + " none rw\n";
    write("proc/self/mountinfo", text);
    return of(check_cgroups(context_), "cgroups");
  }
};

TEST_F(Cgroups, AreOfOneVersionOrOfBoth) {
  EXPECT_THAT(with({"cgroup2"}), ElementsAre("pass: version 2"));
  EXPECT_THAT(with({"cgroup", "cgroup"}), ElementsAre("pass: version 1"));
  EXPECT_THAT(with({"cgroup", "cgroup2"}),
              ElementsAre(::testing::AllOf(HasSubstr("warn: hybrid"),
                                           HasSubstr("systemd.unified_cgroup_hierarchy=1"))));
  EXPECT_THAT(with({"ext4"}), ElementsAre(HasSubstr("warn: none is mounted")));
}

}  // namespace
}  // namespace pyxis::doctor
