#include "engine/import.h"

#include <filesystem>

namespace pyxis {
namespace {

// `name` and `verb`: pyxis-import import, pyxis-ask head, pyxis-ask digest.
HelperCommand helper_command(const std::string& name, const std::string& verb, const ImportRequest& request) {
  return {{name, verb, request.reference.user, request.reference.canonical(), request.platform.text(),
           request.shown_as},
          {}};
}

Result<Digest> digest_from(const std::string& name, const std::string& verb, const Settings& settings,
                           const ImportRequest& request, Reporter& reporter) {
  return Digest::parse(TRY(run_helper(helper_command(name, verb, request), settings, reporter)));
}

// The name that is recorded means one file, wherever it is used.
Result<ImportRequest> with_absolute_path(ImportRequest request) {
  auto& path = request.reference.path;
  std::error_code code;
  if (!path.empty()) path = std::filesystem::absolute(path, code).lexically_normal();
  if (code) return sys_error(path, code.value());
  return request;
}

}  // namespace

Result<void> check_importable(const Reference& reference) {
  if (reference.scheme != Reference::Scheme::file) return ok();
  return fail(reference.canonical() + " is an image file, and starts as it is",
              "make a container of it: pyxis create " + reference.canonical());
}

std::string recorded_name(const ImportRequest& request) {
  auto reference = request.reference;
  if (!reference.digest.empty())
    reference.tag.clear();  // the digest wins: one image, whatever tag is beside it
  return reference.canonical() + " " + request.platform.text();
}

Result<StoredImage> import_image(const Store& store, const Settings& settings, const ImportRequest& given,
                                 Reporter& reporter) {
  auto request = TRY(with_absolute_path(given));
  if (auto check = TRY(NameCheck::begin(store, settings, request));
      check && TRY(check->still_current(reporter)))
    return check->image();
  auto imported = digest_from("pyxis-import", "import", settings, request, reporter);
  // The registry's own answer, to what may have been meant as a file.
  if (!imported.ok() && imported.error().code == 0 && request.shown_as.ends_with(".sqsh") &&
      request.shown_as.find("://") == request.shown_as.npos)
    imported.error().remedy = "for a file write ./" + request.shown_as;
  auto digest = TRY(std::move(imported));
  auto image = TRY(find_image(store, digest));
  if (!image)
    return fail("image " + digest.text() + " is not in " + store.path() + " after its import",
                "run the command again");
  return std::move(*image);
}

Result<Digest> resolve_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  if (request.reference.scheme != Reference::Scheme::docker)
    return fail("only registries are asked for digests: " + request.shown_as,
                "import the image: pyxis pull prints the digest");
  return digest_from("pyxis-ask", "digest", settings, request, reporter);
}

Result<std::optional<NameCheck>> NameCheck::begin(const Store& store, const Settings& settings,
                                                  const ImportRequest& request) {
  // What is on this machine is looked at by whoever imports it.
  if (request.reference.scheme != Reference::Scheme::docker) return std::optional<NameCheck>();
  auto name = TRY(find_name(store, recorded_name(request)));
  if (!name) return std::optional<NameCheck>();
  auto image = TRY(find_image(store, name->manifest));
  if (!image) return std::optional<NameCheck>();
  NameCheck check;
  check.image_ = std::move(*image);
  check.pointed_to_ = name->pointed_to;
  check.shown_as_ = request.shown_as;
  if (request.reference.digest.empty()) {
    check.helper_ = TRY(start_helper(helper_command("pyxis-ask", "head", request), settings));
  }
  return std::optional<NameCheck>(std::move(check));
}

Result<bool> NameCheck::still_current(Reporter& reporter) {
  if (!helper_) return true;
  auto answer = follow_helper(*helper_, reporter);
  if (answer.ok()) return *answer == pointed_to_.text();
  // The registry did not answer at all, as opposed to answering no.
  if (answer.error().code != EHOSTUNREACH) return std::move(answer).error();
  reporter.warn("using the image " + shown_as_ + " as it was last imported: " + answer.error().message);
  return true;
}

}  // namespace pyxis
