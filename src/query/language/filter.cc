#include "query/language/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/edit_distance.h"
#include "query/language/comparison.h"
#include "query/language/values.h"

namespace turnscope::query {
namespace {

enum class FieldType {
  text,
  root_name,
  choice,
  number,
  duration,
  money,
  error,
  trace,
  span,
  event,
  scope_name
};

struct Choice {
  std::string_view name;
  std::uint64_t value;
};
// The numbers are those of the columns: genai::Kind, otlp::StatusCode, otlp::SpanKind.
constexpr std::array<Choice, 8> kKinds = {{{"other", 0},
                                           {"agent", 1},
                                           {"turn", 2},
                                           {"llm", 3},
                                           {"tool", 4},
                                           {"retrieval", 5},
                                           {"embedding", 6},
                                           {"chain", 7}}};
constexpr std::array<Choice, 3> kStatuses = {{{"unset", 0}, {"ok", 1}, {"error", 2}}};
constexpr std::array<Choice, 6> kSpanKinds = {
    {{"unspecified", 0}, {"internal", 1}, {"server", 2}, {"client", 3}, {"producer", 4}, {"consumer", 5}}};

struct Field {
  std::string_view name;
  FieldType type;
  Fragment column;       ///< expression of its value
  Fragment known = "1";  ///< when the value is known (unknown matches no comparison)
  std::span<const Choice> choices = {};
};

constexpr Field kFields[] = {
    {"service", FieldType::text, "service"},
    {"name", FieldType::text, "name"},
    {"root_name", FieldType::root_name, "name"},
    {"kind", FieldType::choice, "kind", "1", kKinds},
    {"status", FieldType::choice, "status", "1", kStatuses},
    {"span_kind", FieldType::choice, "span_kind", "1", kSpanKinds},
    {"model", FieldType::text, "model"},
    {"provider", FieldType::text, "provider"},
    {"tool", FieldType::text, "tool"},
    {"agent", FieldType::text, "agent"},
    {"session", FieldType::text, "session"},
    {"user", FieldType::text, "user"},
    {"operation", FieldType::text, "operation"},
    {"environment", FieldType::text, "environment"},
    {"prompt_name", FieldType::text, "prompt_name"},
    {"prompt_version", FieldType::text, "prompt_version"},
    {"experiment", FieldType::text, "experiment"},
    {"variant", FieldType::text, "variant"},
    {"error_type", FieldType::text, "error_type"},
    {"duration", FieldType::duration, "duration_ns", "bitAnd(time_flags, 5) = 0"},
    {"tokens", FieldType::number,
     "(tok_input + tok_cache_read + tok_cache_write + tok_output + tok_reasoning)",
     "bitAnd(usage_known, 31) != 0"},
    {"input_tokens", FieldType::number, "(tok_input + tok_cache_read + tok_cache_write)",
     "bitAnd(usage_known, 7) != 0"},
    {"output_tokens", FieldType::number, "(tok_output + tok_reasoning)", "bitAnd(usage_known, 24) != 0"},
    // Computed where the price table knows the model, else what the client reported.
    {"cost", FieldType::money, "if(usage_role = 1 AND cost_state >= 2, cost_nano, reported_cost_nano)",
     "((usage_role = 1 AND cost_state >= 2) OR bitAnd(usage_known, 256) != 0)"},
    {"turn", FieldType::number, "turn_number", "turn_number >= 0"},
    {"turn_number", FieldType::number, "turn_number", "turn_number >= 0"},
    {"error", FieldType::error, "is_error"},
    {"trace", FieldType::trace, "trace_id"},
    {"span", FieldType::span, "span_id"},
    {"event.name", FieldType::event, "ev_name"},
    {"scope.name", FieldType::text, "scope"},
    {"scope.version", FieldType::text, "scope_version"},
};

const Field* find_field(std::string_view name) {
  for (const auto& f : kFields)
    if (f.name == name) return &f;
  return nullptr;
}

std::string join(std::span<const Choice> choices) {
  std::string out;
  for (const auto& c : choices) {
    if (!out.empty()) out += '|';
    out += c.name;
  }
  return out;
}

class Compiler {
 public:
  Compiler(const ProbeAnswers& answers, const StructureAnswers& structures, std::size_t first,
           std::uint32_t project, const TextAnswers& texts, bool shared_texts)
      : answers_(answers),
        structures_(structures),
        texts_(texts),
        project_(project),
        shared_texts_(shared_texts) {
    sql_.start_names_at(first);
  }

