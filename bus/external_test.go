package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"riposte.dev/fault"
	"riposte.dev/test/loopback"
)

// external starts NATS servers that listen on loopback, a cluster when there are several, and returns their URLs.
func external(t *testing.T, n int, change func(*server.Options)) string {
	t.Helper()
	routes := make([]*url.URL, n)
	for i := range routes {
		routes[i] = &url.URL{Scheme: "nats", Host: loopback.Address().String()}
	}
	var urls []string
	var servers []*server.Server
	for i := range n {
		opts := &server.Options{
			ServerName: fmt.Sprintf("n%d", i), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 40, SyncAlways: true, MaxPayload: 2 << 20,
		}
		if n > 1 {
			host, port, err := net.SplitHostPort(routes[i].Host)
			if err != nil {
				t.Fatal(err)
			}
			opts.Cluster = server.ClusterOpts{Name: "test", Host: host}
			if _, err := fmt.Sscan(port, &opts.Cluster.Port); err != nil {
				t.Fatal(err)
			}
			opts.Routes = routes
		}
		if change != nil {
			change(opts)
		}
		srv, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
		servers = append(servers, srv)
	}
	for _, srv := range servers {
		if !srv.ReadyForConnections(10 * time.Second) {
			t.Fatal("the server does not start")
		}
		urls = append(urls, srv.ClientURL())
	}
	if n > 1 {
		eventually(t, "the cluster has a leader and all its members", func() bool {
			for _, srv := range servers {
				if srv.JetStreamIsLeader() && len(srv.JetStreamClusterPeers()) == n {
					return true
				}
			}
			return false
		})
	}
	return strings.Join(urls, ",")
}

func TestExternalServer(t *testing.T) {
	single := external(t, 1, nil)
	tests := []struct {
		name string
		opts Options
		want fault.Code
		text string
	}{
		{"one copy, not accepted", Options{URL: single}, fault.Invalid, "needs 3 replicas"},
		{"one copy, accepted", Options{URL: single, AllowSingleReplica: true}, "", ""},
		{"its streams have one copy", Options{URL: single}, fault.Invalid, "it has 1"},
		{"small messages only", Options{
			URL: external(t, 1, func(o *server.Options) { o.MaxPayload = 1 << 20 }), AllowSingleReplica: true,
		}, fault.Invalid, "takes messages of 1048576 bytes"},
		{"nobody there", Options{URL: "nats://me:secret@" + loopback.Address().String()}, fault.Unavailable, "connect to NATS at nats://127."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Open(within(t), tt.opts)
			if fault.CodeOf(err) != tt.want || err != nil && (!strings.Contains(err.Error(), tt.text) || fault.Hint(err) == "") {
				t.Errorf("got %v, want code %q and %q", err, tt.want, tt.text)
			}
			if strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the password is in the error: %v", err)
			}
			if b != nil {
				shut(t, b)
			}
		})
	}
}

func TestExternalServerAway(t *testing.T) {
	address := loopback.Address()
	options := server.Options{Host: address.Addr().String(), Port: int(address.Port()), NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 40, MaxPayload: 2 << 20}
	start := func() (stop func()) {
		o := options // the server changes them
		srv, err := server.NewServer(&o)
		if err != nil {
			t.Fatal(err)
		}
		srv.Start()
		if !srv.ReadyForConnections(10 * time.Second) {
			t.Fatal("the server does not start")
		}
		return sync.OnceFunc(func() { srv.Shutdown(); srv.WaitForShutdown() })
	}
	stop := start()
	defer func() { stop() }()
	b, err := Open(within(t), Options{URL: "nats://" + address.String(), AllowSingleReplica: true})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, b)
	stop()
	eventually(t, "the connection is lost", func() bool { return !b.nc.IsConnected() })
	for what, call := range map[string]func(context.Context) error{
		"Ready":      b.Ready,
		"Publish":    func(ctx context.Context) error { _, err := b.Publish(ctx, Events, event("k", "1")); return err },
		"Append":     func(ctx context.Context) error { _, err := b.Journal().Append(ctx, "run", 0, []byte("a")); return err },
		"DeadLetter": func(ctx context.Context) error { return b.DeadLetter(ctx, DeadLetter{Source: "s", Reason: "r"}) },
	} {
		// A timeout would mean that it may have been stored.
		if err := call(within(t)); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no connection to NATS") {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
	stop = start()
	eventually(t, "the connection is back", func() bool { return b.Ready(within(t)) == nil })
	if r, err := b.Publish(within(t), Events, event("k", "1")); err != nil || r[0].Duplicate {
		t.Errorf("what was refused is not taken later: %+v, %v", r, err)
	}
	if last, err := b.Journal().Append(within(t), "run", 0, []byte("a")); err != nil || last != 1 {
		t.Errorf("the refused append left something: %d, %v", last, err)
	}
	if letters := dead(t, b, "s"); len(letters) != 0 {
		t.Errorf("the refused letter was stored later: %+v", letters)
	}
}

// TestExternalCluster goes once over everything on three replicas.
func TestExternalCluster(t *testing.T) {
	b, err := Open(within(t), Options{URL: external(t, 3, nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, b)
	ctx := within(t)
	if err := b.Ready(ctx); err != nil {
		t.Error(err)
	}
	r, err := b.Publish(ctx, Events, event("k", "1"), event("k", "2"))
	if err != nil || r[0].Duplicate || !r[1].Duplicate {
		t.Errorf("publish: %+v, %v", r, err)
	}
	var seen log
	consume(t, b, ConsumerConfig{}, func(_ context.Context, batch Batch) error {
		seen.add(dataOf(batch))
		return nil
	})
	seen.waitFor(t, 1)

	j := b.Journal()
	last, err := j.Append(ctx, "run", 0, bytesOf("a", "b")...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(ctx, "run", 0, []byte("x")); !errors.Is(err, ErrConflict) {
		t.Errorf("second start: %v", err)
	}
	if _, err := j.Append(ctx, "run", last, []byte("c")); err != nil {
		t.Error(err)
	}
	var round []appendCall
	for _, id := range someIDs(20) {
		round = append(round, appendCall{id: id, frame: appendEvent(nil, event("", id))})
	}
	if _, err := j.writer.commitBatch(ctx, round); err != nil {
		t.Errorf("atomic batch: %v", err)
	}
	if _, err := j.writer.commitBatch(ctx, round); !isWrongLast(err) {
		t.Errorf("the same batch again: %v", err)
	}
	if got := records(load(t, b, "run")); len(got) != 3 {
		t.Errorf("run: %q", got)
	}

	enqueue(t, b, "q", "i", "i")
	if got := workOne(t, b, "q"); got.ID != "i" {
		t.Errorf("work: %+v", got)
	}
	schedule(t, b, "t", time.Now(), "x")
	if got := timerOne(t, b); got.ID != "t" {
		t.Errorf("timer: %+v", got)
	}
	if err := b.DeadLetter(ctx, DeadLetter{Source: "s", Reason: "r"}); err != nil || len(dead(t, b, "s")) != 1 {
		t.Errorf("dead letter: %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12": true, "2.15.2-beta": true, "3.0.0": true, "2.11.9": false, "1.99.0": false, "": false, "dev": false,
	} {
		if got := atLeast(version, 2, 12); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

func TestRedact(t *testing.T) {
	got := redact("nats://me:s@cret@a:1,tls://token@b:2,c:3")
	if want := "nats://a:1,tls://b:2,nats://c:3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
