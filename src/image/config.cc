#include "image/config.h"

#include "base/text.h"
#include "image/json_fields.h"
#include "image/manifest.h"

namespace pyxis {
namespace {

Result<std::vector<std::string>> read_volumes(const json::Value& settings) {
  std::vector<std::string> out;
  const auto* volumes = json::member(settings, "Volumes");
  if (!volumes) return out;
  if (!volumes->is_object()) return fail("field 'Volumes' is not an object");
  for (const auto& [path, unused] : volumes->items()) {
    if (path.find('\0') != path.npos) return fail("field 'Volumes' holds a NUL character");
    out.push_back(path);
  }
  return out;
}

// Labels are text for people: values of other types are kept as JSON rather than refused.
Result<std::map<std::string, std::string>> read_labels(const json::Value& settings) {
  std::map<std::string, std::string> out;
  const auto* labels = json::member(settings, "Labels");
  if (!labels) return out;
  if (!labels->is_object()) return fail("field 'Labels' is not an object");
  for (const auto& [name, value] : labels->items()) {
    if (value.is_null())
      out[name];
    else if (value.is_string())
      out[name] = value.get<std::string>();
    else
      out[name] = value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
  }
  return out;
}

Result<std::vector<Digest>> read_diff_ids(const json::Value& document) {
  std::vector<Digest> out;
  const auto* rootfs = json::member(document, "rootfs");
  if (!rootfs) return out;
  auto texts = TRY(json::text_list(*rootfs, "diff_ids"));
  if (texts.size() > max_layers)
    return fail("it names " + std::to_string(texts.size()) + " layers, more than " +
                std::to_string(max_layers));
  for (const auto& text : texts) out.push_back(TRY_CONTEXT(Digest::parse(text), "diff_ids"));
  return out;
}

Result<ImageConfig> read_config(const json::Value& document) {
  ImageConfig config;
  config.architecture = to_lower(TRY(json::text(document, "architecture")));
  config.os = to_lower(TRY(json::text(document, "os")));
  config.variant = to_lower(TRY(json::text(document, "variant")));
  config.diff_ids = TRY(read_diff_ids(document));
  const auto* settings = json::member(document, "config");
  if (!settings) return config;
  if (!settings->is_object()) return fail("field 'config' is not an object");
  config.env = TRY(json::text_list(*settings, "Env"));
  for (const auto& entry : config.env)
    if (entry.starts_with('=')) return fail("field 'Env' has an entry without a name");
  config.entrypoint = TRY(json::text_list(*settings, "Entrypoint"));
  config.cmd = TRY(json::text_list(*settings, "Cmd"));
  config.working_dir = TRY(json::text(*settings, "WorkingDir"));
  config.user = TRY(json::text(*settings, "User"));
  config.volumes = TRY(read_volumes(*settings));
  config.labels = TRY(read_labels(*settings));
  return config;
}

}  // namespace

Result<ImageConfig> parse_config(std::string_view bytes) {
  if (bytes.size() > max_config_bytes)
    return fail("image configuration is of " + human_bytes(bytes.size()) + ", more than " +
                human_bytes(max_config_bytes));
  auto document = TRY(json::parse_object(bytes, "image configuration"));
  auto config = read_config(document);
  if (!config.ok()) return std::move(config).error().context("image configuration");
  return config;
}

Result<void> check_platform(const ImageConfig& config, const Platform& wanted) {
  bool same_os = config.os.empty() || config.os == wanted.os;
  bool same_architecture = config.architecture.empty() || config.architecture == wanted.architecture;
  if (same_os && same_architecture) return ok();
  Platform offered{config.os, config.architecture, config.variant};
  return fail("the image is for " + printable(offered.text()) + ", not for " + wanted.text(),
              "choose an image for this architecture");
}

}  // namespace pyxis
