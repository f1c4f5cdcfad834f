// Result<T>: a value or an Error. Errors name cause, object and remedy and grow context on the way up.
#pragma once

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pyxis {

// One failure. `message` reads "step: object: cause"; `remedy`, if known, is one sentence a user can act on.
struct Error {
  std::string message;
  std::string remedy;
  int code = 0;  // errno of the failing call, 0 if there is none

  // The same error, one step further up: "context: message".
  Error&& context(std::string_view what) && {
    message.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }
  Error&& with_remedy(std::string text) && {
    if (remedy.empty()) remedy = std::move(text);
    return std::move(*this);
  }
  // What a user reads: message, then the remedy after a semicolon.
  std::string text() const { return remedy.empty() ? message : message + "; " + remedy; }
};

// An error without errno.
inline Error fail(std::string message, std::string remedy = {}) {
  return Error{std::move(message), std::move(remedy), 0};
}

// An error of a system call: "what: strerror(code)".
inline Error sys_error(std::string_view what, int code = errno) {
  return Error{std::string(what) + ": " + strerrordesc_np(code), {}, code};
}

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void value() const {}
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

inline Result<void> ok() {
  return {};
}

}  // namespace pyxis

// TRY(expr): the value of a Result, or return its error from this function.
#define TRY(expr) PYXIS_TRY_(expr, PYXIS_JOIN_(try_result_, __COUNTER__))
#define PYXIS_TRY_(expr, result)                        \
  ({                                                    \
    auto result = (expr);                               \
    if (!result.ok()) return std::move(result).error(); \
    std::move(result).value();                          \
  })

// TRY_CONTEXT(expr, what): like TRY, and the error says what was being done.
#define TRY_CONTEXT(expr, what) PYXIS_TRY_CONTEXT_(expr, what, PYXIS_JOIN_(try_result_, __COUNTER__))
#define PYXIS_TRY_CONTEXT_(expr, what, result)                        \
  ({                                                                  \
    auto result = (expr);                                             \
    if (!result.ok()) return std::move(result).error().context(what); \
    std::move(result).value();                                        \
  })

#define PYXIS_JOIN_(a, b) PYXIS_JOIN_AGAIN_(a, b)
#define PYXIS_JOIN_AGAIN_(a, b) a##b
