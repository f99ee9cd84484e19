#include "pipeline/redact_processor.h"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "base/anomaly.h"
#include "pipeline/content.h"
#include "pipeline/json_escape.h"

namespace turnscope::pipeline {
namespace {

using otlp::AnyValue;
using otlp::Attributes;
using otlp::KeyValue;

constexpr std::array<Anomaly, kDetectors> kAnomalies = {
    Anomaly::redact_found_email,      Anomaly::redact_found_phone,   Anomaly::redact_found_ssn,
    Anomaly::redact_found_card,       Anomaly::redact_found_iban,    Anomaly::redact_found_ip,
    Anomaly::redact_found_api_key,    Anomaly::redact_found_jwt,     Anomaly::redact_found_private_key,
    Anomaly::redact_found_credential, Anomaly::redact_found_address, Anomaly::redact_found_name,
    Anomaly::redact_found_pattern};

constexpr std::array<std::string_view, kDetectors> kMarks = {
#define DETECTOR(name, help) "turnscope.redacted." #name,
#include "pipeline/detector.def"
#undef DETECTOR
};

constexpr std::string_view kRemovedTexts = "turnscope.content.removed",
                           kRemovedBytes = "turnscope.content.bytes";

/// Rules of one resource, taken apart.
struct Rules {
  struct Rule {
    const RedactRule* rule;
    Treatment treatment;
  };
  std::vector<Rule> attribute;  ///< with a condition on the attribute or on the role
  Treatment usual;              ///< where no such rule holds
  RedactRule::Do usual_do = RedactRule::Do::detect;
  bool roles = false;
};

/// "gen_ai.user.message" → user; "gen_ai.choice" → assistant.
std::string_view role_of_event(std::string_view name) {
  if (!name.starts_with("gen_ai.")) return {};
  name.remove_prefix(7);
  if (name == "choice") return "assistant";
  if (name.ends_with(".message")) return name.substr(0, name.size() - 8);
  return {};
}

class Walk {
 public:
  Walk(const Redactor& redactor, Batch& batch) : redactor_(redactor), batch_(batch) {}
  ~Walk() {
    for (std::size_t d = 0; d < kDetectors; ++d)
      if (total_[d]) count(kAnomalies[d], total_[d]);
    if (removed_total_) count(Anomaly::redact_content_removed, removed_total_);
  }

  void enter(const otlp::Resource& resource) {
    const RedactOptions& o = redactor_.options();
    rules_.attribute.clear();
    rules_.roles = false;
    rules_.usual = redactor_.usual();
    rules_.usual_do = o.content ? RedactRule::Do::detect : RedactRule::Do::strip;
    if (o.rules.empty()) return;
    clean_.fill({});
    const std::string_view service = service_name(resource);
    for (const RedactRule& r : o.rules) {
      if (!r.service.empty() && !glob_matches(r.service, service)) continue;
      const Treatment t = Treatment::of(r.actions);
      if (r.attribute.empty() && r.role.empty()) {
        // Holds for everything of the service: later rules are never reached.
        rules_.usual_do = r.what;
        if (r.what == RedactRule::Do::detect) rules_.usual = t;
        break;
      }
      rules_.roles = rules_.roles || !r.role.empty();
      rules_.attribute.push_back({&r, t});
    }
  }

  void text(std::string_view& s, std::string_view key = {}) { text(s, key, rules_.usual); }

  void attributes(Attributes& list, std::string_view role = {}) {
    std::span<KeyValue> all = writable(list);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      KeyValue& kv = all[i];
      if (!attribute(kv, rules_.roles ? role_of(list, kv, role) : role)) continue;
      if (kept != i) all[kept] = kv;
      ++kept;
    }
    list = list.first(kept);
    if (keys_changed_) unique_keys(list);
  }

