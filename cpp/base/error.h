// Errors that reach the user. Bindings turn each kind into the Python exception of that name.
#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace pronghorn {

enum class ErrorKind { Value, Type, Index, NotImplemented, Memory, Internal };

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  const ErrorKind kind;
};

// fail(ErrorKind::Value, "concatenate: axis is ", axis, ", but ...") throws an Error whose text is all the
// parts.
template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(kind, text.str());
}

template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail(ErrorKind::Value, parts...);
}

}  // namespace pronghorn
