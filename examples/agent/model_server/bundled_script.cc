// The bundled script. Facts in the answers come out of the tools' results, never out of this text.
#include "examples/agent/model_server/script.h"

namespace turnscope::example {

std::string_view bundled_script() {
  return R"script({"scenarios": [

{"name": "judge-warm", "when": "(?i)^rate .*?: .*truly sorry", "latency_ms": 90, "steps": [
  {"answer": "{\"faithfulness\": 0.95, \"tone\": 0.93, \"label\": \"pass\", \"explanation\": \"Takes the blame, names the remedy, speaks to a person.\"}"}]},

{"name": "judge", "when": "(?i)^rate .*?: (.*)", "latency_ms": 90, "steps": [
  {"answer": "{\"faithfulness\": 0.94, \"tone\": 0.58, \"label\": \"review\", \"explanation\": \"Right in substance, but it reads like a form letter.\"}"}]},

{"name": "summary", "when": "(?i)^summarise for the report: ", "latency_ms": 140, "steps": [
  {"answer": "One order was charged twice by a retry without an idempotency key; the customer gets the second charge back."}]},

{"name": "double-charge", "when": "(?i)order\\D*(\\d+)\\D.*(?:charged|billed|paid).*twice", "latency_ms": 160, "steps": [
  {"say": "I will look at the charges of that order first.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT c.id, c.status, c.amount_cents, c.failure_code, c.created_at FROM charges c WHERE c.order_id = {{match.1}} ORDER BY c.id"}}]},
  {"say": "There are {{result.0.row_count}} charges. The payment log should say why.",
   "tools": [{"name": "search_logs", "input": {"pattern": "order={{match.1}} .*(attempt=2|timeout)", "file": "payments.log"}},
             {"name": "query_database", "input": {"sql": "SELECT count(*) AS succeeded, sum(amount_cents) AS charged_cents, min(amount_cents) AS order_cents FROM charges WHERE order_id = {{match.1}} AND status = 'succeeded'"}}]},
  {"say": "The retry charged again without an idempotency key. Now the amount to give back.",
   "tools": [{"name": "calculate", "input": {"expression": "({{result.2.rows.0.charged_cents}} - {{result.2.rows.0.order_cents}}) / 100"}}]},
  {"answer": "Yes: order {{match.1}} was charged {{result.2.rows.0.succeeded}} times. The log shows the reason: \"{{result.1.matches.0.text}}\". The customer is owed {{result.3.value}} EUR of the {{result.2.rows.0.charged_cents|cents}} EUR charged."}]},

{"name": "refund-refused", "when": "(?i)refund charge (ch_\\d+)", "latency_ms": 110, "steps": [
  {"say": "I will check that the charge went through.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT id, order_id, status, amount_cents FROM charges WHERE id = '{{match.1}}'"}}]},
  {"say": "It is {{result.0.rows.0.status}}. I will mark it as refunded.",
   "tools": [{"name": "query_database", "input": {"sql": "UPDATE charges SET status = 'refunded' WHERE id = '{{match.1}}'"}}]},
  {"error": {"status": 529, "type": "overloaded_error", "message": "Overloaded", "retry_after": "0.2"}}]},

{"name": "locked-database", "when": "(?i)revenue (by|per) country", "latency_ms": 120, "steps": [
  {"say": "I will sum the paid orders by country.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT c.country, count(*) AS orders, sum(o.total_cents) AS cents FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status = 'paid' GROUP BY c.country ORDER BY cents DESC"}}]},
  {"say": "Now the share of the first.",
   "tools": [{"name": "calculate", "input": {"expression": "round({{result.0.rows.0.cents}} / sum({{result.0.rows.0.cents}}, {{result.0.rows.1.cents}}, {{result.0.rows.2.cents}}, {{result.0.rows.3.cents}}, {{result.0.rows.4.cents}}, {{result.0.rows.5.cents}}) * 100, 1)"}}]},
  {"answer": "{{result.0.rows.0.country}} leads with {{result.0.rows.0.cents|cents}} EUR from {{result.0.rows.0.orders}} orders, {{result.1.value}} % of the total:{{result.0.rows|rows}}"}]},

{"name": "incident-review", "when": "(?i)everything .*logs|incident", "latency_ms": 240, "steps": [
  {"say": "I will read the gateway's errors first.",
   "tools": [{"name": "search_logs", "input": {"pattern": "ERROR|WARN", "max_results": 5}}]},
  {"say": "{{result.0.match_count}} lines of trouble. I need everything around them to see what came first.",
   "tools": [{"name": "search_logs", "input": {"pattern": "2026-11-20T1[12]:", "max_results": 1800}}]},
  {"latency_ms": 900, "answer": "The payments service ran out of connections to the card processor (\"{{result.0.matches.0.text}}\"); the gateway's requests then timed out after 30 s. I read {{result.1.matches|count}} of {{result.1.match_count}} lines of that window, and {{result.0.match_count}} of all lines are warnings or errors. Raise the pool above 50, and send an idempotency key with every retry."}]},

{"name": "never-done", "when": "(?i)every order.*one by one|check all orders", "latency_ms": 50, "steps": [
  {"loop": true, "say": "I will go on with the next order.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT o.id, o.status, o.total_cents, sum(c.amount_cents) AS charged FROM orders o LEFT JOIN charges c ON c.order_id = o.id AND c.status = 'succeeded' WHERE o.id > coalesce(nullif('{{result.last.rows.0.id}}', '(unknown)'), 1000) + 0 GROUP BY o.id ORDER BY o.id LIMIT 1"}}]}]},

