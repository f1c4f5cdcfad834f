#include "base/spelling.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pyxis {
namespace {

constexpr size_t misspelt = 2;

// Levenshtein's distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest;
  size_t least = misspelt + 1;
  for (const auto& candidate : candidates) {
    // Also what there is to compare is bounded: the lengths alone say that these are too far apart.
    if (std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size()) > misspelt)
      continue;
    // Of a short name everything is two letters away.
    auto distance = edit_distance(name, candidate);
    if (distance >= least || distance >= std::max(name.size(), candidate.size())) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  auto nearest = nearest_name(name, candidates);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

}  // namespace pyxis
