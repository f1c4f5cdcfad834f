// What an image needs, against what the node has.
#include <gnu/libc-version.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "doctor/checks.h"
#include "doctor/devices.h"
#include "doctor/image_needs.h"
#include "doctor/plugstack.h"
#include "image/config.h"
#include "image/platform.h"
#include "sandbox/child_report.h"
#include "sandbox/rootfs.h"
#include "sandbox/userns.h"

namespace pyxis::doctor {
namespace {

constexpr auto library_check = "image: C library", mpi_check = "image: MPI", fabric_check = "image: network",
               nccl_check = "image: NCCL", cuda_check = "image: CUDA";

// Its files are looked at as a container has them, in namespaces of their own.
Result<ImageNeeds> look_into(const ImageToCheck& image, const Environment& environment) {
  auto map = own_id_map(false);
  auto child = TRY(start_namespace_child({Namespace::user, Namespace::mount}, [&]() -> Result<ChildAnswer> {
    TRY(write_own_id_map(map));
    EphemeralOverlay spec;
    for (const auto& layer : image.layers) spec.lower.push_back({layer, {}});
    auto root = TRY(mount_root(RootSpec(std::move(spec)), "/tmp"));
    ChildAnswer answer;
    answer.body = find_needs(root.get(), environment).encode();
    return answer;
  }));
  auto answer = TRY(child.answer());
  TRY(child.process.wait());
  return ImageNeeds::decode(answer.body);
}

Finding judge_platform(const ImageConfig& config) {
  constexpr auto check = "image: architecture";
  auto host = host_platform();
  if (auto fits = check_platform(config, host); !fits.ok())
    return {check, Verdict::fail, fits.error().message,
            "run: pyxis digest --arch " + host.architecture + " IMAGE", ""};
  return {check, Verdict::pass, config.os + "/" + config.architecture + ", as this node", "", ""};
}

Finding judge_library(const ImageNeeds& needs, bool gpus) {
  constexpr auto rebuild = "build the image on a distribution with glibc 2.17 or later";
  if (needs.glibc.empty() && !needs.musl)
    return {library_check, Verdict::pass, "none: programs are static, or not where distributions have them",
            "", ""};
  if (needs.glibc.empty()) {
    if (gpus)
      return {library_check, Verdict::warn,
              "musl: the libraries of GPU drivers need glibc, and do not load in it",
              std::string(rebuild) + " for GPUs", ""};
    return {library_check, Verdict::pass, "musl", "", ""};
  }
  std::string here = ::gnu_get_libc_version();
  auto fact = "glibc " + needs.glibc + "; this node has " + here;
  if (gpus && older(needs.glibc, "2.17"))
    return {library_check, Verdict::warn, fact + ": the libraries of GPU drivers do not load in it", rebuild,
            ""};
  if (older(needs.glibc, here))
    fact += ": libraries of the node's (MPI, libfabric) would not load in it; the image's own do";
  return {library_check, Verdict::pass, fact, "", ""};
}

const char* name_of(Mpi mpi) {
  return mpi == Mpi::open_mpi ? "Open MPI" : mpi == Mpi::intel ? "Intel MPI" : "MPICH or compatible";
}

// Slurm's plugins for MPI, as --mpi= names them: of the directories that they usually are in.
std::vector<std::string> mpi_plugins(const Context& context) {
  std::vector<std::string> found;
  auto slurm_conf = find_slurm_conf(context);
  for (const char* name : {"pmix", "pmi2"})
    if (!plugin_in_plugin_dir(context, slurm_conf, "mpi_" + std::string(name) + ".so").empty())
      found.emplace_back(name);
  return found;
}

Finding judge_mpi(const Context& context, const ImageNeeds& needs) {
  if (needs.mpi == Mpi::none) return {mpi_check, Verdict::pass, "none", "", ""};
  auto fact = std::string(name_of(needs.mpi)) + " (" + printable(needs.mpi_library) + ")";
  auto has = mpi_plugins(context);
  auto with = [&](const char* name) { return std::ranges::find(has, name) != has.end(); };
  if (has.empty())
    return {mpi_check, Verdict::warn, fact + "; there is no mpi_pmix or mpi_pmi2 of Slurm's on this node",
            "run: srun --mpi=list (what there is), and apt-get install slurm-wlm-basic-plugins libpmix-dev",
            ""};
  bool pmix = with("pmix");
  if (needs.mpi == Mpi::open_mpi && !pmix)
    return {mpi_check, Verdict::fail,
            fact + " needs PMIx, and Slurm has " + join(has, ", ") + " on this node",
            "run: apt-get install libpmix-dev (Slurm has to be built with PMIx)", ""};
  // What is compatible with MPICH has always spoken PMI2.
  auto option = needs.mpi == Mpi::open_mpi || !with("pmi2") ? "pmix" : "pmi2";
  return {mpi_check, Verdict::pass, fact + ": srun --mpi=" + option, "", ""};
}

Finding judge_network(const Context& context, const ImageNeeds& needs) {
  bool parallel = needs.mpi != Mpi::none || !needs.nccl.empty();
  bool verbs = exists(context, "/dev/infiniband/uverbs0"), slingshot = exists(context, "/dev/cxi0");
  std::string has = verbs && slingshot ? "InfiniBand verbs and Slingshot"
                    : verbs            ? "InfiniBand verbs"
                    : slingshot        ? "Slingshot"
                                       : "";
  std::string in_image = needs.libfabric && needs.libibverbs ? "libfabric and libibverbs"
                         : needs.libfabric                   ? "libfabric"
                         : needs.libibverbs                  ? "libibverbs"
                                                             : "neither libfabric nor libibverbs";
  auto fact = in_image + "; this node has " + (has.empty() ? "no fast network" : has);
  if (parallel && slingshot && !needs.libfabric)
    return {fabric_check, Verdict::warn, fact + ": its MPI and NCCL go over TCP",
            "install libfabric with the cxi provider in the image, or mount the node's: --container-mounts",
            ""};
  if (parallel && verbs && !needs.libibverbs)
    return {fabric_check, Verdict::warn, fact + ": its MPI and NCCL go over TCP",
            "run in the image's build: apt-get install libibverbs1 ibverbs-providers", ""};
  return {fabric_check, Verdict::pass, fact, "", ""};
}

Finding judge_cuda(const ImageNeeds& needs, const std::string& driver) {
  if (needs.cuda.empty()) return {cuda_check, Verdict::pass, "not asked for", "", ""};
  auto fact = "CUDA " + printable(needs.cuda);
  if (driver.empty())
    return {cuda_check, Verdict::warn, fact + ", and this node has no NVIDIA driver: it starts without GPUs",
            "run: srun --gpus=1 pyxis doctor IMAGE (on a node that has one)", ""};
  auto least = driver_for_cuda(needs.cuda);
  fact += least.empty() ? "" : " needs driver " + least + " or later";
  fact += "; this node has " + driver;
  if (least.empty() || !older(driver, least)) return {cuda_check, Verdict::pass, fact, "", ""};
  if (needs.cuda_compat)
    return {cuda_check, Verdict::pass, fact + ", and the image brings NVIDIA's compatibility libraries", "",
            ""};
  auto branch = least.substr(0, least.find('.'));
  return {cuda_check, Verdict::fail, fact,
          "run: apt-get install nvidia-driver-" + branch + ", or take an image of an older CUDA", ""};
}

}  // namespace

Findings judge_needs(const Context& context, const ImageNeeds& needs) {
  auto driver = nvidia_driver(context);
  bool gpus = !driver.empty() && !needs.cuda.empty();
  Findings findings = {judge_library(needs, gpus), judge_mpi(context, needs), judge_network(context, needs)};
  if (!needs.nccl.empty()) findings.push_back({nccl_check, Verdict::pass, printable(needs.nccl), ""});
  findings.push_back(judge_cuda(needs, driver));
  return findings;
}

Findings check_image(const Context& context, const ImageToCheck& image) {
  auto config = parse_config(image.config);
  if (!config.ok())
    return {
        {"image", Verdict::fail, config.error().message, "build it again: its configuration cannot be read"}};
  Findings findings = {judge_platform(*config)};
  auto needs = look_into(image, Environment::from(config->env));
  if (!needs.ok()) {
    findings.push_back({"image: files", Verdict::skip, "cannot be looked at: " + needs.error().message,
                        "see the findings of user namespaces and of the user's store"});
    return findings;
  }
  for (auto& finding : judge_needs(context, *needs)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace pyxis::doctor
