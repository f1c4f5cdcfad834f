#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/images_to_load.h"
#include "doctor/doctor.h"
#include "engine/user_store.h"
#include "store/collection.h"
#include "store/images.h"

namespace pyxis::cli {
namespace {

using doctor::Finding;
using doctor::Findings;
using doctor::Verdict;

struct DoctorArguments {
  std::string image;
  std::vector<std::string> registries;
  bool json = false;
  unsigned seconds = 45;
};

std::string node_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? printable(name.data()) : "";
}

// One line, so that those of many nodes can be written into one file.
void print_json(const Findings& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& finding : findings)
    list.push_back({{"check", printable(finding.check)},
                    {"group", finding.group},
                    {"verdict", doctor::verdict_name(finding.verdict)},
                    {"fact", printable(finding.fact)},
                    {"remedy", printable(finding.remedy)}});
  nlohmann::ordered_json document = {{"node", node_name()}, {"version", PYXIS_VERSION}, {"findings", list}};
  std::cout << document.dump() << "\n";
}

const char* colour(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "\033[32m";
    case Verdict::warn:
      return "\033[33m";
    case Verdict::fail:
      return "\033[31m";
    case Verdict::skip:
      return "\033[2m";
  }
  return "";
}

void print_table(const Findings& findings) {
  bool terminal = ::isatty(STDOUT_FILENO) == 1;
  std::vector<TableRow> rows;
  for (const auto& finding : findings)
    rows.push_back(
        {doctor::verdict_name(finding.verdict), printable(finding.check), printable(finding.fact)});
  auto lines = split(table_text(rows), '\n');
  for (size_t i = 0; i < findings.size(); ++i) {
    auto word = std::string(doctor::verdict_name(findings[i].verdict));
    std::cout << (terminal ? colour(findings[i].verdict) + word + "\033[0m" : word)
              << lines[i].substr(word.size()) << "\n";
    if (!findings[i].remedy.empty()) std::cout << "      -> " << printable(findings[i].remedy) << "\n";
  }
}

size_t count(const Findings& findings, Verdict verdict) {
  return static_cast<size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

void print_summary(const Findings& findings) {
  std::string text;
  for (auto verdict : {Verdict::fail, Verdict::warn, Verdict::pass, Verdict::skip})
    if (auto number = count(findings, verdict); number > 0)
      text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + doctor::verdict_name(verdict);
  std::cout << "\n" << node_name() << ": " << text << "\n";
}

// Brings it into the user's store, where its files can be looked at while `hold` is open.
Result<doctor::ImageToCheck> bring_image(const std::string& uri, const Settings& settings, Fd& hold) {
  ImageArguments arguments;
  arguments.uri = uri;
  auto request = TRY(import_request(arguments));
  auto store = TRY(open_user_store(settings));
  TerminalReporter reporter;
  hold = TRY(hold_images(store));
  auto image = TRY(import_image(store, settings, request, reporter));
  touch_image(store, image.digest);
  auto layers = TRY(image_layer_paths(store, image));
  std::ranges::reverse(layers);
  return doctor::ImageToCheck{image.config, std::move(layers)};
}

// Where it cannot be had, that is what is to be said of it.
doctor::Check check_for_image(const std::string& uri, const doctor::Context& context, Fd& hold) {
  auto image = context.settings.ok() ? bring_image(uri, *context.settings, hold)
                                     : Result<doctor::ImageToCheck>(fail("the settings cannot be read"));
  if (image.ok()) return doctor::check_for(*image);
  Finding none{"image", Verdict::fail, image.error().message,
               image.error().remedy.empty() ? "run: pyxis pull " + uri : image.error().remedy, ""};
  return {"image", "image", [none](const doctor::Context&) { return Findings{none}; }};
}

int examine_node(const DoctorArguments& arguments, const Environment& environment) {
  auto context = doctor::make_context(environment, arguments.registries);
  auto checks = doctor::checks_for(context);
  Fd hold;
  if (!arguments.image.empty()) checks.push_back(check_for_image(arguments.image, context, hold));
  auto waiting = [](const std::string& name) {
    if (log::terminal()) log::info("waiting for: " + name);
  };
  auto findings = doctor::examine(context, checks, std::chrono::seconds(arguments.seconds), waiting);
  if (arguments.json) {
    print_json(findings);
  } else {
    print_table(findings);
    print_summary(findings);
  }
  return count(findings, Verdict::fail) > 0 ? 1 : 0;
}

}  // namespace

Action add_doctor(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("doctor", "Check this node, and say what to do about what is wrong");
  auto arguments = std::make_shared<DoctorArguments>();
  command->add_option("IMAGE", arguments->image,
                      "What it needs is compared with what the node has; it is imported first");
  command
      ->add_option("--registry", arguments->registries,
                   "Ask this registry, too: name, way, certificate, clock, login (can be repeated)")
      ->type_name("[USER@]HOST[:PORT]")
      ->allow_extra_args(false);
  command->add_flag("--json", arguments->json, "One line of JSON: node, version, findings");
  command->add_option("--timeout", arguments->seconds, "What has not answered by then has failed")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->footer(
      "Tries what containers need, as an ordinary user (as nobody where root asks), and leaves nothing "
      "behind. "
      "Root sees more: it can try the node's store.\n"
      "  fail  containers do not start, or what is set up does not work or is not safe\n"
      "  warn  they work, but slower than they could, or not for long\n"
      "  pass, skip (with the reason)\n"
      "The line below begins with -> and is what to do. The status is 1 where anything has failed.\n"
      "Examples:\n"
      "  pyxis doctor --registry nvcr.io\n"
      "  sudo pyxis doctor\n"
      "  srun --gpus=1 pyxis doctor nvcr.io/nvidia/pytorch:24.01-py3\n"
      "  srun -N 100 --output=doctor.%N.json pyxis doctor --json\n"
      "  jq -r '.node as $n | .findings[] | select(.verdict == \"fail\") | [$n, .check, .remedy] | @tsv' "
      "doctor.*.json");
  return [arguments, &environment]() -> Result<int> { return examine_node(*arguments, environment); };
}

}  // namespace pyxis::cli
