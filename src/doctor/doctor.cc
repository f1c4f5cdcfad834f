#include "doctor/doctor.h"

#include "base/fs.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "sandbox/child_report.h"

namespace pyxis::doctor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Running {
  const Check* check;
  Result<NamespaceChild> child;
};

Finding no_word(const Check& check, std::string fact, std::string remedy) {
  return {check.name, Verdict::fail, std::move(fact), std::move(remedy), check.group};
}

std::string remedy_of_silence(const Check& check) {
  if (check.group == "registries")
    return "run: curl -v https://" + check.name +
           "/v2/ (a name server or a way that is silent; else a credential helper that waits)";
  return "run: cat /proc/*/mountinfo | grep -E 'nfs|lustre|fuse' (a file server that is gone hangs whoever "
         "asks)";
}

Running start(const Context& context, const Check& check) {
  return {&check, start_namespace_child({}, [&]() -> Result<ChildAnswer> {
            ChildAnswer answer;
            answer.body = encode(check.look(context));
            return answer;
          })};
}

milliseconds left_until(Clock::time_point time) {
  auto left = std::chrono::duration_cast<milliseconds>(time - Clock::now());
  return std::max(left, milliseconds(0));
}

Findings findings_of(Running& running) {
  const auto& check = *running.check;
  auto answer = running.child->answer();
  auto findings = answer.ok() ? decode(answer->body) : Result<Findings>(answer.error());
  (void)running.child->process.end_within(std::chrono::seconds(1));
  if (!findings.ok()) return {no_word(check, findings.error().message, findings.error().remedy)};
  for (auto& finding : *findings) finding.group = check.group;
  return std::move(*findings);
}

}  // namespace

std::vector<Check> checks_for(const Context& context) {
  std::vector<Check> checks = {
      {"kernel", "kernel", check_kernel},
      {"kernel", "user namespaces", check_user_namespaces},
      {"kernel", "system call filter", check_filters},
      {"kernel", "FUSE", check_fuse_mounts},
      {"kernel", "cgroups", check_cgroups},
      {"installation", "settings", check_settings},
      {"installation", "programs", check_programs},
      {"installation", "registries.conf", check_registries_conf},
      {"storage", "user's store", check_user_store},
      {"storage", "image cache", check_image_cache},
      {"storage", "node's store", check_node_store},
      {"storage", "runtime directory", check_runtime_directory},
      {"storage", "temporary directory", check_temporary_directory},
      {"slurm", "Slurm", check_slurm},
      {"clock", "clock", check_clock},
      {"devices", "NVIDIA GPUs", check_nvidia},
      {"devices", "AMD GPUs", check_amd},
      {"devices", "CDI specs", check_cdi},
  };
  for (const auto& registry : context.registries)
    checks.push_back({"registries", printable(registry),
                      [registry](const Context& given) { return check_registry(given, registry); }});
  return checks;
}

Check check_for(const ImageToCheck& image) {
  return {"image", "image", [image](const Context& context) { return check_image(context, image); }};
}

Findings examine(const Context& context, const std::vector<Check>& checks, milliseconds deadline,
                 const std::function<void(const std::string&)>& waiting) {
  std::vector<Running> running;
  for (const auto& check : checks) running.push_back(start(context, check));
  auto end = Clock::now() + deadline;
  constexpr milliseconds noticed{1000};
  Findings all;
  for (auto& each : running) {
    if (!each.child.ok()) {
      all.push_back(no_word(*each.check, each.child.error().message, each.child.error().remedy));
      continue;
    }
    int socket = each.child->socket.get();
    if (!readable_within(socket, std::min(noticed, left_until(end)))) waiting(each.check->name);
    if (!readable_within(socket, left_until(end))) {
      all.push_back(no_word(*each.check, "no answer within " + std::to_string(deadline.count() / 1000) + " s",
                            remedy_of_silence(*each.check)));
      (void)each.child->process.end_within(std::chrono::seconds(1));
      continue;
    }
    for (auto& finding : findings_of(each)) all.push_back(std::move(finding));
  }
  return all;
}

}  // namespace pyxis::doctor
