// SIGTERM and SIGINT as something to wait for: blocked in every thread, read by one.
#pragma once

namespace turnscope::server {

/// Call before any thread starts; later threads inherit the mask. Also ignores SIGPIPE.
void block_stop_signals();

/// Blocks until SIGTERM or SIGINT arrives; from then on a second one ends the process at once (nothing
/// acknowledged is lost by that: the log is durable).
int wait_for_stop_signal();

}  // namespace turnscope::server
