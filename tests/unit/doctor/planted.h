// A node that is made of files: what the checks read lies below a directory.
#pragma once

#include <gmock/gmock.h>

#include "../base/scratch.h"
#include "doctor/checks.h"

namespace pyxis::doctor {

class Planted : public pyxis::testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    context_.root = path("");
    context_.root.pop_back();
    context_.uid = ::geteuid();
    Settings settings;
    settings.cdi_path = {path("etc/cdi"), path("var/run/cdi")};
    context_.settings = std::move(settings);
  }
  Context context_;
};

// "fail: FACT -> REMEDY" of each finding with that name.
inline std::vector<std::string> of(const Findings& findings, const std::string& check) {
  std::vector<std::string> texts;
  for (const auto& finding : findings)
    if (finding.check == check)
      texts.push_back(std::string(verdict_name(finding.verdict)) + ": " + finding.fact +
                      (finding.remedy.empty() ? "" : " -> " + finding.remedy));
  return texts;
}

}  // namespace pyxis::doctor