  /// Streamed answers come in chunks, and one secret may lie in two: texts of one kind that follow each other
  /// are looked at together where they touch.
  void across(std::span<otlp::Event> events) {
    for (std::size_t first = 0; first < events.size();) {
      std::size_t end = first + 1;
      while (end < events.size() && events[end].name == events[first].name) ++end;
      if (end - first > 1) {
        for (const KeyValue& kv : events[first].attributes) {
          if (!streamed(kv.key)) continue;
          pieces_.clear();
          for (std::size_t e = first; e < end; ++e)
            for (KeyValue& other : writable(events[e].attributes))
              if (other.key == kv.key && other.value.type == AnyValue::Type::string)
                pieces_.push_back(&other.value.text);
          across(pieces_, kv.key);
        }
      }
      first = end;
    }
  }
  void across(const std::vector<std::string_view*>& pieces, std::string_view key) {
    if (pieces.size() < 2 || rules_.usual_do != RedactRule::Do::detect) return;
    joined_.clear();
    seams_.clear();
    for (std::string_view* piece : pieces) {
      if (looks_like_json(*piece)) {
        seam(key);
        continue;
      }
      const std::size_t head = std::min(piece->size(), kSeam);
      seams_.push_back({piece, 0, joined_.size(), head});
      joined_.append(piece->substr(0, head));
      if (head == piece->size()) continue;
      seam(key);
      const std::size_t size = piece->size();  // which may have changed
      const std::size_t tail = std::max(std::min(head, size), size > kSeam ? size - kSeam : 0);
      seams_.push_back({piece, tail, joined_.size(), size - tail});
      joined_.append(piece->substr(tail));
    }
    seam(key);
  }

  /// Body of a log record.
  void body(AnyValue& v) {
    if (rules_.usual_do == RedactRule::Do::strip && holds_text(v)) {
      removed(v);
      v = {};
      return;
    }
    value(v, {}, rules_.usual);
  }
  void message(std::string_view& s) {
    if (rules_.usual_do == RedactRule::Do::strip && !s.empty()) {
      ++removed_;
      removed_bytes_ += s.size();
      s = {};
      batch_.changed = true;
      return;
    }
    text(s);
  }

  /// Ends an item: its counts become marks on it.
  void mark(Attributes& list) {
    removed_ += found_[kWholeValues];
    KeyValue marks[kDetectors + 2];
    std::size_t n = 0;
    for (std::size_t d = 0; d < kDetectors; ++d)
      if (found_[d]) marks[n++] = number_attribute(kMarks[d], found_[d]);
    if (removed_) {
      marks[n++] = number_attribute(kRemovedTexts, static_cast<std::int64_t>(removed_));
      marks[n++] = number_attribute(kRemovedBytes, static_cast<std::int64_t>(removed_bytes_));
    }
    if (n) add_attributes(list, {marks, n}, batch_.arena);
    forget();
  }
  /// Ends an item that may carry no marks (a metric's attributes are its identity).
  void forget() {
    for (std::size_t d = 0; d < kDetectors; ++d) total_[d] += found_[d];
    removed_total_ += removed_;
    found_ = {};
    removed_ = removed_bytes_ = 0;
  }

 private:
  struct Seam {
    std::string_view* piece;
    std::size_t from;           ///< in the piece
    std::size_t begin, length;  ///< in joined_
  };
  static constexpr std::size_t kSeam = 512;  ///< what is looked at on each side

  static bool streamed(std::string_view key) {
    constexpr std::string_view kEnds[] = {"content", "text", "delta", "chunk", "token", "completion"};
    return std::ranges::any_of(kEnds, [&](std::string_view end) { return key.ends_with(end); });
  }

  /// Takes out of the pieces what lies in several of them; then begins anew.
  void seam(std::string_view key) {
    if (seams_.size() > 1) {
      redactor_.find(joined_, key, rules_.usual, across_);
      for (auto f = across_.rbegin(); f != across_.rend(); ++f) {
        const auto touches = [&](const Seam& s) { return f->begin < s.begin + s.length && f->end > s.begin; };
        if (std::ranges::count_if(seams_, touches) < 2) continue;
        const auto stands = redactor_.stand_in(std::string_view(joined_).substr(f->begin, f->end - f->begin),
                                               *f, rules_.usual);
        ++found_[static_cast<std::size_t>(f->detector)];
        bool first = true;
        for (Seam& s : seams_) {
          if (!touches(s)) continue;
          const std::size_t begin = f->begin > s.begin ? f->begin - s.begin : 0;
          const std::size_t end = std::min<std::size_t>(f->end - s.begin, s.length);
          std::string changed(s.piece->substr(0, s.from + begin));
          if (first) changed += stands;
          changed += s.piece->substr(s.from + end);
          *s.piece = keep(batch_.arena, changed);
          first = false;
        }
        batch_.changed = true;
      }
    }
    joined_.clear();
    seams_.clear();
  }

