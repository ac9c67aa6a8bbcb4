package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"riposte.dev/fault"
)

// startTimeout bounds how long the embedded server may take to recover its files, or an external one to answer.
const startTimeout = 30 * time.Second

// startServer runs a NATS server in this process: JetStream on files in opts.Dir, every write synced before it is
// acknowledged, no listener, no signal handlers. stop waits until the server has closed its files.
func startServer(ctx context.Context, opts Options) (srv *server.Server, stop func(context.Context) error, err error) {
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, nil, fault.New(fault.Invalid, "bus: data directory: %w", err).
			WithHint("choose a directory that this user can write to")
	}
	unlock, err := lockDir(opts.Dir)
	if err != nil {
		return nil, nil, err
	}
	srv, err = server.NewServer(&server.Options{
		ServerName: "riposte",
		DontListen: true,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   opts.Dir,
		SyncAlways: true,
		MaxPayload: MaxEvent + overhead,
		// The streams have their own bounds and the disk has its reserve. The server's default, three quarters of what
		// is free at start, would refuse streams on a disk that is merely small.
		JetStreamMaxStore:      math.MaxInt64 / 2,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("bus: embedded server: %w", err), unlock())
	}
	srv.SetLogger(serverLog{opts.Logger}, false, false)
	stop = func(ctx context.Context) error {
		stopped := make(chan error, 1)
		go func() {
			srv.Shutdown()
			srv.WaitForShutdown()
			stopped <- unlock() // also when nobody waits any more: the directory is free only now
		}()
		select {
		case err := <-stopped:
			return err
		case <-ctx.Done():
			return fault.New(fault.Timeout, "bus: the embedded server did not stop in time: %w", ctx.Err())
		}
	}
	srv.Start()
	if !srv.ReadyForConnections(startTimeout) || !srv.JetStreamEnabled() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
		defer cancel()
		err := fault.New(fault.Unavailable, "bus: the embedded server did not start on %s", opts.Dir).
			WithHint("look at the log lines before this one; the disk may be full or the files damaged")
		return nil, nil, errors.Join(err, stop(ctx))
	}
	return srv, stop, nil
}

// waiting bounds the messages that a reader has asked for and not yet taken. The client makes room for all of them at once, for
// each reader; its own default of half a million costs 4 MB.
const waiting = 1024

// connect opens the client side: in memory to srv, or to opts.URL where srv is nil.
func connect(opts Options, srv *server.Server) (*nats.Conn, error) {
	if srv != nil {
		nc, err := nats.Connect("", nats.InProcessServer(srv), nats.Name("riposte"), nats.SyncQueueLen(waiting))
		if err != nil {
			return nil, fmt.Errorf("bus: connect to the embedded server: %w", err)
		}
		return nc, nil
	}
	for u := range strings.SplitSeq(opts.URL, ",") {
		if _, err := url.Parse(strings.TrimSpace(u)); err != nil { // the error would repeat the password
			return nil, fault.New(fault.Invalid, "bus: the address of NATS is not a URL").
				WithHint("write nats://host:4222 or tls://host:4222, several separated by commas")
		}
	}
	options := append([]nats.Option{nats.Name("riposte"), nats.MaxReconnects(-1), nats.SyncQueueLen(waiting)}, opts.NATS...)
	nc, err := nats.Connect(opts.URL, options...)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "bus: connect to NATS at %s: %w", redact(opts.URL), err).
			WithHint("check the address, the credentials and that the server runs")
	}
	if v := nc.ConnectedServerVersion(); !atLeast(v, 2, 12) {
		nc.Close()
		return nil, fault.New(fault.Invalid, "bus: NATS at %s is version %s", redact(opts.URL), v).
			WithHint("2.12 or later is needed, for atomic batches and scheduled messages")
	}
	if nc.MaxPayload() < MaxEvent+overhead {
		nc.Close()
		return nil, fault.New(fault.Invalid, "bus: NATS at %s takes messages of %d bytes, %d are needed",
			redact(opts.URL), nc.MaxPayload(), MaxEvent+overhead).WithHint("set max_payload: 2MB in the configuration of NATS")
	}
	return nc, nil
}

// redact drops the credentials of each of the comma-separated URLs.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, u := range parts {
		scheme, rest, ok := strings.Cut(u, "://")
		if !ok {
			scheme, rest = "nats", u
		}
		parts[i] = scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
	}
	return strings.Join(parts, ",")
}

// atLeast compares the first two numbers of a version such as "2.12.1-beta".
func atLeast(version string, major, minor int) bool {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}

// serverLog hands the server's log to slog. Notices are its start-up chatter, hence Debug.
type serverLog struct{ log *slog.Logger }

var _ server.Logger = serverLog{}

func (l serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l serverLog) Fatalf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l serverLog) Debugf(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }
func (l serverLog) Tracef(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }

func (l serverLog) write(level slog.Level, format string, v []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "nats: "+strings.TrimSpace(fmt.Sprintf(format, v...)))
	}
}
