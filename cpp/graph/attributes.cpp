#include "graph/attributes.h"

#include <algorithm>
#include <sstream>

namespace pronghorn {
namespace {

void print(std::ostream& out, bool value) {
  out << (value ? "true" : "false");
}
void print(std::ostream& out, int64_t value) {
  out << value;
}
void print(std::ostream& out, double value) {
  out << value;
}
void print(std::ostream& out, const std::string& value) {
  out << '"' << value << '"';
}
template <class T>
void print(std::ostream& out, const std::vector<T>& values) {
  out << '[';
  for (size_t i = 0; i < values.size(); i++) {
    if (i) out << ", ";
    print(out, values[i]);
  }
  out << ']';
}

auto position(auto& items, const std::string& name) {
  return std::lower_bound(items.begin(), items.end(), name,
                          [](const auto& item, const std::string& wanted) { return item.first < wanted; });
}

}  // namespace

Attributes::Attributes(std::initializer_list<std::pair<std::string, Attribute>> items) {
  for (const auto& [name, value] : items) set(name, value);
}

void Attributes::set(const std::string& name, Attribute value) {
  auto at = position(items_, name);
  if (at != items_.end() && at->first == name)
    at->second = std::move(value);
  else
    items_.insert(at, {name, std::move(value)});
}

const Attribute* Attributes::find(const std::string& name) const {
  auto at = position(items_, name);
  return at != items_.end() && at->first == name ? &at->second : nullptr;
}

std::string to_string(const Attributes& attributes) {
  std::ostringstream out;
  for (const auto& [name, value] : attributes.items()) {
    if (out.tellp() > 0) out << ", ";
    out << name << '=';
    std::visit([&](const auto& v) { print(out, v); }, value);
  }
  return out.str();
}

}  // namespace pronghorn
