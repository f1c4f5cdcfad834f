#include "manual/tables.h"

#include "engine/setting_rows.h"
#include "spank/config.h"

namespace pyxis::manual {
namespace {

// A bar would end the cell, also in code.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? "\\|" : std::string(1, c);
  return " " + out + " |";
}

std::string code(const std::string& text) {
  return text.empty() ? "" : "`" + text + "`";
}

}  // namespace

std::string help_without_mark(const spank::OptionRow& row) {
  constexpr std::string_view mark = "[pyxis] ";
  std::string_view help = row.help;
  if (help.starts_with(mark)) help.remove_prefix(mark.size());
  return std::string(help);
}

std::string option_table() {
  std::string out = "| option | does | default from |\n|---|---|---|\n";
  for (const auto& row : spank::option_rows()) {
    auto option = "--" + std::string(row.name) + (row.argument ? "=" + std::string(row.argument) : "");
    out += "|" + cell(code(option)) + cell(help_without_mark(row)) +
           cell(code(row.environment ? row.environment : "")) + "\n";
  }
  return out;
}

std::string config_table() {
  std::string out = "| key | default | meaning |\n|---|---|---|\n";
  for (const auto& key : spank::config_keys())
    out += "|" + cell(code(std::string(key.name) + "=" + key.values)) + cell(code(key.fallback)) +
           cell(key.meaning) + "\n";
  return out;
}

std::string setting_table() {
  std::string out = "| setting | default | meaning |\n|---|---|---|\n";
  for (const auto& row : setting_rows())
    out += "|" + cell(code(std::string(row.name))) + cell(code(std::string(row.fallback))) +
           cell(row.meaning) + "\n";
  return out;
}

}  // namespace pyxis::manual
