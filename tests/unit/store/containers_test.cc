#include "store_fixture.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::text_of;
using ::testing::UnorderedElementsAre;

class Containers : public testing::StoreTest {
 protected:
  static ContainerRecord record(const std::string& name) {
    ContainerRecord record;
    record.name = name;
    record.image = Digest::of("image");
    record.reference = "docker://registry/repo:tag";
    record.config = "{\"config\": true}";
    record.job_id = 17;
    return record;
  }
  void create(const ContainerRecord& record) {
    EXPECT_EQ(text_of(create_container(store(), record, [](int) { return ok(); })), "");
  }
  void create_temporary(const std::string& name, const ProcessIdentity& owner) {
    auto temporary = record(name);
    temporary.temporary = true;
    temporary.owner = owner;
    create(temporary);
  }
  std::string file(const std::string& container, const std::string& name) {
    return "store/containers/" + store().host() + "/" + container + "/" + name;
  }
  std::vector<std::string> list() {
    auto names = list_containers(store());
    EXPECT_EQ(text_of(names), "");
    return names.ok() ? *names : std::vector<std::string>{};
  }
  bool there(const std::string& name) {
    auto answer = container_exists(store(), name);
    EXPECT_EQ(text_of(answer), "");
    return answer.ok() && *answer;
  }
  static bool alone(const Fd& use) {
    auto answer = sole_user(use);
    EXPECT_EQ(text_of(answer), "");
    return answer.ok() && *answer;
  }
};

TEST(ContainerNames, CanBeDirectories) {
  for (std::string name : {"a", ".hidden", "...", "with blank", "pyxis_1.0", "\xc3\xa4"})
    EXPECT_EQ(text_of(check_container_name(name)), "") << name;
  EXPECT_EQ(text_of(check_container_name(std::string(255, 'x'))), "");
  for (std::string name : {"", ".", "..", "a/b", "/", "../x"})
    EXPECT_FALSE(check_container_name(name).ok()) << name;
  EXPECT_THAT(text_of(check_container_name(std::string(256, 'x'))), HasSubstr("at most 255"));
}

