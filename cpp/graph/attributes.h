// The static parameters of a node: plain data, kept sorted by name so that equal sets compare and print
// equal.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "base/error.h"

namespace pronghorn {

using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>,
                               std::vector<std::string>>;

class Attributes {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> items);

  void set(const std::string& name, Attribute value);
  const Attribute* find(const std::string& name) const;

  // The attribute `name` as T. An int64_t serves where a double is asked for. Throws Error (Internal) if it
  // is missing or of another type.
  template <class T>
  T get(const std::string& name) const;
  template <class T>
  T get(const std::string& name, T otherwise) const {
    return find(name) ? get<T>(name) : otherwise;
  }
  DType dtype(const std::string& name = "dtype") const { return dtype_from_name(get<std::string>(name)); }

  const std::vector<std::pair<std::string, Attribute>>& items() const { return items_; }
  bool operator==(const Attributes& other) const { return items_ == other.items_; }

 private:
  std::vector<std::pair<std::string, Attribute>> items_;
};

template <class T>
T Attributes::get(const std::string& name) const {
  if (const Attribute* found = find(name)) {
    if (const T* value = std::get_if<T>(found)) return *value;
    if constexpr (std::is_same_v<T, double>)
      if (const int64_t* value = std::get_if<int64_t>(found)) return static_cast<double>(*value);
  }
  fail(ErrorKind::Internal, "attribute \"", name, "\" is missing or of another type");
}

std::string to_string(const Attributes& attributes);  // axis=1, keepdims=true

}  // namespace pronghorn