  SearchResult<Filter> run(const Node* tree) {
    Filter filter;
    if (!tree) {
      sql_ << "1";
    } else {
      filter.everything = false;
      std::vector<const Node*> terms;
      if (tree->type == Node::Type::all)
        for (const auto& child : tree->children) terms.push_back(child.get());
      else
        terms.push_back(tree);
      std::stable_sort(terms.begin(), terms.end(),
                       [](const Node* a, const Node* b) { return weight(*a) < weight(*b); });
      for (const auto* term : terms) {
        if (weight(*term) == kHeavy && filter.first.text().empty() && term != terms.front()) {
          const auto next = sql_.next_name();
          filter.first = std::exchange(sql_, {});
          sql_.start_names_at(next);
        }
        if (!sql_.text().empty()) sql_ << " AND ";
        if (auto ok = node(*term); !ok) return std::unexpected(ok.error());
      }
      (weight(*terms.back()) == kHeavy ? filter.rest : filter.first) = std::move(sql_);
      sql_ = filter.first;
      if (!filter.first.text().empty() && !filter.rest.text().empty()) sql_ << " AND ";
      sql_.append(filter.rest);
      sql_.start_names_at(std::max(filter.first.next_name(), filter.rest.next_name()));
    }
    for (const auto& [term, times] : texts_)
      if (filter.chunk_ends.empty()) filter.chunk_ends = times.chunk_ends;
    filter.predicate = std::move(sql_);
    filter.needs_cost = needs_cost_;
    filter.hints = std::move(hints_);
    return filter;
  }

 private:
  using Ok = SearchResult<bool>;

  /// How much must be read to decide a term: a dictionary's numbers, a number, or maps and texts.
  static constexpr int kHeavy = 2;
  static int weight(const Node& n) {
    if (n.type == Node::Type::negate) return weight(*n.children.front());
    if (n.type != Node::Type::term) return kHeavy;
    const auto* field = find_field(n.field);
    if (field == nullptr) return kHeavy;
    switch (field->type) {
      case FieldType::text:
      case FieldType::choice:
      case FieldType::error:
        return 0;
      case FieldType::root_name:
      case FieldType::number:
      case FieldType::duration:
        return 1;
      default:
        return kHeavy;
    }
  }

  Ok node(const Node& n) {
    switch (n.type) {
      case Node::Type::term:
        return term(n);
      case Node::Type::text:
        return text(n);
      case Node::Type::structure: {
        const auto it = structures_.find(&n);
        if (it == structures_.end() || it->second.spans.empty()) {
          sql_ << "0";
          return true;
        }
        sql_ << "(span_id IN ";
        sql_.u64s(it->second.spans)
            << " AND (trace_id, span_id) IN (SELECT tupleElement(z, 1), tupleElement(z, 2) "
               "FROM (SELECT arrayJoin(arrayZip(";
        sql_.traces(it->second.traces) << ", ";
        sql_.u64s(it->second.spans) << ")) AS z)))";
        return true;
      }
      case Node::Type::negate: {
        sql_ << "NOT ";
        return node(*n.children.front());
      }
      case Node::Type::all:
      case Node::Type::any: {
        sql_ << "(";
        for (std::size_t i = 0; i < n.children.size(); ++i) {
          if (i && n.type == Node::Type::all) sql_ << " AND ";
          if (i && n.type == Node::Type::any) sql_ << " OR ";
          if (auto ok = node(*n.children[i]); !ok) return ok;
        }
        sql_ << ")";
        return true;
      }
    }
    return true;
  }

  static std::unexpected<SearchError> bad_value(const Node& n, std::string_view wanted) {
    return std::unexpected(SearchError{
        fmt::format("`{}` cannot be compared with `{}`: {}", n.field, n.value, wanted), n.value_position});
  }

  Ok check_regex(const Node& n) {
    if (const auto problem = regex_problem(n.value); !problem.empty())
      return bad_value(n, fmt::format("the regular expression (RE2 syntax) is not valid: {}", problem));
    return true;
  }

