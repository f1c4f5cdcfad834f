#include "registry/explain.h"

#include <algorithm>

#include "base/text.h"
#include "image/json_fields.h"
#include "registry/retry.h"

namespace pyxis {
namespace {

std::string bounded(std::string text) {
  constexpr size_t shown = 300;
  text = printable(text);
  if (text.size() > shown) text.replace(shown, text.npos, "...");
  return text;
}

// distribution-spec, "Error Codes": {"errors": [{"code": ..., "message": ..., "detail": ...}]}
std::string registry_errors(const json::Value& document) {
  const auto* errors = json::member(document, "errors");
  if (!errors || !errors->is_array()) return {};
  std::vector<std::string> out;
  constexpr size_t shown = 3;
  for (const auto& entry : *errors) {
    auto code = json::text(entry, "code"), message = json::text(entry, "message");
    std::vector<std::string> parts;
    if (code.ok() && !code->empty()) parts.push_back(*code);
    if (message.ok() && !message->empty()) parts.push_back(*message);
    if (const auto* detail = json::member(entry, "detail");
        detail && detail->is_string() && detail->get<std::string>() != "")
      parts.push_back(detail->get<std::string>());
    if (!parts.empty() && out.size() < shown) out.push_back(join(parts, ": "));
  }
  return join(out, "; ");
}

std::string log_in_hint(const Inquiry& inquiry) {
  auto docker = inquiry.registry == docker_hub ? "docker login" : "docker login " + inquiry.registry;
  return "log in: `" + docker + "`, or a line `machine " + inquiry.registry +
         " login USER password SECRET` in .credentials (looked into: " + inquiry.places + ")";
}

std::string remedy(const Inquiry& inquiry, const HttpResponse& response) {
  switch (response.status) {
    case 401:
    case 403:
      if (!inquiry.identity.empty())
        return "check the name of the image, that the password is right and that this user may read it";
      if (!inquiry.user.empty())
        return "there are no credentials for user " + printable(inquiry.user) +
               "; looked into: " + inquiry.places + "; a line of .credentials for it reads `machine " +
               inquiry.registry + " login " + printable(inquiry.user) + " password SECRET`";
      return "check the name of the image; if it is private, " + log_in_hint(inquiry);
    case 404:
      return inquiry.registry == docker_hub
                 ? "check the name and tag; a name without a registry is looked for on Docker Hub"
                 : "check the name and tag";
    case 429: {
      auto asked = retry_after(response);
      std::string wait = asked ? "wait " + std::to_string(asked->count() / 1000) + " s" : "wait";
      return inquiry.identity.empty() ? wait + ", or for a higher limit " + log_in_hint(inquiry) : wait;
    }
    default:
      return response.status >= 500 ? "try again later" : "";
  }
}

}  // namespace

std::string status_text(long status) {
  struct Row {
    long status;
    const char* text;
  };
  constexpr Row rows[] = {{400, "Bad Request"},
                          {401, "Unauthorized"},
                          {403, "Forbidden"},
                          {404, "Not Found"},
                          {405, "Method Not Allowed"},
                          {407, "Proxy Authentication Required"},
                          {416, "Range Not Satisfiable"},
                          {429, "Too Many Requests"},
                          {500, "Internal Server Error"},
                          {502, "Bad Gateway"},
                          {503, "Service Unavailable"},
                          {504, "Gateway Timeout"}};
  auto found = std::ranges::find(rows, status, &Row::status);
  return std::to_string(status) + (found == std::end(rows) ? "" : " " + std::string(found->text));
}

std::string words_of(const HttpResponse& response) {
  auto document = json::parse(response.body);
  if (!document.is_object()) return bounded(json::first_line(response.body));
  auto words = registry_errors(document);
  for (const char* name : {"details", "error_description", "message", "error"}) {
    if (!words.empty()) break;
    auto text = json::text(document, name);
    if (text.ok()) words = *text;
  }
  return bounded(words.empty() ? json::first_line(response.body) : words);
}

Error explain(const Inquiry& inquiry, const HttpOutcome& outcome) {
  const auto& response = outcome.response;
  std::string attempts = inquiry.attempts > 1 ? " (" + std::to_string(inquiry.attempts) + " attempts)" : "";
  if (outcome.failure != HttpFailure::none) {
    Error error = *outcome.error;
    if (outcome.failure == HttpFailure::cancelled) return std::move(error).context(inquiry.object);
    error.message += attempts;
    // Told apart by callers that can do without the registry.
    if (unanswered(outcome.failure)) error.code = EHOSTUNREACH;
    return std::move(error)
        .context(inquiry.server.empty() ? inquiry.registry : "token server " + inquiry.server)
        .context(inquiry.object);
  }
  auto who = inquiry.identity.empty() ? "anonymous" : inquiry.identity;
  const auto& asked = inquiry.server.empty() ? inquiry.registry : inquiry.server;
  auto whom = inquiry.server.empty() ? inquiry.registry : "token server " + inquiry.server;
  // Storage that the registry redirected to has its own words and its own rules.
  bool elsewhere = !(asked == response.url.host || asked.starts_with(response.url.host + ":"));
  if (elsewhere) whom += " (through " + response.url.host + ")";
  auto words = words_of(response);
  return fail(inquiry.object + ": " + whom + " answered " + status_text(response.status) + " to " + who +
                  attempts + (words.empty() ? "" : ": " + words),
              remedy(inquiry, response));
}

}  // namespace pyxis
