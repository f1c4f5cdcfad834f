#include "edf/load.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fs.h"
#include "base/spelling.h"
#include "base/text.h"
#include "edf/document.h"

namespace pyxis::edf {
namespace {

constexpr size_t max_depth = 10;
constexpr size_t max_files = 64;  // with all bases, each as often as it is named
constexpr std::string_view suffix = ".toml";

std::vector<std::string> search_path(const Environment& environment) {
  std::vector<std::string> directories;
  for (const auto& directory : split(environment.get_or("EDF_PATH", ""), ':'))
    if (!directory.empty()) directories.push_back(directory);
  auto home = environment.get_or("HOME", "");
  if (directories.empty() && !home.empty()) directories.push_back(home + "/.edf");
  return directories;
}

std::vector<std::string> names_in(const std::vector<std::string>& directories) {
  constexpr size_t enough = 1000;
  std::vector<std::string> names;
  for (const auto& path : directories) {
    auto directory = open_path(path, O_RDONLY | O_DIRECTORY);
    if (!directory.ok()) continue;
    auto entries = list_directory(directory->get(), enough);
    if (!entries.ok()) continue;
    for (const auto& entry : *entries)
      if (entry.ends_with(suffix)) names.push_back(entry.substr(0, entry.size() - suffix.size()));
  }
  std::ranges::sort(names);
  return names;
}

struct Opened {
  std::string path;
  std::pair<dev_t, ino_t> identity;
  std::string text;
};

// What cannot be a file of somebody's is not waited for.
Result<Opened> open_file(const std::string& path) {
  auto file = TRY(open_path(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return sys_error(path);
  if (!S_ISREG(status.st_mode)) return fail(path + " is not a regular file");
  if (static_cast<size_t>(status.st_size) > max_file_bytes)
    return fail(path + " is larger than " + human_bytes(max_file_bytes));
  auto text = TRY_CONTEXT(read_fd(file.get(), max_file_bytes), path);
  return Opened{path, {status.st_dev, status.st_ino}, std::move(text)};
}

class Loader {
 public:
  Loader(const Environment& environment, Loaded& loaded) : environment_(environment), loaded_(loaded) {}

  // What a file amounts to with its bases. `named` says where it is named, for errors.
  Definition load(const std::string& name, const std::string& directory, const std::string& named) {
    auto opened = open(name, directory);
    if (!opened.ok()) return report(named, opened.error()), Definition();
    bool circle = std::ranges::find(chain_, opened->identity, &Opened::identity) != chain_.end();
    chain_.push_back(std::move(*opened));
    Definition whole;
    if (circle)
      report(named, fail("base environments go round in a circle: " + chain_text()));
    else if (chain_.size() > max_depth)
      report(named, fail("base environments are nested more than " + std::to_string(max_depth) +
                         " deep: " + chain_text()));
    else if (++files_ > max_files)
      report(named, fail("more than " + std::to_string(max_files) + " base environments in all"));
    else
      whole = read_last();
    chain_.pop_back();
    return whole;
  }

 private:
  Result<Opened> open(const std::string& name, const std::string& directory) const {
    return open_file(TRY(find_file(name, environment_, directory)));
  }

  Definition read_last() {
    const auto path = chain_.back().path;
    auto document =
        parse_document(chain_.back().text, [&](std::string_view name) { return environment_.get(name); });
    for (const auto& problem : document.problems) add(problem.text(path));
    if (chain_.size() == 1) {
      loaded_.path = path;
      for (const auto& note : document.notes) loaded_.notes.push_back(note.text(path));
    }
    auto slash = path.rfind('/');
    auto directory = slash == path.npos ? "." : path.substr(0, slash + 1);
    Definition bases;
    for (const auto& base : document.bases) {
      if (files_ > max_files) break;
      Remark place{base.line, base.column, "base_environment", {}};
      bases = merged(std::move(bases), load(base.name, directory, place.text(path)));
    }
    return merged(std::move(bases), document.own);
  }

  void report(const std::string& named, const Error& error) { add(named + error.text()); }

  // A file that several name is read as often; what is wrong in it is told once.
  void add(std::string line) {
    auto& lines = loaded_.problems;
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
  }

  std::string chain_text() const {
    std::vector<std::string> paths;
    for (const auto& file : chain_) paths.push_back(file.path);
    return join(paths, " -> ");
  }

  const Environment& environment_;
  Loaded& loaded_;
  std::vector<Opened> chain_;  // the files that are being read, each a base of the one before
  size_t files_ = 0;
};

}  // namespace

Result<std::string> find_file(const std::string& name, const Environment& environment,
                              const std::string& directory) {
  if (name.find('/') != name.npos || name.ends_with(suffix)) {
    bool here = name.starts_with('/') || directory.empty();
    return here ? name : directory + (directory.ends_with('/') ? "" : "/") + name;
  }
  auto directories = search_path(environment);
  if (directories.empty())
    return fail("neither EDF_PATH nor HOME is set, so there is nowhere to look for " + printable(name),
                "give a path");
  for (const auto& place : directories) {
    auto path = place + "/" + name + std::string(suffix);
    if (auto found = open_path(path, O_PATH); found.ok() || found.error().code != ENOENT) return path;
  }
  auto near = nearest_name(name, names_in(directories));
  return fail("no " + printable(name) + std::string(suffix) + " in " + join(directories, " or "),
              near.empty() ? "EDF_PATH names the directories; a path has a '/' in it, or ends in .toml"
                           : "did you mean '" + near + "'?");
}

Loaded load(const std::string& name, const Environment& environment) {
  Loaded loaded;
  auto definition = Loader(environment, loaded).load(name, "", "");
  loaded.definition = std::move(definition);
  return loaded;
}

}  // namespace pyxis::edf