  // A word of prompts, completions, arguments, results, or a name; letters of any case.
  Ok text(const Node& n) {
    std::string needle = n.value;
    if (!n.quoted) {
      while (needle.starts_with('*')) needle.erase(0, 1);
      while (needle.ends_with('*')) needle.pop_back();
    }
    if (needle.empty()) {
      sql_ << "1";
      return true;
    }
    const bool pattern = !n.quoted && needle.find('*') != std::string::npos;
    const auto narrowed = texts_.find(&n);
    if (narrowed != texts_.end()) {
      sql_ << "(";
      in_times(narrowed->second);
      sql_ << " AND ";
    }
    sql_ << "(";
    bool first = true;
    const auto look_in = [&](Fragment column) {
      if (!first) sql_ << " OR ";
      first = false;
      if (pattern) {
        sql_ << column << " ILIKE ";
        sql_.str(like_pattern("*" + needle + "*"));
      } else {
        sql_ << "positionCaseInsensitiveUTF8(" << column << ", ";
        sql_.str(needle) << ") > 0";
      }
    };
    look_in("input");
    look_in("output");
    look_in("extra");
    look_in("name");
    look_in("tool");
    look_in("agent");
    look_in("question");
    look_in("answer");
    look_in("error_message");
    look_in("status_message");
    if (shared_texts_) shared_text(look_in, first, narrowed);
    sql_ << ")";
    if (narrowed != texts_.end()) sql_ << ")";
    return true;
  }

  /// Texts that are shared between spans (the history of a conversation) stand in a table of their own.
  template <typename LookIn, typename Narrowed>
  void shared_text(const LookIn& look_in, bool& first, const Narrowed& narrowed) {
    sql_ << " OR (notEmpty(shared) AND hasAny(shared, (SELECT groupArray(id) FROM (SELECT id FROM "
            "content_parts WHERE ";
    if (project_ != 0) {
      sql_ << "project = ";
      sql_.u32(project_) << " AND (";
    } else {
      sql_ << "(";
    }
    first = true;
    look_in("text");
    sql_ << ")";
    if (narrowed != texts_.end()) {
      sql_ << " AND id IN (SELECT arrayJoin(shared) FROM spans WHERE project = ";
      sql_.u32(project_) << " AND notEmpty(shared) AND ";
      in_times(narrowed->second);
      sql_ << ")";
    }
    sql_ << " LIMIT 100000))))";
  }

  void in_times(const TextTimes& times) {
    sql_ << "(";
    bool first = true;
    // Beside it the primary key does not help, so only where there are such spans.
    if (times.since != 0 || times.starts.empty()) {
      sql_ << "version < ";
      sql_.u64(times.since);
      first = false;
    }
    for (const auto& [from, to] : times.starts) {
      if (!first) sql_ << " OR ";
      first = false;
      sql_ << "(start >= ";
      sql_.time(std::max<std::int64_t>(from, 0)) << " AND start <= ";
      sql_.time(to) << ")";
    }
    sql_ << ")";
  }

  Ok term(const Node& n) {
    const Field* field = find_field(n.field);
    if (n.op == Op::match)
      if (auto ok = check_regex(n); !ok) return ok;
    if (!field) return attribute(n);
    switch (field->type) {
      case FieldType::text:
        return text_field(*field, n);
      case FieldType::root_name: {
        sql_ << "(parent_span_id = 0 AND ";
        if (auto ok = text_field(*field, n); !ok) return ok;
        sql_ << ")";
        return true;
      }
      case FieldType::choice:
        return choice(*field, n);
      case FieldType::number:
      case FieldType::duration:
      case FieldType::money:
        return number(*field, n);
      case FieldType::error:
        return error(n);
      case FieldType::trace:
        return trace(n);
      case FieldType::span:
        return span(n);
      case FieldType::event:
        return event(n);
      case FieldType::scope_name:
        break;
    }
    return true;
  }

  Ok text_field(const Field& f, const Node& n) {
    if (n.op == Op::exists || (n.op == Op::eq && !n.quoted && n.value == "*")) {
      sql_ << f.column << " != ''";
      return true;
    }
    if (n.op == Op::eq && !has_wildcard(n)) {
      text_comparison(sql_, f.column, n);
      return true;
    }
    sql_ << "(" << f.column << " != '' AND ";
    if (n.op == Op::match) {
      sql_ << "match(" << f.column << ", ";
      sql_.str(n.value) << ")";
    } else {
      text_comparison(sql_, f.column, n);
    }
    sql_ << ")";
    return true;
  }

  Ok choice(const Field& f, const Node& n) {
    if (n.op == Op::exists) {
      sql_ << "1";
      return true;
    }
    if (n.op != Op::eq && n.op != Op::ne)
      return bad_value(n,
                       fmt::format("use `{}:` or `{}!=` with one of {}", n.field, n.field, join(f.choices)));
    for (const auto& c : f.choices) {
      if (c.name != n.value) continue;
      sql_ << f.column;
      compare(sql_, n.op);
      sql_.u64(c.value);
      return true;
    }
    return bad_value(n, fmt::format("it is one of {}", join(f.choices)));
  }

