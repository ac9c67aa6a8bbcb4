package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/test/stage"
)

const publishing = 2 * time.Second

// publish measures how many events a second the bus's server alone puts on this disk, where each is synced before the next.
func publish(ctx context.Context, folder string) (rate float64, err error) {
	dir, err := os.MkdirTemp(folder, "reference-")
	if err != nil {
		return 0, err
	}
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: dir, SyncAlways: true, DisableJetStreamBanner: true})
	if err != nil {
		return 0, err
	}
	srv.Start()
	defer func() {
		srv.Shutdown()
		srv.WaitForShutdown()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if !srv.ReadyForConnections(10 * time.Second) {
		return 0, errors.New("the reference server does not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "REFERENCE", Subjects: []string{"reference"}}); err != nil {
		return 0, err
	}
	n, began := 0, time.Now()
	for ; time.Since(began) < publishing; n++ {
		if _, err := js.Publish(ctx, "reference", stage.Background(n, began)); err != nil {
			return 0, fmt.Errorf("publishing: %w", err)
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}
