#include "engine/import.h"

#include <ctime>
#include <filesystem>

#include "contract/image_file_name.h"
#include "engine/import_news.h"
#include "engine/shared_store.h"

namespace pyxis {
namespace {

// As if the user had said so.
ImportRequest pinned(ImportRequest request) {
  if (request.pin) request.reference = request.reference.pinned(*request.pin);
  return request;
}

// `name` and `verb`: pyxis-import import, pyxis-ask head, pyxis-ask digest.
HelperCommand helper_command(const std::string& name, const std::string& verb, const ImportRequest& request) {
  auto image = request.reference.canonical();
  HelperCommand command{{name, verb, request.reference.user, without_query(image), request.platform.text(),
                         without_query(request.shown_as)},
                        {},
                        {}};
  if (command.arguments[3] != image)
    command.environment.push_back(std::string(whole_address_variable) + "=" + image);
  return command;
}

Result<Digest> digest_from(HelperCommand command, const Settings& settings, Reporter& reporter) {
  return Digest::parse(TRY(run_helper(command, settings, reporter)));
}

Result<Digest> import_by_program(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  const auto& shared = settings.shared_store;
  // Only what comes from a registry may be another user's, too.
  if (!shared || request.reference.scheme != Reference::Scheme::docker)
    return digest_from(helper_command("pyxis-import", "import", request), settings, reporter);
  auto command = helper_command("pyxis-ask", "share", request);
  command.descriptors = {{shared->socket(), import_storage_fd}};
  auto digest = digest_from(std::move(command), settings, reporter);
  shared->forget_claim();
  return digest;
}

// The image that the name, or what it is pinned to, was last found to be.
Result<std::optional<ResolvedName>> find_meaning(const Store& store, const ImportRequest& request) {
  auto name = TRY(find_name(store, recorded_name(request)));
  if (!request.pin || (name && name->pointed_to == *request.pin)) return name;
  return find_name(store, recorded_name(pinned(request)));
}

bool still_good(const ResolvedName& name, uint64_t seconds) {
  auto now = static_cast<uint64_t>(std::time(nullptr));
  return name.resolved <= now && now - name.resolved < seconds;
}

// The name that is recorded means one file, wherever it is used.
Result<ImportRequest> with_absolute_path(ImportRequest request) {
  auto& path = request.reference.path;
  std::error_code code;
  if (!path.empty()) path = std::filesystem::absolute(path, code).lexically_normal();
  if (code) return sys_error(path, code.value());
  return request;
}

// What may have been meant as a file: the registry knows no such image, or cannot be reached, as from nodes
// without a way out.
void hint_at_file(Error& error, const std::string& shown_as) {
  if (!ends_as_image_file(shown_as) || shown_as.find("://") != shown_as.npos) return;
  auto hint = "for a file write ./" + shown_as;
  if (error.code == 0) error.remedy = hint;
  if (error.code == EHOSTUNREACH) error.remedy = hint + "; else " + error.remedy;
}

}  // namespace

Result<void> check_importable(const Reference& reference) {
  if (reference.scheme != Reference::Scheme::file && reference.scheme != Reference::Scheme::url) return ok();
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
  auto imported = import_by_program(settings, pinned(request), reporter);
  if (!imported.ok()) hint_at_file(imported.error(), request.shown_as);
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
  return digest_from(helper_command("pyxis-ask", "digest", request), settings, reporter);
}

Result<std::string> bring_image_file(const Settings& settings, const ImportRequest& request,
                                     Reporter& reporter) {
  return run_helper(helper_command("pyxis-ask", "file", request), settings, reporter);
}

Result<Digest> ask_what_is_meant(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  auto answer = TRY(run_helper(helper_command("pyxis-ask", "head", request), settings, reporter));
  return TRY(NameAnswer::decode(answer)).digest;
}

Result<std::optional<NameCheck>> NameCheck::begin(const Store& store, const Settings& settings,
                                                  const ImportRequest& request) {
  // What is on this machine is looked at by whoever imports it.
  if (request.reference.scheme != Reference::Scheme::docker) return std::optional<NameCheck>();
  auto name = TRY(find_meaning(store, request));
  if (!name) return std::optional<NameCheck>();
  auto image = TRY(find_image(store, name->manifest));
  if (!image) return std::optional<NameCheck>();
  NameCheck check;
  check.image_ = std::move(*image);
  check.pointed_to_ = name->pointed_to;
  check.shown_as_ = request.shown_as;
  check.store_ = &store;
  check.dated_ = request.good_for > 0;
  check.name_ = std::move(*name);
  check.pinned_ =
      !request.reference.digest.empty() || request.pin || still_good(check.name_, request.good_for);
  check.question_ = std::make_shared<Question>();
  if (!check.pinned_)
    check.question_->helper = TRY(start_helper(helper_command("pyxis-ask", "head", request), settings));
  if (check.image_.shared) {
    check.shared_ = settings.shared_store;
    TRY(check.shared_->claim(
        check.image_.digest, {request.reference.registry, request.reference.repository},
        [question = check.question_, request, &settings]() -> Result<std::string> {
          if (!question->helper)
            question->helper = TRY(start_helper(helper_command("pyxis-ask", "head", request), settings));
          NobodyReports nobody;
          const auto& answer = answer_to(*question, nobody);
          return answer.ok() ? Result<std::string>(answer->authorization) : answer.error();
        }));
  }
  return std::optional<NameCheck>(std::move(check));
}

const Result<NameAnswer>& NameCheck::answer_to(Question& question, Reporter& reporter) {
  if (!question.answer) {
    auto text = follow_helper(*question.helper, reporter);
    question.answer = text.ok() ? NameAnswer::decode(*text) : Result<NameAnswer>(std::move(text).error());
  }
  return *question.answer;
}

void warn_of_shared(Reporter& reporter, const std::string& shown_as, const std::string& warning) {
  reporter.warn("using image " + shown_as + " of this node's store: " + warning);
}

Result<bool> NameCheck::settled(Reporter& reporter) {
  if (!shared_) return true;
  std::string warning;
  bool granted = TRY(shared_->settle(warning)).has_value();
  if (!warning.empty()) warn_of_shared(reporter, shown_as_, warning);
  return granted;
}

Result<bool> NameCheck::still_current(Reporter& reporter) {
  bool granted = TRY(settled(reporter));
  if (!granted) return false;
  if (pinned_) return true;
  const auto& answer = answer_to(*question_, reporter);
  if (answer.ok() && answer->digest == pointed_to_ && dated_)
    TRY(record_name(*store_, name_));  // now, that is
  if (answer.ok()) return answer->digest == pointed_to_;
  // The registry did not answer at all, as opposed to answering no.
  if (answer.error().code != EHOSTUNREACH) return answer.error();
  reporter.warn("using the image " + shown_as_ + " as it was last imported: " + answer.error().message);
  return true;
}

}  // namespace pyxis