  void text(std::string_view& s, std::string_view key, const Treatment& how) {
    if (!find(s, key, how)) return;
    s = keep(batch_.arena, scratch_);
    batch_.changed = true;
  }

  /// Keys, models, services and the like come again with every span of a request: a short text in which
  /// nothing was found is looked at once.
  struct Clean {
    std::uint64_t hash = 0;
    std::string_view text, key;
    bool holds(std::uint64_t h, std::string_view t, std::string_view k) const {
      return hash == h && text == t && key == k;
    }
  };
  bool find(std::string_view s, std::string_view key, const Treatment& how) {
    if (s.size() > kShort || key.size() > kShort || &how != &rules_.usual)
      return redactor_.redact(s, key, how, scratch_, found_);
    const std::uint64_t hash = XXH3_64bits_withSeed(s.data(), s.size(), key.size()) | 1;
    Clean& known = clean_[hash >> 1 & (clean_.size() - 1)];
    if (known.holds(hash, s, key)) return false;
    if (redactor_.redact(s, key, how, scratch_, found_)) return true;
    known = {hash, s, key};
    return false;
  }

  static bool holds_text(const AnyValue& v) {
    return v.type == AnyValue::Type::string || v.type == AnyValue::Type::bytes ||
           v.type == AnyValue::Type::array || v.type == AnyValue::Type::kvlist;
  }
  void removed(const AnyValue& v) {
    ++removed_;
    removed_bytes_ += bytes_of(v);
    batch_.changed = true;
  }
  static std::size_t bytes_of(const AnyValue& v) {
    std::size_t n = v.text.size();
    for (const AnyValue& e : v.values) n += bytes_of(e);
    for (const KeyValue& kv : v.fields) n += kv.key.size() + bytes_of(kv.value);
    return n;
  }

  void number(AnyValue& v, std::string_view key, const Treatment& how, std::string_view digits) {
    if (!redactor_.redact(digits, key, how, scratch_, found_)) return;
    v.type = AnyValue::Type::string;
    v.text = keep(batch_.arena, scratch_);
    batch_.changed = true;
  }

  void value(AnyValue& v, std::string_view key, const Treatment& how) {
    switch (v.type) {
      case AnyValue::Type::string:
      case AnyValue::Type::bytes:
        text(v.text, key, how);
        break;
      case AnyValue::Type::array:
        if (v.values.size() > 1 && &how == &rules_.usual && streamed(key)) {
          std::vector<std::string_view*> chunks;
          for (AnyValue& e : writable(v.values))
            if (e.type == AnyValue::Type::string) chunks.push_back(&e.text);
          across(chunks, key);
        }
        for (AnyValue& e : writable(v.values)) value(e, key, how);
        break;
      case AnyValue::Type::kvlist:
        for (KeyValue& kv : writable(v.fields)) {
          value(kv.value, kv.key, how);
          name(kv.key);
        }
        if (keys_changed_) unique_keys(v.fields);
        break;
      case AnyValue::Type::integer: {
        // Small numbers are counts and sizes; a card or phone number has seven digits and more.
        if (v.integer < 1'000'000 && v.integer > -1'000'000 && !secret_name(key)) break;
        char digits[24];
        const auto [end, error] = std::to_chars(digits, digits + sizeof digits, v.integer);
        number(v, key, how, {digits, static_cast<std::size_t>(end - digits)});
        break;
      }
      case AnyValue::Type::real: {
        if (!(std::abs(v.real) >= 1e9 && std::abs(v.real) < 9e15) || v.real != std::floor(v.real)) break;
        number(v, key, how, fmt::format("{:.0f}", v.real));
        break;
      }
      default:
        break;
    }
  }

  /// A key, or another name whose text is redacted, never dropped.
  void name(std::string_view& key) {
    if (!find(key, {}, rules_.usual)) return;
    key = keep(batch_.arena, scratch_.empty() ? std::string_view("[redacted]") : std::string_view(scratch_));
    batch_.changed = keys_changed_ = true;
  }

