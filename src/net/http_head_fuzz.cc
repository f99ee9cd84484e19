// Any bytes as a request: the head parser and the chunk decoder end without a crash, and the chunk decoder
// gives the same answer however the bytes are cut. Corpus: tests/fuzz/http_head.
#include <cstdlib>

#include "net/chunked.h"
#include "net/http_head.h"

using namespace turnscope::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  std::size_t from = 0;
  const auto end = find_head_end(input, from);
  if (!end || !*end) return 0;
  const auto head = parse_head(std::string_view(input).substr(0, **end));
  if (!head) return 0;
  if (head->request.path.empty() || head->request.path.front() != '/') std::abort();
  if (head->request.path.find('\0') != std::string::npos) std::abort();
  (void)parse_query(head->request.query);
  const std::string_view rest = std::string_view(input).substr(**end);
  ChunkDecoder whole(1u << 16), cut(1u << 16);
  std::string body, pieces;
  std::string_view in = rest;
  const auto one = whole.feed(in, body);
  auto many = ChunkDecoder::State::more;
  for (std::size_t i = 0; i < rest.size() && many == ChunkDecoder::State::more; ++i) {
    std::string_view byte = rest.substr(i, 1);
    many = cut.feed(byte, pieces);
  }
  if (one != many || body != pieces || body.size() > (1u << 16)) std::abort();
  return 0;
}