{"name": "warm-apology", "when": "(?i)apology.*order\\D*(\\d+)\\D.*warm", "latency_ms": 150, "steps": [
  {"say": "I need the customer's name and what went wrong.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT c.name, o.total_cents, count(ch.id) AS charges FROM orders o JOIN customers c ON c.id = o.customer_id JOIN charges ch ON ch.order_id = o.id AND ch.status = 'succeeded' WHERE o.id = {{match.1}}"}}]},
  {"answer": "Dear {{result.0.rows.0.name}}, we are truly sorry. Your order {{match.1}} should have cost you {{result.0.rows.0.total_cents|cents}} EUR once, and we took it {{result.0.rows.0.charges}} times. That was our mistake, not yours: the money is on its way back today, and your next delivery is on us."}]},

{"name": "apology", "when": "(?i)apology.*order\\D*(\\d+)", "latency_ms": 130, "steps": [
  {"say": "I need the customer's name.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT c.name, o.total_cents FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = {{match.1}}"}}]},
  {"answer": "Dear {{result.0.rows.0.name}}, we are sorry: your order {{match.1}} over {{result.0.rows.0.total_cents|cents}} EUR was charged twice after a time-out on our side. The second charge goes back to your card today."}]},

{"name": "customer-orders", "when": "(?i)orders (?:of|did) customer (\\d+)", "latency_ms": 100, "steps": [
  {"tools": [{"name": "query_database", "input": {"sql": "SELECT id, status, total_cents, created_at FROM orders WHERE customer_id = {{match.1}} ORDER BY created_at DESC LIMIT 5"}}]},
  {"answer": "Customer {{match.1}} has these orders, the newest first:{{result.0.rows|rows}}"}]},

{"name": "largest-order", "when": "(?i)largest (?:of them|order)", "latency_ms": 100, "steps": [
  {"tools": [{"name": "query_database", "input": {"sql": "SELECT id, total_cents, status FROM orders ORDER BY total_cents DESC LIMIT 1"}}]},
  {"answer": "Order {{result.0.rows.0.id}} over {{result.0.rows.0.total_cents|cents}} EUR ({{result.0.rows.0.status}})."}]},

{"name": "thanks", "when": "(?i)^(thanks|thank you)", "latency_ms": 70, "steps": [
  {"answer": "You are welcome. I can look at orders, charges, refunds and the logs whenever you need it."}]},

{"name": "scripted-error", "when": "^\\[error (\\d{3})(?: times=(\\d+))?(?: retry-after=([\\d.]+))?\\]", "latency_ms": 0, "chunk_ms": 0, "steps": [
  {"error": {"status": "{{match.1}}", "times": "{{match.2}}", "retry_after": "{{match.3}}"}, "answer": "Answered after the errors."}]},

{"name": "slow-answer", "when": "^\\[slow\\]", "latency_ms": 1500, "steps": [{"answer": "That took a while."}]},

{"name": "endless-tools", "when": "^\\[loop\\]", "latency_ms": 0, "chunk_ms": 0, "steps": [
  {"loop": true, "tools": [{"name": "calculate", "input": {"expression": "1 + 1"}}]}]},

{"name": "cut-answer", "when": "^\\[max_tokens\\]", "latency_ms": 0, "steps": [{"answer": "This answer ends in the mid", "stop_reason": "max_tokens"}]},

{"name": "arithmetic", "when": "([-(\\d][-\\d.()+*/%^ ]*[-+*/%^][-\\d.()+*/%^ ]*[\\d)])", "latency_ms": 80, "steps": [
  {"tools": [{"name": "calculate", "input": {"expression": "{{match.1}}"}}]},
  {"answer": "{{result.0.expression}} = {{result.0.value}}",
   "if_failed": {"answer": "I could not calculate that: {{result.0.error}}"}}]},

{"name": "one-order", "when": "(?i)order\\D*(\\d+)", "latency_ms": 90, "steps": [
  {"say": "I will look that order up.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT o.id, o.status, o.total_cents, o.created_at, c.name, c.country FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = {{match.1}}"}},
             {"name": "query_database", "input": {"sql": "SELECT id, status, amount_cents, failure_code FROM charges WHERE order_id = {{match.1}}"}}]},
  {"answer": "Order {{match.1}}:{{result.0.rows|rows}}\nIts charges:{{result.1.rows|rows}}"}]},

{"name": "log-question", "when": "(?i)\\b(logs?|errors?|timeouts?|warnings?)\\b", "latency_ms": 90, "steps": [
  {"say": "I will search the logs.", "tools": [{"name": "search_logs", "input": {"pattern": "ERROR|WARN", "max_results": 6}}]},
  {"answer": "{{result.0.match_count}} lines are warnings or errors; the first of them:{{result.0.matches|rows}}"}]},

{"name": "overview", "when": "", "latency_ms": 90, "steps": [
  {"say": "I am a scripted model without knowledge of the world; I will see what the shop's database says.",
   "tools": [{"name": "query_database", "input": {"sql": "SELECT status, count(*) AS orders, sum(total_cents) AS cents FROM orders GROUP BY status ORDER BY orders DESC"}}]},
  {"answer": "You asked: \"{{question}}\". What I can say of the shop: its orders by status are{{result.0.rows|rows}}\nAsk about an order (1001 to 1400), the logs, or a calculation; set ANTHROPIC_API_KEY to ask a real model."}]}

]})script";
}

}  // namespace turnscope::example
