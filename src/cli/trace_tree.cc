#include "cli/trace_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/logger.h"
#include "cli/json_access.h"

namespace turnscope::cli {
namespace {

using boost::json::value;

struct Mark {
  std::string_view glyph;
  Style style;
};

Mark mark_of(std::string_view kind, bool error) {
  if (error) return {"▲", Style::red};
  if (kind == "agent") return {"⬢", Style::magenta};
  if (kind == "turn") return {"↻", Style::bold};
  if (kind == "llm") return {"✦", Style::blue};
  if (kind == "tool") return {"■", Style::yellow};
  if (kind == "retrieval") return {"◉", Style::green};
  if (kind == "embedding") return {"⁙", Style::yellow};
  if (kind == "chain") return {"≡", Style::magenta};
  return {"·", Style::dim};
}

// Computed cost if there is one, else what the client reported (marked), else "—".
std::string cost_text(const value* cost, bool priceable) {
  if (!cost) return priceable ? "—" : "";
  if (const auto nano = number(*cost, "nano_usd")) {
    return format_money(*nano) + (text(*cost, "state") == "partly" ? "+" : "");
  }
  if (const auto reported = number(*cost, "reported_nano_usd")) return format_money(*reported) + "*";
  return priceable ? "—" : "";
}

std::string tokens_text(const value& row) {
  const auto* usage = field(row, "usage");
  if (!usage || text(*usage, "role") == "aggregate") return "";
  const auto in = number(*usage, "total_input"), out = number(*usage, "total_output");
  if (!in && !out) return "";
  const auto part = [](std::optional<std::int64_t> n) {
    return n ? format_count(static_cast<std::uint64_t>(*n)) : std::string("—");
  };
  return part(in) + " → " + part(out);
}

std::string sum_text(const value& rollup) {
  return format_count(static_cast<std::uint64_t>(number(rollup, "input").value_or(0))) + " → " +
         format_count(static_cast<std::uint64_t>(number(rollup, "output").value_or(0)));
}

struct Line {
  std::string tree;  // guides
  Mark mark;
  std::string name, detail, time, tokens, cost, error;
  bool is_error;
};

std::string clean(std::string_view s) { return printable(s); }

std::string detail_of(const value& row) {
  std::string detail;
  const auto add = [&](const std::string& s) {
    if (!s.empty()) detail += (detail.empty() ? "" : " ") + s;
  };
  const std::string kind = text(row, "kind");
  if (kind == "turn") {
    if (const auto turn = number(row, "turn_number")) add(std::to_string(*turn));
  }
  if (kind == "llm" || kind == "embedding") add(text(row, "model"));
  if (kind == "tool" && text(row, "name").find(text(row, "tool")) == std::string::npos)
    add(text(row, "tool"));
  if (kind == "agent") add(text(row, "service"));
  if (flag(row, "parent_unknown")) add("(parent not received)");
  if (const auto hidden = number(row, "hidden"); hidden && *hidden > 0)
    add(fmt::format("(+{} folded)", *hidden));
  return detail;
}

std::vector<Line> lines_of(const boost::json::array& rows) {
  std::vector<Line> lines;
  const auto depth_at = [&](std::size_t i) { return number(rows[i], "depth").value_or(0); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const value& row = rows[i];
    const auto depth = depth_at(i);
    // A guide is drawn for each level that has a later sibling.
    std::string tree;
    for (std::int64_t level = 1; level <= depth; ++level) {
      bool more = false;
      for (std::size_t j = i + 1; j < rows.size() && depth_at(j) >= level; ++j) {
        if (depth_at(j) == level) {
          more = true;
          break;
        }
      }
      tree += level == depth ? (more ? "├─ " : "└─ ") : (more ? "│  " : "   ");
    }
    const bool error = text(row, "status") == "error";
    const std::string kind = text(row, "kind");
    Line line;
    line.tree = tree;
    line.mark = mark_of(kind, error);
    line.name = clean(text(row, "name"));
    line.detail = clean(detail_of(row));
    const auto duration = number(row, "duration_ns");
    line.time = duration && !flag(row, "end_before_start")
                    ? format_nanos(static_cast<std::uint64_t>(*duration))
                    : "—";
    // A call shows its own figures; what holds calls shows their sum.
    const auto* rollup = field(row, "rollup");
    const bool holder =
        (kind == "agent" || kind == "turn") && rollup && number(*rollup, "llm_calls").value_or(0) > 0;
    line.tokens = holder ? sum_text(*rollup) : tokens_text(row);
    line.cost = holder ? cost_text(field(*rollup, "cost"), true)
                       : cost_text(kind == "llm" || kind == "embedding" ? field(row, "cost") : nullptr,
                                   kind == "llm" || kind == "embedding");
    line.error = error ? clean(text(row, "error")) : "";
    line.is_error = error;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string counted(std::optional<std::int64_t> n, std::string_view one, std::string_view many) {
  if (!n) return fmt::format("— {}", many);
  return fmt::format("{} {}", *n, *n == 1 ? one : many);
}

}  // namespace

std::string render_trace(const value& header, const value& window, const Terminal& terminal) {
  const auto& rows = items(window, "rows");
  const auto lines = lines_of(rows);
  int widest = 20;
  for (const Line& line : lines) {
    widest = std::max(widest, display_width(line.tree) + 2 + display_width(line.name) +
                                  (line.detail.empty() ? 0 : 2 + display_width(line.detail)));
  }
  const int name_columns = std::clamp(widest, 20, std::max(30, terminal.columns() - 44));

  std::string out;
  if (const std::string question = text(header, "question"); !question.empty()) {
    out += terminal.styled(Style::bold, "“" + fit(clean(question), terminal.columns() - 4) + "”") + "\n";
  }
  const auto* tokens = field(header, "tokens");
  out += fmt::format(
      "trace {}  {}  {}  {} tokens in, {} out  {}  {}, {}, {}{}\n\n", text(header, "trace_id"),
      format_clock(number(header, "start_unix_nano").value_or(0)),
      format_nanos(static_cast<std::uint64_t>(number(header, "duration_ns").value_or(0))),
      tokens ? format_count(static_cast<std::uint64_t>(number(*tokens, "input").value_or(0))) : "—",
      tokens ? format_count(static_cast<std::uint64_t>(number(*tokens, "output").value_or(0))) : "—",
      cost_text(field(header, "cost"), true), counted(number(header, "turns"), "turn", "turns"),
      counted(number(header, "llm_calls"), "model call", "model calls"),
      counted(number(header, "tool_calls"), "tool call", "tool calls"),
      number(header, "errors").value_or(0) > 0
          ? terminal.styled(Style::red,
                            fmt::format(", {}", counted(number(header, "errors"), "error", "errors")))
          : "");

  bool reported = false;
  for (const Line& line : lines) {
    const int room = name_columns - display_width(line.tree) - 2;
    const std::string name = fit(line.name, std::max(8, room));
    std::string detail;
    if (!line.detail.empty() && room - display_width(name) > 4) {
      detail = "  " + fit(line.detail, room - display_width(name) - 2);
    }
    const int used = display_width(line.tree) + 2 + display_width(name) + display_width(detail);
    out += terminal.styled(Style::dim, line.tree) + terminal.styled(line.mark.style, line.mark.glyph) + " " +
           terminal.styled(line.is_error ? Style::red : Style::plain, name) +
           terminal.styled(Style::dim, detail) +
           std::string(static_cast<std::size_t>(std::max(0, name_columns - used)), ' ') +
           pad_left(line.time, 13) + pad_left(line.tokens, 18) + pad_left(line.cost, 11) + "\n";
    reported = reported || line.cost.ends_with('*');
    if (!line.error.empty()) {
      const std::string indent(static_cast<std::size_t>(display_width(line.tree) + 2), ' ');
      out += terminal.styled(Style::red,
                             indent + fit(line.error, terminal.columns() - static_cast<int>(indent.size()))) +
             "\n";
    }
  }
  const auto total = number(window, "total_rows").value_or(static_cast<std::int64_t>(rows.size()));
  if (total > static_cast<std::int64_t>(rows.size())) {
    out += terminal.styled(Style::dim,
                           fmt::format("… {} more rows; open the trace in the web UI to see all of them\n",
                                       total - static_cast<std::int64_t>(rows.size())));
  }
  for (const auto& finding : items(header, "findings")) {
    const std::string type = text(finding, "type");
    out += fmt::format("\n{} {}", terminal.styled(type == "wrong" ? Style::red : Style::yellow, pad(type, 6)),
                       clean(text(finding, "text")));
  }
  if (!items(header, "findings").empty()) out += "\n";
  if (reported)
    out +=
        terminal.styled(Style::dim, "* as the client reported it; there is no price for that model") + "\n";
  return out;
}

std::string render_trace_list(const value& list, const Terminal& terminal) {
  const auto& traces = items(list, "traces");
  if (traces.empty()) {
    return "no traces in this time range; widen it with --from now-7d, or send a first one: `turnscope agent "
           "\"why is the sky blue?\"`\n";
  }
  const int question_columns = std::max(20, terminal.columns() - 100);
  std::string out = terminal.styled(
      Style::dim,
      fmt::format("{}  {}  {}{}{}{}{}\n", pad("TRACE", 32), pad("STARTED", 19), pad("WHAT", question_columns),
                  pad_left("TIME", 13), pad_left("TOKENS", 10), pad_left("COST", 11), pad_left("ERRORS", 8)));
  for (const auto& trace : traces) {
    std::string what = text(trace, "question");
    if (what.empty()) {
      if (const auto* root = field(trace, "root")) what = text(*root, "name");
      if (what.empty()) what = "(root not received)";
    }
    const auto* tokens = field(trace, "tokens");
    const auto errors = number(trace, "errors").value_or(0);
    out += fmt::format(
        "{}  {}  {}{}{}{}{}\n", text(trace, "trace_id"),
        pad(format_clock(number(trace, "start_unix_nano").value_or(0)), 19),
        pad(clean(what), question_columns),
        pad_left(format_nanos(static_cast<std::uint64_t>(number(trace, "duration_ns").value_or(0))), 13),
        pad_left(tokens ? format_count(static_cast<std::uint64_t>(number(*tokens, "input").value_or(0) +
                                                                  number(*tokens, "output").value_or(0)))
                        : "—",
                 10),
        pad_left(cost_text(field(trace, "cost"), true), 11),
        errors > 0 ? terminal.styled(Style::red, pad_left(std::to_string(errors), 8)) : pad_left("–", 8));
  }
  if (field(list, "next_cursor"))
    out += terminal.styled(Style::dim, "there is more: raise --limit, or page with --cursor from --json\n");
  return out;
}

}  // namespace turnscope::cli
