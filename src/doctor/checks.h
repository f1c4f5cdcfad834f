// The checks, one function for each thing that a node needs. Each runs in a process of its own (doctor.cc),
// may do there what it likes, and may take its time: it is ended at a deadline.
#pragma once

#include <string>

#include "doctor/context.h"
#include "doctor/finding.h"
#include "doctor/image_needs.h"

namespace pyxis::doctor {

// kernel.cc
Findings check_kernel(const Context& context);
Findings check_user_namespaces(const Context& context);
Findings check_filters(const Context& context);
Findings check_fuse_mounts(const Context& context);
Findings check_cgroups(const Context& context);

// installation.cc
Findings check_settings(const Context& context);
Findings check_programs(const Context& context);

// storage.cc
Findings check_user_store(const Context& context);
Findings check_image_cache(const Context& context);
Findings check_node_store(const Context& context);
Findings check_runtime_directory(const Context& context);
Findings check_temporary_directory(const Context& context);

// slurm.cc
Findings check_slurm(const Context& context);

// registries.cc
Findings check_registry(const Context& context, const std::string& registry);
Findings check_registries_conf(const Context& context);

// clock.cc
Findings check_clock(const Context& context);

// devices.cc
Findings check_nvidia(const Context& context);
Findings check_amd(const Context& context);
Findings check_cdi(const Context& context);

// image.cc
Findings check_image(const Context& context, const ImageToCheck& image);
// What is in it, against the node.
Findings judge_needs(const Context& context, const ImageNeeds& needs);

}  // namespace pyxis::doctor