  Ok number(const Field& f, const Node& n) {
    needs_cost_ = needs_cost_ || f.type == FieldType::money;
    if (n.op == Op::exists) {
      sql_ << "(" << f.known << ")";
      return true;
    }
    if (n.op == Op::match)
      return bad_value(n, "a number has no regular expression; use =, !=, >, >=, < or <=");
    sql_ << "(" << f.known << " AND " << f.column;
    compare(sql_, n.op);
    if (f.type == FieldType::duration) {
      const auto value = parse_duration(n.value);
      if (!value) return bad_value(n, "give a duration with its unit, as 500ms, 2s or 1m30s");
      sql_.u64(*value);
    } else if (f.type == FieldType::money) {
      const auto value = parse_money(n.value);
      if (!value) return bad_value(n, "give an amount in US dollars, as 0.05 or $1.20");
      sql_.i64(*value);
    } else {
      const auto value = parse_number(n.value);
      if (!value) return bad_value(n, "give a number, as 1000 or 20k");
      sql_.f64(*value);
    }
    sql_ << ")";
    return true;
  }

  Ok error(const Node& n) {
    if (n.op == Op::exists) {
      sql_ << "is_error = 1";
      return true;
    }
    if (const auto flag = parse_bool(n.value); flag && (n.op == Op::eq || n.op == Op::ne)) {
      if (*flag == (n.op == Op::eq))
        sql_ << "is_error = 1";
      else
        sql_ << "is_error = 0";
      return true;
    }
    // Another value names the error: its type, or a part of its message.
    sql_ << "(is_error = 1 AND (";
    if (n.op == Op::match) {
      sql_ << "match(error_type, ";
      sql_.str(n.value) << ") OR match(error_message, ";
      sql_.str(n.value) << ")";
    } else if (n.op == Op::eq) {
      text_comparison(sql_, "error_type", n);
      sql_ << " OR ";
      text_comparison(sql_, "error_message", n);
    } else if (n.op == Op::ne) {
      text_comparison(sql_, "error_type", n);
      sql_ << " AND ";
      text_comparison(sql_, "error_message", n);
    } else {
      return bad_value(n, "use error:true, error:false, error:TYPE or error ~ EXPRESSION");
    }
    sql_ << "))";
    return true;
  }

  Ok trace(const Node& n) {
    if (n.op == Op::exists) {
      sql_ << "1";
      return true;
    }
    const auto id = parse_trace_id(n.value);
    if (!id || (n.op != Op::eq && n.op != Op::ne))
      return bad_value(n, "give a trace id of up to 32 hex digits, with : or !=");
    sql_ << "trace_id";
    compare(sql_, n.op);
    sql_.trace(*id);
    return true;
  }

  Ok span(const Node& n) {
    if (n.op == Op::exists) {
      sql_ << "1";
      return true;
    }
    const auto id = parse_span_id(n.value);
    if (!id || (n.op != Op::eq && n.op != Op::ne))
      return bad_value(n, "give a span id of up to 16 hex digits, with : or !=");
    sql_ << "span_id";
    compare(sql_, n.op);
    sql_.u64(*id);
    return true;
  }

  Ok event(const Node& n) {
    if (n.op == Op::exists) {
      sql_ << "notEmpty(ev_name)";
    } else if (n.op == Op::eq && !has_wildcard(n)) {
      sql_ << "has(ev_name, ";
      sql_.str(n.value) << ")";
    } else {
      sql_ << "arrayExists(e -> ";
      if (n.op == Op::match) {
        sql_ << "match(e, ";
        sql_.str(n.value) << ")";
      } else {
        text_comparison(sql_, "e", n);
      }
      sql_ << ", ev_name)";
    }
    return true;
  }

  void hint(const Node& n) {
    if (n.field.find('.') != std::string::npos) return;
    for (const auto& f : kFields) {
      if (edit_distance(n.field, f.name, 2) > (f.name.size() >= 5 ? 2u : 1u)) continue;
      hints_.push_back(
          fmt::format("`{}` is searched as an attribute; did you mean the field `{}`?", n.field, f.name));
      return;
    }
  }

