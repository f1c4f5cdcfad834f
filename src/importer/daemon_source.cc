#include "importer/daemon_source.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "image/json_fields.h"
#include "importer/archive_source.h"
#include "registry/command.h"

namespace pyxis {
namespace {

struct Program {
  std::string name, path;
};

Result<Program> program_of(const SourceContext& context) {
  Program program;
  program.name = context.request.reference.scheme == Reference::Scheme::podman ? "podman" : "docker";
  program.path = find_program(program.name, context.settings.environment);
  if (program.path.empty())
    return fail(program.name + ": not found in PATH",
                "images of " + program.name +
                    " come through its command line; from a registry they are docker://IMAGE");
  return program;
}

// The name as the engine knows it.
std::string name_of(const Reference& reference) {
  auto text = reference.canonical();
  return text.substr(text.find("://") + 3);
}

Error said(const Program& program, int status, std::string_view words) {
  auto line = json::first_line(words);
  return fail(program.name + " " + describe_wait_status(status) + (line.empty() ? "" : ": " + line));
}

// `docker save`, whose output is the archive.
class Saving {
 public:
  static Result<Saving> start(const SourceContext& context, const Program& program) {
    Saving saving(program);
    auto [reader, theirs] = TRY(make_pipe());
    saving.output_ = std::move(reader);
    saving.words_ = TRY(memory_file());
    Fd nothing = TRY(open_path("/dev/null", O_RDONLY));
    SpawnRequest request;
    request.program = program.path;
    request.arguments = {program.name, "save"};
    // Podman's own form is another one.
    if (program.name == "podman")
      request.arguments.insert(request.arguments.end(), {"--format", "docker-archive"});
    request.arguments.push_back(name_of(context.request.reference));
    request.environment = context.settings.environment.lines();
    request.descriptors = {{nothing.get(), 0}, {theirs.get(), 1}, {saving.words_.get(), 2}};
    request.parent_death_signal = SIGKILL;
    saving.child_ = TRY(spawn(request));
    return saving;
  }

  int output() const { return output_.get(); }
  void kill() const { ::kill(child_.pid(), SIGKILL); }  // not after finish()
  Result<void> await_end() const { return child_.await_end(); }

  Result<void> finish() {
    int status = TRY(child_.wait());
    if (status == 0) return ok();
    constexpr size_t most = 64u << 10;
    std::string words(most, '\0');
    ssize_t got = ::pread(words_.get(), words.data(), words.size(), 0);
    words.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return said(program_, status, words);
  }

 private:
  explicit Saving(Program program) : program_(std::move(program)) {}

  Program program_;
  Fd output_, words_;
  Child child_;
};

// The archive, and the program's end. Nothing signals it afterwards, for then its number is nobody's.
Result<std::unique_ptr<ImageSource>> read_saved(const SourceContext& context, const Saving& saving,
                                                const std::string& name) {
  // A read that waits for more of the archive then sees its end.
  std::stop_callback on_stop(context.stop, [&] { saving.kill(); });
  FdSource input(saving.output());
  auto source = read_archive_source(context, ArchiveKind::docker_save, input, name);
  if (source.ok() || source.error().code == 0) TRY(saving.await_end());
  return source;
}

}  // namespace

Result<Digest> daemon_image_id(const SourceContext& context) {
  auto program = TRY(program_of(context));
  CommandRequest command;
  command.program = program.path;
  command.arguments = {program.name, "image",   "inspect",
                       "--format",   "{{.Id}}", name_of(context.request.reference)};
  command.environment = context.settings.environment;
  auto output = TRY(run_command(command, context.stop));
  if (output.status != 0) return said(program, output.status, output.err);
  std::string id(trim(output.out));
  return TRY_CONTEXT(Digest::parse(id.find(':') == id.npos ? "sha256:" + id : id),
                     program.name + " image inspect");
}

Result<std::unique_ptr<ImageSource>> open_daemon_source(const SourceContext& context) {
  auto program = TRY(program_of(context));
  auto saving = TRY(Saving::start(context, program));
  auto source = read_saved(context, saving, program.name + " save");
  if (context.stop.stop_requested()) return sys_error("interrupted", ECANCELED);
  // Why there is no archive, or no more of it, the program knows.
  if (!source.ok() && source.error().code == 0) TRY(saving.finish());
  if (source.ok()) TRY(saving.finish());
  return source;
}

}  // namespace pyxis
