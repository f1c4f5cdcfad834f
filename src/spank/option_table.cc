#include <array>
#include <cctype>

#include "spank/options.h"

namespace pyxis::spank {
namespace {

using enum OptionId;

constexpr std::array rows = {
    OptionRow{image, "container-image", "[USER@][REGISTRY#]IMAGE[:TAG]|PATH",
              "[pyxis] the image to use for the container filesystem. Can be either a docker image given as an enroot "
              "URI, or a path to a squashfs file on the remote host filesystem.",
              "PYXIS_CONTAINER_IMAGE", image},
    OptionRow{mounts, "container-mounts", "SRC:DST[:FLAGS][,SRC:DST...]",
              "[pyxis] bind mount[s] inside the container. Mount flags are separated with \"+\", e.g. \"ro+rprivate\"",
              "PYXIS_CONTAINER_MOUNTS", mounts},
    OptionRow{workdir, "container-workdir", "PATH", "[pyxis] working directory inside the container",
              "PYXIS_CONTAINER_WORKDIR", workdir},
    OptionRow{name, "container-name", "NAME[:auto|create|exec|no_exec]",
              "[pyxis] name to use for saving and loading the container on the host. Unnamed containers are removed "
              "after the step is complete; named containers are not. If a container with this name already exists, "
              "it is used and the import is skipped. The flag restricts what may happen: create (must not exist), exec "
              "(must be running), no_exec (never join a running one).",
              "PYXIS_CONTAINER_NAME", name},
    OptionRow{save, "container-save", "PATH",
              "[pyxis] Save the container state to a squashfs file on the remote host filesystem.",
              "PYXIS_CONTAINER_SAVE", save},
    OptionRow{mount_home, "container-mount-home", nullptr,
              "[pyxis] bind mount the user's home directory. System-level settings might cause it to be mounted by "
              "default",
              "PYXIS_CONTAINER_MOUNT_HOME", no_mount_home},
    OptionRow{no_mount_home, "no-container-mount-home", nullptr,
              "[pyxis] do not bind mount the user's home directory", nullptr, mount_home},
    OptionRow{remap_root, "container-remap-root", nullptr,
              "[pyxis] ask to be remapped to root inside the container. Does not grant elevated system permissions, "
              "despite appearances.",
              "PYXIS_CONTAINER_REMAP_ROOT", no_remap_root},
    OptionRow{no_remap_root, "no-container-remap-root", nullptr,
              "[pyxis] do not remap to root inside the container", nullptr, remap_root},
    OptionRow{entrypoint, "container-entrypoint", nullptr, "[pyxis] execute the entrypoint from the container image",
              "PYXIS_CONTAINER_ENTRYPOINT", no_entrypoint},
    OptionRow{no_entrypoint, "no-container-entrypoint", nullptr,
              "[pyxis] do not execute the entrypoint from the container image", nullptr, entrypoint},
    OptionRow{entrypoint_log, "container-entrypoint-log", nullptr, "[pyxis] print the output of the entrypoint script",
              "PYXIS_CONTAINER_ENTRYPOINT_LOG", entrypoint_log},
    OptionRow{writable, "container-writable", nullptr, "[pyxis] make the container filesystem writable",
              "PYXIS_CONTAINER_WRITABLE", readonly},
    OptionRow{readonly, "container-readonly", nullptr, "[pyxis] make the container filesystem read-only",
              "PYXIS_CONTAINER_READONLY", writable},
    OptionRow{env, "container-env", "NAME[,NAME...]",
              "[pyxis] names of environment variables to override with the host environment and set at the "
              "entrypoint. By default, all exported host environment variables are set in the container after the "
              "entrypoint is run, but their existing values in the image take precedence; the variables given with "
              "this flag keep their host values.",
              "PYXIS_CONTAINER_ENV", env},
    OptionRow{unshare, "container-unshare", "NS[,NS...]",
              "[pyxis] namespaces of the container's own: net, ipc, uts", "PYXIS_CONTAINER_UNSHARE", unshare},
};

constexpr bool ids_match_places() {
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].id != static_cast<OptionId>(i)) return false;
  return true;
}
static_assert(ids_match_places());

}  // namespace

std::span<const OptionRow> option_rows() { return rows; }
const OptionRow& option_row(OptionId id) { return rows[static_cast<size_t>(id)]; }

std::string carrier_variable(const OptionRow& row) {
  std::string variable = std::string("_SLURM_SPANK_OPTION_pyxis_") + row.name;
  for (char& c : variable)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return variable;
}

}  // namespace pyxis::spank
