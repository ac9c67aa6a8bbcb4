package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// publishing is how long the bare server publishes, and published how many bytes at a time: a journal append's.
const (
	publishing = 2 * time.Second
	published  = 500
)

// bare is what the bus's server alone does.
type bare struct {
	rate float64 // a second
	p50  time.Duration
}

// publish measures the bus's server alone on this disk, where each message is synced before the next.
func publish(ctx context.Context, folder string) (b bare, err error) {
	dir, err := os.MkdirTemp(folder, "reference-")
	if err != nil {
		return b, err
	}
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: dir, SyncAlways: true, DisableJetStreamBanner: true})
	if err != nil {
		return b, err
	}
	srv.Start()
	defer func() {
		srv.Shutdown()
		srv.WaitForShutdown()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if !srv.ReadyForConnections(10 * time.Second) {
		return b, errors.New("the reference server does not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		return b, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return b, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "REFERENCE", Subjects: []string{"reference.*"}}); err != nil {
		return b, err
	}
	data := make([]byte, published)
	var took []time.Duration
	began := time.Now()
	for time.Since(began) < publishing {
		one := time.Now()
		if _, err := js.Publish(ctx, fmt.Sprint("reference.", len(took)), data); err != nil {
			return b, fmt.Errorf("publishing: %w", err)
		}
		took = append(took, time.Since(one))
	}
	b.rate = float64(len(took)) / time.Since(began).Seconds()
	slices.Sort(took)
	b.p50 = took[len(took)/2]
	return b, nil
}
