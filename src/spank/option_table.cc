#include <array>
#include <cctype>

#include "spank/options.h"

namespace pyxis::spank {
namespace {

using enum OptionId;

constexpr std::array rows = {
    OptionRow{
        image, "container-image", "[USER@][REGISTRY#]IMAGE[:TAG]|PATH",
        "[pyxis] run the tasks in a container of this image: a name in a registry, or a squashfs file on "
        "the node if it begins with / or .",
        "PYXIS_CONTAINER_IMAGE", image},
    OptionRow{mounts, "container-mounts", "SRC:DST[:FLAGS][,...]",
              "[pyxis] mount files and directories of the node in the container; FLAGS are joined by + "
              "(ro+rprivate), SRC may be tmpfs or umount",
              "PYXIS_CONTAINER_MOUNTS", mounts},
    OptionRow{workdir, "container-workdir", "PATH",
              "[pyxis] directory in the container where the command starts (default: the image's)",
              "PYXIS_CONTAINER_WORKDIR", workdir},
    OptionRow{
        name, "container-name", "NAME[:FLAG]",
        "[pyxis] keep the container on the node under this name, or use the one that has it. auto joins it "
        "where it runs; create demands that it is new, exec that it runs; no_exec never joins",
        "PYXIS_CONTAINER_NAME", name},
    OptionRow{save, "container-save", "PATH",
              "[pyxis] write the container to a squashfs file on the node when the last task there has ended",
              "PYXIS_CONTAINER_SAVE", save},
    OptionRow{mount_home, "container-mount-home", nullptr,
              "[pyxis] mount the home directory (default: the node's configuration decides)",
              "PYXIS_CONTAINER_MOUNT_HOME", no_mount_home},
    OptionRow{no_mount_home, "no-container-mount-home", nullptr, "[pyxis] do not mount the home directory",
              nullptr, mount_home},
    OptionRow{remap_root, "container-remap-root", nullptr,
              "[pyxis] appear as root in the container, with no more rights outside than before",
              "PYXIS_CONTAINER_REMAP_ROOT", no_remap_root},
    OptionRow{no_remap_root, "no-container-remap-root", nullptr, "[pyxis] keep the own user in the container",
              nullptr, remap_root},
    OptionRow{entrypoint, "container-entrypoint", nullptr,
              "[pyxis] run the image's entrypoint before the command", "PYXIS_CONTAINER_ENTRYPOINT",
              no_entrypoint},
    OptionRow{no_entrypoint, "no-container-entrypoint", nullptr, "[pyxis] do not run the image's entrypoint",
              nullptr, entrypoint},
    OptionRow{entrypoint_log, "container-entrypoint-log", nullptr, "[pyxis] print what the entrypoint prints",
              "PYXIS_CONTAINER_ENTRYPOINT_LOG", entrypoint_log},
    OptionRow{writable, "container-writable", nullptr,
              "[pyxis] let the container's files be changed; the image itself never is",
              "PYXIS_CONTAINER_WRITABLE", readonly},
    OptionRow{readonly, "container-readonly", nullptr, "[pyxis] make the container's root read-only",
              "PYXIS_CONTAINER_READONLY", writable},
    OptionRow{env, "container-env", "NAME[,NAME...]",
              "[pyxis] variables whose values of the job, not of the image, count in the container and its "
              "entrypoint",
              "PYXIS_CONTAINER_ENV", env},
    OptionRow{unshare, "container-unshare", "NS[,NS...]",
              "[pyxis] namespaces the container gets for itself: net, ipc, uts", "PYXIS_CONTAINER_UNSHARE",
              unshare},
    OptionRow{device, "container-device", "VENDOR/CLASS=NAME[,...]",
              "[pyxis] devices of the node by their CDI names; the name slurm stands for the GPUs that Slurm "
              "has allocated; none: not those either that the site gives by default",
              "PYXIS_CONTAINER_DEVICE", device},
    OptionRow{
        environment, "environment", "NAME|PATH",
        "[pyxis] run the tasks in what an environment definition file says: its image, mounts, variables. "
        "NAME.toml is looked for in the directories of EDF_PATH, else in ~/.edf",
        "PYXIS_ENVIRONMENT", environment},
};

constexpr bool ids_match_places() {
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].id != static_cast<OptionId>(i)) return false;
  return true;
}
static_assert(ids_match_places());

}  // namespace

std::span<const OptionRow> option_rows() {
  return rows;
}
const OptionRow& option_row(OptionId id) {
  return rows[static_cast<size_t>(id)];
}

std::string carrier_variable(const OptionRow& row) {
  std::string variable = std::string("_SLURM_SPANK_OPTION_pyxis_") + row.name;
  for (char& c : variable)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return variable;
}

std::string decision_variable(const OptionRow& row) {
  std::string variable = "SLURM_PYXIS_";
  for (const char* c = row.name; *c; ++c)
    variable += *c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  return variable;
}

}  // namespace pyxis::spank