  Ok attribute(const Node& n) {
    hint(n);
    const auto a = attribute_of(n.field);
    if (a.key.size() > 1024) return bad_value(n, "attribute keys have at most 1,024 bytes");
    sql_ << "(";
    first_ = true;
    if (a.span) span_attribute(a.key, n);
    for (const bool scope : {false, true}) {
      if (!(scope ? a.scope : a.resource)) continue;
      const auto it = answers_.find({&n, scope});
      if (it == answers_.end() || it->second.empty()) continue;
      if (it->second.size() > kProbeLimit)
        return bad_value(n,
                         fmt::format("more than {} different resources match; narrow the term", kProbeLimit));
      alternative();
      if (scope)
        sql_ << "scope_id IN ";
      else
        sql_ << "resource_id IN ";
      sql_.u64s(it->second);
    }
    if (first_) sql_ << "0";
    sql_ << ")";
    return true;
  }

  void alternative() {
    if (!first_) sql_ << " OR ";
    first_ = false;
  }

  // Each alternative asks for the key first, in the form that the bloom filter on mapKeys(attrs_str)
  // understands.
  void span_attribute(std::string_view key, const Node& n) {
    if (n.op == Op::exists || (n.op == Op::eq && !n.quoted && n.value == "*")) {
      key_in("attrs_str", key);
      key_in("attrs_int", key);
      key_in("attrs_dbl", key);
      key_in("attrs_bool", key);
      key_in("attrs_json", key);
      key_in("attrs_ref", key);
      return;
    }
    if (n.op == Op::match || has_wildcard(n)) {
      text_in("attrs_str", key, n);
      text_in("attrs_json", key, n);
      reference(key, n);
      if (n.op == Op::ne) numbers(key, n);
      return;
    }
    const auto number = parse_number(n.value);
    const bool ordered = n.op != Op::eq && n.op != Op::ne;
    if (!ordered || n.quoted || !number) {
      if (n.op == Op::eq && !n.value.empty()) {
        alternative();
        sql_ << "(has(mapKeys(attrs_str), ";
        sql_.str(key) << ") AND has(mapValues(attrs_str), ";
        sql_.str(n.value) << ") AND attrs_str[";
        sql_.str(key) << "] = ";
        sql_.str(n.value) << ")";
      } else {
        text_in("attrs_str", key, n);
      }
      // Texts of content and long ones lie in the payload. To look there is dear (and keeps the index from
      // helping), so equality does it only where such a text can be meant.
      if (n.op != Op::eq || n.value.size() > kInlineBytes || is_content_key(key)) reference(key, n);
    }
    if (!n.quoted) numbers(key, n);
  }

  void numbers(std::string_view key, const Node& n) {
    // A whole number is compared as one, so that ids beyond 2^53 stay exact.
    const auto whole = parse_integer(n.value);
    const auto real = parse_number(n.value);
    const auto flag = parse_bool(n.value);
    const bool differs = n.op == Op::ne;
    if (whole || real || differs) {
      alternative();
      sql_ << "(has(mapKeys(attrs_int), ";
      sql_.str(key) << ")";
      if (whole || real) {
        value_at("attrs_int", key);
        compare(sql_, n.op);
        if (whole)
          sql_.i64(*whole);
        else
          sql_.f64(*real);
      }
      sql_ << ")";
      alternative();
      sql_ << "(has(mapKeys(attrs_dbl), ";
      sql_.str(key) << ")";
      if (real) {
        value_at("attrs_dbl", key);
        compare(sql_, n.op);
        sql_.f64(*real);
      }
      sql_ << ")";
    }
    if (differs || (flag && n.op == Op::eq)) {
      alternative();
      sql_ << "(has(mapKeys(attrs_bool), ";
      sql_.str(key) << ")";
      if (flag) {
        value_at("attrs_bool", key);
        compare(sql_, n.op);
        sql_.u64(*flag ? 1 : 0);
      }
      sql_ << ")";
    }
  }

  /// The key's value in a map that has the key. Read by place: a map's values alone are read in two thirds of
  /// the time that `map[key]` takes, which reads the keys a second time.
  void value_at(Fragment map, std::string_view key) {
    sql_ << " AND " << map << ".values[indexOf(" << map << ".keys, ";
    sql_.str(key) << ")]";
  }

  void key_in(Fragment map, std::string_view key) {
    alternative();
    sql_ << "has(mapKeys(" << map << "), ";
    sql_.str(key) << ")";
  }

  void text_in(Fragment map, std::string_view key, const Node& n) {
    alternative();
    sql_ << "(has(mapKeys(" << map << "), ";
    sql_.str(key) << ") AND ";
    if (n.op == Op::match) {
      sql_ << "match(" << map << "[";
      sql_.str(key) << "], ";
      sql_.str(n.value) << ")";
    } else {
      sql_ << map << "[";
      sql_.str(key) << "]";
      text_comparison(sql_, "", n);
    }
    sql_ << ")";
  }

