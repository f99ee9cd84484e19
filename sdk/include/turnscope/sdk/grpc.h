// OTLP over gRPC: link turnscope::sdk_grpc and call use_grpc() before the first provider is made; then
// OTEL_EXPORTER_OTLP_PROTOCOL=grpc (or Config::traces.protocol) selects it. Default endpoint: localhost:4317.
#pragma once

namespace turnscope::sdk {

void use_grpc();

}  // namespace turnscope::sdk
