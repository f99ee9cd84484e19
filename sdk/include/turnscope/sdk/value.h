// Attribute values and attributes, as views: what they point to has to live until the call they are passed to
// returns.
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turnscope::sdk {

/// A value of an attribute: string, bool, 64-bit integer, double, or a homogeneous array of one of them.
/// Text that is not UTF-8 is repaired with U+FFFD when it is encoded, so that no receiver refuses the batch.
class Value {
 public:
  enum class Type : std::uint8_t {
    string,
    boolean,
    integer,
    real,
    strings,
    string_views,
    integers,
    reals,
    booleans
  };

  Value(std::string_view v) : type_(Type::string), size_(v.size()), ptr_(v.data()) {}
  Value(const std::string& v) : Value(std::string_view(v)) {}
  Value(const char* v) : Value(v ? std::string_view(v) : std::string_view()) {}
  Value(bool v) : type_(Type::boolean), bool_(v) {}
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) Value(T v)
      : type_(Type::integer), int_(clamp(v)) {}
  template <std::floating_point T>
  Value(T v) : type_(Type::real), real_(static_cast<double>(v)) {}
  Value(std::span<const std::string> v) : type_(Type::strings), size_(v.size()), ptr_(v.data()) {}
  Value(const std::vector<std::string>& v) : Value(std::span<const std::string>(v)) {}
  Value(std::span<const std::string_view> v) : type_(Type::string_views), size_(v.size()), ptr_(v.data()) {}
  Value(const std::vector<std::string_view>& v) : Value(std::span<const std::string_view>(v)) {}
  Value(std::initializer_list<std::string_view> v)
      : type_(Type::string_views), size_(v.size()), ptr_(v.begin()) {}
  Value(std::span<const std::int64_t> v) : type_(Type::integers), size_(v.size()), ptr_(v.data()) {}
  Value(const std::vector<std::int64_t>& v) : Value(std::span<const std::int64_t>(v)) {}
  Value(std::span<const double> v) : type_(Type::reals), size_(v.size()), ptr_(v.data()) {}
  Value(const std::vector<double>& v) : Value(std::span<const double>(v)) {}
  Value(std::span<const bool> v) : type_(Type::booleans), size_(v.size()), ptr_(v.data()) {}

  Type type() const { return type_; }
  std::string_view string() const { return {static_cast<const char*>(ptr_), size_}; }
  bool boolean() const { return bool_; }
  std::int64_t integer() const { return int_; }
  double real() const { return real_; }
  /// Elements of an array value; T is std::string, std::string_view, int64_t, double or bool, as type() says.
  template <class T>
  std::span<const T> array() const {
    return {static_cast<const T*>(ptr_), size_};
  }

 private:
  /// An unsigned number above 2^63-1 has no OTLP form: it becomes the greatest that has one.
  template <class T>
  static std::int64_t clamp(T v) {
    if constexpr (sizeof(T) == 8 && std::unsigned_integral<T>)
      return v > static_cast<T>(INT64_MAX) ? INT64_MAX : static_cast<std::int64_t>(v);
    else
      return static_cast<std::int64_t>(v);
  }

  Type type_;
  std::size_t size_ = 0;
  union {
    const void* ptr_;
    bool bool_;
    std::int64_t int_;
    double real_;
  };
};

struct Attribute {
  std::string_view key;
  Value value;
};
/// Takes `{{"a", 1}, {"b", "x"}}`, a vector or an array of Attribute.
class Attributes : public std::span<const Attribute> {
 public:
  Attributes() = default;
  Attributes(std::initializer_list<Attribute> list) : std::span<const Attribute>(list.begin(), list.size()) {}
  Attributes(std::span<const Attribute> list) : std::span<const Attribute>(list) {}
  Attributes(const std::vector<Attribute>& list) : std::span<const Attribute>(list) {}
};

}  // namespace turnscope::sdk