  /// Keys that became alike get numbers: keys must stay unique.
  void unique_keys(Attributes list) {
    keys_changed_ = false;
    std::span<KeyValue> all = writable(list);
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i].key.find('[') == std::string_view::npos) continue;
      const std::string_view base = all[i].key;
      for (std::size_t n = 2, k = 0; k < all.size() && n < 10'000; ++k) {
        if (k == i || all[k].key != all[i].key) continue;
        all[i].key = keep(batch_.arena, fmt::format("{}#{}", base, n++));
        k = static_cast<std::size_t>(-1);
      }
    }
  }

  /// The role of llm.input_messages.3.message.content is the value of llm.input_messages.3.message.role.
  std::string_view role_of(Attributes list, const KeyValue& kv, std::string_view role) const {
    if (!role.empty()) return role;
    for (std::size_t dot = kv.key.rfind('.'); dot != std::string_view::npos && dot > 0;
         dot = kv.key.rfind('.', dot - 1)) {
      const std::string_view stem = kv.key.substr(0, dot + 1);
      for (const KeyValue& other : list)
        if (other.key.size() == stem.size() + 4 && other.key.starts_with(stem) &&
            other.key.ends_with("role") && other.value.type == AnyValue::Type::string)
          return other.value.text;
    }
    return {};
  }

  /// False: the attribute goes.
  bool attribute(KeyValue& kv, std::string_view role) {
    const Treatment* how = &rules_.usual;
    RedactRule::Do what = rules_.usual_do;
    bool inside_roles = rules_.roles;
    for (const Rules::Rule& r : rules_.attribute) {
      if (!r.rule->attribute.empty() && !glob_matches(r.rule->attribute, kv.key)) continue;
      if (!r.rule->role.empty() &&
          (role.empty() || !glob_matches(r.rule->role, role) || kv.key.ends_with("role")))
        continue;
      what = r.rule->what;
      if (what == RedactRule::Do::detect) how = &r.treatment;
      inside_roles = false;
      break;
    }
    switch (what) {
      case RedactRule::Do::keep:
        return true;
      case RedactRule::Do::drop:
        removed(kv.value);
        return false;
      case RedactRule::Do::mask:
      case RedactRule::Do::hash:
      case RedactRule::Do::pseudonym: {
        std::string whole_text;
        flat(kv.value, whole_text);
        if (whole_text.empty()) return true;
        const std::string mark_text = redactor_.whole(whole_text, what);
        removed(kv.value);
        kv.value = text_attribute({}, keep(batch_.arena, mark_text)).value;
        name(kv.key);
        return true;
      }
      case RedactRule::Do::strip:
        if (holds_text(kv.value) && !structural_key(kv.key)) {
          removed(kv.value);
          return false;
        }
        break;
      case RedactRule::Do::detect:
        break;
    }
    if (inside_roles && kv.value.type == AnyValue::Type::string) {
      Treatment with_roles = *how;
      for (const Rules::Rule& r : rules_.attribute)
        if (!r.rule->role.empty() && (r.rule->attribute.empty() || glob_matches(r.rule->attribute, kv.key)))
          with_roles.roles.push_back({r.rule->role, r.rule->what, r.treatment.actions, r.treatment.wanted});
      text(kv.value.text, kv.key, with_roles);
    } else {
      value(kv.value, kv.key, *how);
    }
    name(kv.key);
    return true;
  }

  static void flat(const AnyValue& v, std::string& out) {
    switch (v.type) {
      case AnyValue::Type::string:
      case AnyValue::Type::bytes:
        out += v.text;
        break;
      case AnyValue::Type::integer:
        out += std::to_string(v.integer);
        break;
      case AnyValue::Type::real:
        out += fmt::format("{}", v.real);
        break;
      case AnyValue::Type::boolean:
        out += v.boolean ? "true" : "false";
        break;
      case AnyValue::Type::array:
        for (const AnyValue& e : v.values) {
          flat(e, out);
          out += '\n';
        }
        break;
      case AnyValue::Type::kvlist:
        for (const KeyValue& kv : v.fields) {
          out += kv.key;
          out += '=';
          flat(kv.value, out);
          out += '\n';
        }
        break;
      case AnyValue::Type::none:
        break;
    }
  }

  const Redactor& redactor_;
  Batch& batch_;
  Rules rules_;
  std::string scratch_, joined_;
  std::vector<Seam> seams_;
  std::vector<std::string_view*> pieces_;
  std::vector<Finding> across_;
  static constexpr std::size_t kShort = 96;
  std::array<Clean, 512> clean_{};
  FoundCounts found_{};
  std::array<std::uint64_t, kDetectors> total_{};
  std::size_t removed_ = 0, removed_bytes_ = 0, removed_total_ = 0;
  bool keys_changed_ = false;
};

