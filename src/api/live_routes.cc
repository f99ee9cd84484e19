#include "api/handlers.h"
#include "query/language/ast.h"

namespace turnscope::api {

void add_live_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/live",
              [&context](const ApiRequest& r) -> query::QueryAnswer<Answer> {
                const std::string q(r.parameter("q"));
                // A search that cannot be read is an answer now, not a silence later.
                if (auto tree = query::parse_search(q); !tree)
                  return std::unexpected(query::QueryError(ErrorKind::invalid_argument, tree.error().message,
                                                           "q", tree.error().position));
                if (context.live->viewers() >= context.options.max_live_viewers)
                  return std::unexpected(query::QueryError(
                      ErrorKind::overloaded, "too many live viewers; close some, or try again"));
                net::HttpResponse head{200,
                                       {{"content-type", "text/event-stream"},
                                        {"cache-control", "no-store"},
                                        {"x-content-type-options", "nosniff"},
                                        {"x-accel-buffering", "no"}},
                                       {}};
                auto stream = r.responder->stream(std::move(head), 256u << 10);
                if (!context.live->add(stream, r.caller.project, q)) stream->close();
                return Answer::already_sent();
              },
              false});
}

}  // namespace turnscope::api