TEST_F(Containers, AreReadAsCreated) {
  EXPECT_FALSE(there("c"));
  auto made = record("c");
  made.temporary = true;
  made.owner = {42, 1234567890123ull, "boot"};
  create(made);
  EXPECT_TRUE(there("c"));
  auto read = read_container(store(), "c");
  ASSERT_EQ(text_of(read), "");
  EXPECT_EQ(read->name, "c");
  EXPECT_EQ(read->form, ContainerForm::overlay);
  EXPECT_TRUE(read->temporary);
  EXPECT_EQ(read->owner.pid, 42);
  EXPECT_EQ(read->owner.start_time, 1234567890123ull);
  EXPECT_EQ(read->owner.boot_id, "boot");
  EXPECT_EQ(read->image, made.image);
  EXPECT_EQ(read->reference, made.reference);
  EXPECT_EQ(read->config, made.config);
  EXPECT_EQ(read->job_id, 17u);
  EXPECT_GT(read->created, 1'600'000'000u);
  for (auto name : {"upper", "work", "root"}) EXPECT_TRUE(exists(file("c", name))) << name;
  EXPECT_EQ(container_path(store(), "c") + "/upper", path(file("c", "upper")));
}

TEST_F(Containers, FlatOnesAreFilled) {
  auto flat = record("flat");
  flat.form = ContainerForm::flat;
  EXPECT_EQ(
      text_of(create_container(store(), flat, [](int rootfs) { return write_file(rootfs, "file", "text"); })),
      "");
  EXPECT_EQ(read(file("flat", "rootfs/file")), "text");
  EXPECT_FALSE(exists(file("flat", "upper")));
  EXPECT_EQ(read_container(store(), "flat")->form, ContainerForm::flat);
}

TEST_F(Containers, AFailedFillLeavesNothing) {
  auto flat = record("flat");
  flat.form = ContainerForm::flat;
  auto failed = create_container(store(), flat, [](int rootfs) -> Result<void> {
    TRY(write_file(rootfs, "file", "text"));
    return fail("no space");
  });
  EXPECT_EQ(text_of(failed), "no space");
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(Containers, AreNotReplaced) {
  create(record("c"));
  write(file("c", "upper/file"), "mine");
  EXPECT_EQ(code_of(create_container(store(), record("c"), [](int) { return ok(); })), EEXIST);
  EXPECT_EQ(read(file("c", "upper/file")), "mine");
}

TEST_F(Containers, AbsentOnesAreNamed) {
  auto absent = read_container(store(), "absent");
  EXPECT_EQ(code_of(absent), ENOENT);
  EXPECT_THAT(text_of(absent), HasSubstr("no container named absent"));
  EXPECT_EQ(code_of(use_container(store(), "absent")), ENOENT);
  EXPECT_EQ(text_of(remove_container(store(), "absent")), "");
  EXPECT_FALSE(remove_container(store(), "../host").ok());
}

TEST_F(Containers, AreRemovedWithAllTheyHold) {
  create(record("c"));
  make(file("c", "work/work"));
  ASSERT_EQ(::chmod(path(file("c", "work/work")).c_str(), 0), 0);  // as overlayfs leaves it
  EXPECT_EQ(text_of(remove_container(store(), "c")), "");
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(Containers, AreNotRemovedWhileTheyRun) {
  create(record("c"));
  auto first = use_container(store(), "c"), second = use_container(store(), "c");
  ASSERT_EQ(text_of(first), "");
  ASSERT_EQ(text_of(second), "");
  EXPECT_EQ(code_of(remove_container(store(), "c")), EBUSY);
  first->reset();
  EXPECT_EQ(code_of(remove_container(store(), "c")), EBUSY);
  second->reset();
  EXPECT_EQ(text_of(remove_container(store(), "c")), "");
}

TEST_F(Containers, TheLastUserIsTheSoleOne) {
  create(record("c"));
  auto first = use_container(store(), "c"), second = use_container(store(), "c");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(alone(*first));
  first->reset();
  EXPECT_TRUE(alone(*second));
  EXPECT_EQ(code_of(use_container(store(), "c")), EBUSY);  // it is about to be removed
}

TEST_F(Containers, OneOfTwoThatAskIsTheSoleUser) {
  create(record("c"));
  auto first = use_container(store(), "c"), second = use_container(store(), "c");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(alone(*first));  // flock(2): a conversion that fails has given the shared lock up
  EXPECT_TRUE(alone(*second));
}

TEST_F(Containers, SweepRemovesTemporaryOnesOfDeadOwnersOnly) {
  auto alive = identify_process(::getpid());
  ASSERT_EQ(text_of(alive), "");
  auto reused = *alive, rebooted = *alive;
  reused.start_time -= 1;
  rebooted.boot_id = "another";
  create(record("named"));
  create_temporary("living", *alive);
  create_temporary("reused", reused);
  create_temporary("rebooted", rebooted);
  create_temporary("running", reused);
  auto use = use_container(store(), "running");
  ASSERT_EQ(text_of(use), "");
  EXPECT_EQ(text_of(sweep_containers(store())), "");
  EXPECT_THAT(list(), UnorderedElementsAre("named", "living", "running"));
  use->reset();
  EXPECT_EQ(text_of(sweep_containers(store())), "");
  EXPECT_THAT(list(), UnorderedElementsAre("named", "living"));
}

TEST_F(Containers, SweepGoesOnBehindWhatItCannotRead) {
  create(record("broken"));
  write(file("broken", "container.json"), "");
  create(record("odd"));
  write(file("odd", "container.json"), "{\"owner_pid\": \"none\"}");
  create_temporary("dead", {});
  EXPECT_EQ(text_of(sweep_containers(store())), "");
  EXPECT_THAT(list(), UnorderedElementsAre("broken", "odd"));
  EXPECT_EQ(text_of(read_container(store(), "broken")), "container broken: container.json is damaged");
  EXPECT_EQ(text_of(read_container(store(), "odd")), "container odd: container.json is damaged");
}

TEST_F(Containers, SweepRemovesTemporaryOnesWhoseRecordACrashEmptied) {
  auto alive = identify_process(::getpid());
  ASSERT_EQ(text_of(alive), "");
  for (const char* name : {"emptied", "lost", "running"}) create_temporary(name, *alive);
  create(record("named"));
  for (const char* name : {"emptied", "named", "running"}) write(file(name, "container.json"), "");
  ASSERT_EQ(::unlink(path(file("lost", "container.json")).c_str()), 0);
  auto use = use_container(store(), "running");
  ASSERT_EQ(text_of(use), "");
  EXPECT_EQ(text_of(sweep_containers(store())), "");
  EXPECT_THAT(list(), UnorderedElementsAre("named", "running"));
}

TEST_F(Containers, NameLocksExcludeAndAreDiscarded) {
  auto held = lock_container_name(store(), "a name/with anything");
  ASSERT_EQ(text_of(held), "");
  auto refused = try_lock_container_name(store(), "a name/with anything");
  EXPECT_TRUE(refused.ok() && !*refused);
  discard_name_lock(store(), "a name/with anything");
  held->reset();
  EXPECT_THAT(names("store/locks"), ::testing::Not(::testing::Contains(HasSubstr("container-"))));
}

}  // namespace
}  // namespace pyxis
