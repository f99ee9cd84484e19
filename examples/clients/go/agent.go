package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"io"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const model = "claude-haiku-4-5"

type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	IsError   bool            `json:"is_error,omitempty"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

type reply struct {
	ID         string  `json:"id"`
	Model      string  `json:"model"`
	StopReason string  `json:"stop_reason"`
	Content    []block `json:"content"`
	Usage      struct {
		Input  int64 `json:"input_tokens"`
		Output int64 `json:"output_tokens"`
	} `json:"usage"`
	Error struct{ Type, Message string } `json:"error"`
}

func (r reply) text() (all string) {
	for _, b := range r.Content {
		all += b.Text
	}
	return all
}

type agent struct {
	tracer   trace.Tracer
	baseURL  string
	maxTurns int
}

func fail(span trace.Span, err error) error {
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
	return err
}

func cut(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit])
	}
	return text
}

func (a agent) run(ctx context.Context, question string) (string, error) {
	ctx, span := a.tracer.Start(ctx, "agent.run", trace.WithAttributes(
		attribute.String("agent.user_message", cut(question, 500)), attribute.Int("agent.max_turns", a.maxTurns),
		attribute.String("session.id", "go-session-1")))
	defer span.End()
	history := []message{{Role: "user", Content: []block{{Type: "text", Text: question}}}}
	answer, turns, done := "", 0, false
	for !done && turns < a.maxTurns {
		turns++
		var err error
		if answer, done, err = a.turn(ctx, turns, &history); err != nil {
			return "", fail(span, err)
		}
	}
	span.SetAttributes(attribute.Int("agent.turns_used", turns), attribute.Bool("agent.hit_max_turns", !done),
		attribute.Int("agent.final_answer_length", len([]rune(answer))))
	return answer, nil
}

func (a agent) turn(ctx context.Context, number int, history *[]message) (string, bool, error) {
	ctx, span := a.tracer.Start(ctx, "agent.turn", trace.WithAttributes(attribute.Int("agent.turn_number", number)))
	defer span.End()
	answer, err := a.completion(ctx, *history)
	if err != nil {
		return "", false, fail(span, err)
	}
	*history = append(*history, message{Role: "assistant", Content: answer.Content})
	var results []block
	for _, b := range answer.Content {
		if b.Type == "tool_use" {
			results = append(results, a.tool(ctx, b))
		}
	}
	if len(results) == 0 {
		return answer.text(), true, nil
	}
	*history = append(*history, message{Role: "user", Content: results})
	return "", false, nil
}

func (a agent) completion(ctx context.Context, history []message) (answer reply, err error) {
	ctx, span := a.tracer.Start(ctx, "gen_ai.completion", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.provider.name", "anthropic"), attribute.String("gen_ai.system", "anthropic"),
		attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.request.model", model),
		attribute.Int("gen_ai.request.max_tokens", 1024), attribute.Int("gen_ai.request.messages.count", len(history))))
	defer span.End()
	body, _ := json.Marshal(map[string]any{"model": model, "max_tokens": 1024, "messages": history, "tools": []map[string]any{{
		"name": "calculate", "description": "Evaluates an arithmetic expression.",
		"input_schema": map[string]any{"type": "object", "properties": map[string]any{"expression": map[string]string{"type": "string"}}}}}})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.baseURL+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return answer, fail(span, err)
	}
	key := os.Getenv("ANTHROPIC_API_KEY")
	if key == "" {
		key = "scripted"
	}
	request.Header.Set("content-type", "application/json")
	request.Header.Set("anthropic-version", "2023-06-01")
	request.Header.Set("x-api-key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer, fail(span, err)
	}
	defer response.Body.Close()
	if err = json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(&answer); err != nil {
		return answer, fail(span, err)
	}
	if response.StatusCode != http.StatusOK {
		span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode), attribute.String("error.type", answer.Error.Type))
		return answer, fail(span, fmt.Errorf("%s: %s", answer.Error.Type, answer.Error.Message))
	}
	span.AddEvent("gen_ai.assistant.message", trace.WithAttributes(attribute.String("role", "assistant"),
		attribute.String("content", answer.text()), attribute.String("finish_reason", answer.StopReason)))
	span.SetAttributes(attribute.String("gen_ai.response.id", answer.ID), attribute.String("gen_ai.response.model", answer.Model),
		attribute.StringSlice("gen_ai.response.finish_reasons", []string{answer.StopReason}),
		attribute.Int64("gen_ai.usage.input_tokens", answer.Usage.Input), attribute.Int64("gen_ai.usage.output_tokens", answer.Usage.Output),
		attribute.Float64("llm.cost.usd", float64(answer.Usage.Input+5*answer.Usage.Output)/1e6))
	return answer, nil
}

func (a agent) tool(ctx context.Context, use block) block {
	_, span := a.tracer.Start(ctx, "tool.execute."+use.Name, trace.WithAttributes(attribute.String("tool.name", use.Name),
		attribute.String("tool.arguments", cut(string(use.Input), 1000)), attribute.String("gen_ai.tool.call.id", use.ID)))
	defer span.End()
	result, err := execute(use.Name, use.Input)
	if err != nil {
		fail(span, err)
		return block{Type: "tool_result", ToolUseID: use.ID, Content: err.Error(), IsError: true}
	}
	span.SetAttributes(attribute.Int("tool.result_length", len(result)))
	return block{Type: "tool_result", ToolUseID: use.ID, Content: result}
}

// execute knows one tool: Go's own constant arithmetic, exact and without side effects.
func execute(name string, input json.RawMessage) (string, error) {
	var arguments struct {
		Expression string `json:"expression"`
	}
	if err := json.Unmarshal(input, &arguments); err != nil {
		return "", err
	}
	if name != "calculate" || len(arguments.Expression) > 200 {
		return "", fmt.Errorf("there is no tool %q for these arguments", name)
	}
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, arguments.Expression)
	if err != nil {
		return "", err
	}
	if value.Value == nil || (value.Value.Kind() != constant.Int && value.Value.Kind() != constant.Float) {
		return "", fmt.Errorf("%q is not a number", arguments.Expression)
	}
	return fmt.Sprintf(`{"expression":%q,"value":%s}`, arguments.Expression, value.Value.String()), nil
}
