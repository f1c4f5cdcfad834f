#include "engine/unpacked_image.h"

#include "base/disk_full.h"
#include "engine/helper.h"
#include "engine/image_server.h"

namespace pyxis {

Result<void> make_unpacked_container(const Store& store, const Settings& settings,
                                     const std::string& image_file, ContainerRecord record, bool replace,
                                     Reporter& reporter) {
  auto image = TRY(open_image_file(image_file));
  record.form = ContainerForm::flat;
  record.reference = image_file;
  auto unpack = [&](int rootfs) -> Result<void> {
    HelperCommand command;
    command.arguments = {"pyxis-squash", "unpack", image_file};
    command.descriptors = {{image.get(), unpack_image_fd}, {rootfs, unpack_directory_fd}};
    auto unpacked = run_helper(command, settings, reporter);
    if (!unpacked.ok()) return explain_full_disk(std::move(unpacked).error(), rootfs);
    return ok();
  };
  return create_container(store, record, unpack, replace);
}

}  // namespace pyxis
