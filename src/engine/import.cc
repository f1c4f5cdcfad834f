#include "engine/import.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>

#include "engine/import_news.h"

namespace pyxis {
namespace {

// Beside this program in a build tree, in ../libexec when installed.
Result<std::string> helper_path(const std::string& name) {
  std::array<char, PATH_MAX> buffer;
  ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (length <= 0) return sys_error("/proc/self/exe");
  std::string self(buffer.data(), static_cast<size_t>(length));
  auto directory = self.substr(0, self.rfind('/'));
  for (const auto& path : {directory + "/../libexec/" + name, directory + "/" + name})
    if (::access(path.c_str(), X_OK) == 0) return path;
  return fail(name + " is neither in " + directory + "/../libexec nor in " + directory,
              "install Pyxis as a whole");
}

// A running helper program, and where it tells what happens.
struct Helper {
  Child child;
  Fd socket;
};

// `name` and `verb`: pyxis-import import, pyxis-ask head, pyxis-ask digest.
Result<Helper> start_helper(const std::string& name, const std::string& verb, const Settings& settings,
                            const ImportRequest& request) {
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return sys_error("socketpair");
  Fd ours(ends[0]), theirs(ends[1]);
  SpawnRequest spawn_request;
  spawn_request.program = TRY(helper_path(name));
  spawn_request.arguments = {name,
                             verb,
                             request.reference.user,
                             request.reference.canonical(),
                             request.platform.text(),
                             request.shown_as};
  spawn_request.environment = settings.environment.lines();
  spawn_request.descriptors = {{theirs.get(), import_news_fd}};
  spawn_request.close_others = true;
  spawn_request.parent_death_signal = SIGTERM;
  return Helper{TRY(spawn(spawn_request)), std::move(ours)};
}

// The text of `done`.
Result<std::string> follow(Helper& helper, Reporter& reporter) {
  for (;;) {
    auto message = receive_message(helper.socket.get());
    if (!message.ok()) {
      int status = TRY(helper.child.wait());
      return fail("the import " + describe_wait_status(status) + " without a word");
    }
    auto news = TRY(ImportNews::decode(message->body));
    switch (news.kind) {
      case ImportNews::Kind::warn:
        reporter.warn(news.text);
        break;
      case ImportNews::Kind::progress:
        reporter.progress(news.text, false);
        break;
      case ImportNews::Kind::progress_end:
        reporter.progress(news.text, true);
        break;
      case ImportNews::Kind::failed:
        return Error{news.text, news.remedy, news.code};
      case ImportNews::Kind::done:
        return news.text;
    }
  }
}

// While it lives, a signal that asks this process to end asks the helper instead, which removes what is half
// done and ends; then its end is ours.
class EndsHelperFirst {
 public:
  // A pidfd of the helper, whose number may be another process's once it has been waited for.
  explicit EndsHelperFirst(Fd helper) : pidfd_(std::move(helper)) {
    helper_ = pidfd_.get();
    asked_ = false;
    struct sigaction forward {};
    forward.sa_handler = [](int) {
      asked_ = true;
      ::syscall(SYS_pidfd_send_signal, helper_.load(), SIGTERM, nullptr, 0);
    };
    forward.sa_flags = SA_RESTART;
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &forward, &before_[i]);
  }
  ~EndsHelperFirst() {
    for (size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }
  bool asked() const { return asked_; }
  EndsHelperFirst(const EndsHelperFirst&) = delete;
  EndsHelperFirst& operator=(const EndsHelperFirst&) = delete;

 private:
  static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP};
  static inline std::atomic<int> helper_;
  static inline std::atomic<bool> asked_;
  std::array<struct sigaction, signals.size()> before_{};
  Fd pidfd_;
};

Result<Digest> run_helper(const std::string& name, const std::string& verb, const Settings& settings,
                          const ImportRequest& request, Reporter& reporter) {
  auto helper = TRY(start_helper(name, verb, settings, request));
  EndsHelperFirst signals(TRY(open_pidfd(helper.child.pid())));
  auto answer = follow(helper, reporter);
  // A terminal's interrupt reaches the helper, too, which may have ended of it before we have seen ours.
  if (!answer.ok() && (signals.asked() || answer.error().code == ECANCELED))
    return Error{"cancelled", {}, ECANCELED};
  return Digest::parse(TRY(std::move(answer)));
}

}  // namespace

Result<void> check_importable(const Reference& reference) {
  if (reference.scheme == Reference::Scheme::docker) return ok();
  return fail("images of this kind cannot be imported in this release: " + reference.canonical(),
              "push the image to a registry and name it there");
}

std::string recorded_name(const ImportRequest& request) {
  auto reference = request.reference;
  if (!reference.digest.empty())
    reference.tag.clear();  // the digest wins: one image, whatever tag is beside it
  return reference.canonical() + " " + request.platform.text();
}

Result<StoredImage> import_image(const Store& store, const Settings& settings, const ImportRequest& request,
                                 Reporter& reporter) {
  if (auto check = TRY(NameCheck::begin(store, settings, request));
      check && TRY(check->still_current(reporter)))
    return check->image();
  auto imported = run_helper("pyxis-import", "import", settings, request, reporter);
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
  return run_helper("pyxis-ask", "digest", settings, request, reporter);
}

Result<std::optional<NameCheck>> NameCheck::begin(const Store& store, const Settings& settings,
                                                  const ImportRequest& request) {
  auto name = TRY(find_name(store, recorded_name(request)));
  if (!name) return std::optional<NameCheck>();
  auto image = TRY(find_image(store, name->manifest));
  if (!image) return std::optional<NameCheck>();
  NameCheck check;
  check.image_ = std::move(*image);
  check.pointed_to_ = name->pointed_to;
  check.shown_as_ = request.shown_as;
  if (request.reference.digest.empty()) {
    auto helper = TRY(start_helper("pyxis-ask", "head", settings, request));
    check.child_ = std::move(helper.child);
    check.socket_ = std::move(helper.socket);
  }
  return std::optional<NameCheck>(std::move(check));
}

Result<bool> NameCheck::still_current(Reporter& reporter) {
  if (!socket_) return true;
  Helper helper{std::move(child_), std::move(socket_)};
  auto answer = follow(helper, reporter);
  if (answer.ok()) return *answer == pointed_to_.text();
  // The registry did not answer at all, as opposed to answering no.
  if (answer.error().code != EHOSTUNREACH) return std::move(answer).error();
  reporter.warn("using the image " + shown_as_ + " as it was last imported: " + answer.error().message);
  return true;
}

}  // namespace pyxis
