// The share of the processors that a container, or a service, is given.
#pragma once
#include <string>

namespace pronghorn {

// Processors' worth of time that the control groups of this process allow, 0 where they set no limit: the
// least quota from its group up to the root, of version 2 or 1. Files are looked for below `root`.
double cgroup_processors(const std::string& root = "");

}  // namespace pronghorn
