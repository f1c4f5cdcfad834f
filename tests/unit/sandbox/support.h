// Irreversible acts (namespaces, ids, mounts) in forked children, as an ordinary user: EXPECTs in the child
// count.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "sandbox/sandbox.h"

namespace pyxis {

// Runs `body` in a child that is an ordinary user (when the tests run as root: an unprivileged id, else the
// caller's own), with an empty directory of that user's, removed afterwards.
void as_user(const std::function<void(const std::string& directory)>& body, uid_t uid = 12345);
// The same, inside new user and mount namespaces with all capabilities, ids mapped to themselves.
void in_namespaces(const std::function<void(const std::string& directory)>& body);
// Runs `body` in a child that has joined the sandbox, without capabilities.
void inside(const Sandbox& sandbox, const std::function<void()>& body);
// Runs `body` in a plain forked child.
void in_child(const std::function<void()>& body);

void make_file(const std::string& path, std::string_view text = "");
void make_link(const std::string& text, const std::string& path);
std::string content(const std::string& path);
bool exists(const std::string& path);
int open_dir(const std::string& path);

// A plan over DIR/layer0.. (made), with DIR/upper, DIR/work and DIR/mnt.
SandboxPlan overlay_plan(const std::string& directory, int layers = 1);

// What every container gets mounted.
void add_shipped_mounts(SandboxPlan& plan);

// "" on success, else the error's text.
template <class T>
std::string text_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().text();
}

}  // namespace pyxis
