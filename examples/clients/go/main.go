// A small agent in Go, traced with the official SDK, sent over OTLP/gRPC:
//
//	go run . --endpoint 127.0.0.1:4317 --base-url http://127.0.0.1:8080 "What is 6 * 7?"
//
// Spans: agent.run → agent.turn → gen_ai.completion (CLIENT) and tool.execute.calculate.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func run() error {
	endpoint := flag.String("endpoint", "127.0.0.1:4317", "HOST:PORT of the OTLP/gRPC receiver")
	baseURL := flag.String("base-url", "https://api.anthropic.com", "of the Messages API")
	dump := flag.String("dump-spans", "", "file for what was sent, one span a line")
	maxTurns := flag.Int("max-turns", 5, "turns at most")
	withOdd := flag.Bool("odd", false, "also send a trace of unusual values")
	flag.Parse()
	question := "What is 6 * 7?"
	if flag.NArg() > 0 {
		question = flag.Arg(0)
	}

	ctx := context.Background()
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(*endpoint), otlptracegrpc.WithInsecure())
	if err != nil {
		return err
	}
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "go-agent"),
			attribute.String("deployment.environment.name", "example"), attribute.Int("service.shards", 3))),
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(300*time.Millisecond)),
	}
	if *dump != "" {
		file, err := os.Create(*dump)
		if err != nil {
			return err
		}
		defer file.Close()
		options = append(options, sdktrace.WithSpanProcessor(&recorder{out: file}))
	}
	provider := sdktrace.NewTracerProvider(options...)
	tracer := provider.Tracer("agent-workshop", trace.WithInstrumentationVersion("0.1.0"),
		trace.WithInstrumentationAttributes(attribute.String("scope.kind", "example"), attribute.Int64("scope.level", 2)))

	agent := agent{tracer: tracer, baseURL: *baseURL, maxTurns: *maxTurns}
	answer, failure := agent.run(ctx, question)
	if failure == nil {
		fmt.Println(answer)
	}
	if *withOdd {
		odd(ctx, tracer)
	}
	if err := provider.Shutdown(ctx); err != nil {
		return err
	}
	return failure
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
