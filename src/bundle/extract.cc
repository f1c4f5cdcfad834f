#include "bundle/extract.h"

#include <fcntl.h>

#include <array>

#include "base/fs.h"
#include "engine/image_server.h"
#include "layer/flatten.h"
#include "sandbox/sandbox.h"

namespace pyxis {

Result<void> extract_image(const std::string& bundle_path, int destination, const std::string& mount_point,
                           const Settings& settings) {
  auto server = TRY(ImageServer::start(settings, bundle_path, false));
  SandboxPlan plan;
  EphemeralOverlay root;
  root.lower.push_back({bundle_path, {}, server.socket.get()});
  plan.root = std::move(root);
  plan.mount_point = mount_point;
  // With the capabilities of the namespace, which open what an image has closed to its owner.
  plan.prepare = [&](Preparation& preparation) -> Result<void> {
    auto top = TRY(open_at(preparation.rootfs, ".", O_RDONLY | O_DIRECTORY));
    std::array layers = {top.get()};
    return flatten_layers(layers, destination);
  };
  auto extracted = create_sandbox(plan);
  if (!extracted.ok())
    if (auto reason = server.failure()) return *reason;
  TRY_CONTEXT(std::move(extracted), "extract " + bundle_path);
  return ok();
}

}  // namespace pyxis
