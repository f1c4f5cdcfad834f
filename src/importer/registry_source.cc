#include "importer/registry_source.h"

#include "importer/layer_import.h"
#include "importer/registry_access.h"

namespace pyxis {
namespace {

class RegistrySource : public ImageSource {
 public:
  RegistrySource(const SourceContext& context, std::unique_ptr<Client> client)
      : context_(context), client_(std::move(client)), pinned_(context.request.reference) {}

  Result<ResolvedImage> resolve(const Platform& platform) override {
    auto resolved = client_->resolve(pinned_, platform);
    if (resolved.ok()) pinned_ = pinned_.pinned(resolved->manifest_digest);
    return resolved;
  }

  Result<std::string> config(const Descriptor& config) override {
    return client_->get_blob(pinned_, config, max_config_bytes);
  }

  Result<void> bring_layers(std::span<const Descriptor> layers) override {
    auto fetch = [this](const Descriptor& layer, const BlobSink& sink) {
      return client_->fetch_blob(pinned_, layer, sink);
    };
    return import_layers(context_.store, fetch, layers, context_.settings.max_connections, context_.reporter);
  }

 private:
  SourceContext context_;
  std::unique_ptr<Client> client_;
  Reference pinned_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_registry_source(const SourceContext& context) {
  auto client = TRY(open_registry(context.request.reference, context.settings, Patience::patient,
                                  context.reporter, context.stop));
  return std::unique_ptr<ImageSource>(std::make_unique<RegistrySource>(context, std::move(client)));
}

}  // namespace pyxis
