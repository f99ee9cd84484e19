#include "otlp_reader.h"

#include <bit>
#include <boost/locale/encoding_utf.hpp>
#include <protozero/pbf_reader.hpp>
#include <sstream>
#include <stdexcept>

namespace turnscope::sdk::test {
namespace {

using protozero::pbf_reader;

std::string utf8(pbf_reader& r) {
  std::string s = r.get_string();
  boost::locale::conv::utf_to_utf<char32_t>(s, boost::locale::conv::stop);  // throws
  return s;
}

std::string hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    out += {digits[c >> 4], digits[c & 15]};
  }
  return out;
}

std::string any(pbf_reader r) {
  std::string out = "none";
  while (r.next()) switch (r.tag()) {
      case 1:
        out = "s:" + utf8(r);
        break;
      case 2:
        out = r.get_bool() ? "b:true" : "b:false";
        break;
      case 3:
        out = "i:" + std::to_string(r.get_int64());
        break;
      case 4: {
        std::ostringstream s;
        s << "d:" << r.get_double();
        out = s.str();
        break;
      }
      case 5: {
        out = "[";
        for (pbf_reader a = r.get_message(); a.next(1);)
          out += (out.size() > 1 ? "," : "") + any(a.get_message());
        out += "]";
        break;
      }
      default:
        throw std::runtime_error("unexpected AnyValue field");
    }
  return out;
}

std::string attribute(pbf_reader r, AttributeMap& into) {
  std::string key, value;
  while (r.next()) {
    if (r.tag() == 1)
      key = utf8(r);
    else
      value = any(r.get_message());
  }
  into[key] = value;
  return key;
}

SpanSeen span(pbf_reader r) {
  SpanSeen s;
  while (r.next()) switch (r.tag()) {
      case 1:
        s.trace_id = hex(r.get_bytes());
        break;
      case 2:
        s.span_id = hex(r.get_bytes());
        break;
      case 3:
        s.trace_state = utf8(r);
        break;
      case 4:
        s.parent_id = hex(r.get_bytes());
        break;
      case 5:
        s.name = utf8(r);
        break;
      case 6:
        s.kind = r.get_enum();
        break;
      case 7:
        s.start = r.get_fixed64();
        break;
      case 8:
        s.end = r.get_fixed64();
        break;
      case 9:
        s.keys.push_back(attribute(r.get_message(), s.attributes));
        break;
      case 10:
        s.dropped_attributes = r.get_uint32();
        break;
      case 11: {
        EventSeen e;
        for (pbf_reader m = r.get_message(); m.next();) switch (m.tag()) {
            case 1:
              e.time = m.get_fixed64();
              break;
            case 2:
              e.name = utf8(m);
              break;
            case 3:
              attribute(m.get_message(), e.attributes);
              break;
            case 4:
              e.dropped = m.get_uint32();
              break;
            default:
              throw std::runtime_error("unexpected Event field");
          }
        s.events.push_back(e);
        break;
      }
      case 12:
        s.dropped_events = r.get_uint32();
        break;
      case 13: {
        LinkSeen l;
        for (pbf_reader m = r.get_message(); m.next();) switch (m.tag()) {
            case 1:
              l.trace_id = hex(m.get_bytes());
              break;
            case 2:
              l.span_id = hex(m.get_bytes());
              break;
            case 3:
              l.trace_state = utf8(m);
              break;
            case 4:
              attribute(m.get_message(), l.attributes);
              break;
            case 5:
              l.dropped = m.get_uint32();
              break;
            case 6:
              l.flags = m.get_fixed32();
              break;
            default:
              throw std::runtime_error("unexpected Link field");
          }
        s.links.push_back(l);
        break;
      }
      case 14:
        s.dropped_links = r.get_uint32();
        break;
      case 15:
        for (pbf_reader m = r.get_message(); m.next();) {
          if (m.tag() == 2)
            s.status_message = utf8(m);
          else
            s.status = m.get_enum();
        }
        break;
      case 16:
        s.flags = r.get_fixed32();
        break;
      default:
        throw std::runtime_error("unexpected Span field");
    }
  return s;
}

PointSeen point(pbf_reader r, bool histogram) {
  PointSeen p;
  while (r.next()) switch (r.tag()) {
      case 2:
        p.start = r.get_fixed64();
        break;
      case 3:
        p.time = r.get_fixed64();
        break;
      case 4:
        if (histogram)
          p.count = r.get_fixed64();
        else
          p.sum = r.get_double();
        break;
      case 5:
        p.sum = r.get_double();
        break;
      case 6:
        if (histogram) {
          for (const auto n : r.get_packed_fixed64()) p.buckets.push_back(n);
        } else {
          p.sum = static_cast<double>(r.get_sfixed64());
          p.integer = true;
        }
        break;
      case 7:
        if (histogram)
          for (const auto n : r.get_packed_double()) p.bounds.push_back(n);
        else
          attribute(r.get_message(), p.attributes);
        break;
      case 9:
        attribute(r.get_message(), p.attributes);
        break;
      case 11:
        p.min = r.get_double();
        break;
      case 12:
        p.max = r.get_double();
        break;
      default:
        throw std::runtime_error("unexpected data point field");
    }
  return p;
}

MetricSeen metric(pbf_reader r) {
  MetricSeen m;
  while (r.next()) switch (r.tag()) {
      case 1:
        m.name = utf8(r);
        break;
      case 2:
        m.description = utf8(r);
        break;
      case 3:
        m.unit = utf8(r);
        break;
      case 7:
      case 9: {
        m.histogram = r.tag() == 9;
        for (pbf_reader d = r.get_message(); d.next();) switch (d.tag()) {
            case 1:
              m.points.push_back(point(d.get_message(), m.histogram));
              break;
            case 2:
              m.temporality = d.get_enum();
              break;
            case 3:
              m.monotonic = d.get_bool();
              break;
            default:
              throw std::runtime_error("unexpected metric data field");
          }
        break;
      }
      default:
        throw std::runtime_error("unexpected Metric field");
    }
  return m;
}

RequestSeen read(std::string_view request, bool traces) {
  RequestSeen out;
  pbf_reader root(request.data(), request.size());
  while (root.next(1)) {
    pbf_reader resource = root.get_message();
    while (resource.next()) {
      if (resource.tag() == 1) {
        for (pbf_reader r = resource.get_message(); r.next(1);) attribute(r.get_message(), out.resource);
        continue;
      }
      if (resource.tag() != 2) throw std::runtime_error("unexpected ResourceSpans field");
      std::string scope, version;
      for (pbf_reader s = resource.get_message(); s.next();) {
        if (s.tag() == 1) {
          for (pbf_reader n = s.get_message(); n.next();) {
            std::string& into = n.tag() == 1 ? scope : version;
            into = utf8(n);
          }
        } else if (traces) {
          out.spans.push_back(span(s.get_message()));
          out.spans.back().scope = scope;
          out.spans.back().scope_version = version;
        } else {
          out.metrics.push_back(metric(s.get_message()));
          out.metrics.back().scope = scope;
        }
      }
    }
  }
  return out;
}

}  // namespace

RequestSeen read_traces(std::string_view request) { return read(request, true); }
RequestSeen read_metrics(std::string_view request) { return read(request, false); }

}  // namespace turnscope::sdk::test