class RedactProcessor final : public Processor {
 public:
  explicit RedactProcessor(std::shared_ptr<const Redactor> redactor) : redactor_(std::move(redactor)) {}

  void process(otlp::Traces& traces, Batch& batch) override {
    Walk walk(*redactor_, batch);
    groups(walk, traces.resources, [&](otlp::ScopeSpans& part) {
      for (otlp::Span& s : writable(part.spans)) span(walk, s);
    });
  }
  void process(otlp::Logs& logs, Batch& batch) override {
    Walk walk(*redactor_, batch);
    groups(walk, logs.resources, [&](otlp::ScopeLogs& part) {
      for (otlp::LogRecord& r : writable(part.records)) {
        walk.text(r.severity_text);
        walk.body(r.body);
        walk.text(r.event_name);
        walk.attributes(r.attributes, role_of_event(r.event_name));
        walk.mark(r.attributes);
      }
    });
  }
  void process(otlp::Metrics& metrics, Batch& batch) override {
    Walk walk(*redactor_, batch);
    groups(walk, metrics.resources, [&](otlp::ScopeMetrics& part) {
      for (otlp::Metric& m : writable(part.metrics)) {
        walk.text(m.name);
        walk.text(m.description);
        walk.text(m.unit);
        for (auto& p : writable(m.numbers)) point(walk, p), exemplars(walk, p.exemplars);
        for (auto& p : writable(m.histograms)) point(walk, p), exemplars(walk, p.exemplars);
        for (auto& p : writable(m.exponentials)) point(walk, p), exemplars(walk, p.exemplars);
        for (auto& p : writable(m.summaries)) point(walk, p);
        walk.forget();
      }
    });
  }

 private:
  template <typename Groups, typename F>
  void groups(Walk& walk, const Groups& all, F&& items) {
    for (auto& group : writable(all)) {
      walk.enter(group.resource);
      walk.attributes(group.resource.attributes);
      walk.text(group.resource.schema_url);
      walk.mark(group.resource.attributes);
      for (auto& part : writable(group.scopes)) {
        walk.text(part.scope.name);
        walk.text(part.scope.version);
        walk.attributes(part.scope.attributes);
        walk.text(part.scope.schema_url);
        walk.mark(part.scope.attributes);
        items(part);
      }
    }
  }

  static void span(Walk& walk, otlp::Span& s) {
    walk.text(s.name);
    walk.text(s.trace_state);
    walk.attributes(s.attributes);
    walk.across(writable(s.events));  // first: half a secret found alone would leave its other half
    for (otlp::Event& e : writable(s.events)) {
      walk.text(e.name);
      walk.attributes(e.attributes, role_of_event(e.name));
    }
    for (otlp::Link& l : writable(s.links)) {
      walk.text(l.trace_state);
      walk.attributes(l.attributes);
    }
    walk.message(s.status_message);
    walk.mark(s.attributes);
  }

  template <typename Point>
  static void point(Walk& walk, Point& p) {
    walk.attributes(p.attributes);
  }
  static void exemplars(Walk& walk, std::span<const otlp::Exemplar>& list) {
    for (otlp::Exemplar& e : writable(list)) walk.attributes(e.attributes);
  }

  const std::shared_ptr<const Redactor> redactor_;
};

}  // namespace

std::unique_ptr<Processor> make_redact_processor(std::shared_ptr<const Redactor> redactor) {
  return std::make_unique<RedactProcessor>(std::move(redactor));
}

}  // namespace turnscope::pipeline
