// An S3 server that checks signatures, with one bucket in memory: prints its address, serves until it is killed.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

func main() {
	backend := s3mem.New()
	if err := backend.CreateBucket(context.Background(), "traces"); err != nil {
		panic(err)
	}
	server := gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{os.Args[1]: os.Args[2]}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, server.Server()))
}
