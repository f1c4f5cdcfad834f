// What is found in the files of an image, and what it means on a node.
#include "doctor/image_needs.h"

#include "planted.h"

namespace pyxis::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto debian = "GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36.\nCopyright";

TEST(ImageNeeds, GlibcTellsItsRelease) {
  EXPECT_EQ(glibc_release(std::string("\0\177ELF...", 8) + debian), "2.36");
  EXPECT_EQ(glibc_release("GNU C Library stable release version 2.17, by Roland McGrath"), "2.17");
  for (const char* none : {"", "GNU C Library ", "release version 2.36", "musl libc"})
    EXPECT_EQ(glibc_release(none), "");
}

TEST(ImageNeeds, NumbersAreComparedPartByPart) {
  EXPECT_TRUE(older("2.9", "2.17"));
  EXPECT_TRUE(older("450.80.02", "525.60.13"));
  EXPECT_TRUE(older("525.60", "525.60.13"));
  EXPECT_FALSE(older("2.36", "2.36"));
  EXPECT_FALSE(older("535.104.05", "525.60.13"));
}

class ImageOf : public Planted {
 protected:
  ImageNeeds needs(const std::vector<std::string>& environment = {}) {
    make("image");
    auto root = open_path(path("image"), O_PATH | O_DIRECTORY);
    EXPECT_EQ(testing::text_of(root), "");
    auto passed = ImageNeeds::decode(find_needs(root->get(), Environment::from(environment)).encode());
    EXPECT_EQ(testing::text_of(passed), "");
    return *passed;
  }
  void has(const std::string& file, const std::string& text = "") { write("image/" + file, text); }
};

TEST_F(ImageOf, AnEmptyOneNeedsNothing) {
  auto none = needs();
  EXPECT_EQ(none.glibc + none.mpi_library + none.nccl + none.cuda, "");
  EXPECT_FALSE(none.musl || none.libfabric || none.libibverbs || none.cuda_compat);
  EXPECT_EQ(none.mpi, Mpi::none);
}

TEST_F(ImageOf, LibrariesAreFoundWhereDistributionsHaveThem) {
  has("usr/lib/x86_64-linux-gnu/libc.so.6", debian);
  link("usr/lib", "image/lib");
  has("usr/lib/x86_64-linux-gnu/libmpi.so.40");
  has("usr/lib64/libfabric.so.1.20.0");
  has("usr/lib/x86_64-linux-gnu/libibverbs.so.1");
  has("usr/lib/x86_64-linux-gnu/libnccl.so.2.19.3");
  has("usr/local/cuda/compat/libcuda.so.1");
  auto found = needs({"CUDA_VERSION=12.2.140"});
  EXPECT_EQ(found.glibc, "2.36");
  EXPECT_EQ(found.mpi, Mpi::open_mpi);
  EXPECT_EQ(found.mpi_library, "libmpi.so.40");
  EXPECT_TRUE(found.libfabric && found.libibverbs && found.cuda_compat);
  EXPECT_EQ(found.nccl, "2.19.3");
  EXPECT_EQ(found.cuda, "12.2");
}

TEST_F(ImageOf, FlavoursOfMpiAreToldApart) {
  has("opt/mpich/lib/libmpi.so.12.1.8");
  EXPECT_EQ(needs().mpi, Mpi::mpich);
  ASSERT_EQ(testing::text_of(remove_tree(dir(), "image")), "");
  has("opt/intel/lib/libmpi.so.12");
  EXPECT_EQ(needs().mpi, Mpi::intel);
  ASSERT_EQ(testing::text_of(remove_tree(dir(), "image")), "");
  has("opt/openmpi/lib/libmpi.so.40.30.4");
  EXPECT_EQ(needs().mpi, Mpi::open_mpi);
}

TEST_F(ImageOf, CudaIsThatOfTheEnvironment) {
  EXPECT_EQ(needs({"NVIDIA_REQUIRE_CUDA=cuda>=11.8 brand=tesla,driver>=470"}).cuda, "11.8");
  EXPECT_EQ(needs({"CUDA_VERSION=nonsense"}).cuda, "");
  EXPECT_EQ(needs({"CUDA_VERSION=12"}).cuda, "");
}

// A link out of the image leads to what the image has there, and a FIFO is not waited for.
TEST_F(ImageOf, HostileFilesAreHarmless) {
  write("secret/libc.so.6", debian);
  link(path("secret"), "image/lib");
  make("image/usr/lib");
  ASSERT_EQ(::mkfifo(path("image/usr/lib/libc.so.6").c_str(), 0644), 0);
  link("libc.so.6", "image/usr/lib64/libc.so.6");
  EXPECT_EQ(needs().glibc, "");
}

