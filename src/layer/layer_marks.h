// How an unpacked layer says "hidden": the marks of both forms, written and read.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "layer/unpack.h"

namespace pyxis {

// Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories" and "User xattr".
inline constexpr const char* opaque_xattr = "user.overlay.opaque";
inline constexpr const char* origin_xattr = "user.overlay.origin";
inline constexpr std::string_view overlay_xattr_prefix = "user.overlay.";

// An overlay whiteout: a character device 0:0.
bool is_whiteout(const struct stat& info);

// Hides `name` of the layers below in the directory `dir`. EEXIST where dir/name exists (overlay form only).
Result<void> make_whiteout(int dir, const std::string& name, LayerForm form);
// Makes `dir` opaque; true unless it was already.
Result<bool> make_opaque(int dir, LayerForm form);

// Whether `dir` is opaque, in either form.
bool is_opaque(int dir);

}  // namespace pyxis
