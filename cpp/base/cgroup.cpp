#include "base/cgroup.h"

#include <fstream>
#include <sstream>

namespace pronghorn {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "quota period" in microseconds, as in cpu.max; "max" and -1 stand for no limit.
double processors(const std::string& quota_and_period) {
  std::istringstream text(quota_and_period);
  double quota = 0, period = 0;
  return text >> quota >> period && quota > 0 && period > 0 ? quota / period : 0;
}

double quota_of_group(const std::string& folder, bool second) {
  if (second) return processors(first_line(folder + "/cpu.max"));
  return processors(first_line(folder + "/cpu.cfs_quota_us") + " " +
                    first_line(folder + "/cpu.cfs_period_us"));
}

// The least quota of a group and those above it. In a container the path may be one of the host that is not
// there: what is mounted at the top is the container's own group.
double least_quota(const std::string& mount, std::string group, bool second) {
  double least = 0;
  for (;;) {
    const double quota = quota_of_group(mount + group, second);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    if (group.empty()) return least;
    group.erase(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

}  // namespace

double cgroup_processors(const std::string& root) {
  double least = 0;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // number:controllers:path
    const size_t first = line.find(':'), last = line.find(':', first + 1);
    if (last == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, last - first - 1);
    const bool second = controllers.empty();
    if (!second && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    std::string group = line.substr(last + 1);
    if (group == "/") group.clear();
    const std::string mount = root + "/sys/fs/cgroup" + (second ? "" : "/" + controllers);
    const double quota = least_quota(mount, group, second);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  }
  return least;
}

}  // namespace pronghorn