class NodeFor : public Planted {
 protected:
  void slurm_has(const std::vector<std::string>& plugins) {
    write("etc/slurm/slurm.conf", "PluginDir=/plugins\n");
    for (const auto& name : plugins) write("plugins/mpi_" + name + ".so", "");
  }
  void driver(const std::string& release) {
    write("proc/driver/nvidia/version",
          "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + release + "  Sat Aug 19\n");
  }
  std::vector<std::string> judged(const ImageNeeds& needs, const std::string& check) {
    return of(judge_needs(context_, needs), check);
  }
};

TEST_F(NodeFor, AnOldDriverForItsCudaIsAFailureUnlessTheImageBringsCompatibleLibraries) {
  ImageNeeds needs;
  needs.cuda = "12.2";
  EXPECT_THAT(judged(needs, "image: CUDA"),
              ElementsAre(HasSubstr("warn: CUDA 12.2, and this node has no NVIDIA driver")));
  driver("470.82.01");
  EXPECT_THAT(
      judged(needs, "image: CUDA"),
      ElementsAre(AllOf(HasSubstr("fail: CUDA 12.2 needs driver 525.60.13 or later; this node has 470.82.01"),
                        HasSubstr("run: apt-get install nvidia-driver-525"))));
  needs.cuda_compat = true;
  EXPECT_THAT(judged(needs, "image: CUDA"), ElementsAre(HasSubstr("pass: ")));
  needs.cuda_compat = false;
  driver("535.104.05");
  EXPECT_THAT(judged(needs, "image: CUDA"), ElementsAre(HasSubstr("pass: ")));
  needs.cuda = "";
  EXPECT_THAT(judged(needs, "image: CUDA"), ElementsAre("pass: not asked for"));
}

TEST_F(NodeFor, MpiIsStartedBySlurmsPluginForIt) {
  ImageNeeds needs;
  EXPECT_THAT(judged(needs, "image: MPI"), ElementsAre("pass: none"));
  needs.mpi = Mpi::open_mpi;
  needs.mpi_library = "libmpi.so.40";
  slurm_has({});
  EXPECT_THAT(judged(needs, "image: MPI"),
              ElementsAre(AllOf(HasSubstr("warn: "), HasSubstr("srun --mpi=list"))));
  slurm_has({"pmi2"});
  EXPECT_THAT(judged(needs, "image: MPI"),
              ElementsAre(AllOf(HasSubstr("fail: Open MPI (libmpi.so.40) needs PMIx"),
                                HasSubstr("run: apt-get install libpmix-dev"))));
  needs.mpi = Mpi::mpich;
  EXPECT_THAT(judged(needs, "image: MPI"), ElementsAre(HasSubstr("srun --mpi=pmi2")));
  slurm_has({"pmix"});
  needs.mpi = Mpi::open_mpi;
  EXPECT_THAT(judged(needs, "image: MPI"), ElementsAre(HasSubstr("srun --mpi=pmix")));
}

TEST_F(NodeFor, AFastNetworkIsNotUsedByAnImageWithoutItsLibraries) {
  ImageNeeds needs;
  needs.mpi = Mpi::open_mpi;
  EXPECT_THAT(judged(needs, "image: network"), ElementsAre(HasSubstr("pass: ")));
  write("dev/infiniband/uverbs0", "");
  EXPECT_THAT(judged(needs, "image: network"),
              ElementsAre(AllOf(HasSubstr("warn: "), HasSubstr("libibverbs1"))));
  needs.libibverbs = true;
  EXPECT_THAT(judged(needs, "image: network"), ElementsAre(HasSubstr("pass: ")));
  write("dev/cxi0", "");
  EXPECT_THAT(judged(needs, "image: network"),
              ElementsAre(AllOf(HasSubstr("warn: "), HasSubstr("libfabric"))));
  needs.libfabric = true;
  EXPECT_THAT(judged(needs, "image: network"), ElementsAre(HasSubstr("pass: ")));
}

TEST_F(NodeFor, LibrariesOfDriversNeedGlibc) {
  ImageNeeds needs;
  needs.musl = true;
  EXPECT_THAT(judged(needs, "image: C library"), ElementsAre("pass: musl"));
  driver("535.104.05");
  needs.cuda = "12.2";
  EXPECT_THAT(judged(needs, "image: C library"), ElementsAre(HasSubstr("warn: musl")));
  needs.glibc = "2.12";
  EXPECT_THAT(judged(needs, "image: C library"), ElementsAre(HasSubstr("warn: glibc 2.12; this node has ")));
}

TEST_F(NodeFor, NcclIsShownWhereThereIsOne) {
  ImageNeeds needs;
  EXPECT_THAT(judged(needs, "image: NCCL"), IsEmpty());
  needs.nccl = "2.19.3";
  EXPECT_THAT(judged(needs, "image: NCCL"), ElementsAre("pass: 2.19.3"));
}

}  // namespace
}  // namespace pyxis::doctor