  void reference(std::string_view key, const Node& n) {
    alternative();
    sql_ << "(has(mapKeys(attrs_ref), ";
    sql_.str(key) << ") AND ";
    if (n.op == Op::match) {
      sql_ << "match(";
      referenced_text(sql_, key);
      sql_ << ", ";
      sql_.str(n.value) << ")";
    } else {
      referenced_text(sql_, key);
      text_comparison(sql_, "", n);
    }
    sql_ << ")";
  }

  const ProbeAnswers& answers_;
  const StructureAnswers& structures_;
  const TextAnswers& texts_;
  std::uint32_t project_;
  const bool shared_texts_;
  Sql sql_;
  std::vector<std::string> hints_;
  bool first_ = true, needs_cost_ = false;
};

void collect(const Node& n, std::uint32_t project, std::vector<Probe>& out) {
  for (const auto& child : n.children)
    if (child) collect(*child, project, out);
  if (n.type != Node::Type::term || find_field(n.field)) return;
  const auto a = attribute_of(n.field);
  for (const bool scope : {false, true}) {
    if (!(scope ? a.scope : a.resource)) continue;
    Probe probe{&n, scope, Sql("SELECT DISTINCT id FROM resources WHERE project = ")};
    auto& sql = probe.sql;
    sql.u32(project) << " AND is_scope = ";
    sql.u64(scope ? 1 : 0) << " AND ";
    if (n.op == Op::exists || (n.op == Op::eq && !n.quoted && n.value == "*")) {
      sql << "(has(mapKeys(attrs_str), ";
      sql.str(a.key) << ") OR position(attrs_json, ";
      sql.str(fmt::format("\"key\":\"{}\"", a.key)) << ") > 0)";
    } else {
      sql << "((has(mapKeys(attrs_str), ";
      sql.str(a.key) << ") AND ";
      if (n.op == Op::match) {
        sql << "match(attrs_str[";
        sql.str(a.key) << "], ";
        sql.str(n.value) << ")";
      } else {
        sql << "attrs_str[";
        sql.str(a.key) << "]";
        text_comparison(sql, "", n);
      }
      sql << ")";
      if (const auto whole = parse_integer(n.value); whole && n.op == Op::eq) {
        sql << " OR position(attrs_json, ";
        sql.str(fmt::format("\"key\":\"{}\",\"value\":{{\"intValue\":\"{}\"}}", a.key, *whole)) << ") > 0";
      }
      sql << ")";
    }
    sql << " LIMIT 20001";
    out.push_back(std::move(probe));
  }
}

}  // namespace

std::vector<const Node*> structures(const Node* tree) {
  std::vector<const Node*> out;
  if (!tree) return out;
  if (tree->type == Node::Type::structure) return {tree};
  for (const auto& child : tree->children)
    for (const auto* found : structures(child.get())) out.push_back(found);
  return out;
}

std::vector<Probe> probes(const Node* tree, std::uint32_t project) {
  std::vector<Probe> out;
  if (tree) collect(*tree, project, out);
  return out;
}

SearchResult<Filter> to_filter(const Node* tree, const ProbeAnswers& answers, std::size_t first_parameter,
                               const StructureAnswers& structures, std::uint32_t project,
                               const TextAnswers& texts, bool shared_texts) {
  return Compiler(answers, structures, first_parameter, project, texts, shared_texts).run(tree);
}

std::vector<FieldInfo> search_fields() {
  static constexpr std::string_view kKindNames = "agent|turn|llm|tool|retrieval|embedding|chain|other";
  std::vector<FieldInfo> out;
  for (const auto& f : kFields) {
    std::string_view type = "text";
    switch (f.type) {
      case FieldType::number:
        type = "number";
        break;
      case FieldType::duration:
        type = "duration";
        break;
      case FieldType::money:
        type = "money";
        break;
      case FieldType::error:
        type = "bool";
        break;
      case FieldType::trace:
      case FieldType::span:
        type = "id";
        break;
      case FieldType::choice:
        type = f.name == "kind" ? kKindNames
               : f.name == "status"
                   ? std::string_view("unset|ok|error")
                   : std::string_view("unspecified|internal|server|client|producer|consumer");
        break;
      default:
        break;
    }
    out.push_back({f.name, type});
  }
  return out;
}

}  // namespace turnscope::query
